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
/// always fits. Never more than a block may take ([`altana_protocol::derive::fitting`]).
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
        gas = gas.saturating_add(message.gas_limit());
        let budget = if urgent { gas_limit } else { gas_limit / 2 };
        if !(confirmed || urgent) || (gas > budget && end > start) {
            break;
        }
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::tests::{deposit, update};

    const LIMITS: MessageLimits =
        MessageLimits { confirmations: 3, per_block: 4, force_inclusion_delay: 100 };

    /// Messages in parent blocks 1, 2, 3, …, one each, of which each needs 100,000 gas.
    fn selected(head: u64, head_timestamp: u64, start: u64, gas_limit: u64) -> u64 {
        let mut inbox = Inbox::default();
        let mut read = update(0, head, (0..8).map(|index| deposit(index, index + 1)));
        read.head.timestamp = head_timestamp;
        inbox.apply(&read).unwrap();
        select(&inbox, start, &LIMITS, gas_limit)
    }

    #[test]
    fn messages_wait_for_confirmations() {
        assert_eq!(selected(3, 0, 0, 10_000_000), 0);
        assert_eq!(selected(4, 0, 0, 10_000_000), 1);
        assert_eq!(selected(6, 0, 0, 10_000_000), 3);
    }

    #[test]
    fn a_block_takes_a_bounded_number() {
        assert_eq!(selected(50, 0, 0, 10_000_000), 4);
        assert_eq!(selected(50, 0, 4, 10_000_000), 8);
        assert_eq!(selected(50, 0, 8, 10_000_000), 8);
    }

    #[test]
    fn messages_leave_half_the_block_to_users_but_one_always_fits() {
        assert_eq!(selected(50, 0, 0, 400_000), 2);
        assert_eq!(selected(50, 0, 0, 100), 1);
    }

    #[test]
    fn urgent_messages_need_no_confirmations_and_may_fill_the_block() {
        assert_eq!(selected(1, 1050, 0, 10_000_000), 4);
        assert_eq!(selected(50, 1050, 0, 400_000), 4);
        assert_eq!(selected(1, 1040, 0, 10_000_000), 0);
    }
}
