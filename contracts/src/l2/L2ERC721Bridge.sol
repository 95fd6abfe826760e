// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721Bridge} from "../bridge/ERC721Bridge.sol";
import {ICrossDomainMessenger} from "../bridge/ICrossDomainMessenger.sol";
import {Predeploys} from "./Predeploys.sol";

/// @title L2ERC721Bridge
/// @notice The bridge for ERC-721 tokens on the rollup.
contract L2ERC721Bridge is ERC721Bridge {
    /// @param otherBridge_ The bridge on the parent chain.
    constructor(address otherBridge_) ERC721Bridge(ICrossDomainMessenger(Predeploys.MESSENGER), otherBridge_) {}
}
