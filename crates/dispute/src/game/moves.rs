//! What moves a dispute: bisect, descend, prove (docs/dispute.md §5).

use super::{Game, Judge, LevelStart, Record, Refusal, Time};
use crate::{Edge, end_state, input, leaf_before, root_from_spine};
use alloy_primitives::{Address, B256};

/// What a root edge refines that contradicts the others at its place and supports none.
const NOTHING: B256 = B256::with_last_byte(1);

/// A descent: the history that refines an edge, by its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The edge that is refined.
    pub edge: Edge,
    /// The proof of the leaf before it.
    pub before: Vec<B256>,
    /// The nodes left of the path from the new history's last leaf to its root.
    pub spine: Vec<B256>,
    /// The machine's last state, encoded, at level 0; empty at level 1, whose strides end in the
    /// edge's state.
    pub end_state: Vec<u8>,
}

impl<J: Judge> Game<J> {
    /// Adds the halves of an edge.
    pub fn bisect(
        &mut self,
        edge: &Edge,
        left: B256,
        right: B256,
        now: Time,
    ) -> Result<(), Refusal> {
        let record = self.rivalled(edge)?;
        if record.halves.is_some() {
            return Err(Refusal::Answered);
        }
        let halves = edge.children(left, right).ok_or(Refusal::NotChildren)?;
        for half in halves {
            self.add(half, now);
        }
        self.record_mut(&edge.id()).halves = Some(halves.map(|half| half.id()));
        Ok(())
    }

    /// Adds a root edge of the next level. It refines the edge at this place that the machine's end
    /// names; where the machine fails, it contradicts others and supports none.
    pub fn descend(
        &mut self,
        opening: &Opening,
        by: Address,
        value: u128,
        now: Time,
    ) -> Result<Edge, Refusal> {
        let edge = &opening.edge;
        self.rivalled(edge)?;
        if edge.height > 0 {
            return Err(Refusal::NotALeaf);
        }
        let bond =
            *self.rules.level_bonds.get(usize::from(edge.level)).ok_or(Refusal::WrongLevel)?;
        if value != bond {
            return Err(Refusal::WrongBond(bond));
        }
        let start = self.level_start(edge, &opening.before)?;
        let root = self.refinement(opening)?;
        if !self.add(root, now) {
            return Err(Refusal::Exists);
        }
        self.levels.entry(root.origin).or_insert(start);
        self.funds.deposit(value);
        let named = match edge.level {
            0 => end_state::leaf(&opening.end_state),
            _ => Some(edge.node),
        };
        let upper = named.map_or(NOTHING, |node| Edge { node, ..*edge }.id());
        self.refinements.entry(upper).or_default().push(root.id());
        let record = self.record_mut(&root.id());
        record.refines = Some(upper);
        (record.by, record.bond) = (by, Some(value));
        Ok(root)
    }

    /// Where the machine starts in the level below an edge.
    fn level_start(&self, edge: &Edge, before: &[B256]) -> Result<LevelStart, Refusal> {
        let before = self.before(edge, before)?;
        if edge.level == 1 {
            return Ok(LevelStart { state: before, ..self.levels[&edge.origin] });
        }
        let parent = parent_of(edge);
        if edge.index >= self.behind(parent)? {
            return Err(Refusal::BehindClaim);
        }
        let (last, per_batch) = (self.batches(parent)?.0, self.rules.heights.blocks_per_batch());
        let batch = self.batches[(last + 1 + edge.index / per_batch) as usize];
        let input = input(self.rules.config_hash, before, batch, edge.index % per_batch);
        Ok(LevelStart { state: self.rules.program_hash, input })
    }

    fn refinement(&self, opening: &Opening) -> Result<Edge, Refusal> {
        let Opening { edge, spine, end_state, .. } = opening;
        let heights = &self.rules.heights;
        if spine.len() != usize::from(heights.of(edge.level + 1)) {
            return Err(Refusal::BadSpine);
        }
        let last = match edge.level {
            0 if end_state.len() == end_state::STATE_BYTES => end_state::hash(end_state),
            1 if end_state.is_empty() => edge.node,
            _ => return Err(Refusal::BadEndState),
        };
        Ok(edge.refinement(heights, root_from_spine(last, spine)))
    }

    /// Proves a single instruction.
    pub fn prove(&mut self, edge: &Edge, before: &[B256], witness: &[u8]) -> Result<(), Refusal> {
        unanswered(self.rivalled(edge)?)?;
        if edge.level != 2 {
            return Err(Refusal::WrongLevel);
        }
        if edge.height > 0 {
            return Err(Refusal::NotALeaf);
        }
        let start = self.before(edge, before)?;
        let input = self.levels[&edge.origin].input;
        let (from, to) = self.judge.step(witness, input).ok_or(Refusal::BadWitness)?;
        if from != start {
            return Err(Refusal::BadWitness);
        }
        if to != edge.node {
            return Err(Refusal::WrongStep);
        }
        self.record_mut(&edge.id()).proven = true;
        Ok(())
    }

    /// Proves that a block behind the claim's last batch is the one before.
    pub fn prove_repeat(&mut self, edge: &Edge, before: &[B256]) -> Result<(), Refusal> {
        unanswered(self.rivalled(edge)?)?;
        if edge.level != 0 {
            return Err(Refusal::WrongLevel);
        }
        if edge.height > 0 {
            return Err(Refusal::NotALeaf);
        }
        if edge.index < self.behind(parent_of(edge))? {
            return Err(Refusal::NotBehindClaim);
        }
        if self.before(edge, before)? != edge.node {
            return Err(Refusal::WrongStep);
        }
        self.record_mut(&edge.id()).proven = true;
        Ok(())
    }

    /// The leaf before an edge over a single leaf.
    fn before(&self, edge: &Edge, proof: &[B256]) -> Result<B256, Refusal> {
        let before =
            leaf_before(edge.index, edge.prefix, proof).map_err(|_| Refusal::NotInPrefix)?;
        match before {
            Some(leaf) => Ok(leaf),
            None if edge.level == 0 => self.claim_leaf(parent_of(edge)),
            None => Ok(self.levels[&edge.origin].state),
        }
    }
}

/// The claim that the claims at level 0 build on.
fn parent_of(edge: &Edge) -> u64 {
    u64::from_be_bytes(*edge.origin.0.last_chunk().expect("32 bytes"))
}

fn unanswered(record: &Record) -> Result<(), Refusal> {
    if record.proven { Err(Refusal::Answered) } else { Ok(()) }
}
