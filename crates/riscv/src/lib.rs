//! Run a RISC-V program and prove any single step of it; never decide what the program means.
//!
//! `docs/machine.md` is the page that this crate and the step contract both implement. A
//! [`Machine`] runs fast and can hash its state or write the witness of its next step;
//! [`verify_step`] judges such a witness as the contract does, without a machine.

mod burst;
mod code;
mod cpu;
mod decode;
mod elf;
mod fields;
mod host;
mod machine;
mod memory;
mod page;
mod plain;
mod preimage;
mod proof;
mod snapshots;
mod tree;
mod verify;
mod witness;

pub use cpu::{Cpu, STATE_BYTES, State, Status};
pub use elf::ElfError;
pub use host::{BlobElement, Host, Judge, Missing, PrecompileCall};
pub use machine::{Machine, RunError};
pub use memory::OutOfMemory;
pub use preimage::{CALL_BYTES_MAX, HINT_BYTES_MAX, Kind, PREIMAGE_BYTES_MAX, is_provable};
pub use snapshots::{Snapshot, Snapshots};
pub use verify::{WitnessError, verify_step};
