//! What a batch says its blocks are, with their senders.

use alloy_consensus::{
    Transaction as _,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_primitives::Address;
use altana_ledger::Block;
use altana_protocol::{
    ChainSpec, Transaction,
    batch::BatchHeader,
    derive::{BlockPlan, plan},
    execute::Messages,
    queue::QueuedMessage,
};
use rayon::prelude::*;
use std::sync::OnceLock;

/// Fewer transactions are recovered on one core.
const TRANSACTIONS_MIN: usize = 16;

/// One block of a batch, before it is executed.
#[derive(Debug)]
pub struct Plan {
    /// What the block takes in.
    pub block: BlockPlan,
    senders: OnceLock<Option<Vec<Address>>>,
}

impl Plan {
    /// The blocks of a batch by the rules of docs/protocol.md §4. `messages` are those that it
    /// consumes.
    pub fn of_batch(
        spec: &ChainSpec,
        header: &BatchHeader,
        messages: &[QueuedMessage],
        payload: Option<&[u8]>,
    ) -> Vec<Self> {
        let blocks = plan(spec, header, messages, payload);
        blocks.into_iter().map(|block| Self { block, senders: OnceLock::new() }).collect()
    }

    /// Whether an executed block is the one that this says, given that it has the right parent:
    /// same time, same transactions, same randomness (which no transaction shows). A block never
    /// holds an invalid transaction, so these decide everything else.
    pub fn gives(&self, block: &Block) -> bool {
        let deposits = self.block.messages.deposits.iter().map(|deposit| deposit.tx_hash());
        let signed = self.block.transactions.iter().map(Transaction::hash);
        let count = self.block.messages.deposits.len() + self.block.transactions.len();
        block.header.timestamp == self.block.timestamp
            && has_randomness_of(block, &self.block.messages)
            && block.transactions.len() == count
            && block.transactions.iter().map(|tx| tx.inner().hash()).eq(deposits.chain(signed))
    }

    /// Memory that its transactions take, about.
    pub fn bytes(&self) -> usize {
        let transactions = self.block.transactions.iter();
        transactions.map(|tx| size_of::<Transaction>() + tx.input().len()).sum()
    }

    /// Recovers the senders, unless that was done; the result is kept.
    pub fn recover(&self) {
        self.senders();
    }

    fn senders(&self) -> &Option<Vec<Address>> {
        let transactions = || self.block.transactions.par_iter().with_min_len(TRANSACTIONS_MIN);
        self.senders.get_or_init(|| transactions().map(|tx| tx.recover_signer().ok()).collect())
    }

    /// The signed transactions with their senders; `None` if one has none, so that the block is
    /// invalid.
    pub fn recovered(&self) -> Option<Vec<Recovered<Transaction>>> {
        let senders = self.senders().as_ref()?.iter();
        let pairs = self.block.transactions.iter().cloned().zip(senders);
        Some(pairs.map(|(tx, sender)| Recovered::new_unchecked(tx, *sender)).collect())
    }
}

/// Whether the block's randomness is that of the messages it takes, if they bring any.
pub(super) fn has_randomness_of(block: &Block, messages: &Messages) -> bool {
    messages.prev_randao.is_none_or(|randao| block.header.mix_hash == randao)
}
