// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Machine, MachineTest} from "./MachineTest.sol";
import {Naive} from "./Naive.sol";

/// @notice A second machine, naive on purpose: instructions are known by mask and match, as in the table of
/// riscv-opcodes, and executed with `Naive`. It shares no code with the contract.
abstract contract Model is MachineTest {
    using Naive for uint64;

    uint256 internal constant KINDS = 64;

    /// @dev What a step does beside the registers.
    struct Outcome {
        Machine then;
        bool touches;
        uint64 addr;
    }

    /// @dev The bits that are the same in all words of an instruction, by kind.
    function _matches() private pure returns (uint32[KINDS] memory) {
        return [
            // LUI AUIPC JAL
            uint32(0x37),
            0x17,
            0x6f,
            // JALR BEQ BNE BLT BGE BLTU BGEU
            0x67,
            0x63,
            0x1063,
            0x4063,
            0x5063,
            0x6063,
            0x7063,
            // LB LH LW LD LBU LHU LWU SB SH SW SD
            0x03,
            0x1003,
            0x2003,
            0x3003,
            0x4003,
            0x5003,
            0x6003,
            0x23,
            0x1023,
            0x2023,
            0x3023,
            // ADDI SLTI SLTIU XORI ORI ANDI ADDIW FENCE
            0x13,
            0x2013,
            0x3013,
            0x4013,
            0x6013,
            0x7013,
            0x1b,
            0x0f,
            // SLLI SRLI SRAI
            0x1013,
            0x5013,
            0x40005013,
            // ADD SUB SLL SLT SLTU XOR SRL SRA OR AND
            0x33,
            0x40000033,
            0x1033,
            0x2033,
            0x3033,
            0x4033,
            0x5033,
            0x40005033,
            0x6033,
            0x7033,
            // SLLIW SRLIW SRAIW ADDW SUBW SLLW SRLW SRAW
            0x101b,
            0x501b,
            0x4000501b,
            0x3b,
            0x4000003b,
            0x103b,
            0x503b,
            0x4000503b,
            // MUL MULH MULHSU MULHU DIV DIVU REM REMU
            0x2000033,
            0x2001033,
            0x2002033,
            0x2003033,
            0x2004033,
            0x2005033,
            0x2006033,
            0x2007033,
            // MULW DIVW DIVUW REMW REMUW
            0x200003b,
            0x200403b,
            0x200503b,
            0x200603b,
            0x200703b,
            // ECALL
            0x73
        ];
    }

    /// @dev Which bits these are.
    function _mask(uint256 kind) private pure returns (uint32) {
        if (kind < 3) return 0x7f;
        if (kind < 29) return 0x707f;
        if (kind < 32) return 0xfc00707f;
        return kind < KINDS - 1 ? 0xfe00707f : type(uint32).max;
    }

    /// @dev An instruction of that kind, whose other bits are from `free`.
    function _make(uint256 kind, uint32 free) internal pure returns (uint32) {
        return _matches()[kind] | (free & ~_mask(kind));
    }

    /// @dev The instruction that `word` is, or `KINDS` if it is none.
    function _kind(uint32 word) internal pure returns (uint256 kind) {
        uint32[KINDS] memory matches = _matches();
        for (kind = 0; kind < KINDS; ++kind) {
            if (word & _mask(kind) == matches[kind]) return kind;
        }
    }

    /// @dev What follows `m`. Its instruction is in memory, and no ECALL that reads.
    function _model(Machine memory m) internal view returns (Outcome memory o) {
        uint32 word = uint32(_peek(m, m.pc, 4));
        uint256 kind = _kind(word);
        o.then = _next(m);
        bool trap;
        if (kind < 10) _control(m, o.then, word, kind);
        else if (kind < 21) trap = _access(m, o, word, kind - 10);
        else if (kind == KINDS - 1) trap = _ecall(m, o.then);
        else if (kind == KINDS) trap = true;
        else if (kind != 28) _set(o.then, word, _value(m, word, kind));
        if (trap) o.then = _trapped(m);
    }

    function _ecall(Machine memory m, Machine memory n) private pure returns (bool) {
        if (m.x[17] == 2) return false;
        if (m.x[17] != 0) return true;
        n.pc = m.pc;
        n.status = m.x[10] < 2 ? uint8(m.x[10]) : 2;
        return false;
    }

    function _control(Machine memory m, Machine memory n, uint32 word, uint256 kind) private pure {
        (uint64 a, uint64 b) = _operands(m, word);
        uint64 link = n.pc;
        if (kind == 0) return _set(n, word, uint64(word - word % 4096).widen(32));
        if (kind == 1) return _set(n, word, m.pc.plus(uint64(word - word % 4096).widen(32), 64));
        if (kind == 2) n.pc = m.pc.plus(_immJ(word), 64);
        if (kind == 3) {
            n.pc = a.plus(_immI(word), 64);
            if (n.pc % 2 == 1) n.pc -= 1;
        }
        if (kind < 4) return _set(n, word, link);
        bool[6] memory taken = [a == b, a != b, a.less(b, true), !a.less(b, true), a.less(b, false), !a.less(b, false)];
        if (taken[kind - 4]) n.pc = m.pc.plus(_immB(word), 64);
    }

    /// @dev LB LH LW LD LBU LHU LWU, then SB SH SW SD.
    function _access(Machine memory m, Outcome memory o, uint32 word, uint256 kind) private view returns (bool) {
        (uint64 a, uint64 b) = _operands(m, word);
        uint8[11] memory sizes = [1, 2, 4, 8, 1, 2, 4, 1, 2, 4, 8];
        uint256 size = sizes[kind];
        o.addr = a.plus(kind < 7 ? _immI(word) : _immS(word), 64);
        o.touches = o.addr <= 0xffffffff && o.addr % size == 0;
        if (!o.touches) return true;
        uint64 value = _peek(m, o.addr, size);
        if (kind >= 7) _poke(o.then, o.addr, size, b);
        else _set(o.then, word, kind < 4 ? value.widen(8 * size) : value);
        return false;
    }

    /// @dev Kinds 21 to 62, but FENCE, in the order of `_pattern`.
    function _value(Machine memory m, uint32 word, uint256 kind) private pure returns (uint64) {
        (uint64 a, uint64 b) = _operands(m, word);
        uint64 imm = _immI(word);
        uint64 amount = (word >> 20) % 64;
        if (kind == 21) return a.plus(imm, 64);
        if (kind == 22) return a.less(imm, true) ? 1 : 0;
        if (kind == 23) return a.less(imm, false) ? 1 : 0;
        if (kind == 24) return a ^ imm;
        if (kind == 25) return a | imm;
        if (kind == 26) return a & imm;
        if (kind == 27) return a.plus(imm, 32);
        if (kind == 29) return a.shiftLeft(amount, 64);
        if (kind == 30) return a.shiftRight(amount, 64, false);
        if (kind == 31) return a.shiftRight(amount, 64, a.bit(63));
        if (kind == 32) return a.plus(b, 64);
        if (kind == 33) return a.plus(b.negate(64), 64);
        if (kind == 34) return a.shiftLeft(b, 64);
        if (kind == 35) return a.less(b, true) ? 1 : 0;
        if (kind == 36) return a.less(b, false) ? 1 : 0;
        if (kind == 37) return (a | b) & ~(a & b);
        if (kind == 38) return a.shiftRight(b, 64, false);
        if (kind == 39) return a.shiftRight(b, 64, a.bit(63));
        if (kind == 40) return a | b;
        if (kind == 41) return a & b;
        return _value32(a, b, amount, kind);
    }

    function _value32(uint64 a, uint64 b, uint64 amount, uint256 kind) private pure returns (uint64 value) {
        if (kind == 42) return a.shiftLeft(amount, 32);
        if (kind == 43) return a.shiftRight(amount, 32, false);
        if (kind == 44) return a.shiftRight(amount, 32, a.bit(31));
        if (kind == 45) return a.plus(b, 32);
        if (kind == 46) return a.plus(b.negate(64), 32);
        if (kind == 47) return a.shiftLeft(b, 32);
        if (kind == 48) return a.shiftRight(b, 32, false);
        if (kind == 49) return a.shiftRight(b, 32, a.bit(31));
        if (kind == 50) (value,) = a.times(true, b, true);
        if (kind == 51) (, value) = a.times(true, b, true);
        if (kind == 52) (, value) = a.times(true, b, false);
        if (kind == 53) (, value) = a.times(false, b, false);
        if (kind == 54) return a.quotient(b, 64, true);
        if (kind == 55) return a.quotient(b, 64, false);
        if (kind == 56) return a.remainder(b, 64, true);
        if (kind == 57) return a.remainder(b, 64, false);
        if (kind == 58) {
            (value,) = a.times(false, b, false);
            return value.widen(32);
        }
        if (kind == 59) return a.quotient(b, 32, true);
        if (kind == 60) return a.quotient(b, 32, false);
        if (kind == 61) return a.remainder(b, 32, true);
        if (kind == 62) return a.remainder(b, 32, false);
    }

    function _set(Machine memory n, uint32 word, uint64 value) private pure {
        uint32 rd = word / 128 % 32;
        if (rd != 0) n.x[rd] = value;
    }

    function _operands(Machine memory m, uint32 word) private pure returns (uint64, uint64) {
        return (m.x[word / 2 ** 15 % 32], m.x[word / 2 ** 20 % 32]);
    }

    function _immI(uint32 word) private pure returns (uint64) {
        return uint64(word / 2 ** 20).widen(12);
    }

    function _immS(uint32 word) private pure returns (uint64) {
        return uint64(word / 2 ** 25 * 32 + word / 128 % 32).widen(12);
    }

    function _immB(uint32 word) private pure returns (uint64) {
        uint32 imm = word / 256 % 16 * 2 + word / 2 ** 25 % 64 * 32 + word / 128 % 2 * 2048 + word / 2 ** 31 * 4096;
        return uint64(imm).widen(13);
    }

    function _immJ(uint32 word) private pure returns (uint64) {
        uint32 imm = word / 2 ** 21 % 1024 * 2 + word / 2 ** 20 % 2 * 2048 + word / 4096 % 256 * 4096;
        return uint64(imm + word / 2 ** 31 * 2 ** 20).widen(21);
    }
}
