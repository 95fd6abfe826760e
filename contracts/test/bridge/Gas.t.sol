// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Predeploys} from "../../src/l2/Predeploys.sol";
import {PlainCollection, PlainToken} from "./Tokens.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice What transactions on the rollup cost, intrinsic gas included; kept in `snapshots/bridge.json`. What they cost
///         on the parent chain is measured where the real Portal is, in `EndToEnd.t.sol`.
/// forge-config: default.isolate = true
contract BridgeGasTest is TwoChains {
    uint32 private constant GAS = 200_000;
    string private constant GROUP = "bridge";
    address private alice = makeAddr("alice");
    PlainToken private token;
    address private image;

    function setUp() public override {
        super.setUp();
        token = new PlainToken();
        image = tokenFactory.createOptimismMintableERC20(address(token), "I", "I");
        token.mint(alice, 1_000);
        vm.deal(alice, 100 ether);
        vm.prank(alice);
        token.approve(address(l1Bridge), type(uint256).max);
        // A deposit has gone before, as on a chain in use: the portal's and the bridge's slots are not fresh.
        _depositToken();
        _relayDeposits();
    }

    function test_gas_of_ether() public {
        vm.prank(alice);
        l1Bridge.depositETHTo{value: 1 ether}(alice, GAS, "");
        _relayDeposit();
        vm.snapshotGasLastCall(GROUP, "relay of depositETH on the rollup");

        vm.prank(alice, alice);
        l2Bridge.withdraw{value: 1 ether}(Predeploys.LEGACY_ETH, 1 ether, GAS, "");
        vm.snapshotGasLastCall(GROUP, "L2StandardBridge.withdraw of ether");
    }

    function test_gas_of_tokens() public {
        _depositToken();
        _relayDeposit();
        vm.snapshotGasLastCall(GROUP, "relay of depositERC20 on the rollup");

        vm.prank(alice, alice);
        l2Bridge.withdraw(image, 5, GAS, "");
        vm.snapshotGasLastCall(GROUP, "L2StandardBridge.withdraw of a token");
        vm.assertEq(IERC20(image).balanceOf(alice), 15);
    }

    function test_gas_of_collections() public {
        PlainCollection collection = new PlainCollection();
        address copy = nftFactory.createOptimismMintableERC721(address(collection), "I", "I");
        vm.snapshotGasLastCall(GROUP, "createOptimismMintableERC721");
        collection.mint(alice, 1);
        vm.startPrank(alice, alice);
        collection.setApprovalForAll(address(l1NftBridge), true);
        l1NftBridge.bridgeERC721(address(collection), copy, 1, GAS, "");
        vm.stopPrank();
        _relayDeposit();
        vm.snapshotGasLastCall(GROUP, "relay of bridgeERC721 on the rollup");
        tokenFactory.createOptimismMintableERC20(address(1), "I", "I");
        vm.snapshotGasLastCall(GROUP, "createOptimismMintableERC20");
    }

    function test_gas_of_the_rest() public {
        vm.prank(alice);
        passer.initiateWithdrawal{value: 1}(alice, 21_000, "");
        vm.snapshotGasLastCall(GROUP, "L2ToL1MessagePasser.initiateWithdrawal");
        vm.prank(Predeploys.DEPOSITOR);
        l1Block.setParentAttributes(1, 1, bytes32(uint256(1)), 1, 1);
        vm.snapshotGasLastCall(GROUP, "L1Block.setParentAttributes");
        vm.deal(address(vault), 1 ether);
        vault.withdraw();
        vm.snapshotGasLastCall(GROUP, "FeeVault.withdraw");
        vm.prank(alice);
        weth.deposit{value: 1 ether}();
        vm.snapshotGasLastCall(GROUP, "WETH.deposit");
        passer.burn();
        vm.snapshotGasLastCall(GROUP, "L2ToL1MessagePasser.burn");
        oracle.getL1Fee(new bytes(120));
        vm.snapshotGasLastCall(GROUP, "GasPriceOracle.getL1Fee of 120 bytes");
    }

    function _depositToken() private {
        vm.prank(alice, alice);
        l1Bridge.depositERC20(address(token), image, 10, GAS, "");
    }
}
