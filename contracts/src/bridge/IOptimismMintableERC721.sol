// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title IOptimismMintableERC721
/// @notice A collection that stands for one on the other chain, and that only the bridge mints and burns.
/// @dev The interface id, by which bridges recognise it, is the OP Stack's.
interface IOptimismMintableERC721 {
    /// @notice Creates a token for a receiver, which must be ready for it if it is a contract.
    function safeMint(address to, uint256 tokenId) external;

    /// @notice Destroys an owner's token.
    function burn(address from, uint256 tokenId) external;

    /// @notice Chain on which the original collection lives.
    function REMOTE_CHAIN_ID() external view returns (uint256);

    /// @notice The original collection.
    function REMOTE_TOKEN() external view returns (address);

    /// @notice The bridge on this chain.
    function BRIDGE() external view returns (address);

    /// @notice Chain on which the original collection lives.
    function remoteChainId() external view returns (uint256);

    /// @notice The original collection.
    function remoteToken() external view returns (address);

    /// @notice The bridge on this chain.
    function bridge() external view returns (address);
}
