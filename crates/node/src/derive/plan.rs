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
    derive::{BlockPlan, has_gas, plan},
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
    senders: OnceLock<Vec<Option<Address>>>,
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

    /// Whether the block may hold its signed transactions, after blocks of its batch that used `used`
    /// gas.
    pub fn takes_transactions(&self, spec: &ChainSpec, used: u64) -> bool {
        self.block.transactions.is_empty() || has_gas(spec, used, self.block.messages_gas)
    }

    /// Whether an executed block is the one that this says, with all of its transactions, given that it
    /// has the right parent: same time, same transactions, same randomness (which no transaction
    /// shows). A block never holds an invalid transaction, so these decide everything else. `used` is
    /// what the blocks before it in its batch used.
    pub fn gives(&self, spec: &ChainSpec, used: u64, block: &Block) -> bool {
        let deposits = self.block.messages.deposits.iter().map(|deposit| deposit.tx_hash());
        let signed = self.block.transactions.iter().map(Transaction::hash);
        let count = self.block.messages.deposits.len() + self.block.transactions.len();
        self.takes_transactions(spec, used)
            && block.header.timestamp == self.block.timestamp
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

    fn senders(&self) -> &[Option<Address>] {
        let transactions = || self.block.transactions.par_iter().with_min_len(TRANSACTIONS_MIN);
        self.senders.get_or_init(|| transactions().map(|tx| tx.recover_signer().ok()).collect())
    }

    /// The signed transactions with their senders, but for those that have none: these are invalid.
    pub fn recovered(&self) -> impl Iterator<Item = Recovered<Transaction>> {
        let pairs = self.block.transactions.iter().zip(self.senders());
        pairs.filter_map(|(tx, sender)| Some(Recovered::new_unchecked(tx.clone(), (*sender)?)))
    }
}

/// Whether the block's randomness is that of the messages it takes, if they bring any.
pub(super) fn has_randomness_of(block: &Block, messages: &Messages) -> bool {
    messages.prev_randao.is_none_or(|randao| block.header.mix_hash == randao)
}
