// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Arithmetic of RV64IM done slowly, bit by bit or with magnitudes and explicit signs, to compare with `Alu`.
/// @dev `bits` is 64 or 32; operands are cut to it, results sign-extended from it.
library Naive {
    function plus(uint64 a, uint64 b, uint256 bits) internal pure returns (uint64) {
        bool carry = false;
        uint64 sum = 0;
        for (uint256 i = 0; i < bits; ++i) {
            (bool x, bool y) = (bit(a, i), bit(b, i));
            if ((x != y) != carry) sum = set(sum, i);
            carry = (x && y) || (x && carry) || (y && carry);
        }
        return widen(sum, bits);
    }

    function negate(uint64 a, uint256 bits) internal pure returns (uint64) {
        return plus(~a, 1, bits);
    }

    function shiftLeft(uint64 a, uint64 b, uint256 bits) internal pure returns (uint64) {
        for (uint256 i = 0; i < b % bits; ++i) {
            a = plus(a, a, bits);
        }
        return widen(a, bits);
    }

    /// @dev `fill` comes in at the top.
    function shiftRight(uint64 a, uint64 b, uint256 bits, bool fill) internal pure returns (uint64 result) {
        for (uint256 i = 0; i < bits; ++i) {
            uint256 from = i + b % bits;
            if (from < bits ? bit(a, from) : fill) result = set(result, i);
        }
        return widen(result, bits);
    }

    /// @dev `same` for operands that are both taken as they are.
    function less(uint64 a, uint64 b, bool signed) internal pure returns (bool) {
        if (signed && bit(a, 63) != bit(b, 63)) return bit(a, 63);
        for (uint256 i = 64; i > 0; --i) {
            if (bit(a, i - 1) != bit(b, i - 1)) return bit(b, i - 1);
        }
        return false;
    }

    /// @dev The product's low and high half, each as wide as a register.
    function times(uint64 a, bool signedA, uint64 b, bool signedB) internal pure returns (uint64 low, uint64 high) {
        bool negative = (signedA && bit(a, 63)) != (signedB && bit(b, 63));
        uint256 magnitude = uint256(absolute(a, 64, signedA)) * absolute(b, 64, signedB);
        (low, high) = (uint64(magnitude % 2 ** 64), uint64(magnitude / 2 ** 64));
        if (!negative) return (low, high);
        low = ~low;
        high = ~high;
        low = plus(low, 1, 64);
        if (low == 0) high = plus(high, 1, 64);
    }

    function quotient(uint64 a, uint64 b, uint256 bits, bool signed) internal pure returns (uint64) {
        (a, b) = (cut(a, bits), cut(b, bits));
        if (b == 0) return type(uint64).max;
        uint64 magnitude = absolute(a, bits, signed) / absolute(b, bits, signed);
        bool negative = signed && bit(a, bits - 1) != bit(b, bits - 1);
        return negative ? negate(magnitude, bits) : widen(magnitude, bits);
    }

    /// @dev The remainder has the sign of the dividend.
    function remainder(uint64 a, uint64 b, uint256 bits, bool signed) internal pure returns (uint64) {
        (a, b) = (cut(a, bits), cut(b, bits));
        if (b == 0) return widen(a, bits);
        uint64 magnitude = absolute(a, bits, signed) % absolute(b, bits, signed);
        return signed && bit(a, bits - 1) ? negate(magnitude, bits) : widen(magnitude, bits);
    }

    function absolute(uint64 a, uint256 bits, bool signed) internal pure returns (uint64) {
        a = cut(a, bits);
        return signed && bit(a, bits - 1) ? cut(negate(a, bits), bits) : a;
    }

    /// @dev Sign-extends from `bits`.
    function widen(uint64 a, uint256 bits) internal pure returns (uint64 result) {
        for (uint256 i = 0; i < 64; ++i) {
            if (bit(a, i < bits ? i : bits - 1)) result = set(result, i);
        }
    }

    function cut(uint64 a, uint256 bits) internal pure returns (uint64) {
        return bits == 64 ? a : uint64(a % 2 ** bits);
    }

    function bit(uint64 a, uint256 i) internal pure returns (bool) {
        return (a / 2 ** i) % 2 == 1;
    }

    function set(uint64 a, uint256 i) internal pure returns (uint64) {
        return a | uint64(2 ** i);
    }
}
