// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "./interfaces/IInbox.sol";
import {BatchHeader, ChainSpec, Protocol} from "./libraries/Protocol.sol";

/// @title A rollup's queue of messages from its parent chain, and its list of batches.
/// @notice docs/protocol.md, sections 1 and 2. The Inbox decides which bytes are the rollup's input, and in which
/// order; it never looks inside them. It holds no funds, calls nobody, and nothing in it can be taken back.
contract Inbox is IInbox {
    /// @notice What a chain fixes for ever when its Inbox is deployed.
    /// @param owner The timelock that can replace the batcher.
    /// @param batcher The sequencer's batcher.
    /// @param spec The chain. Its portal need not exist yet.
    /// @param genesisTimestamp The genesis block's; no batch is older.
    /// @param forceInclusionDelay How long the sequencer may leave a message waiting, in seconds.
    /// @param sequencerTimeout How long the sequencer may commit nothing before anyone may, in seconds.
    /// @param maxBatchAge How far a batch's last timestamp may lie behind its commit, in seconds.
    struct Config {
        address owner;
        address batcher;
        ChainSpec spec;
        uint64 genesisTimestamp;
        uint64 forceInclusionDelay;
        uint64 sequencerTimeout;
        uint64 maxBatchAge;
    }

    /// @notice The constructor's argument `field` is unset or impossible.
    error BadConfig(string field);
    /// @notice The caller may not do this.
    error Unauthorized();
    /// @notice Another batch is next; build on the newest one.
    error WrongIndex(uint64 expected);
    /// @notice The timestamps fall, or lie in the future or too far in the past.
    error BadTimestamps();
    /// @notice `queueEnd` lies behind the consumed position, beyond the queue, or too far ahead for one batch.
    error BadQueueEnd();
    /// @notice Message `index` has waited too long to be left behind.
    error MessageOverdue(uint64 index);
    /// @notice A message's payload is larger than `Protocol.MAX_MESSAGE_BYTES`.
    error MessageTooLarge();
    /// @notice A transaction with blobs commits to them alone.
    error PayloadBesideBlobs();
    /// @notice More than `Protocol.MAX_BATCH_BLOBS` blobs.
    error TooManyBlobs();

    /// @notice How many messages' timestamps share a slot.
    uint256 private constant GROUP = 5;
    /// @notice The bits of one of them.
    uint256 private constant TIME_BITS = 40;

    /// @inheritdoc IInbox
    address public immutable owner;
    /// @inheritdoc IInbox
    address public immutable portal;
    /// @inheritdoc IInbox
    bytes32 public immutable configHash;
    /// @inheritdoc IInbox
    uint64 public immutable forceInclusionDelay;
    /// @inheritdoc IInbox
    uint64 public immutable sequencerTimeout;
    /// @inheritdoc IInbox
    uint64 public immutable maxBatchAge;

    /// @inheritdoc IInbox
    address public batcher;

    // One slot, and all that a deposit changes but the accumulator: the queue's length, and when the messages of its
    // newest group were queued (40 bits for each, the first lowest). A full group moves to `_groups`.
    uint200 private _newestGroup;
    uint56 private _queueLength;

    // One slot, which only a commit touches. 48 bits last for millions of years.
    uint48 private _queueConsumed;
    uint48 private _lastBatch;
    uint48 private _lastTimestamp;
    uint48 private _lastCommitAt;

    /// @dev By the number of messages. An array whose length nobody has to store or check.
    bytes32[2 ** 63] private _queueAcc;
    /// @dev The full groups, by the number of their first message divided by `GROUP`.
    mapping(uint256 group => uint256 timestamps) private _groups;
    mapping(uint256 index => bytes32) private _batchHash;

    /// @notice Starts the chain: batch 0 is its genesis, message 0 its parent's attributes of this block.
    constructor(Config memory config) {
        if (config.owner == address(0)) revert BadConfig("owner");
        if (config.batcher == address(0)) revert BadConfig("batcher");
        if (config.spec.portal == address(0)) revert BadConfig("portal");
        if (config.spec.chainId == 0 || config.spec.chainId == block.chainid) revert BadConfig("chainId");
        if (config.spec.parentChainId != block.chainid) revert BadConfig("parentChainId");
        if (config.spec.genesisHash == 0) revert BadConfig("genesisHash");
        if (config.genesisTimestamp > block.timestamp) revert BadConfig("genesisTimestamp");
        if (config.forceInclusionDelay == 0) revert BadConfig("forceInclusionDelay");
        if (config.sequencerTimeout == 0) revert BadConfig("sequencerTimeout");
        if (config.maxBatchAge == 0) revert BadConfig("maxBatchAge");

        owner = config.owner;
        portal = config.spec.portal;
        configHash = Protocol.configHash(config.spec);
        forceInclusionDelay = config.forceInclusionDelay;
        sequencerTimeout = config.sequencerTimeout;
        maxBatchAge = config.maxBatchAge;

        batcher = config.batcher;
        emit BatcherSet(config.batcher);

        _batchHash[0] = Protocol.configHash(config.spec);
        _lastTimestamp = uint48(config.genesisTimestamp);
        _lastCommitAt = uint48(block.timestamp);
        _queueAttributes();
    }

    /// @inheritdoc IInbox
    function queueDeposit(bytes calldata payload) external returns (uint64 index) {
        if (msg.sender != portal) revert Unauthorized();
        if (payload.length > Protocol.MAX_MESSAGE_BYTES) revert MessageTooLarge();
        bytes32 acc;
        (index, acc) = _append(Protocol.KIND_DEPOSIT, keccak256(payload));
        emit MessageQueued(index, acc, Protocol.KIND_DEPOSIT, uint64(block.number), uint64(block.timestamp), payload);
    }

    /// @inheritdoc IInbox
    /// @dev The header is made here and not taken from the caller, so that nothing but the payload can be wrong.
    function commitBatch(
        uint64 index,
        uint64 firstTimestamp,
        uint64 lastTimestamp_,
        uint64 queueEnd,
        bytes calldata payload
    ) external {
        bool byBatcher = msg.sender == batcher;
        if (!byBatcher && block.timestamp <= uint256(_lastCommitAt) + sequencerTimeout) revert Unauthorized();
        if (index != _lastBatch + 1) revert WrongIndex(_lastBatch + 1);
        _checkTimestamps(firstTimestamp, lastTimestamp_);
        _checkQueueEnd(queueEnd);

        BatchHeader memory header;
        header.index = index;
        header.parent = _batchHash[index - 1];
        header.firstTimestamp = firstTimestamp;
        header.lastTimestamp = lastTimestamp_;
        header.queueStart = _queueConsumed;
        header.queueEnd = queueEnd;
        header.queueAccStart = _queueAcc[header.queueStart];
        header.queueAccEnd = _queueAcc[queueEnd];
        _commit(header, payload);

        _lastBatch = uint48(index);
        _queueConsumed = uint48(queueEnd);
        _lastTimestamp = uint48(lastTimestamp_);
        // A backlog must not wait for another timeout between the batches that anybody works it off with.
        bool full = queueEnd - header.queueStart == Protocol.MAX_BATCH_MESSAGES;
        if (byBatcher || !full) _lastCommitAt = uint48(block.timestamp);
        _queueAttributes();
    }

    /// @inheritdoc IInbox
    function setBatcher(address batcher_) external {
        if (msg.sender != owner) revert Unauthorized();
        if (batcher_ == address(0)) revert BadConfig("batcher");
        batcher = batcher_;
        emit BatcherSet(batcher_);
    }

    /// @inheritdoc IInbox
    function batchHash(uint64 index) external view returns (bytes32) {
        return _batchHash[index];
    }

    /// @inheritdoc IInbox
    function lastBatch() external view returns (uint64) {
        return _lastBatch;
    }

    /// @inheritdoc IInbox
    function queueLength() external view returns (uint64) {
        return _queueLength;
    }

    /// @inheritdoc IInbox
    function queueConsumed() external view returns (uint64) {
        return _queueConsumed;
    }

    /// @inheritdoc IInbox
    function queueAcc(uint64 count) external view returns (bytes32) {
        return _queueAcc[count];
    }

    /// @inheritdoc IInbox
    function lastTimestamp() external view returns (uint64) {
        return _lastTimestamp;
    }

    /// @inheritdoc IInbox
    function lastCommitAt() external view returns (uint64) {
        return _lastCommitAt;
    }

    /// @inheritdoc IInbox
    function queuedAt(uint64 index) public view returns (uint64) {
        if (index >= _queueLength) return 0;
        uint256 group = index / GROUP;
        uint256 timestamps = group == _queueLength / GROUP ? _newestGroup : _groups[group];
        return uint40(timestamps >> (index % GROUP * TIME_BITS));
    }

    /// @dev Completes the header with the data, stores its hash and announces the batch.
    function _commit(BatchHeader memory header, bytes calldata payload) private {
        bytes memory versionedHashes = _versionedHashes();
        bytes32 hash;
        if (versionedHashes.length == 0) {
            header.dataKind = Protocol.DATA_CALLDATA;
            header.dataLength = uint64(payload.length);
            header.dataCommitment = Protocol.calldataCommitment(payload);
            hash = Protocol.batchHash(header);
            emit BatchCommitted(header.index, hash, header, payload);
        } else {
            if (payload.length != 0) revert PayloadBesideBlobs();
            header.dataKind = Protocol.DATA_BLOBS;
            header.dataLength = uint64(versionedHashes.length / 32);
            header.dataCommitment = keccak256(versionedHashes);
            hash = Protocol.batchHash(header);
            emit BatchCommitted(header.index, hash, header, versionedHashes);
        }
        _batchHash[header.index] = hash;
    }

    /// @dev The versioned hashes of this transaction's blobs, one after the other.
    function _versionedHashes() private view returns (bytes memory hashes) {
        uint256 count = 0;
        while (blobhash(count) != 0) {
            if (count == Protocol.MAX_BATCH_BLOBS) revert TooManyBlobs();
            hashes = bytes.concat(hashes, blobhash(count));
            ++count;
        }
    }

    function _checkTimestamps(uint64 firstTimestamp, uint64 lastTimestamp_) private view {
        bool ordered = firstTimestamp >= _lastTimestamp && firstTimestamp <= lastTimestamp_;
        // Written so that no sum of the caller's numbers can overflow.
        bool recent = lastTimestamp_ <= block.timestamp && block.timestamp - lastTimestamp_ <= maxBatchAge;
        if (!ordered || !recent) revert BadTimestamps();
    }

    /// @dev A batch that takes as many messages as it can may leave old ones behind. Else, with more overdue messages
    /// than one batch can take, no batch could ever be committed.
    function _checkQueueEnd(uint64 queueEnd) private view {
        if (queueEnd < _queueConsumed || queueEnd > _queueLength) revert BadQueueEnd();
        uint64 taken = queueEnd - _queueConsumed;
        if (taken > Protocol.MAX_BATCH_MESSAGES) revert BadQueueEnd();
        if (taken == Protocol.MAX_BATCH_MESSAGES || queueEnd == _queueLength) return;
        if (queuedAt(queueEnd) + uint256(forceInclusionDelay) < block.timestamp) revert MessageOverdue(queueEnd);
    }

    /// @dev The rollup's view of its parent, as of this block.
    function _queueAttributes() private {
        bytes memory payload = abi.encode(
            uint64(block.number - 1),
            uint64(block.timestamp),
            blockhash(block.number - 1),
            block.basefee,
            block.blobbasefee,
            bytes32(block.prevrandao)
        );
        (uint64 index, bytes32 acc) = _append(Protocol.KIND_ATTRIBUTES, keccak256(payload));
        emit MessageQueued(index, acc, Protocol.KIND_ATTRIBUTES, uint64(block.number), uint64(block.timestamp), payload);
    }

    /// @dev Whoever appends a message must announce it.
    function _append(uint8 kind, bytes32 payloadHash) private returns (uint64 index, bytes32 acc) {
        index = _queueLength;
        bytes32 message = Protocol.messageHash(kind, uint64(block.number), uint64(block.timestamp), payloadHash);
        acc = Protocol.accumulate(_queueAcc[index], message);
        // 2^56 messages cannot be paid for.
        unchecked {
            _queueAcc[index + 1] = acc;
            uint256 place = index % GROUP;
            uint256 group = place == 0 ? 0 : _newestGroup;
            group |= uint256(uint40(block.timestamp)) << (place * TIME_BITS);
            _queueLength = uint56(index + 1);
            _newestGroup = uint200(group);
            if (place == GROUP - 1) _groups[index / GROUP] = group;
        }
    }
}
