//! Claims: how they are made, and how they stand (docs/dispute.md §3, §6).

use super::{Game, Judge, Refusal, Time};
use crate::{BATCHES, Edge, root_from_spine};
use alloy_primitives::{Address, B256};

/// How a claim stands. `Final` and `Rejected` are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not decided.
    Pending,
    /// It is true.
    Final,
    /// It lost to a final claim, or builds on one that did.
    Rejected,
}

/// A claim to be made.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The claim that it builds on.
    pub parent: u64,
    /// The last batch that it covers.
    pub batch: u64,
    /// The block leaf that it ends with.
    pub leaf: B256,
    /// The nodes left of the path from its history's last leaf to the root.
    pub spine: Vec<B256>,
}

#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) parent: u64,
    pub(super) creator: Address,
    created_at: Time,
    batch: u64,
    leaf: B256,
    /// The last batch of the claims on it.
    next_batch: u64,
    /// Its root edge; the genesis has none.
    edge: Option<Edge>,
    pub(super) bond: Option<u128>,
    round: Round,
}

/// The claims on a claim. Of all that there may be, one wins.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// The one that was made first.
    first: Option<u64>,
    /// There is another one.
    contested: bool,
    /// The one that won although it was contested.
    winner: Option<u64>,
}

/// How a claim stands, with all that it builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Won,
    /// The claim that won against it, or against the first of its ancestors that lost.
    LostTo(u64),
}

impl Claim {
    pub(super) fn genesis(leaf: B256) -> Self {
        Self {
            parent: 0,
            creator: Address::ZERO,
            created_at: 0,
            batch: 0,
            leaf,
            next_batch: 1,
            edge: None,
            bond: None,
            round: Round::default(),
        }
    }
}

impl<J: Judge> Game<J> {
    /// Makes a claim; its number is returned.
    pub fn propose(
        &mut self,
        claim: &Proposal,
        by: Address,
        value: u128,
        now: Time,
    ) -> Result<u64, Refusal> {
        let edge = self.check_proposal(claim, now)?;
        let bond = self.bond(claim.parent, by, now)?;
        if value != bond {
            return Err(Refusal::WrongBond(bond));
        }
        if !self.add(edge, now) {
            return Err(Refusal::Exists);
        }
        let index = self.claims.len() as u64;
        self.record_mut(&edge.id()).claim = Some(index);
        let parent = &mut self.claims[claim.parent as usize];
        parent.round.contested = parent.round.first.is_some();
        parent.round.first.get_or_insert(index);
        let moved = if bond == 0 { parent.bond.take() } else { None };
        self.funds.deposit(value);
        let last = self.batches.len() as u64 - 1;
        self.claims.push(Claim {
            parent: claim.parent,
            creator: by,
            created_at: now,
            batch: claim.batch,
            leaf: claim.leaf,
            next_batch: last.min(claim.batch + BATCHES).max(claim.batch + 1),
            edge: Some(edge),
            bond: moved.or(Some(value)),
            round: Round::default(),
        });
        Ok(index)
    }

    fn check_proposal(&self, claim: &Proposal, now: Time) -> Result<Edge, Refusal> {
        let parent = self.claim(claim.parent)?;
        if let Some(winner) = self.winner(claim.parent, now) {
            return Err(Refusal::RoundOver(winner));
        }
        if self.status(claim.parent, now)? == Status::Rejected {
            return Err(Refusal::BadParent);
        }
        if claim.batch != parent.next_batch {
            return Err(Refusal::WrongBatch(parent.next_batch));
        }
        if claim.batch as usize >= self.batches.len() {
            return Err(Refusal::NoSuchBatch);
        }
        let heights = &self.rules.heights;
        if claim.spine.len() != usize::from(heights.blocks) {
            return Err(Refusal::BadSpine);
        }
        let root = root_from_spine(claim.leaf, &claim.spine);
        Ok(Edge::of_claim(claim.parent, heights, root))
    }

    /// How a claim stands.
    pub fn status(&self, index: u64, now: Time) -> Result<Status, Refusal> {
        Ok(match self.standing(index, now)? {
            Standing::Open => Status::Pending,
            Standing::Won => Status::Final,
            Standing::LostTo(_) => Status::Rejected,
        })
    }

    /// A lost or open round further up overrules what is below it.
    pub(super) fn standing(&self, mut index: u64, now: Time) -> Result<Standing, Refusal> {
        let mut parent = self.claim(index)?.parent;
        let mut standing = Standing::Won;
        while index != 0 {
            match self.winner(parent, now) {
                None => standing = Standing::Open,
                Some(winner) if winner != index => standing = Standing::LostTo(winner),
                Some(_) => {}
            }
            (index, parent) = (parent, self.claim(parent)?.parent);
        }
        Ok(standing)
    }

    /// The claim that has won the round on a claim: the only one, once it is a window old; of
    /// several the first whose root edge was credited with a window.
    fn winner(&self, parent: u64, now: Time) -> Option<u64> {
        let Round { first, contested, winner } = self.claims[parent as usize].round;
        let alone = |first: &u64| {
            !contested && now - self.claims[*first as usize].created_at >= self.rules.window_s
        };
        winner.or(first.filter(alone))
    }

    /// The timer of a claim's root edge has reached a window.
    pub(super) fn win(&mut self, index: u64) {
        let parent = self.claims[index as usize].parent;
        self.claims[parent as usize].round.winner.get_or_insert(index);
    }

    pub(super) fn claim(&self, index: u64) -> Result<&Claim, Refusal> {
        self.claims.get(index as usize).ok_or(Refusal::NoSuchClaim)
    }

    /// Claims made so far, the genesis included.
    pub fn claim_count(&self) -> u64 {
        self.claims.len() as u64
    }

    /// A claim's root edge; the genesis has none.
    pub fn claim_edge(&self, index: u64) -> Option<Edge> {
        self.claims.get(index as usize)?.edge
    }

    /// The claim that a claim builds on; the genesis builds on itself.
    pub fn parent(&self, index: u64) -> Result<u64, Refusal> {
        Ok(self.claim(index)?.parent)
    }

    /// The block leaf that a claim ends with.
    pub fn claim_leaf(&self, index: u64) -> Result<B256, Refusal> {
        Ok(self.claim(index)?.leaf)
    }

    /// The last batch of a claim, and of those that build on it.
    pub fn batches(&self, index: u64) -> Result<(u64, u64), Refusal> {
        let claim = self.claim(index)?;
        Ok((claim.batch, claim.next_batch))
    }

    /// The first position in the histories of the claims on `parent` behind their last batch.
    pub fn behind(&self, parent: u64) -> Result<u64, Refusal> {
        let (last, next) = self.batches(parent)?;
        Ok((next - last) * self.rules.heights.blocks_per_batch())
    }
}
