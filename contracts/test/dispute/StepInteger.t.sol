// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine, MachineTest} from "./MachineTest.sol";

/// @notice Every instruction of RV64I and M that computes, with the operands at which implementations go wrong.
contract StepIntegerTest is MachineTest {
    uint64 private constant MIN = 1 << 63;
    uint64 private constant MAX = MIN - 1;
    uint64 private constant ONES = type(uint64).max;
    uint64 private constant MIN32 = 0xffffffff80000000;

    struct Row {
        uint32 funct7;
        uint32 funct3;
        uint64 a;
        uint64 b;
        uint64 want;
    }

    Row[] private _rows;

    function test_op() external {
        _add(0, 0, 1, 2, 3); // ADD
        _add(0, 0, ONES, 1, 0);
        _add(0, 0, MAX, 1, MIN);
        _add(0x20, 0, 3, 5, ONES - 1); // SUB
        _add(0x20, 0, MIN, 1, MAX);
        _add(0, 1, 1, 63, MIN); // SLL
        _add(0, 1, 3, 64, 3);
        _add(0, 1, 3, ONES, MIN);
        _add(0, 2, ONES, 0, 1); // SLT
        _add(0, 2, 0, ONES, 0);
        _add(0, 2, MIN, MAX, 1);
        _add(0, 2, 5, 5, 0);
        _add(0, 3, ONES, 0, 0); // SLTU
        _add(0, 3, 0, ONES, 1);
        _add(0, 3, MIN, MAX, 0);
        _add(0, 4, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xf0f0f0f0f0f0f0f0); // XOR
        _add(0, 5, MIN, 63, 1); // SRL
        _add(0, 5, MIN, 127, 1);
        _add(0, 5, ONES, 0, ONES);
        _add(0x20, 5, MIN, 63, ONES); // SRA
        _add(0x20, 5, MIN, 64, MIN);
        _add(0x20, 5, MAX, 62, 1);
        _add(0, 6, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xfff0fff0fff0fff0); // OR
        _add(0, 7, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0x0f000f000f000f00); // AND
        _run(0x33);
    }

    function test_op_of_m() external {
        _add(1, 0, ONES, ONES, 1); // MUL
        _add(1, 0, 0x100000001, 0x100000001, 0x200000001);
        _add(1, 0, MIN, 3, MIN);
        _add(1, 1, ONES, ONES, 0); // MULH
        _add(1, 1, MIN, MIN, 0x4000000000000000);
        _add(1, 1, MIN, MAX, 0xc000000000000000);
        _add(1, 1, ONES, 1, ONES);
        _add(1, 2, ONES, ONES, ONES); // MULHSU
        _add(1, 2, MIN, ONES, MIN);
        _add(1, 2, 1, ONES, 0);
        _add(1, 2, ONES, 1, ONES);
        _add(1, 3, ONES, ONES, ONES - 1); // MULHU
        _add(1, 3, MIN, MIN, 0x4000000000000000);
        _add(1, 4, 20, 6, 3); // DIV
        _add(1, 4, _neg(20), 6, _neg(3));
        _add(1, 4, 20, _neg(6), _neg(3));
        _add(1, 4, _neg(20), _neg(6), 3);
        _add(1, 4, MIN, ONES, MIN);
        _add(1, 4, MIN, 1, MIN);
        _add(1, 4, 7, 0, ONES);
        _add(1, 4, _neg(7), 0, ONES);
        _add(1, 5, 20, 6, 3); // DIVU
        _add(1, 5, MIN, ONES, 0);
        _add(1, 5, ONES, 2, MAX);
        _add(1, 5, 7, 0, ONES);
        _add(1, 6, 20, 6, 2); // REM
        _add(1, 6, _neg(20), 6, _neg(2));
        _add(1, 6, 20, _neg(6), 2);
        _add(1, 6, _neg(20), _neg(6), _neg(2));
        _add(1, 6, MIN, ONES, 0);
        _add(1, 6, _neg(7), 0, _neg(7));
        _add(1, 7, 20, 6, 2); // REMU
        _add(1, 7, MIN, ONES, MIN);
        _add(1, 7, _neg(7), 0, _neg(7));
        _run(0x33);
    }

    function test_op32() external {
        _add(0, 0, 0x7fffffff, 1, MIN32); // ADDW
        _add(0, 0, 0xffffffff, 1, 0);
        _add(0, 0, 0x1234567800000001, 0x8765432100000002, 3);
        _add(0x20, 0, 0, 1, ONES); // SUBW
        _add(0x20, 0, 0x80000000, 1, 0x7fffffff);
        _add(0x20, 0, 0xffffffff00000005, 5, 0);
        _add(0, 1, 1, 31, MIN32); // SLLW
        _add(0, 1, 1, 32, 1);
        _add(0, 1, 0xffffffffffffffff, 4, _neg(16));
        _add(0, 5, 0x80000000, 31, 1); // SRLW
        _add(0, 5, 0xffffffff80000000, 0, MIN32);
        _add(0, 5, 0xffffffff80000000, 4, 0x08000000);
        _add(0, 5, 0x80000000, 32, MIN32);
        _add(0x20, 5, 0x80000000, 31, ONES); // SRAW
        _add(0x20, 5, 0xffffffff7fffffff, 30, 1);
        _add(0x20, 5, 0x80000000, 63, ONES);
        _run(0x3b);
    }

    function test_op32_of_m() external {
        _add(1, 0, 0x10000, 0x8000, MIN32); // MULW
        _add(1, 0, 0xffffffff, 0xffffffff, 1);
        _add(1, 0, 0x5555555500000003, 0x6666666600000004, 12);
        _add(1, 4, 0xffffffec, 6, _neg(3)); // DIVW
        _add(1, 4, MIN32, ONES, MIN32);
        _add(1, 4, 0x80000000, 0xffffffff, MIN32);
        _add(1, 4, 5, 0xffffffff00000000, ONES);
        _add(1, 5, 0xffffffff, 1, ONES); // DIVUW
        _add(1, 5, 0x80000000, 0xffffffff, 0);
        _add(1, 5, 0x1111111100000014, 6, 3);
        _add(1, 5, 5, 0xffffffff00000000, ONES);
        _add(1, 6, 0xffffffec, 6, _neg(2)); // REMW
        _add(1, 6, 0x80000000, 0xffffffff, 0);
        _add(1, 6, 0x1111111180000000, 0, MIN32);
        _add(1, 7, 0xffffffff, 0x10, 0xf); // REMUW
        _add(1, 7, 0x80000000, 0xffffffff, MIN32);
        _add(1, 7, 0x11111111f0000000, 0, 0xfffffffff0000000);
        _run(0x3b);
    }

    function test_opImm() external view {
        _imm(0x13, 0, 1, -1, 0, "ADDI");
        _imm(0x13, 0, 0, -2048, ONES - 2047, "ADDI of the least immediate");
        _imm(0x13, 0, MAX, 2047, MIN + 2046, "ADDI that wraps");
        _imm(0x13, 2, ONES, 0, 1, "SLTI");
        _imm(0x13, 2, 0, -1, 0, "SLTI of a negative immediate");
        _imm(0x13, 3, 0, -1, 1, "SLTIU extends the sign, and then ignores it");
        _imm(0x13, 3, ONES, -1, 0, "SLTIU");
        _imm(0x13, 4, 0xf0, -1, ~uint64(0xf0), "XORI");
        _imm(0x13, 6, 0xf0, -256, _neg(16), "ORI");
        _imm(0x13, 7, ONES, -256, _neg(256), "ANDI");
        _imm(0x13, 7, ONES, 2047, 2047, "ANDI of a positive immediate");
        _imm(0x13, 1, 1, 63, MIN, "SLLI");
        _imm(0x13, 1, 1, 31, 1 << 31, "SLLI by 31");
        _imm(0x13, 5, MIN, 63, 1, "SRLI");
        _imm(0x13, 5, MIN, 0x400 | 63, ONES, "SRAI");
        _imm(0x13, 5, MIN, 0x400 | 32, 0xffffffff80000000, "SRAI by 32");
    }

    function test_opImm32() external view {
        _imm(0x1b, 0, 0x7fffffff, 1, MIN32, "ADDIW");
        _imm(0x1b, 0, 0xffffffff, 0, ONES, "ADDIW of zero: SEXT.W");
        _imm(0x1b, 0, 0x1_00000000, -1, ONES, "ADDIW of a negative immediate");
        _imm(0x1b, 1, 1, 31, MIN32, "SLLIW");
        _imm(0x1b, 5, 0xffffffff80000000, 31, 1, "SRLIW");
        _imm(0x1b, 5, 0x12345678_80000000, 0, MIN32, "SRLIW by 0");
        _imm(0x1b, 5, 0x80000000, 0x400 | 31, ONES, "SRAIW");
    }

    function test_lui_extends_the_sign() external view {
        _checkResult(0x37 | RD << 7 | 0x80000 << 12, MIN32, "LUI of the highest bit");
        _checkResult(0x37 | RD << 7 | 0x7ffff << 12, 0x7ffff000, "LUI");
        _checkResult(0x37 | RD << 7, 0, "LUI of zero");
    }

    function test_auipc_adds_to_its_own_address() external view {
        _checkResult(0x17 | RD << 7 | 0x00001 << 12, PC + 0x1000, "AUIPC");
        _checkResult(0x17 | RD << 7 | 0x80000 << 12, PC - 0x80000000, "AUIPC of the highest bit");
        _checkResult(0x17 | RD << 7 | 0xfffff << 12, PC - 0x1000, "AUIPC backwards");
        Machine memory m = _machine(0);
        m.pc = 0x1000;
        _poke(m, m.pc, 4, 0x17 | RD << 7 | 0xffffe << 12);
        Machine memory n = _next(m);
        n.x[RD] = _neg(0x1000);
        _check(m, n, "AUIPC below zero");
    }

    function test_a_register_can_be_operand_and_result() external view {
        Machine memory m = _machine(Asm.r(0x33, 31, 0, 31, 31, 0));
        Machine memory n = _next(m);
        m.x[31] = 21;
        n.x[31] = 42;
        _check(m, n, "x31 += x31");
        m = _machine(Asm.r(0x33, RS1, 0, RS1, RS2, 0x20));
        n = _next(m);
        m.x[RS1] = 5;
        n.x[RS1] = 5;
        m.x[RS2] = 3;
        n.x[RS2] = 3;
        n.x[RS1] = 2;
        _check(m, n, "rs1 -= rs2");
    }

    function test_x0_is_zero_and_stays_it() external view {
        uint32[9] memory words = [
            Asm.i(0x13, 0, 0, RS1, 1),
            Asm.i(0x1b, 0, 0, RS1, 1),
            Asm.r(0x33, 0, 0, RS1, RS2, 0),
            Asm.r(0x33, 0, 0, RS1, RS2, 1),
            Asm.r(0x3b, 0, 0, RS1, RS2, 0),
            Asm.r(0x3b, 0, 4, RS1, RS2, 1),
            0x37 | 0x12345 << 12,
            0x17 | 0x12345 << 12,
            0x13
        ];
        for (uint256 i = 0; i < words.length; ++i) {
            Machine memory m = _machine(words[i]);
            _check(m, _next(m), "a write to x0");
        }
        _checkResult(Asm.r(0x33, RD, 0, 0, 0, 0), 0, "x0 + x0");
        _checkResult(Asm.i(0x13, RD, 0, 0, -5), _neg(5), "x0 - 5");
    }

    function test_every_register_is_read_and_written_in_its_place() external view {
        for (uint32 i = 1; i < 32; ++i) {
            Machine memory m = _machine(Asm.i(0x13, i, 0, 32 - i, 1));
            Machine memory n = _next(m);
            n.x[i] = m.x[32 - i] + 1;
            _check(m, n, "ADDI");
            m = _machine(Asm.r(0x33, 32 - i, 4, 0, i, 0));
            n = _next(m);
            n.x[32 - i] = m.x[i];
            _check(m, n, "XOR");
        }
    }

    function test_the_count_of_steps_wraps() external view {
        Machine memory m = _machine(0x13);
        m.step = type(uint64).max;
        Machine memory n = _clone(m);
        n.pc += 4;
        n.step = 0;
        _check(m, n, "the last step");
    }

    function _add(uint32 funct7, uint32 funct3, uint64 a, uint64 b, uint64 want) private {
        _rows.push(Row(funct7, funct3, a, b, want));
    }

    function _run(uint32 opcode) private view {
        for (uint256 i = 0; i < _rows.length; ++i) {
            Row memory row = _rows[i];
            Machine memory m = _machine(Asm.r(opcode, RD, row.funct3, RS1, RS2, row.funct7));
            m.x[RS1] = row.a;
            m.x[RS2] = row.b;
            Machine memory n = _next(m);
            n.x[RD] = row.want;
            _check(m, n, string.concat("row ", vm.toString(i)));
        }
    }

    function _imm(uint32 opcode, uint32 funct3, uint64 a, int32 imm, uint64 want, string memory what) private view {
        Machine memory m = _machine(Asm.i(opcode, RD, funct3, RS1, imm));
        m.x[RS1] = a;
        Machine memory n = _next(m);
        n.x[RD] = want;
        _check(m, n, what);
    }

    function _checkResult(uint32 word, uint64 want, string memory what) private view {
        Machine memory m = _machine(word);
        Machine memory n = _next(m);
        n.x[RD] = want;
        _check(m, n, what);
    }

    function _neg(uint64 value) private pure returns (uint64) {
        return type(uint64).max - value + 1;
    }
}
