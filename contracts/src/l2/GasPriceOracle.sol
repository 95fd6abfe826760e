// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {LibZip} from "solady/utils/LibZip.sol";

import {L1Block} from "./L1Block.sol";
import {Predeploys} from "./Predeploys.sol";

/// @title GasPriceOracle
/// @notice Says what a transaction will be charged besides its gas: the data fee, by the formula of the OP Stack's
///         Fjord, and the operator fee, by Isthmus.
/// @dev `l1FeeOf(signed transaction)` is exactly what execution charges. The functions known from the OP Stack take
///      unsigned transactions, as wallets hold them before signing, and add what a signature is worth.
contract GasPriceOracle {
    /// @notice Decimals of the fee scalars.
    uint256 public constant DECIMALS = 6;

    /// @dev Estimated size, in millionths of a byte, for a byte of FastLZ output.
    uint256 private constant SIZE_PER_FASTLZ_BYTE = 836_500;
    /// @dev Taken off every estimated size, in millionths of a byte.
    uint256 private constant SIZE_INTERCEPT = 42_585_600;
    /// @dev The least estimated size, in millionths of a byte.
    uint256 private constant MIN_SIZE = 100_000_000;
    /// @dev Bytes that a signature adds, which do not compress.
    uint256 private constant SIGNATURE_BYTES = 68;
    /// @dev Gas of a call data byte that is not zero.
    uint256 private constant GAS_PER_BYTE = 16;
    /// @dev Transactions of this type come from the parent chain and pay no data fee.
    bytes1 private constant DEPOSIT_TYPE = 0x7E;

    L1Block private constant L1_BLOCK = L1Block(Predeploys.L1_BLOCK);

    /// @notice The data fee that this signed transaction is charged, in wei, exactly.
    /// @param transaction Signed transaction in its EIP-2718 encoding.
    function l1FeeOf(bytes calldata transaction) external view returns (uint256) {
        if (transaction.length == 0 || transaction[0] == DEPOSIT_TYPE) return 0;
        return _fee(LibZip.flzCompress(transaction).length);
    }

    /// @notice Estimates the data fee of a transaction that is not signed yet, in wei.
    /// @param unsigned Transaction in its unsigned EIP-2718 encoding.
    function getL1Fee(bytes calldata unsigned) external view returns (uint256) {
        return _fee(LibZip.flzCompress(unsigned).length + SIGNATURE_BYTES);
    }

    /// @notice A data fee, in wei, that a transaction of this size will hardly exceed; cheap to ask for on chain.
    /// @param unsignedSize Bytes of the unsigned transaction.
    function getL1FeeUpperBound(uint256 unsignedSize) external view returns (uint256) {
        uint256 size = unsignedSize + SIGNATURE_BYTES;
        return _fee(size + size / 255 + 16);
    }

    /// @notice Estimates the parent gas that publishing a transaction would take as call data.
    /// @param unsigned Transaction in its unsigned EIP-2718 encoding.
    function getL1GasUsed(bytes calldata unsigned) external pure returns (uint256) {
        return _size(LibZip.flzCompress(unsigned).length + SIGNATURE_BYTES) * GAS_PER_BYTE / 1e6;
    }

    /// @notice The operator fee for this much gas, in wei.
    /// @param gasUsed Gas that the transaction uses.
    function getOperatorFee(uint256 gasUsed) external view returns (uint256) {
        return Math.saturatingAdd(
            Math.saturatingMul(gasUsed, L1_BLOCK.operatorFeeScalar()) / 1e6, L1_BLOCK.operatorFeeConstant()
        );
    }

    /// @notice The rollup's base fee, in wei.
    function gasPrice() external view returns (uint256) {
        return block.basefee;
    }

    /// @notice The rollup's base fee, in wei.
    function baseFee() external view returns (uint256) {
        return block.basefee;
    }

    /// @notice The parent chain's base fee, in wei, as last reported.
    function l1BaseFee() external view returns (uint256) {
        return L1_BLOCK.basefee();
    }

    /// @notice The parent chain's blob base fee, in wei, as last reported.
    function blobBaseFee() external view returns (uint256) {
        return L1_BLOCK.blobBaseFee();
    }

    /// @notice Weight of sixteen base fees in the data fee, in millionths.
    function baseFeeScalar() external view returns (uint32) {
        return L1_BLOCK.baseFeeScalar();
    }

    /// @notice Weight of the blob base fee in the data fee, in millionths.
    function blobBaseFeeScalar() external view returns (uint32) {
        return L1_BLOCK.blobBaseFeeScalar();
    }

    /// @notice Decimals of the fee scalars.
    function decimals() external pure returns (uint256) {
        return DECIMALS;
    }

    /// @notice The fee rules of Ecotone are included.
    function isEcotone() external pure returns (bool) {
        return true;
    }

    /// @notice The data fee is Fjord's.
    function isFjord() external pure returns (bool) {
        return true;
    }

    /// @notice The operator fee is Isthmus'.
    function isIsthmus() external pure returns (bool) {
        return true;
    }

    /// @notice The fee rules of Jovian are not in use.
    function isJovian() external pure returns (bool) {
        return false;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.4.0";
    }

    /// @dev Data fee for so much FastLZ output. Saturates like the execution client's arithmetic.
    function _fee(uint256 fastlzBytes) private view returns (uint256) {
        uint256 calldataPrice =
            Math.saturatingMul(Math.saturatingMul(L1_BLOCK.basefee(), GAS_PER_BYTE), L1_BLOCK.baseFeeScalar());
        uint256 blobPrice = Math.saturatingMul(L1_BLOCK.blobBaseFee(), L1_BLOCK.blobBaseFeeScalar());
        return Math.saturatingMul(_size(fastlzBytes), Math.saturatingAdd(calldataPrice, blobPrice)) / 1e12;
    }

    /// @dev Estimated published size, in millionths of a byte.
    function _size(uint256 fastlzBytes) private pure returns (uint256) {
        return Math.max(Math.saturatingSub(fastlzBytes * SIZE_PER_FASTLZ_BYTE, SIZE_INTERCEPT), MIN_SIZE);
    }
}
