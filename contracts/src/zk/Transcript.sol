// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4, NotCanonical, P} from "./Ext4.sol";

/// @title The transcript AK1: what was absorbed since the last challenge, hashed behind the state (docs/stark.md,
/// section 2).
/// @notice The calldata's bytes are the absorbed bytes. A challenge is one hash, and nothing of a hash is kept, but for
/// query indices, of which each hash gives eight.
/// @dev Memory at `t`: where the buffer ends | the last digest | pieces of it left for indices | state | buffer.
library Transcript {
    uint256 private constant DIGEST = 0x20;
    uint256 private constant LEFT = 0x40;
    uint256 private constant STATE = 0x60;
    uint256 private constant BUFFER = 0x80;
    /// @notice keccak256("altana.swirl.keccak.v1").
    bytes32 internal constant START = keccak256("altana.swirl.keccak.v1");

    /// @notice A transcript that has absorbed nothing, with room for `capacity` bytes between two challenges.
    function create(uint256 capacity) internal pure returns (uint256 t) {
        t = resume(START, capacity);
    }

    /// @notice A transcript that goes on from `state`.
    function resume(bytes32 state, uint256 capacity) internal pure returns (uint256 t) {
        assembly ("memory-safe") {
            t := mload(0x40)
            // A word is left behind the buffer, as some write whole words at its end.
            mstore(0x40, add(t, and(add(capacity, 0xff), not(0x1f))))
            mstore(t, add(t, BUFFER))
            mstore(add(t, LEFT), 0)
            mstore(add(t, STATE), state)
        }
    }

    /// @notice Absorbs `length` bytes of the calldata from `from` on.
    function absorb(uint256 t, uint256 from, uint256 length) internal pure {
        assembly ("memory-safe") {
            let end := mload(t)
            calldatacopy(end, from, length)
            mstore(t, add(end, length))
            mstore(add(t, LEFT), 0)
        }
    }

    /// @notice Absorbs a whole word.
    function absorbWord(uint256 t, bytes32 word) internal pure {
        assembly ("memory-safe") {
            let end := mload(t)
            mstore(end, word)
            mstore(t, add(end, 0x20))
            mstore(add(t, LEFT), 0)
        }
    }

    /// @notice Absorbs `length` bytes of memory from `from` on.
    function absorbMemory(uint256 t, uint256 from, uint256 length) internal pure {
        assembly ("memory-safe") {
            let end := mload(t)
            mcopy(end, from, length)
            mstore(t, add(end, length))
            mstore(add(t, LEFT), 0)
        }
    }

    /// @notice Absorbs `count` elements of the calldata from `from` on, each followed by a zero element.
    function absorbPadded(uint256 t, uint256 from, uint256 count) internal pure {
        assembly ("memory-safe") {
            let end := mload(t)
            let until := add(end, shl(5, count))
            for {} lt(end, until) {} {
                mstore(end, shl(128, shr(128, calldataload(from))))
                from := add(from, 0x10)
                end := add(end, 0x20)
            }
            mstore(t, end)
            mstore(add(t, LEFT), 0)
        }
    }

    /// @notice The next digest; it is the new state.
    function squeeze(uint256 t) internal pure returns (uint256 digest) {
        assembly ("memory-safe") {
            let state := add(t, STATE)
            digest := keccak256(state, sub(mload(t), state))
            mstore(state, digest)
            mstore(t, add(t, BUFFER))
            mstore(add(t, LEFT), 0)
        }
    }

    /// @notice A challenge: each lane is a quarter of a digest mod p.
    function sample(uint256 t) internal pure returns (uint256) {
        return Ext4.reduce(squeeze(t));
    }

    /// @notice Whether the witness in the four bytes of calldata at `pos` makes the next digest end in `bits` zeros.
    /// @dev With no bits nothing is absorbed, and the witness is zero, as it would be free otherwise.
    function proved(uint256 t, uint256 pos, uint256 bits) internal pure returns (bool) {
        uint256 witness;
        assembly ("memory-safe") {
            witness := shr(224, calldataload(pos))
        }
        if (bits == 0) return witness == 0;
        if (witness >= P) revert NotCanonical();
        absorb(t, pos, 4);
        unchecked {
            return squeeze(t) & ((1 << bits) - 1) == 0;
        }
    }

    /// @notice A number of `bits` bits, up to 32: a piece of the last digest, from its low end on.
    function index(uint256 t, uint256 bits) internal pure returns (uint256 piece) {
        uint256 left;
        assembly ("memory-safe") {
            left := mload(add(t, LEFT))
            piece := mload(add(t, DIGEST))
        }
        if (left == 0) {
            piece = squeeze(t);
            left = 8;
        }
        assembly ("memory-safe") {
            mstore(add(t, LEFT), sub(left, 1))
            mstore(add(t, DIGEST), shr(32, piece))
            piece := and(piece, sub(shl(bits, 1), 1))
        }
    }

    /// @notice The state, with nothing absorbed since.
    function current(uint256 t) internal pure returns (bytes32 state) {
        assembly ("memory-safe") {
            state := mload(add(t, STATE))
        }
    }
}
