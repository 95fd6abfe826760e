// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Openings of codewords: rows and paths (docs/stark.md, sections 2 and 6, step 2).
library MerkleOpenings {
    /// @notice The root that the path in the calldata at `path`, of `depth` siblings, leads to from the digest of leaf `index`.
    function climb(bytes32 digest, uint256 index, uint256 path, uint256 depth) internal pure returns (bytes32 node) {
        assembly ("memory-safe") {
            node := digest
            for { let end := add(path, shl(5, depth)) } lt(path, end) { path := add(path, 0x20) } {
                let side := shl(5, and(index, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(path))
                node := keccak256(0x00, 0x40)
                index := shr(1, index)
            }
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
