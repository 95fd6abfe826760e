// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4, ONE, P, PS} from "./Ext4.sol";

/// @title The subgroups that traces and codewords are evaluated on, and polynomials that belong to them (docs/stark.md,
/// sections 1 and 5, step 4).
library Domain {
    using Ext4 for uint256;

    /// @dev The generator of order 2^27, its inverse, and that number.
    uint256 private constant GENERATOR = 0x1a427a41;
    uint256 private constant INVERSE = 0x662731d4;
    uint256 private constant TWO_ADICITY = 27;

    /// @notice The generator of the subgroup of order 2^`log`; a plain number, not encoded.
    function generator(uint256 log) internal pure returns (uint256) {
        return _square(GENERATOR, log);
    }

    /// @notice Its inverse, plain as well.
    function inverse(uint256 log) internal pure returns (uint256) {
        return _square(INVERSE, log);
    }

    function _square(uint256 g, uint256 log) private pure returns (uint256) {
        unchecked {
            for (uint256 i = TWO_ADICITY; i > log; --i) {
                g = mulmod(g, g, P);
            }
            return g;
        }
    }

    /// @notice 2^-`log`, encoded.
    function inversePower(uint256 log) internal pure returns (uint256 c) {
        unchecked {
            c = ONE;
            for (uint256 i = 0; i < log; ++i) {
                c = (c & 1 == 0 ? c : c + P) >> 1;
            }
        }
    }

    /// @notice `x`, tight, times the generator of the subgroup of order 2^`log`.
    function next(uint256 x, uint256 log) internal pure returns (uint256) {
        return x.mulBase(mulmod(generator(log), ONE, P));
    }

    /// @notice The sum over the subgroup of order 2^`log` of Lagrange's polynomials, each at `x` times its own at `y`: one
    /// where both are the same element, zero where they are others. Both tight, as is the result.
    function eqUni(uint256 log, uint256 x, uint256 y) internal pure returns (uint256 res) {
        unchecked {
            res = ONE;
            for (uint256 i = 0; i < log; ++i) {
                res = (x + y).mul(res) + x.sub(ONE).mul(y.sub(ONE));
                x = x.mul(x);
                y = y.mul(y);
            }
            return inversePower(log).mul(res);
        }
    }

    /// @notice Lagrange's polynomial of the subgroup's element one at `x`, tight; tight.
    function one(uint256 log, uint256 x) internal pure returns (uint256 res) {
        unchecked {
            res = inversePower(log);
            for (uint256 i = 0; i < log; ++i) {
                res = res.mul(x + ONE);
                x = x.mul(x);
            }
        }
    }

    /// @notice Where a trace of height 2^`height` is read, for a point with first coordinate `x`: traces lower than
    /// 2^`skip` live on a smaller subgroup.
    /// @return log Log2 of its order.
    /// @return point The coordinate there.
    function lift(uint256 height, uint256 skip, uint256 x) internal pure returns (uint256 log, uint256 point) {
        unchecked {
            return height < skip ? (height, x.square(skip - height)) : (skip, x);
        }
    }
}
