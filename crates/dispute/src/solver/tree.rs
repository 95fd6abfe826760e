//! A party's own edges as far as they matter, and the answers that their rivals ask for.

use super::{At, Dispute, EdgeState, Move, Stage, Truth};
use crate::{Edge, Opening, end_state};
use alloy_primitives::B256;
use std::collections::HashMap;

/// An edge and what counts for its timer.
pub(super) struct Node {
    pub(super) edge: Edge,
    pub(super) state: EdgeState,
    /// Both halves; or the right refinement; or nothing.
    pub(super) below: Vec<Node>,
    /// Whether the edge above has its time from this one, too. Not so for a refinement that shows
    /// that the machine fails: it stands against the others at its place, and for nobody.
    pub(super) supports: bool,
}

/// Reads a tree from what is known.
pub(super) struct Reader<'a, T: Truth> {
    pub(super) dispute: &'a Dispute,
    pub(super) known: &'a HashMap<B256, EdgeState>,
    pub(super) truth: &'a mut T,
    /// Edges that are not known.
    pub(super) unknown: Vec<Edge>,
    /// Answers that are due.
    pub(super) answers: Vec<Move>,
    /// Why there are not all of them.
    pub(super) untold: Vec<T::Error>,
}

impl<T: Truth> Reader<'_, T> {
    /// The tree below the claim's root.
    pub(super) fn read(&mut self) -> Node {
        self.node(self.dispute.root, At::default(), self.dispute.stage == Stage::Open)
    }

    /// An edge and all below it. `defended`: rivals are answered, because the claim is open or the
    /// party's bond is in a root edge above. Where the truth is not known the tree ends: what is
    /// beside it is played all the same.
    fn node(&mut self, edge: Edge, at: At, mut defended: bool) -> Node {
        let Some(state) = self.known.get(&edge.id()).copied() else {
            self.unknown.push(edge);
            let state = EdgeState::default();
            return Node { edge, state, below: Vec::new(), supports: true };
        };
        let is_over = self.dispute.stage == Stage::Retired;
        defended |= state.mine && !state.confirmed && !is_over;
        let below = if !state.exists || !state.rivalled || state.proven {
            Ok(Vec::new())
        } else if edge.height > 0 {
            self.halves(edge, state.bisected, at, defended)
        } else {
            self.single(edge, at, defended)
        };
        let below = self.or_untold(below).unwrap_or_default();
        Node { edge, state, below, supports: true }
    }

    fn halves(
        &mut self,
        edge: Edge,
        bisected: bool,
        at: At,
        defended: bool,
    ) -> Result<Vec<Node>, T::Error> {
        if !bisected && !defended {
            return Ok(Vec::new());
        }
        let (left, right) = self.truth.halves_of(edge.level, at, edge.height, edge.index)?;
        if !bisected {
            self.answers.push(Move::Bisect { edge, left, right });
            return Ok(Vec::new());
        }
        let halves = edge.children(left, right).expect("the truth is the party's own edge");
        Ok(halves.into_iter().map(|half| self.node(half, at, defended)).collect())
    }

    /// A rivalled edge over a single leaf.
    fn single(&mut self, edge: Edge, at: At, defended: bool) -> Result<Vec<Node>, T::Error> {
        if edge.level == 2 || edge.level == 0 && edge.index >= self.dispute.behind {
            if defended {
                let proof = self.proof(edge, at)?;
                self.answers.push(proof);
            }
            return Ok(Vec::new());
        }
        let at = match edge.level {
            0 => At { block: edge.index, stride: 0 },
            _ => At { stride: edge.index, ..at },
        };
        let root = self.truth.root_of(edge.level + 1, at)?;
        let supports =
            edge.level == 1 || end_state::leaf(&self.truth.end_state(at.block)?) == Some(edge.node);
        let refinement = edge.refinement(&self.dispute.heights, root);
        let refinement = Node { supports, ..self.node(refinement, at, defended) };
        let known = self.known.get(&refinement.edge.id());
        if defended && known.is_some_and(|state| !state.exists) {
            let opening = self.opening(edge, at);
            let descent = self.or_untold(opening).map(Move::Descend);
            self.answers.extend(descent);
        }
        Ok(vec![refinement])
    }

    /// Writes down what the truth could not be told for.
    fn or_untold<R>(&mut self, result: Result<R, T::Error>) -> Option<R> {
        result.map_err(|error| self.untold.push(error)).ok()
    }

    /// The move that settles an edge which has no level below.
    fn proof(&mut self, edge: Edge, at: At) -> Result<Move, T::Error> {
        let before = self.truth.history(edge.level, at)?.before(edge.index);
        if edge.level == 0 {
            return Ok(Move::ProveRepeat { edge, before });
        }
        let witness = self.truth.witness(at.block, at.stride, edge.index)?;
        Ok(Move::Prove { edge, before, witness })
    }

    fn opening(&mut self, edge: Edge, at: At) -> Result<Opening, T::Error> {
        let end_state = if edge.level == 0 { self.truth.end_state(at.block)? } else { Vec::new() };
        let above = if edge.level == 0 { At::default() } else { at };
        let before = self.truth.history(edge.level, above)?.before(edge.index);
        let spine = self.truth.history(edge.level + 1, at)?.spine();
        Ok(Opening { edge, before, spine, end_state })
    }
}
