// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4, ONE} from "./Ext4.sol";
import {StarkKey} from "./StarkKey.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";

/// @notice A proof that is being read: the key's head and the transcript in memory, and the next byte in the calldata.
struct Reader {
    uint256 head;
    uint256 transcript;
    uint256 pos;
}

/// @notice What the interactions of all traces come down to.
struct LogUp {
    uint256 alpha;
    uint256 beta;
    /// The claimed sum of all fractions at the point `xi`, numerator and denominator.
    uint256 numerator;
    uint256 denominator;
    uint256[] xi;
}

/// @title The sum of all interactions' fractions is zero: a GKR protocol over the tree of their sums (docs/stark.md,
/// section 5, step 1).
library Gkr {
    using Ext4 for uint256;
    using StarkKey for uint256;
    using Transcript for uint256;

    /// @dev Bytes of a layer, and of a sumcheck round's three evaluations.
    uint256 private constant LAYER = 64;
    uint256 private constant ROUND = 48;

    /// @notice The witness of work before the interactions' challenges shows too little of it.
    error TooLittleLogUpWork();
    /// @notice The fractions' sum is not zero.
    error SumNotZero();
    /// @notice The root's denominator is not that of the layer below it.
    error WrongRootDenominator();
    /// @notice The sumcheck of layer `layer` ends in a value that the layer's claims do not have.
    error WrongLayer(uint256 layer);

    /// @notice Reads and checks the protocol.
    function verify(Reader memory reader) internal pure returns (LogUp memory out) {
        uint256 head = reader.head;
        uint256 t = reader.transcript;
        uint256 pos = reader.pos;
        if (!t.proved(pos, head.byteAt(StarkKey.LOGUP_WORK))) revert TooLittleLogUpWork();
        out.alpha = t.sample();
        out.beta = t.sample();
        pos += 4;
        uint256 rounds = head.byteAt(StarkKey.GKR_ROUNDS);
        uint256 global = head.byteAt(StarkKey.N_MAX);
        if (head.byteAt(StarkKey.N_LOGUP) > global) global = head.byteAt(StarkKey.N_LOGUP);
        global += head.byteAt(StarkKey.L_SKIP);
        out.xi = new uint256[](global);
        uint256 root = Ext4.load(pos);
        t.absorb(pos, 16);
        reader.pos = _layers(out, t, pos + 16, rounds, root);
        for (uint256 i = rounds; i < global; ++i) {
            out.xi[i] = t.sample();
        }
    }

    /// @dev From the root down. The point's first coordinate is the one that chose between the two halves.
    function _layers(LogUp memory out, uint256 t, uint256 pos, uint256 rounds, uint256 root)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256[] memory xi = out.xi;
            uint256 n = 0;
            uint256 d = 0;
            for (uint256 j = 0; j < rounds; ++j) {
                uint256 lambda = 0;
                uint256 claim = 0;
                uint256 weight = ONE;
                if (j != 0) {
                    lambda = t.sample();
                    claim = lambda.mul(d) + n;
                    (pos, claim, weight) = _sumcheck(xi, t, pos, j, claim.tighten());
                }
                _check(pos, j, lambda, claim, j == 0 ? root : weight);
                t.absorb(pos, LAYER);
                uint256 mu = t.sample();
                xi[0] = mu;
                (n, d) = _next(pos, mu);
                pos += LAYER;
            }
            out.numerator = n;
            out.denominator = d;
            return pos;
        }
    }

    /// @dev A layer's claims p0, q0, p1, q1 at `pos` against what is claimed of it. For the root `weight` is its
    /// denominator.
    function _check(uint256 pos, uint256 j, uint256 lambda, uint256 claim, uint256 weight) private pure {
        unchecked {
            uint256 p0 = Ext4.load(pos);
            uint256 q0 = Ext4.load(pos + 16);
            uint256 p1 = Ext4.load(pos + 32);
            uint256 q1 = Ext4.load(pos + 48);
            uint256 cross = p0.mul(q1) + p1.mul(q0);
            uint256 product = q0.mul(q1);
            if (j == 0) {
                if (!cross.equal(0)) revert SumNotZero();
                if (!product.equal(weight)) revert WrongRootDenominator();
            } else {
                if (!(cross + product.mul(lambda)).mul(weight).equal(claim)) revert WrongLayer(j);
            }
        }
    }

    /// @dev The layer's two multilinear claims at `mu`: lazy, below 4p.
    function _next(uint256 pos, uint256 mu) private pure returns (uint256 n, uint256 d) {
        unchecked {
            n = Ext4.load(pos);
            n += mu.mul(Ext4.load(pos + 32).sub(n));
            d = Ext4.load(pos + 16);
            d += mu.mul(Ext4.load(pos + 48).sub(d));
        }
    }

    /// @dev The `j` rounds of a layer. In `xi` the old point is replaced by the new one, from place 1 on; `weight` is the
    /// product of eq over both.
    function _sumcheck(uint256[] memory xi, uint256 t, uint256 pos, uint256 j, uint256 claim)
        private
        pure
        returns (uint256, uint256, uint256 weight)
    {
        unchecked {
            weight = ONE;
            uint256 old = xi[0];
            for (uint256 i = 0; i < j; ++i) {
                t.absorb(pos, ROUND);
                uint256 r = t.sample();
                claim = Sumcheck.cubic(claim, pos, r);
                weight = weight.mul(Sumcheck.eq(old, r));
                old = xi[i + 1];
                xi[i + 1] = r;
                pos += ROUND;
            }
            return (pos, claim, weight);
        }
    }
}
