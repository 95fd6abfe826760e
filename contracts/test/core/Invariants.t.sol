// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {CoreTest} from "./CoreTest.sol";
import {Handler} from "./Handler.sol";

/// @notice What holds whatever anybody does, and in whatever order.
contract InvariantsTest is CoreTest {
    Handler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new Handler(inbox, portal, settlement, window);
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Handler.deposit.selector;
        selectors[1] = Handler.withdraw.selector;
        selectors[2] = Handler.commit.selector;
        selectors[3] = Handler.propose.selector;
        selectors[4] = Handler.veto.selector;
        selectors[5] = Handler.prove.selector;
        selectors[6] = Handler.finalise.selector;
        selectors[7] = Handler.wait.selector;
        selectors[8] = Handler.pause.selector;
        targetOnly(address(_handler), selectors);
    }

    function invariant_portal_holds_deposits_less_withdrawals() external view {
        vm.assertEq(address(portal).balance, _handler.deposited() - _handler.withdrawn());
    }

    function invariant_queue_is_what_its_events_say() external view {
        vm.assertEq(inbox.queueLength(), _handler.queued());
        vm.assertEq(inbox.queueAcc(inbox.queueLength()), _handler.acc());
        vm.assertLe(inbox.queueConsumed(), inbox.queueLength());
    }

    function invariant_withdrawal_pays_once_and_only_when_final() external view {
        vm.assertFalse(_handler.paidTooEarly());
        for (uint256 i = 0; i < _handler.withdrawals(); ++i) {
            vm.assertLe(_handler.paid(i), 1);
            vm.assertEq(_handler.payee(i).balance, _handler.paid(i) * _handler.valueOf(i));
        }
    }

    function invariant_claim_waits_for_its_window_and_its_parent() external view {
        for (uint64 i = 1; i < settlement.gameCount(); ++i) {
            IClaim claim = settlement.claimAt(i);
            ClaimStatus parent = settlement.claimAt(claim.parentIndex()).status();
            ClaimStatus status = claim.status();
            if (status == ClaimStatus.Final) {
                vm.assertGe(vm.getBlockTimestamp(), claim.createdAt() + WINDOW);
                vm.assertEq(uint256(parent), uint256(ClaimStatus.Final));
            }
            if (parent == ClaimStatus.Rejected) vm.assertEq(uint256(status), uint256(ClaimStatus.Rejected));
        }
    }

    function invariant_pause_is_bounded() external view {
        vm.assertLe(portal.pausedUntil(), vm.getBlockTimestamp() + MAX_PAUSE);
    }

    /// @dev The runs do get somewhere: a fixed story through the same handler pays a withdrawal, and a veto stops one.
    function test_handler_reaches_the_end() external {
        _handler.deposit(0, 5 ether, "");
        _handler.withdraw(0.5 ether);
        _handler.wait(12);
        _handler.commit(1);
        _handler.propose(1);
        _handler.prove(0);
        for (uint256 i = 0; i < 3; ++i) {
            _handler.wait(3 days - 1);
        }
        _handler.finalise(0);
        vm.assertEq(_handler.paid(0), 1);

        _handler.withdraw(0.25 ether);
        _handler.commit(1);
        _handler.propose(1);
        _handler.prove(1);
        _handler.veto(2 << 8);
        for (uint256 i = 0; i < 5; ++i) {
            _handler.wait(3 days - 1);
        }
        _handler.finalise(1);
        vm.assertEq(_handler.paid(1), 0);
        vm.assertEq(uint256(settlement.claimAt(2).status()), uint256(ClaimStatus.Rejected));
    }
}
