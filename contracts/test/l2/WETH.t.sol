// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {WETH} from "../../src/l2/WETH.sol";
import {TwoChains} from "../bridge/TwoChains.sol";

/// @notice Unwraps again while it receives ether.
contract Greedy {
    WETH private immutable _weth;
    bool public succeeded;

    constructor(WETH weth) {
        _weth = weth;
    }

    function run() external payable {
        _weth.deposit{value: msg.value}();
        _weth.withdraw(msg.value);
    }

    receive() external payable {
        (succeeded,) = address(_weth).call(abi.encodeCall(WETH.withdraw, (msg.value)));
    }
}

/// @notice Wrapped ether is always backed by ether.
contract WETHTest is TwoChains {
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");

    function test_wrapping_and_unwrapping_conserve_ether(uint96 wrapped, uint96 sent, uint96 unwrapped) public {
        sent = uint96(bound(sent, 0, wrapped));
        unwrapped = uint96(bound(unwrapped, 0, sent));
        vm.deal(alice, wrapped);
        vm.startPrank(alice);
        vm.expectEmit(address(weth));
        emit WETH.Deposit(alice, wrapped);
        weth.deposit{value: wrapped}();
        weth.transfer(bob, sent);
        vm.stopPrank();
        vm.expectEmit(address(weth));
        emit WETH.Withdrawal(bob, unwrapped);
        vm.prank(bob);
        weth.withdraw(unwrapped);
        vm.assertEq(bob.balance, unwrapped);
        vm.assertEq(weth.totalSupply(), uint256(wrapped) - unwrapped);
        vm.assertEq(address(weth).balance, weth.totalSupply());
    }

    function test_ether_that_is_sent_is_wrapped() public {
        vm.deal(alice, 1 ether);
        vm.prank(alice);
        (bool ok,) = address(weth).call{value: 1 ether}("");
        vm.assertTrue(ok);
        vm.assertEq(weth.balanceOf(alice), 1 ether);
    }

    function test_withdraw_more_than_the_balance_reverts() public {
        vm.deal(address(weth), 10 ether);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        vm.prank(alice);
        weth.withdraw(1);
    }

    function test_withdraw_to_a_contract_that_refuses_reverts() public {
        vm.deal(address(this), 1 ether);
        weth.deposit{value: 1 ether}();
        vm.expectRevert(abi.encodeWithSelector(WETH.EtherRefused.selector, address(this)));
        weth.withdraw(1 ether);
    }

    function test_withdraw_cannot_be_reentered() public {
        Greedy greedy = new Greedy(weth);
        vm.deal(address(this), 2 ether);
        weth.deposit{value: 1 ether}();
        greedy.run{value: 1 ether}();
        vm.assertFalse(greedy.succeeded());
        vm.assertEq(address(weth).balance, 1 ether);
        vm.assertEq(address(greedy).balance, 1 ether);
    }

    function test_names() public view {
        vm.assertEq(weth.name(), "Wrapped Ether");
        vm.assertEq(weth.symbol(), "WETH");
        vm.assertEq(uint256(weth.decimals()), 18);
    }
}
