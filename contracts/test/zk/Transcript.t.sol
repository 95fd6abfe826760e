// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4, NotCanonical, P} from "../../src/zk/Ext4.sol";
import {Transcript} from "../../src/zk/Transcript.sol";
import {Test} from "../base/Test.sol";

/// @notice A transcript for a caller: a list of operations, with what they give.
contract TranscriptCalls {
    using Transcript for uint256;

    /// @dev Operations: 0 absorb n bytes, 1 a word, 2 n elements of 16 bytes with zeros behind, 3 sample, 4 an index of n
    /// bits, 5 work of n bits.
    function run(bytes calldata operations, bytes calldata data) external pure returns (bytes32[] memory results) {
        uint256 t = Transcript.create(16_384);
        results = new bytes32[](operations.length / 2);
        uint256 pos;
        assembly {
            pos := data.offset
        }
        for (uint256 i = 0; i < results.length; ++i) {
            uint256 op = uint8(operations[2 * i]);
            uint256 n = uint8(operations[2 * i + 1]);
            if (op == 0) {
                t.absorb(pos, n);
                pos += n;
            } else if (op == 1) {
                bytes32 word;
                assembly {
                    word := calldataload(pos)
                }
                t.absorbWord(word);
                pos += 32;
            } else if (op == 2) {
                t.absorbPadded(pos, n);
                pos += 16 * n;
            } else if (op == 3) {
                results[i] = bytes32(t.sample());
            } else if (op == 4) {
                results[i] = bytes32(t.index(n));
            } else {
                results[i] = bytes32(uint256(t.proved(pos, n) ? 1 : 0));
                pos += 4;
            }
        }
    }
}

/// @notice The transcript against what docs/stark.md, section 2, says, byte string by byte string.
contract TranscriptTest is Test {
    TranscriptCalls private calls = new TranscriptCalls();

    bytes32 private _state;
    bytes private _buffer;
    uint256 private _pieces;

    function testFuzz_anySequence_isAsWritten(uint256 seed) external {
        _state = keccak256("altana.swirl.keccak.v1");
        bytes memory operations;
        bytes memory data;
        bytes32[] memory expected = new bytes32[](24);
        for (uint256 i = 0; i < expected.length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint8 op = uint8(random % 6);
            uint8 n = uint8(
                op == 0
                    ? (random >> 8) % 100
                    : op == 2 ? (random >> 8) % 4 : op == 4 ? (random >> 8) % 33 : (random >> 8) % 3
            );
            bytes memory piece = _piece(random, op == 0 ? n : op == 1 ? 32 : op == 2 ? 16 * n : op == 5 ? 4 : 0);
            if (op == 5) piece = abi.encodePacked(n == 0 ? uint32(random >> 32) % 2 : uint32((random >> 32) % P));
            operations = abi.encodePacked(operations, op, n);
            data = abi.encodePacked(data, piece);
            expected[i] = _apply(op, n, piece);
        }
        bytes32[] memory results = calls.run(operations, data);
        for (uint256 i = 0; i < expected.length; ++i) {
            vm.assertEq(results[i], expected[i]);
        }
    }

    function test_work_notCanonical_reverts() external {
        vm.expectRevert(NotCanonical.selector);
        calls.run(hex"0501", abi.encodePacked(uint32(P)));
    }

    function test_work_ofNoBits_takesOnlyZero() external view {
        vm.assertEq(calls.run(hex"0500", hex"00000000")[0], bytes32(uint256(1)));
        vm.assertEq(calls.run(hex"0500", hex"00000001")[0], bytes32(0));
    }

    function _apply(uint8 op, uint8 n, bytes memory piece) private returns (bytes32 result) {
        if (op == 0 || op == 1) {
            _observe(piece);
        } else if (op == 2) {
            bytes memory padded;
            for (uint256 i = 0; i < n; ++i) {
                bytes memory element = new bytes(32);
                for (uint256 j = 0; j < 16; ++j) {
                    element[j] = piece[16 * i + j];
                }
                padded = abi.encodePacked(padded, element);
            }
            _observe(padded);
        } else if (op == 3) {
            uint256 d = _squeeze();
            uint256 element;
            for (uint256 k = 0; k < 4; ++k) {
                element |= (((d >> (64 * k)) % 2 ** 64) % P) << (64 * k);
            }
            return bytes32(element);
        } else if (op == 4) {
            if (_pieces == 0) {
                _squeeze();
                _pieces = 8;
            }
            uint256 j = 8 - _pieces--;
            return bytes32(((uint256(_state) >> (32 * j)) % 2 ** 32) % 2 ** n);
        } else {
            if (n == 0) return bytes32(uint256(keccak256(piece) == keccak256(hex"00000000") ? 1 : 0));
            _observe(piece);
            return bytes32(uint256(_squeeze() % 2 ** n == 0 ? 1 : 0));
        }
    }

    function _observe(bytes memory piece) private {
        _buffer = abi.encodePacked(_buffer, piece);
        _pieces = 0;
    }

    function _squeeze() private returns (uint256) {
        _state = keccak256(abi.encodePacked(_state, _buffer));
        _buffer = "";
        _pieces = 0;
        return uint256(_state);
    }

    function _piece(uint256 random, uint256 length) private pure returns (bytes memory piece) {
        piece = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            piece[i] = bytes1(uint8(uint256(keccak256(abi.encode(random, i)))));
        }
    }
}
