//! Proves that a zkVM proof verifies, as a STARK over Keccak-256 that a contract can check; never
//! proves a program itself.
//!
//! OpenVM's root circuit verifies the last proof of the aggregation. Its own root prover hashes with
//! Poseidon2 over BN254, for a SNARK; ours hashes with Keccak-256, for the contract. Everything else
//! of that circuit is OpenVM's (`openvm-continuations`, `circuit::root`).

mod check;
mod engine;
mod prover;

pub use check::{Commitment, Refused, Statement, verify};
pub use engine::KeccakEngine;
pub use prover::{Child, ProveError, RootKey, RootProver, WRAPS_MAX};

/// A proof of the last layer.
pub type RootProof = openvm_stark_backend::proof::Proof<altana_keccak_stark::KeccakConfig>;
/// The key that verifies it.
pub type RootVerifyingKey =
    openvm_stark_backend::keygen::types::MultiStarkVerifyingKey<altana_keccak_stark::KeccakConfig>;
