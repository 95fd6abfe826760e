//! The devnet, driven by the tools that people use: alloy, cast, viem; and held against anvil.

mod blobs;
mod common;
mod same_as_anvil;
mod time_and_reorgs;
mod tools;
mod transactions;
