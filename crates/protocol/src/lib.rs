//! Decide what an Altana rollup's state is: types, codecs, trie, execution; never does I/O and never reads a clock.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;
pub mod transaction;
pub use transaction::{Receipt, Transaction};
