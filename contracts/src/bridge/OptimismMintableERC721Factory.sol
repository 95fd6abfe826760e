// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {OptimismMintableERC721} from "./OptimismMintableERC721.sol";

/// @title OptimismMintableERC721Factory
/// @notice Creates images of the other chain's collections, for anybody. Equal arguments give an equal address.
contract OptimismMintableERC721Factory {
    /// @notice The bridge for collections on this chain.
    address public immutable BRIDGE;
    /// @notice The other chain.
    uint256 public immutable REMOTE_CHAIN_ID;

    /// @notice Which collections were made here.
    mapping(address localToken => bool) public isOptimismMintableERC721;

    /// @notice A collection was created.
    event OptimismMintableERC721Created(address indexed localToken, address indexed remoteToken, address deployer);

    /// @notice Name the collection on the other chain.
    error RemoteTokenMissing();

    /// @param bridge_ The bridge for collections on this chain.
    /// @param remoteChainId_ The other chain.
    constructor(address bridge_, uint256 remoteChainId_) {
        BRIDGE = bridge_;
        REMOTE_CHAIN_ID = remoteChainId_;
    }

    /// @notice Creates a collection.
    /// @param remoteToken The collection on the other chain.
    /// @param name Name of the collection.
    /// @param symbol Symbol of the collection.
    /// @return localToken The collection on this chain.
    function createOptimismMintableERC721(address remoteToken, string memory name, string memory symbol)
        external
        returns (address localToken)
    {
        if (remoteToken == address(0)) revert RemoteTokenMissing();
        bytes32 salt = keccak256(abi.encode(remoteToken, name, symbol));
        localToken = address(new OptimismMintableERC721{salt: salt}(BRIDGE, REMOTE_CHAIN_ID, remoteToken, name, symbol));
        isOptimismMintableERC721[localToken] = true;
        emit OptimismMintableERC721Created(localToken, remoteToken, msg.sender);
    }

    /// @notice The bridge for collections on this chain.
    function bridge() external view returns (address) {
        return BRIDGE;
    }

    /// @notice The other chain.
    function remoteChainID() external view returns (uint256) {
        return REMOTE_CHAIN_ID;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.4.0";
    }
}
