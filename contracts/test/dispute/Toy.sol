// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine} from "./MachineTest.sol";
import {Model} from "./Model.sol";
import {Reading} from "./Reading.sol";

/// @notice A rollup of two blocks a batch, and its program: it reads what it is asked as the real one does, and looks
/// the next block leaf up in its memory.
abstract contract Toy is Model, Reading {
    uint64 internal constant CODE = 0x1000;
    uint64 internal constant TABLE = 0x2000;
    uint64 internal constant BLOCKS_A_BATCH = 2;
    uint64 internal constant BLOCKS_IN_ALL = 16;
    /// @notice Instructions that the program executes on any block.
    uint256 internal constant TOY_STEPS = 37;

    /// @notice What the program is asked: the pre-image of its input, and of the leaf in there.
    struct Question {
        bytes32 config;
        bytes32 root;
        uint64 number;
        bytes32 batchHash;
        uint64 blockIndex;
    }

    mapping(bytes32 input => bytes32[]) private _hashes;
    mapping(bytes32 input => bytes) private _endings;
    bytes32 private _memory;

    /// @dev The output root after block `number`.
    function _outputRoot(uint64 number) internal pure virtual returns (bytes32) {
        return keccak256(abi.encode("output root", number));
    }

    function _blockLeaf(uint64 number) internal pure returns (bytes32) {
        return keccak256(abi.encode(_outputRoot(number), uint256(number)));
    }

    function _leafPreimage(Question memory q) internal pure returns (bytes memory) {
        return abi.encode(q.root, q.number);
    }

    function _inputPreimage(Question memory q) internal pure returns (bytes memory) {
        return abi.encode(q.config, keccak256(_leafPreimage(q)), q.batchHash, q.blockIndex);
    }

    /// @dev Registers: a0 to a4 are 10 to 14, a7 is 17; the key of the input is kept in 18 to 21.
    function _program() private pure returns (uint32[TOY_STEPS] memory) {
        return [
            _addi(17, 0, 1),
            _addi(10, 0, 1),
            Asm.ECALL, // a0 to a3: the input
            Asm.i(0x13, 10, 7, 10, -256),
            _addi(10, 10, 2),
            _addi(18, 10, 0),
            _addi(19, 11, 0),
            _addi(20, 12, 0),
            _addi(21, 13, 0),
            _addi(14, 0, 96),
            Asm.ECALL, // a3: the block's index, from its lowest byte down
            Asm.i(0x13, 6, 1, 13, 8),
            Asm.i(0x13, 7, 5, 13, 57),
            Asm.r(0x33, 6, 6, 6, 7, 0),
            Asm.i(0x13, 6, 3, 6, 1), // 1 if the batch has such a block
            _addi(10, 18, 0),
            _addi(11, 19, 0),
            _addi(12, 20, 0),
            _addi(13, 21, 0),
            _addi(14, 0, 32),
            Asm.ECALL, // a0 to a3: the leaf before
            Asm.i(0x13, 10, 7, 10, -256),
            _addi(10, 10, 2),
            _addi(14, 0, 32),
            Asm.ECALL, // a3: its number
            Asm.i(0x13, 13, 5, 13, 56),
            Asm.r(0x33, 13, 0, 13, 6, 0),
            Asm.i(0x13, 13, 1, 13, 5),
            uint32(TABLE | 5 << 7 | 0x37), // LUI
            Asm.r(0x33, 5, 0, 5, 13, 0),
            Asm.i(0x03, 11, 3, 5, 0),
            Asm.i(0x03, 12, 3, 5, 8),
            Asm.i(0x03, 13, 3, 5, 16),
            Asm.i(0x03, 14, 3, 5, 24),
            _addi(10, 0, 0),
            _addi(17, 0, 0),
            Asm.ECALL // halts
        ];
    }

    function _addi(uint32 rd, uint32 rs1, int32 imm) private pure returns (uint32) {
        return Asm.i(0x13, rd, 0, rs1, imm);
    }

    function _initial() internal pure returns (Machine memory m) {
        m.pc = CODE;
        m.status = 3;
        uint32[TOY_STEPS] memory words = _program();
        for (uint64 i = 0; i < TOY_STEPS; ++i) {
            _poke(m, CODE + 4 * i, 4, words[i]);
        }
        for (uint64 i = 0; i <= BLOCKS_IN_ALL; ++i) {
            _leaf(m, TABLE / 32 + i).value = _blockLeaf(i);
        }
    }

    /// @dev The state after `count` instructions, the witness of the next, and the hash before it.
    function _stateAt(Question memory q, uint256 count) internal view returns (Machine memory m, bytes memory witness) {
        m = _initial();
        for (uint256 i = 0; i < count; ++i) {
            m = _after(m, q);
        }
        (, witness) = _stepToy(m, q);
    }

    /// @dev The encoding of the state in which the program halts.
    function _ending(Question memory q) internal returns (bytes memory) {
        _run(q);
        return _endings[keccak256(_inputPreimage(q))];
    }

    /// @dev The hashes of all states, from the first on.
    function _run(Question memory q) internal returns (bytes32[] memory) {
        bytes32[] storage known = _hashes[keccak256(_inputPreimage(q))];
        if (known.length > 0) return known;
        if (_memory == 0) _memory = _root(_initial());
        uint256 free = _freeMemory();
        Machine memory m = _initial();
        for (uint256 i = 0; i <= TOY_STEPS; ++i) {
            known.push(_hashOf(_toyEncoding(m)));
            if (i == TOY_STEPS) _endings[keccak256(_inputPreimage(q))] = _toyEncoding(m);
            m = _after(m, q);
        }
        _release(free);
        return known;
    }

    function _programHash() internal view returns (bytes32) {
        return _hash(_initial());
    }

    /// @dev The program stores nothing, so its memory need not be hashed anew.
    function _toyEncoding(Machine memory m) private view returns (bytes memory encoding) {
        encoding = abi.encodePacked(_memory, m.pc, m.step, m.status);
        for (uint256 i = 1; i < 32; ++i) {
            encoding = abi.encodePacked(encoding, m.x[i]);
        }
    }

    function _hashOf(bytes memory encoding) internal pure returns (bytes32) {
        bytes memory digest = abi.encode(keccak256(encoding));
        digest[0] = encoding[48];
        return abi.decode(digest, (bytes32));
    }

    function _after(Machine memory m, Question memory q) private view returns (Machine memory n) {
        if (m.status != 3) return m;
        if (!_reads(m)) return _model(m).then;
        return _done(m, _slice(_preimage(m, q), m.x[14]), _preimage(m, q).length);
    }

    function _stepToy(Machine memory m, Question memory q) private view returns (Machine memory n, bytes memory) {
        if (m.status != 3) return (m, _encode(m));
        if (!_reads(m)) {
            Outcome memory o = _model(m);
            return (o.then, _witness(m, o.touches ? _proof(m, o.addr) : bytes("")));
        }
        return (_after(m, q), _witness(m, uint8(m.x[10]) == 1 ? bytes("") : _preimage(m, q)));
    }

    function _reads(Machine memory m) private view returns (bool) {
        return m.x[17] == 1 && uint32(_peek(m, m.pc, 4)) == Asm.ECALL;
    }

    function _preimage(Machine memory m, Question memory q) private pure returns (bytes memory) {
        bytes32 input = keccak256(_inputPreimage(q));
        if (uint8(m.x[10]) == 1) return abi.encode(input);
        Machine memory asked = _reader(_key(2, input), 0);
        return m.x[10] == asked.x[10] && m.x[13] == asked.x[13] ? _inputPreimage(q) : _leafPreimage(q);
    }
}
