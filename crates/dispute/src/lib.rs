//! Play the game over claims; never talk to a chain.
//!
//! `docs/dispute.md` is the page that this crate and the fault proof's contract both implement.
//! A [`History`] is what a claim commits to and an [`Edge`] a node of one, at its place;
//! [`walk`] says what an honest party does next, and keeps nothing of its own; [`Game`] is the
//! contract's rules in Rust, for tests; a [`Liar`] plays the wrong side in tests and demos.

mod edge;
mod end_state;
mod game;
mod heights;
mod history;
mod liar;
mod solver;

pub use edge::{Edge, block_leaf, input};
pub use end_state::{
    STATE_BYTES, leaf as end_state_leaf, with_leaf as end_state_with_leaf, with_other_memory,
};
pub use game::{Credit, Game, Judge, Opening, Proposal, Refusal, Rules, Status, Time};
pub use heights::{BATCHES, Heights, STRIDE_LOG2};
pub use history::{
    History, HistoryError, LEAVES_MAX, NotInPrefix, hash_pair, leaf_before, root_from_spine,
};
pub use liar::{Liar, Lie, Wrong};
pub use solver::{
    Acts, At, Dispute, EdgeState, MOVES_MAX, Move, Stage, Truth, Walk, moves_max, walk,
};
