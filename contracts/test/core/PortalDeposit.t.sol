// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Metering} from "../../src/Metering.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {Alias} from "../../src/libraries/Alias.sol";
import {Protocol} from "../../src/libraries/Protocol.sol";
import {Vm} from "../base/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

contract PortalDepositTest is CoreTest {
    function test_depositTransaction_announces_and_queues(
        address to,
        uint256 mint,
        uint256 value,
        uint64 gasLimit,
        bytes calldata data
    ) external {
        mint = bound(mint, 0, 1_000 ether);
        gasLimit = uint64(bound(gasLimit, portal.minimumGasLimit(uint64(data.length)), 1 << 24));
        bytes memory opaque = abi.encodePacked(mint, value, gasLimit, false, data);
        vm.expectCall(
            address(inbox), abi.encodeCall(IInbox.queueDeposit, (gasLimit, abi.encodePacked(alice, to, opaque)))
        );
        vm.recordLogs();
        vm.prank(alice, alice);
        portal.depositTransaction{value: mint}(to, value, gasLimit, false, data);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2, "one event of the Portal's, then one of the Inbox's");
        vm.assertEq(logs[0].emitter, address(portal));
        vm.assertEq(logs[0].topics[0], IPortal.TransactionDeposited.selector);
        vm.assertEq(logs[0].topics[1], bytes32(uint256(uint160(alice))));
        vm.assertEq(logs[0].topics[2], bytes32(uint256(uint160(to))));
        vm.assertEq(logs[0].topics[3], 0);
        vm.assertEq(abi.decode(logs[0].data, (bytes)), opaque);
        vm.assertEq(logs[1].emitter, address(inbox));
        vm.assertEq(logs[1].topics[0], IInbox.MessageQueued.selector);
        (,,,, bytes memory payload) = abi.decode(logs[1].data, (bytes32, uint8, uint64, uint64, bytes));
        vm.assertEq(payload, abi.encodePacked(alice, to, opaque));
        vm.assertEq(address(portal).balance, mint);
    }

    function test_depositTransaction_contract_is_aliased() external {
        vm.recordLogs();
        portal.depositTransaction(bob, 0, 21_000, false, "");
        vm.assertEq(_lastFrom(), Alias.toRollup(address(this)));
    }

    function test_depositTransaction_delegated_account_keeps_its_address() external {
        vm.etch(alice, abi.encodePacked(hex"ef0100", address(this)));
        vm.recordLogs();
        vm.prank(alice, bob); // called by its code, in someone else's transaction
        portal.depositTransaction(bob, 0, 21_000, false, "");
        vm.assertEq(_lastFrom(), alice);
    }

    function test_depositTransaction_code_like_a_delegation_is_aliased(bytes23 code) external {
        vm.assume(bytes3(code) != 0xef0100 && bytes1(code) != 0xef);
        vm.etch(alice, abi.encodePacked(code));
        vm.recordLogs();
        vm.prank(alice, bob);
        portal.depositTransaction(bob, 0, 21_000, false, "");
        vm.assertEq(_lastFrom(), Alias.toRollup(alice));
    }

    function test_alias_is_undone(address account) external pure {
        vm.assertEq(Alias.toParent(Alias.toRollup(account)), account);
    }

    function test_receive_deposits_to_the_sender() external {
        vm.expectEmit(address(portal));
        emit IPortal.TransactionDeposited(
            alice, alice, 0, abi.encodePacked(uint256(1 ether), uint256(1 ether), uint64(100_000), false)
        );
        vm.prank(alice, alice);
        (bool ok,) = address(portal).call{value: 1 ether}("");
        vm.assertTrue(ok);
    }

    function test_depositTransaction_gasLimitTooLow_reverts(uint16 length) external {
        bytes memory data = new bytes(length % 1_000);
        uint64 least = portal.minimumGasLimit(uint64(data.length));
        vm.assertEq(least, 21_000 + 40 * data.length);
        vm.expectRevert(IPortal.OptimismPortal_GasLimitTooLow.selector);
        portal.depositTransaction(bob, 0, least - 1, false, data);
    }

    function test_depositTransaction_gasLimitTooHigh_reverts(uint64 gasLimit) external {
        portal.depositTransaction(bob, 0, 16_777_216, false, "");
        gasLimit = uint64(bound(gasLimit, 16_777_217, type(uint64).max));
        vm.expectRevert(IPortal.OptimismPortal_GasLimitTooHigh.selector);
        portal.depositTransaction(bob, 0, gasLimit, false, "");
    }

    function test_depositTransaction_dataTooLarge_reverts() external {
        portal.depositTransaction(bob, 0, 10_000_000, false, new bytes(59_887));
        vm.expectRevert(IPortal.OptimismPortal_CalldataTooLarge.selector);
        portal.depositTransaction(bob, 0, 10_000_000, false, new bytes(59_888));
    }

    function test_depositTransaction_creationWithRecipient_reverts() external {
        portal.depositTransaction(address(0), 0, 100_000, true, hex"00");
        vm.expectRevert(IPortal.OptimismPortal_BadTarget.selector);
        portal.depositTransaction(bob, 0, 100_000, true, hex"00");
    }

    function test_depositTransaction_blockIsSoldOut_reverts() external {
        _fillBlock();
        vm.expectRevert(Metering.OutOfGas.selector);
        portal.depositTransaction(bob, 0, 21_000, false, "");
        skip(12);
        _fillBlock();
    }

    function test_depositTransaction_flood_costs_ever_more() external {
        uint256 last = 0;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 before = gasleft();
            _fillBlock();
            uint256 burnt = before - gasleft();
            vm.assertGt(burnt, last);
            last = burnt;
            skip(12);
        }
        // 0.1 gwei, times 1 + (10 - 1) / 8 in each further block.
        (uint128 price,,) = portal.params();
        uint256 expected = 0.1 gwei;
        for (uint256 i = 1; i < 8; ++i) {
            expected += expected * 9 / 8;
        }
        vm.assertEq(price, expected);
        vm.assertGe(last, uint256(price) * 20_000_000 / 1 gwei);
    }

    function test_depositTransaction_burns_what_it_owes(uint64 gasLimit, uint256 parentFee) external {
        gasLimit = uint64(bound(gasLimit, 21_000, 1 << 24));
        parentFee = bound(parentFee, 0, 100 gwei);
        vm.fee(parentFee);
        uint256 owed = uint256(gasLimit) * 0.1 gwei / (parentFee < 1 gwei ? 1 gwei : parentFee);
        uint256 before = gasleft();
        portal.depositTransaction(bob, 0, gasLimit, false, "");
        uint256 spent = before - gasleft();
        vm.assertGe(spent, owed);
        vm.assertLe(spent, (owed > 110_000 ? owed : 110_000) + 20_000, "and not much more");
    }

    function test_price_falls_when_nobody_buys(uint256 blocks) external {
        blocks = bound(blocks, 1, 1_000_000);
        vm.fee(type(uint64).max); // little gas pays for much, so that the test is quick
        for (uint256 i = 0; i < 5; ++i) {
            _fillBlock();
            vm.roll(vm.getBlockNumber() + 1);
        }
        (uint128 high,,) = portal.params();
        vm.roll(vm.getBlockNumber() + blocks);
        portal.depositTransaction(bob, 0, 21_000, false, "");
        (uint128 low,, uint64 number) = portal.params();
        vm.assertEq(number, vm.getBlockNumber());
        vm.assertGe(low, 0.1 gwei);
        // One full block raised it once more, then each empty one took an eighth.
        uint256 expected = uint256(high) + uint256(high) * 9 / 8;
        for (uint256 i = 0; i < blocks && expected > 0.1 gwei; ++i) {
            expected -= expected / 8;
        }
        uint256 least = expected < 0.1 gwei ? 0.1 gwei : expected;
        vm.assertLe(low > least ? low - least : least - low, 1_000, "rounding");
    }

    function test_maxBaseFee_bounds_the_price() external {
        vm.fee(type(uint64).max); // little gas pays for much, so that the test is quick
        for (uint256 i = 0; i < 40; ++i) {
            _fillBlock();
            vm.roll(vm.getBlockNumber() + 1);
        }
        (uint128 price,,) = portal.params();
        vm.assertEq(price, 1 ether);
    }

    /// @dev Buys all that one parent block sells.
    function _fillBlock() private {
        portal.depositTransaction(bob, 0, 10_000_000, false, "");
        portal.depositTransaction(bob, 0, 10_000_000, false, "");
    }

    function _lastFrom() private returns (address) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        return address(uint160(uint256(logs[0].topics[1])));
    }
}
