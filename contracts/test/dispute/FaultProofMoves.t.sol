// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../../src/dispute/Bonds.sol";
import {Clocks} from "../../src/dispute/Clocks.sol";
import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {History} from "../../src/dispute/History.sol";
import {Step} from "../../src/dispute/Step.sol";
import {TrailingBytes} from "../../src/dispute/Witness.sol";
import {BondedClaims} from "../../src/validity/BondedClaims.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameTest, Side} from "./GameTest.sol";
import {Sparse, SparseHistory} from "./Sparse.sol";

/// @notice Every move, and every reason to refuse one.
contract FaultProofMovesTest is GameTest {
    using Edges for Edge;
    using SparseHistory for Sparse;

    uint64 private constant BLOCK = 1;
    uint64 private constant STRIDE = 4;
    uint64 private constant INSTRUCTION = 40;

    Side private a;
    Side private b;

    function setUp() public virtual override {
        super.setUp();
        _commit("one");
        a = _honest(alice, 0);
        b = _liar(mallory, 0, BLOCK, STRIDE, INSTRUCTION);
    }

    function _refuses(bytes4 selector, bytes32 argument) private {
        vm.expectRevert(abi.encodeWithSelector(selector, argument));
    }

    // bisect

    function test_bisect_adds_both_children() external {
        _claimAs(a);
        _claimAs(b);
        (Edge memory e, Sparse memory h) = (_rootOf(a), _blocks(a));
        (Edge memory left, Edge memory right) = (_left(h, e), _right(h, e));
        vm.assertEq(right.prefix, keccak256(abi.encode(bytes32(0), left.node)));
        vm.assertEq(left.prefix, 0);
        vm.expectEmit(address(game));
        emit Clocks.EdgeBisected(e.id());
        vm.expectEmit(address(game));
        emit Clocks.EdgeAdded(e.origin, left.id(), left, 0);
        vm.expectEmit(address(game));
        emit Clocks.EdgeAdded(e.origin, right.id(), right, 0);
        _bisect(h, e);
        vm.assertTrue(_look(e).bisected);
        skip(10);
        FaultProof.EdgeState memory state = _look(left);
        vm.assertTrue(state.exists && !state.rivalled && !state.bisected && !state.proven && !state.confirmed);
        vm.assertEq(state.unrivalledSeconds, 10);
        vm.assertEq(state.creditedSeconds, 10);
    }

    function test_bisect_leaves_a_child_that_is_there() external {
        _claimAs(a);
        _claimAs(b);
        _bisect(_blocks(a), _rootOf(a));
        skip(10);
        // They part in the first half, whose rival it becomes; where it parts, the second half has another place.
        _bisect(_blocks(b), _rootOf(b));
        Edge memory left = _left(_blocks(a), _rootOf(a));
        vm.assertTrue(_look(left).rivalled);
        vm.assertEq(_look(left).unrivalledSeconds, 10);
        vm.assertFalse(_look(_right(_blocks(a), _rootOf(a))).rivalled);
        vm.assertEq(_look(_left(_blocks(b), _rootOf(b))).unrivalledSeconds, 0);
    }

    /// @dev Only the first rival ends an edge's time: a later one neither gives any back nor takes more.
    function test_bisect_second_rival_changes_no_timer() external {
        Side memory c = _liar(carol, 0, BLOCK, 0, 0);
        _claimAs(a);
        _claimAs(b);
        _claimAs(c);
        _bisect(_blocks(a), _rootOf(a));
        skip(10);
        _bisect(_blocks(b), _rootOf(b));
        skip(10);
        _bisect(_blocks(c), _rootOf(c));
        skip(10);
        vm.assertEq(_look(_left(_blocks(a), _rootOf(a))).unrivalledSeconds, 10);
        vm.assertEq(_look(_left(_blocks(b), _rootOf(b))).unrivalledSeconds, 0);
        vm.assertEq(_look(_left(_blocks(c), _rootOf(c))).unrivalledSeconds, 0);
    }

    /// @dev A claim's root edge counts like any other.
    function test_rivalled_root_keeps_the_time_it_stood_alone() external {
        _claimAs(a);
        skip(WINDOW / 2);
        vm.assertEq(_look(_rootOf(a)).unrivalledSeconds, WINDOW / 2);
        _claimAs(b);
        skip(10);
        vm.assertEq(_look(_rootOf(a)).unrivalledSeconds, WINDOW / 2);
        vm.assertEq(_look(_rootOf(a)).creditedSeconds, WINDOW / 2);
        vm.assertEq(_look(_rootOf(b)).creditedSeconds, 0);
    }

    function test_bisect_shares_a_child_on_which_they_agree() external {
        b = _liar(mallory, 0, 3000, 0, 0); // in the second half
        _claimAs(a);
        _claimAs(b);
        _bisect(_blocks(a), _rootOf(a));
        skip(10);
        _bisect(_blocks(b), _rootOf(b));
        Edge memory left = _left(_blocks(a), _rootOf(a));
        vm.assertEq(left.id(), _left(_blocks(b), _rootOf(b)).id());
        vm.assertFalse(_look(left).rivalled);
        vm.assertTrue(_look(_right(_blocks(a), _rootOf(a))).rivalled);
        vm.assertEq(_right(_blocks(a), _rootOf(a)).place(), _right(_blocks(b), _rootOf(b)).place());
    }

    function test_bisect_anyField_changed_reverts(uint256 seed) external {
        _claimAs(a);
        _claimAs(b);
        Edge memory e = _rootOf(a);
        uint256 field = seed % 6;
        if (field == 0) e.origin = bytes32(uint256(1));
        if (field == 1) e.level = uint8(bound(seed >> 8, 1, 255));
        if (field == 2) e.height = uint8(bound(seed >> 8, 13, 255));
        if (field == 3) e.index = uint64(bound(seed >> 8, 1, type(uint64).max));
        if (field == 4) e.prefix = bytes32(seed | 1);
        if (field == 5) e.node = bytes32(seed);
        _refuses(Clocks.NoSuchEdge.selector, e.id());
        game.bisect(e, bytes32(seed), 0);
    }

    function test_bisect_noRival_reverts() external {
        _claimAs(a);
        Edge memory e = _rootOf(a);
        (bytes32 left, bytes32 right) = (_left(_blocks(a), e).node, _right(_blocks(a), e).node);
        _refuses(Clocks.NotRivalled.selector, e.id());
        game.bisect(e, left, right);
    }

    function test_bisect_otherChildren_reverts() external {
        _claimAs(a);
        _claimAs(b);
        Edge memory e = _rootOf(a);
        (bytes32 left, bytes32 right) = (_left(_blocks(a), e).node, _right(_blocks(a), e).node);
        vm.expectRevert(FaultProof.WrongChildren.selector);
        game.bisect(e, right, left);
        left = _left(_blocks(b), e).node;
        vm.expectRevert(FaultProof.WrongChildren.selector);
        game.bisect(e, left, right);
    }

    function test_bisect_twice_reverts() external {
        _claimAs(a);
        _claimAs(b);
        Edge memory e = _rootOf(a);
        (bytes32 left, bytes32 right) = (_left(_blocks(a), e).node, _right(_blocks(a), e).node);
        game.bisect(e, left, right);
        _refuses(Clocks.AlreadyBisected.selector, e.id());
        vm.prank(bob);
        game.bisect(e, left, right);
    }

    function test_bisect_leaf_reverts() external {
        (Edge memory e,) = _toBlock(a, b);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.bisect(e, 0, 0);
    }

    // descend

    function test_descend_adds_a_root_edge_that_refines() external {
        (Edge memory e,) = _toBlock(a, b);
        Edge memory root = _refining(a, e, BLOCK);
        vm.assertEq(root.origin, e.place());
        vm.expectEmit(address(game));
        emit Clocks.EdgeAdded(e.place(), root.id(), root, e.id());
        _descendAs(a, e, BLOCK);
        vm.assertTrue(_look(root).exists);
        vm.assertEq(address(game).balance, 2 * CLAIM_BOND + STRIDES_BOND);
        vm.assertEq(bob.balance, 1_000 ether);
    }

    function test_descend_wrongBond_reverts() external {
        (Edge memory e,) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(BLOCK);
        bytes32[] memory spine = _strides(a, BLOCK).spine();
        bytes memory end = _endOf(a, BLOCK);
        uint256[4] memory wrong = [0, STRIDES_BOND - 1, STRIDES_BOND + 1, CLAIM_BOND];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Bonds.WrongBond.selector, STRIDES_BOND));
            game.descend{value: wrong[i]}(e, proof, spine, end);
        }
    }

    function test_descend_unknown_or_unrivalled_reverts() external {
        _claimAs(a);
        _claimAs(b);
        Edge memory e = _edge(_blocks(a), 0, 0, 0, BLOCK);
        _refuses(Clocks.NoSuchEdge.selector, e.id());
        game.descend{value: STRIDES_BOND}(e, new bytes32[](0), new bytes32[](22), "");
        for (uint8 height = 12; height > 0; --height) {
            _bisect(_blocks(a), _edge(_blocks(a), 0, 0, height, BLOCK));
            if (height > 1) _bisect(_blocks(b), _edge(_blocks(b), 0, 0, height, BLOCK));
        }
        _refuses(Clocks.NotRivalled.selector, e.id());
        game.descend{value: STRIDES_BOND}(e, new bytes32[](0), new bytes32[](22), "");
    }

    function test_descend_notALeaf_reverts() external {
        _claimAs(a);
        _claimAs(b);
        Edge memory e = _rootOf(a);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.descend{value: STRIDES_BOND}(e, new bytes32[](0), new bytes32[](22), "");
    }

    function test_descend_below_an_instruction_reverts() external {
        (Edge memory e,) = _toInstruction(a, b);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.descend{value: STEPS_BOND}(e, new bytes32[](0), new bytes32[](16), "");
    }

    function test_descend_spine_of_another_length_reverts() external {
        (Edge memory e,) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(BLOCK);
        bytes memory end = _endOf(a, BLOCK);
        uint256[4] memory wrong = [uint256(0), 16, 21, 23];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(History.WrongLength.selector, wrong[i], 22));
            game.descend{value: STRIDES_BOND}(e, proof, new bytes32[](wrong[i]), end);
        }
    }

    function test_descend_end_of_a_wrong_length_reverts() external {
        (Edge memory e,) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(BLOCK);
        bytes32[] memory spine = new bytes32[](22);
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory end = i == 0 ? bytes("") : abi.encodePacked(_endOf(a, BLOCK), uint8(0));
            vm.expectRevert(FaultProof.WrongEndState.selector);
            game.descend{value: STRIDES_BOND}(e, proof, spine, end);
        }
    }

    /// @dev A program that fails on a block has no valid end there. Who makes one up must not win by that: whoever shows
    /// how the machine really ends contradicts it, without supporting a claim.
    function test_descend_end_that_supports_no_edge_contradicts_all() external {
        (Edge memory e, Edge memory f) = _toBlock(a, b);
        _descendAs(b, f, BLOCK);
        Edge memory lie = _refining(b, f, BLOCK);
        bytes32[] memory proof = _blocks(a).before(BLOCK);
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory end = _endOf(a, BLOCK);
            if (i < 3) end[48] = bytes1(uint8(i + 1)); // its status
            else end[i == 3 ? 129 : 160] ^= 0x01; // what it says
            game.descend{value: STRIDES_BOND}(e, proof, new bytes32[](22), end);
            bytes32 node = bytes32(uint256(uint8(end[48])) << 248 | uint256(keccak256(end)) << 8 >> 8);
            for (uint256 k = 0; k < 22; ++k) {
                node = keccak256(abi.encodePacked(bytes32(0), node));
            }
            vm.assertTrue(_look(Edges.root(e.place(), 1, node)).exists);
            vm.expectPartialRevert(FaultProof.NotRefined.selector);
            _creditOne(e, node, 0);
        }
        skip(2 * WINDOW);
        vm.assertTrue(_look(lie).rivalled);
        vm.assertTrue(_look(lie).creditedSeconds < WINDOW);
        _creditOne(f, lie.node, 0);
        vm.assertTrue(_look(f).creditedSeconds < WINDOW);
    }

    /// @dev Who opens the true history from a wrong edge does not keep the right edge from it.
    function test_descend_refines_the_edge_that_the_end_names() external {
        (Edge memory e, Edge memory f) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(b).before(BLOCK);
        bytes32[] memory spine = _strides(a, BLOCK).spine();
        game.descend{value: STRIDES_BOND}(f, proof, spine, _endOf(a, BLOCK));
        Edge memory root = _refining(a, e, BLOCK);
        vm.assertTrue(_look(root).exists);
        skip(100);
        _creditOne(e, root.node, 0);
        vm.assertEq(_look(e).creditedSeconds, _look(e).unrivalledSeconds + 100);
        vm.expectPartialRevert(FaultProof.NotRefined.selector);
        _creditOne(f, root.node, 0);
    }

    function test_descend_into_instructions_with_an_end_reverts() external {
        (Edge memory e,) = _toStride(a, b);
        bytes32[] memory proof = _strides(a, BLOCK).before(STRIDE);
        bytes memory end = _endOf(a, BLOCK);
        vm.expectRevert(FaultProof.WrongEndState.selector);
        game.descend{value: STEPS_BOND}(e, proof, new bytes32[](16), end);
    }

    function test_descend_wrong_predecessor_reverts(uint256 seed) external {
        (Edge memory e,) = _toStride(a, b);
        bytes32[] memory spine = _instructions(a, BLOCK, STRIDE).spine();
        bytes32[] memory proof = _strides(a, BLOCK).before(STRIDE);
        vm.assertEq(proof.length, 4);
        for (uint256 i = 0; i < proof.length; ++i) {
            proof[i] ^= bytes32(seed | 1);
            vm.expectRevert(History.WrongPredecessor.selector);
            game.descend{value: STEPS_BOND}(e, proof, spine, "");
            proof[i] ^= bytes32(seed | 1);
        }
        for (uint256 length = 0; length < 7; ++length) {
            if (length == 4) continue;
            vm.expectRevert(abi.encodeWithSelector(History.WrongLength.selector, length, 4));
            game.descend{value: STEPS_BOND}(e, new bytes32[](length), spine, "");
        }
        game.descend{value: STEPS_BOND}(e, proof, spine, "");
    }

    function test_descend_first_leaf_with_a_predecessor_reverts() external {
        b = _liar(mallory, 0, 0, 0, 0);
        (Edge memory e,) = _toBlock(a, b);
        bytes memory end = _endOf(a, 0);
        vm.expectRevert(abi.encodeWithSelector(History.WrongLength.selector, 1, 0));
        game.descend{value: STRIDES_BOND}(e, new bytes32[](1), new bytes32[](22), end);
    }

    function test_descend_behind_the_last_batch_reverts() external {
        b = _liar(mallory, 0, 1024, 0, 0);
        (Edge memory e,) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(1024);
        bytes memory end = _endOf(a, 1023);
        bytes32[] memory spine = _strides(a, 1023).spine();
        vm.expectRevert(abi.encodeWithSelector(FaultProof.BatchNotCovered.selector, 2));
        game.descend{value: STRIDES_BOND}(e, proof, spine, end);
    }

    /// @dev Whoever copies a move pays for it; the one that comes second has its bond back.
    function test_descend_same_history_reverts() external {
        (Edge memory e,) = _toBlock(a, b);
        Side memory copy = _honest(bob, 0);
        _descendAs(copy, e, BLOCK);
        uint256 balance = alice.balance;
        bytes32[] memory proof = _blocks(a).before(BLOCK);
        bytes32[] memory spine = _strides(a, BLOCK).spine();
        bytes memory end = _endOf(a, BLOCK);
        _refuses(Clocks.EdgeExists.selector, _refining(a, e, BLOCK).id());
        vm.prank(alice);
        game.descend{value: STRIDES_BOND}(e, proof, spine, end);
        vm.assertEq(alice.balance, balance);
    }

    // prove

    function test_prove_makes_a_timer_infinite() external {
        (Edge memory e,) = _toInstruction(a, b);
        (, bytes memory witness) = _stateAt(_question(a, BLOCK), TOY_STEPS);
        bytes32[] memory proof = _instructions(a, BLOCK, STRIDE).before(INSTRUCTION);
        vm.expectEmit(address(game));
        emit Clocks.EdgeProven(e.id());
        game.prove(e, proof, witness);
        vm.assertTrue(_look(e).proven);
        vm.assertEq(_look(e).creditedSeconds, type(uint64).max);
        _refuses(Clocks.AlreadyProven.selector, e.id());
        game.prove(e, proof, witness);
    }

    function test_prove_wrong_instruction_reverts() external {
        (, Edge memory e) = _toInstruction(a, b);
        (, bytes memory witness) = _stateAt(_question(a, BLOCK), TOY_STEPS);
        bytes32[] memory proof = _instructions(b, BLOCK, STRIDE).before(INSTRUCTION);
        _refuses(FaultProof.WrongResult.selector, _hashOf(_endOf(a, BLOCK)));
        game.prove(e, proof, witness);
    }

    function test_prove_from_another_state_reverts() external {
        (Edge memory e, Edge memory lie) = _toInstruction(a, b);
        bytes32[] memory proof = _instructions(a, BLOCK, STRIDE).before(INSTRUCTION);
        bytes memory end = _endOf(b, BLOCK);
        _refuses(FaultProof.WrongStateBefore.selector, _hashOf(end));
        game.prove(e, proof, end);
        _refuses(FaultProof.WrongStateBefore.selector, _hashOf(end));
        game.prove(lie, proof, end);
        proof[0] = _hashOf(end);
        vm.expectRevert(History.WrongPredecessor.selector);
        game.prove(lie, proof, end);
    }

    /// @dev The machine is asked about this very block: a witness for another input leads nowhere.
    function test_prove_read_of_another_input_reverts() external {
        b = _liar(mallory, 0, BLOCK, 0, 2);
        (, Edge memory lie) = _toInstruction(a, b);
        (, bytes memory witness) = _stateAt(_question(a, BLOCK), 2);
        bytes32[] memory proof = _instructions(a, BLOCK, 0).before(2);
        bytes32 right = _run(_question(a, BLOCK))[3];
        _refuses(FaultProof.WrongResult.selector, right);
        game.prove(lie, proof, witness);
    }

    function test_prove_first_instruction_starts_with_the_program() external {
        b = _liar(mallory, 0, BLOCK, 0, 0);
        (Edge memory e,) = _toInstruction(a, b);
        (, bytes memory witness) = _stateAt(_question(a, BLOCK), 0);
        game.prove(e, new bytes32[](0), witness);
        vm.assertTrue(_look(e).proven);
    }

    function test_prove_first_instruction_from_elsewhere_reverts() external {
        b = _liar(mallory, 0, BLOCK, 0, 0);
        (Edge memory e,) = _toInstruction(a, b);
        (, bytes memory witness) = _stateAt(_question(a, BLOCK), 1);
        _refuses(FaultProof.WrongStateBefore.selector, _run(_question(a, BLOCK))[1]);
        game.prove(e, new bytes32[](0), witness);
    }

    function test_prove_bad_witness_reverts() external {
        (Edge memory e,) = _toInstruction(a, b);
        bytes memory witness = abi.encodePacked(_endOf(a, BLOCK), uint8(0));
        bytes32[] memory proof = _instructions(a, BLOCK, STRIDE).before(INSTRUCTION);
        vm.expectRevert(abi.encodeWithSelector(TrailingBytes.selector, 1));
        game.prove(e, proof, witness);
    }

    function test_prove_another_level_or_height_reverts() external {
        (Edge memory e,) = _toStride(a, b);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.prove(e, new bytes32[](0), "");
        Edge memory root = _rootOf(a);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.prove(root, new bytes32[](0), "");
        root.index = 1;
        _refuses(Clocks.NoSuchEdge.selector, root.id());
        game.prove(root, new bytes32[](0), "");
    }

    // proveRepeat

    function test_proveRepeat_behind_the_last_batch() external {
        b = _liar(mallory, 0, 1024, 0, 0);
        (Edge memory e, Edge memory lie) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(1024);
        vm.assertEq(proof.length, 12);
        _refuses(FaultProof.WrongResult.selector, _blockLeaf(2));
        game.proveRepeat(lie, proof);
        game.proveRepeat(e, proof);
        vm.assertTrue(_look(e).proven);
        _refuses(Clocks.AlreadyProven.selector, e.id());
        game.proveRepeat(e, proof);
    }

    function test_proveRepeat_within_the_batches_reverts() external {
        b = _liar(mallory, 0, 1023, 0, 0);
        (Edge memory e,) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(1023);
        vm.expectRevert(abi.encodeWithSelector(FaultProof.BatchCovered.selector, 1));
        game.proveRepeat(e, proof);
    }

    function test_proveRepeat_of_other_edges_reverts() external {
        (Edge memory e,) = _toStride(a, b);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.proveRepeat(e, new bytes32[](0));
        Edge memory root = _rootOf(a);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.proveRepeat(root, new bytes32[](0));
        root.node = 0;
        _refuses(Clocks.NoSuchEdge.selector, root.id());
        game.proveRepeat(root, new bytes32[](0));
    }

    // credit

    function test_credit_takes_the_weaker_child() external {
        _claimAs(a);
        _claimAs(b);
        (Edge memory e, Sparse memory h) = (_rootOf(a), _blocks(a));
        _bisect(h, e);
        skip(100);
        _bisect(_blocks(b), _rootOf(b));
        skip(50);
        vm.assertEq(_look(_left(h, e)).creditedSeconds, 100);
        vm.assertEq(_look(_right(h, e)).creditedSeconds, 150);
        vm.assertEq(_look(e).creditedSeconds, 0);
        _creditOne(e, _left(h, e).node, _right(h, e).node);
        vm.assertEq(_look(e).creditedSeconds, 100);
        skip(50); // the weaker child has a rival, and gains nothing
        _creditOne(e, _left(h, e).node, _right(h, e).node);
        vm.assertEq(_look(e).creditedSeconds, 100);
    }

    function test_credit_takes_the_best_refinement() external {
        Side memory c = _liar(carol, 0, BLOCK, STRIDE + 1, 0);
        c.lie = b.lie; // the same claim, by another way through the block
        (, Edge memory e) = _toBlock(a, b);
        _descendAs(b, e, BLOCK);
        skip(100);
        _descendAs(c, e, BLOCK);
        skip(100);
        _creditOne(e, _refining(c, e, BLOCK).node, 0);
        vm.assertEq(_look(e).creditedSeconds, 0);
        _creditOne(e, _refining(b, e, BLOCK).node, 0);
        vm.assertEq(_look(e).creditedSeconds, 100);
        _creditOne(e, _refining(c, e, BLOCK).node, 0);
        vm.assertEq(_look(e).creditedSeconds, 100);
    }

    function test_credit_goes_up_from_a_proof() external {
        _toInstruction(a, b);
        _play(a);
        _creditAll(a);
        vm.assertEq(_proofs, 1);
        // What is left is what has no rival: it gains time.
        vm.assertEq(_look(_rootOf(a)).creditedSeconds, 0);
        skip(1_000);
        _creditAll(a);
        vm.assertEq(_look(_rootOf(a)).creditedSeconds, 1_000);
    }

    function test_credit_refinement_of_the_rival_reverts() external {
        (Edge memory e, Edge memory lie) = _toBlock(a, b);
        _descendAs(a, e, BLOCK);
        bytes32 node = _refining(a, e, BLOCK).node;
        _refuses(FaultProof.NotRefined.selector, _refining(a, e, BLOCK).id());
        _creditOne(lie, node, 0);
        _creditOne(e, node, 0);
        bytes32 none = _refining(b, lie, BLOCK).id();
        bytes32 noneNode = _refining(b, lie, BLOCK).node;
        _refuses(FaultProof.NotRefined.selector, none);
        _creditOne(lie, noneNode, 0);
    }

    function test_credit_of_what_is_not_bisected_reverts() external {
        _claimAs(a);
        _claimAs(b);
        (Edge memory e, Sparse memory h) = (_rootOf(a), _blocks(a));
        (Edge memory left, Edge memory right) = (_left(h, e), _right(h, e));
        _refuses(Clocks.NoSuchEdge.selector, left.id());
        _creditOne(e, left.node, right.node);
        vm.expectRevert(FaultProof.WrongChildren.selector);
        _creditOne(e, right.node, left.node);
        e.node = 0;
        _refuses(Clocks.NoSuchEdge.selector, e.id());
        _creditOne(e, 0, 0);
    }

    /// @dev The left child is there, because the rival has the same one.
    function test_credit_with_the_rivals_child_reverts() external {
        b = _liar(mallory, 0, 3000, 0, 0);
        _claimAs(a);
        _claimAs(b);
        _bisect(_blocks(b), _rootOf(b));
        (Edge memory e, Sparse memory h) = (_rootOf(a), _blocks(a));
        (Edge memory left, Edge memory right) = (_left(h, e), _right(h, e));
        _refuses(Clocks.NoSuchEdge.selector, right.id());
        _creditOne(e, left.node, right.node);
    }

    function test_credit_of_an_instruction_reverts() external {
        (Edge memory e,) = _toInstruction(a, b);
        vm.expectRevert(FaultProof.WrongKind.selector);
        _creditOne(e, 0, 0);
    }

    // Root edges and their bonds

    function test_confirmEdge_and_settleEdge() external {
        (Edge memory e, Edge memory lie) = _toBlock(a, b);
        _descendAs(a, e, BLOCK);
        Edge memory won = _refining(a, e, BLOCK);
        skip(WINDOW - 1);
        vm.expectRevert(abi.encodeWithSelector(FaultProof.TooEarly.selector, WINDOW - 1));
        game.confirmEdge(won);
        vm.expectRevert(Bonds.NotDecided.selector);
        game.settleEdge(won);
        skip(1);
        _descendAs(b, lie, BLOCK); // too late: it can only lose
        Edge memory lost = _refining(b, lie, BLOCK);
        vm.expectEmit(address(game));
        emit FaultProof.EdgeConfirmed(won.id());
        game.confirmEdge(won);
        vm.assertTrue(_look(won).confirmed);
        vm.assertFalse(_look(lost).confirmed);
        skip(WINDOW);
        _refuses(FaultProof.PlaceDecided.selector, won.id());
        game.confirmEdge(won);
        _refuses(FaultProof.PlaceDecided.selector, won.id());
        game.confirmEdge(lost);

        vm.expectEmit(address(game));
        emit Bonds.BondSettled(won.id(), alice, STRIDES_BOND, 0);
        game.settleEdge(won);
        vm.expectEmit(address(game));
        emit Bonds.BondSettled(lost.id(), alice, STRIDES_BOND / 2, STRIDES_BOND / 2);
        game.settleEdge(lost);
        vm.assertEq(game.withdrawable(alice), STRIDES_BOND + STRIDES_BOND / 2);
        vm.assertEq(game.burnt(), STRIDES_BOND / 2);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settleEdge(won);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settleEdge(lost);
    }

    function test_confirmEdge_of_other_edges_reverts() external {
        (Edge memory e,) = _toBlock(a, b);
        skip(2 * WINDOW);
        Edge memory root = _rootOf(a);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.confirmEdge(root);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.confirmEdge(e);
        Edge memory none = _refining(a, e, BLOCK);
        _refuses(Clocks.NoSuchEdge.selector, none.id());
        game.confirmEdge(none);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settleEdge(root);
    }

    /// @dev If nobody answers in time, the first one to be confirmed wins.
    function test_confirmEdge_second_of_two_reverts() external {
        (Edge memory e, Edge memory lie) = _toBlock(a, b);
        _descendAs(a, e, BLOCK);
        skip(WINDOW);
        _descendAs(b, lie, BLOCK);
        Edge memory lost = _refining(b, lie, BLOCK);
        game.bisect(lost, _left(_strides(b, BLOCK), lost).node, _right(_strides(b, BLOCK), lost).node);
        skip(WINDOW);
        Sparse memory h = _strides(b, BLOCK);
        _creditOne(lost, _left(h, lost).node, _right(h, lost).node);
        Edge memory won = _refining(a, e, BLOCK);
        vm.assertGe(_look(won).creditedSeconds, WINDOW);
        vm.assertGe(_look(lost).creditedSeconds, WINDOW);
        game.confirmEdge(won);
        _refuses(FaultProof.PlaceDecided.selector, won.id());
        game.confirmEdge(lost);
    }

    // multi

    function _bisectCall(Sparse memory h, Edge memory e) private pure returns (bytes memory) {
        return abi.encodeCall(FaultProof.bisect, (e, _left(h, e).node, _right(h, e).node));
    }

    /// @dev A whole line of bisections, one of which somebody else makes first, and a move that is none.
    function test_multi_passes_over_what_is_refused() external {
        _claimAs(a);
        _claimAs(b);
        (Sparse memory ha, Sparse memory hb) = (_blocks(a), _blocks(b));
        (Edge memory ea, Edge memory eb) = (_rootOf(a), _rootOf(b));
        bytes[] memory moves = new bytes[](25);
        for (uint256 k = 0; k < 12; ++k) {
            (moves[2 * k], moves[2 * k + 1]) = (_bisectCall(ha, ea), _bisectCall(hb, eb));
            bool goesLeft = BLOCK >> (ea.height - 1) & 1 == 0;
            (ea, eb) = goesLeft ? (_left(ha, ea), _left(hb, eb)) : (_right(ha, ea), _right(hb, eb));
        }
        moves[24] = abi.encodeCall(FaultProof.confirmEdge, (ea));
        _bisect(ha, _rootOf(a));
        bool[] memory done = game.multi(moves);
        vm.assertFalse(done[0]);
        vm.assertFalse(done[24]);
        for (uint256 i = 1; i < 24; ++i) {
            vm.assertTrue(done[i]);
        }
        vm.assertTrue(_look(ea).rivalled && _look(eb).rivalled);
    }

    /// @dev What depends on the caller, or brings a bond, cannot be done this way, and harms nobody.
    function test_multi_is_nobody() external {
        (Edge memory ea,) = _toBlock(a, b);
        bytes[] memory moves = new bytes[](3);
        bytes32[] memory spine = _strides(a, BLOCK).spine();
        bytes32[] memory before = _blocks(a).before(ea.index);
        moves[0] = abi.encodeCall(FaultProof.descend, (ea, before, spine, _endOf(a, BLOCK)));
        moves[1] = abi.encodeCall(Bonds.withdraw, ());
        moves[2] = abi.encodeCall(BondedClaims.onClaim, (1, 0, alice, 0, ""));
        vm.prank(alice);
        bool[] memory done = game.multi(moves);
        vm.assertFalse(done[0] || done[1] || done[2]);
        moves[0] = abi.encodeCall(FaultProof.multi, (moves));
        vm.assertTrue(game.multi(moves)[0]);
    }

    /// @dev Else whoever asks what it costs would be told a price at which nothing happens.
    function test_multi_without_gas_reverts_as_a_whole() external {
        _claimAs(a);
        _claimAs(b);
        bytes[] memory moves = new bytes[](1);
        moves[0] = _bisectCall(_blocks(a), _rootOf(a));
        _refuses(FaultProof.OutOfGas.selector, 0);
        game.multi{gas: 60_000}(moves);
        moves[0] = hex"01020304";
        _refuses(FaultProof.OutOfGas.selector, 0);
        game.multi(moves);
        vm.assertEq(game.multi(new bytes[](0)).length, 0);
    }

    // Views

    function test_look_at_what_is_not_there() external view {
        Edge memory e;
        FaultProof.EdgeState memory state = _look(e);
        FaultProof.EdgeState memory nothing;
        vm.assertEq(keccak256(abi.encode(state)), keccak256(abi.encode(nothing)));
        vm.assertEq(game.look(new Edge[](0)).length, 0);
    }

    function test_levelBond_unknown_level_reverts() external {
        vm.assertEq(game.levelBond(0), CLAIM_BOND);
        vm.assertEq(game.levelBond(1), STRIDES_BOND);
        vm.assertEq(game.levelBond(2), STEPS_BOND);
        vm.expectRevert(FaultProof.WrongKind.selector);
        game.levelBond(3);
    }
}
