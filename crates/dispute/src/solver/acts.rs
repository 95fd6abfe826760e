//! From the tree to the moves.

use super::{
    Dispute, EdgeState, Move, Stage, Truth,
    credit::Timers,
    tree::{Node, Reader},
};
use crate::Edge;
use alloy_primitives::B256;
use std::collections::HashMap;

/// What a walk comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Walk<E> {
    /// It needs the states of these edges: ask the chain for all of them at once, and for those
    /// that are known again (all at one block), and walk again. At most one round for each of the
    /// game's depths.
    Ask(Vec<Edge>),
    /// What the party does now.
    Act(Acts<E>),
}

/// A party's moves, and how its claim stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acts<E> {
    /// In this order. Those that answer rivals come first.
    pub moves: Vec<Move>,
    /// The timer of the claim's root edge, in seconds; at least so much, if something is untold.
    pub timer_s: u64,
    /// After these moves the claim has won its round: it is final when all that it builds on is.
    pub due: bool,
    /// Root edges with the party's bond in them; at least so many, if something is untold.
    pub bonds: u64,
    /// Why the truth could not be told, for each edge below which there may be more to do.
    pub untold: Vec<E>,
}

/// What a party does for its right claim, which must exist.
///
/// Its work is bounded: a wrong root edge of a level forces one answer for each height of that
/// level, and one more ([`super::moves_max`]), however its makers play.
pub fn walk<T: Truth>(
    dispute: &Dispute,
    known: &HashMap<B256, EdgeState>,
    truth: &mut T,
) -> Walk<T::Error> {
    let (unknown, answers, untold) = Default::default();
    let mut reader = Reader { dispute, known, truth, unknown, answers, untold };
    let root = reader.read();
    let Reader { unknown, answers, untold, .. } = reader;
    if !unknown.is_empty() {
        return Walk::Ask(unknown);
    }
    let mut collector = Collector { dispute, timers: Timers::default(), moves: answers, bonds: 0 };
    collector.bonds_below(&root);
    Walk::Act(collector.finish(&root, untold))
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
        if node.state.confirmed || self.dispute.stage == Stage::Retired {
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

    fn finish<E>(mut self, root: &Node, untold: Vec<E>) -> Acts<E> {
        let timer_s = self.timers.live(root);
        let due = self.dispute.stage == Stage::Open && timer_s >= self.dispute.window_s;
        if due {
            self.credit(root);
        }
        Acts { moves: self.moves, timer_s, due, bonds: self.bonds, untold }
    }
}
