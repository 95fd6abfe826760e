// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4, NotCanonical, ONE, P} from "../../src/zk/Ext4.sol";
import {Sumcheck} from "../../src/zk/Sumcheck.sol";
import {Domain} from "../../src/zk/Domain.sol";
import {Test} from "../base/Test.sol";
import {NaiveField} from "./NaiveField.sol";

/// @notice The packed arithmetic for a caller, on the calldata where it reads from there.
contract Ext4Calls {
    function load(bytes calldata data) external pure returns (uint256) {
        return Ext4.load(_at(data));
    }

    function quadratic(uint256 claim, bytes calldata data, uint256 x) external pure returns (uint256) {
        return Sumcheck.quadratic(claim, _at(data), x);
    }

    function cubic(uint256 claim, bytes calldata data, uint256 x) external pure returns (uint256) {
        return Sumcheck.cubic(claim, _at(data), x);
    }

    function interpolate(uint256 claim, bytes calldata data, uint256 degree, uint256 x)
        external
        pure
        returns (uint256)
    {
        return Sumcheck.interpolate(claim, _at(data), degree, x);
    }

    function horner(bytes calldata data, uint256 x) external pure returns (uint256) {
        return Sumcheck.horner(_at(data), data.length / 16, x);
    }

    /// @dev Gas of `n` dependent multiplications, through the library.
    function multiplications(uint256 a, uint256 b, uint256 n) external view returns (uint256 r, uint256 cost) {
        r = a;
        cost = gasleft();
        for (uint256 i = 0; i < n;) {
            r = Ext4.mul(r, b);
            unchecked {
                ++i;
            }
        }
        cost -= gasleft();
    }

    function _at(bytes calldata data) private pure returns (uint256 pos) {
        assembly {
            pos := data.offset
        }
    }
}

/// @notice The packed arithmetic against the textbook's, on random lanes and at the edges of every bound.
contract Ext4Test is Test {
    uint256 private constant TIGHT = P + (1 << 23);
    uint256 private constant LEFT = 8_000_000_000;
    uint256 private constant LAZY = 1 << 37;

    Ext4Calls private calls = new Ext4Calls();

    function testFuzz_mul_isTheTextbooksProduct(uint256 a, uint256 b) external pure {
        _checkMul(_lanes(a, LEFT), _lanes(b, LAZY));
    }

    function test_mul_atTheEdges() external pure {
        uint64[8] memory left =
            [0, 1, uint64(P - 1), uint64(P), uint64(P + 1), uint64(TIGHT), uint64(LEFT - 1), uint64(LEFT)];
        uint64[9] memory lazy = [
            0,
            1,
            uint64(P - 1),
            uint64(P),
            (1 << 26) - 1,
            1 << 26,
            uint64(TIGHT),
            uint64(LAZY - (1 << 26)),
            uint64(LAZY - 1)
        ];
        for (uint256 i = 0; i < left.length; ++i) {
            for (uint256 j = 0; j < lazy.length; ++j) {
                _checkMul(_all(left[i]), _all(lazy[j]));
                for (uint256 k = 0; k < 4; ++k) {
                    _checkMul(uint256(left[i]) << (64 * k), _all(lazy[j]));
                    _checkMul(_all(left[i]), uint256(lazy[j]) << (64 * k));
                }
            }
        }
    }

    function testFuzz_mulBase_isTheTextbooksProduct(uint256 a, uint256 c) external pure {
        a = _lanes(a, LEFT);
        c = c % P;
        _checkMulBase(a, c);
        _checkMulBase(_all(LEFT), P - 1);
        _checkMulBase(_all(LEFT), c);
        _checkMulBase(a, P - 1);
    }

    function testFuzz_sums_areTheTextbooks(uint256 a, uint256 b) external pure {
        uint256 x = _lanes(a, LAZY - 2 * P - 1);
        uint256 y = _lanes(b, TIGHT);
        unchecked {
            _same(NaiveField.add(NaiveField.open(x), NaiveField.open(y)), x + y);
        }
        _same(NaiveField.sub(NaiveField.open(x), NaiveField.open(y)), Ext4.sub(x, y));
        _same(NaiveField.open(a), Ext4.reduce(a));
        _same(NaiveField.open(x), Ext4.tighten(x));
        vm.assertLt(_max(Ext4.tighten(x)), TIGHT);
        vm.assertLt(_max(Ext4.reduce(a)), P);
        uint256 z = _lanes(a, 2 * P - 1);
        vm.assertEq(Ext4.canonical(z), Ext4.reduce(z));
        vm.assertTrue(Ext4.equal(x, Ext4.reduce(x)));
        vm.assertFalse(Ext4.equal(x, Ext4.reduce(x) ^ (1 << 64 * (b % 4))));
    }

    function testFuzz_load_readsWhatPackWrites(uint256 a) external view {
        a = Ext4.reduce(a);
        vm.assertEq(calls.load(abi.encodePacked(uint128(Ext4.pack(a)))), a);
    }

    function testFuzz_load_notCanonical_reverts(uint256 a, uint256 lane, uint256 excess) external {
        lane = lane % 4;
        uint32[4] memory words;
        for (uint256 i = 0; i < 4; ++i) {
            words[i] = uint32(uint64(a >> (64 * i)) % P);
        }
        words[lane] = uint32(P + excess % (2 ** 32 - P));
        bytes memory data = abi.encodePacked(words[3], words[2], words[1], words[0]);
        vm.expectRevert(NotCanonical.selector);
        calls.load(data);
    }

    function testFuzz_sumcheckRounds_areTheirPolynomials(uint256 seed, uint256 degree) external view {
        degree = 1 + degree % 9;
        uint256[4][] memory s = new uint256[4][](degree + 1);
        bytes memory data;
        for (uint256 i = 0; i <= degree; ++i) {
            uint256 value = _random(seed, i);
            s[i] = NaiveField.open(value);
            if (i != 0) data = abi.encodePacked(data, uint128(Ext4.pack(value)));
        }
        uint256 x = _random(seed, 100);
        uint256 claim = NaiveField.close(NaiveField.add(s[0], s[1]));
        uint256[4] memory expected = NaiveField.interpolate(s, NaiveField.open(x));
        _same(expected, calls.interpolate(claim, data, degree, x));
        if (degree == 2) _same(expected, calls.quadratic(claim, data, x));
        if (degree == 3) _same(expected, calls.cubic(claim, data, x));
    }

    function test_interpolate_degreeTooHigh_reverts() external {
        vm.expectRevert(Sumcheck.DegreeTooHigh.selector);
        calls.interpolate(0, new bytes(160), 10, 0);
    }

    /// @dev The worst claims and values that bounds allow.
    function test_sumcheckRounds_atTheEdges() external view {
        uint256 top = _all(P - 1);
        bytes memory data = abi.encodePacked(uint128(Ext4.pack(top)), uint128(Ext4.pack(top)), uint128(Ext4.pack(top)));
        uint256[4][] memory s = new uint256[4][](3);
        uint256[4][] memory s4 = new uint256[4][](4);
        uint256[4] memory value = NaiveField.open(top);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 claim = i == 0 ? _all(TIGHT - 1) : 0;
            s[0] = NaiveField.sub(NaiveField.open(claim), value);
            (s[1], s[2]) = (value, value);
            (s4[0], s4[1], s4[2], s4[3]) = (s[0], value, value, value);
            uint256 x = _all(TIGHT - 1);
            _same(NaiveField.interpolate(s, NaiveField.open(x)), calls.quadratic(claim, data, x));
            _same(NaiveField.interpolate(s4, NaiveField.open(x)), calls.cubic(claim, data, x));
            _same(NaiveField.interpolate(s4, NaiveField.open(x)), calls.interpolate(claim, data, 3, x));
        }
    }

    function testFuzz_eqUni_isOneOnTheDiagonalAndZeroBesideIt(uint256 log, uint256 i, uint256 j) external pure {
        log = 1 + log % 8;
        uint256 g = Domain.generator(log);
        uint256 x = _power(g, i % (1 << log));
        uint256 y = _power(g, j % (1 << log));
        uint256 expected = x == y ? ONE : 0;
        vm.assertEq(Ext4.reduce(Domain.eqUni(log, mulmod(x, ONE, P), mulmod(y, ONE, P))), expected);
        vm.assertEq(Ext4.reduce(Domain.one(log, mulmod(x, ONE, P))), x == 1 ? ONE : 0);
    }

    function _checkMul(uint256 a, uint256 b) private pure {
        uint256 r = Ext4.mul(a, b);
        _same(NaiveField.mul(NaiveField.open(a), NaiveField.open(b)), r);
        vm.assertLt(_max(r), TIGHT);
    }

    function _checkMulBase(uint256 a, uint256 c) private pure {
        uint256 r = Ext4.mulBase(a, c);
        _same(NaiveField.scale(NaiveField.open(a), NaiveField.open(c)[0]), r);
        vm.assertLt(_max(r), TIGHT);
    }

    function _same(uint256[4] memory expected, uint256 packed) private pure {
        vm.assertEq(NaiveField.close(expected), Ext4.reduce(packed));
    }

    function _random(uint256 seed, uint256 i) private pure returns (uint256) {
        return Ext4.reduce(uint256(keccak256(abi.encode(seed, i))));
    }

    function _power(uint256 g, uint256 n) private pure returns (uint256 y) {
        y = 1;
        for (uint256 i = 0; i < n; ++i) {
            y = mulmod(y, g, P);
        }
    }

    function _all(uint256 lane) private pure returns (uint256) {
        return lane | lane << 64 | lane << 128 | lane << 192;
    }

    /// @dev Lanes up to `top`, the top itself and zero more often than chance has them.
    function _lanes(uint256 seed, uint256 top) private pure returns (uint256 packed) {
        for (uint256 i = 0; i < 4; ++i) {
            uint256 lane = uint64(seed >> (64 * i));
            uint256 pick = lane % 8;
            lane = pick == 0 ? top : pick == 1 ? 0 : lane % (top + 1);
            packed |= lane << (64 * i);
        }
    }

    function _max(uint256 packed) private pure returns (uint256 top) {
        for (uint256 i = 0; i < 4; ++i) {
            uint256 lane = uint64(packed >> (64 * i));
            if (lane > top) top = lane;
        }
    }
}
