// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine, MachineTest} from "./MachineTest.sol";

/// @notice Machines that read, and what they have read.
abstract contract Reading is MachineTest {
    /// @dev Row of `vectors/blob.json`; forge wants the fields of JSON in the order of the alphabet.
    struct BlobRow {
        bytes commitment;
        bytes32 element;
        uint256 index;
        bytes proof;
        bytes32 versionedHash;
    }

    function _key(uint8 kind, bytes32 digest) internal pure returns (bytes32) {
        return bytes32(abi.encodePacked(kind, bytes31(digest << 8)));
    }

    function _reader(bytes32 key, uint64 offset) internal pure returns (Machine memory m) {
        m = _machine(Asm.ECALL);
        m.x[17] = 1;
        _setWord(m, key);
        m.x[14] = offset;
    }

    /// @dev The state of `_reader` after it has read `word`.
    function _done(Machine memory m, bytes32 word, uint256 length) internal pure returns (Machine memory n) {
        n = _next(m);
        _setWord(n, word);
        n.x[14] = uint64(length);
    }

    /// @dev `word` into `a0` to `a3`: every register is eight bytes of it, the lowest first.
    function _setWord(Machine memory m, bytes32 word) internal pure {
        for (uint256 i = 0; i < 4; ++i) {
            uint64 x = 0;
            for (uint256 j = 8; j > 0; --j) {
                x = x << 8 | uint8(word[8 * i + j - 1]);
            }
            m.x[10 + i] = x;
        }
    }

    /// @dev The 32 bytes of `preimage` from `offset`, zeros behind its end.
    function _slice(bytes memory preimage, uint256 offset) internal pure returns (bytes32) {
        bytes memory word = new bytes(32);
        for (uint256 i = 0; i < 32; ++i) {
            if (offset < preimage.length && i < preimage.length - offset) word[i] = preimage[offset + i];
        }
        return bytes32(word);
    }

    function _checkRead(bytes32 key, bytes memory evidence, bytes memory preimage, uint64 offset) internal view {
        Machine memory m = _reader(key, offset);
        Machine memory n = _done(m, _slice(preimage, offset), preimage.length);
        _check(m, _witness(m, evidence), n, vm.toString(key));
    }

    function _blobRows() internal view returns (BlobRow[] memory) {
        return abi.decode(vm.parseJson(vm.readFile("test/dispute/vectors/blob.json")), (BlobRow[]));
    }

    function _blobKey(bytes32 versionedHash, uint256 index) internal pure returns (bytes32) {
        return _key(5, keccak256(abi.encode(versionedHash, index)));
    }

    function _evidence(BlobRow memory row) internal pure returns (bytes memory) {
        return abi.encodePacked(row.versionedHash, uint16(row.index), row.element, row.commitment, row.proof);
    }

    function _callKey(address target, bytes memory input) internal pure returns (bytes32) {
        return _key(6, keccak256(abi.encodePacked(target, input)));
    }
}
