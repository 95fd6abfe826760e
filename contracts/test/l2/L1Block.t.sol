// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {L1Block} from "../../src/l2/L1Block.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {TwoChains} from "../bridge/TwoChains.sol";

/// @notice The execution client finds its fees where it reads them.
contract L1BlockTest is TwoChains {
    function test_setParentAttributes_is_visible(
        uint64 number,
        uint64 timestamp,
        bytes32 hash,
        uint256 baseFee,
        uint256 blobBaseFee
    ) public {
        vm.prank(Predeploys.DEPOSITOR);
        l1Block.setParentAttributes(number, timestamp, hash, baseFee, blobBaseFee);
        vm.assertEq(uint256(l1Block.number()), number);
        vm.assertEq(uint256(l1Block.timestamp()), timestamp);
        vm.assertEq(l1Block.hash(), hash);
        vm.assertEq(l1Block.basefee(), baseFee);
        vm.assertEq(l1Block.blobBaseFee(), blobBaseFee);
        // What op-revm reads.
        vm.assertEq(uint256(vm.load(address(l1Block), bytes32(uint256(1)))), baseFee);
        vm.assertEq(uint256(vm.load(address(l1Block), bytes32(uint256(7)))), blobBaseFee);
    }

    function test_setParentAttributes_keeps_the_scalars() public {
        vm.prank(Predeploys.DEPOSITOR);
        l1Block.setParentAttributes(1, 2, bytes32(uint256(3)), 4, 5);
        vm.assertEq(uint256(l1Block.baseFeeScalar()), 1_368);
        vm.assertEq(uint256(l1Block.blobBaseFeeScalar()), 810_949);
        vm.assertEq(uint256(l1Block.operatorFeeScalar()), 250);
        vm.assertEq(uint256(l1Block.operatorFeeConstant()), 7);
        vm.assertEq(uint256(l1Block.sequenceNumber()), 0);
        vm.assertEq(l1Block.batcherHash(), bytes32(0));
        vm.assertEq(l1Block.l1FeeOverhead(), 0);
        vm.assertEq(l1Block.l1FeeScalar(), 0);
    }

    /// @dev op-revm reads the scalars at fixed bytes of slots 3 and 8: 16 and 20, and 20 and 24.
    function test_scalars_lie_where_execution_reads_them(
        uint32 baseFeeScalar,
        uint32 blobBaseFeeScalar,
        uint32 operatorFeeScalar,
        uint64 operatorFeeConstant
    ) public {
        L1Block built = new L1Block(baseFeeScalar, blobBaseFeeScalar, operatorFeeScalar, operatorFeeConstant);
        bytes32 fees = vm.load(address(built), bytes32(uint256(3)));
        vm.assertEq(uint256(uint32(bytes4(fees << 16 * 8))), baseFeeScalar);
        vm.assertEq(uint256(uint32(bytes4(fees << 20 * 8))), blobBaseFeeScalar);
        bytes32 operator = vm.load(address(built), bytes32(uint256(8)));
        vm.assertEq(uint256(uint32(bytes4(operator << 20 * 8))), operatorFeeScalar);
        vm.assertEq(uint256(uint64(bytes8(operator << 24 * 8))), operatorFeeConstant);
    }

    function test_setParentAttributes_by_anybody_reverts(address caller) public {
        vm.assume(caller != Predeploys.DEPOSITOR);
        vm.expectRevert(L1Block.NotDepositor.selector);
        vm.prank(caller);
        l1Block.setParentAttributes(1, 2, bytes32(uint256(3)), 4, 5);
    }

    function test_fees_are_paid_in_ether() public view {
        vm.assertFalse(l1Block.isCustomGasToken());
        (address token, uint8 decimals) = l1Block.gasPayingToken();
        vm.assertEq(token, 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE);
        vm.assertEq(uint256(decimals), 18);
        vm.assertEq(l1Block.DEPOSITOR_ACCOUNT(), Predeploys.DEPOSITOR);
    }

    /// @dev The attributes transaction has a gas limit of 1,000,000 (docs/protocol.md, section 1).
    function test_setParentAttributes_fits_its_gas_limit() public {
        bytes memory data = abi.encodeCall(
            L1Block.setParentAttributes,
            (type(uint64).max, type(uint64).max, bytes32(type(uint256).max), type(uint256).max, type(uint256).max)
        );
        vm.prank(Predeploys.DEPOSITOR);
        (bool ok,) = address(l1Block).call{gas: 1_000_000 - _intrinsicGas(data)}(data);
        vm.assertTrue(ok);
        vm.assertEq(uint256(l1Block.number()), type(uint64).max);
    }
}
