// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice A part of the witness is missing.
error WitnessTooShort();
/// @notice The witness goes on for `count` bytes behind its end.
error TrailingBytes(uint256 count);
