// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine} from "./MachineTest.sol";
import {Model} from "./Model.sol";

/// @notice The contract does what the naive model does, on any word and any registers.
contract StepModelTest is Model {
    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_every_instruction_does_what_the_model_does(uint256 kind, uint32 free, uint64[32] memory x)
        external
        view
    {
        _compare(_make(kind % KINDS, free), x);
    }

    /// @dev One bit beside an instruction: reserved encodings, mostly.
    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_a_word_beside_an_instruction_does_what_the_model_does(
        uint256 kind,
        uint32 free,
        uint256 bit,
        uint64[32] memory x
    ) external view {
        _compare(_make(kind % KINDS, free) ^ uint32(1 << bit % 32), x);
    }

    function testFuzz_any_word_does_what_the_model_does(uint32 word, uint64[32] memory x) external view {
        _compare(word, x);
    }

    function test_every_opcode_and_funct3_does_what_the_model_does() external view {
        Machine memory m = _machine(0);
        m.x[17] = 2;
        m.x[RS1] = PC + 0x4c;
        uint256 free = _freeMemory();
        for (uint32 word = 0; word < 1024; ++word) {
            _compareWord(m, word % 128 | word / 128 << 12 | (word == 0x73 ? 0 : RD << 7 | RS1 << 15));
            _release(free);
        }
    }

    /// @dev Where `funct7` matters, every value of it: which words are instructions.
    function test_what_is_no_instruction_traps() external view {
        uint32[8] memory opcodes = [uint32(0x13), 0x1b, 0x33, 0x3b, 0x67, 0x0f, 0x2f, 0x73];
        Machine memory m = _machine(0);
        m.x[17] = 2;
        bytes memory proof = _proof(m, PC, true);
        bytes memory registers = "";
        for (uint256 i = 1; i < 32; ++i) {
            registers = abi.encodePacked(registers, m.x[i]);
        }
        uint256 free = _freeMemory();
        for (uint256 i = 0; i < opcodes.length; ++i) {
            for (uint32 functs = 0; functs < 1024; ++functs) {
                _checkLegal(opcodes[i] | functs % 8 << 12 | functs / 8 << 25, registers, proof);
                _release(free);
            }
        }
        _checkLegal(Asm.ECALL | 1 << 20, registers, proof); // EBREAK
        _checkLegal(Asm.ECALL | RD << 7, registers, proof);
        _checkLegal(Asm.ECALL | RS1 << 15, registers, proof);
    }

    /// @dev Looks at the status alone, which is quick.
    function _checkLegal(uint32 word, bytes memory registers, bytes memory proof) private view {
        for (uint256 i = 0; i < 4; ++i) {
            proof[PC % 32 + i] = bytes1(uint8(word >> 8 * i));
        }
        bytes memory encoding = abi.encodePacked(_fold(proof), PC, uint64(0), uint8(3), registers);
        (, bytes32 to) = stepper.step(abi.encodePacked(encoding, proof), INPUT);
        vm.assertEq(uint8(to[0]), _kind(word) == KINDS ? 2 : 3, vm.toString(word));
    }

    /// @dev The root that a proof with all siblings leads to.
    function _fold(bytes memory proof) private pure returns (bytes32 node) {
        for (uint256 i = 0; i <= DEPTH; ++i) {
            bytes32 sibling;
            uint256 from = i == 0 ? 32 : 36 + 32 * i;
            assembly ("memory-safe") {
                sibling := mload(add(proof, from))
            }
            if (i == 0) node = sibling;
            else if (PC >> (4 + i) & 1 == 0) node = keccak256(abi.encode(node, sibling));
            else node = keccak256(abi.encode(sibling, node));
        }
    }

    function _compare(uint32 word, uint64[32] memory x) private view {
        Machine memory m = _machine(0);
        for (uint256 i = 1; i < 32; ++i) {
            m.x[i] = _edge(x[i], i);
        }
        if (word == 0x73 && m.x[17] == 1) return; // a read needs evidence
        _compareWord(m, word);
    }

    function _compareWord(Machine memory m, uint32 word) private view {
        _poke(m, PC, 4, word);
        Outcome memory o = _model(m);
        bytes memory more = o.touches ? _proof(m, o.addr) : bytes("");
        _check(m, _witness(m, more), o.then, vm.toString(word));
    }

    /// @dev Half of the operands are ordinary; others sit at an edge, or are an address.
    function _edge(uint64 x, uint256 salt) private pure returns (uint64) {
        uint256 choice = uint256(keccak256(abi.encode(x, salt))) % 16;
        if (choice == 0) return x % 4;
        if (choice == 1) return type(uint64).max - x % 4;
        if (choice == 2) return 2 ** 63 - 2 + x % 4;
        if (choice == 3) return 2 ** 31 - 2 + x % 4;
        if (choice == 4) return 0xffffffff7ffffffe + x % 4;
        if (choice == 5) return 2 ** 32 - 2 + x % 4;
        if (choice == 6) return x % 128;
        if (choice < 10) return PC - 16 + x % 64;
        if (choice == 10) return uint64(uint32(x));
        return x;
    }
}
