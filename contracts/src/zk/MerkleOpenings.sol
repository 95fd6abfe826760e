// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Openings of codewords: rows and paths (docs/stark.md, sections 2 and 6, step 2).
library MerkleOpenings {
    /// @notice The root over leaves of a tree of depth `depth`, with the siblings in the calldata from `pos` on: level by
    /// level, from left to right, one for each node whose sibling is not there already.
    /// @param nodes Pairs of words in memory: a leaf's index and its digest, indices ascending and distinct. Written over;
    /// one more word behind them is free.
    /// @return node The root.
    /// @return end The first byte behind the siblings.
    function root(uint256 nodes, uint256 count, uint256 depth, uint256 pos)
        internal
        pure
        returns (bytes32 node, uint256 end)
    {
        assembly ("memory-safe") {
            let last := add(nodes, shl(6, count))
            for {} depth { depth := sub(depth, 1) } {
                // No index: the last node has no neighbour.
                mstore(last, not(0))
                let to := nodes
                for { let from := nodes } lt(from, last) {} {
                    let index := mload(from)
                    let side := shl(5, and(index, 1))
                    mstore(side, mload(add(from, 0x20)))
                    from := add(from, 0x40)
                    // The neighbour of an even index is the odd one behind it.
                    switch and(eq(mload(from), add(index, 1)), iszero(side))
                    case 0 {
                        mstore(xor(side, 0x20), calldataload(pos))
                        pos := add(pos, 0x20)
                    }
                    default {
                        mstore(0x20, mload(add(from, 0x20)))
                        from := add(from, 0x40)
                    }
                    mstore(to, shr(1, index))
                    mstore(add(to, 0x20), keccak256(0x00, 0x40))
                    to := add(to, 0x40)
                }
                last := to
            }
            node := mload(add(nodes, 0x20))
            end := pos
        }
    }

    /// @notice The digest of 2^`log` rows of `size` bytes each in the calldata at `pos`: the root of a tree over their
    /// hashes. Memory at `buffer` has room for all hashes and all rows.
    function leaf(uint256 pos, uint256 size, uint256 log, uint256 buffer) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let count := shl(log, 1)
            let rows := add(buffer, shl(5, count))
            calldatacopy(rows, pos, shl(log, size))
            let end := rows
            for { let to := buffer } lt(to, end) { to := add(to, 0x20) } {
                mstore(to, keccak256(rows, size))
                rows := add(rows, size)
            }
            for { count := shr(1, count) } count { count := shr(1, count) } {
                let from := buffer
                end := add(buffer, shl(5, count))
                for { let to := buffer } lt(to, end) { to := add(to, 0x20) } {
                    mstore(to, keccak256(from, 0x40))
                    from := add(from, 0x40)
                }
            }
            digest := mload(buffer)
        }
    }
}
