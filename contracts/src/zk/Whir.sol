// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Domain} from "./Domain.sol";
import {EVEN, Ext4, GAP, HIGH, LOW32, M26, M38, N, NotCanonical, ONE, P, PS, PS26} from "./Ext4.sol";
import {Reader} from "./Gkr.sol";
import {MerkleOpenings} from "./MerkleOpenings.sol";
import {StarkKey} from "./StarkKey.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";

/// @title WHIR: the committed columns are close to polynomials with the claimed openings (docs/stark.md, section 6, steps
/// 2 and 3).
library Whir {
    using Ext4 for uint256;
    using StarkKey for uint256;
    using Transcript for uint256;

    /// @dev In memory, as none of it would fit on the stack.
    struct Work {
        uint256 head;
        uint256 t;
        uint256 pos;
        uint256 folding;
        uint256 width;
        uint256 claim;
        // Powers of mu, to a multiple of eight of them, those behind the last column zero.
        uint256[] mus;
        // All folding challenges; of each round the out-of-domain point, gamma, and the first of its queries.
        uint256[] alphas;
        uint256[] outside;
        uint256[] gammas;
        uint256[] starts;
        // All queries: indices, then the points that they fold to, as plain numbers.
        uint256[] points;
        uint256[] finals;
        // Powers of the generator of the first codeword's domain and of its inverse, plain: 64 for each six bits of the
        // exponent.
        uint256[] powers;
        uint256[] inverses;
        uint256 top;
        // Encoded: inverse powers of the generator of order 2^folding.
        uint256[] twists;
        // Per round: eq of its challenges with (z, z^2, z^4, ...), as a polynomial in z.
        uint256[] weights;
        // Rows and hashes of one query; leaves of a round.
        uint256 buffer;
        uint256 nodes;
        // The values of one query's rows.
        uint256[] values;
        // Of the current round: its number, log2 of the codeword's length, its root, bytes of a row.
        uint256 round;
        uint256 log;
        bytes32 root;
        uint256 row;
        uint256 bad;
    }

    /// @dev Bits of an exponent that are looked up at once.
    uint256 private constant WINDOW = 6;

    /// @notice Too little work before the columns are batched.
    error TooLittleBatchingWork();
    /// @notice Too little work in a round of folding.
    error TooLittleFoldingWork(uint256 round);
    /// @notice Too little work before the queries of a round.
    error TooLittleQueryWork(uint256 round);
    /// @notice Queries are not listed by their indices.
    error WrongOrder(uint256 round);
    /// @notice Rows of the queries are not in the codeword.
    error WrongMerkleRoot(uint256 round);
    /// @notice The final polynomial is not what all rounds leave.
    error WrongFinalPolynomial();

    /// @notice Reads and checks the proof that columns under `commitment` open at `u` to the elements at `openings` in the
    /// calldata.
    function verify(Reader memory reader, bytes32 commitment, uint256[] memory u, uint256 openings) internal pure {
        unchecked {
            Work memory w;
            w.head = reader.head;
            w.t = reader.transcript;
            w.pos = reader.pos;
            w.root = commitment;
            _begin(w, openings);
            uint256 rounds = w.head.byteAt(StarkKey.ROUNDS);
            for (uint256 i = 0; i < rounds; ++i) {
                _round(w, i, i + 1 == rounds);
            }
            if (!w.claim.equal(_final(w, u))) revert WrongFinalPolynomial();
            reader.pos = w.pos;
        }
    }

    /// @dev Batches the columns, and makes the tables.
    function _begin(Work memory w, uint256 openings) private pure {
        unchecked {
            if (!w.t.proved(w.pos, w.head.byteAt(StarkKey.MU_WORK))) revert TooLittleBatchingWork();
            w.pos += 4;
            uint256 mu = w.t.sample();
            uint256 width = w.head.pairAt(StarkKey.WIDTH);
            w.width = width;
            w.claim = Sumcheck.horner(openings, width, mu).tighten();
            w.mus = new uint256[]((width + 7) & ~uint256(7));
            uint256 power = ONE;
            for (uint256 i = 0; i < width; ++i) {
                w.mus[i] = power;
                power = power.mul(mu).canonical();
            }
            uint256 folding = w.head.byteAt(StarkKey.FOLDING);
            w.folding = folding;
            w.row = 4 * width;
            w.log =
                w.head.byteAt(StarkKey.L_SKIP) + w.head.byteAt(StarkKey.N_STACK) + w.head.byteAt(StarkKey.LOG_BLOWUP);
            _tables(w, folding);
            uint256 rounds = w.head.byteAt(StarkKey.ROUNDS);
            w.alphas = new uint256[](folding * rounds);
            w.outside = new uint256[](rounds);
            w.gammas = new uint256[](rounds);
            w.starts = new uint256[](rounds + 1);
            for (uint256 i = 0; i < rounds; ++i) {
                w.starts[i + 1] = w.starts[i] + w.head.queries(i);
            }
            w.points = new uint256[](w.starts[rounds]);
            w.nodes = _allocate(64 * w.starts[rounds] + 32);
            w.finals = new uint256[](1 << w.head.byteAt(StarkKey.LOG_FINAL));
        }
    }

    function _tables(Work memory w, uint256 folding) private pure {
        unchecked {
            w.top = w.log;
            uint256 windows = (w.log - folding + WINDOW - 1) / WINDOW;
            w.powers = _powers(Domain.generator(w.log), windows);
            w.inverses = _powers(Domain.inverse(w.log), windows);
            uint256 count = 1 << folding;
            w.values = new uint256[](count);
            w.twists = new uint256[](count);
            uint256 g = ONE;
            uint256 step = Domain.inverse(folding);
            for (uint256 i = 0; i < count; ++i) {
                w.twists[i] = g;
                g = mulmod(g, step, P);
            }
            uint256 row = w.row > 16 ? w.row : 16;
            w.buffer = _allocate((row + 32) * count);
        }
    }

    function _allocate(uint256 size) private pure returns (uint256 pos) {
        bytes memory buffer = new bytes(size);
        assembly ("memory-safe") {
            pos := add(buffer, 0x20)
        }
    }

    /// @dev g to the powers 0..63, and those of g^64, g^4096, ....
    function _powers(uint256 g, uint256 windows) private pure returns (uint256[] memory table) {
        table = new uint256[](windows << WINDOW);
        assembly ("memory-safe") {
            let to := add(table, 0x20)
            for {} windows { windows := sub(windows, 1) } {
                let power := 1
                for { let end := add(to, shl(add(WINDOW, 5), 1)) } lt(to, end) { to := add(to, 0x20) } {
                    mstore(to, power)
                    power := mulmod(power, g, P)
                }
                g := power
            }
        }
    }

    /// @dev One round: foldings, the next codeword or the final polynomial, queries.
    function _round(Work memory w, uint256 i, bool last) private pure {
        unchecked {
            uint256 t = w.t;
            _folds(w, i);
            bytes32 next;
            uint256 y0;
            if (last) {
                _readFinal(w);
            } else {
                uint256 pos = w.pos;
                assembly ("memory-safe") {
                    next := calldataload(pos)
                }
                t.absorb(pos, 32);
                w.outside[i] = t.sample();
                t.absorb(pos + 32, 16);
                y0 = Ext4.load(pos + 32);
                w.pos = pos + 48;
            }
            if (!t.proved(w.pos, w.head.byteAt(StarkKey.QUERY_WORK))) revert TooLittleQueryWork(i);
            w.pos += 4;
            uint256[] memory values = _queries(w, i);
            uint256 gamma = t.sample();
            w.gammas[i] = gamma;
            // Folding doubles instead of halving: 2^-folding goes into gamma's powers.
            uint256 sum = w.claim + gamma.mul(y0);
            uint256 power = gamma.mul(gamma).mulBase(Domain.inversePower(w.folding));
            for (uint256 q = 0; q < values.length; ++q) {
                sum += power.mul(values[q]);
                power = power.mul(gamma);
            }
            w.claim = sum.reduce();
            w.root = next;
            w.row = 16;
            --w.log;
        }
    }

    function _folds(Work memory w, uint256 i) private pure {
        unchecked {
            uint256 t = w.t;
            uint256 pos = w.pos;
            uint256 claim = w.claim;
            uint256 work = w.head.byteAt(StarkKey.FOLDING_WORK);
            uint256 end = (i + 1) * w.folding;
            for (uint256 j = i * w.folding; j < end; ++j) {
                t.absorb(pos, 32);
                if (!t.proved(pos + 32, work)) revert TooLittleFoldingWork(j);
                uint256 alpha = t.sample();
                w.alphas[j] = alpha;
                claim = Sumcheck.quadratic(claim, pos, alpha);
                pos += 36;
            }
            w.claim = claim;
            w.pos = pos;
        }
    }

    function _readFinal(Work memory w) private pure {
        unchecked {
            uint256 count = w.finals.length;
            w.t.absorb(w.pos, 16 * count);
            for (uint256 i = 0; i < count; ++i) {
                w.finals[i] = Ext4.load(w.pos + 16 * i);
            }
            w.pos += 16 * count;
        }
    }

    /// @dev All queries of a round: the values that they fold to, times 2^folding. Rows are opened by ascending index, and
    /// once where indices are equal.
    function _queries(Work memory w, uint256 i) private pure returns (uint256[] memory values) {
        unchecked {
            uint256 start = w.starts[i];
            uint256 count = w.starts[i + 1] - start;
            uint256 depth = w.log - w.folding;
            for (uint256 q = 0; q < count; ++q) {
                w.points[start + q] = w.t.index(depth);
            }
            values = new uint256[](count);
            w.round = i;
            uint256 leaves = _openings(w, start, values);
            (bytes32 root, uint256 end) = MerkleOpenings.root(w.nodes, leaves, depth, w.pos);
            if (root != w.root) revert WrongMerkleRoot(i);
            if (w.bad != 0) revert NotCanonical();
            w.pos = end;
        }
    }

    /// @dev The rows, in the order that the proof states: by index, equal ones by number. Points take the indices' places.
    /// @return leaves How many leaves there are at `nodes`.
    function _openings(Work memory w, uint256 start, uint256[] memory values) private pure returns (uint256 leaves) {
        unchecked {
            uint256 order = w.pos;
            w.pos = order + values.length;
            uint256 previous = type(uint256).max;
            uint256 before;
            for (uint256 j = 0; j < values.length; ++j) {
                uint256 q;
                assembly ("memory-safe") {
                    q := byte(0, calldataload(add(order, j)))
                }
                if (q >= values.length) revert WrongOrder(w.round);
                uint256 index = w.points[start + q];
                if (index == previous && q > before) {
                    values[q] = values[before];
                } else {
                    if (j != 0 && index <= previous) revert WrongOrder(w.round);
                    values[q] = _open(w, index, w.nodes + 64 * leaves);
                    ++leaves;
                }
                previous = index;
                before = q;
            }
            // Only now, as indices are compared above.
            for (uint256 q = 0; q < values.length; ++q) {
                w.points[start + q] = _folded(w, w.points[start + q]);
            }
        }
    }

    /// @dev The rows of one leaf, which is put in memory at `node`, and the value that they fold to.
    function _open(Work memory w, uint256 index, uint256 node) private pure returns (uint256) {
        unchecked {
            uint256 pos = w.pos;
            bytes32 digest = MerkleOpenings.leaf(pos, w.row, w.folding, w.buffer);
            assembly ("memory-safe") {
                mstore(node, index)
                mstore(add(node, 0x20), digest)
            }
            if (w.round == 0) _batchRows(w, pos);
            else _loadRows(w, pos);
            w.pos = pos + (w.row << w.folding);
            return _fold(w, w.round * w.folding, _lookUp(w.inverses, index << (w.top - w.log)));
        }
    }

    /// @dev The point that the query's coset folds to: that of its first row to the power 2^folding.
    function _folded(Work memory w, uint256 index) private pure returns (uint256 z) {
        unchecked {
            z = _lookUp(w.powers, index << (w.top - w.log));
            uint256 folding = w.folding;
            assembly ("memory-safe") {
                for {} folding { folding := sub(folding, 1) } { z := mulmod(z, z, P) }
            }
        }
    }

    /// @dev The power that `table` is of, to the power `exponent`.
    function _lookUp(uint256[] memory table, uint256 exponent) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            x := 1
            table := add(table, 0x20)
            for {} exponent { exponent := shr(WINDOW, exponent) } {
                x := mulmod(x, mload(add(table, shl(5, and(exponent, sub(shl(WINDOW, 1), 1))))), P)
                table := add(table, shl(add(WINDOW, 5), 1))
            }
        }
    }

    /// @dev The rows' values: elements of the extension.
    function _loadRows(Work memory w, uint256 pos) private pure {
        uint256[] memory values = w.values;
        uint256 bad = w.bad;
        assembly ("memory-safe") {
            let to := add(values, 0x20)
            for { let end := add(to, shl(5, mload(values))) } lt(to, end) { to := add(to, 0x20) } {
                let v := shr(128, calldataload(pos))
                v := and(or(v, shl(64, v)), EVEN)
                v := and(or(v, shl(32, v)), LOW32)
                bad := or(bad, and(add(v, GAP), HIGH))
                mstore(to, v)
                pos := add(pos, 0x10)
            }
        }
        w.bad = bad;
    }

    /// @dev The rows' values: sums of their base elements times powers of mu. Eight elements lie in a word, the first
    /// lowest; four products of canonical ones fit in a lane.
    function _batchRows(Work memory w, uint256 pos) private pure {
        uint256[] memory mus = w.mus;
        uint256[] memory values = w.values;
        uint256 row = w.row;
        uint256 bad;
        assembly ("memory-safe") {
            let to := add(values, 0x20)
            for { let end := add(to, shl(5, mload(values))) } lt(to, end) { to := add(to, 0x20) } {
                let sum := 0
                let mu := add(mus, 0x20)
                let next := add(pos, row)
                for { let left := row } left {} {
                    let e := calldataload(sub(add(pos, left), 0x20))
                    let upper := gt(left, 0x10)
                    switch lt(left, 0x20)
                    case 0 { left := sub(left, 0x20) }
                    default {
                        e := and(e, sub(shl(shl(3, left), 1), 1))
                        left := 0
                    }
                    bad := or(bad, or(add(and(e, LOW32), GAP), add(and(shr(32, e), LOW32), GAP)))
                    {
                        let s := mul(mload(mu), and(e, 0xffffffff))
                        s := add(s, mul(mload(add(mu, 0x20)), and(shr(32, e), 0xffffffff)))
                        s := add(s, mul(mload(add(mu, 0x40)), and(shr(64, e), 0xffffffff)))
                        s := add(s, mul(mload(add(mu, 0x60)), and(shr(96, e), 0xffffffff)))
                        sum := add(sum, shr(26, sub(add(s, PS26), mul(and(s, M26), P))))
                    }
                    if upper {
                        let s := mul(mload(add(mu, 0x80)), and(shr(128, e), 0xffffffff))
                        s := add(s, mul(mload(add(mu, 0xa0)), and(shr(160, e), 0xffffffff)))
                        s := add(s, mul(mload(add(mu, 0xc0)), and(shr(192, e), 0xffffffff)))
                        s := add(s, mul(mload(add(mu, 0xe0)), shr(224, e)))
                        sum := add(sum, shr(26, sub(add(s, PS26), mul(and(s, M26), P))))
                    }
                    mu := add(mu, 0x100)
                }
                mstore(to, shr(26, sub(add(sum, PS26), mul(and(sum, M26), P))))
                pos := next
            }
            bad := and(bad, HIGH)
        }
        w.bad |= bad;
    }

    /// @dev Folds the values by the round's challenges: 2^folding times the result, lazy. From (v, v') at +-t it makes
    /// (v + v') + (alpha / t)(v - v'), twice what is wanted.
    function _fold(Work memory w, uint256 first, uint256 inverse) private pure returns (uint256 y) {
        unchecked {
            uint256[] memory values = w.values;
            uint256[] memory twists = w.twists;
            uint256 half = values.length << 4;
            uint256 level = 1;
            for (uint256 j = 0; half >= 32; ++j) {
                uint256 alpha = w.alphas[first + j].mulBase(mulmod(inverse, ONE, P));
                inverse = mulmod(inverse, inverse, P);
                // Values are below 2^level p.
                _butterflies(values, half, twists, j, alpha, PS << level);
                ++level;
                if (level == 5) {
                    for (uint256 i = 0; i < half >> 5; ++i) {
                        values[i] = values[i].tighten();
                    }
                    level = 1;
                }
                half >>= 1;
            }
            return values[0];
        }
    }

    /// @dev One level of folding: `half` is the bytes of half of the values, which are at most `multiple`, of p.
    function _butterflies(
        uint256[] memory values,
        uint256 half,
        uint256[] memory twists,
        uint256 level,
        uint256 alpha,
        uint256 multiple
    ) private pure {
        assembly ("memory-safe") {
            let p := add(values, 0x20)
            twists := add(twists, 0x20)
            let stride := shl(level, 0x20)
            let twist := alpha
            for { let end := add(p, half) } 1 {} {
                let a := mload(p)
                let b := mload(add(p, half))
                let difference := sub(add(a, multiple), b)
                let t := mulmod(twist, and(difference, M26), N)
                t := add(
                    mulmod(twist, and(shr(26, difference), M38), N),
                    shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                )
                mstore(p, add(add(a, b), shr(26, sub(add(t, PS26), mul(and(t, M26), P)))))
                p := add(p, 0x20)
                if eq(p, end) { break }
                twists := add(twists, stride)
                twist := mul(alpha, mload(twists))
                twist := shr(26, sub(add(twist, PS26), mul(and(twist, M26), P)))
                twist := shr(26, sub(add(twist, PS26), mul(and(twist, M26), P)))
            }
        }
    }

    /// @dev Section 6, step 3: what the final claim must be.
    function _final(Work memory w, uint256[] memory u) private pure returns (uint256 sum) {
        unchecked {
            sum = _weights(w, u);
            _polynomials(w);
            uint256 folding = w.folding;
            uint256 rounds = w.gammas.length;
            for (uint256 i = 0; i < rounds; ++i) {
                uint256 gamma = w.gammas[i];
                if (i + 1 != rounds) {
                    (uint256 e, uint256 z) = _outside(w, (i + 1) * folding, w.outside[i]);
                    sum += gamma.mul(e).mul(_horner(w.finals, z));
                }
                sum += _inside(w, i, gamma);
            }
            return sum.reduce();
        }
    }

    /// @dev The sum over the queries of round `i` of powers of gamma, eq of the later challenges with the query's powers,
    /// and the final polynomial there.
    function _inside(Work memory w, uint256 i, uint256 gamma) private pure returns (uint256 sum) {
        unchecked {
            uint256 size = 32 << w.folding;
            (uint256 from, uint256 end) = _data(w.weights);
            from += (i + 1) * size;
            (uint256 finals, uint256 finalsEnd) = _data(w.finals);
            (uint256 point,) = _data(w.points);
            uint256 last = point + 32 * w.starts[i + 1];
            point += 32 * w.starts[i];
            uint256 power = gamma.mul(gamma);
            for (; point < last; point += 32) {
                uint256 z;
                assembly ("memory-safe") {
                    z := mload(point)
                }
                uint256 term = power;
                for (uint256 p = from; p < end; p += size) {
                    term = term.mul(_evaluate(p, p + size, z));
                    assembly ("memory-safe") {
                        for { let k := size } gt(k, 0x20) { k := shr(1, k) } { z := mulmod(z, z, P) }
                    }
                }
                sum += term.mul(_evaluate(finals, finalsEnd, z));
                power = power.mul(gamma);
            }
        }
    }

    /// @dev Where an array's elements begin and end.
    function _data(uint256[] memory array) private pure returns (uint256 from, uint256 end) {
        assembly ("memory-safe") {
            from := add(array, 0x20)
            end := add(from, shl(5, mload(array)))
        }
    }

    /// @dev Per round, from the second on: the product over its challenges a_j of (1 - a_j) + (2 a_j - 1) z^(2^j).
    function _polynomials(Work memory w) private pure {
        unchecked {
            uint256 folding = w.folding;
            uint256 rounds = w.gammas.length;
            w.weights = new uint256[](rounds << folding);
            for (uint256 i = 1; i < rounds; ++i) {
                uint256 start = i << folding;
                w.weights[start] = ONE;
                for (uint256 j = 0; j < folding; ++j) {
                    uint256 a = w.alphas[i * folding + j];
                    for (uint256 m = 0; m < 1 << j; ++m) {
                        uint256 low = w.weights[start + m];
                        w.weights[start + m] = low.mul(ONE + (PS << 1) - a).canonical();
                        w.weights[start + m + (1 << j)] = low.mul((a << 1) + PS - ONE).canonical();
                    }
                }
            }
        }
    }

    /// @dev The part of the columns' point: M F. Its coordinates are u_0, its squares up to 2^(skip-1), and the others.
    function _weights(Work memory w, uint256[] memory u) private pure returns (uint256) {
        unchecked {
            uint256 skip = w.head.byteAt(StarkKey.L_SKIP);
            uint256 count = skip + u.length - 1;
            uint256[] memory point = new uint256[](count);
            uint256 x = u[0];
            for (uint256 i = 0; i < skip; ++i) {
                point[i] = x;
                x = x.mul(x);
            }
            for (uint256 i = skip; i < count; ++i) {
                point[i] = u[i - skip + 1];
            }
            uint256 product = ONE;
            uint256 folds = w.alphas.length;
            for (uint256 i = 0; i < folds; ++i) {
                uint256 a = w.alphas[i];
                // (1 - 2x)(1 - a) + xa
                product = product.mul(ONE + (PS << 2) + 3 * point[i].mul(a) - a - (point[i] << 1));
            }
            uint256[] memory table = new uint256[](w.finals.length);
            for (uint256 i = 0; i < table.length; ++i) {
                table[i] = w.finals[i];
            }
            uint256 half = table.length >> 1;
            for (uint256 j = count; half != 0; half >>= 1) {
                x = point[--j];
                for (uint256 i = 0; i < half; ++i) {
                    table[i] = (table[i] + x.mul(table[i + half].sub(table[i]))).tighten();
                }
            }
            return product.mul(table[0]);
        }
    }

    /// @dev For a point of the extension: eq of the challenges from `from` on with its powers z, z^2, z^4, ..., and the
    /// power after the last.
    function _outside(Work memory w, uint256 from, uint256 z) private pure returns (uint256 e, uint256) {
        unchecked {
            e = ONE;
            for (uint256 i = from; i < w.alphas.length; ++i) {
                e = e.mul(Sumcheck.eq(w.alphas[i], z));
                z = z.mul(z);
            }
            return (e, z);
        }
    }

    /// @dev The final polynomial at a point of the extension.
    function _horner(uint256[] memory finals, uint256 z) private pure returns (uint256 y) {
        unchecked {
            for (uint256 i = finals.length; i > 0; --i) {
                y = y.mul(z) + finals[i - 1];
            }
            return y.tighten();
        }
    }

    /// @dev The polynomial with canonical coefficients in memory from `from` to `end` at `z` of the base field, a plain
    /// number. Four products of canonical elements fit in a lane.
    function _evaluate(uint256 from, uint256 end, uint256 z) private pure returns (uint256 y) {
        assembly ("memory-safe") {
            let power := ONE
            for {} lt(add(from, 0x60), end) { from := add(from, 0x80) } {
                let s := mul(mload(from), power)
                power := mulmod(power, z, P)
                s := add(s, mul(mload(add(from, 0x20)), power))
                power := mulmod(power, z, P)
                s := add(s, mul(mload(add(from, 0x40)), power))
                power := mulmod(power, z, P)
                s := add(s, mul(mload(add(from, 0x60)), power))
                power := mulmod(power, z, P)
                y := add(y, shr(26, sub(add(s, PS26), mul(and(s, M26), P))))
            }
            for {} lt(from, end) { from := add(from, 0x20) } {
                let s := mul(mload(from), power)
                power := mulmod(power, z, P)
                y := add(y, shr(26, sub(add(s, PS26), mul(and(s, M26), P))))
            }
            y := shr(26, sub(add(y, PS26), mul(and(y, M26), P)))
        }
    }
}
