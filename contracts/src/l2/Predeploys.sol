// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Predeploys
/// @notice Where the genesis of every Altana rollup puts its system contracts. The addresses are those of the OP
///         Stack, which wallets, explorers and viem already know.
library Predeploys {
    /// @notice `WETH`.
    address internal constant WETH = 0x4200000000000000000000000000000000000006;
    /// @notice `L2CrossDomainMessenger`.
    address internal constant MESSENGER = 0x4200000000000000000000000000000000000007;
    /// @notice `GasPriceOracle`.
    address internal constant GAS_PRICE_ORACLE = 0x420000000000000000000000000000000000000F;
    /// @notice `L2StandardBridge`.
    address internal constant STANDARD_BRIDGE = 0x4200000000000000000000000000000000000010;
    /// @notice `FeeVault` that collects priority fees; the beneficiary of every block.
    address internal constant SEQUENCER_FEE_VAULT = 0x4200000000000000000000000000000000000011;
    /// @notice `OptimismMintableERC20Factory`.
    address internal constant ERC20_FACTORY = 0x4200000000000000000000000000000000000012;
    /// @notice `L2ERC721Bridge`.
    address internal constant ERC721_BRIDGE = 0x4200000000000000000000000000000000000014;
    /// @notice `L1Block`.
    address internal constant L1_BLOCK = 0x4200000000000000000000000000000000000015;
    /// @notice `L2ToL1MessagePasser`.
    address internal constant MESSAGE_PASSER = 0x4200000000000000000000000000000000000016;
    /// @notice `OptimismMintableERC721Factory`.
    address internal constant ERC721_FACTORY = 0x4200000000000000000000000000000000000017;
    /// @notice `FeeVault` that collects base fees.
    address internal constant BASE_FEE_VAULT = 0x4200000000000000000000000000000000000019;
    /// @notice `FeeVault` that collects the fee for publishing data on the parent chain.
    address internal constant L1_FEE_VAULT = 0x420000000000000000000000000000000000001A;
    /// @notice `FeeVault` that collects the operator fee.
    address internal constant OPERATOR_FEE_VAULT = 0x420000000000000000000000000000000000001b;

    /// @notice The account that attributes transactions come from (docs/protocol.md, section 1).
    address internal constant DEPOSITOR = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;

    /// @notice Stands for ether in `L2StandardBridge.withdraw`, as old wallets expect. Nothing is deployed there.
    address internal constant LEGACY_ETH = 0xDeadDeAddeAddEAddeadDEaDDEAdDeaDDeAD0000;
}
