//! What was committed but is not in the database yet. Readers look here first.

use crate::Block;
use alloy_primitives::{B256, Bloom, Bytes, map::B256Map};
use std::collections::BTreeMap;

/// Where a canonical block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberEntry {
    pub(crate) hash: B256,
    /// In the log.
    pub(crate) position: u64,
    /// Bloom of the block's logs; `None` if there are none.
    pub(crate) bloom: Option<Box<Bloom>>,
}

/// Changes to the database that belong together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) nodes: B256Map<Bytes>,
    pub(crate) codes: B256Map<Bytes>,
    /// `None`: a rewind took the block away.
    pub(crate) numbers: BTreeMap<u64, Option<NumberEntry>>,
    /// Number and log position of every block, canonical or not.
    pub(crate) hashes: B256Map<(u64, u64)>,
    /// Block number and place of transactions.
    pub(crate) transactions: B256Map<(u64, u32)>,
    /// What the database knows once it has this batch.
    pub(crate) meta: Meta,
    bytes: usize,
}

/// How far the database has merged the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    /// End of the merged part of the log.
    pub(crate) position: u64,
    pub(crate) head: B256,
    pub(crate) safe: B256,
    pub(crate) finalized: B256,
}

/// Memory of one entry besides its payload.
const ENTRY_BYTES: usize = 64;

impl Batch {
    /// The batch after this one, empty.
    pub(crate) fn following(meta: Meta) -> Self {
        Self { meta, ..Self::default() }
    }

    pub(crate) fn add_nodes(&mut self, nodes: &[(B256, Bytes)]) {
        for (hash, rlp) in nodes {
            self.bytes += rlp.len() + ENTRY_BYTES;
            self.nodes.insert(*hash, rlp.clone());
        }
    }

    pub(crate) fn add_codes(&mut self, codes: &[(B256, Bytes)]) {
        for (hash, code) in codes {
            self.bytes += code.len() + ENTRY_BYTES;
            self.codes.insert(*hash, code.clone());
        }
    }

    /// The block, at its place in the log, became the head.
    pub(crate) fn add_block(&mut self, block: &Block, position: u64) {
        let number = block.number();
        let bloom = block.header.logs_bloom;
        let bloom = (!bloom.is_zero()).then(|| Box::new(bloom));
        let entry = NumberEntry { hash: block.hash(), position, bloom };
        self.numbers.insert(number, Some(entry));
        self.hashes.insert(block.hash(), (number, position));
        for (index, tx) in block.transactions.iter().enumerate() {
            self.transactions.insert(tx.inner().hash(), (number, index as u32));
        }
        self.bytes += ENTRY_BYTES * (block.transactions.len() + 8);
        self.meta.head = block.hash();
    }

    /// Blocks `first..=last` left the chain.
    pub(crate) fn remove_numbers(&mut self, first: u64, last: u64) {
        for number in first..=last {
            self.numbers.insert(number, None);
            self.bytes += ENTRY_BYTES;
        }
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
