// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine, MachineTest} from "./MachineTest.sol";

/// @notice Where the machine goes: jumps, branches, traps, and how it ends.
contract StepControlTest is MachineTest {
    uint64 private constant MIN = 1 << 63;

    function test_jal_links_and_jumps_both_ways() external view {
        _jal(8);
        _jal(-8);
        _jal(2); // to where no instruction can be: that traps in the next step
        _jal(0);
        _jal(1048574);
        _jal(-1048576);
        _jal(0x0ff7fe);
        _jal(0x000800);
    }

    function test_jal_to_below_zero_wraps() external view {
        Machine memory m = _machine(0);
        m.pc = 0;
        _poke(m, 0, 4, Asm.j(1, -4));
        Machine memory n = _next(m);
        n.x[1] = 4;
        n.pc = type(uint64).max - 3;
        _check(m, n, "JAL");
        n.x[1] = m.x[1];
        _poke(m, 0, 4, Asm.j(0, -4));
        _poke(n, 0, 4, Asm.j(0, -4));
        _check(m, n, "JAL without a link");
    }

    function test_jalr_clears_bit_0_alone() external view {
        _jalr(0x1000, 0, 0x1000);
        _jalr(0x1001, 0, 0x1000);
        _jalr(0x1000, 1, 0x1000);
        _jalr(0x1001, 1, 0x1002);
        _jalr(0x1000, -1, 0xffe);
        _jalr(0x1000, 2047, 0x17fe);
        _jalr(0x1000, -2048, 0x800);
        _jalr(0, -1, type(uint64).max - 1);
        _jalr(type(uint64).max, 1, 0);
        _jalr(2 ** 32, 0, 2 ** 32);
    }

    function test_jalr_can_link_to_the_register_it_jumps_by() external view {
        Machine memory m = _machine(Asm.i(0x67, RS1, 0, RS1, 4));
        m.x[RS1] = 0x2000;
        Machine memory n = _next(m);
        n.x[RS1] = PC + 4;
        n.pc = 0x2004;
        _check(m, n, "JALR");
    }

    function test_branches() external view {
        uint64 max = type(uint64).max;
        _branch(0, 1, 1, true);
        _branch(0, 1, 2, false);
        _branch(0, 1 << 32, 0, false);
        _branch(1, 1, 1, false);
        _branch(1, 1, 2, true);
        _branch(4, max, 0, true);
        _branch(4, 0, max, false);
        _branch(4, MIN, MIN - 1, true);
        _branch(4, 3, 3, false);
        _branch(5, max, 0, false);
        _branch(5, 0, max, true);
        _branch(5, MIN - 1, MIN, true);
        _branch(5, 3, 3, true);
        _branch(6, max, 0, false);
        _branch(6, 0, max, true);
        _branch(6, 3, 3, false);
        _branch(7, max, 0, true);
        _branch(7, 0, max, false);
        _branch(7, 3, 3, true);
    }

    function test_branch_offsets() external view {
        int32[7] memory offsets = [int32(2), 4, -4, 4094, -4096, 2048, 30];
        for (uint256 i = 0; i < offsets.length; ++i) {
            Machine memory m = _machine(Asm.b(0, 0, 0, offsets[i]));
            Machine memory n = _next(m);
            n.pc = uint64(uint256(int256(uint256(PC)) + offsets[i]));
            _check(m, n, "BEQ x0, x0");
        }
    }

    function test_branches_that_are_none_trap() external view {
        _checkTrap(_machine(Asm.b(2, 0, 0, 8)), "funct3 2");
        _checkTrap(_machine(Asm.b(3, 0, 0, 8)), "funct3 3");
    }

    function test_fences_do_nothing() external view {
        uint32[6] memory words =
            [uint32(0x0ff0000f), 0x0f, 0x8330000f, 0x0100000f, 0xffff8f8f & ~uint32(0x7000), 0x0000000f | 31 << 7];
        for (uint256 i = 0; i < words.length; ++i) {
            Machine memory m = _machine(words[i]);
            _check(m, _next(m), "FENCE");
        }
        _checkTrap(_machine(0x0000100f), "FENCE.I");
    }

    function test_other_instructions_trap() external view {
        uint32[16] memory words = [
            uint32(0), // a word of zeros
            0xffffffff,
            0x00100073, // EBREAK
            0x30200073, // MRET
            0x10500073, // WFI
            0xc0001073, // CSRRW
            0x00002073, // CSRRS
            0x000000f3, // ECALL with rd
            0x00008073, // ECALL with rs1
            0x1005202f, // LR.W
            0x02007053, // FADD.S
            0x00000001, // a compressed word
            0x02001013, // SLLI by 32 is one; see the next
            0x04001013, // SLLI with a bit above the amount
            0x0200101b, // SLLIW by 32
            0x8000006b
        ];
        for (uint256 i = 0; i < words.length; ++i) {
            Machine memory m = _machine(words[i]);
            if (words[i] == 0x02001013) _check(m, _next(m), "SLLI");
            else _checkTrap(m, vm.toString(words[i]));
        }
    }

    function test_a_fetch_from_nowhere_traps_without_a_proof() external view {
        uint64[8] memory pcs = [PC + 1, PC + 2, PC + 3, 2 ** 32, 2 ** 32 + PC, 2 ** 63, type(uint64).max, 2 ** 32 - 1];
        for (uint256 i = 0; i < pcs.length; ++i) {
            Machine memory m = _machine(0x13);
            m.pc = pcs[i];
            _check(m, _encode(m), _trapped(m), "fetch");
        }
    }

    function test_the_first_and_the_last_word_of_memory_are_fetched() external view {
        Machine memory m = _machine(0x13);
        m.pc = 0;
        _poke(m, 0, 4, 0x13);
        _check(m, _next(m), "the first");
        m.pc = 0xfffffffc;
        _poke(m, m.pc, 4, 0x13);
        Machine memory n = _next(m);
        vm.assertEq(n.pc, 2 ** 32);
        _check(m, n, "the last");
        _check(n, _encode(n), _trapped(n), "and then");
    }

    function test_halt() external view {
        _halt(0, 0);
        _halt(1, 1);
        _halt(2, 2);
        _halt(3, 2);
        _halt(256, 2);
        _halt(1 << 32, 2);
        _halt(type(uint64).max, 2);
    }

    function test_hint_does_nothing() external view {
        Machine memory m = _machine(Asm.ECALL);
        m.x[17] = 2;
        m.x[10] = type(uint64).max;
        m.x[11] = type(uint64).max;
        _check(m, _next(m), "hint");
    }

    function test_other_calls_trap() external view {
        uint64[5] memory numbers = [uint64(3), 93, 256, 1 << 32, type(uint64).max];
        for (uint256 i = 0; i < numbers.length; ++i) {
            Machine memory m = _machine(Asm.ECALL);
            m.x[17] = numbers[i];
            _checkTrap(m, "ECALL");
        }
    }

    function test_a_final_state_stays() external view {
        for (uint256 status = 0; status < 256; ++status) {
            if (status == 3) continue;
            Machine memory m = _machine(0x13);
            m.status = uint8(status);
            _check(m, _encode(m), m, "final");
        }
    }

    function test_the_status_leads_the_hash() external view {
        Machine memory m = _machine(Asm.ECALL);
        m.x[17] = 0;
        m.x[10] = 1;
        (bytes32 from, bytes32 to) = stepper.step(_witness(m, ""), INPUT);
        vm.assertEq(uint8(from[0]), 3);
        vm.assertEq(uint8(to[0]), 1);
        vm.assertEq(from << 8, keccak256(_encode(m)) << 8);
    }

    function _jal(int32 offset) private view {
        Machine memory m = _machine(Asm.j(RD, offset));
        Machine memory n = _next(m);
        n.x[RD] = PC + 4;
        n.pc = uint64(uint256(int256(uint256(PC)) + offset));
        _check(m, n, "JAL");
    }

    function _jalr(uint64 base, int32 imm, uint64 target) private view {
        Machine memory m = _machine(Asm.i(0x67, RD, 0, RS1, imm));
        m.x[RS1] = base;
        Machine memory n = _next(m);
        n.x[RD] = PC + 4;
        n.pc = target;
        _check(m, n, "JALR");
    }

    function _branch(uint32 funct3, uint64 a, uint64 b, bool taken) private view {
        Machine memory m = _machine(Asm.b(funct3, RS1, RS2, -64));
        m.x[RS1] = a;
        m.x[RS2] = b;
        Machine memory n = _next(m);
        if (taken) n.pc = PC - 64;
        _check(m, n, vm.toString(funct3));
    }

    function _halt(uint64 verdict, uint8 status) private view {
        Machine memory m = _machine(Asm.ECALL);
        m.x[17] = 0;
        m.x[10] = verdict;
        Machine memory n = _clone(m);
        n.step += 1;
        n.status = status;
        _check(m, n, "halt");
    }
}
