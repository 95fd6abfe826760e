//! The machine, the witnesses it writes and the verifier that judges them.

#[path = "../support/mod.rs"]
mod support;

mod vectors;
