// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameTest, Side} from "./GameTest.sol";
import {Sparse, SparseHistory} from "./Sparse.sol";

/// @notice Whole disputes, down to an instruction that the step contract replays.
contract DisputeTest is GameTest {
    using Edges for Edge;
    using SparseHistory for Sparse;

    /// @notice The time in which an honest party answers.
    uint256 private constant DELTA = 3 hours;
    /// @notice Edges on the longest way down: 50 bisections, two descents and a proof.
    uint256 private constant MOVES = 53;

    /// @dev Both sides make all the moves they have, until neither has one.
    function _fight(Side memory one, Side memory other) private {
        while (true) {
            bool moved = _play(one);
            if (!_play(other) && !moved) return;
        }
    }

    /// @dev One move at most.
    function _moveOnce(Side memory s) private returns (bool moved) {
        _limit = _moves + 1;
        moved = _play(s);
        _limit = NO_LIMIT;
    }

    function _disputeAt(uint64 block_, uint64 stride, uint64 instruction) private {
        _commit("one");
        Side memory liar = _liar(mallory, 0, block_, stride, instruction);
        Side memory honest = _honest(alice, 0);
        _claimAs(liar);
        _claimAs(honest);
        _fight(liar, honest);
        vm.assertEq(_proofs, 1);
        skip(WINDOW);
        _creditAll(liar);
        vm.assertEq(_look(_rootOf(liar)).creditedSeconds, 0);
        _expectStatus(1, ClaimStatus.Pending);
        _creditAll(honest);
        vm.assertEq(_look(_rootOf(honest)).creditedSeconds, WINDOW);
        _expectStatus(1, ClaimStatus.Rejected);
        _expectStatus(2, ClaimStatus.Final);
    }

    function test_dispute_over_the_first_instruction() external {
        _disputeAt(0, 0, 0);
    }

    function test_dispute_over_a_read_of_the_input() external {
        _disputeAt(0, 0, 2);
    }

    function test_dispute_over_a_read_of_a_preimage() external {
        _disputeAt(0, 0, 10);
    }

    function test_dispute_over_a_load() external {
        _disputeAt(1, 0, 30);
    }

    function test_dispute_over_the_halt() external {
        _disputeAt(1, 0, 36);
    }

    function test_dispute_behind_the_halt() external {
        _disputeAt(0, 0, 37);
    }

    function test_dispute_over_a_later_stride() external {
        _disputeAt(1, 3, 9);
    }

    function test_dispute_over_a_block_that_the_batch_has_not() external {
        _disputeAt(2, 0, 14);
    }

    function test_dispute_over_the_last_instruction_of_all() external {
        _disputeAt(1023, 2 ** 22 - 1, 2 ** 16 - 1);
    }

    function test_dispute_behind_the_last_batch() external {
        _disputeAt(1024, 0, 0);
    }

    function test_dispute_over_the_last_block_of_the_history() external {
        _disputeAt(4095, 0, 0);
    }

    /// @dev All that was brought comes back to the honest side, and half of what the liar brought.
    function test_bonds_after_a_dispute() external {
        _disputeAt(1, 0, 30);
        Side memory liar = _liar(mallory, 0, 1, 0, 30);
        Side memory honest = _honest(alice, 0);
        _settleEdges(honest, liar);
        game.settle(1);
        game.settle(2);
        uint256 brought = CLAIM_BOND + STRIDES_BOND + STEPS_BOND;
        vm.assertEq(game.withdrawable(alice), brought + brought / 2);
        vm.assertEq(game.withdrawable(mallory), 0);
        vm.assertEq(game.burnt(), brought / 2);
        vm.assertEq(address(game).balance, 2 * brought);
        vm.prank(alice);
        game.withdraw();
        vm.assertEq(address(game).balance, game.burnt());
    }

    /// @dev Confirms the honest side's root edges, and settles both sides'.
    function _settleEdges(Side memory honest, Side memory liar) private {
        Edge memory mine = _edge(_blocks(honest), 0, 0, 0, liar.forkBlock);
        Edge memory theirs = _edge(_blocks(liar), 0, 0, 0, liar.forkBlock);
        for (uint256 level = 1; level <= 2; ++level) {
            mine = _refining(honest, mine, liar.forkBlock);
            theirs = _refining(liar, theirs, liar.forkBlock);
            game.confirmEdge(mine);
            game.settleEdge(mine);
            game.settleEdge(theirs);
            mine = _edge(_strides(honest, liar.forkBlock), mine.origin, 1, 0, liar.forkStride);
            theirs = _edge(_strides(liar, liar.forkBlock), theirs.origin, 1, 0, liar.forkStride);
        }
    }

    // Clocks

    /// @dev The bound is met to the second. The liar waits until the claim has all but won, then moves at once; the honest
    /// side takes for each answer the longest time that it may.
    function test_slow_dispute_ends_in_time() external {
        vm.pauseGasMetering(); // the players' own sums take more than a test may
        _commit("one");
        Side memory liar = _liar(mallory, 0, 1, 0, 30);
        Side memory honest = _honest(alice, 0);
        uint256 claimedAt = vm.getBlockTimestamp();
        _claimAs(honest);
        skip(WINDOW - 1);
        _claimAs(liar);
        while (_status(1) != ClaimStatus.Final) {
            skip(DELTA);
            _play(honest);
            _creditAll(honest);
            _moveOnce(liar);
        }
        vm.assertEq(_proofs, 1);
        vm.assertEq(vm.getBlockTimestamp(), claimedAt + WINDOW - 1 + MOVES * DELTA);
        _creditAll(liar);
        vm.assertLt(_look(_rootOf(liar)).creditedSeconds, MOVES * DELTA);
    }

    /// @dev What a wrong claim gains while it stands alone counts.
    function test_late_challenger_against_one_wrong_claim() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 0, 0, 5);
        _claimAs(liar);
        _challengeLate(liar, 2);
    }

    /// @dev With a second wrong claim the first is rivalled from the start. That helps no one: its halves grow old instead.
    function test_late_challenger_against_two_wrong_claims() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 0, 0, 5);
        _claimAs(liar);
        _claimAs(_liar(mallory, 0, 2000, 0, 0));
        _bisect(_blocks(liar), _rootOf(liar));
        _challengeLate(liar, 3);
    }

    /// @dev A right claim must be made while there is a window's time left less what the answers take (docs/dispute.md,
    /// section 8): a day before the end is enough, the last second is not.
    function _challengeLate(Side memory liar, uint64 right) private {
        skip(WINDOW - 1 days);
        uint256 state = vm.snapshotState();
        _lateFight(liar, 20 minutes); // 53 answers take less than a day
        _expectStatus(1, ClaimStatus.Rejected);
        _expectStatus(right, ClaimStatus.Final);
        vm.revertToState(state);
        skip(1 days - 1);
        _lateFight(liar, 20 minutes);
        _expectStatus(1, ClaimStatus.Final);
    }

    /// @dev The honest side claims now, and takes `delta` for each answer; the liar takes no time at all.
    function _lateFight(Side memory liar, uint256 delta) private {
        Side memory honest = _honest(alice, 0);
        vm.pauseGasMetering();
        _claimAs(honest);
        bool moved = true;
        while (moved) {
            moved = _play(liar);
            skip(delta);
            moved = _play(honest) || moved;
            _creditAll(liar);
        }
        skip(WINDOW);
        _creditAll(liar);
        _creditAll(honest);
    }

    /// @dev Edges that a claim shares with older ones are as old as these. So it may win before its own window is over.
    function test_claim_that_shares_old_edges_wins_sooner() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 4095, 0, 0);
        Side memory other = Side(carol, 0, 4095, 0, 0, keccak256("another lie"));
        _claimAs(liar);
        _claimAs(other);
        _fight(liar, other);
        skip(WINDOW - 1 days);
        Side memory honest = _honest(alice, 0);
        _claimAs(honest);
        _play(honest);
        vm.assertEq(_proofs, 1);
        skip(1 days);
        _creditAll(liar);
        _expectStatus(1, ClaimStatus.Pending);
        _creditAll(honest);
        _expectStatus(3, ClaimStatus.Final);
        vm.assertLt(vm.getBlockTimestamp(), settlement.claimAt(3).createdAt() + WINDOW);
    }

    /// @dev Who does not answer for a window has lost, even with the right claim: that is the assumption.
    function test_nobody_answers_and_the_wrong_claim_wins() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 0, 0, 5);
        _claimAs(liar);
        _claimAs(_honest(alice, 0));
        _play(liar);
        skip(WINDOW);
        _creditAll(liar);
        _expectStatus(1, ClaimStatus.Final);
        _expectStatus(2, ClaimStatus.Rejected);
    }

    /// @dev Anybody can play for the right claim, also who did not make it.
    function test_strangers_defend_a_claim() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 1, 0, 20);
        _claimAs(_honest(alice, 0));
        _claimAs(liar);
        while (_play(liar) || _moveOnce(_honest(bob, 0)) || _moveOnce(_honest(carol, 0))) {}
        vm.assertEq(_proofs, 1);
        skip(WINDOW);
        _creditAll(_honest(bob, 0));
        _expectStatus(1, ClaimStatus.Final);
    }

    /// @dev Once the proof is there, the leaf's edges need no more time; but those beside it do.
    function test_window_of_zero_credit_without_time(uint256 wait) external {
        wait = bound(wait, 1, WINDOW - 1);
        _commit("one");
        Side memory liar = _liar(mallory, 0, 0, 0, 0);
        Side memory honest = _honest(alice, 0);
        _claimAs(honest);
        _claimAs(liar);
        _play(honest);
        skip(wait);
        _creditAll(honest);
        vm.assertEq(_look(_rootOf(honest)).creditedSeconds, wait);
        _expectStatus(1, ClaimStatus.Pending);
    }

    // Many against one

    /// @dev Eight liars at once, each with another history; the time is that of one.
    function test_many_attackers_take_no_longer_than_one() external {
        vm.pauseGasMetering();
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(honest);
        Side[] memory liars = new Side[](8);
        for (uint64 i = 0; i < 8; ++i) {
            liars[i] = _liar(mallory, 0, i % 4, i % 3, 7 * i);
            liars[i].lie = keccak256(abi.encode(i));
            _claimAs(liars[i]);
            skip(1);
        }
        uint256 start = vm.getBlockTimestamp();
        bool moved = true;
        while (moved) {
            moved = _play(honest);
            for (uint256 i = 0; i < 8; ++i) {
                moved = _play(liars[i]) || moved;
            }
            skip(DELTA / 3);
        }
        skip(WINDOW - (vm.getBlockTimestamp() - start));
        for (uint256 i = 0; i < 8; ++i) {
            _creditAll(liars[i]);
        }
        while (_status(1) != ClaimStatus.Final) {
            _creditAll(honest);
            skip(DELTA / 3);
        }
        vm.assertLe(vm.getBlockTimestamp(), start + WINDOW + MOVES * DELTA / 3);
        for (uint64 i = 2; i <= 9; ++i) {
            _expectStatus(i, ClaimStatus.Rejected);
            game.settle(i);
        }
        game.settle(1);
        vm.assertEq(game.withdrawable(alice), CLAIM_BOND + 8 * CLAIM_BOND / 2);
        vm.assertLe(mallory.balance, 1_000 ether - 8 * CLAIM_BOND);
        // A liar brings a claim for each block it makes them go into, and so on down.
        vm.assertGe(alice.balance, 1_000 ether - CLAIM_BOND - 8 * (STRIDES_BOND + STEPS_BOND));
    }

    /// @dev The same claim twice over, told apart by how it gets over one block: the two rival each other as well.
    function test_liars_with_the_same_claim() external {
        _commit("one");
        Side memory one = _liar(mallory, 0, 1, 0, 4);
        Side memory two = Side(carol, 0, 1, 2, 4, one.lie);
        Side memory honest = _honest(alice, 0);
        _claimAs(one);
        _claimAs(honest);
        bool moved = true;
        while (moved) {
            moved = _play(one);
            moved = _play(two) || moved;
            moved = _play(honest) || moved;
        }
        vm.assertEq(_proofs, 2);
        skip(WINDOW);
        _creditAll(one);
        _creditAll(two);
        _creditAll(honest);
        _expectStatus(1, ClaimStatus.Rejected);
        _expectStatus(2, ClaimStatus.Final);
    }

    // What does not matter

    /// @dev The guardian's pause stops the Portal alone.
    function test_pause_changes_no_dispute() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 1, 0, 30);
        Side memory honest = _honest(alice, 0);
        _claimAs(liar);
        vm.prank(guardian);
        portal.pause();
        _claimAs(honest);
        _fight(liar, honest);
        skip(WINDOW);
        vm.assertTrue(portal.paused());
        _creditAll(honest);
        _expectStatus(2, ClaimStatus.Final);
        _expectStatus(1, ClaimStatus.Rejected);
    }

    function test_contract_fits() external view {
        vm.assertLe(address(game).code.length, 24_576);
    }

    /// @dev The timelock and the guardian have no power here: there is no function for them.
    function test_nobody_can_change_it() external {
        string[8] memory gone = [
            "owner()",
            "guardian()",
            "pause()",
            "unpause()",
            "veto(uint64)",
            "setGuardian(address)",
            "setOwner(address)",
            "upgradeTo(address)"
        ];
        for (uint256 i = 0; i < gone.length; ++i) {
            vm.prank(i % 2 == 0 ? address(timelock) : guardian);
            (bool ok,) = address(game).call(abi.encodePacked(bytes4(keccak256(bytes(gone[i]))), uint256(1)));
            vm.assertFalse(ok, gone[i]);
        }
    }
}
