//! The library's prover and verifier as oracle of our own verifier.

mod agreement;
mod fixtures;
mod liar;
mod programs;
mod recording;
mod vectors;
