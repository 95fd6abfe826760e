// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CrossDomainMessenger} from "../../src/bridge/CrossDomainMessenger.sol";
import {ICrossDomainMessenger} from "../../src/bridge/ICrossDomainMessenger.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {Alias} from "../../src/libraries/Alias.sol";
import {RelayPortal} from "./RelayPortal.sol";
import {Burner, Nester, Recorder, ReturnBomb} from "./Targets.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice Messages arrive once, with their ether and their gas, or wait to be tried again.
contract CrossDomainMessengerTest is TwoChains {
    address internal alice = makeAddr("alice");
    address internal mallory = makeAddr("mallory");
    Recorder internal onL2;
    Recorder internal onL1;
    bytes internal record = abi.encodeCall(Recorder.record, ());

    function setUp() public override {
        super.setUp();
        onL2 = new Recorder(l2Messenger);
        onL1 = new Recorder(l1Messenger);
        vm.deal(alice, 100 ether);
    }

    // Sending

    function test_sendMessage_hands_the_message_to_the_portal() public {
        bytes memory data = abi.encodeWithSignature(
            "relayMessage(uint256,address,address,uint256,uint256,bytes)",
            uint256(1) << 240,
            alice,
            address(onL2),
            1 ether,
            uint256(50_000),
            record
        );
        vm.expectEmit(address(l1Messenger));
        emit ICrossDomainMessenger.SentMessage(address(onL2), alice, record, uint256(1) << 240, 50_000);
        vm.expectEmit(address(l1Messenger));
        emit ICrossDomainMessenger.SentMessageExtension1(alice, 1 ether);
        vm.prank(alice);
        l1Messenger.sendMessage{value: 1 ether}(address(onL2), record, 50_000);

        RelayPortal.Deposit memory d = portal.deposit(0);
        vm.assertEq(d.from, Alias.toRollup(address(l1Messenger)));
        vm.assertEq(d.to, Predeploys.MESSENGER);
        vm.assertEq(d.mint, 1 ether);
        vm.assertEq(d.value, 1 ether);
        vm.assertEq(uint256(d.gasLimit), l1Messenger.baseGas(record, 50_000));
        vm.assertEq(d.data, data);
    }

    function test_sendMessage_counts_nonces() public {
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(l1Messenger.messageNonce(), uint256(1) << 240 | i);
            l1Messenger.sendMessage(address(onL2), record, 0);
        }
    }

    function test_sendMessage_to_the_other_messenger_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.UnsafeTarget.selector, Predeploys.MESSENGER));
        l1Messenger.sendMessage(Predeploys.MESSENGER, record, 0);
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.UnsafeTarget.selector, address(l1Messenger)));
        l2Messenger.sendMessage(address(l1Messenger), record, 0);
    }

    function test_sendMessage_to_the_message_passer_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.UnsafeTarget.selector, Predeploys.MESSAGE_PASSER));
        l1Messenger.sendMessage(Predeploys.MESSAGE_PASSER, record, 0);
    }

    function test_baseGas_covers_the_intrinsic_gas_of_every_message(bytes calldata message, uint32 minGas) public view {
        bytes memory data = abi.encodeCall(ICrossDomainMessenger.relayMessage, (1, alice, alice, 1, minGas, message));
        vm.assertGe(uint256(l1Messenger.baseGas(message, minGas)), 21_000 + 40 * data.length);
        vm.assertGe(uint256(l1Messenger.baseGas(message, minGas)), _intrinsicGas(data) + minGas + 285_000);
    }

    // Arriving

    function test_message_from_the_parent_arrives_with_sender_and_ether() public {
        vm.prank(alice);
        l1Messenger.sendMessage{value: 1 ether}(address(onL2), record, 70_000);
        vm.assertTrue(_relayDeposit());

        vm.assertEq(onL2.calls(), 1);
        vm.assertEq(onL2.valueSeen(), 1 ether);
        vm.assertEq(onL2.senderSeen(), alice);
        vm.assertGe(onL2.gasSeen() + 500, 70_000);
    }

    function test_message_from_the_rollup_arrives_with_sender_and_ether() public {
        vm.deal(address(portal), 1 ether);
        vm.recordLogs();
        vm.prank(alice);
        l2Messenger.sendMessage{value: 1 ether}(address(onL1), record, 70_000);
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));

        vm.assertEq(onL1.calls(), 1);
        vm.assertEq(onL1.valueSeen(), 1 ether);
        vm.assertEq(onL1.senderSeen(), alice);
        vm.assertGe(onL1.gasSeen() + 500, 70_000);
    }

    function test_relayMessage_succeeds_once() public {
        uint256 nonce = _freshNonce();
        bytes32 msgHash = _hash(nonce, alice, address(onL2), 0, 0, record);
        vm.expectEmit(address(l2Messenger));
        emit ICrossDomainMessenger.RelayedMessage(msgHash);
        _deliverToL2(nonce, alice, address(onL2), 0, 0, record);
        vm.assertTrue(l2Messenger.successfulMessages(msgHash));
        vm.assertFalse(l2Messenger.failedMessages(msgHash));

        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageAlreadyRelayed.selector, msgHash));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 0, record);
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageAlreadyRelayed.selector, msgHash));
        vm.prank(Alias.toRollup(address(l1Messenger)));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 0, record);
        vm.assertEq(onL2.calls(), 1);
    }

    function test_relayMessage_that_never_arrived_reverts(uint256 nonce, address sender, bytes calldata message)
        public
    {
        nonce = uint256(1) << 240 | uint240(nonce);
        bytes32 msgHash = _hash(nonce, sender, address(onL2), 0, 0, message);
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageNotFailed.selector, msgHash));
        l2Messenger.relayMessage(nonce, sender, address(onL2), 0, 0, message);
    }

    function test_relayMessage_from_the_messenger_without_alias_reverts() public {
        vm.expectPartialRevert(CrossDomainMessenger.MessageNotFailed.selector);
        vm.prank(address(l1Messenger));
        l2Messenger.relayMessage(_freshNonce(), alice, address(onL2), 0, 0, record);
    }

    function test_relayMessage_through_the_portal_by_another_sender_reverts() public {
        bytes memory data =
            abi.encodeCall(ICrossDomainMessenger.relayMessage, (_freshNonce(), alice, address(onL1), 0, 0, record));
        vm.assertFalse(portal.call(mallory, address(l1Messenger), 0, 1_000_000, data));
        vm.assertTrue(portal.call(Predeploys.MESSENGER, address(l1Messenger), 0, 1_000_000, data));
    }

    function test_relayMessage_by_anybody_while_the_portal_pays_a_withdrawal_reverts() public {
        vm.store(address(portal), 0, bytes32(uint256(uint160(Predeploys.MESSENGER))));
        vm.assertEq(portal.l2Sender(), Predeploys.MESSENGER);
        vm.expectPartialRevert(CrossDomainMessenger.MessageNotFailed.selector);
        vm.prank(mallory);
        l1Messenger.relayMessage(_freshNonce(), alice, address(onL1), 0, 0, record);
    }

    function test_relayMessage_with_other_ether_than_the_messages_reverts() public {
        uint256 nonce = _freshNonce();
        address from = Alias.toRollup(address(l1Messenger));
        vm.deal(from, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.WrongValue.selector, 2 ether, 1 ether));
        vm.prank(from);
        l2Messenger.relayMessage{value: 1 ether}(nonce, alice, address(onL2), 2 ether, 0, record);
    }

    function test_relayMessage_of_another_version_reverts(uint16 version) public {
        vm.assume(version != 1);
        uint256 nonce = uint256(version) << 240;
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.UnknownMessageVersion.selector, nonce));
        vm.prank(Alias.toRollup(address(l1Messenger)));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 0, record);
    }

    function test_relayMessage_while_paused_reverts() public {
        portal.setPaused(true);
        vm.assertTrue(l1Messenger.paused());
        vm.assertTrue(l1Bridge.paused());
        vm.assertTrue(l1NftBridge.paused());
        vm.assertFalse(l2Messenger.paused());
        vm.expectRevert(CrossDomainMessenger.MessengerPaused.selector);
        vm.prank(address(portal));
        l1Messenger.relayMessage(_freshNonce(), alice, address(onL1), 0, 0, record);
    }

    function test_xDomainMessageSender_outside_a_message_reverts() public {
        vm.expectRevert(CrossDomainMessenger.NoMessageActive.selector);
        l1Messenger.xDomainMessageSender();
        _deliverToL2(_freshNonce(), alice, address(onL2), 0, 0, record);
        vm.expectRevert(CrossDomainMessenger.NoMessageActive.selector);
        l2Messenger.xDomainMessageSender();
    }

    // Failing and trying again

    function test_failed_message_keeps_its_ether_and_can_be_tried_again() public {
        onL2.setRefusing(true);
        uint256 nonce = _freshNonce();
        bytes32 msgHash = _hash(nonce, alice, address(onL2), 1 ether, 0, record);
        vm.expectEmit(address(l2Messenger));
        emit ICrossDomainMessenger.FailedRelayedMessage(msgHash);
        _deliverToL2(nonce, alice, address(onL2), 1 ether, 0, record);
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
        vm.assertEq(address(l2Messenger).balance, 1 ether);

        // Trying again while the target still refuses changes nothing.
        vm.prank(mallory);
        l2Messenger.relayMessage(nonce, alice, address(onL2), 1 ether, 0, record);
        vm.assertFalse(l2Messenger.successfulMessages(msgHash));

        onL2.setRefusing(false);
        vm.prank(mallory);
        l2Messenger.relayMessage(nonce, alice, address(onL2), 1 ether, 0, record);
        vm.assertTrue(l2Messenger.successfulMessages(msgHash));
        vm.assertEq(onL2.senderSeen(), alice);
        vm.assertEq(onL2.valueSeen(), 1 ether);
        vm.assertEq(address(l2Messenger).balance, 0);

        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageAlreadyRelayed.selector, msgHash));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 1 ether, 0, record);
    }

    function test_new_attempt_with_ether_reverts() public {
        (uint256 nonce,) = _failed(1 ether);
        vm.expectRevert(CrossDomainMessenger.ValueOnReplay.selector);
        vm.prank(alice);
        l2Messenger.relayMessage{value: 1 ether}(nonce, alice, address(onL2), 1 ether, 0, record);
    }

    function test_new_attempt_with_any_other_argument_reverts(uint256 change, uint256 by) public {
        (uint256 nonce,) = _failed(1 ether);
        vm.deal(address(l2Messenger), 10 ether);
        by = bound(by, 1, 1 ether);
        change = bound(change, 0, 5);
        bytes memory message = change == 5 ? bytes.concat(record, hex"00") : record;
        vm.expectPartialRevert(CrossDomainMessenger.MessageNotFailed.selector);
        l2Messenger.relayMessage(
            change == 0 ? nonce + by : nonce,
            change == 1 ? mallory : alice,
            change == 2 ? mallory : address(onL2),
            change == 3 ? 1 ether + by : 1 ether,
            change == 4 ? by : 0,
            message
        );
    }

    function test_second_delivery_of_a_failed_message_reverts() public {
        (uint256 nonce, bytes32 msgHash) = _failed(0);
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageAlreadyDelivered.selector, msgHash));
        vm.prank(Alias.toRollup(address(l1Messenger)));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 0, record);
    }

    function test_gas_estimation_sees_a_failed_relay_as_a_revert() public {
        (uint256 nonce,) = _failed(0);
        onL2.setRefusing(true);
        vm.expectRevert(CrossDomainMessenger.RelayFailedInEstimation.selector);
        vm.prank(address(1), address(1));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 0, record);
    }

    /// @dev The same arguments in another encoding are the same message, not a second one.
    function test_odd_encoding_is_the_same_message() public {
        uint256 nonce = _freshNonce();
        bytes32 msgHash = _hash(nonce, alice, address(onL2), 0, 0, record);
        bytes memory odd = bytes.concat(
            ICrossDomainMessenger.relayMessage.selector,
            abi.encode(nonce, alice, address(onL2), 0, 0, uint256(0x100)),
            // The message starts further on than it had to, and something follows it.
            abi.encode(uint256(77), uint256(78), record.length, bytes32(record)),
            "tail"
        );
        vm.prank(Alias.toRollup(address(l1Messenger)));
        (bool ok,) = address(l2Messenger).call(odd);
        vm.assertTrue(ok);
        vm.assertTrue(l2Messenger.successfulMessages(msgHash));
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageAlreadyRelayed.selector, msgHash));
        vm.prank(Alias.toRollup(address(l1Messenger)));
        l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 0, record);
    }

    // Messages within messages

    function test_message_that_arrives_within_another_waits() public {
        (uint256 inner, bytes32 innerHash) = _failed(0);
        Nester nester = new Nester();
        nester.prepare(
            address(l2Messenger),
            abi.encodeCall(ICrossDomainMessenger.relayMessage, (inner, alice, address(onL2), 0, 0, record))
        );
        bytes32 outerHash = _deliver(_freshNonce(), mallory, address(nester), 0, "");
        vm.assertTrue(l2Messenger.successfulMessages(outerHash));
        vm.assertTrue(nester.nestedSucceeded());
        vm.assertFalse(l2Messenger.successfulMessages(innerHash));
        vm.assertEq(onL2.calls(), 0);

        l2Messenger.relayMessage(inner, alice, address(onL2), 0, 0, record);
        vm.assertEq(onL2.calls(), 1);
        vm.assertEq(onL2.senderSeen(), alice);
    }

    function test_message_that_tries_itself_again_runs_once() public {
        Nester nester = new Nester();
        uint256 nonce = _freshNonce();
        bytes memory again =
            abi.encodeCall(ICrossDomainMessenger.relayMessage, (nonce, alice, address(nester), 0, 5_000_000, ""));
        nester.prepare(address(l2Messenger), again);
        // Too little gas for what it asks: it fails, and can be tried again.
        vm.prank(Alias.toRollup(address(l1Messenger)));
        l2Messenger.relayMessage{gas: 1_000_000}(nonce, alice, address(nester), 0, 5_000_000, "");
        vm.assertEq(nester.calls(), 0);

        l2Messenger.relayMessage(nonce, alice, address(nester), 0, 5_000_000, "");
        vm.assertEq(nester.calls(), 1);
        vm.assertTrue(l2Messenger.successfulMessages(_hash(nonce, alice, address(nester), 0, 5_000_000, "")));
        vm.expectPartialRevert(CrossDomainMessenger.MessageAlreadyRelayed.selector);
        l2Messenger.relayMessage(nonce, alice, address(nester), 0, 5_000_000, "");
    }

    function test_message_can_send_a_message() public {
        Nester nester = new Nester();
        nester.prepare(
            address(l2Messenger), abi.encodeCall(ICrossDomainMessenger.sendMessage, (address(onL1), record, 0))
        );
        vm.recordLogs();
        _deliver(_freshNonce(), alice, address(nester), 0, "");
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertEq(onL1.senderSeen(), address(nester));
    }

    // Gas

    /// @dev Whatever gas a relayer brings above what the transport guarantees: the target gets what its message
    ///      asked for or is not called at all, and the outcome is always recorded.
    function test_relayer_cannot_starve_a_message(uint256 gas, uint32 minGas, uint256 length) public {
        minGas = uint32(bound(minGas, 0, 2_000_000));
        bytes memory message = bytes.concat(record, new bytes(bound(length, 0, 20_000)));
        uint256 nonce = _freshNonce();
        uint256 least = l2Messenger.baseGas(message, minGas)
            - _intrinsicGas(
                abi.encodeCall(ICrossDomainMessenger.relayMessage, (nonce, alice, address(onL2), 0, minGas, message))
            );
        gas = bound(gas, least, least + 500_000);
        bytes32 msgHash = _hash(nonce, alice, address(onL2), 0, minGas, message);
        vm.prank(Alias.toRollup(address(l1Messenger)));
        l2Messenger.relayMessage{gas: gas}(nonce, alice, address(onL2), 0, minGas, message);

        if (minGas < 100_000) {
            // `record` itself needs less than that, and may fail.
            vm.assertTrue(l2Messenger.successfulMessages(msgHash) != l2Messenger.failedMessages(msgHash));
        } else {
            vm.assertTrue(l2Messenger.successfulMessages(msgHash));
            vm.assertGe(onL2.gasSeen() + 500, minGas);
        }
    }

    /// @dev With less than the transport guarantees, a new attempt either undoes itself or leaves the message as it
    ///      was: it can be tried again.
    function test_new_attempt_with_little_gas_does_no_harm(uint256 gas) public {
        onL2.setRefusing(true);
        uint256 nonce = _freshNonce();
        bytes32 msgHash = _hash(nonce, alice, address(onL2), 0, 200_000, record);
        _deliverToL2(nonce, alice, address(onL2), 0, 200_000, record);
        onL2.setRefusing(false);

        gas = bound(gas, 1_000, 500_000);
        bytes memory data =
            abi.encodeCall(ICrossDomainMessenger.relayMessage, (nonce, alice, address(onL2), 0, 200_000, record));
        vm.prank(mallory);
        (bool ok,) = address(l2Messenger).call{gas: gas}(data);
        if (ok && l2Messenger.successfulMessages(msgHash)) {
            vm.assertGe(onL2.gasSeen() + 500, 200_000);
        } else {
            vm.assertTrue(l2Messenger.failedMessages(msgHash));
            vm.assertEq(onL2.calls(), 0);
            l2Messenger.relayMessage(nonce, alice, address(onL2), 0, 200_000, record);
        }
        vm.assertEq(onL2.calls(), 1);
    }

    function test_target_that_burns_all_gas_is_recorded_as_failed(uint32 minGas) public {
        minGas = uint32(bound(minGas, 0, 3_000_000));
        Burner burner = new Burner();
        vm.prank(alice);
        l1Messenger.sendMessage{value: 1 ether}(address(burner), "", minGas);
        vm.assertTrue(_relayDeposit());
        vm.assertTrue(l2Messenger.failedMessages(_hash(uint256(1) << 240, alice, address(burner), 1 ether, minGas, "")));
    }

    function test_target_that_returns_too_much_is_recorded_as_failed() public {
        ReturnBomb bomb = new ReturnBomb();
        bytes32 msgHash = _deliver(_freshNonce(), alice, address(bomb), 0, "");
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
    }

    // Interface

    /// @dev Known to every wallet and indexer of the OP Stack.
    function test_selectors_and_topics_are_the_op_stacks() public pure {
        vm.assertEq(bytes32(ICrossDomainMessenger.sendMessage.selector), bytes32(bytes4(0x3dbb202b)));
        vm.assertEq(bytes32(ICrossDomainMessenger.relayMessage.selector), bytes32(bytes4(0xd764ad0b)));
        vm.assertEq(bytes32(ICrossDomainMessenger.xDomainMessageSender.selector), bytes32(bytes4(0x6e296e45)));
        vm.assertEq(
            ICrossDomainMessenger.SentMessage.selector,
            0xcb0f7ffd78f9aee47a248fae8db181db6eee833039123e026dcbff529522e52a
        );
        vm.assertEq(
            ICrossDomainMessenger.RelayedMessage.selector,
            0x4641df4a962071e12719d8c8c8e5ac7fc4d97b927346a3d7a335b1f7517e133c
        );
    }

    function test_getters() public view {
        vm.assertEq(l1Messenger.otherMessenger(), Predeploys.MESSENGER);
        vm.assertEq(l1Messenger.OTHER_MESSENGER(), Predeploys.MESSENGER);
        vm.assertEq(address(l1Messenger.portal()), address(portal));
        vm.assertEq(address(l1Messenger.PORTAL()), address(portal));
        vm.assertEq(l2Messenger.l1CrossDomainMessenger(), address(l1Messenger));
        vm.assertEq(l2Messenger.messageNonce(), uint256(1) << 240);
    }

    /// @dev A message to `onL2` that failed; `onL2` accepts by now.
    function _failed(uint256 value) private returns (uint256 nonce, bytes32 msgHash) {
        nonce = _freshNonce();
        msgHash = _hash(nonce, alice, address(onL2), value, 0, record);
        onL2.setRefusing(true);
        _deliverToL2(nonce, alice, address(onL2), value, 0, record);
        onL2.setRefusing(false);
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
    }
}
