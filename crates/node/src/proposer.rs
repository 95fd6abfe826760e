//! Claim output roots of published batches on the parent chain.
//!
//! [`next`] is a pure decision over what derivation knows and what is claimed already, so a
//! restarted proposer claims nothing twice.

use crate::derive::Tip;
use alloy_primitives::B256;
use altana_parent::{Claim, Proposal};

/// When claims are made.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Batches that one claim covers at least.
    pub every_batches: u64,
    /// Parent blocks on top of a batch's before it is claimed.
    pub confirmations: u64,
    /// How often the parent is asked.
    pub poll_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { every_batches: 1, confirmations: 4, poll_ms: 2000 }
    }
}

/// The next claim, if one is due. `claims` are those that stand; `root` tells the output root
/// after a block, if that block is derived. Builds on the newest claim that is true: a false one
/// is left to those who dispute it.
pub fn next<'a>(
    config: &Config,
    tips: impl DoubleEndedIterator<Item = &'a Tip>,
    claims: &[Claim],
    head: u64,
    root: impl Fn(u64) -> Option<B256>,
) -> Option<Proposal> {
    let is_true = |claim: &&Claim| root(claim.last_block) == Some(claim.output_root);
    let last = claims.iter().filter(is_true).max_by_key(|claim| claim.batch_index)?;
    let confirmed = |tip: &&Tip| tip.parent_block.saturating_add(config.confirmations) <= head;
    let tip = tips.rev().find(confirmed)?;
    let due = tip.index >= last.batch_index.saturating_add(config.every_batches.max(1));
    let output_root = root(tip.block_number).filter(|_| due)?;
    Some(Proposal {
        parent_claim: last.index,
        batch_index: tip.index,
        batch_hash: tip.hash,
        output_root,
        last_block: tip.block_number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip(index: u64, parent_block: u64) -> Tip {
        Tip {
            index,
            hash: B256::with_last_byte(index as u8),
            last_timestamp: 0,
            queue_end: 0,
            parent_block,
            parent_hash: B256::ZERO,
            block_number: 10 * index,
            block_hash: B256::ZERO,
        }
    }

    fn root(block: u64) -> Option<B256> {
        (block <= 30).then(|| B256::with_last_byte(block as u8))
    }

    fn claim(index: u64, batch_index: u64, output_root: u64) -> Claim {
        let output_root = B256::with_last_byte(output_root as u8);
        Claim { index, batch_index, output_root, last_block: 10 * batch_index }
    }

    fn claimed(claims: &[Claim], head: u64) -> Option<(u64, u64)> {
        let tips = [tip(0, 0), tip(1, 100), tip(2, 110), tip(3, 120)];
        let proposal = next(&Config::default(), tips.iter(), claims, head, root)?;
        Some((proposal.parent_claim, proposal.batch_index))
    }

    #[test]
    fn the_newest_confirmed_batch_is_claimed_once() {
        assert_eq!(claimed(&[claim(0, 0, 0)], 103), None);
        assert_eq!(claimed(&[claim(0, 0, 0)], 104), Some((0, 1)));
        assert_eq!(claimed(&[claim(0, 0, 0)], 200), Some((0, 3)));
        assert_eq!(claimed(&[claim(0, 0, 0), claim(1, 3, 30)], 200), None);
    }

    #[test]
    fn nothing_is_built_on_a_false_claim() {
        assert_eq!(claimed(&[claim(0, 0, 0), claim(1, 2, 99)], 200), Some((0, 3)));
    }
}
