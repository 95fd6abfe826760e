//! What this node knows to be true, in the terms of the dispute game (docs/dispute.md), and the moves
//! that follow from it.
//!
//! Level 0 comes from the ledger, which has executed every block already. Below it, a block runs in
//! the fault proof's machine, from pre-images that a native run over the ledger's trie collects.

mod archive;
pub mod calls;
mod memory;
mod play;
mod span;
mod truth;

pub use archive::Archive;
pub use memory::Memory;
pub use play::{PlayError, Played, Round, plan, round};
pub use span::{Span, Step};
pub use truth::{BlockEvidence, Means, NodeTruth, ReadBatch, TruthError};
