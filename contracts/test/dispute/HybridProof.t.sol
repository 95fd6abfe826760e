// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../../src/dispute/Bonds.sol";
import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {Rounds} from "../../src/dispute/Rounds.sol";
import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {HybridProof} from "../../src/validity/HybridProof.sol";
import {ValidityProofs} from "../../src/validity/ValidityProofs.sol";
import {Side} from "./GameTest.sol";
import {HybridTest} from "./HybridTest.sol";

/// @notice A proof ends a dispute, and nothing else than it should.
contract HybridProofTest is HybridTest {
    using Edges for Edge;

    Side private _truth;
    Side private _lie;

    function setUp() public override {
        super.setUp();
        _commit("one");
        _truth = _honest(alice, 0);
        _lie = _liar(mallory, 0, 1, 0, 21);
    }

    function test_contract_fits() external view {
        vm.assertLe(address(game).code.length, 24_576);
    }

    function test_constructor_keeps_what_it_was_told() external view {
        HybridProof hybrid = _hybrid();
        vm.assertEq(hybrid.settlement(), address(settlement));
        vm.assertEq(hybrid.step(), address(stepper));
        vm.assertEq(hybrid.windowSeconds(), WINDOW);
        vm.assertEq(hybrid.claimBond(), CLAIM_BOND);
        vm.assertEq(hybrid.openings(), address(book));
        vm.assertEq(hybrid.keyHash(), KEY);
        vm.assertEq(hybrid.exeCommit(), EXE);
        vm.assertEq(hybrid.vmCommit(), ZKVM);
    }

    function test_constructor_badField_reverts() external {
        string[4] memory names = ["windowSeconds", "step", "openings", "keyHash"];
        for (uint256 field = 0; field < names.length; ++field) {
            HybridProof.HybridConfig memory c = _hybridConfig();
            if (field == 0) c.game.windowSeconds = 0;
            if (field == 1) c.game.step = makeAddr("no code");
            if (field == 2) c.proofs.openings = makeAddr("no code");
            if (field == 3) c.proofs.keyHash = 0;
            vm.expectRevert(abi.encodeWithSelector(Rounds.BadConfig.selector, names[field]));
            new HybridProof(c);
        }
    }

    // Alone

    function test_proved_claim_does_not_wait_for_its_window() external {
        _claimAs(_truth);
        uint64 end = uint64(vm.getBlockTimestamp()) + WINDOW;
        skip(1 hours);
        vm.assertEq(settlement.claimAt(1).expectedResolution(), end);
        _proveClaim(1);
        uint256 since = vm.getBlockTimestamp();
        _expectFor(1, ClaimStatus.Final, since);
        _rivalRefused(1);
        skip(WINDOW);
        _expectFor(1, ClaimStatus.Final, since);
        vm.assertEq(settlement.claimAt(1).expectedResolution(), since);
    }

    /// @dev In the block in which its window ends, and later: it has won by then.
    function test_proveClaim_after_the_window_reverts(uint32 late) external {
        _claimAs(_truth);
        skip(WINDOW + uint256(late));
        uint256 since = vm.getBlockTimestamp() - late;
        bytes32 history = _verified(1);
        vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, 1));
        _hybrid().proveClaim(1, history, "");
        _expectFor(1, ClaimStatus.Final, since);
    }

    function test_proveClaim_in_the_last_second_of_the_window() external {
        _claimAs(_truth);
        skip(WINDOW - 1);
        _proveClaim(1);
        uint256 since = vm.getBlockTimestamp();
        skip(1);
        _expectFor(1, ClaimStatus.Final, since);
    }

    /// @dev Nobody contradicted the wrong claim: a proof of the right one comes too late for it to be made.
    function test_wrong_claim_that_stood_alone_has_won() external {
        _claimAs(_lie);
        skip(WINDOW);
        _rivalRefused(1);
        _expectStatus(1, ClaimStatus.Final);
    }

    function test_proveClaim_notProved_reverts() external {
        _claimAs(_truth);
        _claimAs(_lie);
        _verified(1);
        bytes32 history = game.rootEdge(2).node;
        bytes32 output = _output(settlement.publicInput(2), history, "");
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, _claimHash(output)));
        _hybrid().proveClaim(2, history, "");
    }

    function test_proveClaim_among_other_moves() external {
        _claimAs(_truth);
        _claimAs(_lie);
        bytes[] memory moves = new bytes[](2);
        moves[0] = abi.encodeCall(ValidityProofs.proveClaim, (2, game.rootEdge(2).node, ""));
        moves[1] = abi.encodeCall(ValidityProofs.proveClaim, (1, _verified(1), ""));
        bool[] memory done = game.multi(moves);
        vm.assertFalse(done[0]);
        vm.assertTrue(done[1]);
        _expectStatus(1, ClaimStatus.Final);
    }

    // Contested

    /// @dev After any number of moves, whoever claimed first, whoever is ahead.
    function test_proof_ends_a_dispute_at_every_stage() external {
        vm.pauseGasMetering();
        uint256 state = vm.snapshotState();
        uint256 done;
        for (uint256 limit = 0; done < 6; limit += 13) {
            for (uint256 first = 0; first < 2; ++first) {
                for (uint256 ahead = 0; ahead < 2; ++ahead) {
                    bool over = _disputeUpTo(limit, first == 0, ahead == 0);
                    if (over) ++done;
                    _proofEnds(first == 0 ? 1 : 2);
                    vm.revertToState(state);
                }
            }
        }
    }

    /// @dev Says whether nobody has a move left.
    function _disputeUpTo(uint256 limit, bool rightFirst, bool rightAhead) private returns (bool) {
        _claimAs(rightFirst ? _truth : _lie);
        skip(1 hours);
        _claimAs(rightFirst ? _lie : _truth);
        (Side memory a, Side memory b) = rightAhead ? (_truth, _lie) : (_lie, _truth);
        _limit = _moves + limit;
        while (_play(a) || _play(b)) {}
        bool over = _moves < _limit;
        skip(1 hours);
        return over;
    }

    function _proofEnds(uint64 right) private {
        uint64 wrong = 3 - right;
        _expectStatus(right, ClaimStatus.Pending);
        _proveClaim(right);
        uint256 since = vm.getBlockTimestamp();
        _expectFor(right, ClaimStatus.Final, since);
        _expectFor(wrong, ClaimStatus.Rejected, since);
        _rivalRefused(right);
        // Nobody answers any more, and all sums are made.
        skip(2 * WINDOW);
        _creditAll(_lie);
        _creditAll(_truth);
        bytes32 history = _verified(wrong); // what no prover could do
        vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, right));
        _hybrid().proveClaim(wrong, history, "");
        _expectFor(right, ClaimStatus.Final, since);
        _expectFor(wrong, ClaimStatus.Rejected, since);
        game.settle(right);
        game.settle(wrong);
        vm.assertEq(game.withdrawable(alice), 3 * CLAIM_BOND / 2);
        vm.assertEq(game.withdrawable(mallory), 0);
    }

    function test_proveClaim_after_the_game_reverts() external {
        _claimAs(_lie);
        _claimAs(_truth);
        _play(_truth);
        skip(WINDOW);
        _creditAll(_truth);
        uint256 since = vm.getBlockTimestamp();
        skip(1 hours);
        for (uint64 i = 1; i <= 2; ++i) {
            bytes32 history = _verified(i);
            vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, 2));
            _hybrid().proveClaim(i, history, "");
        }
        _expectFor(2, ClaimStatus.Final, since);
        _expectFor(1, ClaimStatus.Rejected, since);
    }

    /// @dev The game's last word and a proof in one block: the first of them counts, and both say the same.
    function test_credit_and_proof_in_one_block() external {
        _claimAs(_lie);
        _claimAs(_truth);
        _play(_truth);
        skip(WINDOW);
        _proveClaim(2);
        uint256 since = vm.getBlockTimestamp();
        _creditAll(_truth);
        _expectFor(2, ClaimStatus.Final, since);
        _expectFor(1, ClaimStatus.Rejected, since);
    }

    function test_proofs_come_in_any_order() external {
        _claimAs(_truth);
        _claimAs(_lie);
        _commit("two");
        Side memory next = _honest(alice, 1);
        uint64 child = _claimAs(next);
        uint64 lie = _claimAs(_liar(mallory, 1, 0, 0, 0));
        _proveClaim(child);
        _expectFor(child, ClaimStatus.Pending, 0);
        _expectFor(lie, ClaimStatus.Pending, 0);
        skip(1 hours);
        _proveClaim(1);
        _expectFor(child, ClaimStatus.Final, vm.getBlockTimestamp());
        _expectFor(lie, ClaimStatus.Rejected, vm.getBlockTimestamp());
    }

    function test_proveClaim_retired_reverts() external {
        _claimAs(_truth);
        _claimAs(_lie);
        bytes32 history = _verified(1);
        HybridProof old = _hybrid();
        game = _newGame();
        vm.prank(address(timelock));
        settlement.setValidity(address(game));
        vm.expectRevert(ValidityProofs.Retired.selector);
        old.proveClaim(1, history, "");
        skip(WINDOW);
        _expectStatus(1, ClaimStatus.Pending);
        old.settle(1);
        old.settle(2);
        vm.assertEq(old.withdrawable(mallory), CLAIM_BOND);
    }

    function test_proveClaim_retired_within_the_window_reverts() external {
        _claimAs(_truth);
        bytes32 history = _verified(1);
        HybridProof old = _hybrid();
        game = _newGame();
        vm.prank(address(timelock));
        settlement.setValidity(address(game));
        skip(2 * WINDOW);
        vm.expectRevert(ValidityProofs.Retired.selector);
        old.proveClaim(1, history, "");
        _expectStatus(1, ClaimStatus.Pending);
    }

    // The bonds of descents

    /// @dev A proof cut the dispute short where both had descended twice. The edges go on: who is right takes their bonds
    /// back, and half of the other's.
    function test_bonds_of_descents_are_played_for_after_the_proof() external {
        (Edge memory ours, Edge memory theirs) = _toInstruction(_truth, _lie);
        _proveClaim(1);
        vm.assertEq(_hybrid().levelBond(1), STRIDES_BOND);
        Edge[2] memory rights = _rootsOf(_truth);
        Edge[2] memory wrongs = _rootsOf(_lie);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(Bonds.NotDecided.selector);
            game.settleEdge(rights[i]);
        }
        while (_play(_truth)) {} // one proof
        vm.assertEq(_proofs, 1);
        vm.assertTrue(_look(ours).proven);
        vm.assertFalse(_look(theirs).proven);
        skip(WINDOW);
        _creditAll(_truth);
        _creditAll(_lie);
        for (uint256 i = 2; i > 0; --i) {
            vm.expectPartialRevert(FaultProof.TooEarly.selector);
            game.confirmEdge(wrongs[i - 1]);
            game.confirmEdge(rights[i - 1]);
            game.settleEdge(rights[i - 1]);
            game.settleEdge(wrongs[i - 1]);
        }
        vm.assertEq(game.withdrawable(alice), (STRIDES_BOND + STEPS_BOND) * 3 / 2);
        vm.assertEq(game.withdrawable(mallory), 0);
        game.settle(1);
        game.settle(2);
        uint256 balance = alice.balance;
        vm.prank(alice);
        game.withdraw();
        vm.assertEq(alice.balance, balance + (CLAIM_BOND + STRIDES_BOND + STEPS_BOND) * 3 / 2);
        vm.assertEq(address(game).balance, game.burnt());
    }

    /// @dev Nobody had descended against it.
    function test_bond_of_a_descent_alone_goes_back_after_the_proof() external {
        (Edge memory ours,) = _toBlock(_truth, _lie);
        _descendAs(_truth, ours, 1);
        _proveClaim(1);
        Edge memory root = _refining(_truth, ours, 1);
        skip(WINDOW - 1);
        vm.expectPartialRevert(FaultProof.TooEarly.selector);
        game.confirmEdge(root);
        skip(1);
        game.confirmEdge(root);
        game.settleEdge(root);
        vm.assertEq(game.withdrawable(alice), STRIDES_BOND);
    }

    /// @dev And a new one can be made, for the time after the proof.
    function test_moves_go_on_after_the_proof() external {
        _toBlock(_truth, _lie);
        _proveClaim(1);
        while (_play(_lie) || _play(_truth)) {}
        vm.assertEq(_proofs, 1);
        skip(WINDOW);
        _creditAll(_truth);
        Edge[2] memory rights = _rootsOf(_truth);
        for (uint256 i = 0; i < 2; ++i) {
            game.confirmEdge(rights[i]);
            game.settleEdge(rights[i]);
        }
        vm.assertEq(game.withdrawable(alice), STRIDES_BOND + STEPS_BOND);
    }

    // The same end by another history

    /// @dev Whoever copies a claim with a made-up history, before or after it, stops no proof of it, and proves nothing.
    function test_proveClaim_among_copies() external {
        uint64 before_ = _claimWithMadeUpHistory(_honest(mallory, 0));
        uint64 right = _claimAs(_truth);
        uint64 after_ = _claimWithMadeUpHistory(_honest(mallory, 0));
        bytes32 history = _verified(right);
        vm.assertEq(history, _rootOf(_truth).node);
        _expectNoProof(before_, history);
        _expectNoProof(after_, history);
        _hybrid().proveClaim(right, history, "");
        _expectStatus(right, ClaimStatus.Final);
        _expectStatus(before_, ClaimStatus.Rejected);
        _expectStatus(after_, ClaimStatus.Rejected);
        game.settle(before_);
        game.settle(after_);
        vm.assertEq(game.withdrawable(alice), CLAIM_BOND);
        vm.assertEq(game.withdrawable(mallory), 0);
    }

    /// @dev Whatever history is said, only the claim's own will do.
    function test_proveClaim_wrongHistory_reverts(bytes32 history) external {
        uint64 index = _claimAs(_truth);
        bytes32 expected = _verified(index);
        vm.assume(history != expected);
        _verify(settlement, index, history, "");
        vm.expectRevert(abi.encodeWithSelector(HybridProof.WrongHistory.selector, expected));
        _hybrid().proveClaim(index, history, "");
        _proveClaim(index);
    }

    function test_proveClaim_notOurs_reverts() external {
        uint64[2] memory none = [uint64(0), 7];
        for (uint256 i = 0; i < none.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, none[i]));
            _hybrid().proveClaim(none[i], 0, "");
        }
    }

    /// @dev The proof of what a copy says shows nothing of it: neither with its own history nor with the right one.
    function _expectNoProof(uint64 copy, bytes32 right) private {
        bytes32 own = game.rootEdge(copy).node;
        vm.expectRevert(abi.encodeWithSelector(HybridProof.WrongHistory.selector, own));
        _hybrid().proveClaim(copy, right, "");
        bytes32 output = _output(settlement.publicInput(copy), own, "");
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, _claimHash(output)));
        _hybrid().proveClaim(copy, own, "");
    }

    function test_propose_copy_of_a_proved_claim_reverts() external {
        _claimAs(_truth);
        _proveClaim(1);
        bytes32 hash = inbox.batchHash(1);
        vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, 1));
        vm.prank(mallory);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, _outputRoot(2), 2, new bytes(384));
    }

    /// @dev A copy that nobody plays for, something wrong on it that grows old, and a proof that would lift both.
    function test_wrong_claim_on_a_copy_is_not_lifted_by_a_proof() external {
        uint64 right = _claimAs(_truth);
        uint64 copy = _claimWithMadeUpHistory(_honest(mallory, 0));
        _commit("two");
        uint64 wrong = _claimAs(_liar(mallory, copy, 0, 0, 0));
        skip(WINDOW);
        _expectNoProof(copy, _verified(right));
        _proveClaim(right);
        _expectStatus(right, ClaimStatus.Final);
        _expectStatus(copy, ClaimStatus.Rejected);
        _expectStatus(wrong, ClaimStatus.Rejected);
    }

    function _rootsOf(Side memory s) private returns (Edge[2] memory roots) {
        Edge memory e = _edge(_blocks(s), 0, 0, 0, _lie.forkBlock);
        roots[0] = _refining(s, e, _lie.forkBlock);
        e = _edge(_strides(s, _lie.forkBlock), roots[0].origin, 1, 0, _lie.forkStride);
        roots[1] = _refining(s, e, _lie.forkBlock);
    }

    function _rivalRefused(uint64 winner) private {
        bytes32 hash = inbox.batchHash(1);
        vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, winner));
        vm.prank(carol);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, "late", 2, new bytes(384));
    }

    function _expectFor(uint64 index, ClaimStatus status, uint256 since) private view {
        _expectStatus(index, status);
        vm.assertEq(settlement.claimAt(index).resolvedAt(), since, "since");
    }
}
