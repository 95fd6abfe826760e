// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../../src/dispute/Bonds.sol";
import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {History} from "../../src/dispute/History.sol";
import {Rounds} from "../../src/dispute/Rounds.sol";
import {Settlement} from "../../src/Settlement.sol";
import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {BondedClaims} from "../../src/validity/BondedClaims.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameTest, Side} from "./GameTest.sol";
import {SparseHistory, Sparse} from "./Sparse.sol";

/// @notice Claims: who may make one, when one is final, and what becomes of its bond.
contract FaultProofClaimsTest is GameTest {
    using Edges for Edge;
    using SparseHistory for Sparse;

    function test_constructor_badField_reverts() external {
        string[7] memory names =
            ["settlement", "step", "programHash", "windowSeconds", "windowSeconds", "stepsBond", "stridesBond"];
        for (uint256 field = 0; field < 8; ++field) {
            FaultProof.Config memory c = _gameConfig();
            if (field == 0) c.settlement = address(0);
            if (field == 1) c.step = makeAddr("no code");
            if (field == 2) c.programHash = 0;
            if (field == 3) c.windowSeconds = 0;
            if (field == 4) c.windowSeconds = 365 days + 1;
            if (field == 5) c.stepsBond = 0;
            if (field == 6) c.stridesBond = STEPS_BOND - 1;
            if (field == 7) c.claimBond = STRIDES_BOND - 1;
            string memory name = field == 7 ? "claimBond" : names[field];
            vm.expectRevert(abi.encodeWithSelector(Rounds.BadConfig.selector, name));
            new FaultProof(c);
        }
    }

    function test_constructor_keeps_what_it_was_told() external view {
        vm.assertEq(game.settlement(), address(settlement));
        vm.assertEq(game.step(), address(stepper));
        vm.assertEq(game.programHash(), _programHash());
        vm.assertEq(game.windowSeconds(), WINDOW);
        vm.assertEq(game.claimBond(), CLAIM_BOND);
    }

    // Making a claim

    function test_onClaim_stranger_reverts(address caller) external {
        vm.assume(caller != address(settlement));
        vm.deal(caller, CLAIM_BOND);
        vm.expectRevert(BondedClaims.Unauthorized.selector);
        vm.prank(caller);
        game.onClaim{value: CLAIM_BOND}(1, 0, caller, 0, new bytes(384));
    }

    function test_propose_adds_the_root_edge() external {
        _commit("one");
        Side memory s = _honest(alice, 0);
        vm.assertEq(_claimAs(s), 1);
        Edge memory root = game.rootEdge(1);
        vm.assertEq(root.id(), _rootOf(s).id());
        vm.assertEq(root.origin, 0);
        vm.assertEq(root.height, 12);
        vm.assertTrue(_look(root).exists);
        vm.assertEq(address(game).balance, CLAIM_BOND);
        _expectStatus(1, ClaimStatus.Pending);
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, 0));
        game.rootEdge(0);
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, 2));
        game.rootEdge(2);
    }

    function test_propose_wrongBond_reverts() external {
        _commit("one");
        bytes memory data = abi.encodePacked(_blocks(_honest(alice, 0)).spine());
        bytes32 hash = inbox.batchHash(1);
        uint256[4] memory wrong = [0, CLAIM_BOND - 1, CLAIM_BOND + 1, STRIDES_BOND];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Bonds.WrongBond.selector, CLAIM_BOND));
            vm.prank(alice);
            settlement.propose{value: wrong[i]}(genesis, 1, hash, _outputRoot(2), 2, data);
        }
    }

    function test_propose_history_of_another_length_reverts() external {
        _commit("one");
        bytes32 hash = inbox.batchHash(1);
        uint256[4] memory wrong = [uint256(0), 352, 383, 416];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(History.WrongLength.selector, wrong[i], 384));
            vm.prank(alice);
            settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, _outputRoot(2), 2, new bytes(wrong[i]));
        }
    }

    function test_propose_other_batches_than_rivals_reverts() external {
        for (uint256 i = 0; i < 6; ++i) {
            _commit("batch");
        }
        for (uint64 batch = 2; batch <= 6; ++batch) {
            bytes32 hash = inbox.batchHash(batch);
            vm.expectRevert(abi.encodeWithSelector(BondedClaims.WrongBatch.selector, 1));
            vm.prank(alice);
            settlement.propose{value: CLAIM_BOND}(genesis, batch, hash, _outputRoot(2), 10, new bytes(384));
        }
    }

    function test_lastBatchFor_is_what_was_there_when_the_parent_was_made() external {
        vm.assertEq(game.lastBatchFor(0), 1);
        _commit("one");
        _claimAs(_honest(alice, 0));
        vm.assertEq(game.lastBatchFor(1), 2);
        _commit("two");
        _commit("three");
        _commit("four");
        vm.assertEq(game.lastBatchFor(0), 1);
        vm.assertEq(game.lastBatchFor(1), 2);
        for (uint256 more = 0; more < 4; ++more) {
            uint64 parent = uint64(settlement.gameCount() - 1);
            uint64 index = _claimAs(_honest(alice, parent));
            uint64 batch = settlement.claimAt(index).batchIndex();
            uint64 there = inbox.lastBatch() - batch;
            vm.assertEq(game.lastBatchFor(index), batch + (there == 0 ? 1 : there > 4 ? 4 : there));
            for (uint256 i = 0; i < more * 3; ++i) {
                _commit("batch");
            }
        }
        vm.expectRevert(abi.encodeWithSelector(Settlement.NoSuchClaim.selector, 99));
        game.lastBatchFor(99);
    }

    /// @dev The honest claim of four batches is made, fought over and won like any other.
    function test_claim_of_four_batches() external {
        _commit("one");
        for (uint256 i = 0; i < 5; ++i) {
            _commit("more");
        }
        _claimAs(_honest(alice, 0)); // five batches behind it
        vm.assertEq(game.lastBatchFor(1), 5);
        Side memory honest = _honest(alice, 1);
        Side memory liar = _liar(mallory, 1, 3 * 1024 + 1, 0, 12);
        _claimAs(honest);
        _claimAs(liar);
        vm.assertEq(settlement.claimAt(2).batchIndex(), 5);
        while (_play(liar) || _play(honest)) {}
        vm.assertEq(_proofs, 1);
        skip(WINDOW);
        _creditAll(honest);
        _expectStatus(2, ClaimStatus.Final);
        _expectStatus(3, ClaimStatus.Rejected);
    }

    function test_propose_same_claim_reverts() external {
        _commit("one");
        Side memory s = _honest(alice, 0);
        _claimAs(s);
        bytes memory data = abi.encodePacked(_blocks(s).spine());
        bytes32 hash = inbox.batchHash(1);
        vm.expectPartialRevert(ISettlement.GameAlreadyExists.selector);
        vm.prank(bob);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, _outputRoot(2), 2, data);
    }

    /// @dev The right output root with a wrong history, or on a wrong parent, does not stand in the right claim's way.
    function test_propose_same_root_in_another_claim_blocks_nobody() external {
        _commit("one");
        bytes32 hash = inbox.batchHash(1);
        vm.prank(mallory);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, _outputRoot(2), 2, new bytes(384));
        _claimAs(_liar(mallory, 0, 0, 0, 0));
        _commit("two");
        bytes32 next = inbox.batchHash(2);
        Sparse memory right = SparseHistory.constant_(12, _blockLeaf(3)).fork(1, _blockLeaf(4));
        bytes memory data = abi.encodePacked(right.spine());
        IClaim wrong = settlement.claimAt(2);
        vm.prank(mallory);
        settlement.propose(wrong, 2, next, _outputRoot(4), 4, data);
        vm.assertEq(_claimAs(_honest(alice, 0)), 4);
        vm.assertEq(_claimAs(_honest(alice, 4)), 5);
        vm.assertEq(settlement.claimAt(3).rootClaim(), settlement.claimAt(5).rootClaim());
    }

    // Rounds

    function test_claim_alone_is_final_after_a_window(uint64 wait) external {
        wait = uint64(bound(wait, 0, 2 * WINDOW));
        _commit("one");
        uint64 index = _claimAs(_honest(alice, 0));
        IClaim claim = settlement.claimAt(index);
        uint64 end = claim.createdAt() + WINDOW;
        vm.assertEq(claim.expectedResolution(), end);
        skip(wait);
        bool over = wait >= WINDOW;
        vm.assertEq(uint256(claim.status()), uint256(over ? ClaimStatus.Final : ClaimStatus.Pending));
        vm.assertEq(claim.resolvedAt(), over ? end : 0);
        if (!over) vm.expectRevert(abi.encodeWithSelector(Rounds.NotFinal.selector, index));
        game.confirm(index);
        if (!over) return;
        skip(1 days);
        vm.assertEq(claim.resolvedAt(), end);
        vm.assertEq(claim.expectedResolution(), end);
        vm.expectRevert(abi.encodeWithSelector(Rounds.AlreadyConfirmed.selector, index));
        game.confirm(index);
    }

    function test_status_of_what_was_never_announced_is_pending() external view {
        vm.assertEq(uint256(game.status(7)), uint256(ClaimStatus.Pending));
        vm.assertEq(game.resolvedAt(7), 0);
        vm.assertEq(game.expectedResolution(7), 0);
    }

    function test_confirm_unknown_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, 0));
        game.confirm(0);
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, 5));
        game.confirm(5);
    }

    function _rivalRefused(Side memory s, uint64 winner) private {
        (bytes32 root, uint64 lastBlock) = _claimOf(s);
        uint64 batch = game.lastBatchFor(s.parent);
        bytes32 hash = inbox.batchHash(batch);
        bytes memory data = abi.encodePacked(_blocks(s).spine());
        uint256 due = game.bond(s.parent, s.player);
        IClaim parent = settlement.claimAt(s.parent);
        vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, winner));
        vm.prank(s.player);
        settlement.propose{value: due}(parent, batch, hash, root, lastBlock, data);
    }

    function test_propose_rival_after_the_window_reverts() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        skip(WINDOW - 1);
        uint256 state = vm.snapshotState();
        _claimAs(_liar(mallory, 0, 0, 0, 0));
        skip(1);
        _expectStatus(1, ClaimStatus.Pending);
        vm.assertEq(settlement.claimAt(1).expectedResolution(), vm.getBlockTimestamp());
        vm.revertToState(state);
        skip(1);
        _rivalRefused(_liar(mallory, 0, 0, 0, 0), 1);
        _expectStatus(1, ClaimStatus.Final);
    }

    /// @dev Else one could contradict each claim of a chain only when the one before is final, and delay them one after
    /// the other.
    function test_propose_rival_after_the_window_reverts_while_the_parent_is_pending() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        _claimAs(_liar(mallory, 0, 0, 0, 0));
        _commit("two");
        uint64 child = _claimAs(_honest(alice, 1));
        skip(WINDOW);
        _expectStatus(1, ClaimStatus.Pending);
        _expectStatus(child, ClaimStatus.Pending);
        _rivalRefused(_liar(mallory, 1, 0, 0, 0), child);
        _play(_honest(bob, 0));
        skip(WINDOW);
        _creditAll(_honest(bob, 0));
        _expectStatus(child, ClaimStatus.Final);
        vm.assertEq(settlement.claimAt(child).resolvedAt(), vm.getBlockTimestamp());
    }

    function test_propose_on_a_decided_parent_reverts() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(_liar(mallory, 0, 0, 0, 0));
        _claimAs(honest);
        _play(honest);
        skip(WINDOW);
        _creditAll(honest);
        _rivalRefused(_liar(carol, 0, 5, 0, 0), 2);
        _rivalRefused(_liar(carol, 0, 2000, 0, 0), 2);
    }

    function test_rivalled_claim_is_final_when_it_is_credited() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(honest);
        uint256 end = vm.getBlockTimestamp() + WINDOW;
        skip(WINDOW / 2);
        _claimAs(_liar(mallory, 0, 0, 0, 0));
        _play(honest);
        vm.assertEq(settlement.claimAt(1).expectedResolution(), end);
        vm.assertEq(settlement.claimAt(2).expectedResolution(), end + WINDOW / 2);
        skip(WINDOW / 2 - 1);
        _creditAll(honest);
        _expectStatus(1, ClaimStatus.Pending);
        skip(1);
        _expectStatus(1, ClaimStatus.Pending);
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotFinal.selector, 1));
        game.confirm(1);
        _creditAll(honest);
        _expectStatus(1, ClaimStatus.Final);
        _expectStatus(2, ClaimStatus.Rejected);
        uint64 since = uint64(vm.getBlockTimestamp());
        skip(1 days);
        game.confirm(1);
        for (uint64 i = 1; i <= 2; ++i) {
            vm.assertEq(settlement.claimAt(i).resolvedAt(), since);
            vm.assertEq(settlement.claimAt(i).expectedResolution(), since);
        }
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotFinal.selector, 2));
        game.confirm(2);
    }

    /// @dev Nobody answers for the right claim: the wrong one wins. And what has won stays so, whoever wakes up.
    function test_first_of_two_winners_stays_the_winner() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 0, 0, 0);
        Side memory honest = _honest(alice, 0);
        _claimAs(liar);
        _claimAs(honest);
        _bisect(_blocks(liar), _rootOf(liar));
        skip(WINDOW);
        _bisect(_blocks(honest), _rootOf(honest));
        _creditAll(liar);
        _expectStatus(1, ClaimStatus.Final);
        skip(WINDOW);
        _play(honest);
        skip(WINDOW);
        _creditAll(honest);
        vm.assertGe(_look(_rootOf(honest)).creditedSeconds, WINDOW);
        _expectStatus(1, ClaimStatus.Final);
        _expectStatus(2, ClaimStatus.Rejected);
    }

    function test_claims_fall_with_their_ancestors() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(_liar(mallory, 0, 0, 0, 0)); // 1
        _commit("two");
        _claimAs(_liar(mallory, 1, 0, 0, 0)); // 2, on it
        _claimAs(honest); // 3
        _play(honest);
        skip(WINDOW);
        _expectStatus(2, ClaimStatus.Pending); // won its round, but nothing to build on
        _creditAll(honest);
        uint64 since = uint64(vm.getBlockTimestamp());
        _expectStatus(1, ClaimStatus.Rejected);
        _expectStatus(2, ClaimStatus.Rejected);
        vm.assertEq(settlement.claimAt(2).resolvedAt(), since);
        skip(1 days);
        vm.assertEq(settlement.claimAt(2).resolvedAt(), since);
        _commit("three");
        bytes32 hash = inbox.batchHash(3);
        IClaim rejected = settlement.claimAt(2);
        vm.expectRevert(Settlement.BadParent.selector);
        vm.prank(mallory);
        settlement.propose(rejected, 3, hash, _outputRoot(6), 6, new bytes(384));
    }

    /// @dev A lost claim under a pending parent is not rejected before the parent is decided; then it is, either way.
    function test_loser_under_a_pending_parent_waits() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        Side memory next = _honest(alice, 1);
        _claimAs(honest); // 1
        _claimAs(_liar(mallory, 0, 0, 0, 0)); // 2
        _commit("two");
        _claimAs(next); // 3
        _claimAs(_liar(mallory, 1, 0, 0, 0)); // 4
        _play(next);
        skip(WINDOW);
        _creditAll(next);
        uint256 wonAt = vm.getBlockTimestamp();
        _expectStatus(3, ClaimStatus.Pending);
        _expectStatus(4, ClaimStatus.Pending);
        _play(honest);
        skip(WINDOW);
        _creditAll(honest);
        _expectStatus(3, ClaimStatus.Final);
        _expectStatus(4, ClaimStatus.Rejected);
        for (uint64 confirmed = 0; confirmed < 2; ++confirmed) {
            vm.assertEq(settlement.claimAt(3).resolvedAt(), wonAt + WINDOW);
            vm.assertEq(settlement.claimAt(4).resolvedAt(), wonAt + WINDOW);
            skip(1 days);
            if (confirmed == 0) game.confirm(1);
        }
    }

    function test_confirm_in_any_order_gives_the_same() external {
        for (uint64 i = 0; i < 4; ++i) {
            _commit("batch");
            _claimAs(_honest(alice, i));
            skip(1 days);
        }
        skip(WINDOW);
        uint64[4] memory since;
        for (uint64 i = 0; i < 4; ++i) {
            since[i] = settlement.claimAt(i + 1).resolvedAt();
            vm.assertEq(since[i], settlement.claimAt(i + 1).createdAt() + WINDOW);
        }
        uint64[4] memory order = [uint64(3), 1, 4, 2];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectEmit(address(game));
            emit Rounds.ClaimConfirmed(order[i]);
            game.confirm(order[i]);
            for (uint64 k = 0; k < 4; ++k) {
                _expectStatus(k + 1, ClaimStatus.Final);
                vm.assertEq(settlement.claimAt(k + 1).resolvedAt(), since[k]);
            }
        }
    }

    /// @dev Whoever makes or looks at a young claim does not pay for all that are pending.
    function test_status_of_an_open_claim_walks_so_far_only() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(_liar(mallory, 0, 0, 0, 0)); // 1
        _claimAs(honest); // 2
        _play(honest);
        uint64 parent = 1;
        for (uint64 i = 2; i <= 80; ++i) {
            _commit("more");
            bytes32 hash = inbox.batchHash(i);
            parent = uint64(settlement.gameCount());
            IClaim on = settlement.claimAt(i == 2 ? 1 : parent - 1);
            vm.prank(mallory);
            settlement.propose(on, i, hash, keccak256("root"), 2 * i, new bytes(384));
            skip(1 hours);
        }
        skip(WINDOW - 79 hours);
        _creditAll(honest);
        _expectStatus(2, ClaimStatus.Final);
        // 3 is the first on 1; those up to 66 lie within 64 of it.
        _expectStatus(3, ClaimStatus.Rejected);
        _expectStatus(66, ClaimStatus.Rejected);
        _expectStatus(67, ClaimStatus.Pending);
        _expectStatus(parent, ClaimStatus.Pending);
        vm.assertEq(game.resolvedAt(parent), 0);
        // The bond is at the end, and settled there by a walk without a limit.
        game.settle(parent);
        vm.assertEq(game.withdrawable(alice), CLAIM_BOND / 2);
        skip(WINDOW);
        _expectStatus(parent, ClaimStatus.Rejected);
        vm.assertEq(game.resolvedAt(parent), vm.getBlockTimestamp() - WINDOW);
    }

    // Bonds

    function test_bond_moves_on_with_its_maker() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        vm.assertEq(game.bond(1, alice), 0);
        vm.assertEq(game.bond(1, bob), CLAIM_BOND);
        vm.assertEq(game.bond(0, alice), CLAIM_BOND);
        _commit("two");
        uint256 balance = alice.balance;
        _claimAs(_honest(alice, 1));
        vm.assertEq(alice.balance, balance);
        vm.assertEq(game.bond(1, alice), CLAIM_BOND); // it is gone from there
        vm.assertEq(game.bond(2, alice), 0);
        skip(WINDOW);
        vm.assertEq(game.bond(2, alice), CLAIM_BOND); // final: fetch it, and bring a new one

        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settle(1);
        game.settle(2);
        vm.assertEq(game.withdrawable(alice), CLAIM_BOND);
    }

    function test_propose_with_value_where_the_bond_moves_reverts() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        _commit("two");
        bytes32 hash = inbox.batchHash(2);
        IClaim own = settlement.claimAt(1);
        vm.expectRevert(abi.encodeWithSelector(Bonds.WrongBond.selector, 0));
        vm.prank(alice);
        settlement.propose{value: CLAIM_BOND}(own, 2, hash, _outputRoot(4), 4, new bytes(384));
    }

    function test_bond_that_moved_on_falls_with_the_parent() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(_liar(mallory, 0, 0, 0, 0)); // 1
        _commit("two");
        _claimAs(_liar(mallory, 1, 0, 0, 0)); // 2: the bond is here now
        _claimAs(honest); // 3
        _play(honest);
        vm.expectRevert(Bonds.NotDecided.selector);
        game.settle(2);
        skip(WINDOW);
        _creditAll(honest);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settle(1);
        vm.expectEmit(address(game));
        emit Bonds.BondSettled(game.rootEdge(2).id(), alice, CLAIM_BOND / 2, CLAIM_BOND / 2);
        game.settle(2);
        vm.assertEq(game.withdrawable(alice), CLAIM_BOND / 2);
        vm.assertEq(game.withdrawable(mallory), 0);
        vm.assertEq(game.burnt(), CLAIM_BOND / 2);
    }

    /// @dev Three deep: the prize goes to who beat the first that lost, not to who won further down.
    function test_settle_pays_the_winner_against_the_first_that_lost() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(_liar(mallory, 0, 0, 0, 0)); // 1
        _commit("two");
        Side memory inner = _liar(carol, 1, 0, 0, 0);
        _claimAs(inner); // 2, on it
        _claimAs(_liar(bob, 1, 1, 0, 0)); // 3, its rival
        _claimAs(honest); // 4
        _play(honest);
        _play(inner);
        skip(WINDOW);
        _creditAll(inner);
        _creditAll(honest);
        for (uint64 i = 1; i <= 3; ++i) {
            game.settle(i);
        }
        vm.assertEq(game.withdrawable(alice), 3 * CLAIM_BOND / 2);
        vm.assertEq(game.withdrawable(carol), 0);
        vm.assertEq(game.burnt(), 3 * CLAIM_BOND / 2);
    }

    function test_settle_unknown_pending_or_twice_reverts() external {
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settle(0);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settle(9);
        _commit("one");
        _claimAs(_honest(alice, 0));
        skip(WINDOW - 1);
        vm.expectRevert(Bonds.NotDecided.selector);
        game.settle(1);
        skip(1);
        vm.expectEmit(address(game));
        emit Bonds.BondSettled(game.rootEdge(1).id(), alice, CLAIM_BOND, 0);
        game.settle(1);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        game.settle(1);
    }

    function test_withdraw_pays_once() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        skip(WINDOW);
        game.settle(1);
        vm.expectRevert(Bonds.NothingToWithdraw.selector);
        vm.prank(bob);
        game.withdraw();
        uint256 balance = alice.balance;
        vm.expectEmit(address(game));
        emit Bonds.Withdrawn(alice, CLAIM_BOND);
        vm.prank(alice);
        game.withdraw();
        vm.assertEq(alice.balance, balance + CLAIM_BOND);
        vm.assertEq(address(game).balance, 0);
        vm.expectRevert(Bonds.NothingToWithdraw.selector);
        vm.prank(alice);
        game.withdraw();
    }

    function test_withdraw_reentered_pays_once() external {
        Thief thief = new Thief(game);
        vm.deal(address(thief), CLAIM_BOND);
        _commit("one");
        _claimAs(_honest(address(thief), 0));
        _commit("two");
        _claimAs(_honest(alice, 1)); // something to steal
        skip(WINDOW);
        game.settle(1);
        thief.steal();
        vm.assertEq(address(thief).balance, CLAIM_BOND);
        vm.assertEq(address(game).balance, CLAIM_BOND);
    }

    /// @dev It cannot be paid, and nobody else is worse off for it.
    function test_withdraw_of_who_takes_nothing_reverts() external {
        address deaf = address(inbox);
        vm.deal(deaf, CLAIM_BOND);
        _commit("one");
        _claimAs(_honest(deaf, 0));
        skip(WINDOW);
        game.settle(1);
        vm.expectRevert(Bonds.PaymentFailed.selector);
        vm.prank(deaf);
        game.withdraw();
        vm.assertEq(game.withdrawable(deaf), CLAIM_BOND);
    }

    function test_ether_that_was_forced_in_belongs_to_nobody() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        vm.deal(address(game), address(game).balance + 5 ether);
        skip(WINDOW);
        game.settle(1);
        vm.prank(alice);
        game.withdraw();
        vm.assertEq(address(game).balance, 5 ether);
        vm.assertEq(game.burnt(), 0);
        (bool ok,) = address(game).call{value: 0}("");
        vm.assertFalse(ok, "it takes no transfers");
    }

    // Other modules

    /// @dev Its claims stay with it, and what builds on them goes on under another.
    /// @dev Nobody can contradict a claim under a module that was replaced, so none is decided any more: else whoever
    /// claims just before would win.
    function test_retired_module_decides_nothing_more() external {
        _commit("one");
        Side memory liar = _liar(mallory, 0, 1, 0, 0);
        _claimAs(liar);
        skip(WINDOW - 1);
        FaultProof old = game;
        game = new FaultProof(_gameConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(game));
        skip(2 * WINDOW);
        vm.assertEq(uint256(old.status(1)), uint256(ClaimStatus.Pending));
        old.settle(1);
        vm.assertEq(old.withdrawable(mallory), CLAIM_BOND);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        old.settle(1);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadConfig.selector, "validity"));
        vm.prank(address(timelock));
        settlement.setValidity(address(old));
        vm.assertEq(_claimAs(_honest(alice, 0)), 2);
        skip(WINDOW);
        _expectStatus(2, ClaimStatus.Final);
    }

    function test_claims_on_another_modules_final_claim() external {
        _commit("one");
        _claimAs(_honest(alice, 0));
        _commit("two");
        FaultProof old = game;
        skip(WINDOW);
        game = new FaultProof(_gameConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(game));
        vm.assertEq(game.lastBatchFor(1), 2);
        vm.assertEq(game.bond(1, alice), CLAIM_BOND);
        Side memory honest = _honest(alice, 1);
        Side memory liar = _liar(mallory, 1, 1, 0, 1);
        vm.assertEq(_claimAs(honest), 2);
        vm.assertEq(_claimAs(liar), 3);
        while (_play(liar) || _play(honest)) {}
        skip(WINDOW);
        _creditAll(honest);
        _expectStatus(2, ClaimStatus.Final);
        _expectStatus(3, ClaimStatus.Rejected);
        game.confirm(2);
        old.settle(1);
        vm.assertEq(old.withdrawable(alice), CLAIM_BOND);
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, 1));
        game.confirm(1);
    }
}

/// @notice Asks for its money again while it is being paid.
contract Thief {
    FaultProof private immutable _game;

    constructor(FaultProof game) {
        _game = game;
    }

    receive() external payable {
        try _game.withdraw() {} catch {}
    }

    function steal() external {
        _game.withdraw();
    }
}
