//! Which claims are right, and which to make (docs/dispute.md §3).
//!
//! Pure: what derivation knows and what stands on the parent decides, so a restarted proposer claims
//! nothing twice and a restarted challenger goes on where it was.

use alloy_primitives::{B256, Bytes, keccak256};
use altana_parent::{Claim, OpenClaims, Proposal};

/// When claims are made.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Seconds, by the parent's clock, between a claim and the next; `None`: none but against wrong
    /// ones. While more batches wait than one claim covers, there is no pause.
    pub interval_s: Option<u64>,
    /// Parent blocks on top of a batch's before it is claimed.
    pub confirmations: u64,
    /// How often the parent is asked.
    pub poll_ms: u64,
    /// Whether right claims are to be proved, where the chain has validity proofs.
    pub proves: bool,
}

impl Config {
    /// A proposer: claims at an interval, and answers wrong claims.
    pub fn proposer() -> Self {
        Self { interval_s: Some(3600), ..Self::challenger() }
    }

    /// A prover: has right claims proved, and answers wrong ones.
    pub fn prover() -> Self {
        Self { proves: true, ..Self::challenger() }
    }

    /// A challenger: answers wrong claims.
    pub fn challenger() -> Self {
        Self { interval_s: None, confirmations: 4, poll_ms: 2000, proves: false }
    }
}

/// What the only right claim on another says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Last batch that it covers.
    pub batch_index: u64,
    /// Hash of that batch's header.
    pub batch_hash: B256,
    /// Parent block that holds it.
    pub committed_in: u64,
    /// Output root after the batch.
    pub output_root: B256,
    /// Number of its last block.
    pub last_block: u64,
    /// What ties it to its history; nothing where claims cannot be disputed.
    pub data: Bytes,
}

impl Expected {
    /// Whether a claim says this.
    pub fn is(&self, claim: &Claim) -> bool {
        claim.batch_index == self.batch_index
            && claim.output_root == self.output_root
            && claim.last_block == self.last_block
            && claim.data_hash == self.data_hash()
    }

    /// As the Settlement hashes it.
    fn data_hash(&self) -> B256 {
        if self.data.is_empty() { B256::ZERO } else { keccak256(&self.data) }
    }

    /// The call that claims it.
    pub fn proposal(self, parent: Claim) -> Proposal {
        Proposal {
            parent,
            batch_index: self.batch_index,
            batch_hash: self.batch_hash,
            output_root: self.output_root,
            last_block: self.last_block,
            data: self.data,
        }
    }
}

/// Claims on a right one of which some are wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contest {
    /// What they build on.
    pub parent: Claim,
    /// The right one, if somebody has made it.
    pub right: Option<Claim>,
    /// Indices of the wrong ones.
    pub wrong: Vec<u64>,
}

/// What is to be said about the claims that stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The newest right claim.
    pub tip: Claim,
    /// The right claims that are pending, each with the one it builds on, oldest first.
    pub right: Vec<(Claim, Claim)>,
    /// Where wrong claims stand on right ones, oldest first.
    pub contests: Vec<Contest>,
    /// Whether there may be more right claims, about batches that are not derived yet.
    pub is_behind: bool,
}

/// Follows the right claims from the last final one. `expect` says what the claim on another has to
/// say up to a batch, if that is derived. What is built on a wrong claim falls with it.
pub fn judge<E>(
    open: &OpenClaims,
    mut expect: impl FnMut(&Claim, u64) -> Result<Option<Expected>, E>,
) -> Result<Verdict, E> {
    let mut verdict = Verdict { tip: open.last_final, ..Verdict::default() };
    loop {
        let parent = verdict.tip;
        let rivals = open.pending.iter().filter(|claim| claim.parent_claim == parent.index);
        let rivals: Vec<&Claim> = rivals.collect();
        let Some(first) = rivals.first() else { return Ok(verdict) };
        let Some(expected) = expect(&parent, first.batch_index)? else {
            verdict.is_behind = true;
            return Ok(verdict);
        };
        let right = rivals.iter().find(|claim| expected.is(claim)).map(|claim| **claim);
        let wrong = rivals.iter().filter(|claim| !expected.is(claim)).map(|claim| claim.index);
        let wrong: Vec<u64> = wrong.collect();
        if !wrong.is_empty() {
            verdict.contests.push(Contest { parent, right, wrong });
        }
        match right {
            Some(right) => {
                verdict.right.push((parent, right));
                verdict.tip = right;
            }
            None => return Ok(verdict),
        }
    }
}

/// Whether the next claim on `tip` is due at `now`, if it covers batches up to `last_batch` of the
/// `batches` there are.
pub fn is_due(config: &Config, tip: &Claim, now: u64, last_batch: u64, batches: u64) -> bool {
    let Some(interval) = config.interval_s else { return false };
    last_batch <= batches
        && (now >= tip.created_at.saturating_add(interval) || batches > last_batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;
    use std::convert::Infallible;

    fn claim(index: u64, parent_claim: u64, batch_index: u64, root: u8) -> Claim {
        Claim {
            address: Address::with_last_byte(index as u8),
            index,
            parent_claim,
            batch_index,
            output_root: B256::with_last_byte(root),
            last_block: 10 * batch_index,
            data_hash: B256::ZERO,
            created_at: 100 * index,
        }
    }

    /// After batch n the root is n; batches up to 4 are derived.
    fn expect(_: &Claim, batch_index: u64) -> Result<Option<Expected>, Infallible> {
        Ok((batch_index <= 4).then(|| Expected {
            batch_index,
            batch_hash: B256::ZERO,
            committed_in: 0,
            output_root: B256::with_last_byte(batch_index as u8),
            last_block: 10 * batch_index,
            data: Bytes::new(),
        }))
    }

    fn check(pending: &[Claim], tip: u64, contests: &[(u64, Option<u64>, &[u64])]) -> bool {
        let open = OpenClaims { pending: pending.to_vec(), ..OpenClaims::default() };
        check_open(&open, tip, contests).is_behind
    }

    fn check_open(open: &OpenClaims, tip: u64, contests: &[(u64, Option<u64>, &[u64])]) -> Verdict {
        let Ok(verdict) = judge(open, expect);
        assert_eq!(verdict.tip.index, tip);
        // From the final claim to the tip without a gap.
        let mut parent = 0;
        for (builds_on, right) in &verdict.right {
            assert_eq!((builds_on.index, right.parent_claim), (parent, parent));
            parent = right.index;
        }
        assert_eq!(parent, tip);
        let found: Vec<_> = verdict
            .contests
            .iter()
            .map(|c| (c.parent.index, c.right.map(|right| right.index), c.wrong.as_slice()))
            .collect();
        assert_eq!(found, contests);
        verdict
    }

    #[test]
    fn right_claims_are_followed() {
        assert!(!check(&[], 0, &[]));
        assert!(!check(&[claim(1, 0, 1, 1), claim(2, 1, 3, 3)], 2, &[]));
        assert!(check(&[claim(1, 0, 1, 1), claim(2, 1, 5, 5)], 1, &[]));
    }

    #[test]
    fn a_wrong_claim_is_contested_and_what_builds_on_it_is_not_looked_at() {
        let wrong = [claim(1, 0, 1, 9), claim(2, 1, 3, 3)];
        assert!(!check(&wrong, 0, &[(0, None, &[1])]));
        let answered =
            [wrong[0], wrong[1], claim(3, 0, 1, 1), claim(4, 3, 3, 8), claim(5, 3, 3, 3)];
        assert!(!check(&answered, 5, &[(0, Some(3), &[1]), (3, Some(5), &[4])]));
    }

    /// Neither the game nor a proof lifts such a copy.
    #[test]
    fn the_right_root_with_a_wrong_history_is_wrong() {
        let mut copy = claim(1, 0, 1, 1);
        copy.data_hash = keccak256(b"a history");
        let on_it = claim(2, 1, 3, 3);
        check(&[copy, on_it], 0, &[(0, None, &[1])]);
        check(&[copy, on_it, claim(3, 0, 1, 1)], 3, &[(0, Some(3), &[1])]);
    }

    #[test]
    fn claims_are_due_at_an_interval_and_at_once_while_batches_wait() {
        let due = |now, last_batch, batches| {
            let config = Config { interval_s: Some(60), ..Config::challenger() };
            is_due(&config, &claim(1, 0, 1, 1), now, last_batch, batches)
        };
        assert!(!due(159, 3, 3));
        assert!(due(160, 3, 3));
        assert!(due(101, 3, 4));
        assert!(!due(500, 3, 2), "the batch is not there");
        assert!(!is_due(&Config::challenger(), &claim(1, 0, 1, 1), 500, 3, 9));
    }
}
