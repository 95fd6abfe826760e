// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Portal} from "../../src/Portal.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {Vm} from "../base/Vm.sol";
import {CoreTest} from "./CoreTest.sol";
import {Greedy, ReturnBomb, Reenterer, Recorder, Reverter} from "./Targets.sol";

contract PortalWithdrawTest is CoreTest {
    function setUp() public override {
        super.setUp();
        _fund(100 ether);
    }

    function test_withdrawal_is_proven_and_paid() external {
        Withdrawal memory w = _withdrawal(bob, 3 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        uint256 before = bob.balance;

        vm.recordLogs();
        uint64 index = _prove(w, alice);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[logs.length - 2].topics[0], IPortal.WithdrawalProven.selector);
        vm.assertEq(logs[logs.length - 1].topics[0], IPortal.WithdrawalProvenExtension1.selector);
        vm.assertEq(logs[logs.length - 1].topics[2], bytes32(uint256(uint160(alice))));

        (address claim, uint64 at_) = portal.provenWithdrawals(hash, alice);
        vm.assertEq(claim, address(settlement.claimAt(index)));
        vm.assertEq(at_, vm.getBlockTimestamp());
        vm.assertEq(portal.numProofSubmitters(hash), 1);
        vm.assertEq(portal.proofSubmitters(hash, 0), alice);

        skip(WINDOW);
        portal.checkWithdrawal(hash, alice);
        vm.expectEmit(address(portal));
        emit IPortal.WithdrawalFinalized(hash, true);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.assertEq(bob.balance, before + 3 ether);
        vm.assertTrue(portal.finalizedWithdrawals(hash));
    }

    /// forge-config: default.fuzz.runs = 32
    function test_withdrawal_is_proven_in_tries_of_every_size(uint8 others) external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, others);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        portal.proveWithdrawalTransaction(w, index, parts, _proofOf(hashes, hash));
        vm.assertEq(portal.numProofSubmitters(hash), 1);
    }

    function test_anyone_can_finalise_with_anothers_proof() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        _ripen(w);
        vm.expectRevert(IPortal.OptimismPortal_Unproven.selector);
        portal.finalizeWithdrawalTransaction(w);
        portal.finalizeWithdrawalTransactionExternalProof(w, alice);
    }

    function test_relayed_call_sees_its_sender_and_its_data() external {
        Recorder target = new Recorder(portal);
        Withdrawal memory w = _withdrawal(address(target), 2 ether);
        w.data = hex"01020304";
        _ripen(w);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.assertEq(target.caller(), address(portal));
        vm.assertEq(target.l2Sender(), w.sender);
        vm.assertEq(target.value(), 2 ether);
        vm.assertEq(target.data(), hex"01020304");
        vm.assertEq(portal.l2Sender(), 0x000000000000000000000000000000000000dEaD);
    }

    function test_submitters_are_listed_and_keep_their_own_proofs() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 3);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        bytes[] memory proof = _proofOf(hashes, hash);
        address[4] memory order = [alice, bob, bob, alice];
        for (uint256 i = 0; i < order.length; ++i) {
            vm.prank(order[i]);
            portal.proveWithdrawalTransaction(w, index, parts, proof);
            skip(1 hours);
        }
        vm.assertEq(portal.numProofSubmitters(hash), 3, "one who proves twice in a row is listed once");
        vm.assertEq(portal.proofSubmitters(hash, 0), alice);
        vm.assertEq(portal.proofSubmitters(hash, 1), bob);
        vm.assertEq(portal.proofSubmitters(hash, 2), alice);
        (, uint64 alices) = portal.provenWithdrawals(hash, alice);
        (, uint64 bobs) = portal.provenWithdrawals(hash, bob);
        vm.assertEq(alices, bobs + 1 hours);
    }

    function test_proofSubmitters_beyondTheEnd_reverts() external {
        vm.expectRevert(IPortal.OptimismPortal_Unproven.selector);
        portal.proofSubmitters(keccak256("unknown"), 0);
    }

    function test_proveWithdrawalTransaction_noSuchClaim_reverts() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        vm.expectRevert();
        portal.proveWithdrawalTransaction(w, 1, OutputRootProof(0, 0, 0, 0), new bytes[](0));
    }

    function test_proveWithdrawalTransaction_wrongOutputRoot_reverts(uint256 part, bytes32 other) external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 3);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        bytes32[4] memory p = [parts.version, parts.stateRoot, parts.messagePasserStorageRoot, parts.latestBlockhash];
        vm.assume(p[part % 4] != other);
        p[part % 4] = other;
        vm.expectRevert(IPortal.OptimismPortal_InvalidOutputRootProof.selector);
        portal.proveWithdrawalTransaction(w, index, OutputRootProof(p[0], p[1], p[2], p[3]), _proofOf(hashes, hash));
    }

    function test_proveWithdrawalTransaction_otherWithdrawal_reverts(uint8 field) external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 30);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        bytes[] memory proof = _proofOf(hashes, hash);
        if (field % 6 == 0) w.nonce += 1;
        if (field % 6 == 1) w.sender = bob;
        if (field % 6 == 2) w.target = alice;
        if (field % 6 == 3) w.value += 1;
        if (field % 6 == 4) w.gasLimit += 1;
        if (field % 6 == 5) w.data = hex"00";
        vm.expectRevert(IPortal.OptimismPortal_InvalidMerkleProof.selector);
        portal.proveWithdrawalTransaction(w, index, parts, proof);
    }

    function test_proveWithdrawalTransaction_vetoedClaim_reverts() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 3);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        vm.prank(guardian);
        window.veto(index);
        vm.expectRevert(IPortal.OptimismPortal_InvalidDisputeGame.selector);
        portal.proveWithdrawalTransaction(w, index, parts, _proofOf(hashes, hash));
    }

    function test_checkWithdrawal_unproven_reverts(bytes32 hash, address submitter) external {
        vm.expectRevert(IPortal.OptimismPortal_Unproven.selector);
        portal.checkWithdrawal(hash, submitter);
    }

    function test_checkWithdrawal_youngProof_reverts() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 3);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        skip(WINDOW); // the claim is final long before the proof is old
        portal.proveWithdrawalTransaction(w, index, parts, _proofOf(hashes, hash));
        skip(MATURITY - 1);
        vm.expectRevert(IPortal.OptimismPortal_ProofNotOldEnough.selector);
        portal.checkWithdrawal(hash, address(this));
        skip(1);
        portal.checkWithdrawal(hash, address(this));
    }

    function test_checkWithdrawal_pendingClaim_reverts() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        _prove(w, alice);
        bytes32 hash = Protocol.withdrawalHash(w);
        skip(WINDOW - 1);
        vm.expectRevert(IPortal.OptimismPortal_InvalidRootClaim.selector);
        portal.checkWithdrawal(hash, alice);
        skip(1);
        portal.checkWithdrawal(hash, alice);
    }

    function test_checkWithdrawal_vetoedClaim_reverts_until_proven_anew() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        uint64 index = _prove(w, alice);
        bytes32 hash = Protocol.withdrawalHash(w);
        vm.prank(guardian);
        window.veto(index);
        skip(WINDOW);
        vm.expectRevert(IPortal.OptimismPortal_InvalidRootClaim.selector);
        portal.checkWithdrawal(hash, alice);

        bytes32[] memory hashes = _among(hash, 5);
        OutputRootProof memory parts = _partsOf(hashes);
        uint64 batch = _commit("batch");
        uint64 again = uint64(settlement.gameCount());
        _proposeOn(0, batch, Protocol.outputRoot(parts));
        vm.prank(alice);
        portal.proveWithdrawalTransaction(w, again, parts, _proofOf(hashes, hash));
        skip(WINDOW);
        portal.checkWithdrawal(hash, alice);
    }

    function test_finalizeWithdrawalTransaction_twice_reverts() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        _ripen(w);
        vm.startPrank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.expectRevert(IPortal.OptimismPortal_AlreadyFinalized.selector);
        portal.finalizeWithdrawalTransaction(w);
        vm.stopPrank();
    }

    function test_finalizeWithdrawalTransaction_failing_call_spends_the_withdrawal() external {
        Withdrawal memory w = _withdrawal(address(new Reverter()), 1 ether);
        bytes32 hash = _ripen(w);
        vm.expectEmit(address(portal));
        emit IPortal.WithdrawalFinalized(hash, false);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.assertTrue(portal.finalizedWithdrawals(hash));
        vm.assertEq(address(portal).balance, 100 ether, "the value stays");
    }

    function test_finalizeWithdrawalTransaction_failing_estimate_reverts() external {
        Withdrawal memory w = _withdrawal(address(new Reverter()), 1 ether);
        _ripen(w);
        vm.prank(alice, address(1));
        vm.expectRevert(IPortal.OptimismPortal_GasEstimation.selector);
        portal.finalizeWithdrawalTransaction(w);
    }

    function test_finalizeWithdrawalTransaction_returnBomb_does_not_stop_it() external {
        Withdrawal memory w = _withdrawal(address(new ReturnBomb()), 0);
        bytes32 hash = _ripen(w);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction{gas: 3_000_000}(w);
        vm.assertTrue(portal.finalizedWithdrawals(hash));
    }

    /// @dev Whatever gas the caller sends: either the withdrawal's call gets what it asked for, or nothing is spent.
    function test_finalizeWithdrawalTransaction_gives_the_call_its_gas(uint64 gas_, uint64 wanted, uint16 size)
        external
    {
        wanted = uint64(bound(wanted, 0, 2_000_000));
        Greedy target = new Greedy();
        Withdrawal memory w = _withdrawal(address(target), 1);
        w.gasLimit = wanted;
        w.data = new bytes(size);
        bytes32 hash = _ripen(w);
        vm.prank(alice);
        uint256 sent = uint256(wanted) * 64 / 63 + bound(gas_, 30_000, 200_000);
        (bool ok,) = address(portal).call{gas: sent}(abi.encodeCall(IPortal.finalizeWithdrawalTransaction, (w)));
        vm.assertEq(ok, portal.finalizedWithdrawals(hash));
        if (ok) vm.assertGe(target.gasSeen() + 200, wanted);
    }

    function test_finalizeWithdrawalTransaction_absurdGasLimit_reverts() external {
        Withdrawal memory w = _withdrawal(bob, 1);
        w.gasLimit = type(uint256).max;
        _ripen(w);
        vm.prank(alice);
        vm.expectRevert(IPortal.OptimismPortal_NotEnoughGas.selector);
        portal.finalizeWithdrawalTransaction(w);
    }

    function test_finalizeWithdrawalTransaction_emptyPortal_reverts_and_spends_nothing() external {
        Withdrawal memory w = _withdrawal(bob, 101 ether);
        bytes32 hash = _ripen(w);
        vm.prank(alice);
        vm.expectRevert(IPortal.OptimismPortal_InsufficientBalance.selector);
        portal.finalizeWithdrawalTransaction(w);
        vm.assertFalse(portal.finalizedWithdrawals(hash));
        _fund(1 ether);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
    }

    function test_finalizeWithdrawalTransaction_reentered_reverts() external {
        Reenterer target = new Reenterer(portal);
        Withdrawal memory inner = _withdrawal(bob, 1 ether);
        Withdrawal memory outer = _withdrawal(address(target), 1 ether);
        outer.gasLimit = 500_000;
        _ripen(inner);
        _ripen(outer);
        target.arm(inner, alice);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(outer);
        vm.assertEq(bytes4(target.answer()), IPortal.OptimismPortal_NoReentrancy.selector);
        vm.assertFalse(portal.finalizedWithdrawals(Protocol.withdrawalHash(inner)));
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(inner);
    }

    function test_pause_stops_deposits_and_withdrawals_for_a_bounded_time() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        _ripen(w);
        vm.prank(guardian);
        portal.pause();
        vm.assertTrue(portal.paused());
        vm.expectRevert(IPortal.OptimismPortal_CallPaused.selector);
        portal.depositTransaction(bob, 0, 21_000, false, "");
        vm.expectRevert(IPortal.OptimismPortal_CallPaused.selector);
        portal.finalizeWithdrawalTransactionExternalProof(w, alice);
        vm.expectRevert(IPortal.OptimismPortal_CallPaused.selector);
        portal.proveWithdrawalTransaction(w, 0, OutputRootProof(0, 0, 0, 0), new bytes[](0));

        skip(MAX_PAUSE - 1);
        vm.assertTrue(portal.paused());
        skip(1);
        vm.assertFalse(portal.paused());
        vm.prank(guardian);
        vm.expectRevert(IPortal.OptimismPortal_PauseUsed.selector);
        portal.pause();
        portal.finalizeWithdrawalTransactionExternalProof(w, alice);
    }

    function test_unpause_ends_it_early_and_gives_no_second_pause() external {
        vm.startPrank(guardian);
        portal.pause();
        portal.unpause();
        vm.assertFalse(portal.paused());
        vm.expectRevert(IPortal.OptimismPortal_PauseUsed.selector);
        portal.pause();
        vm.stopPrank();
        _throughTimelock(address(portal), abi.encodeCall(Portal.rearmPause, ()));
        vm.prank(guardian);
        portal.pause();
        vm.assertTrue(portal.paused());
    }

    /// @dev Announced long before, one pause after the other could fill the notice that users get of a change.
    function test_pause_soonAfterAnother_reverts() external {
        vm.prank(admin);
        timelock.schedule(address(portal), 0, abi.encodeCall(Portal.rearmPause, ()), 0, 0, EXIT_WINDOW);
        skip(EXIT_WINDOW - MAX_PAUSE);
        vm.prank(guardian);
        portal.pause();
        skip(MAX_PAUSE);
        timelock.execute(address(portal), 0, abi.encodeCall(Portal.rearmPause, ()), 0, 0);
        vm.startPrank(guardian);
        vm.expectRevert(IPortal.OptimismPortal_PauseUsed.selector);
        portal.pause();
        skip(EXIT_WINDOW - 1);
        vm.expectRevert(IPortal.OptimismPortal_PauseUsed.selector);
        portal.pause();
        skip(1);
        portal.pause();
        vm.stopPrank();
    }

    function test_pause_notGuardian_reverts(address caller) external {
        vm.assume(caller != guardian);
        vm.startPrank(caller);
        vm.expectRevert(IPortal.OptimismPortal_Unauthorized.selector);
        portal.pause();
        vm.expectRevert(IPortal.OptimismPortal_Unauthorized.selector);
        portal.unpause();
        vm.stopPrank();
    }

    function test_ownersFunctions_notOwner_reverts(address caller) external {
        vm.assume(caller != address(timelock));
        vm.startPrank(caller);
        vm.expectRevert(IPortal.OptimismPortal_Unauthorized.selector);
        portal.rearmPause();
        vm.expectRevert(IPortal.OptimismPortal_Unauthorized.selector);
        portal.setGuardian(bob);
        vm.stopPrank();
    }

    function test_setGuardian_zero_reverts() external {
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(Portal.BadConfig.selector, "guardian"));
        portal.setGuardian(address(0));
    }

    function test_views_are_what_wallets_expect() external view {
        vm.assertEq(portal.version(), "4.0.0");
        vm.assertEq(portal.respectedGameType(), 42);
        vm.assertEq(portal.disputeGameFactory(), address(settlement));
        vm.assertEq(portal.anchorStateRegistry(), address(settlement));
        vm.assertEq(portal.proofMaturityDelaySeconds(), MATURITY);
        vm.assertEq(portal.disputeGameFinalityDelaySeconds(), 0);
        vm.assertEq(portal.guardian(), guardian);
    }
}
