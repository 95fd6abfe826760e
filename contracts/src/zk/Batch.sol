// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4} from "./Ext4.sol";
import {LogUp, Reader} from "./Gkr.sol";
import {StarkKey} from "./StarkKey.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";

/// @notice Where the batched sumcheck of all constraints and interactions ends.
struct Batch {
    uint256 lambda;
    uint256 mu;
    /// What the summed polynomial is claimed to be at the point `r`.
    uint256 claim;
    uint256[] r;
}

/// @title One sumcheck for the constraints and the interactions of all traces (docs/stark.md, section 5, steps 2 and 3).
library Batches {
    using Ext4 for uint256;
    using StarkKey for uint256;
    using Transcript for uint256;

    /// @notice The traces' numerators do not add up to what GKR leaves.
    error WrongNumerators();
    /// @notice Nor do their denominators.
    error WrongDenominators();
    /// @notice The univariate round does not add up to the claim.
    error WrongUnivariateSum();

    /// @notice Reads and checks the sumcheck.
    function verify(Reader memory reader, LogUp memory logUp) internal pure returns (Batch memory out) {
        unchecked {
            uint256 head = reader.head;
            uint256 t = reader.transcript;
            uint256 pos = reader.pos;
            out.lambda = t.sample();
            uint256 traces = head.pairAt(StarkKey.TRACES);
            _sums(logUp, pos, traces);
            t.absorb(pos, 32 * traces);
            out.mu = t.sample();
            out.claim = Sumcheck.horner(pos, 2 * traces, out.mu);
            pos += 32 * traces;
            uint256 rounds = head.byteAt(StarkKey.N_MAX);
            out.r = new uint256[](rounds + 1);
            pos = _univariate(out, head, t, pos);
            uint256 degree = head.byteAt(StarkKey.DEGREE) + 1;
            for (uint256 i = 1; i <= rounds; ++i) {
                t.absorb(pos, 16 * degree);
                uint256 r = t.sample();
                out.claim = Sumcheck.interpolate(out.claim, pos, degree, r);
                out.r[i] = r;
                pos += 16 * degree;
            }
            reader.pos = pos;
        }
    }

    /// @dev The numerators and denominators at `pos` against GKR's last claim.
    function _sums(LogUp memory logUp, uint256 pos, uint256 traces) private pure {
        unchecked {
            uint256 numerators = 0;
            uint256 denominators = logUp.alpha;
            for (uint256 end = pos + 32 * traces; pos < end; pos += 32) {
                numerators += Ext4.load(pos);
                denominators += Ext4.load(pos + 16);
            }
            if (!logUp.numerator.equal(numerators.reduce())) revert WrongNumerators();
            if (!logUp.denominator.equal(denominators.reduce())) revert WrongDenominators();
        }
    }

    function _univariate(Batch memory out, uint256 head, uint256 t, uint256 pos) private pure returns (uint256) {
        unchecked {
            uint256 log = head.byteAt(StarkKey.L_SKIP);
            uint256 coefficients = (head.byteAt(StarkKey.DEGREE) + 1) * ((1 << log) - 1) + 1;
            t.absorb(pos, 16 * coefficients);
            uint256 r = t.sample();
            if (!out.claim.equal(Sumcheck.domainSum(pos, coefficients, log))) revert WrongUnivariateSum();
            out.claim = Sumcheck.horner(pos, coefficients, r).tighten();
            out.r[0] = r;
            return pos + 16 * coefficients;
        }
    }

    /// @notice Absorbs the openings of all columns, each with its rotation, or zero where there is none.
    /// @return end The first byte behind them.
    /// @return counter Where the interactions' counter ends.
    function absorbOpenings(Reader memory reader) internal pure returns (uint256 end, uint256 counter) {
        unchecked {
            uint256 head = reader.head;
            uint256 t = reader.transcript;
            uint256 traces = head.pairAt(StarkKey.TRACES);
            uint256 log = head.byteAt(StarkKey.L_SKIP);
            end = reader.pos;
            for (uint256 i = 0; i < traces; ++i) {
                uint256 entry = head.trace(i);
                uint256 columns = entry.columns();
                if (entry.rotates()) {
                    t.absorb(end, 32 * columns);
                    end += 32 * columns;
                } else {
                    t.absorbPadded(end, columns);
                    end += 16 * columns;
                }
                uint256 height = entry.logHeight();
                counter += entry.interactions() << (height > log ? height : log);
            }
        }
    }
}
