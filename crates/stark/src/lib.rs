//! Verify the STARK of a validity proof, as the contract does; never prove anything.
//!
//! `docs/stark.md` is the page that this crate and the contracts both implement. Verification has
//! two parts, as it takes two transactions: [`verify_constraints`] leads from the first part of a
//! proof to a [`Checkpoint`], [`verify_openings`] accepts a checkpoint with the second part. Any
//! bytes have exactly one result: nothing panics.

#![no_std]

extern crate alloc;

mod batch;
mod checkpoint;
mod error;
mod field;
mod gkr;
mod key;
mod poly;
mod program;
mod reader;
mod stacking;
mod trace;
mod transcript;
mod verify;
mod whir;

pub use checkpoint::Checkpoint;
pub use error::{KeyError, Part, Rejected};
pub use field::{Ext, F, P};
pub use key::{CHUNK_BYTES, Key, MAX_SLOTS, TraceKey};
pub use program::{
    BOUND_MAX, Interaction, LAZY_MAX, LEFT_MAX, Op, PRODUCT_BOUND, Program, Run, Values,
};
pub use trace::{Log, Trace};
pub use transcript::{CHECKPOINT_DOMAIN, DOMAIN, Transcript};
pub use verify::{verify, verify_constraints, verify_openings, verify_traced};
