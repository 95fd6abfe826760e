// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Predeploys} from "./Predeploys.sol";

/// @title L1Block
/// @notice The newest parent block that the rollup knows of, and the weights of the data fee.
/// @dev The execution client reads fees straight from storage: slot 1 base fee, slot 3 both fee scalars, slot 7 blob
///      base fee, slot 8 operator fee. Do not reorder the variables.
contract L1Block {
    /// @notice Number of the parent block.
    uint64 public number;
    /// @notice Timestamp, in seconds, of the parent block in which the attributes were queued.
    uint64 public timestamp;
    /// @notice Base fee of the parent chain, in wei.
    uint256 public basefee;
    /// @notice Hash of the parent block `number`.
    bytes32 public hash;
    /// @notice Always zero: attributes come with batches, not with every block.
    uint64 public sequenceNumber;
    /// @notice Weight of the blob base fee in the data fee, in millionths.
    uint32 public blobBaseFeeScalar;
    /// @notice Weight of sixteen base fees in the data fee, in millionths.
    uint32 public baseFeeScalar;
    /// @notice Always zero: who may publish batches is the Inbox's to say.
    bytes32 public batcherHash;
    /// @notice Always zero: the fee formula of Bedrock is not in use.
    uint256 public l1FeeOverhead;
    /// @notice Always zero: the fee formula of Bedrock is not in use.
    uint256 public l1FeeScalar;
    /// @notice Blob base fee of the parent chain, in wei.
    uint256 public blobBaseFee;
    /// @notice Part of the operator fee that every transaction pays, in wei.
    uint64 public operatorFeeConstant;
    /// @notice Part of the operator fee for a unit of gas, in millionths of a wei.
    uint32 public operatorFeeScalar;

    /// @notice Only the depositor account reports parent blocks.
    error NotDepositor();

    /// @param baseFeeScalar_ Weight of sixteen base fees in the data fee, in millionths.
    /// @param blobBaseFeeScalar_ Weight of the blob base fee in the data fee, in millionths.
    /// @param operatorFeeScalar_ Operator fee for a unit of gas, in millionths of a wei.
    /// @param operatorFeeConstant_ Operator fee for a transaction, in wei.
    constructor(
        uint32 baseFeeScalar_,
        uint32 blobBaseFeeScalar_,
        uint32 operatorFeeScalar_,
        uint64 operatorFeeConstant_
    ) {
        baseFeeScalar = baseFeeScalar_;
        blobBaseFeeScalar = blobBaseFeeScalar_;
        operatorFeeScalar = operatorFeeScalar_;
        operatorFeeConstant = operatorFeeConstant_;
    }

    /// @notice Takes over the attributes of a parent block (docs/protocol.md, section 1).
    /// @param number_ Number of the newest parent block whose hash was known.
    /// @param timestamp_ Timestamp of the block that queued the attributes.
    /// @param hash_ Hash of block `number_`.
    /// @param baseFee_ Base fee of the block that queued the attributes.
    /// @param blobBaseFee_ Blob base fee of the same block.
    function setParentAttributes(
        uint64 number_,
        uint64 timestamp_,
        bytes32 hash_,
        uint256 baseFee_,
        uint256 blobBaseFee_
    ) external {
        if (msg.sender != Predeploys.DEPOSITOR) revert NotDepositor();
        number = number_;
        timestamp = timestamp_;
        hash = hash_;
        basefee = baseFee_;
        blobBaseFee = blobBaseFee_;
    }

    /// @notice The account that reports parent blocks.
    function DEPOSITOR_ACCOUNT() external pure returns (address) {
        return Predeploys.DEPOSITOR;
    }

    /// @notice Fees are paid in ether.
    function isCustomGasToken() external pure returns (bool) {
        return false;
    }

    /// @notice The fee token, which is ether.
    function gasPayingToken() external pure returns (address, uint8) {
        return (0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE, 18);
    }

    /// @notice Name of the fee token.
    function gasPayingTokenName() external pure returns (string memory) {
        return "Ether";
    }

    /// @notice Symbol of the fee token.
    function gasPayingTokenSymbol() external pure returns (string memory) {
        return "ETH";
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.6.0";
    }
}
