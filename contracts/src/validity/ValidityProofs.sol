// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {ProgramClaim} from "../zk/ProgramClaim.sol";
import {StarkOpenings} from "../zk/StarkOpenings.sol";
import {BondedClaims} from "./BondedClaims.sol";

/// @title A claim wins its round when it is proved.
/// @notice A proof is verified by `StarkConstraints` and `StarkOpenings`, in two transactions before, and remembered there.
/// What it says is the output of a program:
///
///     output = keccak256(publicInput ++ history ++ (versionedHash ++ z ++ y)*)
///
/// The program has derived the claimed state, block by block through `history` (docs/dispute.md, section 1), from blobs
/// whose polynomials p have p(z) = y. It only read them: that they are the batches' blobs is what the versioned hashes in
/// the batches say, and that p(z) = y is checked here.
/// @dev A proof names no claim. It proves every claim that says the same, on whichever parent and under whichever module,
/// and no other: the public input pins the chain, the state before, the batches and the state after.
abstract contract ValidityProofs is BondedClaims {
    /// @param openings Remembers which proofs were verified (`StarkOpenings`).
    /// @param keyHash The verifying key of the last layer.
    /// @param exeCommit The commitment to the program, as eight words (`ProgramClaim`).
    /// @param vmCommit The commitment to the zkVM, as eight words.
    struct Proofs {
        address openings;
        bytes32 keyHash;
        bytes32 exeCommit;
        bytes32 vmCommit;
    }

    /// @notice A claim was proved, and has won its round.
    event ClaimProved(uint64 indexed index, bytes32 output);

    /// @notice Another module was set: this one decides nothing any more.
    error Retired();
    /// @notice This is not a whole number of openings.
    error WrongOpeningsLength(uint256 length);
    /// @notice The blob of opening `opening` has another value at that point, or another commitment; or gas was short.
    error OpeningRefused(uint256 opening);
    /// @notice No proof was verified for this output, whose claim has the hash `claimHash`: send it to `openings` first.
    error NotProved(bytes32 output, bytes32 claimHash);

    address private constant POINT_EVALUATION = address(0x0a);
    /// @notice Bytes of an opening: versionedHash (32), z (32), y (32), commitment (48), proof (48).
    uint256 private constant OPENING = 192;
    /// @notice Those that the program knows of.
    uint256 private constant POINT = 96;
    /// @notice What the precompile says yes with: FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS (EIP-4844).
    bytes32 private constant YES =
        keccak256(abi.encode(4096, 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001));

    /// @notice Remembers which proofs were verified.
    address public immutable openings;
    /// @notice The verifying key of the last layer.
    bytes32 public immutable keyHash;
    /// @notice The commitment to the program that proves claims.
    bytes32 public immutable exeCommit;
    /// @notice The commitment to the zkVM that runs it.
    bytes32 public immutable vmCommit;

    constructor(Proofs memory proofs) {
        if (proofs.openings.code.length == 0) revert BadConfig("openings");
        if (proofs.keyHash == 0) revert BadConfig("keyHash");
        if (proofs.exeCommit == 0) revert BadConfig("exeCommit");
        if (proofs.vmCommit == 0) revert BadConfig("vmCommit");
        openings = proofs.openings;
        keyHash = proofs.keyHash;
        exeCommit = proofs.exeCommit;
        vmCommit = proofs.vmCommit;
    }

    /// @notice Lets claim `index` win its round, which is open: its proof was verified. Anyone may call this. Try it without
    /// sending it first: an opening that is refused takes nearly all gas.
    /// @param history The root of the history that the program went through.
    /// @param blobs An opening for each blob that the program read, in its order; 192 bytes each, as the point-evaluation
    /// precompile takes them.
    function proveClaim(uint64 index, bytes32 history, bytes calldata blobs) external {
        _checkProvable(index, history);
        bytes32 output = _output(ISettlement(settlement).publicInput(index), history, blobs);
        _checkProved(output);
        _win(index);
        emit ClaimProved(index, output);
    }

    /// @dev Whether a proof by this history can decide the round of claim `index`.
    function _checkProvable(uint64 index, bytes32) internal view virtual {
        if (_retiredAt() != 0) revert Retired();
        _checkOpen(index);
    }

    /// @dev Whether a proof was verified that the program ends with `output`.
    function _checkProved(bytes32 output) internal view {
        bytes32 claimHash = keccak256(ProgramClaim.encode(exeCommit, vmCommit, output));
        if (!StarkOpenings(openings).proved(keyHash, claimHash)) revert NotProved(output, claimHash);
    }

    /// @dev What the program says when it has proved `publicInput` by this history from these blobs.
    function _output(bytes32 publicInput, bytes32 history, bytes calldata blobs) private view returns (bytes32) {
        if (blobs.length % OPENING != 0) revert WrongOpeningsLength(blobs.length);
        bytes memory said = abi.encodePacked(publicInput, history);
        for (uint256 i = 0; i < blobs.length / OPENING; ++i) {
            bytes calldata opening = blobs[i * OPENING:(i + 1) * OPENING];
            // A chain without the precompile says nothing, which is no yes.
            (bool ok, bytes memory answer) = POINT_EVALUATION.staticcall(opening);
            if (!ok || keccak256(answer) != YES) revert OpeningRefused(i);
            said = bytes.concat(said, opening[:POINT]);
        }
        return keccak256(said);
    }
}
