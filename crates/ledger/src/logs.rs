//! Finding logs.

use crate::Block;
use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use std::sync::Arc;

/// Which logs are wanted. Empty lists match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Emitting contracts, any of them.
    pub addresses: Vec<Address>,
    /// For each topic position: the accepted values, any of them.
    pub topics: [Vec<B256>; 4],
}

impl LogFilter {
    /// Whether a block (or transaction) with this bloom may hold a match.
    pub fn may_match(&self, bloom: &Bloom) -> bool {
        let has = |raw: &[u8]| bloom.contains_input(BloomInput::Raw(raw));
        let any_topic = |accepted: &Vec<B256>| {
            accepted.is_empty() || accepted.iter().any(|topic| has(topic.as_slice()))
        };
        (self.addresses.is_empty() || self.addresses.iter().any(|a| has(a.as_slice())))
            && self.topics.iter().all(any_topic)
    }

    /// Whether this log is wanted.
    pub fn matches(&self, log: &Log) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.iter().enumerate().all(|(i, accepted)| {
                accepted.is_empty() || log.topics().get(i).is_some_and(|t| accepted.contains(t))
            })
    }

    /// The matches of one block, in order.
    pub fn select(&self, block: &Arc<Block>) -> Vec<LogEntry> {
        let mut found = Vec::new();
        let mut log_index = 0;
        for (transaction_index, receipt) in block.receipts.iter().enumerate() {
            for (i, log) in receipt.logs.iter().enumerate() {
                if self.matches(log) {
                    let block = Arc::clone(block);
                    found.push(LogEntry { block, transaction_index, log_index, in_receipt: i });
                }
                log_index += 1;
            }
        }
        found
    }
}

/// Where a log is.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The block that holds it.
    pub block: Arc<Block>,
    /// The transaction that emitted it.
    pub transaction_index: usize,
    /// Its place among all logs of the block.
    pub log_index: usize,
    in_receipt: usize,
}

impl LogEntry {
    /// The log itself.
    pub fn log(&self) -> &Log {
        &self.block.receipts[self.transaction_index].logs[self.in_receipt]
    }
}
