// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice What a batch commits to (docs/protocol.md, section 2).
struct BatchHeader {
    uint64 index;
    bytes32 parent;
    uint64 firstTimestamp;
    uint64 lastTimestamp;
    uint64 queueStart;
    uint64 queueEnd;
    bytes32 queueAccStart;
    bytes32 queueAccEnd;
    uint8 dataKind;
    uint64 dataLength;
    bytes32 dataCommitment;
}

/// @notice What names a chain (docs/protocol.md, section 4).
/// @param gasLimit Of every block; also the most that the messages of one block can ask for.
/// @param batchGas Most gas that the blocks of one batch may use.
struct ChainSpec {
    uint64 chainId;
    uint64 parentChainId;
    address portal;
    uint64 gasLimit;
    uint64 batchGas;
    uint64 elasticity;
    uint64 denominator;
    uint64 minBaseFee;
    bytes32 genesisHash;
}

/// @notice A message from the rollup to its parent, as the message passer recorded it.
struct Withdrawal {
    uint256 nonce;
    address sender;
    address target;
    uint256 value;
    uint256 gasLimit;
    bytes data;
}

/// @notice The parts of an output root.
struct OutputRootProof {
    bytes32 version;
    bytes32 stateRoot;
    bytes32 messagePasserStorageRoot;
    bytes32 latestBlockhash;
}

/// @title Every hash that contracts, nodes and proofs must agree on.
/// @notice docs/protocol.md in Solidity. `test/vectors` pins it, and Rust tests against the same files.
library Protocol {
    /// @notice A queued deposit.
    uint8 internal constant KIND_DEPOSIT = 0;
    /// @notice The parent chain's attributes, queued by the Inbox itself.
    uint8 internal constant KIND_ATTRIBUTES = 1;

    /// @notice The batch's payload is in its commit's calldata.
    uint8 internal constant DATA_CALLDATA = 0;
    /// @notice The batch's payload is in its commit's blobs.
    uint8 internal constant DATA_BLOBS = 1;

    /// @notice A payload that every pre-image of a proof can hold.
    uint256 internal constant MAX_MESSAGE_BYTES = 60_000;
    /// @notice The most gas of a transaction on the rollup (EIP-7825).
    uint64 internal constant MAX_TRANSACTION_GAS = 1 << 24;
    /// @notice What attributes count for where the gas of messages is bounded.
    uint64 internal constant ATTRIBUTES_GAS = 1_000_000;
    /// @notice How many messages one batch can take.
    uint64 internal constant MAX_BATCH_MESSAGES = 1024;
    /// @notice How many blocks one batch can hold.
    uint64 internal constant MAX_BATCH_BLOCKS = 1024;
    /// @notice How many blobs one batch can use.
    uint256 internal constant MAX_BATCH_BLOBS = 6;
    /// @notice The unit in which calldata is committed to, and opened in proofs.
    uint256 internal constant CHUNK_BYTES = 4096;

    /// @notice The game type under which claims appear to OP Stack tools.
    uint32 internal constant GAME_TYPE = 42;

    /// @notice Names a queued message by its content and when it was queued.
    function messageHash(uint8 kind, uint64 parentBlock, uint64 parentTimestamp, bytes32 payloadHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(kind, parentBlock, parentTimestamp, payloadHash));
    }

    /// @notice The queue's accumulator after one more message.
    function accumulate(bytes32 acc, bytes32 message) internal pure returns (bytes32) {
        return keccak256(abi.encode(acc, message));
    }

    /// @notice Names a batch.
    function batchHash(BatchHeader memory header) internal pure returns (bytes32) {
        return keccak256(abi.encode(header));
    }

    /// @notice Names a chain.
    function configHash(ChainSpec memory spec) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("altana.chain.1"), spec));
    }

    /// @notice Names a state of the rollup.
    function outputRoot(OutputRootProof memory proof) internal pure returns (bytes32) {
        return keccak256(abi.encode(proof));
    }

    /// @notice Names a withdrawal, as the message passer on the rollup does.
    function withdrawalHash(Withdrawal memory w) internal pure returns (bytes32) {
        return keccak256(abi.encode(w.nonce, w.sender, w.target, w.value, w.gasLimit, w.data));
    }

    /// @notice What a proof of a claim has to prove: on this chain, from `previousRoot` after the batch with hash
    /// `previousBatch`, the batches up to the one with hash `batch` lead to `root` and block `lastBlock`.
    /// @dev A header names its predecessor, so two hashes pin every batch between them.
    function publicInput(
        bytes32 config,
        bytes32 previousRoot,
        bytes32 previousBatch,
        bytes32 batch,
        bytes32 root,
        uint64 lastBlock
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(config, previousRoot, previousBatch, batch, root, lastBlock));
    }

    /// @notice Names the rollup's state after a block: a leaf of the fault proof's histories (docs/dispute.md).
    function blockLeaf(bytes32 root, uint64 number) internal pure returns (bytes32) {
        return keccak256(abi.encode(root, number));
    }

    /// @notice What the fault proof's program is asked: which block follows `leaf`, if it is block `blockIndex` of the
    /// batch with hash `batch`.
    function blockInput(bytes32 config, bytes32 leaf, bytes32 batch, uint64 blockIndex)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(config, leaf, batch, blockIndex));
    }

    /// @notice Commits to a calldata payload: a Merkle root over chunks, so that a proof opens 4 KiB at a time.
    function calldataCommitment(bytes calldata payload) internal pure returns (bytes32) {
        uint256 count = payload.length == 0 ? 1 : (payload.length + CHUNK_BYTES - 1) / CHUNK_BYTES;
        bytes32[] memory nodes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 end = (i + 1) * CHUNK_BYTES;
            if (end > payload.length) end = payload.length;
            nodes[i] = _leaf(payload[i * CHUNK_BYTES:end]);
        }
        while (count > 1) {
            uint256 half = count / 2;
            for (uint256 i = 0; i < half; ++i) {
                nodes[i] = keccak256(abi.encodePacked(bytes1(0x01), nodes[2 * i], nodes[2 * i + 1]));
            }
            if (count % 2 == 1) nodes[half] = nodes[count - 1];
            count -= half;
        }
        return nodes[0];
    }

    /// @dev Hashes above the free memory pointer and gives the space back, so that a large payload costs one chunk of
    /// memory and not its whole length.
    function _leaf(bytes calldata chunk) private pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore8(start, 0)
            calldatacopy(add(start, 1), chunk.offset, chunk.length)
            leaf := keccak256(start, add(chunk.length, 1))
        }
    }
}
