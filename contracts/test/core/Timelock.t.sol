// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Inbox} from "../../src/Inbox.sol";
import {Timelock} from "../../src/Timelock.sol";
import {CoreTest} from "./CoreTest.sol";

contract TimelockTest is CoreTest {
    function test_constructor_badField_reverts() external {
        address[] memory none = new address[](0);
        address[] memory zero = new address[](1);
        address[] memory one = new address[](1);
        one[0] = admin;
        vm.expectRevert(abi.encodeWithSelector(Timelock.BadConfig.selector, "exitWindow"));
        new Timelock(0, one);
        vm.expectRevert(abi.encodeWithSelector(Timelock.BadConfig.selector, "proposers"));
        new Timelock(1 days, none);
        vm.expectRevert(abi.encodeWithSelector(Timelock.BadConfig.selector, "proposers"));
        new Timelock(1 days, zero);
    }

    function test_execute_beforeTheDelay_reverts() external {
        bytes memory data = abi.encodeCall(Inbox.setBatcher, (bob));
        vm.prank(admin);
        timelock.schedule(address(inbox), 0, data, 0, 0, EXIT_WINDOW);
        skip(EXIT_WINDOW - 1);
        vm.expectRevert();
        timelock.execute(address(inbox), 0, data, 0, 0);
        skip(1);
        timelock.execute(address(inbox), 0, data, 0, 0);
        vm.assertEq(inbox.batcher(), bob);
    }

    function test_schedule_shorterThanTheDelay_reverts() external {
        vm.prank(admin);
        vm.expectRevert();
        timelock.schedule(address(inbox), 0, "", 0, 0, EXIT_WINDOW - 1);
    }

    function test_schedule_stranger_reverts(address caller) external {
        vm.assume(caller != admin);
        vm.prank(caller);
        vm.expectRevert();
        timelock.schedule(address(inbox), 0, "", 0, 0, EXIT_WINDOW);
    }

    function test_updateDelay_belowTheExitWindow_reverts() external {
        bytes memory data = abi.encodeCall(timelock.updateDelay, (EXIT_WINDOW - 1));
        vm.prank(admin);
        timelock.schedule(address(timelock), 0, data, 0, 0, EXIT_WINDOW);
        skip(EXIT_WINDOW);
        vm.expectRevert(Timelock.DelayBelowExitWindow.selector);
        timelock.execute(address(timelock), 0, data, 0, 0);
    }

    function test_updateDelay_can_only_grow_it() external {
        _throughTimelock(address(timelock), abi.encodeCall(timelock.updateDelay, (2 * EXIT_WINDOW)));
        vm.assertEq(timelock.getMinDelay(), 2 * EXIT_WINDOW);
    }

    /// @dev Nobody but the timelock itself can change who may do what.
    function test_roles_have_no_other_admin() external view {
        vm.assertTrue(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(timelock)));
        vm.assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), admin));
        vm.assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(this)));
    }
}
