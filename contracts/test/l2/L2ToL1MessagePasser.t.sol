// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {L2ToL1MessagePasser} from "../../src/l2/L2ToL1MessagePasser.sol";
import {RelayPortal} from "../bridge/RelayPortal.sol";
import {TwoChains} from "../bridge/TwoChains.sol";

/// @notice Withdrawals leave exactly the marks that the Portal and viem look for.
contract L2ToL1MessagePasserTest is TwoChains {
    address internal alice = makeAddr("alice");

    function test_withdrawal_is_marked_in_slot_zero(address target, uint96 value, uint256 gasLimit, bytes calldata data)
        public
    {
        uint256 nonce = uint256(1) << 240;
        bytes32 withdrawalHash = keccak256(abi.encode(nonce, alice, target, uint256(value), gasLimit, data));
        bytes32 slot = keccak256(abi.encode(withdrawalHash, uint256(0)));
        vm.assertEq(vm.load(address(passer), slot), bytes32(0));

        vm.deal(alice, value);
        vm.expectEmit(address(passer));
        emit L2ToL1MessagePasser.MessagePassed(nonce, alice, target, value, gasLimit, data, withdrawalHash);
        vm.prank(alice);
        passer.initiateWithdrawal{value: value}(target, gasLimit, data);

        vm.assertEq(vm.load(address(passer), slot), bytes32(uint256(1)));
        vm.assertTrue(passer.sentMessages(withdrawalHash));
        vm.assertEq(passer.messageNonce(), nonce + 1);
        vm.assertEq(address(passer).balance, value);
    }

    function test_equal_withdrawals_differ_by_nonce() public {
        vm.recordLogs();
        vm.startPrank(alice);
        passer.initiateWithdrawal(alice, 0, "");
        passer.initiateWithdrawal(alice, 0, "");
        RelayPortal.Withdrawal[] memory found = _withdrawals();
        vm.assertEq(found[0].nonce, uint256(1) << 240);
        vm.assertEq(found[1].nonce, (uint256(1) << 240) + 1);
        vm.assertTrue(_relayWithdrawal(found[0]));
        vm.assertTrue(_relayWithdrawal(found[1]));
    }

    function test_ether_that_is_sent_is_withdrawn_to_the_sender() public {
        vm.deal(alice, 1 ether);
        vm.recordLogs();
        vm.prank(alice);
        (bool ok,) = address(passer).call{value: 1 ether}("");
        vm.assertTrue(ok);
        vm.deal(address(portal), 1 ether);
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertEq(alice.balance, 1 ether);
    }

    /// @dev Optimism 2022: ether that should have been destroyed stayed.
    function test_burn_destroys_the_ether(uint96 amount) public {
        vm.deal(address(passer), amount);
        address burner = vm.computeCreateAddress(address(passer), vm.getNonce(address(passer)));
        vm.expectEmit(address(passer));
        emit L2ToL1MessagePasser.WithdrawerBalanceBurnt(amount);
        passer.burn();
        vm.assertEq(address(passer).balance, 0);
        vm.assertEq(burner.balance, 0);
    }

    function test_burn_works_again() public {
        for (uint256 i; i < 3; ++i) {
            vm.deal(address(passer), 1 ether);
            passer.burn();
            vm.assertEq(address(passer).balance, 0);
        }
    }

    function test_topic_and_selector_are_the_op_stacks() public pure {
        vm.assertEq(
            L2ToL1MessagePasser.MessagePassed.selector,
            0x02a52367d10742d8032712c1bb8e0144ff1ec5ffda1ed7d70bb05a2744955054
        );
        vm.assertEq(bytes32(L2ToL1MessagePasser.initiateWithdrawal.selector), bytes32(bytes4(0xc2b3e5ac)));
    }
}
