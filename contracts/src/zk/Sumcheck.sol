// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EVEN, Ext4, GAP, HIGH, LOW32, M26, M38, N, NotCanonical, ONE, P, PS, PS26} from "./Ext4.sol";

/// @title Rounds of the sumcheck protocol, and the polynomials that they are about (docs/stark.md, sections 5 and 6).
/// @notice A round's polynomial is given by its values at 1, 2, ...; that at 0 is what the claim leaves.
library Sumcheck {
    using Ext4 for uint256;

    /// @dev 1/2 and 1/6, encoded.
    uint256 private constant HALF = 0x7eeeeef;
    uint256 private constant SIXTH = 0x2aa4fa50;
    /// @dev 1/i! for i = 0..7 and 8..9, encoded, 32 bits each from the low end on.
    uint256 private constant INVERSE_FACTORIALS =
        0x2b7ab5f0_405af98e_1a21d951_0aa93e94_2aa4fa50_07eeeeef_0fddddde_0fddddde;
    uint256 private constant MORE_INVERSE_FACTORIALS = 0x35efed32_056f56be;

    /// @notice Polynomials of a higher degree are not met.
    error DegreeTooHigh();

    /// @notice 1 - a - b + 2ab, lazy (below 8p), from canonical or tight ones.
    function eq(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return ONE + (PS << 2) + (a.mul(b) << 1) - a - b;
        }
    }

    /// @notice The quadratic with values s(1), s(2) at `pos` and s(0) + s(1) = `claim`, tight, at `x`; tight.
    function quadratic(uint256 claim, uint256 pos, uint256 x) internal pure returns (uint256) {
        unchecked {
            uint256 s1 = Ext4.load(pos);
            uint256 s2 = Ext4.load(pos + 16);
            // Twice: (s2 - 3 s1 + claim) x^2 + (-s2 + 7 s1 - 3 claim) x + 2 (claim - s1), with s0 = claim - s1.
            uint256 y = x.mul(s2 + claim + (PS << 2) - 3 * s1) + 7 * s1 + (PS << 3) - s2 - 3 * claim;
            return HALF.mul(x.mul(y) + (claim << 1) + (PS << 1) - (s1 << 1));
        }
    }

    /// @notice The cubic with values s(1), s(2), s(3) at `pos` and s(0) + s(1) = `claim`, tight, at `x`; tight.
    /// @dev The body of `Ext4.mul` four times: GKR has hundreds of such rounds. Six times the polynomial is calculated, with
    /// s(0) = claim - s(1).
    function cubic(uint256 claim, uint256 pos, uint256 x) internal pure returns (uint256 y) {
        uint256 bad;
        assembly ("memory-safe") {
            let a := calldataload(pos)
            let b := and(a, 0xffffffffffffffffffffffffffffffff)
            a := shr(128, a)
            a := and(or(a, shl(64, a)), EVEN)
            a := and(or(a, shl(32, a)), LOW32)
            b := and(or(b, shl(64, b)), EVEN)
            b := and(or(b, shl(32, b)), LOW32)
            let c := shr(128, calldataload(add(pos, 0x20)))
            c := and(or(c, shl(64, c)), EVEN)
            c := and(or(c, shl(32, c)), LOW32)
            bad := and(or(or(add(a, GAP), add(b, GAP)), add(c, GAP)), HIGH)
            let t
            // c + 4a - 3b - claim
            y := sub(sub(add(add(c, shl(2, a)), shl(3, PS)), mul(3, b)), claim)
            t := mulmod(x, and(y, M26), N)
            t := add(mulmod(x, and(shr(26, y), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
            y := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
            // -3c + 12b - 21a + 6 claim
            y := add(y, sub(sub(add(add(mul(12, b), mul(6, claim)), shl(5, PS)), mul(3, c)), mul(21, a)))
            t := mulmod(x, and(y, M26), N)
            t := add(mulmod(x, and(shr(26, y), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
            y := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
            // 2c - 9b + 29a - 11 claim
            y := add(y, sub(sub(add(add(shl(1, c), mul(29, a)), shl(5, PS)), mul(9, b)), mul(11, claim)))
            t := mulmod(x, and(y, M26), N)
            t := add(mulmod(x, and(shr(26, y), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
            y := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
            // 6 claim - 6a
            y := add(y, sub(add(mul(6, claim), shl(3, PS)), mul(6, a)))
            t := mulmod(SIXTH, and(y, M26), N)
            t := add(mulmod(SIXTH, and(shr(26, y), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
            y := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
        }
        if (bad != 0) revert NotCanonical();
    }

    /// @notice The polynomial of degree `degree` with values s(1), s(2), ... at `pos` and s(0) + s(1) = `claim`, tight, at
    /// `x`; tight.
    /// @dev Lagrange: s_i times the product of all (x - j) but for j = i, over i! (degree - i)!, with the sign in the
    /// factors (j - x) above i.
    function interpolate(uint256 claim, uint256 pos, uint256 degree, uint256 x) internal pure returns (uint256 sum) {
        unchecked {
            if (degree > 9) revert DegreeTooHigh();
            uint256[] memory above = new uint256[](degree + 1);
            above[degree] = ONE;
            for (uint256 i = degree; i > 0; --i) {
                above[i - 1] = above[i].mul((PS << 1) + mulmod(i, ONE, P) - x);
            }
            uint256 below = ONE;
            for (uint256 i = 0; i <= degree; ++i) {
                uint256 s = i == 0 ? (claim + PS - Ext4.load(pos)).tighten() : Ext4.load(pos + 16 * (i - 1));
                uint256 weight =
                    below.mul(above[i]).mulBase(_inverseFactorial(i)).mulBase(_inverseFactorial(degree - i));
                sum += s.mul(weight);
                below = below.mul(x + (PS << 1) - mulmod(i, ONE, P));
            }
            return sum.tighten();
        }
    }

    /// @notice The polynomial with the `n` coefficients at `pos` at `x`, left (below 3p).
    function horner(uint256 pos, uint256 n, uint256 x) internal pure returns (uint256 y) {
        unchecked {
            for (uint256 i = n; i > 0; --i) {
                y = y.mul(x) + Ext4.load(pos + 16 * (i - 1));
            }
        }
    }

    /// @notice The sum over the domain of size 2^`log` of the polynomial with the `n` coefficients at `pos`: only powers
    /// that are multiples of the size count. Canonical.
    function domainSum(uint256 pos, uint256 n, uint256 log) internal pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < n; i += 1 << log) {
                sum += Ext4.load(pos + 16 * i);
            }
            return Ext4.reduce(sum << log);
        }
    }

    function _inverseFactorial(uint256 i) private pure returns (uint256) {
        unchecked {
            uint256 word = i < 8 ? INVERSE_FACTORIALS : MORE_INVERSE_FACTORIALS;
            return (word >> (32 * (i % 8))) & 0xffffffff;
        }
    }
}
