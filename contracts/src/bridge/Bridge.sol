// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Alias} from "../libraries/Alias.sol";
import {ICrossDomainMessenger} from "./ICrossDomainMessenger.sol";

/// @title Bridge
/// @notice One end of a bridge: it trusts its messenger, and through it the other end.
abstract contract Bridge is ReentrancyGuardTransient {
    /// @notice The messenger on this chain.
    ICrossDomainMessenger public immutable MESSENGER;

    /// @notice The bridge on the other chain.
    address public immutable OTHER_BRIDGE;

    /// @notice The caller is a contract; use the function that names the receiver.
    error OnlyExternallyOwned();
    /// @notice Only the bridge on the other chain may do this, through the messengers.
    error OnlyOtherBridge();
    /// @notice The local token is the image of another token than the one named.
    error WrongRemoteToken(address localToken, address remoteToken);

    /// @dev Lets accounts with a key pass. A contract's address need not be its owner's on the other chain, so what
    ///      sends "to the same address" is for keys only.
    modifier onlyExternallyOwned() {
        if (!Alias.callerHasKey()) revert OnlyExternallyOwned();
        _;
    }

    /// @dev Lets calls of the other bridge pass: the messenger must be calling, and the other bridge must have asked
    ///      it to.
    modifier onlyOtherBridge() {
        if (msg.sender != address(MESSENGER) || MESSENGER.xDomainMessageSender() != OTHER_BRIDGE) {
            revert OnlyOtherBridge();
        }
        _;
    }

    /// @param messenger_ The messenger on this chain.
    /// @param otherBridge_ The bridge on the other chain.
    constructor(ICrossDomainMessenger messenger_, address otherBridge_) {
        MESSENGER = messenger_;
        OTHER_BRIDGE = otherBridge_;
    }

    /// @notice The messenger on this chain.
    function messenger() external view returns (ICrossDomainMessenger) {
        return MESSENGER;
    }

    /// @notice The bridge on the other chain.
    function otherBridge() external view returns (address) {
        return OTHER_BRIDGE;
    }

    /// @notice Whether arrivals are paused.
    function paused() external view returns (bool) {
        return MESSENGER.paused();
    }
}
