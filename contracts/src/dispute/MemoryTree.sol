// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {WitnessTooShort} from "./Witness.sol";

/// @title The machine's memory: a Merkle tree over 2^27 leaves of 32 bytes (docs/machine.md, sections 1 and 5).
library MemoryTree {
    /// @notice Levels between a leaf and the root.
    uint256 private constant DEPTH = 27;
    /// @notice Bytes of a leaf.
    uint256 private constant LEAF = 32;
    /// @notice Bytes of a proof before its siblings: leaf and mask.
    uint256 private constant HEAD = 36;

    /// @notice A proof's mask names levels that the tree does not have.
    error BadMask(uint32 mask);
    /// @notice A proof leads to `computed`, which is not the state's memory.
    error WrongMemoryRoot(bytes32 computed);

    /// @notice The leaf that holds byte `addr` of the memory under `root`, by the proof that `rest` starts with.
    /// @return leaf Its 32 bytes.
    /// @return length Bytes of the proof.
    function open(bytes calldata rest, bytes32 root, uint64 addr) internal pure returns (bytes32 leaf, uint256 length) {
        if (rest.length < HEAD) revert WitnessTooShort();
        leaf = bytes32(rest[:LEAF]);
        bytes32 computed;
        (computed, length) = fold(rest, addr, leaf);
        if (computed != root) revert WrongMemoryRoot(computed);
    }

    /// @notice The root over `leaf` as the one that holds byte `addr`, among the siblings of the proof that `rest`
    /// starts with.
    /// @dev Two nodes lie side by side in scratch space to be hashed. Plain Solidity takes three times the gas, and a
    /// store folds three times.
    /// @return node The root.
    /// @return length Bytes of the proof.
    function fold(bytes calldata rest, uint64 addr, bytes32 leaf) internal pure returns (bytes32 node, uint256 length) {
        uint32 mask = uint32(bytes4(rest[LEAF:HEAD]));
        if (mask >> DEPTH != 0) revert BadMask(mask);
        uint256 index = addr / LEAF;
        node = leaf;
        assembly ("memory-safe") {
            let next := add(rest.offset, HEAD)
            let zeros := 0
            for { let level := 0 } lt(level, DEPTH) { level := add(level, 1) } {
                let sibling := zeros
                if and(shr(level, mask), 1) {
                    sibling := calldataload(next)
                    next := add(next, 0x20)
                }
                let side := shl(5, and(shr(level, index), 1))
                mstore(side, node)
                mstore(xor(side, 0x20), sibling)
                node := keccak256(0x00, 0x40)
                mstore(0x00, zeros)
                mstore(0x20, zeros)
                zeros := keccak256(0x00, 0x40)
            }
            length := sub(next, rest.offset)
        }
        // What was read behind the end counts for nothing.
        if (rest.length < length) revert WitnessTooShort();
    }

    /// @notice The `size` bytes from byte `addr` on as a little-endian number. They do not cross a leaf.
    function load(bytes32 leaf, uint64 addr, uint256 size) internal pure returns (uint64) {
        uint64 bigEndian = uint64(uint256(leaf) << 8 * (addr % LEAF) >> 8 * (LEAF - size));
        return reverse(bigEndian) >> uint64(8 * (8 - size));
    }

    /// @notice The leaf with the lowest `size` bytes of `value` put at byte `addr`, little-endian.
    function store(bytes32 leaf, uint64 addr, uint256 size, uint64 value) internal pure returns (bytes32) {
        uint256 bigEndian = reverse(value) >> 8 * (8 - size);
        uint256 shift = 8 * (LEAF - size - addr % LEAF);
        uint256 hole = ((1 << 8 * size) - 1) << shift;
        return bytes32(uint256(leaf) & ~hole | bigEndian << shift);
    }

    /// @notice The eight bytes of `x` in reverse.
    function reverse(uint64 x) internal pure returns (uint64) {
        x = (x & 0x00ff00ff00ff00ff) << 8 | (x >> 8 & 0x00ff00ff00ff00ff);
        x = (x & 0x0000ffff0000ffff) << 16 | (x >> 16 & 0x0000ffff0000ffff);
        return x << 32 | x >> 32;
    }
}
