//! Compile the library's verifying keys and proofs into the bytes that nodes and contracts verify; never prove or
//! verify.
//!
//! `docs/stark.md` says what the bytes are. A [`Circuit`] is a verifying key with what makes it a single statement:
//! the height of every trace, and public values that are part of the circuit.

mod circuit;
mod program;
mod proof;
mod schedule;

pub use circuit::{AllStatistics, Circuit, CompileError};
pub use program::{Compiled, Shape, Statistics, compile};
pub use proof::{EncodeError, Encoded};
