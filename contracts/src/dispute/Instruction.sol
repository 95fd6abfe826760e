// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice A 32-bit instruction of RISC-V. Fields and immediates are those of the unprivileged specification, section
/// 2.2 and 2.3; immediates are sign-extended to 64 bits.
type Instruction is uint32;

using {opcode, rd, rs1, rs2, funct3, funct7, immI, immS, immB, immU, immJ} for Instruction global;

function opcode(Instruction i) pure returns (uint256) {
    return Instruction.unwrap(i) & 0x7f;
}

function rd(Instruction i) pure returns (uint256) {
    return Instruction.unwrap(i) >> 7 & 0x1f;
}

function funct3(Instruction i) pure returns (uint256) {
    return Instruction.unwrap(i) >> 12 & 7;
}

function rs1(Instruction i) pure returns (uint256) {
    return Instruction.unwrap(i) >> 15 & 0x1f;
}

function rs2(Instruction i) pure returns (uint256) {
    return Instruction.unwrap(i) >> 20 & 0x1f;
}

function funct7(Instruction i) pure returns (uint256) {
    return Instruction.unwrap(i) >> 25;
}

function immI(Instruction i) pure returns (uint64) {
    return _extend(_signed(i) >> 20);
}

function immS(Instruction i) pure returns (uint64) {
    return _extend(_signed(i) >> 25 << 5 | int256(rd(i)));
}

function immB(Instruction i) pure returns (uint64) {
    uint256 low = (rd(i) & 0x1e) | (rd(i) & 1) << 11 | (funct7(i) & 0x3f) << 5;
    return _extend(_signed(i) >> 31 << 12 | int256(low));
}

function immU(Instruction i) pure returns (uint64) {
    return _extend(_signed(i) >> 12 << 12);
}

function immJ(Instruction i) pure returns (uint64) {
    uint256 word = Instruction.unwrap(i);
    uint256 low = (word >> 21 & 0x3ff) << 1 | (word >> 20 & 1) << 11 | (word >> 12 & 0xff) << 12;
    return _extend(_signed(i) >> 31 << 20 | int256(low));
}

function _signed(Instruction i) pure returns (int256) {
    return int32(Instruction.unwrap(i));
}

function _extend(int256 value) pure returns (uint64) {
    return uint64(uint256(value));
}
