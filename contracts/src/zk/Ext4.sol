// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @dev BabyBear, 2^31 - 2^27 + 1.
uint256 constant P = 0x78000001;
/// @dev One in the encoding: 2^52 mod p.
uint256 constant ONE = 0xfddddde;
/// @dev One in each lane.
uint256 constant ONES = 0x0000000000000001000000000000000100000000000000010000000000000001;
/// @dev 2^256 - 11: what a product of two packed elements is reduced by, as X^4 = 11 where X is 2^64.
uint256 constant N = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5;
/// @dev 2^26 - 1 in each lane.
uint256 constant M26 = 0x0000000003ffffff0000000003ffffff0000000003ffffff0000000003ffffff;
/// @dev 2^38 - 1 in each lane.
uint256 constant M38 = 0x0000003fffffffff0000003fffffffff0000003fffffffff0000003fffffffff;
/// @dev p in each lane.
uint256 constant PS = 0x0000000078000001000000007800000100000000780000010000000078000001;
/// @dev p 2^26 in each lane.
uint256 constant PS26 = 0x01e000000400000001e000000400000001e000000400000001e0000004000000;
/// @dev 2^32 - p in each lane.
uint256 constant GAP = 0x0000000087ffffff0000000087ffffff0000000087ffffff0000000087ffffff;
/// @dev Bit 32 of each lane.
uint256 constant HIGH = 0x0000000100000000000000010000000000000001000000000000000100000000;
/// @dev Lanes 0 and 2.
uint256 constant EVEN = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
/// @dev The lower half of each lane.
uint256 constant LOW32 = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;

/// @notice A word that has to be a field element is not below p.
error NotCanonical();

/// @title The degree-4 extension of BabyBear, F[X]/(X^4 - 11), packed in one word (docs/stark.md, sections 1 and 8).
/// @notice Lane k, of 64 bits, holds the coefficient of X^k times 2^52 (Montgomery form), unreduced within bounds:
/// *canonical* lanes are below p; *tight* ones below p + 2^23, as every product is; *left* ones up to 8,000,000,000,
/// about 3.97 p; *lazy* ones below 2^37, about 68 p. Sums are plain additions; whoever adds minds the bounds.
/// @dev As p is 1 mod 2^27, Montgomery's quotient for 2^26 is the low 26 bits themselves: with u = t mod 2^26,
/// t - u p is a multiple of 2^26. One reduction step maps t to (t + p 2^26 - u p) / 2^26, in all lanes at once. The lowest
/// lane of a product has weight 1 + 3 * 11 = 34, and 34 * 8e9 * 2^26 + p 2^26 < 2^64.
library Ext4 {
    /// @notice The product, tight. `a` is left, `b` lazy.
    /// @dev 130 gas of arithmetic and 45 for the call: the innermost loops repeat the body.
    function mul(uint256 a, uint256 b) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let t := mulmod(a, and(b, M26), N)
            t := add(mulmod(a, and(shr(26, b), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
            r := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
        }
    }

    /// @notice The product with an encoded base element below p, tight. `a` is left.
    function mulBase(uint256 a, uint256 c) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let t := mul(a, c)
            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
            r := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
        }
    }

    /// @notice `a - b + 2p`. `b` is tight.
    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return a + (PS << 1) - b;
        }
    }

    /// @notice The same element with every lane below p, from any lanes.
    function reduce(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := mod(and(a, 0xffffffffffffffff), P)
            r := or(r, shl(64, mod(and(shr(64, a), 0xffffffffffffffff), P)))
            r := or(r, shl(128, mod(and(shr(128, a), 0xffffffffffffffff), P)))
            r := or(r, shl(192, mod(shr(192, a), P)))
        }
    }

    /// @notice Tight, from lazy: the product with one.
    function tighten(uint256 a) internal pure returns (uint256) {
        return mul(ONE, a);
    }

    /// @notice Canonical, from lanes below 2p.
    function canonical(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := sub(a, mul(and(shr(32, add(a, GAP)), ONES), P))
        }
    }

    /// @notice Whether `a` and `b` are the same element. Both are lazy, `b` up to 64 p.
    function equal(uint256 a, uint256 b) internal pure returns (bool) {
        unchecked {
            return reduce(a + (PS << 6) - b) == 0;
        }
    }

    /// @notice The element in the 16 bytes of calldata at `pos`, canonical or refused.
    function load(uint256 pos) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := shr(128, calldataload(pos))
        }
        r = unpack(r);
    }

    /// @notice The element of four encoded coefficients, the last one highest, canonical or refused.
    function unpack(uint256 packed) internal pure returns (uint256 r) {
        uint256 bad;
        assembly ("memory-safe") {
            r := and(or(packed, shl(64, packed)), EVEN)
            r := and(or(r, shl(32, r)), LOW32)
            bad := and(add(r, GAP), HIGH)
        }
        if (bad != 0) revert NotCanonical();
    }

    /// @notice The 16 bytes of a canonical element.
    function pack(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := and(or(a, shr(32, a)), EVEN)
            r := and(or(r, shr(64, r)), 0xffffffffffffffffffffffffffffffff)
        }
    }

    /// @notice `a`, tight, to the power 2^`times`.
    function square(uint256 a, uint256 times) internal pure returns (uint256) {
        for (uint256 i = 0; i < times; ++i) {
            a = mul(a, a);
        }
        return a;
    }
}
