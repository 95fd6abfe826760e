// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ERC721Bridge} from "../../src/bridge/ERC721Bridge.sol";
import {Bridge} from "../../src/bridge/Bridge.sol";
import {OptimismMintableERC721} from "../../src/bridge/OptimismMintableERC721.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {RelayPortal} from "./RelayPortal.sol";
import {LyingCollection, PlainCollection} from "./Tokens.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice Takes any token, and tries to bridge it on while it receives it.
contract EagerReceiver {
    address private immutable _bridge;
    bytes private _data;
    bool public succeeded;

    constructor(address bridge) {
        _bridge = bridge;
    }

    function prepare(bytes calldata data) external {
        _data = data;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        (succeeded,) = _bridge.call(_data);
        return this.onERC721Received.selector;
    }
}

/// @notice Tokens of a collection cross both ways, and are in one place at a time.
contract ERC721BridgeTest is TwoChains {
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal mallory = makeAddr("mallory");
    uint32 internal constant GAS = 300_000;
    PlainCollection internal collection;
    OptimismMintableERC721 internal image;

    function setUp() public override {
        super.setUp();
        collection = new PlainCollection();
        image = OptimismMintableERC721(nftFactory.createOptimismMintableERC721(address(collection), "Image", "IMG"));
        collection.mint(alice, 7);
        vm.prank(alice);
        collection.setApprovalForAll(address(l1NftBridge), true);
    }

    function test_token_crosses_and_returns() public {
        vm.expectEmit(address(l1NftBridge));
        emit ERC721Bridge.ERC721BridgeInitiated(address(collection), address(image), alice, alice, 7, "memo");
        vm.prank(alice, alice);
        l1NftBridge.bridgeERC721(address(collection), address(image), 7, GAS, "memo");
        vm.assertEq(collection.ownerOf(7), address(l1NftBridge));
        vm.assertTrue(l1NftBridge.deposits(address(collection), address(image), 7));

        vm.expectEmit(address(l2NftBridge));
        emit ERC721Bridge.ERC721BridgeFinalized(address(image), address(collection), alice, alice, 7, "memo");
        vm.assertTrue(_relayDeposit());
        vm.assertEq(image.ownerOf(7), alice);
        vm.assertEq(image.totalSupply(), 1);

        vm.recordLogs();
        vm.prank(alice);
        l2NftBridge.bridgeERC721To(address(image), address(collection), bob, 7, GAS, "");
        vm.assertEq(image.totalSupply(), 0);
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertEq(collection.ownerOf(7), bob);
        vm.assertFalse(l1NftBridge.deposits(address(collection), address(image), 7));
    }

    function test_token_of_the_rollup_crosses_and_returns() public {
        PlainCollection home = new PlainCollection();
        OptimismMintableERC721 away = new OptimismMintableERC721(address(l1NftBridge), 42, address(home), "Away", "AWY");
        home.mint(alice, 1);
        vm.recordLogs();
        vm.startPrank(alice, alice);
        home.approve(address(l2NftBridge), 1);
        l2NftBridge.bridgeERC721(address(home), address(away), 1, GAS, "");
        vm.stopPrank();
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
        vm.assertEq(away.ownerOf(1), alice);

        vm.prank(alice, alice);
        l1NftBridge.bridgeERC721(address(away), address(home), 1, GAS, "");
        vm.assertTrue(_relayDeposit());
        vm.assertEq(home.ownerOf(1), alice);
        vm.assertEq(away.totalSupply(), 0);
    }

    function test_bridgeERC721_by_a_contract_reverts() public {
        vm.expectRevert(Bridge.OnlyExternallyOwned.selector);
        l1NftBridge.bridgeERC721(address(collection), address(image), 7, GAS, "");
    }

    function test_bridgeERC721_without_remote_collection_reverts() public {
        vm.expectRevert(ERC721Bridge.RemoteTokenMissing.selector);
        vm.prank(alice, alice);
        l1NftBridge.bridgeERC721(address(collection), address(0), 7, GAS, "");
    }

    function test_bridgeERC721To_nobody_reverts() public {
        vm.expectRevert(ERC721Bridge.ReceiverMissing.selector);
        vm.prank(alice);
        l1NftBridge.bridgeERC721To(address(collection), address(image), address(0), 7, GAS, "");
    }

    function test_bridgeERC721To_of_anothers_token_reverts() public {
        vm.expectRevert();
        vm.prank(mallory);
        l1NftBridge.bridgeERC721To(address(collection), address(image), mallory, 7, GAS, "");

        _bridge(alice);
        vm.expectRevert(abi.encodeWithSelector(OptimismMintableERC721.NotOwner.selector, mallory, 7));
        vm.prank(mallory);
        l2NftBridge.bridgeERC721To(address(image), address(collection), mallory, 7, GAS, "");
    }

    function test_collection_that_lies_reverts() public {
        LyingCollection lying = new LyingCollection();
        lying.mint(alice, 1);
        vm.expectRevert(abi.encodeWithSelector(ERC721Bridge.NotReceived.selector, address(lying), 1));
        vm.prank(alice);
        l1NftBridge.bridgeERC721To(address(lying), address(image), alice, 1, GAS, "");
    }

    function test_image_of_another_collection_reverts() public {
        PlainCollection other = new PlainCollection();
        vm.expectRevert(abi.encodeWithSelector(Bridge.WrongRemoteToken.selector, address(image), address(other)));
        vm.prank(alice);
        l2NftBridge.bridgeERC721To(address(image), address(other), alice, 7, GAS, "");
    }

    function test_token_of_another_pair_is_not_released() public {
        _bridge(alice);
        bytes memory finalize = abi.encodeCall(
            ERC721Bridge.finalizeBridgeERC721, (address(collection), address(0xbad), mallory, mallory, 7, "")
        );
        _fromL2Bridge(finalize);
        vm.assertEq(collection.ownerOf(7), address(l1NftBridge));
    }

    function test_finalize_by_anybody_reverts(address caller) public {
        vm.expectRevert();
        vm.prank(caller);
        l1NftBridge.finalizeBridgeERC721(address(collection), address(image), caller, caller, 7, "");
        vm.expectRevert();
        vm.prank(caller);
        l2NftBridge.finalizeBridgeERC721(address(image), address(collection), caller, caller, 7, "");
    }

    function test_finalize_by_a_message_of_anybody_else_fails(address sender) public {
        vm.assume(sender != address(l1NftBridge) && sender != address(0));
        bytes memory finalize = abi.encodeCall(
            ERC721Bridge.finalizeBridgeERC721, (address(image), address(collection), alice, mallory, 9, "")
        );
        bytes32 msgHash = _deliver(_freshNonce(), sender, address(l2NftBridge), 0, finalize);
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
    }

    function test_receiver_that_bridges_on_at_once_is_refused_and_keeps_the_token() public {
        EagerReceiver receiver = new EagerReceiver(address(l2NftBridge));
        receiver.prepare(
            abi.encodeCall(ERC721Bridge.bridgeERC721To, (address(image), address(collection), mallory, 7, GAS, ""))
        );
        _bridge(address(receiver));
        vm.assertFalse(receiver.succeeded());
        vm.assertEq(image.ownerOf(7), address(receiver));
    }

    /// @dev While the other bridge's message runs it is the active sender, but only the messenger speaks for it.
    function test_receiver_cannot_finalize_in_the_other_bridges_name() public {
        EagerReceiver receiver = new EagerReceiver(address(this));
        receiver.prepare(abi.encodeCall(this.finalizeAnother, ()));
        _bridge(address(receiver));
        vm.assertTrue(receiver.succeeded());
        vm.assertEq(image.ownerOf(7), address(receiver));
        vm.assertEq(image.totalSupply(), 1);
    }

    function finalizeAnother() external {
        vm.expectRevert();
        l2NftBridge.finalizeBridgeERC721(address(image), address(collection), mallory, mallory, 8, "");
    }

    function test_receiver_that_does_not_know_tokens_can_be_tried_again() public {
        address receiver = address(new PlainCollection());
        vm.prank(alice);
        l1NftBridge.bridgeERC721To(address(collection), address(image), receiver, 7, GAS, "");
        vm.assertTrue(_relayDeposit());
        vm.assertEq(image.totalSupply(), 0);

        vm.etch(receiver, "");
        RelayPortal.Deposit memory d = portal.deposit(0);
        (bool ok,) = address(l2Messenger).call(d.data);
        vm.assertTrue(ok);
        vm.assertEq(image.ownerOf(7), receiver);
    }

    function test_getters() public view {
        vm.assertEq(address(l1NftBridge.messenger()), address(l1Messenger));
        vm.assertEq(l1NftBridge.otherBridge(), Predeploys.ERC721_BRIDGE);
        vm.assertEq(l2NftBridge.otherBridge(), address(l1NftBridge));
        vm.assertEq(bytes32(ERC721Bridge.bridgeERC721.selector), bytes32(bytes4(0x3687011a)));
        vm.assertEq(bytes32(ERC721Bridge.bridgeERC721To.selector), bytes32(bytes4(0xaa557452)));
        vm.assertEq(bytes32(ERC721Bridge.finalizeBridgeERC721.selector), bytes32(bytes4(0x761f4493)));
    }

    function _bridge(address to) private {
        vm.prank(alice);
        l1NftBridge.bridgeERC721To(address(collection), address(image), to, 7, GAS, "");
        vm.assertTrue(_relayDeposit());
    }

    function _fromL2Bridge(bytes memory data) private {
        vm.recordLogs();
        vm.prank(address(l2NftBridge));
        l2Messenger.sendMessage(address(l1NftBridge), data, GAS);
        vm.assertTrue(_relayWithdrawal(_withdrawals()[0]));
    }
}
