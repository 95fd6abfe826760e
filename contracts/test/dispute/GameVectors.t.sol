// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Edge, Edges, STRIDES} from "../../src/dispute/Edges.sol";
import {History} from "../../src/dispute/History.sol";
import {State, VALID} from "../../src/dispute/State.sol";
import {Protocol} from "../../src/libraries/Protocol.sol";
import {Test} from "../base/Test.sol";

/// @notice The names of edges, spines, proofs of the leaf before and end states, as the Rust players make them.
contract GameVectorsTest is Test {
    using Edges for Edge;
    using State for bytes;

    string private constant FILE = "test/dispute/vectors/game.json";

    /// @dev Rows of the file; forge wants the fields of JSON in the order of the alphabet.
    struct EdgeRow {
        uint256 height;
        bytes32 id;
        uint256 index;
        bytes32 left;
        bytes32 leftId;
        uint256 level;
        bytes32 node;
        bytes32 origin;
        bytes32 place;
        bytes32 prefix;
        bytes32 right;
        bytes32 rightId;
    }

    struct SpineRow {
        bytes32 last;
        bytes32 root;
        bytes32[] spine;
    }

    struct BeforeRow {
        uint256 index;
        bytes32 leaf;
        bytes32 prefix;
        bytes32[] proof;
    }

    struct LeafRow {
        bytes32 batchHash;
        uint256 blockIndex;
        uint256 blockNumber;
        bytes32 configHash;
        bytes32 input;
        bytes32 leaf;
        bytes32 outputRoot;
    }

    struct EndRow {
        bytes32 hash;
        bytes32 id;
        bytes32 leaf;
        bytes32[] spine;
        bytes state;
        bytes32 upperPlace;
    }

    function root(bytes32 lastLeaf, bytes32[] calldata spine, uint256 height) external pure returns (bytes32) {
        return History.root(lastLeaf, spine, height);
    }

    function leafBefore(uint64 index, bytes32 prefix, bytes32[] calldata proof) external pure returns (bytes32) {
        return History.leafBefore(index, prefix, proof);
    }

    function ending(bytes calldata state) external pure returns (uint8 status, bytes32 result, bytes32 hash) {
        return (state.status(), state.result(), state.hash());
    }

    function _rows(string memory key) private view returns (bytes memory) {
        return vm.parseJson(vm.readFile(FILE), key);
    }

    function test_edges_have_the_players_names() external view {
        EdgeRow[] memory rows = abi.decode(_rows(".edges"), (EdgeRow[]));
        vm.assertGe(rows.length, 20);
        for (uint256 i = 0; i < rows.length; ++i) {
            EdgeRow memory row = rows[i];
            Edge memory e =
                Edge(row.origin, uint8(row.level), uint8(row.height), uint64(row.index), row.prefix, row.node);
            vm.assertEq(e.place(), row.place);
            vm.assertEq(e.id(), row.id);
            if (row.height == 0) continue;
            vm.assertEq(History.node(row.left, row.right), row.node);
            vm.assertEq(e.leftOf(row.left).id(), row.leftId);
            vm.assertEq(e.rightOf(row.left, row.right).id(), row.rightId);
        }
    }

    function test_spines_lead_to_the_players_roots() external view {
        SpineRow[] memory rows = abi.decode(_rows(".spines"), (SpineRow[]));
        vm.assertGe(rows.length, 5);
        for (uint256 i = 0; i < rows.length; ++i) {
            vm.assertEq(this.root(rows[i].last, rows[i].spine, rows[i].spine.length), rows[i].root);
        }
    }

    function test_leaves_before_are_the_players() external {
        BeforeRow[] memory rows = abi.decode(_rows(".befores"), (BeforeRow[]));
        vm.assertGe(rows.length, 30);
        for (uint256 i = 0; i < rows.length; ++i) {
            BeforeRow memory row = rows[i];
            vm.assertEq(this.leafBefore(uint64(row.index), row.prefix, row.proof), row.leaf);
            vm.expectRevert(History.WrongPredecessor.selector);
            this.leafBefore(uint64(row.index), ~row.prefix, row.proof);
        }
    }

    function test_block_leaves_and_inputs_are_the_players() external view {
        LeafRow[] memory rows = abi.decode(_rows(".leaves"), (LeafRow[]));
        vm.assertGe(rows.length, 4);
        for (uint256 i = 0; i < rows.length; ++i) {
            LeafRow memory row = rows[i];
            vm.assertEq(Protocol.blockLeaf(row.outputRoot, uint64(row.blockNumber)), row.leaf);
            bytes32 input = Protocol.blockInput(row.configHash, row.leaf, row.batchHash, uint64(row.blockIndex));
            vm.assertEq(input, row.input);
        }
    }

    function test_end_states_end_the_players_histories() external view {
        EndRow[] memory rows = abi.decode(_rows(".endStates"), (EndRow[]));
        vm.assertGe(rows.length, 2);
        for (uint256 i = 0; i < rows.length; ++i) {
            EndRow memory row = rows[i];
            vm.assertEq(row.state.length, State.BYTES);
            (uint8 status, bytes32 result, bytes32 hash) = this.ending(row.state);
            vm.assertEq(status, VALID);
            vm.assertEq(result, row.leaf);
            vm.assertEq(hash, row.hash);
            bytes32 node = this.root(hash, row.spine, Edges.heightOf(STRIDES));
            vm.assertEq(Edges.root(row.upperPlace, STRIDES, node).id(), row.id);
        }
    }
}
