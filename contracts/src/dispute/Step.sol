// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Alu} from "./Alu.sol";
import {Evidence} from "./Evidence.sol";
import {Instruction} from "./Instruction.sol";
import {MemoryTree} from "./MemoryTree.sol";
import {Change, INVALID, PANICKED, State, UNFINISHED} from "./State.sol";
import {TrailingBytes, WitnessTooShort} from "./Witness.sol";

/// @title Replays one instruction of the fault proof's machine.
/// @notice docs/machine.md in Solidity: what a witness holds, and what an instruction does. It keeps nothing, asks
/// nobody but precompiles, and any witness has one result for any amount of gas, or reverts.
contract Step {
    using State for bytes;
    using MemoryTree for bytes;
    using MemoryTree for bytes32;

    /// @notice Bytes of memory.
    uint64 private constant MEMORY_BYTES = 2 ** 32;

    // Opcodes (RISC-V unprivileged specification, chapter 35).
    uint256 private constant LOAD = 0x03;
    uint256 private constant MISC_MEM = 0x0f;
    uint256 private constant OP_IMM = 0x13;
    uint256 private constant AUIPC = 0x17;
    uint256 private constant OP_IMM_32 = 0x1b;
    uint256 private constant STORE = 0x23;
    uint256 private constant OP = 0x33;
    uint256 private constant LUI = 0x37;
    uint256 private constant OP_32 = 0x3b;
    uint256 private constant BRANCH = 0x63;
    uint256 private constant JALR = 0x67;
    uint256 private constant JAL = 0x6f;

    uint32 private constant ECALL = 0x00000073;
    /// @notice `funct7` of M.
    uint256 private constant M = 1;

    uint256 private constant A0 = 10;
    uint256 private constant A7 = 17;
    uint64 private constant HALT = 0;
    uint64 private constant READ = 1;
    uint64 private constant HINT = 2;

    /// @notice Executes the next instruction of a state.
    /// @dev Reverts on any witness that is not exactly the right one. Takes up to 100,000 gas, and a read of what a
    /// precompile answers twice the precompile's price more; if that call fails, half of the gas given.
    /// @param witness The state's encoding, proofs of the memory that the instruction touches, evidence for what it
    /// reads; nothing else.
    /// @param input What the machine reads under its local key: the input of the game.
    /// @return stateBefore The hash of the state.
    /// @return stateAfter The hash of the one that follows; the same if the state is final.
    function step(bytes calldata witness, bytes32 input)
        external
        view
        returns (bytes32 stateBefore, bytes32 stateAfter)
    {
        if (witness.length < State.BYTES) revert WitnessTooShort();
        bytes calldata state = witness[:State.BYTES];
        bytes calldata rest = witness[State.BYTES:];
        stateBefore = state.hash();
        if (state.status() == UNFINISHED) (stateAfter, rest) = _execute(state, rest, input);
        else stateAfter = stateBefore;
        if (rest.length != 0) revert TrailingBytes(rest.length);
    }

    /// @dev Gives what it leaves of `rest`.
    function _execute(bytes calldata state, bytes calldata rest, bytes32 input)
        private
        view
        returns (bytes32 stateAfter, bytes calldata)
    {
        Change memory change = Change(state.memoryRoot(), state.pc(), UNFINISHED, 1, "");
        bool legal = _inMemory(change.pc, 4);
        if (legal) {
            (bytes32 leaf, uint256 length) = rest.open(change.memoryRoot, change.pc);
            rest = rest[length:];
            Instruction i = Instruction.wrap(uint32(leaf.load(change.pc, 4)));
            change.pc += 4;

            uint256 opcode = i.opcode();
            if (opcode == LOAD) (legal, length) = _load(i, state, rest, change);
            else if (opcode == STORE) (legal, length) = _store(i, state, rest, change);
            else if (Instruction.unwrap(i) == ECALL) (legal, length) = _call(state, rest, input, change);
            else (legal, length) = (_compute(i, state, change), 0);
            rest = rest[length:];
        }
        // A trap changes nothing else.
        if (!legal) change = Change(state.memoryRoot(), state.pc(), PANICKED, 1, "");
        return (state.hashAfter(change), rest);
    }

    /// @dev Everything that looks at registers alone.
    function _compute(Instruction i, bytes calldata state, Change memory change) private pure returns (bool legal) {
        uint256 opcode = i.opcode();
        if (opcode == MISC_MEM) return i.funct3() == 0; // FENCE
        if (opcode == BRANCH) return _branch(i, state, change);

        uint64 result;
        if (opcode == OP) (legal, result) = _op(i, state);
        else if (opcode == OP_IMM) (legal, result) = _opImm(i, state);
        else if (opcode == OP_32) (legal, result) = _op32(i, state);
        else if (opcode == OP_IMM_32) (legal, result) = _opImm32(i, state);
        else if (opcode == LUI) (legal, result) = (true, i.immU());
        else if (opcode == AUIPC) (legal, result) = (true, Alu.add(state.pc(), i.immU()));
        else if (opcode == JAL || opcode == JALR) (legal, result) = (_jump(i, state, change), state.pc() + 4);
        if (legal) _write(change, i, result);
    }

    function _op(Instruction i, bytes calldata state) private pure returns (bool, uint64) {
        (uint64 a, uint64 b) = _operands(i, state);
        if (i.funct7() == M) return (true, Alu.multiply(i.funct3(), a, b));
        return Alu.integer(i.funct3(), i.funct7(), a, b);
    }

    function _op32(Instruction i, bytes calldata state) private pure returns (bool, uint64) {
        (uint64 a, uint64 b) = _operands(i, state);
        if (i.funct7() == M) return Alu.multiply32(i.funct3(), a, b);
        return Alu.integer32(i.funct3(), i.funct7(), a, b);
    }

    /// @dev A shift's immediate is its amount, of six bits, below what would be `funct7`; that one's lowest bit is the
    /// amount's highest.
    function _opImm(Instruction i, bytes calldata state) private pure returns (bool, uint64) {
        uint256 funct7 = _isShift(i) ? i.funct7() & 0x7e : 0;
        return Alu.integer(i.funct3(), funct7, state.register(i.rs1()), i.immI());
    }

    /// @dev Here the amount has five bits.
    function _opImm32(Instruction i, bytes calldata state) private pure returns (bool, uint64) {
        uint256 funct7 = _isShift(i) ? i.funct7() : 0;
        return Alu.integer32(i.funct3(), funct7, state.register(i.rs1()), i.immI());
    }

    function _isShift(Instruction i) private pure returns (bool) {
        return i.funct3() == 1 || i.funct3() == 5;
    }

    function _branch(Instruction i, bytes calldata state, Change memory change) private pure returns (bool legal) {
        (uint64 a, uint64 b) = _operands(i, state);
        bool taken;
        (legal, taken) = Alu.branch(i.funct3(), a, b);
        if (taken) change.pc = Alu.add(state.pc(), i.immB());
    }

    function _jump(Instruction i, bytes calldata state, Change memory change) private pure returns (bool) {
        if (i.opcode() == JAL) {
            change.pc = Alu.add(state.pc(), i.immJ());
            return true;
        }
        change.pc = Alu.add(state.register(i.rs1()), i.immI()) & ~uint64(1);
        return i.funct3() == 0;
    }

    function _load(Instruction i, bytes calldata state, bytes calldata rest, Change memory change)
        private
        pure
        returns (bool, uint256 length)
    {
        uint64 addr = Alu.add(state.register(i.rs1()), i.immI());
        if (i.funct3() == 7 || !_inMemory(addr, _size(i))) return (false, 0);
        bytes32 leaf;
        (leaf, length) = rest.open(change.memoryRoot, addr);
        uint64 value = leaf.load(addr, _size(i));
        _write(change, i, _extended(i, value));
        return (true, length);
    }

    function _store(Instruction i, bytes calldata state, bytes calldata rest, Change memory change)
        private
        pure
        returns (bool, uint256 length)
    {
        uint64 addr = Alu.add(state.register(i.rs1()), i.immS());
        if (i.funct3() > 3 || !_inMemory(addr, _size(i))) return (false, 0);
        bytes32 leaf;
        (leaf, length) = rest.open(change.memoryRoot, addr);
        leaf = leaf.store(addr, _size(i), state.register(i.rs2()));
        (change.memoryRoot,) = rest.fold(addr, leaf);
        return (true, length);
    }

    function _call(bytes calldata state, bytes calldata rest, bytes32 input, Change memory change)
        private
        view
        returns (bool, uint256 length)
    {
        uint64 number = state.register(A7);
        if (number == READ) return _read(state, rest, input, change);
        if (number == HALT) {
            uint64 verdict = state.register(A0);
            change.pc = state.pc();
            change.status = verdict > INVALID ? PANICKED : uint8(verdict);
            return (true, 0);
        }
        return (number == HINT, 0);
    }

    function _read(bytes calldata state, bytes calldata rest, bytes32 input, Change memory change)
        private
        view
        returns (bool, uint256)
    {
        bytes32 key;
        for (uint256 k = 0; k < 4; ++k) {
            key = key << 64 | bytes32(uint256(MemoryTree.reverse(state.register(A0 + k))));
        }
        uint64 offset = state.register(A0 + 4);
        if (!Evidence.isKey(key) || offset % 32 != 0) return (false, 0);
        (bytes32 word, uint256 count) = Evidence.read(key, offset, rest, input);
        change.register = A0;
        change.written =
            abi.encodePacked(word.load(0, 8), word.load(8, 8), word.load(16, 8), word.load(24, 8), uint64(count));
        return (true, rest.length);
    }

    /// @dev Bytes that a load or store touches: `funct3` is their logarithm, plus 4 if they are not sign-extended.
    function _size(Instruction i) private pure returns (uint256) {
        return 1 << (i.funct3() & 3);
    }

    function _extended(Instruction i, uint64 value) private pure returns (uint64) {
        return i.funct3() < 4 ? Alu.extend(value, _size(i)) : value;
    }

    function _operands(Instruction i, bytes calldata state) private pure returns (uint64, uint64) {
        return (state.register(i.rs1()), state.register(i.rs2()));
    }

    function _write(Change memory change, Instruction i, uint64 value) private pure {
        if (i.rd() == 0) return;
        change.register = i.rd();
        change.written = abi.encodePacked(value);
    }

    /// @dev Whether `size` bytes at `addr` exist and are aligned.
    function _inMemory(uint64 addr, uint256 size) private pure returns (bool) {
        return addr < MEMORY_BYTES && addr % size == 0;
    }
}
