// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "./Batch.sol";
import {Domain} from "./Domain.sol";
import {Ext4, GAP, M26, M38, N, NotCanonical, ONE, ONES, P, PS, PS26} from "./Ext4.sol";
import {LogUp, Reader} from "./Gkr.sol";
import {Program} from "./Program.sol";
import {StarkKey} from "./StarkKey.sol";
import {Sumcheck} from "./Sumcheck.sol";

/// @title What the openings make of the batched claim: all constraints and interactions at the point (docs/stark.md,
/// section 5, steps 4 and 5).
/// @notice Traces are taken from the last to the first, so that powers of challenges are Horner steps.
library Evaluation {
    using Ext4 for uint256;
    using StarkKey for uint256;

    /// @dev In memory, as none of it would fit on the stack.
    struct Work {
        // Of one trace, where `_interaction` finds them.
        uint256 numerator;
        uint256 denominator;
        uint256 head;
        uint256 skip;
        uint256 logup;
        // Powers of the challenges of constraints and of messages.
        uint256[3] lambda;
        uint256 mu;
        uint256[3] beta;
        uint256 r0;
        // By n: eq and eq-sharp at the point, and the selectors of the last and the first row.
        uint256[] eqN;
        uint256[] eqS;
        uint256[] last;
        uint256[] first;
        // Coordinates of xi and their complements; partial products over bits of the counter.
        uint256[] xi;
        uint256[] complement;
        uint256[] partials;
        // The challenge of the stacked reduction and its square, split.
        uint256[4] weights;
        // Where a program is copied to.
        uint256 program;
        // What runs from trace to trace.
        uint256 pos;
        uint256 counter;
        uint256 sum;
        // Of one trace.
        uint256 entry;
        uint256 isFirst;
        uint256 isLast;
        uint256 constraints;
        uint256 bad;
    }

    /// @notice The openings do not satisfy the batched claim.
    error ConstraintsNotSatisfied();

    /// @notice Checks the claim, and gives the openings' sum for the stacked reduction with challenge `lambda`, canonical.
    /// @param end Where the openings end in the calldata.
    /// @param counter Where the interactions' counter ends.
    function verify(
        address[] calldata key,
        uint256 head,
        LogUp memory logUp,
        Batch memory batch,
        uint256 lambda,
        uint256 end,
        uint256 counter
    ) internal view returns (uint256) {
        Work memory w = _prepare(head, logUp, batch, lambda);
        w.pos = end;
        w.counter = counter;
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        w.program = free;
        uint256 value = _traces(key, w);
        if (w.bad != 0) revert NotCanonical();
        if (!value.equal(batch.claim)) revert ConstraintsNotSatisfied();
        return w.sum.reduce();
    }

    /// @dev Everything that does not depend on a trace.
    function _prepare(uint256 head, LogUp memory logUp, Batch memory batch, uint256 lambda)
        private
        pure
        returns (Work memory w)
    {
        unchecked {
            w.head = head;
            w.skip = head.byteAt(StarkKey.L_SKIP);
            w.logup = head.byteAt(StarkKey.N_LOGUP);
            w.lambda = _powers(batch.lambda);
            w.mu = batch.mu;
            w.beta = _powers(logUp.beta);
            w.r0 = batch.r[0];
            w.xi = logUp.xi;
            _points(w, batch.r);
            uint256 n = w.xi.length;
            w.complement = new uint256[](n);
            w.partials = new uint256[](n + 1);
            for (uint256 i = 0; i < n; ++i) {
                w.complement[i] = ONE + (PS << 1) - w.xi[i];
            }
            uint256 square = lambda.mul(lambda);
            w.weights = [lambda & M26, (lambda >> 26) & M38, square & M26, (square >> 26) & M38];
        }
    }

    /// @dev eq and the selectors' products for every n. A product of the remaining r_j takes a trace with fewer variables
    /// to all of them.
    function _points(Work memory w, uint256[] memory r) private pure {
        unchecked {
            uint256 length = r.length;
            w.eqN = new uint256[](length);
            w.eqS = new uint256[](length);
            w.first = new uint256[](length);
            w.last = new uint256[](length);
            w.eqN[0] = Domain.eqUni(w.skip, w.xi[0], r[0]);
            w.eqS[0] = _sharp(w.skip, w.xi, r[0]);
            w.first[0] = Domain.one(w.skip, r[0]);
            w.last[0] = Domain.one(w.skip, Domain.next(r[0], w.skip));
            for (uint256 i = 1; i < length; ++i) {
                uint256 factor = Sumcheck.eq(w.xi[w.skip + i - 1], r[i]);
                w.eqN[i] = w.eqN[i - 1].mul(factor);
                w.eqS[i] = w.eqS[i - 1].mul(factor);
                w.first[i] = w.first[i - 1].mul(ONE + (PS << 1) - r[i]);
                w.last[i] = w.last[i - 1].mul(r[i]);
            }
            uint256 product = r[length - 1];
            for (uint256 i = length - 1; i > 0; --i) {
                w.eqN[i - 1] = w.eqN[i - 1].mul(product);
                w.eqS[i - 1] = w.eqS[i - 1].mul(product);
                product = product.mul(r[i - 1]);
            }
        }
    }

    /// @dev The sum over the subgroup's elements of their eq with `x` times eq of their number's bits with xi.
    function _sharp(uint256 skip, uint256[] memory xi, uint256 x) private pure returns (uint256 sum) {
        unchecked {
            uint256 omega = Domain.generator(skip);
            uint256 element = ONE;
            for (uint256 i = 0; i < 1 << skip; ++i) {
                uint256 weight = Domain.eqUni(skip, x, element);
                for (uint256 j = 0; j < skip; ++j) {
                    weight = weight.mul((i >> j) & 1 == 0 ? ONE + (PS << 1) - xi[j] : xi[j]);
                }
                sum += weight;
                element = mulmod(element, omega, P);
            }
            return sum.reduce();
        }
    }

    /// @dev The whole claim: sum of N_t mu^2t + D_t mu^(2t+1) and of C_t mu^(2T+t).
    function _traces(address[] calldata key, Work memory w) private view returns (uint256) {
        unchecked {
            uint256 square = w.mu.mul(w.mu);
            uint256 fractions = 0;
            uint256 constraints = 0;
            uint256 traces = w.head.pairAt(StarkKey.TRACES);
            for (uint256 i = traces; i > 0; --i) {
                uint256 entry = w.head.trace(i - 1);
                w.entry = entry;
                uint256 n = _selectors(w, entry);
                StarkKey.program(key, entry, w.program);
                _trace(w, entry);
                uint256 sharp = w.eqS[n];
                uint256 numerator = sharp.mul(w.numerator);
                if (entry.logHeight() < w.skip) {
                    numerator = numerator.mulBase(Domain.inversePower(w.skip - entry.logHeight()));
                }
                fractions = fractions.mul(square) + numerator + w.mu.mul(sharp.mul(w.denominator));
                constraints = constraints.mul(w.mu) + w.eqN[n].mul(w.constraints);
            }
            return (constraints.mul(_power(square, traces)) + fractions).tighten();
        }
    }

    /// @dev Selectors at the point; returns the trace's number of variables.
    function _selectors(Work memory w, uint256 entry) private pure returns (uint256 n) {
        unchecked {
            uint256 height = entry.logHeight();
            if (height < w.skip) {
                (uint256 log, uint256 x) = Domain.lift(height, w.skip, w.r0);
                w.isFirst = Domain.one(log, x).canonical();
                w.isLast = Domain.one(log, Domain.next(x, log)).canonical();
                return 0;
            }
            n = height - w.skip;
            w.isFirst = w.first[n].canonical();
            w.isLast = w.last[n].canonical();
        }
    }

    /// @dev Runs the program of one trace. From the first word on, the memory that Solidity uses itself is the program's:
    /// until it is put back, nothing here allocates or reverts.
    function _trace(Work memory w, uint256 entry) private pure {
        uint256 free;
        assembly {
            free := mload(0x40)
        }
        uint256 ip = _values(w, entry);
        ip = Program.execute(ip);
        (w.constraints, ip) = Program.horner(ip, entry.constraints(), w.lambda, 0);
        _interactions(w, entry, ip);
        assembly {
            mstore(0x40, free)
            mstore(0x60, 0)
        }
    }

    /// @dev Zero, one, the selectors, public values, openings and constants; returns where the operations begin.
    function _values(Work memory w, uint256 entry) private pure returns (uint256 ip) {
        unchecked {
            uint256 isFirst = w.isFirst;
            uint256 isLast = w.isLast;
            uint256 isTransition = Ext4.sub(ONE, isLast).reduce();
            assembly {
                mstore(0x00, 0)
                mstore(0x20, ONE)
                mstore(0x40, isFirst)
                mstore(0x60, isLast)
                mstore(0x80, isTransition)
            }
            uint256 to = Program.spread(w.head.preamble() + entry.publicsOffset(), entry.publics(), 0xa0);
            to = _openings(w, entry, to);
            ip = w.program;
            uint256 constants;
            assembly {
                constants := shr(240, mload(ip))
            }
            Program.spread(ip + 2, constants, to);
            ip += 2 + 4 * constants;
        }
    }

    /// @dev The trace's openings, from the slot `to` on; returns the slot behind them.
    function _openings(Work memory w, uint256 entry, uint256 to) private pure returns (uint256) {
        unchecked {
            uint256 columns = entry.columns();
            uint256 bad;
            if (entry.rotates()) {
                to += 64 * columns;
                (w.sum, bad) = Program.openRotated(w.pos, columns, to, w.sum, w.weights);
                w.pos -= 32 * columns;
            } else {
                to += 32 * columns;
                (w.sum, bad) = Program.openPlain(w.pos, columns, to, w.sum, w.weights);
                w.pos -= 16 * columns;
            }
            w.bad |= bad;
            return to;
        }
    }

    /// @dev The sums of the trace's counts and denominators, each times eq of the counter's bits with xi. From one
    /// interaction to the next only the partial products below the highest bit that changes are made anew.
    function _interactions(Work memory w, uint256 entry, uint256 ip) private pure {
        unchecked {
            uint256 count = entry.interactions();
            w.numerator = 0;
            w.denominator = 0;
            if (count == 0) return;
            uint256 unit = entry.logHeight();
            if (unit < w.skip) unit = w.skip;
            w.counter -= count << unit;
            uint256 b = w.counter >> unit;
            uint256 level = w.skip + w.logup - unit;
            (uint256 partials, uint256 xi, uint256 complement) = _bits(w, unit, level);
            uint256[3] memory powers = w.beta;
            _begin(partials, xi, complement, b, level);
            for (uint256 end = b + count;;) {
                ip = _interaction(w, powers, partials, ip);
                if (++b == end) break;
                _next(partials, complement, b);
            }
            w.numerator = w.numerator.reduce();
            w.denominator = w.denominator.reduce();
        }
    }

    /// @dev One interaction, with the weight in memory at `partials`: the slot of its count, its bus, and its message.
    function _interaction(Work memory w, uint256[3] memory powers, uint256 partials, uint256 ip)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 value;
            assembly {
                value := mload(ip)
            }
            uint256 length = (value >> 200) & 0xff;
            uint256 sum;
            (sum, ip) = Program.horner(ip + 7, length, powers, (value >> 208) & 0xffffffff);
            assembly {
                let weight := mload(partials)
                value := mload(shr(240, value))
                let t := mulmod(weight, and(value, M26), N)
                t := add(mulmod(weight, and(shr(26, value), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                mstore(w, add(mload(w), shr(26, sub(add(t, PS26), mul(and(t, M26), P)))))
                t := mulmod(weight, and(sum, M26), N)
                t := add(mulmod(weight, and(shr(26, sum), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                let denominator := add(w, 0x20)
                mstore(denominator, add(mload(denominator), shr(26, sub(add(t, PS26), mul(and(t, M26), P)))))
            }
            return ip;
        }
    }

    /// @dev Where the partial products, the coordinates of xi for the counter's bits and their complements are in memory.
    /// The product over no bits, at `top`, is set to one.
    function _bits(Work memory w, uint256 unit, uint256 top)
        private
        pure
        returns (uint256 partials, uint256 xi, uint256 complement)
    {
        uint256[] memory a = w.partials;
        uint256[] memory b = w.xi;
        uint256[] memory c = w.complement;
        assembly {
            partials := add(a, 0x20)
            mstore(add(partials, shl(5, top)), ONE)
            xi := add(b, shl(5, add(unit, 1)))
            complement := add(c, shl(5, add(unit, 1)))
        }
    }

    /// @dev The partial products over bits of `b` from `level` - 1 down to 0, canonical.
    function _begin(uint256 partials, uint256 xi, uint256 complement, uint256 b, uint256 level) private pure {
        unchecked {
            uint256 product = ONE;
            while (level != 0) {
                --level;
                uint256 factor;
                assembly {
                    factor := complement
                    if and(shr(level, b), 1) { factor := xi }
                    factor := mload(add(factor, shl(5, level)))
                }
                product = product.mul(factor).canonical();
                assembly {
                    mstore(add(partials, shl(5, level)), product)
                }
            }
        }
    }

    /// @dev The partial products when the counter has become `b`: its lowest one was zero, and the bits below were ones.
    /// What a product has more with a zero it has less with a one.
    function _next(uint256 partials, uint256 complement, uint256 b) private pure {
        assembly {
            let level := 0
            for {} iszero(and(shr(level, b), 1)) {} { level := add(level, 1) }
            let place := add(partials, shl(5, level))
            let product := sub(add(mload(add(place, 0x20)), PS), mload(place))
            product := sub(product, mul(and(shr(32, add(product, GAP)), ONES), P))
            mstore(place, product)
            for {} gt(place, partials) {} {
                place := sub(place, 0x20)
                let factor := mload(add(complement, sub(place, partials)))
                let t := mulmod(product, and(factor, M26), N)
                t := add(mulmod(product, and(shr(26, factor), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                product := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                product := sub(product, mul(and(shr(32, add(product, GAP)), ONES), P))
                mstore(place, product)
            }
        }
    }

    function _powers(uint256 x) private pure returns (uint256[3] memory) {
        uint256 square = x.mul(x);
        return [x, square, square.mul(x)];
    }

    function _power(uint256 x, uint256 n) private pure returns (uint256 y) {
        unchecked {
            y = ONE;
            for (; n != 0; n >>= 1) {
                if (n & 1 != 0) y = y.mul(x);
                x = x.mul(x);
            }
        }
    }
}
