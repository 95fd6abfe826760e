// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {L1Block} from "../../src/l2/L1Block.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {FastLZ} from "./FastLZ.sol";
import {TwoChains} from "../bridge/TwoChains.sol";

/// @notice The oracle foretells what execution charges. The expected figures are those that op-revm asserts for the
///         same input; lengths are held at random against a second implementation of op-revm's count.
contract GasPriceOracleTest is TwoChains {
    /// @dev A transaction of OP Mainnet; 202 bytes of FastLZ output.
    bytes internal constant SIGNED = hex"02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8e41ef24f3f00"
        hex"0000000000000000000000000000000000000000000000000000000000006e000000000000000000000000af88d065e77c8cc2239327"
        hex"c5edb3a432268e5831000000000000000000000000000000000000000000000000000000000003c1e500000000000000000000000000"
        hex"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000a0000000"
        hex"00000000000000000000000000000000000000000000000000000000148c89ed219d02f1a5be012c689b4f5b731827bebe0000000000"
        hex"00000000000000c001a033fd89cb37c31b2cba46b6466e040c61fc9b2a3675a7f5f493ebd5ad77c497f8a07cdf65680e238392693019"
        hex"b4092f610222e71b7cec06449cb922b93b6a12744e";

    function test_l1FeeOf_is_what_execution_charges() public {
        _scalars(1_000, 1_000);
        _fees(1_000, 1_000);
        // 100 bytes are the least, 17 wei each.
        vm.assertEq(oracle.l1FeeOf(hex"facade"), 1_700);
        // 202 * 836,500 - 42,585,600 = 126,387,400 millionths of a byte.
        vm.assertEq(oracle.l1FeeOf(SIGNED), 2_148);
    }

    /// @dev With these weights the fee is the estimated size in millionths of a byte, so the length shows exactly.
    function test_l1FeeOf_counts_fastlz_as_execution_does(uint256 seed, uint256 size, uint256 alphabet) public {
        _scalars(0, 1_000_000);
        _fees(0, 1_000_000);
        bytes memory data = _data(seed, bound(size, 1, 1_500), bound(alphabet, 1, 256));
        data[0] = 0x02;
        uint256 estimate = FastLZ.length(data) * 836_500;
        estimate = estimate < 142_585_600 ? 100_000_000 : estimate - 42_585_600;
        vm.assertEq(oracle.l1FeeOf(data), estimate);
    }

    /// @dev The lengths that op-revm asserts.
    function test_fastlz_lengths_are_op_revms() public pure {
        vm.assertEq(FastLZ.length(""), 0);
        vm.assertEq(FastLZ.length(new bytes(1000)), 21);
        vm.assertEq(FastLZ.length(hex"facade"), 4);
        vm.assertEq(FastLZ.length(SIGNED), 202);
    }

    function test_l1FeeOf_deposits_and_nothing_is_zero() public {
        _fees(1 gwei, 1 gwei);
        vm.assertEq(oracle.l1FeeOf(""), 0);
        vm.assertEq(oracle.l1FeeOf(hex"7efacade"), 0);
        vm.assertGt(oracle.l1FeeOf(hex"02facade"), 0);
    }

    function test_l1FeeOf_without_scalars_is_zero(bytes calldata transaction) public {
        _scalars(0, 0);
        _fees(1 gwei, 1 gwei);
        vm.assertEq(oracle.l1FeeOf(transaction), 0);
    }

    function test_getL1Fee_adds_a_signature(bytes calldata unsigned) public {
        _fees(30 gwei, 2 gwei);
        vm.assertGe(oracle.getL1Fee(unsigned), oracle.l1FeeOf(unsigned));
        vm.assertGe(oracle.getL1FeeUpperBound(unsigned.length), oracle.getL1Fee(unsigned));
    }

    function test_fees_saturate_instead_of_reverting(bytes calldata data) public {
        _fees(type(uint256).max, type(uint256).max);
        if (data.length > 0 && data[0] != 0x7e) {
            vm.assertEq(oracle.l1FeeOf(data), type(uint256).max / 1e12);
        }
        vm.assertEq(oracle.getL1Fee(data), type(uint256).max / 1e12);
    }

    function test_getL1GasUsed_counts_sixteen_for_a_byte() public view {
        vm.assertEq(oracle.getL1GasUsed(""), 1_600);
        // (202 + 68) * 836,500 - 42,585,600 = 183,269,400 millionths of a byte.
        vm.assertEq(oracle.getL1GasUsed(SIGNED), 2_932);
    }

    function test_getOperatorFee_is_isthmus() public view {
        vm.assertEq(oracle.getOperatorFee(0), 7);
        vm.assertEq(oracle.getOperatorFee(21_000), 7 + 5);
        vm.assertEq(oracle.getOperatorFee(type(uint256).max), type(uint256).max / 1e6 + 7);
    }

    function test_getters_repeat_the_attributes() public {
        _fees(3, 5);
        vm.fee(11);
        vm.assertEq(oracle.l1BaseFee(), 3);
        vm.assertEq(oracle.blobBaseFee(), 5);
        vm.assertEq(uint256(oracle.baseFeeScalar()), 1_368);
        vm.assertEq(uint256(oracle.blobBaseFeeScalar()), 810_949);
        vm.assertEq(oracle.gasPrice(), 11);
        vm.assertEq(oracle.baseFee(), 11);
        vm.assertEq(oracle.decimals(), 6);
        vm.assertEq(oracle.DECIMALS(), 6);
        vm.assertTrue(oracle.isEcotone() && oracle.isFjord() && oracle.isIsthmus() && !oracle.isJovian());
    }

    /// @dev Bytes of a small alphabet repeat themselves, those of a large one do not; then some of each once more.
    function _data(uint256 seed, uint256 size, uint256 alphabet) private pure returns (bytes memory data) {
        data = new bytes(size);
        for (uint256 i; i < size; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            data[i] = i > 40 && random >> 8 & 7 == 0 ? data[i - 37] : bytes1(uint8(random % alphabet));
        }
    }

    function _fees(uint256 baseFee, uint256 blobBaseFee) private {
        vm.prank(Predeploys.DEPOSITOR);
        l1Block.setParentAttributes(1, 1, bytes32(uint256(1)), baseFee, blobBaseFee);
    }

    function _scalars(uint32 baseFeeScalar, uint32 blobBaseFeeScalar) private {
        L1Block built = new L1Block(baseFeeScalar, blobBaseFeeScalar, 0, 0);
        vm.store(address(l1Block), bytes32(uint256(3)), vm.load(address(built), bytes32(uint256(3))));
    }
}
