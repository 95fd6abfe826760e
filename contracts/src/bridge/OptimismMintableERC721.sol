// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IOptimismMintableERC721} from "./IOptimismMintableERC721.sol";

/// @title OptimismMintableERC721
/// @notice The image of a collection of the other chain: each token here is one that the bridge there holds.
contract OptimismMintableERC721 is IOptimismMintableERC721, ERC721Enumerable {
    /// @inheritdoc IOptimismMintableERC721
    uint256 public immutable REMOTE_CHAIN_ID;
    /// @inheritdoc IOptimismMintableERC721
    address public immutable REMOTE_TOKEN;
    /// @inheritdoc IOptimismMintableERC721
    address public immutable BRIDGE;

    /// @notice A token arrived from the other chain.
    event Mint(address indexed account, uint256 tokenId);

    /// @notice A token left for the other chain.
    event Burn(address indexed account, uint256 tokenId);

    /// @notice Only the bridge may do this.
    error OnlyBridge();
    /// @notice The token is not this account's.
    error NotOwner(address account, uint256 tokenId);

    /// @dev Lets the bridge pass.
    modifier onlyBridge() {
        if (msg.sender != BRIDGE) revert OnlyBridge();
        _;
    }

    /// @param bridge_ The bridge on this chain.
    /// @param remoteChainId_ Chain on which the original collection lives.
    /// @param remoteToken_ The original collection.
    /// @param name_ Name of the collection.
    /// @param symbol_ Symbol of the collection.
    constructor(
        address bridge_,
        uint256 remoteChainId_,
        address remoteToken_,
        string memory name_,
        string memory symbol_
    ) ERC721(name_, symbol_) {
        REMOTE_CHAIN_ID = remoteChainId_;
        REMOTE_TOKEN = remoteToken_;
        BRIDGE = bridge_;
    }

    /// @inheritdoc IOptimismMintableERC721
    function safeMint(address to, uint256 tokenId) external onlyBridge {
        emit Mint(to, tokenId);
        _safeMint(to, tokenId);
    }

    /// @inheritdoc IOptimismMintableERC721
    function burn(address from, uint256 tokenId) external onlyBridge {
        if (ownerOf(tokenId) != from) revert NotOwner(from, tokenId);
        emit Burn(from, tokenId);
        _burn(tokenId);
    }

    /// @notice Start of every token's URI: where to ask for the original's (ERC-681).
    function baseTokenURI() external view returns (string memory) {
        return _baseURI();
    }

    /// @inheritdoc IOptimismMintableERC721
    function remoteChainId() external view returns (uint256) {
        return REMOTE_CHAIN_ID;
    }

    /// @inheritdoc IOptimismMintableERC721
    function remoteToken() external view returns (address) {
        return REMOTE_TOKEN;
    }

    /// @inheritdoc IOptimismMintableERC721
    function bridge() external view returns (address) {
        return BRIDGE;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.3.0";
    }

    /// @inheritdoc ERC721Enumerable
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IOptimismMintableERC721).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @inheritdoc ERC721
    function _baseURI() internal view override returns (string memory) {
        return string.concat(
            "ethereum:", Strings.toHexString(REMOTE_TOKEN), "@", Strings.toString(REMOTE_CHAIN_ID), "/tokenURI?uint256="
        );
    }
}
