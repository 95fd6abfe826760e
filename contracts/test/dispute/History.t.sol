// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {History} from "../../src/dispute/History.sol";
import {Test} from "../base/Test.sol";
import {Sparse, SparseHistory} from "./Sparse.sol";

/// @notice Names, spines and proofs of the leaf before, against trees that are written out leaf by leaf.
/// forge-config: default.fuzz.runs = 32
contract HistoryTest is Test {
    using Edges for Edge;
    using SparseHistory for Sparse;

    uint8 private constant HEIGHT = 5;
    uint256 private constant SIZE = 32;

    function root(bytes32 lastLeaf, bytes32[] calldata spine, uint256 height) external pure returns (bytes32) {
        return History.root(lastLeaf, spine, height);
    }

    function leafBefore(uint64 index, bytes32 prefix, bytes32[] calldata proof) external pure returns (bytes32) {
        return History.leafBefore(index, prefix, proof);
    }

    function _leaves(uint256 seed) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }

    /// @dev The tree row by row: row h has the nodes of height h.
    function _rows(bytes32[] memory leaves) private pure returns (bytes32[][] memory rows) {
        rows = new bytes32[][](HEIGHT + 1);
        rows[0] = leaves;
        for (uint256 h = 1; h <= HEIGHT; ++h) {
            rows[h] = new bytes32[](SIZE >> h);
            for (uint256 i = 0; i < rows[h].length; ++i) {
                rows[h][i] = keccak256(bytes.concat(rows[h - 1][2 * i], rows[h - 1][2 * i + 1]));
            }
        }
    }

    function _sparse(bytes32[] memory leaves) private pure returns (Sparse memory s) {
        s = SparseHistory.constant_(HEIGHT, leaves[0]);
        for (uint256 i = 1; i < SIZE; ++i) {
            s = s.fork(i, leaves[i]);
        }
    }

    function test_kit_agrees_with_the_tree(uint256 seed) external pure {
        bytes32[] memory leaves = _leaves(seed);
        bytes32[][] memory rows = _rows(leaves);
        Sparse memory s = _sparse(leaves);
        for (uint256 h = 0; h <= HEIGHT; ++h) {
            for (uint256 i = 0; i < rows[h].length; ++i) {
                vm.assertEq(s.nodeAt(h, i), rows[h][i]);
            }
        }
        vm.assertEq(s.root(), rows[HEIGHT][0]);
    }

    function test_padded_history_is_the_one_that_is_written_out(uint256 seed) external pure {
        bytes32[] memory leaves = _leaves(seed);
        uint256 end = seed % SIZE;
        for (uint256 i = end; i < SIZE; ++i) {
            leaves[i] = leaves[end];
        }
        Sparse memory s = SparseHistory.constant_(HEIGHT, leaves[0]);
        for (uint256 i = 1; i <= end; ++i) {
            s = s.fork(i, leaves[i]);
        }
        vm.assertEq(s.root(), _rows(leaves)[HEIGHT][0]);
    }

    function test_root_of_a_spine(uint256 seed) external view {
        bytes32[] memory leaves = _leaves(seed);
        bytes32[] memory spine = _sparse(leaves).spine();
        bytes32 whole = _rows(leaves)[HEIGHT][0];
        vm.assertEq(this.root(leaves[SIZE - 1], spine, HEIGHT), whole);
        vm.assertNotEq(this.root(leaves[SIZE - 2], spine, HEIGHT), whole);
        spine[seed % HEIGHT] ^= bytes32(uint256(1));
        vm.assertNotEq(this.root(leaves[SIZE - 1], spine, HEIGHT), whole);
    }

    function test_root_otherLength_reverts(uint8 length) external {
        vm.assume(length != HEIGHT);
        vm.expectRevert(abi.encodeWithSelector(History.WrongLength.selector, length, HEIGHT));
        this.root(0, new bytes32[](length), HEIGHT);
    }

    function test_leafBefore_every_leaf(uint256 seed) external view {
        bytes32[] memory leaves = _leaves(seed);
        Sparse memory s = _sparse(leaves);
        for (uint64 i = 1; i < SIZE; ++i) {
            bytes32 prefix = s.prefixAt(0, i);
            vm.assertEq(this.leafBefore(i, prefix, s.before(i)), leaves[i - 1]);
        }
    }

    function test_leafBefore_anything_changed_reverts(uint256 seed) external {
        Sparse memory s = _sparse(_leaves(seed));
        for (uint64 i = 1; i < SIZE; ++i) {
            bytes32 prefix = s.prefixAt(0, i);
            bytes32[] memory proof = s.before(i);
            proof[seed % proof.length] ^= bytes32(seed | 1);
            vm.expectRevert(History.WrongPredecessor.selector);
            this.leafBefore(i, prefix, proof);
        }
    }

    function test_leafBefore_of_another_leaf_reverts(uint256 seed) external {
        Sparse memory s = _sparse(_leaves(seed));
        for (uint64 i = 1; i < SIZE - 1; ++i) {
            bytes32[] memory proof = s.before(i);
            bytes32 prefix = s.prefixAt(0, i + 1);
            // Either its length tells, or its hash.
            vm.expectRevert();
            this.leafBefore(i + 1, prefix, proof);
        }
    }

    function test_names_are_those_of_the_specification(Edge memory e) external pure {
        bytes32 place = keccak256(abi.encode(e.origin, e.level, e.height, e.index, e.prefix));
        vm.assertEq(e.place(), place);
        vm.assertEq(e.id(), keccak256(abi.encode(place, e.node)));
        vm.assertEq(Edges.idAt(place, e.node), e.id());
    }

    /// @dev From the root down, children have the prefixes that the tree gives them.
    function test_children_lie_where_the_tree_has_them(uint256 seed) external pure {
        Sparse memory s = _sparse(_leaves(seed));
        for (uint8 h = HEIGHT; h > 0; --h) {
            for (uint64 i = 0; i < SIZE >> h; ++i) {
                Edge memory e = s.edgeAt(bytes32(seed), 1, h, i);
                Edge memory left = s.edgeAt(bytes32(seed), 1, h - 1, 2 * i);
                Edge memory right = s.edgeAt(bytes32(seed), 1, h - 1, 2 * i + 1);
                vm.assertEq(e.leftOf(left.node).id(), left.id());
                vm.assertEq(e.rightOf(left.node, right.node).id(), right.id());
            }
        }
    }

    function test_heights_add_up() external pure {
        vm.assertEq(Edges.heightOf(0), 12);
        vm.assertEq(Edges.heightOf(1), 22);
        vm.assertEq(Edges.heightOf(2), 16);
    }
}
