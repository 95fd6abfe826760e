// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The arithmetic of RV64I and M (RISC-V unprivileged specification, chapters 2, 4 and 12).
/// @notice Everything is computed in 256 bits, where nothing overflows, and cut to 64: a quotient of -2^63 by -1 comes
/// out as the specification wants it. `legal` is false for an encoding that names no operation.
library Alu {
    /// @dev `funct7` of SUB and SRA.
    uint256 private constant ALTERNATIVE = 0x20;

    /// @notice OP and OP-IMM without M.
    function integer(uint256 funct3, uint256 funct7, uint64 a, uint64 b)
        internal
        pure
        returns (bool legal, uint64 result)
    {
        if (funct7 == ALTERNATIVE) {
            if (funct3 == 0) return (true, _cut(_signed(a) - _signed(b))); // SUB
            if (funct3 == 5) return (true, _cut(_signed(a) >> (b & 63))); // SRA
            return (false, 0);
        }
        if (funct7 != 0) return (false, 0);
        if (funct3 == 0) result = add(a, b); // ADD
        else if (funct3 == 1) result = a << (b & 63); // SLL
        else if (funct3 == 2) result = _signed(a) < _signed(b) ? 1 : 0; // SLT
        else if (funct3 == 3) result = a < b ? 1 : 0; // SLTU
        else if (funct3 == 4) result = a ^ b; // XOR
        else if (funct3 == 5) result = a >> (b & 63); // SRL
        else if (funct3 == 6) result = a | b; // OR
        else result = a & b; // AND
        return (true, result);
    }

    /// @notice OP-32 and OP-IMM-32 without M: on the low 32 bits, the result sign-extended.
    function integer32(uint256 funct3, uint256 funct7, uint64 a, uint64 b)
        internal
        pure
        returns (bool legal, uint64 result)
    {
        if (funct7 == ALTERNATIVE) {
            if (funct3 == 0) return (true, _cut32(_signed32(a) - _signed32(b))); // SUBW
            if (funct3 == 5) return (true, _cut32(_signed32(a) >> (b & 31))); // SRAW
            return (false, 0);
        }
        if (funct7 != 0) return (false, 0);
        if (funct3 == 0) return (true, _cut32(_signed32(a) + _signed32(b))); // ADDW
        if (funct3 == 1) return (true, _cut32(_signed32(a) << (b & 31))); // SLLW
        if (funct3 == 5) return (true, _cut32(_unsigned32(a) >> (b & 31))); // SRLW
        return (false, 0);
    }

    /// @notice OP of M. Every `funct3` is one.
    function multiply(uint256 funct3, uint64 a, uint64 b) internal pure returns (uint64) {
        if (funct3 == 0) return _cut(_signed(a) * _signed(b)); // MUL
        if (funct3 == 1) return _cut(_signed(a) * _signed(b) >> 64); // MULH
        if (funct3 == 2) return _cut(_signed(a) * _unsigned(b) >> 64); // MULHSU
        if (funct3 == 3) return _cut(_unsigned(a) * _unsigned(b) >> 64); // MULHU
        if (funct3 == 4) return _cut(_quotient(_signed(a), _signed(b))); // DIV
        if (funct3 == 5) return _cut(_quotient(_unsigned(a), _unsigned(b))); // DIVU
        if (funct3 == 6) return _cut(_remainder(_signed(a), _signed(b))); // REM
        return _cut(_remainder(_unsigned(a), _unsigned(b))); // REMU
    }

    /// @notice OP-32 of M.
    function multiply32(uint256 funct3, uint64 a, uint64 b) internal pure returns (bool legal, uint64 result) {
        if (funct3 == 0) return (true, _cut32(_signed32(a) * _signed32(b))); // MULW
        if (funct3 == 4) return (true, _cut32(_quotient(_signed32(a), _signed32(b)))); // DIVW
        if (funct3 == 5) return (true, _cut32(_quotient(_unsigned32(a), _unsigned32(b)))); // DIVUW
        if (funct3 == 6) return (true, _cut32(_remainder(_signed32(a), _signed32(b)))); // REMW
        if (funct3 == 7) return (true, _cut32(_remainder(_unsigned32(a), _unsigned32(b)))); // REMUW
        return (false, 0);
    }

    /// @notice Whether a BRANCH with this `funct3` is taken.
    function branch(uint256 funct3, uint64 a, uint64 b) internal pure returns (bool legal, bool taken) {
        if (funct3 == 0) return (true, a == b); // BEQ
        if (funct3 == 1) return (true, a != b); // BNE
        if (funct3 == 4) return (true, _signed(a) < _signed(b)); // BLT
        if (funct3 == 5) return (true, _signed(a) >= _signed(b)); // BGE
        if (funct3 == 6) return (true, a < b); // BLTU
        if (funct3 == 7) return (true, a >= b); // BGEU
        return (false, false);
    }

    /// @notice The sum modulo 2^64.
    function add(uint64 a, uint64 b) internal pure returns (uint64) {
        return uint64(uint256(a) + b);
    }

    /// @notice The low `size` bytes of `value`, sign-extended.
    function extend(uint64 value, uint256 size) internal pure returns (uint64) {
        uint256 unused = 256 - 8 * size;
        return _cut(int256(uint256(value) << unused) >> unused);
    }

    function _quotient(int256 a, int256 b) private pure returns (int256) {
        return b == 0 ? -1 : a / b;
    }

    function _remainder(int256 a, int256 b) private pure returns (int256) {
        return b == 0 ? a : a % b;
    }

    function _signed(uint64 value) private pure returns (int256) {
        return int64(value);
    }

    function _unsigned(uint64 value) private pure returns (int256) {
        return int256(uint256(value));
    }

    function _signed32(uint64 value) private pure returns (int256) {
        return int32(uint32(value));
    }

    function _unsigned32(uint64 value) private pure returns (int256) {
        return int256(uint256(uint32(value)));
    }

    function _cut(int256 value) private pure returns (uint64) {
        return uint64(uint256(value));
    }

    function _cut32(int256 value) private pure returns (uint64) {
        return uint64(int64(int32(uint32(uint256(value)))));
    }
}
