//! The list of batches, as far as it can still change.

use crate::inbox::{Inconsistent, Update};
use alloy_primitives::B256;
use altana_ledger::Block;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A batch that was taken in, and where it left the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tip {
    /// Index of the batch; 0 stands for the genesis.
    pub index: u64,
    /// Hash of its header; the chain's `configHash` for the genesis.
    pub hash: B256,
    /// Its last timestamp.
    pub last_timestamp: u64,
    /// The first message that it leaves.
    pub queue_end: u64,
    /// Number of the parent block that holds it.
    pub parent_block: u64,
    /// Hash of that block; zero if it is not known.
    #[serde(default)]
    pub parent_hash: B256,
    /// Number of its last block.
    pub block_number: u64,
    /// Hash of its last block.
    pub block_hash: B256,
}

impl Tip {
    /// Where every chain begins.
    pub fn genesis(config_hash: B256, block: &Block) -> Self {
        Self {
            index: 0,
            hash: config_hash,
            last_timestamp: block.header.timestamp,
            queue_end: 0,
            parent_block: 0,
            parent_hash: B256::ZERO,
            block_number: block.number(),
            block_hash: block.hash(),
        }
    }
}

/// The newest final batch, and all after it.
#[derive(Debug)]
pub(super) struct Tips {
    /// Never empty.
    tips: VecDeque<Tip>,
}

impl Tips {
    pub(super) fn starting_at(tip: Tip) -> Self {
        Self { tips: [tip].into() }
    }

    pub(super) fn newest(&self) -> &Tip {
        self.tips.back().expect("never empty")
    }

    pub(super) fn finalized(&self) -> &Tip {
        self.tips.front().expect("never empty")
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Tip> {
        self.tips.iter()
    }

    pub(super) fn push(&mut self, tip: Tip) {
        self.tips.push_back(tip);
    }

    /// Forgets batches above a parent block; whether there were any. The oldest tip stays: it is
    /// the genesis or final.
    pub(super) fn rewind(&mut self, ancestor: u64) -> bool {
        let before = self.tips.len();
        while self.tips.len() > 1 && self.newest().parent_block > ancestor {
            self.tips.pop_back();
        }
        self.tips.len() < before
    }

    /// Forgets batches that newer final ones make uninteresting.
    pub(super) fn finalize(&mut self, parent_block: u64) {
        while self.tips.get(1).is_some_and(|tip| tip.parent_block <= parent_block) {
            self.tips.pop_front();
        }
    }

    /// Whether the update's batches continue the list.
    pub(super) fn check(&self, update: &Update) -> Result<(), Inconsistent> {
        let mut last = self
            .tips
            .iter()
            .rev()
            .find(|tip| tip.parent_block <= update.ancestor)
            .unwrap_or(self.finalized())
            .clone();
        for (batch, _) in &update.batches {
            let header = &batch.header;
            let reason = match () {
                () if header.index != last.index + 1 => Some("index"),
                () if header.parent != last.hash => Some("parent"),
                () if header.queue_start != last.queue_end => Some("queue start"),
                () if header.queue_end < header.queue_start => Some("queue end"),
                () if header.first_timestamp < last.last_timestamp => Some("timestamp"),
                () => None,
            };
            if let Some(reason) = reason {
                return Err(Inconsistent::Batch { index: header.index, reason });
            }
            last.index = header.index;
            last.hash = header.hash();
            last.queue_end = header.queue_end;
            last.last_timestamp = header.last_timestamp;
        }
        Ok(())
    }
}
