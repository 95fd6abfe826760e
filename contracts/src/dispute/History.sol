// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Histories: complete binary trees over the states that a computation goes through (docs/dispute.md, section 1).
/// @dev Heights are fixed, and every proof here has a fixed length. So no inner node passes for a leaf.
library History {
    /// @notice A list of nodes has `given` of them and not `expected`.
    error WrongLength(uint256 given, uint256 expected);
    /// @notice What is given as the leaf before does not lead to the edge's prefix.
    error WrongPredecessor();

    /// @notice The node above two.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            hash := keccak256(0x00, 0x40)
        }
    }

    /// @notice The root of a history of that height, by its last leaf and the nodes left of that one's path, from the
    /// leaf upwards.
    function root(bytes32 lastLeaf, bytes32[] calldata spine, uint256 height) internal pure returns (bytes32 hash) {
        if (spine.length != height) revert WrongLength(spine.length, height);
        hash = lastLeaf;
        for (uint256 i = 0; i < height; ++i) {
            hash = node(spine[i], hash);
        }
    }

    /// @notice The leaf before leaf `index`, which is not the first, by the prefix of that one's edge.
    /// @dev On the way down to the leaf, everything below the last turn to the right goes left and keeps the prefix.
    /// That turn's left sibling ends with the leaf before. `proof` is this leaf, the nodes left of its path within the
    /// sibling, and the prefix before the sibling.
    function leafBefore(uint64 index, bytes32 prefix, bytes32[] calldata proof) internal pure returns (bytes32 leaf) {
        uint256 turn = 0;
        while (index >> turn & 1 == 0) ++turn;
        if (proof.length != turn + 2) revert WrongLength(proof.length, turn + 2);
        leaf = proof[0];
        bytes32 sibling = root(leaf, proof[1:turn + 1], turn);
        if (node(proof[turn + 1], sibling) != prefix) revert WrongPredecessor();
    }
}
