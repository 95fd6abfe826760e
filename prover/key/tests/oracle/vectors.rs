//! The vectors that the Rust and Solidity verifiers are tested against (`docs/stark.md`, 7).
