// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {L1CrossDomainMessenger} from "../../src/bridge/L1CrossDomainMessenger.sol";
import {L1ERC721Bridge} from "../../src/bridge/L1ERC721Bridge.sol";
import {L1StandardBridge} from "../../src/bridge/L1StandardBridge.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {Alias} from "../../src/libraries/Alias.sol";
import {OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {Vm} from "../base/Vm.sol";
import {CoreTest} from "../core/CoreTest.sol";
import {Genesis} from "./Genesis.sol";
import {RelayPortal} from "./RelayPortal.sol";
import {PlainCollection, PlainToken} from "./Tokens.sol";

/// @notice Funds go to the rollup and back through the real Portal, Inbox and Settlement: deposits are read from the
///         Portal's events, withdrawals are proven against the message passer's storage.
/// forge-config: default.isolate = true
contract BridgeEndToEndGasTest is CoreTest, Genesis {
    L1CrossDomainMessenger internal l1Messenger;
    L1StandardBridge internal l1Bridge;
    L1ERC721Bridge internal l1NftBridge;
    PlainToken internal token;
    address internal image;
    uint32 internal constant GAS = 200_000;
    string private constant GROUP = "bridge";

    function setUp() public override {
        super.setUp();
        l1Messenger = new L1CrossDomainMessenger(portal);
        l1Bridge = new L1StandardBridge(l1Messenger);
        l1NftBridge = new L1ERC721Bridge(l1Messenger);
        _placePredeploys(address(l1Messenger), address(l1Bridge), address(l1NftBridge));
        token = new PlainToken();
        image = tokenFactory.createOptimismMintableERC20(address(token), "Image", "IMG");
        token.mint(alice, 1_000);
        vm.prank(alice);
        token.approve(address(l1Bridge), 1_000);
        // The first deposit of a block and of a pair costs more than those after it.
        vm.prank(alice, alice);
        l1Bridge.depositERC20(address(token), image, 1, GAS, "");
        // Every third message, as this one, fills a slot of the Inbox.
        portal.depositTransaction(alice, 0, 21_000, false, "");
        vm.roll(1_001);
    }

    function test_ether_goes_to_the_rollup_and_back() public {
        vm.recordLogs();
        vm.prank(alice, alice);
        l1Bridge.depositETHTo{value: 5 ether}(bob, GAS, "");
        vm.snapshotGasLastCall(GROUP, "depositETHTo with the Portal");
        vm.assertTrue(_runDeposit());
        vm.assertEq(bob.balance, 1_005 ether);

        vm.recordLogs();
        vm.prank(bob, bob);
        l2Bridge.bridgeETHTo{value: 3 ether}(alice, GAS, "");
        Withdrawal memory w = _initiated();
        uint256 before = alice.balance;
        _proveAndFinalize(w, "finalize withdrawal of ether");
        vm.assertEq(alice.balance, before + 3 ether);
        vm.assertEq(address(portal).balance, 2 ether);
    }

    function test_token_goes_to_the_rollup_and_back() public {
        vm.recordLogs();
        vm.prank(alice, alice);
        l1Bridge.depositERC20(address(token), image, 500, GAS, "memo");
        vm.snapshotGasLastCall(GROUP, "depositERC20 with the Portal");
        vm.assertTrue(_runDeposit());
        vm.assertEq(IERC20(image).balanceOf(alice), 500);

        vm.recordLogs();
        vm.prank(alice, alice);
        l2Bridge.withdraw(image, 200, GAS, "memo");
        Withdrawal memory w = _initiated();
        _proveAndFinalize(w, "finalize withdrawal of a token");
        vm.assertEq(token.balanceOf(alice), 1_000 - 1 - 500 + 200);
        vm.assertEq(l1Bridge.deposits(address(token), image), 301);
        vm.assertEq(IERC20(image).totalSupply(), 300);
    }

    function test_collection_goes_to_the_rollup_and_back() public {
        PlainCollection collection = new PlainCollection();
        address copy = nftFactory.createOptimismMintableERC721(address(collection), "Copy", "CPY");
        collection.mint(alice, 9);
        vm.prank(alice);
        collection.approve(address(l1NftBridge), 9);
        vm.recordLogs();
        vm.prank(alice, alice);
        l1NftBridge.bridgeERC721(address(collection), copy, 9, GAS, "");
        vm.snapshotGasLastCall(GROUP, "bridgeERC721 with the Portal");
        vm.assertTrue(_runDeposit());

        vm.recordLogs();
        vm.prank(alice, alice);
        l2NftBridge.bridgeERC721(copy, address(collection), 9, GAS, "");
        _proveAndFinalize(_initiated(), "finalize withdrawal of a collection's token");
        vm.assertEq(collection.ownerOf(9), alice);
    }

    /// @dev A receiver that refuses does not cost the withdrawal: the messenger keeps it for another attempt.
    function test_withdrawal_that_fails_is_tried_again_without_the_portal() public {
        vm.recordLogs();
        vm.prank(alice, alice);
        l1Bridge.depositETHTo{value: 1 ether}(bob, GAS, "");
        _runDeposit();
        address refusing = address(new PlainToken());
        vm.recordLogs();
        vm.prank(bob);
        l2Bridge.bridgeETHTo{value: 1 ether}(refusing, GAS, "");
        Withdrawal memory w = _initiated();
        _proveAndFinalize(w, "finalize withdrawal that fails");
        vm.assertEq(address(l1Messenger).balance, 1 ether);

        vm.etch(refusing, "");
        (bool ok,) = address(l1Messenger).call(w.data);
        vm.assertTrue(ok);
        vm.assertEq(refusing.balance, 1 ether);
    }

    /// forge-config: default.fuzz.runs = 8
    function test_longest_message_that_the_portal_takes_arrives(uint256 length) public {
        length = bound(length, 58_000, 59_600);
        vm.recordLogs();
        l1Messenger.sendMessage(bob, new bytes(length), 0);
        vm.assertTrue(_runDeposit());
        vm.expectRevert(IPortal.OptimismPortal_CalldataTooLarge.selector);
        l1Messenger.sendMessage(bob, new bytes(60_000), 0);
    }

    /// @dev Runs the deposit that was just made on the rollup, as its transaction would run.
    function _runDeposit() private returns (bool success) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(portal) || logs[i].topics[0] != IPortal.TransactionDeposited.selector) {
                continue;
            }
            address from = address(uint160(uint256(logs[i].topics[1])));
            vm.assertEq(from, Alias.toRollup(address(l1Messenger)));
            vm.assertEq(address(uint160(uint256(logs[i].topics[2]))), Predeploys.MESSENGER);
            bytes memory opaque = abi.decode(logs[i].data, (bytes));
            return this.run(from, opaque);
        }
        revert("no deposit");
    }

    function run(address from, bytes calldata opaque) external returns (bool success) {
        uint256 mint = uint256(bytes32(opaque[:32]));
        uint256 value = uint256(bytes32(opaque[32:64]));
        uint64 gasLimit = uint64(bytes8(opaque[64:72]));
        bytes calldata data = opaque[73:];
        vm.deal(from, from.balance + mint);
        vm.prank(from);
        (success,) = Predeploys.MESSENGER.call{value: value, gas: gasLimit - _intrinsicGas(data)}(data);
    }

    function _initiated() private returns (Withdrawal memory) {
        RelayPortal.Withdrawal memory w = _withdrawals()[0];
        return Withdrawal(w.nonce, w.sender, w.target, w.value, w.gasLimit, w.data);
    }

    /// @dev Claims a state in which the message passer has recorded `w`, proves it, waits and has it paid.
    function _proveAndFinalize(Withdrawal memory w, string memory name) private {
        bytes32 hash = Protocol.withdrawalHash(w);
        vm.assertTrue(passer.sentMessages(hash));
        bytes32[] memory hashes = _among(hash, 50);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        vm.prank(alice);
        portal.proveWithdrawalTransaction(w, index, parts, _proofOf(hashes, hash));
        skip(WINDOW);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.snapshotGasLastCall(GROUP, name);
        vm.assertTrue(portal.finalizedWithdrawals(hash));
    }
}
