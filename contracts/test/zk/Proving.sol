// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {ValidityProofs} from "../../src/validity/ValidityProofs.sol";
import {Test} from "../base/Test.sol";

/// @notice Stands for `StarkOpenings`: believes what it is told.
contract ProofBook {
    mapping(bytes32 keyHash => mapping(bytes32 claimHash => bool)) public proved;

    function tell(bytes32 keyHash, bytes32 claimHash) external {
        proved[keyHash][claimHash] = true;
    }
}

/// @notice Proofs of claims, by a second encoding of what they say, and real openings of a blob.
abstract contract Proving is Test {
    /// @dev Row of `vectors/blob.json`; forge wants the fields of JSON in the order of the alphabet.
    struct Opening {
        bytes commitment;
        bytes32 element;
        uint256 index;
        bytes proof;
        bytes32 versionedHash;
    }

    bytes32 internal constant KEY = keccak256("key of the last layer");
    bytes32 internal constant EXE = keccak256("commitment to the program");
    bytes32 internal constant ZKVM = keccak256("commitment to the zkVM");
    uint256 internal constant BLS_MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// @dev Of order 4,096.
    uint256 private constant ROOT = 0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306;

    ProofBook internal book = new ProofBook();

    function _proofsConfig() internal view returns (ValidityProofs.Proofs memory) {
        return ValidityProofs.Proofs({openings: address(book), keyHash: KEY, exeCommit: EXE, vmCommit: ZKVM});
    }

    /// @dev A proof of claim `index`, by this history from these blobs, is verified. Whether it can be is the caller's to
    /// know.
    function _verify(ISettlement settlement, uint64 index, bytes32 history, bytes memory blobs) internal {
        book.tell(KEY, _claimHash(_output(settlement.publicInput(index), history, blobs)));
    }

    function _output(bytes32 publicInput, bytes32 history, bytes memory blobs) internal pure returns (bytes32) {
        bytes memory said = bytes.concat(publicInput, history);
        for (uint256 i = 0; i < blobs.length; ++i) {
            if (i % 192 < 96) said = bytes.concat(said, blobs[i]);
        }
        return keccak256(said);
    }

    function _claimHash(bytes32 output) internal pure returns (bytes32) {
        return keccak256(_claim(EXE, ZKVM, output));
    }

    /// @dev The STARK's claim, a byte at a time.
    function _claim(bytes32 exe, bytes32 zkvm, bytes32 output) internal pure returns (bytes memory claim) {
        claim = bytes.concat(exe, zkvm);
        for (uint256 i = 0; i < 32; ++i) {
            claim = bytes.concat(claim, bytes4(uint32(mulmod(uint8(output[i]), 1 << 52, 15 * 2 ** 27 + 1))));
        }
    }

    /// @dev What vouches for the first `count` elements of a real blob.
    function _openings(uint256 count) internal view returns (bytes memory all) {
        string memory json = vm.readFile("test/dispute/vectors/blob.json");
        Opening[] memory rows = abi.decode(vm.parseJson(json), (Opening[]));
        for (uint256 i = 0; i < count; ++i) {
            Opening memory o = rows[i];
            all = bytes.concat(
                all, o.versionedHash, bytes32(_point(o.index)), o.element, bytes.concat(o.commitment, o.proof)
            );
        }
    }

    function _point(uint256 index) private pure returns (uint256 point) {
        uint256 power = ROOT;
        point = 1;
        for (uint256 bit = 2048; bit != 0; bit >>= 1) {
            if (index & bit != 0) point = mulmod(point, power, BLS_MODULUS);
            power = mulmod(power, power, BLS_MODULUS);
        }
    }
}
