// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title IOptimismMintableERC20
/// @notice A token that stands for one on the other chain, and that only the bridge mints and burns.
/// @dev The interface id, by which bridges recognise it, is the OP Stack's.
interface IOptimismMintableERC20 {
    /// @notice The token on the other chain.
    function remoteToken() external view returns (address);

    /// @notice The bridge on this chain.
    function bridge() external view returns (address);

    /// @notice Creates tokens for a receiver.
    function mint(address to, uint256 amount) external;

    /// @notice Destroys an owner's tokens.
    function burn(address from, uint256 amount) external;
}

/// @title ILegacyMintableERC20
/// @notice The same under the names that tokens had before they could live on either chain.
interface ILegacyMintableERC20 {
    /// @notice The token on the parent chain.
    function l1Token() external view returns (address);

    /// @notice Creates tokens for a receiver.
    function mint(address to, uint256 amount) external;

    /// @notice Destroys an owner's tokens.
    function burn(address from, uint256 amount) external;
}
