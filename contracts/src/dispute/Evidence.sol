// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Precompiles} from "./Precompiles.sol";
import {TrailingBytes, WitnessTooShort} from "./Witness.sol";

/// @title What the machine reads, and what vouches for it (docs/machine.md, sections 4 and 5).
library Evidence {
    /// @notice The longest pre-image of a hash, in bytes.
    uint256 private constant PREIMAGE_BYTES_MAX = 65_536;

    uint8 private constant LOCAL = 1;
    uint8 private constant KECCAK256 = 2;
    uint8 private constant SHA256 = 4;
    uint8 private constant BLOB = 5;
    uint8 private constant PRECOMPILE = 6;

    /// @notice Bytes of the evidence for a blob's element.
    uint256 private constant BLOB_EVIDENCE = 162;
    address private constant POINT_EVALUATION = address(0x0a);
    uint256 private constant BLOB_ELEMENTS = 4096;
    /// @notice The order of BLS12-381's scalar field.
    uint256 private constant ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// @notice 7^((ORDER - 1) / 4096): EIP-4844's root of unity for the elements of a blob.
    uint256 private constant ROOT = 0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306;

    /// @notice The evidence is for the key `named`, not for the one that is read.
    error WrongPreimage(bytes32 named);
    /// @notice A pre-image is longer than any that may be read.
    error PreimageTooLong(uint256 length);
    /// @notice A blob has no element `index`.
    error BadElementIndex(uint256 index);
    /// @notice The blob's element is not proven.
    error ElementNotProven();

    /// @notice Whether `key` names a pre-image at all.
    function isKey(bytes32 key) internal pure returns (bool) {
        uint8 kind = uint8(key[0]);
        if (kind == LOCAL) return key == _key(LOCAL, 0);
        return kind == KECCAK256 || kind == SHA256 || kind == BLOB || kind == PRECOMPILE;
    }

    /// @notice Reads the pre-image under `key`, which `isKey`. All of `evidence` must be for it.
    /// @param input What the local key stands for.
    /// @return word Its 32 bytes from `offset` on; zeros behind its end.
    /// @return length How long it is, in bytes.
    function read(bytes32 key, uint64 offset, bytes calldata evidence, bytes32 input)
        internal
        view
        returns (bytes32 word, uint256 length)
    {
        uint8 kind = uint8(key[0]);
        if (kind == LOCAL) {
            if (evidence.length != 0) revert TrailingBytes(evidence.length);
            return (offset == 0 ? input : bytes32(0), 32);
        }
        if (kind == BLOB) {
            bytes32 element = _element(key, evidence);
            return (offset == 0 ? element : bytes32(0), 32);
        }
        if (kind == PRECOMPILE) return _answer(key, offset, evidence);
        if (evidence.length > PREIMAGE_BYTES_MAX) revert PreimageTooLong(evidence.length);
        _expect(key, kind == SHA256 ? sha256(evidence) : keccak256(evidence));
        return (offset < evidence.length ? bytes32(evidence[offset:]) : bytes32(0), evidence.length);
    }

    /// @dev An element of a blob is the blob's polynomial at a root of unity.
    function _element(bytes32 key, bytes calldata evidence) private view returns (bytes32 element) {
        if (evidence.length < BLOB_EVIDENCE) revert WitnessTooShort();
        if (evidence.length > BLOB_EVIDENCE) revert TrailingBytes(evidence.length - BLOB_EVIDENCE);
        bytes32 versionedHash = bytes32(evidence[:32]);
        uint256 index = uint16(bytes2(evidence[32:34]));
        if (index >= BLOB_ELEMENTS) revert BadElementIndex(index);
        _expect(key, keccak256(abi.encode(versionedHash, index)));
        element = bytes32(evidence[34:66]);
        // Commitment and proof follow the element there, too. The precompile compares commitment and versioned hash.
        (bool ok, bytes memory output) =
            POINT_EVALUATION.staticcall(abi.encodePacked(versionedHash, _point(index), evidence[34:]));
        if (!ok || output.length != 64) revert ElementNotProven();
    }

    /// @dev ROOT^brp(index). The highest bit of the reversed exponent, with which to start, is the index's lowest.
    function _point(uint256 index) private pure returns (uint256 point) {
        point = 1;
        for (uint256 bit = 1; bit < BLOB_ELEMENTS; bit <<= 1) {
            point = mulmod(point, point, ORDER);
            if (index & bit != 0) point = mulmod(point, ROOT, ORDER);
        }
    }

    function _answer(bytes32 key, uint256 offset, bytes calldata evidence)
        private
        view
        returns (bytes32 word, uint256 length)
    {
        if (evidence.length < 20) revert WitnessTooShort();
        _expect(key, keccak256(evidence));
        bytes memory answer = Precompiles.ask(address(bytes20(evidence[:20])), evidence[20:]);
        length = answer.length;
        if (offset >= length) return (0, length);
        answer = abi.encodePacked(answer, bytes32(0));
        assembly ("memory-safe") {
            word := mload(add(add(answer, 0x20), offset))
        }
    }

    function _expect(bytes32 key, bytes32 digest) private pure {
        bytes32 named = _key(uint8(key[0]), digest);
        if (named != key) revert WrongPreimage(named);
    }

    function _key(uint8 kind, bytes32 digest) private pure returns (bytes32) {
        return bytes32(uint256(kind) << 248 | uint256(digest) << 8 >> 8);
    }
}
