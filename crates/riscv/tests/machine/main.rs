//! The machine, the witnesses it writes and the verifier that judges them.

#[path = "../support/mod.rs"]
mod support;

mod edges;
mod elf;
mod encodings;
mod hosts;
mod modified;
mod programs;
mod random_programs;
mod snapshots;
mod vectors;
mod witnesses;
