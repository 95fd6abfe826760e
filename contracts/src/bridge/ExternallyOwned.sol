// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Alias} from "../libraries/Alias.sol";

/// @title ExternallyOwned
/// @notice Tells accounts that a key controls from contracts. A contract's address need not be its owner's on the
///         other chain, so what sends "to the same address" is for keys only.
abstract contract ExternallyOwned {
    /// @notice The caller is a contract; use the function that names the receiver.
    error OnlyExternallyOwned();

    /// @dev Lets accounts with a key pass.
    modifier onlyExternallyOwned() {
        if (!Alias.callerHasKey()) revert OnlyExternallyOwned();
        _;
    }
}
