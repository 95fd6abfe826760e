//! Instantiates SWIRL, OpenVM's STARK protocol, over Keccak-256; never proves or verifies by itself.
//!
//! `docs/stark.md` says which bytes are hashed. The last layer's prover and the library's verifier, our oracle,
//! use these types; nodes and contracts verify with their own code.

mod config;
mod hasher;
mod sponge;
mod transcript;

pub use config::{KeccakConfig, root_params};
pub use hasher::{KeccakHasher, encode};
pub use sponge::keccak256;
pub use transcript::{DOMAIN, Transcript};

/// Base field: BabyBear, p = 15·2^27 + 1.
pub type F = p3_baby_bear::BabyBear;
/// Challenge field: F\[X\]/(X^4 − 11).
pub type EF = openvm_stark_backend::p3_field::extension::BinomialExtensionField<F, 4>;
/// A Keccak-256 digest.
pub type Digest = [u8; 32];
