// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Predeploys} from "../l2/Predeploys.sol";
import {ERC721Bridge} from "./ERC721Bridge.sol";
import {ICrossDomainMessenger} from "./ICrossDomainMessenger.sol";

/// @title L1ERC721Bridge
/// @notice The bridge for ERC-721 tokens on the parent chain.
contract L1ERC721Bridge is ERC721Bridge {
    /// @param messenger_ The messenger on the parent chain.
    constructor(ICrossDomainMessenger messenger_) ERC721Bridge(messenger_, Predeploys.ERC721_BRIDGE) {}
}
