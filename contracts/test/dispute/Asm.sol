// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Instructions from their fields (RISC-V unprivileged specification, section 2.2). Immediates are signed.
library Asm {
    uint32 internal constant ECALL = 0x73;

    function r(uint32 opcode, uint32 rd, uint32 funct3, uint32 rs1, uint32 rs2, uint32 funct7)
        internal
        pure
        returns (uint32)
    {
        return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
    }

    function i(uint32 opcode, uint32 rd, uint32 funct3, uint32 rs1, int32 imm) internal pure returns (uint32) {
        return (uint32(imm) & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
    }

    function s(uint32 opcode, uint32 funct3, uint32 rs1, uint32 rs2, int32 imm) internal pure returns (uint32) {
        return r(opcode, uint32(imm) & 0x1f, funct3, rs1, rs2, uint32(imm) >> 5 & 0x7f);
    }

    function b(uint32 funct3, uint32 rs1, uint32 rs2, int32 imm) internal pure returns (uint32) {
        uint32 low = (uint32(imm) & 0x1e) | (uint32(imm) >> 11 & 1);
        return r(0x63, low, funct3, rs1, rs2, (uint32(imm) >> 12 & 1) << 6 | (uint32(imm) >> 5 & 0x3f));
    }

    function j(uint32 rd, int32 imm) internal pure returns (uint32) {
        uint32 u = uint32(imm);
        uint32 top = (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 | (u >> 12 & 0xff) << 12;
        return top | rd << 7 | 0x6f;
    }
}
