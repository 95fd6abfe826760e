// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice The field as a textbook has it: plain numbers, one coefficient after another (docs/stark.md, section 1).
library NaiveField {
    uint256 internal constant P = 0x78000001;
    /// @dev 2^52 and its inverse.
    uint256 internal constant R = 0xfddddde;

    function inverse(uint256 x) internal pure returns (uint256 y) {
        y = 1;
        for (uint256 e = P - 2; e != 0; e >>= 1) {
            if (e & 1 != 0) y = mulmod(y, x, P);
            x = mulmod(x, x, P);
        }
    }

    /// @dev The plain coefficients of packed lanes.
    function open(uint256 packed) internal pure returns (uint256[4] memory c) {
        uint256 inverseR = inverse(R);
        for (uint256 i = 0; i < 4; ++i) {
            c[i] = mulmod((packed >> (64 * i)) & type(uint64).max, inverseR, P);
        }
    }

    function close(uint256[4] memory c) internal pure returns (uint256 packed) {
        for (uint256 i = 0; i < 4; ++i) {
            packed |= mulmod(c[i], R, P) << (64 * i);
        }
    }

    function mul(uint256[4] memory a, uint256[4] memory b) internal pure returns (uint256[4] memory c) {
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                uint256 product = mulmod(a[i], b[j], P);
                if (i + j < 4) c[i + j] = addmod(c[i + j], product, P);
                else c[i + j - 4] = addmod(c[i + j - 4], 11 * product, P);
            }
        }
    }

    function add(uint256[4] memory a, uint256[4] memory b) internal pure returns (uint256[4] memory c) {
        for (uint256 i = 0; i < 4; ++i) {
            c[i] = addmod(a[i], b[i], P);
        }
    }

    function sub(uint256[4] memory a, uint256[4] memory b) internal pure returns (uint256[4] memory c) {
        for (uint256 i = 0; i < 4; ++i) {
            c[i] = addmod(a[i], P - b[i], P);
        }
    }

    function scale(uint256[4] memory a, uint256 x) internal pure returns (uint256[4] memory c) {
        for (uint256 i = 0; i < 4; ++i) {
            c[i] = mulmod(a[i], x, P);
        }
    }

    /// @dev Lagrange: the polynomial with values `s` at 0, 1, ... at `x`.
    function interpolate(uint256[4][] memory s, uint256[4] memory x) internal pure returns (uint256[4] memory y) {
        for (uint256 i = 0; i < s.length; ++i) {
            uint256[4] memory term = s[i];
            for (uint256 j = 0; j < s.length; ++j) {
                if (j == i) continue;
                uint256[4] memory factor = x;
                factor = [addmod(x[0], P - j, P), x[1], x[2], x[3]];
                term = scale(mul(term, factor), inverse(addmod(i, P - j, P)));
            }
            y = add(y, term);
        }
    }
}
