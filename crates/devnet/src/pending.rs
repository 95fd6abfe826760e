//! The block that would be made now, for the `pending` tag.

use std::sync::Arc;

use alloy_primitives::B256;
use altana_ledger::Pending;

use crate::chain::{Chain, now};
use crate::miner::{ChainError, Miner};

/// A pending block, and what it was made from.
pub(crate) struct PendingBlock {
    /// Head, revision of the pool, timestamp.
    made_from: (B256, u64, u64),
    block: Arc<Pending>,
}

impl Chain {
    /// The pending block. While another is being made, the one before answers; `None` if there
    /// is none, or no pending block can be made.
    pub(crate) fn pending_block(&self) -> Option<Arc<Pending>> {
        if let Some(miner) = self.miner.try_lock()
            && let Err(error) = self.refresh_pending(&miner)
        {
            tracing::warn!(%error, "no pending block");
        }
        let head = self.ledger.head().hash();
        let pending = self.pending.lock();
        let made = pending.as_ref().filter(|pending| pending.made_from.0 == head)?;
        Some(made.block.clone())
    }

    fn refresh_pending(&self, miner: &Miner) -> Result<(), ChainError> {
        let head = self.ledger.head();
        let timestamp = miner.clock.peek(now(), head.header.timestamp);
        let made_from = (head.hash(), self.pool.lock().revision(), timestamp);
        if self.pending.lock().as_ref().is_some_and(|pending| pending.made_from == made_from) {
            return Ok(());
        }
        let attributes = miner.attributes(&head, timestamp);
        let fees = self.ledger.next_fees();
        let base_fee = attributes.base_fee.unwrap_or(fees.base_fee);
        let mut builder = self.ledger.build(head.hash(), attributes)?;
        let nonces = self.nonces()?;
        let blob_fee = fees.blob_base_fee.unwrap_or_default();
        let mut best = self.pool.lock().best(&nonces, base_fee, blob_fee);
        while let Some(candidate) = best.next() {
            // What cannot run is dealt with when the block is made.
            if builder.push(candidate.waiting.tx.as_ref().clone()).is_ok() {
                best.included(candidate);
            }
        }
        let block = Arc::new(builder.snapshot()?);
        *self.pending.lock() = Some(PendingBlock { made_from, block });
        Ok(())
    }
}
