// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Edge} from "../../src/dispute/Edges.sol";

/// @notice A history that changes seldom: from leaf `starts[k]` on it is `leaves[k]`.
struct Sparse {
    uint8 height;
    uint256[] starts;
    bytes32[] leaves;
}

/// @notice Nodes and proofs of histories by docs/dispute.md, sharing no code with the contract.
library SparseHistory {
    function constant_(uint8 height, bytes32 leaf) internal pure returns (Sparse memory s) {
        s.height = height;
        s.starts = new uint256[](1);
        s.leaves = new bytes32[](1);
        s.leaves[0] = leaf;
    }

    /// @dev The same until leaf `from`, which and all later ones are `leaf`.
    function fork(Sparse memory s, uint256 from, bytes32 leaf) internal pure returns (Sparse memory t) {
        uint256 kept = 0;
        while (kept < s.starts.length && s.starts[kept] < from) ++kept;
        t.height = s.height;
        t.starts = new uint256[](kept + 1);
        t.leaves = new bytes32[](kept + 1);
        for (uint256 i = 0; i < kept; ++i) {
            (t.starts[i], t.leaves[i]) = (s.starts[i], s.leaves[i]);
        }
        (t.starts[kept], t.leaves[kept]) = (from, leaf);
    }

    function leafAt(Sparse memory s, uint256 index) internal pure returns (bytes32) {
        return s.leaves[_runOf(s, index)];
    }

    function nodeAt(Sparse memory s, uint256 height, uint256 index) internal pure returns (bytes32 node) {
        uint256 run = _runOf(s, index << height);
        if (run + 1 == s.starts.length || s.starts[run + 1] >= (index + 1) << height) {
            node = s.leaves[run];
            for (uint256 i = 0; i < height; ++i) {
                node = _hash(node, node);
            }
            return node;
        }
        return _hash(nodeAt(s, height - 1, 2 * index), nodeAt(s, height - 1, 2 * index + 1));
    }

    function root(Sparse memory s) internal pure returns (bytes32) {
        return nodeAt(s, s.height, 0);
    }

    function spine(Sparse memory s) internal pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](s.height);
        for (uint256 k = 0; k < s.height; ++k) {
            nodes[k] = nodeAt(s, k, 2 ** (s.height - k) - 2);
        }
    }

    function prefixAt(Sparse memory s, uint256 height, uint256 index) internal pure returns (bytes32 prefix) {
        for (uint256 h = s.height; h > height; --h) {
            uint256 child = index >> (h - 1 - height);
            if (child % 2 == 1) prefix = _hash(prefix, nodeAt(s, h - 1, child - 1));
        }
    }

    function edgeAt(Sparse memory s, bytes32 origin, uint8 level, uint8 height, uint64 index)
        internal
        pure
        returns (Edge memory)
    {
        return Edge(origin, level, height, index, prefixAt(s, height, index), nodeAt(s, height, index));
    }

    /// @dev The proof of the leaf before leaf `index`.
    function before(Sparse memory s, uint256 index) internal pure returns (bytes32[] memory proof) {
        if (index == 0) return proof;
        uint256 t = 0;
        while (index % 2 ** (t + 1) == 0) ++t;
        proof = new bytes32[](t + 2);
        proof[0] = leafAt(s, index - 1);
        for (uint256 k = 0; k < t; ++k) {
            proof[1 + k] = nodeAt(s, k, (index - 1) / 2 ** k - 1);
        }
        proof[t + 1] = prefixAt(s, t, index / 2 ** t - 1);
    }

    function _runOf(Sparse memory s, uint256 index) private pure returns (uint256 run) {
        run = s.starts.length - 1;
        while (s.starts[run] > index) --run;
    }

    function _hash(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right));
    }
}
