// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine, MachineTest} from "./MachineTest.sol";

/// @notice Loads and stores: byte order, sign, place in the leaf, what is out of reach.
contract StepMemoryTest is MachineTest {
    uint64 private constant DATA = 0x4000_0040;

    function test_loads_are_little_endian_and_extend_the_sign() external view {
        _load(0, 0, 0xffffffffffffff88, "LB");
        _load(0, 7, 0x11, "LB of the last byte");
        _load(1, 0, 0x7788, "LH");
        _load(1, 2, 0x5566, "LH at 2");
        _load(2, 0, 0x55667788, "LW");
        _load(3, 0, 0x1122334455667788, "LD");
        _load(4, 0, 0x88, "LBU");
        _load(5, 6, 0x1122, "LHU");
        _load(6, 4, 0x11223344, "LWU");
        _load(0, 8, 0xfffffffffffffffe, "LB of the next word");
        _load(1, 8, 0xffffffffffffd0fe, "LH of a negative number");
        _load(2, 8, 0xffffffff80ffd0fe, "LW of a negative number");
        _load(4, 9, 0xd0, "LBU of a high byte");
        _load(5, 8, 0xd0fe, "LHU of a high half");
        _load(6, 8, 0x80ffd0fe, "LWU of a high word");
    }

    function test_every_aligned_place_of_a_leaf() external view {
        for (uint32 log = 0; log < 4; ++log) {
            for (uint64 offset = 0; offset < 32; offset += uint64(1) << log) {
                _store(log, DATA + offset, 0xa1b2c3d4e5f60718);
                Machine memory m = _machine(Asm.i(3, RD, log, RS1, 0));
                m.x[RS1] = DATA + offset;
                _poke(m, DATA, 8, 0x0102030405060708);
                _poke(m, DATA + 8, 8, 0x1112131415161718);
                _poke(m, DATA + 16, 8, 0x2122232425262728);
                _poke(m, DATA + 24, 8, 0x3132333435363738);
                Machine memory n = _next(m);
                n.x[RD] = _peek(m, DATA + offset, 1 << log);
                _check(m, _witness(m, _proof(m, DATA)), n, "load");
            }
        }
    }

    function test_stores_at_the_ends_of_memory() external view {
        _store(0, 0, type(uint64).max);
        _store(3, 0, type(uint64).max);
        _store(0, 0xffffffff, 0);
        _store(3, 0xfffffff8, 0);
        _store(2, 0xfffffffc, 0x8877665544332211);
    }

    function test_a_store_can_replace_the_code_it_runs() external view {
        _store(2, PC, 0x13);
        _store(2, PC + 4, 0x13);
    }

    function test_a_store_of_zero_empties_a_leaf() external view {
        Machine memory m = _machine(Asm.s(0x23, 3, RS1, 0, 0));
        m.x[RS1] = DATA;
        Machine memory n = _next(m);
        _poke(m, DATA, 8, 1);
        _check(m, _witness(m, _proof(m, DATA)), n, "store of zero");
    }

    function test_a_load_into_x0_needs_its_proof() external {
        Machine memory m = _machine(Asm.i(3, 0, 3, RS1, 0));
        m.x[RS1] = DATA;
        _check(m, _witness(m, _proof(m, DATA)), _next(m), "load into x0");
        bytes memory witness = _witness(m, "");
        vm.expectRevert();
        stepper.step(witness, INPUT);
    }

    function test_immediates_are_signed_and_addresses_wrap() external view {
        int32[4] memory imms = [int32(-2048), -8, 8, 2040];
        for (uint256 i = 0; i < imms.length; ++i) {
            Machine memory m = _machine(Asm.i(3, RD, 3, RS1, imms[i]));
            m.x[RS1] = uint64(uint256(int256(uint256(DATA)) - imms[i]));
            _poke(m, DATA, 8, 77);
            Machine memory n = _next(m);
            n.x[RD] = 77;
            _check(m, _witness(m, _proof(m, DATA)), n, "load");
            m = _machine(Asm.s(0x23, 3, RS1, RS2, imms[i]));
            m.x[RS1] = uint64(uint256(int256(uint256(DATA)) - imms[i]));
            n = _next(m);
            _poke(n, DATA, 8, m.x[RS2]);
            _check(m, _witness(m, _proof(m, DATA)), n, "store");
        }
        // -8 + 8 is zero, modulo 2^64.
        Machine memory w = _machine(Asm.i(3, RD, 3, RS1, 8));
        w.x[RS1] = type(uint64).max - 7;
        Machine memory v = _next(w);
        v.x[RD] = 0;
        _check(w, _witness(w, _proof(w, 0)), v, "wrap");
    }

    function test_misaligned_accesses_trap() external view {
        for (uint32 log = 1; log < 4; ++log) {
            for (uint64 offset = 1; offset < uint64(1) << log; ++offset) {
                _trapAt(DATA + offset, log);
                _trapAt(DATA + 32 - offset, log);
            }
        }
    }

    function test_accesses_out_of_range_trap() external view {
        for (uint32 log = 0; log < 4; ++log) {
            _trapAt(2 ** 32, log);
            _trapAt(2 ** 32 + DATA, log);
            _trapAt(2 ** 63, log);
            _trapAt(type(uint64).max - (uint64(1) << log) + 1, log);
        }
    }

    function test_sizes_that_are_none_trap() external view {
        Machine memory m = _machine(Asm.i(3, RD, 7, RS1, 0));
        m.x[RS1] = DATA;
        _checkTrap(m, "a load of funct3 7");
        for (uint32 funct3 = 4; funct3 < 8; ++funct3) {
            m = _machine(Asm.s(0x23, funct3, RS1, RS2, 0));
            m.x[RS1] = DATA;
            _checkTrap(m, "a store of that funct3");
        }
    }

    function testFuzz_a_store_changes_its_bytes_alone(uint32 log, uint32 addr, uint64 value, bytes32 leaf)
        external
        view
    {
        log %= 4;
        uint64 place = addr & ~uint32((1 << log) - 1);
        Machine memory m = _machine(Asm.s(0x23, log, RS1, RS2, 0));
        for (uint64 i = 0; i < 32; ++i) {
            if (place / 32 != PC / 32) _poke(m, place / 32 * 32 + i, 1, uint8(leaf[i]));
        }
        m.x[RS1] = place;
        m.x[RS2] = value;
        Machine memory n = _next(m);
        _poke(n, place, 1 << log, value);
        _check(m, _witness(m, _proof(m, place)), n, "store");
    }

    function _load(uint32 funct3, uint64 offset, uint64 want, string memory what) private view {
        Machine memory m = _machine(Asm.i(3, RD, funct3, RS1, int32(uint32(offset))));
        m.x[RS1] = DATA;
        _poke(m, DATA, 8, 0x1122334455667788);
        _poke(m, DATA + 8, 8, 0x80ffd0fe);
        Machine memory n = _next(m);
        n.x[RD] = want;
        _check(m, _witness(m, _proof(m, DATA)), n, what);
    }

    function _store(uint32 log, uint64 addr, uint64 value) private view {
        Machine memory m = _machine(Asm.s(0x23, log, RS1, RS2, 0));
        m.x[RS1] = addr;
        m.x[RS2] = value;
        Machine memory n = _next(m);
        _poke(n, addr, 1 << log, value);
        _check(m, _witness(m, _proof(m, addr)), n, "store");
        // Zeros that are given, too.
        _check(m, abi.encodePacked(_encode(m), _proof(m, PC, true), _proof(m, addr, true)), n, "store, all given");
    }

    function _trapAt(uint64 addr, uint32 log) private view {
        Machine memory m = _machine(Asm.i(3, RD, log, RS1, 0));
        m.x[RS1] = addr;
        _checkTrap(m, "load");
        m = _machine(Asm.i(3, 0, log, RS1, 0));
        m.x[RS1] = addr;
        _checkTrap(m, "load into x0");
        m = _machine(Asm.s(0x23, log, RS1, RS2, 0));
        m.x[RS1] = addr;
        _checkTrap(m, "store");
    }
}
