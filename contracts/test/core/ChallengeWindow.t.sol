// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {ChallengeWindow} from "../../src/validity/ChallengeWindow.sol";
import {CoreTest} from "./CoreTest.sol";

contract ChallengeWindowTest is CoreTest {
    function test_constructor_badField_reverts() external {
        for (uint256 field = 0; field < 5; ++field) {
            ChallengeWindow.Config memory c = _windowConfig();
            if (field == 0) c.owner = address(0);
            if (field == 1) c.settlement = address(0);
            if (field == 2) c.windowSeconds = 0;
            if (field == 3) c.proposer = address(0);
            if (field == 4) c.guardian = address(0);
            string memory name = ["owner", "settlement", "windowSeconds", "proposer", "guardian"][field];
            vm.expectRevert(abi.encodeWithSelector(ChallengeWindow.BadConfig.selector, name));
            new ChallengeWindow(c);
        }
    }

    function test_claim_is_final_when_its_window_is_over(uint64 wait) external {
        wait = uint64(bound(wait, 0, 2 * WINDOW));
        _commit("batch");
        IClaim claim = _proposeOn(0, 1, keccak256("root"));
        uint64 end = claim.createdAt() + WINDOW;
        skip(wait);
        bool over = wait >= WINDOW;
        vm.assertEq(uint256(claim.status()), uint256(over ? ClaimStatus.Final : ClaimStatus.Pending));
        vm.assertEq(claim.resolvedAt(), over ? end : 0);
        vm.assertEq(claim.expectedResolution(), end);
        vm.assertEq(window.bond(), 0);
    }

    function test_onClaim_stranger_reverts(address caller) external {
        vm.assume(caller != address(settlement));
        vm.expectRevert(ChallengeWindow.Unauthorized.selector);
        vm.prank(caller);
        window.onClaim(1, 0, proposer, 0);
    }

    function test_propose_notProposer_reverts(address caller) external {
        vm.assume(caller != proposer);
        _commit("batch");
        bytes32 hash = inbox.batchHash(1);
        vm.expectRevert(ChallengeWindow.Unauthorized.selector);
        vm.prank(caller);
        settlement.propose(0, 1, hash, keccak256("root"), 1);
    }

    function test_propose_withBond_reverts() external {
        _commit("batch");
        bytes32 hash = inbox.batchHash(1);
        vm.deal(proposer, 1);
        vm.expectRevert(ChallengeWindow.NoBondExpected.selector);
        vm.prank(proposer);
        settlement.propose{value: 1}(0, 1, hash, keccak256("root"), 1);
    }

    function test_veto_rejects_the_claim_and_all_newer_ones() external {
        for (uint64 batch = 1; batch <= 4; ++batch) {
            _commit("batch");
            _proposeOn(batch - 1, batch, keccak256(abi.encode(batch)));
        }
        vm.prank(guardian);
        window.veto(3);
        _expect(1, ClaimStatus.Pending);
        _expect(2, ClaimStatus.Pending);
        _expect(3, ClaimStatus.Rejected);
        _expect(4, ClaimStatus.Rejected);
        vm.assertEq(settlement.claimAt(3).resolvedAt(), vm.getBlockTimestamp());

        _proposeOn(2, 3, keccak256("better")); // number 5
        _expect(5, ClaimStatus.Pending);
        skip(WINDOW);
        _expect(2, ClaimStatus.Final);
        _expect(3, ClaimStatus.Rejected);
        _expect(5, ClaimStatus.Final);
    }

    function test_veto_of_an_older_claim_swallows_newer_vetoes() external {
        for (uint64 batch = 1; batch <= 4; ++batch) {
            _commit("batch");
            _proposeOn(batch - 1, batch, keccak256(abi.encode(batch)));
        }
        vm.startPrank(guardian);
        window.veto(4);
        window.veto(2);
        vm.stopPrank();
        _expect(1, ClaimStatus.Pending);
        for (uint64 i = 2; i <= 4; ++i) {
            _expect(i, ClaimStatus.Rejected);
        }
    }

    /// @dev A veto or a claim at random, many times; then each claim against its ancestors, one by one.
    function test_claims_stand_and_fall_with_their_ancestors(uint256 seed) external {
        _commit("batch");
        for (uint256 i = 0; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint64 pick = uint64((seed >> 8) % settlement.gameCount());
            IClaim claim = settlement.claimAt(pick);
            if (seed % 4 == 0 && pick != 0 && claim.status() == ClaimStatus.Pending) {
                vm.prank(guardian);
                window.veto(pick);
            } else if (claim.status() != ClaimStatus.Rejected) {
                while (inbox.lastBatch() <= claim.batchIndex()) _commit("batch");
                _proposeOn(pick, claim.batchIndex() + 1, keccak256(abi.encode(seed)));
            }
            skip(1 hours * (seed % 30));
            _commit("batch");
        }
        for (uint64 i = 1; i < settlement.gameCount(); ++i) {
            IClaim claim = settlement.claimAt(i);
            ClaimStatus parent = settlement.claimAt(claim.parentIndex()).status();
            if (parent == ClaimStatus.Rejected) _expect(i, ClaimStatus.Rejected);
            if (claim.status() == ClaimStatus.Final) {
                vm.assertEq(uint256(parent), uint256(ClaimStatus.Final));
                vm.assertGe(vm.getBlockTimestamp(), claim.createdAt() + WINDOW);
            }
        }
    }

    function test_veto_notGuardian_reverts(address caller) external {
        vm.assume(caller != guardian);
        _commit("batch");
        _proposeOn(0, 1, keccak256("root"));
        vm.expectRevert(ChallengeWindow.Unauthorized.selector);
        vm.prank(caller);
        window.veto(1);
    }

    function test_veto_final_rejected_or_unknown_reverts() external {
        _commit("batch");
        _proposeOn(0, 1, keccak256("root"));
        skip(WINDOW);
        _commit("batch");
        _proposeOn(1, 2, keccak256("root"));
        vm.startPrank(guardian);
        window.veto(2);
        uint64[4] memory wrong = [uint64(0), 1, 2, 3];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ChallengeWindow.NotPending.selector, wrong[i]));
            window.veto(wrong[i]);
        }
        vm.stopPrank();
    }

    function test_ownersFunctions_notOwner_reverts(address caller) external {
        vm.assume(caller != address(timelock));
        vm.startPrank(caller);
        vm.expectRevert(ChallengeWindow.Unauthorized.selector);
        window.setProposer(caller);
        vm.expectRevert(ChallengeWindow.Unauthorized.selector);
        window.setGuardian(caller);
        vm.stopPrank();
    }

    function test_setProposer_and_setGuardian_take_effect() external {
        vm.startPrank(address(timelock));
        window.setProposer(bob);
        window.setGuardian(alice);
        vm.expectRevert(abi.encodeWithSelector(ChallengeWindow.BadConfig.selector, "proposer"));
        window.setProposer(address(0));
        vm.expectRevert(abi.encodeWithSelector(ChallengeWindow.BadConfig.selector, "guardian"));
        window.setGuardian(address(0));
        vm.stopPrank();
        _commit("batch");
        bytes32 hash = inbox.batchHash(1);
        vm.prank(bob);
        settlement.propose(0, 1, hash, keccak256("root"), 1);
        vm.prank(alice);
        window.veto(1);
        _expect(1, ClaimStatus.Rejected);
    }

    function _expect(uint64 index, ClaimStatus status) private view {
        vm.assertEq(uint256(settlement.claimAt(index).status()), uint256(status));
    }
}
