// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, Batches} from "./Batch.sol";
import {Checkpoint} from "./Checkpoint.sol";
import {Evaluation} from "./Evaluation.sol";
import {Ext4} from "./Ext4.sol";
import {Gkr, LogUp, Reader} from "./Gkr.sol";
import {StarkKey} from "./StarkKey.sol";
import {Transcript} from "./Transcript.sol";

/// @title The first of two transactions that verify a STARK: its constraints hold at a random point, if the columns there
/// have the values that the proof opens (docs/stark.md, section 5). `StarkOpenings` checks the second half.
/// @notice What it has verified it remembers by a hash of verified data alone. Anybody may send either part, twice, or
/// among somebody else's: there is nothing to lock and nothing to take.
contract StarkConstraints {
    using Transcript for uint256;
    using StarkKey for uint256;

    /// @notice The checkpoints that were reached (`Checkpoint.id`).
    mapping(bytes32 id => bool) public reached;

    /// @notice A first part was verified. `checkpoint` is what the second part is to be sent with.
    event Reached(bytes32 indexed id, bytes checkpoint);

    /// @notice The proof has too few or too many bytes.
    error WrongLength(uint256 expected);

    /// @notice Verifies part 1 of a proof of `claim` for the key in `key`.
    /// @return id The checkpoint's id.
    function verify(address[] calldata key, bytes calldata claim, bytes calldata proof) external returns (bytes32 id) {
        (uint256 head, bytes32 keyHash) = StarkKey.load(key, true);
        head.fill(claim);
        _checkLength(head, proof.length);
        bytes memory checkpoint = _verify(key, head, proof);
        id = Checkpoint.id(keyHash, claim, checkpoint);
        reached[id] = true;
        emit Reached(id, checkpoint);
    }

    function _verify(address[] calldata key, uint256 head, bytes calldata proof) private view returns (bytes memory) {
        Reader memory reader = _begin(head, proof);
        LogUp memory logUp = Gkr.verify(reader);
        Batch memory batch = Batches.verify(reader, logUp);
        (uint256 end, uint256 counter) = Batches.absorbOpenings(reader);
        uint256 lambda = reader.transcript.sample();
        // Before the programs' memory is used, as what they are to write over may not be allocated.
        bytes memory checkpoint = _checkpoint(reader.transcript.current(), bytes32(proof[:32]), lambda, batch.r);
        uint256 sum = Evaluation.verify(key, head, logUp, batch, lambda, end, counter);
        sum = Ext4.pack(sum) << 128;
        assembly ("memory-safe") {
            let pos := add(add(checkpoint, 0x20), 80)
            mstore(pos, or(sum, and(mload(pos), 0xffffffffffffffffffffffffffffffff)))
        }
        return checkpoint;
    }

    /// @dev Step 0: what the transcript absorbs before the proof's own messages.
    function _begin(uint256 head, bytes calldata proof) private pure returns (Reader memory reader) {
        unchecked {
            uint256 traces = head.pairAt(StarkKey.TRACES);
            uint256 preamble = head.pairAt(StarkKey.PREAMBLE);
            uint256 coefficients = (head.byteAt(StarkKey.DEGREE) + 1) << head.byteAt(StarkKey.L_SKIP);
            // More than any challenge's part.
            uint256 capacity = 64 + preamble + 32 * traces + 16 * coefficients + 32 * head.pairAt(StarkKey.COLUMNS);
            uint256 t = Transcript.create(capacity);
            uint256 pos;
            assembly ("memory-safe") {
                pos := proof.offset
            }
            t.absorbWord(head.preHash());
            t.absorb(pos, 32);
            t.absorbMemory(head.preamble(), preamble);
            reader.head = head;
            reader.transcript = t;
            reader.pos = pos + 32;
        }
    }

    /// @dev All but the sum, whose place is left zero.
    function _checkpoint(bytes32 state, bytes32 commitment, uint256 lambda, uint256[] memory r)
        private
        pure
        returns (bytes memory checkpoint)
    {
        checkpoint = abi.encodePacked(state, commitment, uint128(Ext4.pack(lambda)), uint128(0));
        for (uint256 i = 0; i < r.length; ++i) {
            checkpoint = bytes.concat(checkpoint, bytes16(uint128(Ext4.pack(r[i]))));
        }
    }

    /// @dev Section 4: the lengths of part 1, added up.
    function _checkLength(uint256 head, uint256 length) private pure {
        unchecked {
            uint256 rounds = head.byteAt(StarkKey.GKR_ROUNDS);
            uint256 traces = head.pairAt(StarkKey.TRACES);
            uint256 degree = head.byteAt(StarkKey.DEGREE) + 1;
            uint256 elements = 1 + 4 * rounds + 3 * (rounds * (rounds - 1) / 2) + 2 * traces;
            elements += degree * ((1 << head.byteAt(StarkKey.L_SKIP)) - 1) + 1 + degree * head.byteAt(StarkKey.N_MAX);
            for (uint256 i = 0; i < traces; ++i) {
                uint256 entry = head.trace(i);
                elements += entry.rotates() ? 2 * entry.columns() : entry.columns();
            }
            if (length != 36 + 16 * elements) revert WrongLength(36 + 16 * elements);
        }
    }
}
