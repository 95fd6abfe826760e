//! Run a block's state transition in the fault proof's machine; never decide who is right.
//!
//! `program.elf` is `crates/guest` (docs/dispute.md §2), built by `cargo xtask guest`. [`record`]
//! runs the same transition natively and remembers what it read; a [`Trace`] runs the program over
//! that, and gives the state hashes and step witnesses that a dispute asks for.

mod blobs;
mod calls;
mod host;
mod record;
mod trace;

use alloy_primitives::{B256, hex};

pub use altana_protocol::stf::{BlockInput, Witness};
pub use altana_riscv::{State, Status};
pub use host::{BlockHost, IsStopped};
pub use record::record;
pub use trace::{STEPS_LOG2_MAX, STRIDE_LOG2, Trace, TraceError};

/// The program: an executable for the machine of docs/machine.md.
pub const ELF: &[u8] = include_bytes!("../program.elf");

/// Hash of the state that the program begins in.
pub const PROGRAM_HASH: B256 = {
    let text = include_bytes!("../program.hash");
    match hex::const_decode_to_array(text.split_at(66).0) {
        Ok(hash) => B256::new(hash),
        Err(_) => panic!("program.hash is no hash"),
    }
};
