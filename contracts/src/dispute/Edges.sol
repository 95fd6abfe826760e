// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {History} from "./History.sol";

/// @dev The level whose steps are blocks.
uint8 constant BLOCKS = 0;
/// @dev The level whose steps are 2^16 instructions of one block.
uint8 constant STRIDES = 1;
/// @dev The level whose steps are the instructions of one stride.
uint8 constant INSTRUCTIONS = 2;

/// @notice A node of a history, at its place (docs/dispute.md, section 4).
/// @param origin What the history is about: for blocks the parent claim's index, else the place of the edge that this
/// level refines.
/// @param level Which steps the history counts.
/// @param height The node covers 2^height leaves.
/// @param index It is the node with this number of its height.
/// @param prefix Commits to everything before it; zero if that is nothing.
/// @param node The hash.
struct Edge {
    bytes32 origin;
    uint8 level;
    uint8 height;
    uint64 index;
    bytes32 prefix;
    bytes32 node;
}

/// @title The names of edges, and the edges that follow from one.
library Edges {
    /// @notice The height of a history of this level.
    function heightOf(uint8 level) internal pure returns (uint8) {
        if (level == BLOCKS) return 12;
        return level == STRIDES ? 22 : 16;
    }

    /// @notice Where the edge lies. Edges with one place and different nodes are rivals.
    /// @dev `keccak256(abi.encode(...))` of all fields but the node: a struct in memory is its encoding already.
    function place(Edge memory edge) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(edge, 0xa0)
        }
    }

    /// @notice The name of an edge at that place.
    function idAt(bytes32 place_, bytes32 node) internal pure returns (bytes32) {
        return History.node(place_, node);
    }

    /// @notice The name of the edge.
    function id(Edge memory edge) internal pure returns (bytes32) {
        return idAt(place(edge), edge.node);
    }

    /// @notice The edge of a whole history.
    function root(bytes32 origin, uint8 level, bytes32 node) internal pure returns (Edge memory) {
        return Edge(origin, level, heightOf(level), 0, 0, node);
    }

    /// @notice The left child of `edge`, which is not a leaf. No index is above 2^22, so none overflows.
    function leftOf(Edge memory edge, bytes32 left) internal pure returns (Edge memory) {
        return Edge(edge.origin, edge.level, edge.height - 1, 2 * edge.index, edge.prefix, left);
    }

    /// @notice The right child: what is before it is all that is before its parent, and its sibling.
    function rightOf(Edge memory edge, bytes32 left, bytes32 right) internal pure returns (Edge memory) {
        bytes32 prefix = History.node(edge.prefix, left);
        return Edge(edge.origin, edge.level, edge.height - 1, 2 * edge.index + 1, prefix, right);
    }
}
