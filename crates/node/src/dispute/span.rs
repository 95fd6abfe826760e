//! The batches that a claim covers, and their blocks.

use crate::{claims::Expected, derive::BatchEnd};
use alloy_primitives::{B256, Bytes};
use altana_dispute::{Heights, History};
use altana_ledger::{Block, Error, Ledger};
use altana_parent::Claim;
use altana_protocol::{
    batch::BLOCKS_MAX,
    stf::{block_leaf, header_output_root, used_after},
};

/// Positions of level 0 that a batch takes.
const BLOCKS_PER_BATCH: u64 = Heights::REAL.blocks_per_batch();
const _: () = assert!(BLOCKS_PER_BATCH == BLOCKS_MAX as u64, "a batch fits its positions");

/// What lies between a claim and the next. Whoever knows the batches' hashes knows their blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the first batch.
    pub first_batch: u64,
    /// Number of the last block before it.
    pub start_block: u64,
    /// Where each batch ended.
    pub ends: Vec<BatchEnd>,
}

impl Span {
    /// The batches after `parent` up to `last_batch`, if `end` knows them all.
    pub fn read<E>(
        parent: &Claim,
        last_batch: u64,
        mut end: impl FnMut(u64) -> Result<Option<BatchEnd>, E>,
    ) -> Result<Option<Self>, E> {
        let mut ends = Vec::new();
        for index in parent.batch_index + 1..=last_batch {
            match end(index)? {
                Some(end) => ends.push(end),
                None => return Ok(None),
            }
        }
        let first_batch = parent.batch_index + 1;
        Ok((!ends.is_empty()).then_some(Self { first_batch, start_block: parent.last_block, ends }))
    }

    /// The block before the step at a position of level 0, and that step's batch and block in it.
    pub fn step(&self, position: u64) -> Option<Step> {
        let (offset, block_index) = (position / BLOCKS_PER_BATCH, position % BLOCKS_PER_BATCH);
        let end = self.ends.get(usize::try_from(offset).ok()?)?;
        let first = match offset.checked_sub(1) {
            Some(before) => self.ends[before as usize].last_block,
            None => self.start_block,
        };
        let before = (first + block_index).min(end.last_block);
        Some(Step { before, batch_index: self.first_batch + offset, end: *end, block_index })
    }

    /// Number of the first block of a batch, if it is one of these.
    pub fn first_block(&self, batch: u64) -> Option<u64> {
        match batch.checked_sub(self.first_batch)?.checked_sub(1) {
            None => Some(self.start_block + 1),
            Some(before) => Some(self.ends.get(before as usize)?.last_block + 1),
        }
    }

    /// The position of level 0 at which a block is made, if it is one of these batches'.
    pub fn position(&self, number: u64) -> Option<u64> {
        let offset = self.ends.iter().position(|end| number <= end.last_block)?;
        let first = match offset.checked_sub(1) {
            Some(before) => self.ends[before].last_block,
            None => self.start_block,
        };
        let block_index = number.checked_sub(first + 1)?;
        Some(offset as u64 * BLOCKS_PER_BATCH + block_index)
    }

    /// The history of block leaves; `None` if a block of it is not derived.
    pub fn history(&self, ledger: &Ledger) -> Result<Option<History>, Error> {
        let mut leaves: Vec<B256> = Vec::new();
        let mut number = self.start_block;
        for end in &self.ends {
            if end.last_block > ledger.safe().number() || end.last_block <= number {
                return Ok(None);
            }
            // What an earlier batch left open repeats its last leaf.
            if let Some(last) = leaves.last().copied() {
                leaves.resize(leaves.len().next_multiple_of(BLOCKS_PER_BATCH as usize), last);
            }
            let mut used = 0;
            while number < end.last_block {
                number += 1;
                let Some(block) = ledger.block_by_number(number)? else { return Ok(None) };
                used = used_after(&block.header, used, (end.last_block - number) as usize);
                leaves.push(leaf(&block, used));
            }
        }
        // A batch has no more blocks than its part of the history.
        Ok(History::new(Heights::REAL.blocks, leaves).ok())
    }

    /// What the claim about these batches has to say.
    pub fn expected(&self, ledger: &Ledger, history: &History) -> Result<Option<Expected>, Error> {
        let Some(end) = self.ends.last() else { return Ok(None) };
        let Some(block) = ledger.block_by_number(end.last_block)? else { return Ok(None) };
        let data: Bytes = history.spine().concat().into();
        Ok(Some(Expected {
            batch_index: self.first_batch + self.ends.len() as u64 - 1,
            batch_hash: end.hash,
            committed_in: end.committed_in,
            output_root: header_output_root(&block.header, block.hash()),
            last_block: end.last_block,
            data,
        }))
    }
}

/// One step of level 0.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Number of the block that it starts from.
    pub before: u64,
    /// Index of its batch.
    pub batch_index: u64,
    /// Where that batch ended.
    pub end: BatchEnd,
    /// Which block of the batch it makes, if the batch has it.
    pub block_index: u64,
}

impl Step {
    /// Gas that the batch has used before the step, 0 behind its last block; `None` if a block is not
    /// derived.
    pub fn used(&self, ledger: &Ledger) -> Result<Option<u64>, Error> {
        if self.before == self.end.last_block {
            return Ok(Some(0));
        }
        let blocks = self.before - self.block_index + 1..=self.before;
        let used = blocks.map(|number| ledger.block_by_number(number));
        used.map(|block| Ok(block?.map(|block| block.header.gas_used))).sum()
    }
}

/// The block leaf of a derived block, after which its batch has used so much gas.
pub(super) fn leaf(block: &Block, used: u64) -> B256 {
    block_leaf(header_output_root(&block.header, block.hash()), block.number(), used)
}
