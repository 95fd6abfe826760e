// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What the second part of a verification needs of the first (docs/stark.md, section 4).
library Checkpoint {
    bytes32 private constant DOMAIN = keccak256("altana.swirl.checkpoint.v1");
    /// @notice Offsets of its parts: the transcript's state, the commitment, the stacked reduction's challenge and sum, the
    /// point.
    uint256 internal constant COMMITMENT = 32;
    uint256 internal constant LAMBDA = 64;
    uint256 internal constant SUM = 80;
    uint256 internal constant POINT = 96;

    /// @notice Its length, for a point of `n` + 1 coordinates.
    function length(uint256 n) internal pure returns (uint256) {
        unchecked {
            return POINT + 16 * (n + 1);
        }
    }

    /// @notice The id of a checkpoint of a proof of `claim` for a key.
    function id(bytes32 keyHash, bytes calldata claim, bytes memory checkpoint) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(DOMAIN, keyHash, keccak256(claim), checkpoint));
    }
}
