// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Checkpoint} from "./Checkpoint.sol";
import {Domain} from "./Domain.sol";
import {Ext4, ONE, PS} from "./Ext4.sol";
import {Reader} from "./Gkr.sol";
import {StarkKey} from "./StarkKey.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";

/// @title All columns' openings become openings of a few stacked columns at one point (docs/stark.md, section 6, step 1).
/// @notice Columns that lie in aligned blocks of a stacked column share their part of the sum: per block, not per column.
library Stacking {
    using Ext4 for uint256;
    using StarkKey for uint256;
    using Transcript for uint256;

    /// @dev In memory, as none of it would fit on the stack.
    struct Work {
        uint256 head;
        uint256 skip;
        uint256 lambda;
        // The points of this sumcheck and of the one before.
        uint256[] u;
        uint256[] r;
        // By n: eq of both points, and its rotation.
        uint256[] eq;
        uint256[] rotated;
        // lambda to the power 2^(j+1).
        uint256[] powers;
        // For the current height: sums over a block of 2^s columns.
        uint256[] blocks;
        // eq of the current row's bits from a given one on; those from `valid` on belong to the current row.
        uint256[] partials;
        uint256 valid;
        // What a column is multiplied with, and its rotation, without their eq: of traces not lower than 2^skip.
        uint256 plain;
        uint256 turned;
        uint256 corner;
        // Where the stacked columns' openings are in the calldata: that of the current one.
        uint256 opening;
        // The current row of it.
        uint256 row;
        // lambda to the power twice the column's number.
        uint256 power;
        uint256 sum;
    }

    /// @notice The openings' sum is not the univariate round's.
    error WrongStackedSum();
    /// @notice The stacked openings are not what the sumcheck leaves.
    error WrongStackedOpenings();

    /// @notice Reads and checks the reduction. `checkpoint` is where the checkpoint is in the calldata.
    /// @return u The point: u_0 and one coordinate for each stacked variable.
    /// @return openings Where the openings of the stacked columns are in the calldata.
    function verify(Reader memory reader, uint256 checkpoint)
        internal
        pure
        returns (uint256[] memory u, uint256 openings)
    {
        unchecked {
            Work memory w;
            uint256 head = reader.head;
            w.head = head;
            w.skip = head.byteAt(StarkKey.L_SKIP);
            w.lambda = Ext4.load(checkpoint + Checkpoint.LAMBDA);
            uint256 claim = _sumcheck(w, reader, Ext4.load(checkpoint + Checkpoint.SUM));
            u = w.u;
            openings = reader.pos;
            w.r = new uint256[](head.byteAt(StarkKey.N_MAX) + 1);
            for (uint256 i = 0; i < w.r.length; ++i) {
                w.r[i] = Ext4.load(checkpoint + Checkpoint.POINT + 16 * i);
            }
            uint256 width = head.pairAt(StarkKey.WIDTH);
            reader.transcript.absorb(openings, 16 * width);
            reader.pos = openings + 16 * width;
            w.opening = openings;
            if (!claim.equal(_combine(w))) revert WrongStackedOpenings();
        }
    }

    function _sumcheck(Work memory w, Reader memory reader, uint256 sum) private pure returns (uint256 claim) {
        unchecked {
            uint256 t = reader.transcript;
            uint256 pos = reader.pos;
            uint256 coefficients = 2 * ((1 << w.skip) - 1) + 1;
            if (!sum.equal(Sumcheck.domainSum(pos, coefficients, w.skip))) revert WrongStackedSum();
            t.absorb(pos, 16 * coefficients);
            uint256 rounds = w.head.byteAt(StarkKey.N_STACK);
            uint256[] memory u = new uint256[](rounds + 1);
            w.u = u;
            u[0] = t.sample();
            claim = Sumcheck.horner(pos, coefficients, u[0]).tighten();
            pos += 16 * coefficients;
            for (uint256 j = 1; j <= rounds; ++j) {
                t.absorb(pos, 32);
                u[j] = t.sample();
                claim = Sumcheck.quadratic(claim, pos, u[j]);
                pos += 32;
            }
            reader.pos = pos;
        }
    }

    /// @dev The sum over the stacked columns of their coefficients times their openings.
    function _combine(Work memory w) private pure returns (uint256) {
        unchecked {
            _tables(w);
            uint256 traces = w.head.pairAt(StarkKey.TRACES);
            uint256 height = type(uint256).max;
            uint256 plain;
            uint256 rotation;
            for (uint256 i = 0; i < traces; ++i) {
                uint256 entry = w.head.trace(i);
                if (entry.logHeight() != height) {
                    height = entry.logHeight();
                    (plain, rotation) = _kernels(w, height);
                    _blocks(w, height);
                }
                _trace(w, entry.columns(), height, entry.rotates() ? plain + rotation : plain);
            }
            return w.sum.reduce();
        }
    }

    /// @dev What depends on the points alone. The rotation's kernel is the sum of a part that has carried and one that has
    /// not.
    function _tables(Work memory w) private pure {
        unchecked {
            uint256 n = w.u.length;
            w.powers = new uint256[](n);
            w.blocks = new uint256[](n);
            w.partials = new uint256[](n + w.skip);
            w.valid = n + w.skip - 1;
            w.partials[w.valid] = ONE;
            uint256 power = w.lambda;
            for (uint256 j = 0; j < n; ++j) {
                power = power.mul(power);
                w.powers[j] = power;
            }
            w.power = ONE;
            (w.plain, w.turned, w.corner) = _corners(w, w.skip);
            n = w.r.length;
            w.eq = new uint256[](n);
            w.rotated = new uint256[](n);
            w.eq[0] = ONE;
            w.rotated[0] = ONE;
            uint256 carried = 0;
            uint256 borrow = ONE;
            for (uint256 i = 1; i < n; ++i) {
                uint256 u = w.u[i];
                uint256 r = w.r[i];
                uint256 both = u.mul(r);
                uint256 factor = ONE + (PS << 2) + (both << 1) - u - r;
                carried = carried.mul(factor) + borrow.mul(u.sub(both));
                borrow = borrow.mul(r.sub(both));
                w.eq[i] = w.eq[i - 1].mul(factor);
                w.rotated[i] = carried + borrow;
            }
        }
    }

    /// @dev What a column of a trace of this height, and its rotation, is multiplied with; both tight.
    function _kernels(Work memory w, uint256 height) private pure returns (uint256 plain, uint256 rotation) {
        unchecked {
            uint256 corner;
            uint256 n = 0;
            if (height < w.skip) {
                (plain, rotation, corner) = _corners(w, height);
                uint256 lifted = Domain.one(w.skip - height, w.u[0].square(height));
                plain = plain.mul(lifted);
                rotation = rotation.mul(lifted);
                corner = corner.mul(lifted);
            } else {
                (plain, rotation, corner) = (w.plain, w.turned, w.corner);
                n = height - w.skip;
            }
            uint256 eq = w.eq[n];
            plain = plain.mul(eq);
            rotation = w.lambda.mul(rotation.mul(eq) + corner.mul(w.rotated[n].sub(eq)));
        }
    }

    /// @dev On the univariate domain: eq of both points, eq with the second one turned by a row, and both at its corner.
    function _corners(Work memory w, uint256 height)
        private
        pure
        returns (uint256 plain, uint256 turned, uint256 corner)
    {
        unchecked {
            uint256 u0 = w.u[0];
            (uint256 log, uint256 x) = Domain.lift(height, w.skip, w.r[0]);
            plain = Domain.eqUni(log, u0, x);
            x = Domain.next(x, log);
            turned = Domain.eqUni(log, u0, x);
            corner = Domain.one(log, u0).mul(Domain.one(log, x));
        }
    }

    /// @dev For columns that take 2^n rows of the hypercube: the sum over 2^s of them, in an aligned block, of powers of
    /// lambda^2 times eq of the low s bits of their places.
    function _blocks(Work memory w, uint256 height) private pure {
        unchecked {
            uint256 first = height > w.skip ? height - w.skip + 1 : 1;
            uint256 bits = w.u.length - first;
            uint256 product = ONE;
            w.blocks[0] = ONE;
            for (uint256 s = 0; s < bits; ++s) {
                uint256 u = w.u[first + s];
                product = product.mul(ONE + (PS << 1) - u + u.mul(w.powers[s]));
                w.blocks[s + 1] = product;
            }
        }
    }

    /// @dev Goes through `columns` columns of a trace, block by block. `kernel` is left.
    function _trace(Work memory w, uint256 columns, uint256 height, uint256 kernel) private pure {
        unchecked {
            uint256 unit = height > w.skip ? height : w.skip;
            uint256 top = w.skip + w.u.length - 1;
            uint256 sum = 0;
            while (columns != 0) {
                // The largest block that begins here and is not larger than what is left.
                uint256 bit = unit;
                while (bit < top && (w.row >> bit) & 1 == 0 && columns >> (bit + 1 - unit) != 0) ++bit;
                uint256 s = bit - unit;
                sum += w.power.mul(w.blocks[s]).mul(_above(w, bit));
                w.power = w.power.mul(w.powers[s]);
                columns -= 1 << s;
                w.row += 1 << bit;
                // The lowest bit that the step has set; with all others below it, it has changed.
                while (bit < top && (w.row >> bit) & 1 == 0) ++bit;
                if (bit >= w.valid) w.valid = bit + 1;
                if (bit == top) {
                    w.sum += kernel.mul(sum).mul(Ext4.load(w.opening));
                    w.opening += 16;
                    w.row = 0;
                    w.valid = top;
                    sum = 0;
                }
            }
            if (sum != 0) w.sum += kernel.mul(sum).mul(Ext4.load(w.opening));
        }
    }

    /// @dev eq of the row's bits from `bit` on with the point.
    function _above(Work memory w, uint256 bit) private pure returns (uint256 product) {
        unchecked {
            uint256 level = w.valid;
            if (level <= bit) return w.partials[bit];
            uint256 row = w.row;
            uint256 skip = w.skip;
            product = w.partials[level];
            while (level > bit) {
                --level;
                uint256 u = w.u[level + 1 - skip];
                product = product.mul((row >> level) & 1 == 0 ? ONE + (PS << 1) - u : u);
                w.partials[level] = product;
            }
            w.valid = level;
        }
    }
}
