// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FeeVault} from "../../src/l2/FeeVault.sol";
import {L2ToL1MessagePasser} from "../../src/l2/L2ToL1MessagePasser.sol";
import {TwoChains} from "../bridge/TwoChains.sol";

/// @notice Fees reach their recipient on the parent chain, and nobody else.
contract FeeVaultTest is TwoChains {
    function test_withdraw_pays_the_recipient_on_the_parent(uint96 amount, address caller) public {
        amount = uint96(bound(amount, MIN_FEES, type(uint96).max));
        vm.deal(address(vault), amount);
        vm.recordLogs();
        vm.prank(caller);
        vault.withdraw();
        vm.assertEq(address(vault).balance, 0);
        vm.assertEq(vault.totalProcessed(), amount);

        vm.deal(address(portal), amount);
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertEq(feeRecipient.balance, amount);
    }

    function test_withdraw_is_announced() public {
        vm.deal(address(vault), MIN_FEES);
        vm.expectEmit(address(vault));
        emit FeeVault.Withdrawal(MIN_FEES, feeRecipient, address(this));
        vm.expectEmit(address(vault));
        emit FeeVault.Withdrawal(MIN_FEES, feeRecipient, address(this), FeeVault.WithdrawalNetwork.L1);
        vm.expectCall(
            address(passer),
            MIN_FEES,
            abi.encodeCall(L2ToL1MessagePasser.initiateWithdrawal, (feeRecipient, 400_000, ""))
        );
        vault.withdraw();
    }

    function test_withdraw_below_the_minimum_reverts(uint256 amount) public {
        amount = bound(amount, 0, MIN_FEES - 1);
        vm.deal(address(vault), amount);
        vm.expectRevert(abi.encodeWithSelector(FeeVault.BelowMinimum.selector, amount, MIN_FEES));
        vault.withdraw();
    }

    function test_vault_accepts_ether() public {
        vm.deal(address(this), 1 ether);
        (bool ok,) = address(vault).call{value: 1 ether}("");
        vm.assertTrue(ok);
    }

    function test_getters() public view {
        vm.assertEq(vault.recipient(), feeRecipient);
        vm.assertEq(vault.RECIPIENT(), feeRecipient);
        vm.assertEq(vault.l1FeeWallet(), feeRecipient);
        vm.assertEq(vault.minWithdrawalAmount(), MIN_FEES);
        vm.assertEq(vault.MIN_WITHDRAWAL_AMOUNT(), MIN_FEES);
        vm.assertEq(uint256(vault.withdrawalNetwork()), 0);
        vm.assertEq(uint256(vault.WITHDRAWAL_NETWORK()), 0);
    }
}
