//! Where contracts live on every rollup (OP Stack's addresses).

use alloy::primitives::{Address, address};

/// WETH9.
pub const WETH: Address = address!("4200000000000000000000000000000000000006");
/// Cross-domain messenger.
pub const MESSENGER: Address = address!("4200000000000000000000000000000000000007");
/// Data fees, for wallets.
pub const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000F");
/// Standard bridge for ether and ERC-20.
pub const STANDARD_BRIDGE: Address = address!("4200000000000000000000000000000000000010");
/// Priority fees.
pub const SEQUENCER_FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");
/// Makes bridged ERC-20 tokens.
pub const ERC20_FACTORY: Address = address!("4200000000000000000000000000000000000012");
/// Bridge for ERC-721.
pub const ERC721_BRIDGE: Address = address!("4200000000000000000000000000000000000014");
/// The parent chain's attributes.
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// Withdrawals start here; its storage root is in every output root.
pub const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
/// Makes bridged ERC-721 tokens.
pub const ERC721_FACTORY: Address = address!("4200000000000000000000000000000000000017");
/// Base fees.
pub const BASE_FEE_VAULT: Address = address!("4200000000000000000000000000000000000019");
/// Data fees.
pub const L1_FEE_VAULT: Address = address!("420000000000000000000000000000000000001A");
/// Operator fees.
pub const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");
