//! Pre-confirmations: what the open block has newly taken, a few times a second.

use alloy_primitives::B256;
use altana_ledger::Block;
use altana_protocol::Receipt;

/// A transaction that the sequencer promises to include, with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// Its hash.
    pub hash: B256,
    /// Its place in the block.
    pub index: u64,
    /// Its receipt.
    pub receipt: Receipt,
}

/// What a block under construction has taken since the last one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preconfirmation {
    /// Number of the block.
    pub block_number: u64,
    /// Its timestamp.
    pub timestamp: u64,
    /// Counts these within the block, from 0.
    pub slice: u64,
    /// New transactions, in order.
    pub included: Vec<Included>,
}

/// When the open block is published, and how much of it was.
#[derive(Debug)]
pub(super) struct Slices {
    slice_ms: u64,
    next_ms: u64,
    count: u64,
    published: usize,
}

impl Slices {
    /// The first slice is due at once: `pending` moves on with `latest`.
    pub(super) fn new(now_ms: u64, slice_ms: u64) -> Self {
        Self { slice_ms: slice_ms.max(1), next_ms: now_ms, count: 0, published: 0 }
    }

    pub(super) fn due(&self, now_ms: u64) -> bool {
        now_ms >= self.next_ms
    }

    /// When the next slice is due, if it has something to tell.
    pub(super) fn next_ms(&self, transactions: usize) -> u64 {
        if transactions > self.published { self.next_ms } else { u64::MAX }
    }

    pub(super) fn publish(&mut self, now_ms: u64, block: &Block) -> Preconfirmation {
        let new = block.transactions.iter().zip(&block.receipts).enumerate();
        let included = new
            .skip(self.published)
            .map(|(index, (tx, receipt))| Included {
                hash: tx.inner().hash(),
                index: index as u64,
                receipt: receipt.clone(),
            })
            .collect();
        self.published = block.transactions.len();
        self.next_ms = (now_ms / self.slice_ms + 1) * self.slice_ms;
        self.count += 1;
        Preconfirmation {
            block_number: block.number(),
            timestamp: block.header.timestamp,
            slice: self.count - 1,
            included,
        }
    }
}
