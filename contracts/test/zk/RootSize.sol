// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";

/// @notice A key with the counts of the last layer's circuit (verifier of recursive proofs: 42 AIRs, 2,085 columns), whose
/// programs compute nothing in particular: for gas alone.
abstract contract RootSize is Test {
    uint256 internal constant TRACES = 42;
    uint256 internal constant WIDTH = 18;
    uint256 internal constant GKR_ROUNDS = 22;
    uint256 internal constant N_MAX = 14;
    uint256 internal constant ROUNDS = 5;
    uint256 private constant RUN = 12;
    /// @dev Of all traces.
    uint256 private constant MULTIPLICATIONS = 7_492;
    uint256 private constant ADDITIONS = 7_646;
    uint256 private constant CONSTRAINTS = 2_613;
    uint256 private constant INTERACTIONS = 606;
    uint256 private constant COLUMNS = 2_085;
    uint256 private constant MESSAGE = 6;
    uint32 private constant ONE = 0xfddddde;

    struct Writer {
        bytes data;
        uint256 length;
    }

    /// @dev Columns of each AIR, and bits of those that open rotations.
    function _widths() private pure returns (uint16[42] memory) {
        return [
            207,
            30,
            20,
            316,
            29,
            24,
            33,
            41,
            25,
            17,
            17,
            16,
            32,
            37,
            25,
            40,
            44,
            301,
            37,
            45,
            8,
            2,
            26,
            46,
            45,
            10,
            63,
            27,
            57,
            35,
            51,
            16,
            46,
            38,
            32,
            89,
            28,
            31,
            34,
            45,
            4,
            16
        ];
    }

    function _rotates(uint256 air) private pure returns (bool) {
        return air != 0 && air != 17 && air != 18 && air != 37 && air != 38;
    }

    /// @dev The heights are a guess: two wide traces fill most of the eighteen stacked columns.
    function _height(uint256 air) private pure returns (uint256) {
        if (air == 3) return 15;
        if (air == 17) return 14;
        if (air == 21) return 16;
        if (air == 0) return 0;
        return 5 + (air * 7) % 9;
    }

    function _queries(uint256 round) internal pure returns (uint256) {
        return [57, 34, 24, 19, 15][round];
    }

    /// @dev AIRs by height, the highest first.
    function _order() internal pure returns (uint256[] memory order) {
        order = new uint256[](TRACES);
        uint256 n = 0;
        for (uint256 h = 17; h > 0; --h) {
            for (uint256 air = 0; air < TRACES; ++air) {
                if (_height(air) == h - 1) order[n++] = air;
            }
        }
    }

    function _opened() internal pure returns (uint256 total) {
        for (uint256 air = 0; air < TRACES; ++air) {
            total += _widths()[air] * (_rotates(air) ? 2 : 1);
        }
    }

    function _key() internal pure returns (bytes memory) {
        Writer memory w = Writer(new bytes(200_000), 0);
        _head(w);
        uint256[] memory order = _order();
        uint256 start = 96 + 32 * TRACES + 8 * TRACES + 4 * 8;
        uint256 offset = start;
        Writer memory programs = Writer(new bytes(150_000), 0);
        for (uint256 i = 0; i < TRACES; ++i) {
            uint256 length = programs.length;
            (uint256 slots, uint256 constraints, uint256 interactions) = _program(programs, order[i]);
            length = programs.length - length;
            _trace(w, order[i], slots, constraints, interactions);
            _put(w, offset, 4);
            _put(w, length, 4);
            _put(w, 0, 8);
            offset += length;
        }
        for (uint256 air = 0; air < TRACES; ++air) {
            _put(w, ONE, 4);
            _put(w, _height(air), 4);
            if (air == 3) _put(w, 0, 32);
        }
        require(w.length == start, "RootSize: head");
        bytes memory a = w.data;
        bytes memory b = programs.data;
        assembly {
            mstore(a, start)
            mstore(b, mload(add(programs, 0x20)))
        }
        return bytes.concat(a, b);
    }

    function _head(Writer memory w) private pure {
        _put(w, 0x414b5331, 4);
        uint8[14] memory scalars = [2, 18, 4, 3, 5, 5, 0, 0, 0, 0, 4, uint8(GKR_ROUNDS), uint8(N_MAX), 20];
        for (uint256 i = 0; i < scalars.length; ++i) {
            _put(w, scalars[i], 1);
        }
        _put(w, WIDTH, 2);
        _put(w, TRACES, 2);
        _put(w, COLUMNS, 2);
        _put(w, 0, 2);
        _put(w, 8 * TRACES + 4 * 8, 2);
        _put(w, 0, 4);
        _put(w, 1, 32);
        for (uint256 i = 0; i < 16; ++i) {
            _put(w, i < ROUNDS ? _queries(i) : 0, 2);
        }
    }

    function _trace(Writer memory w, uint256 air, uint256 slots, uint256 constraints, uint256 interactions)
        private
        pure
    {
        _put(w, air, 2);
        _put(w, _height(air), 1);
        _put(w, _rotates(air) ? 1 : 0, 1);
        _put(w, _widths()[air], 2);
        _put(w, air == 3 ? 8 : 0, 2);
        _put(w, 32, 2);
        _put(w, constraints, 2);
        _put(w, interactions, 2);
        _put(w, slots, 2);
    }

    /// @dev Operations, constraints and interactions in proportion to the columns.
    function _program(Writer memory w, uint256 air)
        private
        pure
        returns (uint256 slots, uint256 constraints, uint256 interactions)
    {
        uint256 width = _widths()[air];
        uint256 first = 5 + (air == 3 ? 8 : 0) + width * (_rotates(air) ? 2 : 1);
        uint256 mul = (MULTIPLICATIONS * width + COLUMNS - 1) / COLUMNS;
        uint256 add = (ADDITIONS * width + COLUMNS - 1) / COLUMNS;
        constraints = (CONSTRAINTS * width + COLUMNS - 1) / COLUMNS;
        interactions = (INTERACTIONS * width + COLUMNS - 1) / COLUMNS;
        _put(w, 2, 2);
        _put(w, 7, 4);
        _put(w, 8, 4);
        first += 2;
        slots = first + 64;
        uint256 runs = (mul + RUN - 1) / RUN + 2 * ((add / 2 + RUN - 1) / RUN);
        _put(w, runs, 2);
        _runs(w, 5, mul, first);
        _runs(w, 1, add / 2, first);
        _runs(w, 2, add / 2, first);
        for (uint256 i = 0; i < constraints; ++i) {
            _put(w, 32 * (5 + (i * 7) % (slots - 5)), 2);
        }
        for (uint256 i = 0; i < interactions; ++i) {
            _put(w, 32 * (5 + (i * 11) % (slots - 5)), 2);
            _put(w, 1 + i, 4);
            _put(w, MESSAGE, 1);
            for (uint256 j = 0; j < MESSAGE; ++j) {
                _put(w, 32 * (5 + (i + j) % (slots - 5)), 2);
            }
        }
    }

    function _runs(Writer memory w, uint256 op, uint256 count, uint256 first) private pure {
        for (uint256 i = 0; i < count; ++i) {
            if (i % RUN == 0) {
                _put(w, op, 1);
                _put(w, count - i < RUN ? count - i : RUN, 2);
            }
            // Operands are openings, so that bounds hold.
            _put(w, 32 * (5 + (i * 3) % (first - 5)), 2);
            _put(w, 32 * (5 + (i * 5) % (first - 5)), 2);
            _put(w, 32 * (first + i % 64), 2);
        }
    }

    function _put(Writer memory w, uint256 value, uint256 size) private pure {
        bytes memory data = w.data;
        uint256 length = w.length;
        assembly {
            mstore(add(add(data, 0x20), length), shl(sub(256, shl(3, size)), value))
        }
        w.length = length + size;
    }
}
