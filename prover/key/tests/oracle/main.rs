//! The library's prover and verifier as oracle of our own verifier.

mod agreement;
mod fixtures;
mod programs;
mod vectors;
