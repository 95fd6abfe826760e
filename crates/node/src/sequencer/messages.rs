//! Which queue messages the next block takes.

use crate::inbox::Inbox;

/// When and how many messages a block takes.
#[derive(Clone, Copy, Debug)]
pub struct MessageLimits {
    /// Parent blocks on top of a message's before it is taken: what a reorganisation of the
    /// parent must not undo.
    pub confirmations: u64,
    /// Messages per block.
    pub per_block: u64,
    /// The Inbox's force-inclusion delay, in seconds. Messages that are half as old are taken
    /// without further confirmations, and may fill the block.
    pub force_inclusion_delay: u64,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { confirmations: 4, per_block: 64, force_inclusion_delay: 12 * 60 * 60 }
    }
}

/// The end of the messages that the next block takes, beginning with `start`. Their gas is at most
/// half a block's, so that users' transactions have room, unless messages are urgent; one message
/// always fits.
pub fn select(inbox: &Inbox, start: u64, limits: &MessageLimits, gas_limit: u64) -> u64 {
    let Some(head) = inbox.head() else { return start };
    let mut end = start;
    let mut gas = 0u64;
    while end - start < limits.per_block
        && let Some(inbound) = inbox.message(end)
    {
        let message = &inbound.queued.message;
        let age = head.timestamp.saturating_sub(message.parent_timestamp);
        let urgent = age >= limits.force_inclusion_delay / 2;
        let confirmed = message.parent_block.saturating_add(limits.confirmations) <= head.number;
        let transaction = inbound.queued.to_transaction(None);
        gas = gas.saturating_add(transaction.map_or(0, |tx| tx.gas_limit));
        let budget = if urgent { gas_limit } else { gas_limit / 2 };
        if !(confirmed || urgent) || (gas > budget && end > start) {
            break;
        }
        end += 1;
    }
    end
}
