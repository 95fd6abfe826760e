// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader} from "../libraries/Protocol.sol";

/// @title What the rest of a chain's contracts, and its nodes, ask of the Inbox.
interface IInbox {
    /// @notice A message joined the queue; `acc` is the accumulator after it (`queueAcc(index + 1)`).
    event MessageQueued(
        uint64 indexed index, bytes32 acc, uint8 kind, uint64 parentBlock, uint64 parentTimestamp, bytes payload
    );

    /// @notice A batch was committed; `data` is the payload (calldata) or its versioned hashes (blobs).
    event BatchCommitted(uint64 indexed index, bytes32 indexed batchHash, BatchHeader header, bytes data);

    /// @notice Who may commit before the sequencer timeout has changed.
    event BatcherSet(address indexed batcher);

    /// @notice Queues a deposit. Only the Portal may.
    /// @param gasLimit What `payload` says; the Portal lets it be at most `Protocol.MAX_TRANSACTION_GAS`.
    /// @param payload `abi.encodePacked(from, to, mint, value, gasLimit, isCreation, data)`.
    /// @return index Its place in the queue.
    function queueDeposit(uint64 gasLimit, bytes calldata payload) external returns (uint64 index);

    /// @notice Commits the next batch: to this transaction's blobs if it has any, else to `payload`. It is full if it takes
    /// 1,024 messages, or messages that may use more than `batchGas` less the gas limit of a block.
    function commitBatch(
        uint64 index,
        uint64 firstTimestamp,
        uint64 lastTimestamp,
        uint64 queueEnd,
        bytes calldata payload
    ) external;

    /// @notice Names another batcher. Only the owner (a timelock) may.
    function setBatcher(address batcher) external;

    /// @notice The chain's identity, and the "header hash" of batch 0.
    function configHash() external view returns (bytes32);

    /// @notice The hash of batch `index`'s header; zero if there is no such batch yet.
    function batchHash(uint64 index) external view returns (bytes32);

    /// @notice The number of the newest batch (0 if none was committed).
    function lastBatch() external view returns (uint64);

    /// @notice How many messages were ever queued.
    function queueLength() external view returns (uint64);

    /// @notice How many messages the committed batches have consumed.
    function queueConsumed() external view returns (uint64);

    /// @notice The accumulator over the first `count` messages.
    function queueAcc(uint64 count) external view returns (bytes32);

    /// @notice When message `index` was queued (parent timestamp); zero if it was not yet.
    function queuedAt(uint64 index) external view returns (uint64);

    /// @notice The portal, the only contract that can queue deposits.
    function portal() external view returns (address);

    /// @notice Who may commit before the sequencer timeout.
    function batcher() external view returns (address);

    /// @notice The timelock that can name another batcher.
    function owner() external view returns (address);

    /// @notice The most gas that the blocks of one batch may use, and so the most that its messages may ask for: their gas
    /// limits (1,000,000 for attributes), each rounded up to a multiple of 1,024.
    function batchGas() external view returns (uint64);

    /// @notice Messages older than this many seconds must be in the next batch, unless it is full.
    function forceInclusionDelay() external view returns (uint64);

    /// @notice When `lastCommitAt` is longer ago than this many seconds, anyone may commit.
    function sequencerTimeout() external view returns (uint64);

    /// @notice A batch's last timestamp may lie at most this many seconds before its commit.
    function maxBatchAge() external view returns (uint64);

    /// @notice The newest batch's last timestamp (genesis timestamp before the first).
    function lastTimestamp() external view returns (uint64);

    /// @notice When the newest batch was committed that left no overdue message behind, and was the batcher's or not full
    /// (deployment before the first).
    function lastCommitAt() external view returns (uint64);
}
