// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Bridge} from "../../src/bridge/Bridge.sol";
import {ICrossDomainMessenger} from "../../src/bridge/ICrossDomainMessenger.sol";
import {L1StandardBridge} from "../../src/bridge/L1StandardBridge.sol";
import {OptimismMintableERC20} from "../../src/bridge/OptimismMintableERC20.sol";
import {StandardBridge} from "../../src/bridge/StandardBridge.sol";
import {L2StandardBridge} from "../../src/l2/L2StandardBridge.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {RelayPortal} from "./RelayPortal.sol";
import {Nester, Recorder} from "./Targets.sol";
import {
    FalseImage,
    FalseToken,
    FeeOnTopToken,
    FeeOnTransferToken,
    LyingToken,
    NoReturnToken,
    PlainToken,
    ReenteringToken,
    RefusingToken
} from "./Tokens.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice Ether and tokens of every temper cross both ways, and what is out never exceeds what is in.
contract StandardBridgeTest is TwoChains {
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal mallory = makeAddr("mallory");
    uint32 internal constant GAS = 200_000;

    function setUp() public override {
        super.setUp();
        vm.deal(alice, 100 ether);
        vm.deal(bob, 100 ether);
    }

    // Ether

    function test_bridgeETH_reaches_the_same_account() public {
        vm.expectEmit(address(l1Bridge));
        emit L1StandardBridge.ETHDepositInitiated(alice, alice, 1 ether, "memo");
        vm.expectEmit(address(l1Bridge));
        emit StandardBridge.ETHBridgeInitiated(alice, alice, 1 ether, "memo");
        vm.prank(alice, alice);
        l1Bridge.bridgeETH{value: 1 ether}(GAS, "memo");
        vm.assertEq(alice.balance, 99 ether);

        vm.expectEmit(address(l2Bridge));
        emit L2StandardBridge.DepositFinalized(address(0), Predeploys.LEGACY_ETH, alice, alice, 1 ether, "memo");
        vm.expectEmit(address(l2Bridge));
        emit StandardBridge.ETHBridgeFinalized(alice, alice, 1 ether, "memo");
        vm.assertTrue(_relayDeposit());
        vm.assertEq(alice.balance, 100 ether);
        vm.assertEq(address(portal).balance, 1 ether);
    }

    function test_every_way_to_deposit_ether_arrives() public {
        vm.startPrank(alice, alice);
        l1Bridge.bridgeETHTo{value: 1 ether}(mallory, GAS, "");
        l1Bridge.depositETHTo{value: 2 ether}(mallory, GAS, "");
        l1Bridge.depositETH{value: 3 ether}(GAS, "");
        (bool ok,) = address(l1Bridge).call{value: 4 ether}("");
        vm.stopPrank();
        vm.assertTrue(ok);
        _relayDeposits();
        vm.assertEq(mallory.balance, 3 ether);
        vm.assertEq(alice.balance, 97 ether);
    }

    function test_every_way_to_withdraw_ether_arrives() public {
        vm.deal(address(portal), 100 ether);
        vm.recordLogs();
        vm.startPrank(bob, bob);
        l2Bridge.bridgeETH{value: 1 ether}(GAS, "");
        l2Bridge.bridgeETHTo{value: 2 ether}(mallory, GAS, "");
        l2Bridge.withdraw{value: 4 ether}(Predeploys.LEGACY_ETH, 4 ether, GAS, "");
        l2Bridge.withdrawTo{value: 8 ether}(Predeploys.LEGACY_ETH, mallory, 8 ether, GAS, "");
        (bool ok,) = address(l2Bridge).call{value: 16 ether}("");
        vm.stopPrank();
        vm.assertTrue(ok);
        RelayPortal.Withdrawal[] memory found = _withdrawals();
        vm.assertEq(found.length, 5);
        for (uint256 i; i < found.length; ++i) {
            vm.assertTrue(_relayWithdrawal(found[i]));
        }
        vm.assertEq(mallory.balance, 10 ether);
        vm.assertEq(bob.balance, 90 ether);
        vm.assertEq(address(passer).balance, 31 ether);
    }

    function test_withdrawing_ether_announces_it_in_both_forms() public {
        vm.expectEmit(address(l2Bridge));
        emit L2StandardBridge.WithdrawalInitiated(address(0), Predeploys.LEGACY_ETH, bob, bob, 1 ether, "");
        vm.expectEmit(address(l2Bridge));
        emit StandardBridge.ETHBridgeInitiated(bob, bob, 1 ether, "");
        vm.recordLogs();
        vm.prank(bob, bob);
        l2Bridge.bridgeETH{value: 1 ether}(GAS, "");
        RelayPortal.Withdrawal memory w = _withdrawals()[0];

        vm.deal(address(portal), 1 ether);
        vm.expectEmit(address(l1Bridge));
        emit L1StandardBridge.ETHWithdrawalFinalized(bob, bob, 1 ether, "");
        vm.expectEmit(address(l1Bridge));
        emit StandardBridge.ETHBridgeFinalized(bob, bob, 1 ether, "");
        vm.assertTrue(_relayWithdrawal(w));
    }

    function test_withdraw_with_other_ether_than_named_reverts() public {
        vm.startPrank(bob, bob);
        vm.expectRevert(abi.encodeWithSelector(StandardBridge.WrongValue.selector, 2 ether, 1 ether));
        l2Bridge.withdraw{value: 1 ether}(Predeploys.LEGACY_ETH, 2 ether, GAS, "");
        vm.expectRevert(abi.encodeWithSelector(StandardBridge.WrongValue.selector, 0, 1 ether));
        l2Bridge.withdraw{value: 1 ether}(address(weth), 1 ether, GAS, "");
    }

    function test_ether_for_a_refusing_receiver_waits_for_it() public {
        Recorder refusing = new Recorder(l2Messenger);
        vm.prank(alice);
        l1Bridge.bridgeETHTo{value: 1 ether}(address(refusing), GAS, "");
        vm.assertTrue(_relayDeposit());
        vm.assertEq(address(l2Messenger).balance, 1 ether);

        vm.etch(address(refusing), "");
        bytes memory finalize =
            abi.encodeCall(StandardBridge.finalizeBridgeETH, (alice, address(refusing), 1 ether, ""));
        l2Messenger.relayMessage(uint256(1) << 240, address(l1Bridge), address(l2Bridge), 1 ether, GAS, finalize);
        vm.assertEq(address(refusing).balance, 1 ether);
        vm.assertEq(address(l2Messenger).balance, 0);
    }

    function test_ether_for_the_bridge_or_its_messenger_is_refused() public {
        address[2] memory receivers = [address(l2Bridge), address(l2Messenger)];
        for (uint256 i; i < receivers.length; ++i) {
            bytes32 msgHash = _asL1Bridge(
                abi.encodeCall(StandardBridge.finalizeBridgeETH, (alice, receivers[i], 1 ether, "")), 1 ether
            );
            vm.assertTrue(l2Messenger.failedMessages(msgHash));
        }
    }

    function test_finalizeBridgeETH_with_other_ether_than_named_fails(uint96 sent, uint96 named) public {
        vm.assume(sent != named);
        vm.deal(address(l2Bridge), type(uint96).max);
        bytes32 msgHash = _asL1Bridge(abi.encodeCall(StandardBridge.finalizeBridgeETH, (alice, bob, named, "")), sent);
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
    }

    // Who may do what

    function test_contracts_must_name_the_receiver() public {
        vm.deal(address(this), 10 ether);
        bytes4 refusal = Bridge.OnlyExternallyOwned.selector;
        vm.expectRevert(refusal);
        l1Bridge.bridgeETH{value: 1}(GAS, "");
        vm.expectRevert(refusal);
        l1Bridge.depositETH{value: 1}(GAS, "");
        vm.expectRevert(refusal);
        l1Bridge.bridgeERC20(address(1), address(2), 1, GAS, "");
        vm.expectRevert(refusal);
        l1Bridge.depositERC20(address(1), address(2), 1, GAS, "");
        vm.expectRevert(refusal);
        l2Bridge.withdraw(address(1), 1, GAS, "");
        (bool ok,) = address(l1Bridge).call{value: 1}("");
        vm.assertFalse(ok);
        l1Bridge.bridgeETHTo{value: 1}(bob, GAS, "");
    }

    function test_an_account_that_delegates_its_code_still_has_a_key() public {
        vm.etch(bob, abi.encodePacked(hex"ef0100", address(this)));
        vm.prank(bob);
        l1Bridge.bridgeETH{value: 1}(GAS, "");
        vm.etch(bob, abi.encodePacked(hex"600100", address(this)));
        vm.expectRevert(Bridge.OnlyExternallyOwned.selector);
        vm.prank(bob);
        l1Bridge.bridgeETH{value: 1}(GAS, "");
    }

    function test_finalize_by_anybody_reverts(address caller) public {
        vm.startPrank(caller);
        vm.expectRevert();
        l1Bridge.finalizeBridgeETH(caller, caller, 0, "");
        vm.expectRevert();
        l1Bridge.finalizeETHWithdrawal(caller, caller, 0, "");
        vm.expectRevert();
        l1Bridge.finalizeBridgeERC20(address(1), address(2), caller, caller, 0, "");
        vm.expectRevert();
        l1Bridge.finalizeERC20Withdrawal(address(1), address(2), caller, caller, 0, "");
        vm.expectRevert();
        l2Bridge.finalizeBridgeETH(caller, caller, 0, "");
        vm.expectRevert();
        l2Bridge.finalizeBridgeERC20(address(1), address(2), caller, caller, 0, "");
    }

    function test_finalize_by_a_message_of_anybody_else_fails(address sender) public {
        vm.assume(sender != address(l1Bridge) && sender != address(0));
        bytes memory finalize = abi.encodeCall(StandardBridge.finalizeBridgeETH, (alice, mallory, 1 ether, ""));
        bytes32 msgHash = _deliver(_freshNonce(), sender, address(l2Bridge), 1 ether, finalize);
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
        vm.assertEq(mallory.balance, 0);
    }

    /// @dev While the other bridge's message runs it is the active sender, but only the messenger speaks for it.
    function test_receiver_of_ether_cannot_finalize_in_the_other_bridges_name() public {
        (PlainToken token, address image) = _bridged(100);
        Nester thief = new Nester();
        thief.prepare(
            address(l2Bridge),
            abi.encodeCall(StandardBridge.finalizeBridgeERC20, (image, address(token), mallory, mallory, 100, ""))
        );
        bytes32 msgHash = _asL1Bridge(
            abi.encodeCall(StandardBridge.finalizeBridgeETH, (alice, address(thief), 1 ether, "")), 1 ether
        );
        vm.assertTrue(l2Messenger.successfulMessages(msgHash));
        vm.assertEq(thief.calls(), 1);
        vm.assertFalse(thief.nestedSucceeded());
        vm.assertEq(IERC20(image).balanceOf(mallory), 0);
    }

    // Tokens

    function test_token_crosses_and_returns() public {
        PlainToken token = new PlainToken();
        address image = _image(address(token));
        token.mint(alice, 100);
        vm.startPrank(alice, alice);
        token.approve(address(l1Bridge), 100);
        vm.expectEmit(address(l1Bridge));
        emit L1StandardBridge.ERC20DepositInitiated(address(token), image, alice, alice, 60, "memo");
        vm.expectEmit(address(l1Bridge));
        emit StandardBridge.ERC20BridgeInitiated(address(token), image, alice, alice, 60, "memo");
        l1Bridge.bridgeERC20(address(token), image, 60, GAS, "memo");
        l1Bridge.bridgeERC20To(address(token), image, bob, 10, GAS, "");
        l1Bridge.depositERC20(address(token), image, 10, GAS, "");
        l1Bridge.depositERC20To(address(token), image, bob, 10, GAS, "");
        vm.stopPrank();
        vm.assertEq(l1Bridge.deposits(address(token), image), 90);

        vm.expectEmit(address(l2Bridge));
        emit L2StandardBridge.DepositFinalized(address(token), image, alice, alice, 60, "memo");
        vm.expectEmit(address(l2Bridge));
        emit StandardBridge.ERC20BridgeFinalized(image, address(token), alice, alice, 60, "memo");
        vm.assertTrue(_relayDeposit());
        _relayDeposits();
        vm.assertEq(IERC20(image).balanceOf(alice), 70);
        vm.assertEq(IERC20(image).balanceOf(bob), 20);
        vm.assertEq(IERC20(image).totalSupply(), 90);

        vm.recordLogs();
        vm.startPrank(alice, alice);
        l2Bridge.bridgeERC20(image, address(token), 30, GAS, "");
        l2Bridge.bridgeERC20To(image, address(token), bob, 20, GAS, "");
        l2Bridge.withdraw(image, 10, GAS, "");
        l2Bridge.withdrawTo(image, bob, 10, GAS, "");
        vm.stopPrank();
        _relayAll(_withdrawals());
        vm.assertEq(token.balanceOf(alice), 10 + 30 + 10);
        vm.assertEq(token.balanceOf(bob), 30);
        vm.assertEq(IERC20(image).totalSupply(), 20);
        vm.assertEq(l1Bridge.deposits(address(token), image), 20);
        vm.assertEq(token.balanceOf(address(l1Bridge)), 20);
    }

    function test_withdrawing_a_token_announces_it_in_both_forms() public {
        (PlainToken token, address image) = _bridged(100);
        vm.expectEmit(address(l2Bridge));
        emit L2StandardBridge.WithdrawalInitiated(address(token), image, alice, bob, 40, "memo");
        vm.expectEmit(address(l2Bridge));
        emit StandardBridge.ERC20BridgeInitiated(image, address(token), alice, bob, 40, "memo");
        vm.recordLogs();
        vm.prank(alice);
        l2Bridge.withdrawTo(image, bob, 40, GAS, "memo");
        RelayPortal.Withdrawal memory w = _withdrawals()[0];

        vm.expectEmit(address(l1Bridge));
        emit L1StandardBridge.ERC20WithdrawalFinalized(address(token), image, alice, bob, 40, "memo");
        vm.expectEmit(address(l1Bridge));
        emit StandardBridge.ERC20BridgeFinalized(address(token), image, alice, bob, 40, "memo");
        vm.assertTrue(_relayWithdrawal(w));
    }

    function test_token_of_the_rollup_crosses_and_returns() public {
        PlainToken token = new PlainToken();
        OptimismMintableERC20 image = new OptimismMintableERC20(address(l1Bridge), address(token), "I", "I", 18);
        token.mint(alice, 100);
        vm.recordLogs();
        vm.startPrank(alice, alice);
        token.approve(address(l2Bridge), 100);
        l2Bridge.bridgeERC20(address(token), address(image), 60, GAS, "");
        vm.stopPrank();
        _relayAll(_withdrawals());
        vm.assertEq(image.balanceOf(alice), 60);

        vm.prank(alice, alice);
        l1Bridge.bridgeERC20(address(image), address(token), 20, GAS, "");
        vm.assertTrue(_relayDeposit());
        vm.assertEq(token.balanceOf(alice), 60);
        vm.assertEq(l2Bridge.deposits(address(token), address(image)), 40);
        vm.assertEq(image.totalSupply(), 40);
    }

    function test_token_with_a_fee_credits_what_arrived(uint128 amount) public {
        FeeOnTransferToken token = new FeeOnTransferToken();
        address image = _image(address(token));
        token.mint(alice, amount);
        uint256 received = uint256(amount) - amount / 100;
        vm.startPrank(alice, alice);
        token.approve(address(l1Bridge), amount);
        vm.expectEmit(address(l1Bridge));
        emit StandardBridge.ERC20BridgeInitiated(address(token), image, alice, alice, received, "");
        l1Bridge.bridgeERC20(address(token), image, amount, GAS, "");
        vm.stopPrank();
        vm.assertTrue(_relayDeposit());
        vm.assertEq(IERC20(image).balanceOf(alice), received);
        vm.assertEq(token.balanceOf(address(l1Bridge)), received);

        // All of it can come back, less the token's own fee.
        _withdrawAll(image, alice);
        vm.assertEq(token.balanceOf(alice), received - received / 100);
        vm.assertEq(token.balanceOf(address(l1Bridge)), 0);
    }

    function test_token_with_a_fee_on_top_is_paid_by_its_own_pair() public {
        FeeOnTopToken token = new FeeOnTopToken();
        address image = _image(address(token));
        address other = tokenFactory.createOptimismMintableERC20(address(token), "Other", "OTH");
        _deposit(address(token), image, alice, 1_000, 10);
        _deposit(address(token), other, bob, 1_000, 10);

        vm.recordLogs();
        vm.prank(alice);
        l2Bridge.withdrawTo(image, alice, 1_000, GAS, "");
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        // 1,000 with a fee of 10 would have been taken from both pairs' tokens.
        vm.assertEq(l1Bridge.deposits(address(token), image), 1_000);
        vm.assertEq(token.balanceOf(address(l1Bridge)), 2_000);

        vm.recordLogs();
        vm.prank(bob);
        l2Bridge.withdrawTo(other, bob, 900, GAS, "");
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertEq(token.balanceOf(bob), 900);
        vm.assertEq(l1Bridge.deposits(address(token), other), 1_000 - 900 - 9);
        vm.assertEq(token.balanceOf(address(l1Bridge)), 1_000 + 91);
    }

    function test_token_without_return_values_crosses_and_returns() public {
        NoReturnToken token = new NoReturnToken();
        address image = _image(address(token));
        token.mint(alice, 100);
        vm.startPrank(alice, alice);
        token.approve(address(l1Bridge), 100);
        l1Bridge.bridgeERC20(address(token), image, 100, GAS, "");
        vm.stopPrank();
        _relayDeposits();
        vm.assertEq(IERC20(image).balanceOf(alice), 100);
        _withdrawAll(image, alice);
        vm.assertEq(token.balanceOf(alice), 100);
    }

    function test_token_that_returns_false_reverts() public {
        address token = address(new FalseToken());
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        l1Bridge.bridgeERC20To(token, address(1), alice, 1, GAS, "");
    }

    function test_token_that_lies_is_credited_nothing() public {
        LyingToken token = new LyingToken();
        l1Bridge.bridgeERC20To(address(token), address(1), alice, 1_000, GAS, "");
        vm.assertEq(l1Bridge.deposits(address(token), address(1)), 0);
    }

    function test_token_without_code_reverts() public {
        vm.expectRevert();
        l1Bridge.bridgeERC20To(makeAddr("nothing"), address(1), alice, 1_000, GAS, "");
    }

    function test_token_that_refuses_can_be_released_later() public {
        RefusingToken token = new RefusingToken();
        address image = _image(address(token));
        _deposit(address(token), image, alice, 100, 0);
        vm.recordLogs();
        vm.prank(alice);
        l2Bridge.withdrawTo(image, alice, 100, GAS, "");
        RelayPortal.Withdrawal memory w = _withdrawals()[0];

        token.setRefusing(true);
        vm.assertTrue(_relayWithdrawal(w));
        vm.assertEq(l1Bridge.deposits(address(token), image), 100);

        token.setRefusing(false);
        (bool ok,) = address(l1Messenger).call(w.data);
        vm.assertTrue(ok);
        vm.assertEq(token.balanceOf(alice), 100);
        vm.assertEq(l1Bridge.deposits(address(token), image), 0);
        (ok,) = address(l1Messenger).call(w.data);
        vm.assertFalse(ok);
    }

    /// @dev Without the guard the inner transfer would be counted for the outer one too.
    function test_token_that_reenters_on_the_way_in_is_counted_once() public {
        ReenteringToken token = new ReenteringToken();
        address image = _image(address(token));
        token.mint(alice, 100);
        token.mint(address(token), 100);
        vm.prank(address(token));
        token.approve(address(l1Bridge), 100);
        token.arm(
            address(l1Bridge),
            abi.encodeCall(StandardBridge.bridgeERC20To, (address(token), image, mallory, 100, GAS, ""))
        );
        vm.startPrank(alice, alice);
        token.approve(address(l1Bridge), 100);
        l1Bridge.bridgeERC20(address(token), image, 100, GAS, "");
        vm.stopPrank();
        vm.assertTrue(token.called());
        vm.assertFalse(token.succeeded());
        vm.assertEq(l1Bridge.deposits(address(token), image), 100);
        vm.assertEq(_pendingDeposits(), 1);
    }

    function test_token_that_reenters_on_the_way_out_is_paid_once() public {
        ReenteringToken token = new ReenteringToken();
        address image = _image(address(token));
        _deposit(address(token), image, alice, 100, 0);
        _deposit(address(token), image, bob, 100, 0);
        vm.recordLogs();
        vm.prank(alice);
        l2Bridge.withdrawTo(image, alice, 100, GAS, "");
        RelayPortal.Withdrawal memory w = _withdrawals()[0];
        token.arm(address(l1Messenger), w.data);
        vm.assertTrue(_relayWithdrawal(w));
        vm.assertTrue(token.called());
        vm.assertFalse(token.succeeded());
        vm.assertEq(token.balanceOf(alice), 100);
        vm.assertEq(l1Bridge.deposits(address(token), image), 100);

        token.arm(
            address(l1Bridge), abi.encodeCall(StandardBridge.bridgeERC20To, (address(token), image, bob, 0, GAS, ""))
        );
        vm.recordLogs();
        vm.prank(bob);
        l2Bridge.withdrawTo(image, bob, 50, GAS, "");
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertFalse(token.succeeded());
        vm.assertEq(l1Bridge.deposits(address(token), image), 50);
    }

    function test_image_of_another_token_reverts() public {
        (PlainToken token, address image) = _bridged(100);
        PlainToken other = new PlainToken();
        vm.expectRevert(abi.encodeWithSelector(Bridge.WrongRemoteToken.selector, image, address(other)));
        vm.prank(alice);
        l2Bridge.bridgeERC20To(image, address(other), alice, 1, GAS, "");

        bytes32 msgHash = _asL1Bridge(
            abi.encodeCall(StandardBridge.finalizeBridgeERC20, (image, address(other), mallory, mallory, 100, "")), 0
        );
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
        vm.assertEq(IERC20(image).balanceOf(mallory), 0);
        vm.assertEq(token.balanceOf(address(l1Bridge)), 100);
    }

    /// @dev Anybody can make a token that claims to stand for another: it opens nobody's escrow but its own.
    function test_false_image_cannot_take_anothers_escrow() public {
        (PlainToken token,) = _bridged(100);
        FalseImage image = new FalseImage(address(token));
        image.mint(mallory, 100);
        vm.recordLogs();
        vm.prank(mallory);
        l2Bridge.bridgeERC20To(address(image), address(token), mallory, 100, GAS, "");
        RelayPortal.Withdrawal memory w = _withdrawals()[0];
        vm.assertTrue(_relayWithdrawal(w));
        vm.assertEq(token.balanceOf(mallory), 0);
        vm.assertEq(token.balanceOf(address(l1Bridge)), 100);

        vm.mockCall(
            address(l1Messenger),
            abi.encodeCall(ICrossDomainMessenger.xDomainMessageSender, ()),
            abi.encode(address(l2Bridge))
        );
        vm.expectRevert(abi.encodeWithSelector(StandardBridge.EscrowExceeded.selector, address(token), address(image)));
        vm.prank(address(l1Messenger));
        l1Bridge.finalizeBridgeERC20(address(token), address(image), mallory, mallory, 100, "");
    }

    // Interface

    /// @dev Known to every wallet and indexer of the OP Stack.
    function test_selectors_topics_and_ids_are_the_op_stacks() public view {
        vm.assertEq(bytes32(StandardBridge.bridgeETHTo.selector), bytes32(bytes4(0xe11013dd)));
        vm.assertEq(bytes32(StandardBridge.bridgeERC20To.selector), bytes32(bytes4(0x540abf73)));
        vm.assertEq(bytes32(L1StandardBridge.depositETHTo.selector), bytes32(bytes4(0x9a2ac6d5)));
        vm.assertEq(bytes32(L1StandardBridge.depositERC20To.selector), bytes32(bytes4(0x838b2520)));
        vm.assertEq(bytes32(L2StandardBridge.withdraw.selector), bytes32(bytes4(0x32b7006d)));
        vm.assertEq(bytes32(L2StandardBridge.withdrawTo.selector), bytes32(bytes4(0xa3a79548)));
        vm.assertEq(
            StandardBridge.ETHBridgeInitiated.selector,
            0x2849b43074093a05396b6f2a937dee8565b15a48a7b3d4bffb732a5017380af5
        );
        vm.assertEq(
            StandardBridge.ERC20BridgeInitiated.selector,
            0x7ff126db8024424bbfd9826e8ab82ff59136289ea440b04b39a0df1b03b9cabf
        );
        vm.assertEq(
            L1StandardBridge.ETHDepositInitiated.selector,
            0x35d79ab81f2b2017e19afb5c5571778877782d7a8786f5907f93b0f4702f4f23
        );
        vm.assertEq(
            L2StandardBridge.DepositFinalized.selector,
            0xb0444523268717a02698be47d0803aa7468c00acbed2f8bd93a0459cde61dd89
        );
        vm.assertEq(address(l1Bridge.messenger()), address(l1Messenger));
        vm.assertEq(l1Bridge.otherBridge(), Predeploys.STANDARD_BRIDGE);
        vm.assertEq(l1Bridge.l2TokenBridge(), Predeploys.STANDARD_BRIDGE);
        vm.assertEq(l2Bridge.l1TokenBridge(), address(l1Bridge));
        vm.assertEq(l2Bridge.OTHER_BRIDGE(), address(l1Bridge));
        vm.assertEq(address(l2Bridge.MESSENGER()), Predeploys.MESSENGER);
    }

    // Helpers

    function _image(address token) private returns (address) {
        return tokenFactory.createOptimismMintableERC20(token, "Image", "IMG");
    }

    function _bridged(uint256 amount) private returns (PlainToken token, address image) {
        token = new PlainToken();
        image = _image(address(token));
        _deposit(address(token), image, alice, amount, 0);
    }

    /// @dev Bridges `amount` to `who`; a token may need `fee` more from its sender.
    function _deposit(address token, address image, address who, uint256 amount, uint256 fee) private {
        PlainToken(token).mint(who, amount + fee);
        vm.startPrank(who);
        IERC20(token).approve(address(l1Bridge), amount);
        l1Bridge.bridgeERC20To(token, image, who, amount, GAS, "");
        vm.stopPrank();
        vm.assertTrue(_relayDeposit());
    }

    function _withdrawAll(address image, address who) private {
        vm.recordLogs();
        uint256 balance = IERC20(image).balanceOf(who);
        vm.prank(who, who);
        l2Bridge.withdraw(image, balance, GAS, "");
        _relayAll(_withdrawals());
    }

    function _relayAll(RelayPortal.Withdrawal[] memory found) private {
        for (uint256 i; i < found.length; ++i) {
            vm.assertTrue(_relayWithdrawal(found[i]));
        }
    }
}
