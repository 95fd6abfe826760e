//! Run a rollup: pool, sequencer, batcher, derivation, claims and their disputes; never decide what a block means (that is `altana-protocol`) or how it is stored (`altana-ledger`).
//!
//! Every role is a pure core (a state machine with injected time and inputs) inside a thin shell.
//!
//! # What the node needs from a parent chain
//!
//! [`ParentReader`](altana_parent::ParentReader) and [`BatchSender`](altana_parent::BatchSender) are
//! the seam for the chain itself: heads, blocks by number, the Inbox's log over a range of blocks with
//! labels, a batch's payload; and the commit. `altana-parent` gives them over RPC, the simulator in
//! this crate's tests in memory. Claims and disputes use [`Claims`](altana_parent::Claims) as it is:
//! `altana-dispute` has a simulator of its own.
pub mod batcher;
pub mod claims;
pub mod derive;
pub mod dispute;
pub mod engine;
pub mod inbox;
pub mod metrics;
pub mod node;
pub mod note;
pub mod pool;
mod proof;
pub mod rescue;
pub mod sequencer;
#[cfg(test)]
mod sim;
