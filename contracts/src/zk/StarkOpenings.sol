// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Checkpoint} from "./Checkpoint.sol";
import {Reader} from "./Gkr.sol";
import {Stacking} from "./Stacking.sol";
import {StarkConstraints} from "./StarkConstraints.sol";
import {StarkKey} from "./StarkKey.sol";
import {Transcript} from "./Transcript.sol";
import {Whir} from "./Whir.sol";

/// @title The second of two transactions that verify a STARK: the committed columns have the values at the point that the
/// first one, in `StarkConstraints`, took for granted (docs/stark.md, section 6).
contract StarkOpenings {
    using StarkKey for uint256;

    /// @notice Where first parts are verified.
    StarkConstraints public immutable CONSTRAINTS;

    /// @notice The claims that are proved, for the hash of a key and the hash of the claim's words.
    mapping(bytes32 keyHash => mapping(bytes32 claimHash => bool)) public proved;

    /// @notice A claim is proved.
    event Proved(bytes32 indexed keyHash, bytes32 indexed claimHash);

    /// @notice The checkpoint is not one that part 1 of a proof of this claim, for this key, has reached.
    error UnknownCheckpoint(bytes32 id);
    /// @notice The proof has too few or too many bytes.
    error WrongLength(uint256 expected);

    constructor(StarkConstraints constraints) {
        CONSTRAINTS = constraints;
    }

    /// @notice Verifies part 2 of a proof of `claim` for the key in `key`, whose part 1 has reached `checkpoint`.
    function verify(address[] calldata key, bytes calldata claim, bytes calldata checkpoint, bytes calldata proof)
        external
    {
        (uint256 head, bytes32 keyHash) = StarkKey.load(key, false);
        bytes32 id = Checkpoint.id(keyHash, claim, checkpoint);
        if (!CONSTRAINTS.reached(id)) revert UnknownCheckpoint(id);
        _verify(head, checkpoint, proof);
        bytes32 claimHash = keccak256(claim);
        proved[keyHash][claimHash] = true;
        emit Proved(keyHash, claimHash);
    }

    function _verify(uint256 head, bytes calldata checkpoint, bytes calldata proof) private pure {
        unchecked {
            uint256 elements = 2 << head.byteAt(StarkKey.L_SKIP);
            elements += head.pairAt(StarkKey.WIDTH) + (1 << head.byteAt(StarkKey.LOG_FINAL));
            Reader memory reader;
            reader.head = head;
            reader.transcript = Transcript.resume(bytes32(checkpoint[:32]), 64 + 16 * elements);
            uint256 pos;
            uint256 from;
            assembly ("memory-safe") {
                pos := proof.offset
                from := checkpoint.offset
            }
            reader.pos = pos;
            (uint256[] memory u, uint256 openings) = Stacking.verify(reader, from);
            bytes32 commitment = bytes32(checkpoint[Checkpoint.COMMITMENT:Checkpoint.LAMBDA]);
            Whir.verify(reader, commitment, u, openings);
            // How many siblings there are depends on the indices.
            if (reader.pos != pos + proof.length) revert WrongLength(reader.pos - pos);
        }
    }
}
