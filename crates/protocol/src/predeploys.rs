//! Addresses that the protocol itself knows. Every other predeploy is the genesis state's matter.

use alloy_primitives::{Address, address};

/// Receives priority fees; the beneficiary of every block.
pub const FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");
/// Keeps the newest parent attributes; op-revm reads the data fee's parameters from it.
pub const L1_BLOCK: Address = op_revm::constants::L1_BLOCK_CONTRACT;
/// Records withdrawals; its storage root is part of the output root.
pub const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
/// Receives data fees.
pub const L1_FEE_VAULT: Address = op_revm::constants::L1_FEE_RECIPIENT;
/// Receives base fees.
pub const BASE_FEE_VAULT: Address = op_revm::constants::BASE_FEE_RECIPIENT;
/// Sends the attributes deposits.
pub const ATTRIBUTES_SENDER: Address = address!("DeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001");
/// EIP-2935: keeps the hashes of the newest 8,191 blocks.
pub const HISTORY: Address = alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
