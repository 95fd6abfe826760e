// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {OptimismMintableERC20} from "./OptimismMintableERC20.sol";

/// @title OptimismMintableERC20Factory
/// @notice Creates images of the other chain's ERC-20 tokens, for anybody. Equal arguments give an equal address.
contract OptimismMintableERC20Factory {
    /// @dev Decimals unless others are asked for.
    uint8 private constant DEFAULT_DECIMALS = 18;

    /// @notice The standard bridge on this chain.
    address public immutable BRIDGE;

    /// @notice The token on the other chain for each token made here.
    mapping(address localToken => address remoteToken) public deployments;

    /// @notice A token was created, as old indexers expect it.
    event StandardL2TokenCreated(address indexed remoteToken, address indexed localToken);

    /// @notice A token was created.
    event OptimismMintableERC20Created(address indexed localToken, address indexed remoteToken, address deployer);

    /// @notice Name the token on the other chain.
    error RemoteTokenMissing();

    /// @param bridge_ The standard bridge on this chain.
    constructor(address bridge_) {
        BRIDGE = bridge_;
    }

    /// @notice Creates a token with 18 decimals.
    /// @param remoteToken The token on the other chain.
    /// @param name Name of the token.
    /// @param symbol Symbol of the token.
    /// @return The token on this chain.
    function createOptimismMintableERC20(address remoteToken, string memory name, string memory symbol)
        external
        returns (address)
    {
        return createOptimismMintableERC20WithDecimals(remoteToken, name, symbol, DEFAULT_DECIMALS);
    }

    /// @notice The same under its old name.
    /// @param remoteToken The token on the other chain.
    /// @param name Name of the token.
    /// @param symbol Symbol of the token.
    /// @return The token on this chain.
    function createStandardL2Token(address remoteToken, string memory name, string memory symbol)
        external
        returns (address)
    {
        return createOptimismMintableERC20WithDecimals(remoteToken, name, symbol, DEFAULT_DECIMALS);
    }

    /// @notice The standard bridge on this chain.
    function bridge() external view returns (address) {
        return BRIDGE;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.10.0";
    }

    /// @notice Creates a token.
    /// @param remoteToken The token on the other chain.
    /// @param name Name of the token.
    /// @param symbol Symbol of the token.
    /// @param decimals Decimals; should be those of the token on the other chain.
    /// @return localToken The token on this chain.
    function createOptimismMintableERC20WithDecimals(
        address remoteToken,
        string memory name,
        string memory symbol,
        uint8 decimals
    ) public returns (address localToken) {
        if (remoteToken == address(0)) revert RemoteTokenMissing();
        bytes32 salt = keccak256(abi.encode(remoteToken, name, symbol, decimals));
        localToken = address(new OptimismMintableERC20{salt: salt}(BRIDGE, remoteToken, name, symbol, decimals));
        deployments[localToken] = remoteToken;
        emit StandardL2TokenCreated(remoteToken, localToken);
        emit OptimismMintableERC20Created(localToken, remoteToken, msg.sender);
    }
}
