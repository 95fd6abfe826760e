// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {Bridge} from "./Bridge.sol";
import {ICrossDomainMessenger} from "./ICrossDomainMessenger.sol";
import {IOptimismMintableERC721} from "./IOptimismMintableERC721.sol";

/// @title ERC721Bridge
/// @notice What both ends of the bridge for ERC-721 tokens share. A collection is at home on one chain, where the
///         bridge holds tokens in escrow, and has an image on the other, which the bridge mints and burns.
/// @dev Escrow is kept for each pair of collections apart, so a dishonest collection can harm its own holders only.
abstract contract ERC721Bridge is Bridge {
    /// @notice Which tokens are held, for each local collection and its remote image.
    mapping(address localToken => mapping(address remoteToken => mapping(uint256 tokenId => bool))) public deposits;

    /// @notice A token left for the other chain.
    event ERC721BridgeInitiated(
        address indexed localToken,
        address indexed remoteToken,
        address indexed from,
        address to,
        uint256 tokenId,
        bytes extraData
    );

    /// @notice A token arrived from the other chain.
    event ERC721BridgeFinalized(
        address indexed localToken,
        address indexed remoteToken,
        address indexed from,
        address to,
        uint256 tokenId,
        bytes extraData
    );

    /// @notice Name the collection on the other chain.
    error RemoteTokenMissing();
    /// @notice Name a receiver.
    error ReceiverMissing();
    /// @notice A collection must not be the bridge.
    error TokenIsBridge();
    /// @notice The collection did not hand the token over.
    error NotReceived(address localToken, uint256 tokenId);
    /// @notice This token of this pair is not in the escrow.
    error NotDeposited(address localToken, address remoteToken, uint256 tokenId);

    /// @param messenger_ The messenger on this chain.
    /// @param otherBridge_ The bridge on the other chain.
    constructor(ICrossDomainMessenger messenger_, address otherBridge_) Bridge(messenger_, otherBridge_) {}

    /// @notice Bridges a token to the caller's address on the other chain. For accounts with a key only.
    /// @param localToken Collection on this chain.
    /// @param remoteToken The matching collection on the other chain; a wrong one loses the token.
    /// @param tokenId Token to take from the caller.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains, and nowhere else.
    function bridgeERC721(
        address localToken,
        address remoteToken,
        uint256 tokenId,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external onlyExternallyOwned {
        _bridge(localToken, remoteToken, msg.sender, tokenId, minGasLimit, extraData);
    }

    /// @notice Bridges a token.
    /// @param localToken Collection on this chain.
    /// @param remoteToken The matching collection on the other chain; a wrong one loses the token.
    /// @param to Receiver on the other chain. A contract must know ERC-721.
    /// @param tokenId Token to take from the caller.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains, and nowhere else.
    function bridgeERC721To(
        address localToken,
        address remoteToken,
        address to,
        uint256 tokenId,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external {
        if (to == address(0)) revert ReceiverMissing();
        _bridge(localToken, remoteToken, to, tokenId, minGasLimit, extraData);
    }

    /// @notice Mints or releases a token that was bridged on the other chain.
    /// @param localToken Collection on this chain.
    /// @param remoteToken Collection on the other chain.
    /// @param from Who sent it there.
    /// @param to Who receives it here.
    /// @param tokenId Which token.
    /// @param extraData What the sender attached.
    function finalizeBridgeERC721(
        address localToken,
        address remoteToken,
        address from,
        address to,
        uint256 tokenId,
        bytes calldata extraData
    ) external nonReentrant onlyOtherBridge {
        if (localToken == address(this)) revert TokenIsBridge();
        if (_isImage(localToken, remoteToken)) {
            IOptimismMintableERC721(localToken).safeMint(to, tokenId);
        } else {
            _release(localToken, remoteToken, to, tokenId);
        }
        emit ERC721BridgeFinalized(localToken, remoteToken, from, to, tokenId, extraData);
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "2.5.0";
    }

    /// @dev Takes a token from the caller and has it delivered on the other chain.
    function _bridge(
        address localToken,
        address remoteToken,
        address to,
        uint256 tokenId,
        uint32 minGasLimit,
        bytes calldata extraData
    ) private nonReentrant {
        if (remoteToken == address(0)) revert RemoteTokenMissing();
        if (_isImage(localToken, remoteToken)) {
            IOptimismMintableERC721(localToken).burn(msg.sender, tokenId);
        } else {
            _escrow(localToken, remoteToken, tokenId);
        }
        emit ERC721BridgeInitiated(localToken, remoteToken, msg.sender, to, tokenId, extraData);
        // There, our remote collection is the local one.
        MESSENGER.sendMessage(
            OTHER_BRIDGE,
            abi.encodeCall(this.finalizeBridgeERC721, (remoteToken, localToken, msg.sender, to, tokenId, extraData)),
            minGasLimit
        );
    }

    /// @dev Takes a token into the escrow of a pair. `transferFrom`, because this contract needs no notice.
    function _escrow(address localToken, address remoteToken, uint256 tokenId) private {
        deposits[localToken][remoteToken][tokenId] = true;
        IERC721(localToken).transferFrom(msg.sender, address(this), tokenId);
        if (IERC721(localToken).ownerOf(tokenId) != address(this)) revert NotReceived(localToken, tokenId);
    }

    /// @dev Pays a token out of the escrow of a pair.
    function _release(address localToken, address remoteToken, address to, uint256 tokenId) private {
        if (!deposits[localToken][remoteToken][tokenId]) revert NotDeposited(localToken, remoteToken, tokenId);
        deposits[localToken][remoteToken][tokenId] = false;
        IERC721(localToken).safeTransferFrom(address(this), to, tokenId);
    }

    /// @dev Whether the local collection is an image, and then that it is this remote collection's.
    function _isImage(address localToken, address remoteToken) private view returns (bool) {
        if (!ERC165Checker.supportsInterface(localToken, type(IOptimismMintableERC721).interfaceId)) return false;
        if (IOptimismMintableERC721(localToken).remoteToken() != remoteToken) {
            revert WrongRemoteToken(localToken, remoteToken);
        }
        return true;
    }
}
