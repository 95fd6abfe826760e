//! Replacing the newest blocks by others.

use std::sync::Arc;

use alloy_consensus::transaction::Recovered;
use altana_ledger::Block;
use altana_protocol::Transaction;

use crate::chain::Chain;
use crate::config::ReorgPlan;
use crate::miner::{ChainError, Miner, Order};
use crate::sidecar::Sidecar;

/// A reorganisation that is asked for.
#[derive(Debug, Default)]
pub(crate) struct Reorg {
    /// Blocks to replace.
    pub(crate) depth: u64,
    /// New transactions, and the replacement block (from 0) before which each enters the pool.
    pub(crate) transactions: Vec<(Recovered<Transaction>, Sidecar, u64)>,
    /// Whether the transactions of the replaced blocks are gone for good.
    pub(crate) forget: bool,
}

/// Why blocks were not replaced; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReorgError {
    #[error("reorg depth {depth} exceeds the {blocks} blocks above the genesis")]
    TooDeep { depth: u64, blocks: u64 },
    #[error("block number {index} of a transaction is not below the depth {depth}")]
    OutOfRange { index: u64, depth: u64 },
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl From<altana_ledger::Error> for ReorgError {
    fn from(error: altana_ledger::Error) -> Self {
        Self::Chain(error.into())
    }
}

impl Chain {
    /// Replaces the newest blocks by as many others with the same timestamps and overrides.
    pub(crate) fn reorganise(&self, miner: &mut Miner, mut reorg: Reorg) -> Result<(), ReorgError> {
        let depth = reorg.depth;
        if let Some((_, _, index)) = reorg.transactions.iter().find(|(_, _, i)| *i >= depth) {
            return Err(ReorgError::OutOfRange { index: *index, depth });
        }
        let removed = self.roll_back(miner, depth, reorg.forget)?;
        for (i, block) in (0..).zip(removed) {
            for (tx, sidecar, _) in reorg.transactions.extract_if(.., |(_, _, at)| *at == i) {
                if let Err(why) = self.admit(tx, sidecar) {
                    tracing::warn!(%why, "reorg: transaction refused");
                }
            }
            self.extend(miner, Order::like(&block, false))?;
        }
        Ok(())
    }

    /// Removes the newest blocks. Their transactions return to the pool unless `forget`. Returns
    /// the removed blocks, oldest first.
    pub(crate) fn roll_back(
        &self,
        miner: &mut Miner,
        depth: u64,
        forget: bool,
    ) -> Result<Vec<Arc<Block>>, ReorgError> {
        let blocks = self.ledger.head().number();
        let too_deep = ReorgError::TooDeep { depth, blocks };
        let Some(number) = blocks.checked_sub(depth) else { return Err(too_deep) };
        let Some(ancestor) = self.ledger.block_by_number(number)? else { return Err(too_deep) };
        let mut removed = Vec::new();
        for number in number + 1..=blocks {
            removed.extend(self.ledger.block_by_number(number)?);
        }
        self.rewind(miner, &ancestor)?;
        if !forget {
            for tx in removed.iter().flat_map(|block| &block.transactions) {
                self.take_back(tx.clone())?;
            }
        }
        Ok(removed)
    }

    /// Returns a transaction of a removed block to the pool.
    fn take_back(&self, tx: Recovered<Transaction>) -> Result<(), ChainError> {
        let hash = tx.inner().hash();
        let Some(sidecar) = self.sidecar_of(tx.inner())? else {
            tracing::warn!(%hash, "reorg: the transaction's blobs are no longer kept");
            return Ok(());
        };
        let nonce = self.account(tx.signer())?.nonce;
        // Not `admit`: funds that arrived in the removed blocks come back with them.
        if let Err(why) = self.pool.lock().insert(tx, sidecar, nonce) {
            tracing::warn!(%hash, %why, "reorg: transaction not taken back");
        }
        Ok(())
    }

    /// After a block: reorganises if the plan says so.
    pub(crate) fn roll_dice(&self, miner: &mut Miner) -> Result<(), ChainError> {
        let final_number = self.ledger.finalized().number();
        let room = self.ledger.head().number().saturating_sub(final_number);
        let Some(dice) = &mut miner.dice else { return Ok(()) };
        let Some(depth) = dice.depth(room) else { return Ok(()) };
        let keep: Vec<bool> = (0..depth).map(|_| dice.coin()).collect();
        let removed = match self.roll_back(miner, depth, false) {
            Ok(removed) => removed,
            Err(ReorgError::Chain(error)) => return Err(error),
            Err(ReorgError::TooDeep { .. } | ReorgError::OutOfRange { .. }) => return Ok(()),
        };
        let last = removed.len().saturating_sub(1);
        for (i, (block, empty)) in removed.into_iter().zip(keep).enumerate() {
            // The last block takes what waits, so that no transaction is lost to the dice.
            self.extend(miner, Order::like(&block, empty && i < last))?;
        }
        Ok(())
    }
}

/// Decisions of a [`ReorgPlan`] (SplitMix64, so that a seed means the same everywhere).
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    plan: ReorgPlan,
    state: u64,
}

impl Dice {
    pub(crate) fn new(plan: ReorgPlan) -> Self {
        Self { plan, state: plan.seed }
    }

    /// How deep to reorganise after this block, if at all; at most `room`.
    fn depth(&mut self, room: u64) -> Option<u64> {
        let (hit, depth) = (self.next(), self.next());
        let deepest = self.plan.max_depth.min(room);
        let now = hit.is_multiple_of(self.plan.every_blocks.max(1)) && deepest > 0;
        now.then(|| 1 + depth % deepest)
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_and_respects_its_bounds() {
        let plan = ReorgPlan { seed: 7, every_blocks: 5, max_depth: 3 };
        let roll = || {
            let mut dice = Dice::new(plan);
            (0..1_000).map(|room| dice.depth(room)).collect::<Vec<_>>()
        };
        let depths = roll();
        assert_eq!(depths, roll());
        let hits: Vec<_> = depths.iter().flatten().collect();
        assert!((150..250).contains(&hits.len()), "{}", hits.len());
        assert_eq!(hits.iter().max(), Some(&&3));
        assert_eq!(Dice::new(ReorgPlan { every_blocks: 1, ..plan }).depth(0), None);
    }
}
