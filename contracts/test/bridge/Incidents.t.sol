// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CrossDomainMessenger} from "../../src/bridge/CrossDomainMessenger.sol";
import {ICrossDomainMessenger} from "../../src/bridge/ICrossDomainMessenger.sol";
import {OptimismMintableERC20} from "../../src/bridge/OptimismMintableERC20.sol";
import {StandardBridge} from "../../src/bridge/StandardBridge.sol";
import {L1Block} from "../../src/l2/L1Block.sol";
import {L2ToL1MessagePasser} from "../../src/l2/L2ToL1MessagePasser.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {RelayPortal} from "./RelayPortal.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice What broke other bridges, tried on this one.
contract BridgeIncidentsTest is TwoChains {
    address internal mallory = makeAddr("mallory");

    // Poly Network 2021: a relayed message called a contract that trusted the relayer.

    function test_poly_network_message_cannot_make_the_messenger_deposit() public {
        bytes memory forged = abi.encodeCall(
            ICrossDomainMessenger.relayMessage,
            (_freshNonce(), address(l1Bridge), address(l2Bridge), 0, 0, "mint me everything")
        );
        bytes memory deposit =
            abi.encodeCall(RelayPortal.depositTransaction, (Predeploys.MESSENGER, 0, 1_000_000, false, forged));
        _fromL2(address(portal), deposit);
        vm.assertEq(portal.deposits(), 0);
    }

    function test_poly_network_message_cannot_make_the_messenger_withdraw() public {
        bytes memory withdraw =
            abi.encodeCall(L2ToL1MessagePasser.initiateWithdrawal, (address(l1Messenger), 1_000_000, "forged"));
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.UnsafeTarget.selector, Predeploys.MESSAGE_PASSER));
        _deliver(_freshNonce(), mallory, Predeploys.MESSAGE_PASSER, 0, withdraw);
        vm.assertEq(passer.messageNonce(), uint256(1) << 240);
    }

    function test_poly_network_message_cannot_call_a_messenger() public {
        bytes memory send = abi.encodeCall(ICrossDomainMessenger.sendMessage, (mallory, "", 0));
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.UnsafeTarget.selector, address(l2Messenger)));
        _deliver(_freshNonce(), mallory, address(l2Messenger), 0, send);
    }

    function test_poly_network_message_cannot_report_a_parent_block(uint256 baseFee) public {
        bytes32 msgHash = _deliver(
            _freshNonce(),
            mallory,
            Predeploys.L1_BLOCK,
            0,
            abi.encodeCall(L1Block.setParentAttributes, (1, 1, bytes32(uint256(1)), baseFee, 1))
        );
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
        vm.assertEq(l1Block.basefee(), 0);
        vm.assertEq(l1Block.hash(), bytes32(0));
    }

    function test_poly_network_message_cannot_mint() public {
        address image = tokenFactory.createOptimismMintableERC20(address(1), "I", "I");
        bytes32 msgHash =
            _deliver(_freshNonce(), mallory, image, 0, abi.encodeCall(OptimismMintableERC20.mint, (mallory, 1 ether)));
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
        msgHash = _deliver(
            _freshNonce(),
            mallory,
            address(l2Bridge),
            0,
            abi.encodeCall(StandardBridge.finalizeBridgeERC20, (image, address(1), mallory, mallory, 1 ether, ""))
        );
        vm.assertTrue(l2Messenger.failedMessages(msgHash));
        vm.assertEq(OptimismMintableERC20(image).totalSupply(), 0);
    }

    // Arbitrum 2022: an initializer could be called again. Here there is none to call.

    function test_arbitrum_no_contract_can_be_initialised(address caller, address a, address b) public {
        string[10] memory names = [
            "initialize()",
            "initialize(address)",
            "initialize(address,address)",
            "initialize(address,address,address)",
            "initialize(address,address,address,uint32)",
            "init(address)",
            "upgradeTo(address)",
            "upgradeToAndCall(address,bytes)",
            "transferOwnership(address)",
            "setImplementation(uint32,address)"
        ];
        address[] memory system = _contracts();
        for (uint256 i; i < system.length; ++i) {
            bytes32[] memory before = _storage(system[i]);
            for (uint256 j; j < names.length; ++j) {
                vm.prank(caller);
                (bool ok,) =
                    system[i].call(abi.encodePacked(bytes4(keccak256(bytes(names[j]))), abi.encode(a, b, a, b)));
                vm.assertFalse(ok);
            }
            bytes32[] memory afterwards = _storage(system[i]);
            for (uint256 j; j < before.length; ++j) {
                vm.assertEq(afterwards[j], before[j]);
            }
        }
    }

    // Multichain 2022: WETH accepted a call of `permit`, which it does not have, and so seemed to have checked it.

    function test_multichain_weth_refuses_functions_it_lacks() public {
        (bool ok,) = address(weth)
            .call(
                abi.encodeWithSignature(
                    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", mallory, mallory, 1, 1, 27, 0, 0
                )
            );
        vm.assertFalse(ok);
    }

    // Nomad 2022: a message that nobody had sent passed, because zero counted as proven.

    function test_nomad_message_that_was_never_sent_is_refused(uint240 nonce, address target, bytes calldata data)
        public
    {
        vm.assume(target != address(l1Messenger) && target != address(portal));
        bytes32 msgHash = _hash(uint256(1) << 240 | nonce, address(0), target, 0, 0, data);
        vm.expectRevert(abi.encodeWithSelector(CrossDomainMessenger.MessageNotFailed.selector, msgHash));
        l1Messenger.relayMessage(uint256(1) << 240 | nonce, address(0), target, 0, 0, data);
    }

    function _contracts() private view returns (address[] memory system) {
        system = new address[](13);
        system[0] = address(l1Messenger);
        system[1] = address(l1Bridge);
        system[2] = address(l1NftBridge);
        system[3] = address(l2Messenger);
        system[4] = address(l2Bridge);
        system[5] = address(l2NftBridge);
        system[6] = address(passer);
        system[7] = address(l1Block);
        system[8] = address(oracle);
        system[9] = address(weth);
        system[10] = address(vault);
        system[11] = address(tokenFactory);
        system[12] = address(nftFactory);
    }

    function _storage(address account) private view returns (bytes32[] memory slots) {
        slots = new bytes32[](10);
        for (uint256 i; i < slots.length; ++i) {
            slots[i] = vm.load(account, bytes32(i));
        }
    }

    /// @dev A message of Mallory's from the rollup; its withdrawal is spent, whatever the target does.
    function _fromL2(address target, bytes memory data) private {
        vm.recordLogs();
        vm.prank(mallory);
        l2Messenger.sendMessage(target, data, 1_000_000);
        vm.assertFalse(_relayWithdrawal(_withdrawals()[0]));
    }
}
