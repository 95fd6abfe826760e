//! Run a rollup: pool, sequencer, batcher, derivation, proposer; never decide what a block means (that is `altana-protocol`) or how it is stored (`altana-ledger`).
//!
//! Every role is a pure core (a state machine with injected time and inputs) inside a thin shell.
//!
//! # What the node needs from a parent chain
//!
//! [`ParentReader`](altana_parent::ParentReader), [`BatchSender`](altana_parent::BatchSender) and
//! [`ClaimSender`](altana_parent::ClaimSender) are the whole seam: heads, blocks by number, the
//! Inbox's log over a range of blocks with labels, a batch's payload; and two transactions (commit,
//! propose). `altana-parent` gives them over RPC, the simulator in this crate's tests in memory.
pub mod batcher;
pub mod derive;
pub mod engine;
pub mod inbox;
pub mod metrics;
pub mod node;
pub mod note;
pub mod pool;
pub mod proposer;
pub mod rescue;
pub mod sequencer;
#[cfg(test)]
mod sim;
