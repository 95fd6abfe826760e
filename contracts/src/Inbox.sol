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
    /// @notice The messages up to `queueEnd` may use this much gas, more than one batch may.
    error BatchGasExceeded(uint256 gas);
    /// @notice Message `index` has waited too long to be left behind by a batch that is not full.
    error MessageOverdue(uint64 index);
    /// @notice A message's payload is larger than `Protocol.MAX_MESSAGE_BYTES`.
    error MessageTooLarge();
    /// @notice A transaction with blobs commits to them alone.
    error PayloadBesideBlobs();
    /// @notice More than `Protocol.MAX_BATCH_BLOBS` blobs.
    error TooManyBlobs();

    /// @notice How many messages' entries share a slot.
    uint256 private constant GROUP = 3;
    /// @notice The bits of an entry: when the message was queued (lowest) and the gas of it and all before it.
    uint256 private constant ENTRY_BITS = TIME_BITS + GAS_BITS;
    /// @notice The bits of a timestamp.
    uint256 private constant TIME_BITS = 40;
    /// @notice The bits of a sum of gas, which wraps. No batch takes more than half: `MAX_BATCH_MESSAGES` messages of
    /// `MAX_TRANSACTION_GAS` are 2^24 units.
    uint256 private constant GAS_BITS = 25;
    /// @notice The gas of each message is rounded up to units of this.
    uint256 private constant GAS_UNIT = 1024;

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
    uint64 public immutable batchGas;
    /// @dev A batch whose messages have more gas than this is full.
    uint64 private immutable _fullAboveGas;

    /// @inheritdoc IInbox
    address public batcher;

    // One slot, and all that a deposit changes but the accumulator: the queue's length, and the entries of its `GROUP`
    // newest messages (the newest lowest). So the sum that the next entry goes on from is always at hand.
    uint200 private _newest;
    uint56 private _queueLength;

    // One slot, which only a commit touches. 48 bits last for millions of years.
    uint48 private _queueConsumed;
    uint48 private _lastBatch;
    uint48 private _lastTimestamp;
    uint48 private _lastCommitAt;

    /// @dev By the number of messages. An array whose length nobody has to store or check.
    bytes32[2 ** 63] private _queueAcc;
    /// @dev What `_newest` was when a group was full, by the number of its first message divided by `GROUP`.
    mapping(uint256 group => uint200 entries) private _groups;
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
        // Any message fits a block, and any block a batch that is not full.
        if (config.spec.gasLimit < Protocol.MAX_TRANSACTION_GAS) revert BadConfig("gasLimit");
        if (config.spec.batchGas / 2 < config.spec.gasLimit) revert BadConfig("batchGas");

        owner = config.owner;
        portal = config.spec.portal;
        configHash = Protocol.configHash(config.spec);
        forceInclusionDelay = config.forceInclusionDelay;
        sequencerTimeout = config.sequencerTimeout;
        maxBatchAge = config.maxBatchAge;
        batchGas = config.spec.batchGas;
        _fullAboveGas = config.spec.batchGas - config.spec.gasLimit;

        batcher = config.batcher;
        emit BatcherSet(config.batcher);

        _batchHash[0] = Protocol.configHash(config.spec);
        _lastTimestamp = uint48(config.genesisTimestamp);
        _lastCommitAt = uint48(block.timestamp);
        _queueAttributes();
    }

    /// @inheritdoc IInbox
    function queueDeposit(uint64 gasLimit, bytes calldata payload) external returns (uint64 index) {
        if (msg.sender != portal) revert Unauthorized();
        if (payload.length > Protocol.MAX_MESSAGE_BYTES) revert MessageTooLarge();
        bytes32 acc;
        (index, acc) = _append(Protocol.KIND_DEPOSIT, gasLimit, keccak256(payload));
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
        (bool full, bool behind) = _checkQueueEnd(queueEnd);

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
        // A backlog must not wait for another timeout between the batches that anybody works it off with; and a
        // sequencer must not keep everybody else out with batches that leave overdue messages behind.
        if (!behind && (byBatcher || !full)) _lastCommitAt = uint48(block.timestamp);
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
        return index < _queueLength ? uint40(_entry(index)) : 0;
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
    /// than one batch can take, no batch could ever be committed. A batch takes whole blocks, and a block's messages may
    /// need all of its `gasLimit`: so one with more than `batchGas - gasLimit` may have no room for the next block's.
    /// @return full Whether it does take as many as it can.
    /// @return behind Whether it leaves an overdue message behind.
    function _checkQueueEnd(uint64 queueEnd) private view returns (bool full, bool behind) {
        (uint256 consumed, uint256 length) = (_queueConsumed, _queueLength);
        if (queueEnd < consumed || queueEnd > length) revert BadQueueEnd();
        uint256 taken = queueEnd - consumed;
        if (taken > Protocol.MAX_BATCH_MESSAGES) revert BadQueueEnd();
        uint256 gas = _gasBetween(consumed, queueEnd);
        if (gas > batchGas) revert BatchGasExceeded(gas);
        full = taken == Protocol.MAX_BATCH_MESSAGES || gas > _fullAboveGas;
        behind = queueEnd < length && queuedAt(queueEnd) + uint256(forceInclusionDelay) < block.timestamp;
        if (behind && !full) revert MessageOverdue(queueEnd);
    }

    /// @dev What the messages from `start` to before `end` count for, if they are few enough for a batch.
    function _gasBetween(uint256 start, uint256 end) private view returns (uint256) {
        // The sums wrap, and so does their difference; what lies above them is cut off.
        unchecked {
            return (_sumBefore(end) - _sumBefore(start)) % 2 ** GAS_BITS * GAS_UNIT;
        }
    }

    /// @dev The gas of all messages before `index`, in units. Only the lowest `GAS_BITS` mean something.
    function _sumBefore(uint256 index) private view returns (uint256) {
        return index == 0 ? 0 : _entry(index - 1) >> TIME_BITS;
    }

    /// @dev The entry of message `index`, which was queued. Only the lowest `ENTRY_BITS` mean something.
    function _entry(uint256 index) private view returns (uint256) {
        unchecked {
            uint256 later = _queueLength - 1 - index;
            if (later < GROUP) return _newest >> (later * ENTRY_BITS);
            return _groups[index / GROUP] >> ((GROUP - 1 - index % GROUP) * ENTRY_BITS);
        }
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
        (uint64 index, bytes32 acc) = _append(Protocol.KIND_ATTRIBUTES, Protocol.ATTRIBUTES_GAS, keccak256(payload));
        emit MessageQueued(index, acc, Protocol.KIND_ATTRIBUTES, uint64(block.number), uint64(block.timestamp), payload);
    }

    /// @dev Whoever appends a message must announce it.
    function _append(uint8 kind, uint256 gas, bytes32 payloadHash) private returns (uint64 index, bytes32 acc) {
        index = _queueLength;
        bytes32 message = Protocol.messageHash(kind, uint64(block.number), uint64(block.timestamp), payloadHash);
        acc = Protocol.accumulate(_queueAcc[index], message);
        // 2^56 messages cannot be paid for.
        unchecked {
            _queueAcc[index + 1] = acc;
            uint256 newest = _newest;
            uint256 sum = ((newest >> TIME_BITS) + (gas + GAS_UNIT - 1) / GAS_UNIT) % 2 ** GAS_BITS;
            newest = newest << ENTRY_BITS | sum << TIME_BITS | uint40(block.timestamp);
            _queueLength = uint56(index + 1);
            _newest = uint200(newest);
            if (index % GROUP == GROUP - 1) _groups[index / GROUP] = uint200(newest);
        }
    }
}
