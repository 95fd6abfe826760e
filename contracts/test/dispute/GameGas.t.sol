// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaim} from "../../src/interfaces/IClaim.sol";
import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameTest, Side} from "./GameTest.sol";
import {Sparse, SparseHistory} from "./Sparse.sol";

/// @notice What a dispute costs, move by move: whole transactions, calldata included, on cold state.
/// @dev `forge test --mc GameGasTest` rewrites `snapshots/game.json`; `FORGE_SNAPSHOT_CHECK=true` compares instead. The
/// bounds that we promise are asserted.
/// forge-config: default.isolate = true
contract GameGasTest is GameTest {
    using Edges for Edge;
    using SparseHistory for Sparse;

    Side private a;
    Side private b;

    function setUp() public override {
        super.setUp();
        _commit("one");
        a = _honest(alice, 0);
        b = _liar(mallory, 0, 1, 0, 21);
    }

    function _took(string memory name, uint256 most) private {
        vm.assertLe(vm.snapshotGasLastCall("game", name), most, name);
    }

    function test_gas_claims() external {
        _claimAs(a);
        _took("propose", 360_000);
        _claimAs(b);
        _took("propose a rival", 350_000);
        _commit("two");
        _claimAs(_honest(alice, 1));
        _took("propose on one's own claim", 350_000);
    }

    /// @dev Twenty more claims that nobody confirmed.
    function test_gas_walk() external {
        for (uint64 i = 0; i < 21; ++i) {
            // The toy has no more blocks than that; what is claimed does not matter here.
            bytes32 hash = inbox.batchHash(i + 1);
            uint256 due = game.bond(i, alice);
            IClaim parent = settlement.claimAt(i);
            vm.prank(alice);
            settlement.propose{value: due}(parent, i + 1, hash, keccak256("root"), i + 1, new bytes(384));
            if (i == 20) _took("propose, 20 claims behind the last that is confirmed", 450_000);
            _commit("more");
        }
        game.status(21);
        _took("status of an open claim, 21 behind the last that is confirmed", 100_000);
        skip(WINDOW);
        game.status(21);
        _took("status, 21 claims behind the last that is confirmed", 100_000);
        game.confirm(20);
        _took("confirm, 20 claims behind", 150_000);
        game.confirm(21);
        _took("confirm", 60_000);
        game.status(21);
        _took("status of what is confirmed", 30_000);
        game.settle(21);
        _took("settle", 100_000);
        vm.prank(alice);
        game.withdraw();
        _took("withdraw", 50_000);
    }

    function test_gas_bisect() external {
        _claimAs(a);
        _claimAs(b);
        _bisect(_blocks(a), _rootOf(a));
        _took("bisect", 130_000);
        _bisect(_blocks(b), _rootOf(b));
        _took("bisect the rival", 130_000);
    }

    function test_gas_multi() external {
        _claimAs(a);
        _claimAs(b);
        (Sparse memory h, Edge memory e) = (_blocks(a), _rootOf(a));
        (Sparse memory hb, Edge memory lie) = (_blocks(b), _rootOf(b));
        bytes[] memory moves = new bytes[](24);
        for (uint256 k = 0; k < 12; ++k) {
            moves[2 * k] = abi.encodeCall(FaultProof.bisect, (e, _left(h, e).node, _right(h, e).node));
            moves[2 * k + 1] = abi.encodeCall(FaultProof.bisect, (lie, _left(hb, lie).node, _right(hb, lie).node));
            (e, lie) = (_left(h, e), _left(hb, lie));
        }
        game.multi(moves);
        _took("24 bisections at once", 2_600_000);
    }

    function test_gas_down_to_a_proof() external {
        (Edge memory e, Edge memory lie) = _toBlock(a, b);
        _descendAs(a, e, 1);
        _took("descend into a block", 320_000);
        _descendAs(b, lie, 1);
        _took("descend into a block after the rival", 250_000);
        Edge memory root = _refining(a, e, 1);
        (Edge memory s, Edge memory t) = _part(_strides(a, 1), _strides(b, 1), root, 0);
        _descendAs(a, s, 1);
        _took("descend into a stride", 280_000);
        _descendAs(b, t, 1);
        Edge memory inner = _refining(a, s, 1);
        (e,) = _part(_instructions(a, 1, 0), _instructions(b, 1, 0), inner, 21);
        (, bytes memory witness) = _stateAt(_question(a, 1), 21);
        bytes32[] memory proof = _instructions(a, 1, 0).before(21);
        game.prove(e, proof, witness);
        _took("prove", 150_000);
        skip(WINDOW);
        _creditAll(a);
        game.confirmEdge(inner);
        _took("confirmEdge", 70_000);
        game.settleEdge(inner);
        _took("settleEdge", 90_000);
    }

    function test_gas_proveRepeat() external {
        b = _liar(mallory, 0, 1024, 0, 0);
        (Edge memory e,) = _toBlock(a, b);
        bytes32[] memory proof = _blocks(a).before(1024);
        game.proveRepeat(e, proof);
        _took("proveRepeat", 100_000);
    }

    function test_gas_credit() external {
        _toBlock(a, b);
        skip(100);
        Sparse memory h = _blocks(a);
        FaultProof.Credit[] memory list = new FaultProof.Credit[](10);
        for (uint8 i = 0; i < 10; ++i) {
            Edge memory e = _edge(h, 0, 0, i + 2, 1);
            list[i] = FaultProof.Credit(e, _left(h, e).node, _right(h, e).node);
        }
        // The lowest but one has gained time by its right child alone: nothing to write down yet.
        Edge memory low = _edge(h, 0, 0, 1, 1);
        _creditOne(low, _left(h, low).node, _right(h, low).node);
        _took("credit an edge that gained nothing", 60_000);
        game.credit(list);
        uint256 ten = vm.snapshotGasLastCall("game", "credit ten edges");
        vm.assertLe((ten - 21_000) / 10, 20_000);
    }
}
