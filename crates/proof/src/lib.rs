//! Say what a validity proof proves: the guest's computation and its inputs, the claim, and the
//! folder in which a node and a prover meet; never prove, and never talk to a chain.
//!
//! A [`Statement`] names batches. [`prove`] runs them over a witness, natively as in the zkVM's guest,
//! and gives the guest's [`output`]: what the batches lead to and by which history, and what the parent
//! chain has to check of their blobs. [`claim_words`] is this output as `docs/stark.md` has it, which a [`Proof`] is of.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod blobs;
mod claim;
#[cfg(feature = "std")]
pub mod guest;
mod history;
#[cfg(feature = "std")]
mod job;
#[cfg(feature = "std")]
mod native;
mod opening;
mod pages;
#[cfg(feature = "std")]
mod proof;
mod prove;
mod statement;

pub use blobs::{BLOBS_BYTES_MAX, BLOBS_MAX, BlobData, Blobs, BlobsError, encode_blobs};
pub use claim::{CLAIM_BYTES, claim_words};
pub use history::history_root;
#[cfg(feature = "std")]
pub use job::{FAILED_BYTES_MAX, Inputs, Job, JobError, Jobs, Lock};
#[cfg(feature = "std")]
pub use native::{prove_natively, record};
pub use opening::{BlobError, Opening, Scalar, output};
pub use pages::{PAGES_BYTES_MAX, PagesError, decode_pages, encode_pages};
#[cfg(feature = "std")]
pub use proof::{PART1_BYTES_MAX, PART2_BYTES_MAX, Proof, ProofError};
pub use prove::{Refused, Run, prove, run_batches};
pub use statement::{BATCHES_MAX, STATEMENT_BYTES_MAX, Statement, StatementError};
