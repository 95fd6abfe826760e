//! From the tree to the moves.

use super::{
    Dispute, EdgeState, Move, Truth,
    credit::Timers,
    tree::{Node, Reader},
};
use crate::Edge;
use alloy_primitives::B256;
use std::collections::HashMap;

/// What a walk comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Walk {
    /// It needs the states of these edges: ask the chain for all of them at once, and for those
    /// that are known again (all at one block), and walk again. At most one round for each of the
    /// game's depths.
    Ask(Vec<Edge>),
    /// What the party does now.
    Act(Acts),
}

/// A party's moves, and how its claim stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acts {
    /// In this order. Those that answer rivals come first.
    pub moves: Vec<Move>,
    /// The timer of the claim's root edge, in seconds.
    pub timer_s: u64,
    /// After these moves the claim has won its round: it is final when all that it builds on is.
    pub due: bool,
    /// Root edges with the party's bond in them.
    pub bonds: u64,
}

/// What a party does for its right claim, which must exist.
///
/// Its work is bounded: a wrong root edge of a level forces one answer for each height of that
/// level, and one more ([`super::moves_max`]), however its makers play.
pub fn walk<T: Truth>(
    dispute: &Dispute,
    known: &HashMap<B256, EdgeState>,
    truth: &mut T,
) -> Result<Walk, T::Error> {
    let mut reader = Reader { dispute, known, truth, unknown: Vec::new(), answers: Vec::new() };
    let root = reader.read()?;
    if !reader.unknown.is_empty() {
        return Ok(Walk::Ask(reader.unknown));
    }
    let mut collector =
        Collector { dispute, timers: Timers::default(), moves: reader.answers, bonds: 0 };
    collector.bonds_below(&root);
    Ok(Walk::Act(collector.finish(&root)))
}

struct Collector<'a> {
    dispute: &'a Dispute,
    timers: Timers,
    moves: Vec<Move>,
    bonds: u64,
}

impl Collector<'_> {
    /// Gets back the bonds in root edges below a node, the lowest first.
    fn bonds_below(&mut self, node: &Node) {
        node.below.iter().for_each(|below| self.bonds_below(below));
        if !node.state.mine {
            return;
        }
        self.bonds += 1;
        if node.state.confirmed {
            self.moves.push(Move::SettleEdge(node.edge));
        } else if self.timers.live(node) >= self.dispute.window_s {
            self.credit(node);
            self.moves.push(Move::ConfirmEdge(node.edge));
        }
    }

    fn credit(&mut self, node: &Node) {
        let credits = self.timers.raise(node, self.dispute.window_s);
        if !credits.is_empty() {
            self.moves.push(Move::Credit(credits));
        }
    }

    fn finish(mut self, root: &Node) -> Acts {
        let timer_s = self.timers.live(root);
        let due = !self.dispute.decided && timer_s >= self.dispute.window_s;
        if due {
            self.credit(root);
        }
        Acts { moves: self.moves, timer_s, due, bonds: self.bonds }
    }
}
