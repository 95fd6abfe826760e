//! Decide what an Altana rollup's state is: types, codecs, trie, execution; never does I/O and never reads a clock.
//!
//! `docs/protocol.md` is the page that this crate and the contracts both implement.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod batch;
pub mod derive;
pub mod execute;
pub mod predeploys;
pub mod queue;
pub mod receipt;
pub mod spec;
pub mod stf;
pub mod transaction;
pub mod trie;

pub use receipt::Receipt;
pub use spec::ChainSpec;
pub use transaction::Transaction;
