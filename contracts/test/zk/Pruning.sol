// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Turns part 2 with one path per query into part 2 with one opening per round (docs/stark.md, section 4).
library Pruning {
    struct Shape {
        uint256 k;
        uint256 rounds;
        uint256 depth;
        uint256 row;
        uint256 finals;
        uint256 head;
    }

    /// @return out The pruned part.
    /// @return witness Where the witness of work before the last queries is in it.
    function prune(bytes memory key, bytes32 state, bytes memory part2)
        internal
        pure
        returns (bytes memory out, uint256 witness)
    {
        uint256[] memory indices = replay(key, state, part2);
        Shape memory s = _shape(key);
        uint256 pos = s.head;
        out = _slice(part2, 0, pos);
        uint256 first = 0;
        for (uint256 i = 0; i < s.rounds; ++i) {
            uint256 fixed_ = 36 * s.k + (i + 1 == s.rounds ? s.finals : 48) + 4;
            out = bytes.concat(out, _slice(part2, pos, fixed_));
            witness = out.length - 4;
            pos += fixed_;
            uint256 count = uint256(uint8(key[64 + 2 * i])) << 8 | uint8(key[65 + 2 * i]);
            Tree memory t = Tree(pos, (i == 0 ? s.row : 16) << s.k, s.depth - i, first);
            out = bytes.concat(out, _opening(part2, t, indices, _order(indices, first, count)));
            pos += count * (((i == 0 ? s.row : 16) << s.k) + 32 * (s.depth - i));
            first += count;
        }
    }

    /// @dev The transcript of part 2, as docs/stark.md, section 6, has it, for the sake of its indices.
    struct Replay {
        bytes32 state;
        bytes buffer;
        uint256 pos;
        uint256 pieces;
    }

    /// @notice The indices of all queries of a part 2 with one path per query, which goes on from `state`.
    function replay(bytes memory key, bytes32 state, bytes memory part2) internal pure returns (uint256[] memory out) {
        Shape memory s = _shape(key);
        Replay memory r = Replay(state, "", 0, 0);
        uint256 n = uint8(key[5]);
        _absorb(r, part2, 16 * (2 * (2 ** uint256(uint8(key[4])) - 1) + 1));
        _squeeze(r);
        for (uint256 j = 0; j < n; ++j) {
            _absorb(r, part2, 32);
            _squeeze(r);
        }
        _absorb(r, part2, 4 * s.row);
        _work(r, part2, uint8(key[11]));
        _squeeze(r);
        for (uint256 i = 0; i < s.rounds; ++i) {
            out = _round(r, key, part2, s, i, out);
        }
    }

    function _round(
        Replay memory r,
        bytes memory key,
        bytes memory part2,
        Shape memory s,
        uint256 i,
        uint256[] memory old
    ) private pure returns (uint256[] memory out) {
        for (uint256 j = 0; j < s.k; ++j) {
            _absorb(r, part2, 32);
            _work(r, part2, uint8(key[12]));
            _squeeze(r);
        }
        if (i + 1 == s.rounds) {
            _absorb(r, part2, s.finals);
        } else {
            _absorb(r, part2, 32);
            _squeeze(r);
            _absorb(r, part2, 16);
        }
        _work(r, part2, uint8(key[13]));
        uint256 count = uint256(uint8(key[64 + 2 * i])) << 8 | uint8(key[65 + 2 * i]);
        out = new uint256[](old.length + count);
        for (uint256 q = 0; q < old.length; ++q) {
            out[q] = old[q];
        }
        for (uint256 q = 0; q < count; ++q) {
            if (r.pieces == 0) {
                _squeeze(r);
                r.pieces = 8;
            }
            out[old.length + q] = (uint256(r.state) >> (32 * (8 - r.pieces))) % 2 ** (s.depth - i);
            --r.pieces;
        }
        r.pieces = 0;
        r.pos += count * (((i == 0 ? s.row : 16) << s.k) + 32 * (s.depth - i));
        _squeeze(r);
    }

    function _absorb(Replay memory r, bytes memory data, uint256 length) private pure {
        r.buffer = bytes.concat(r.buffer, _slice(data, r.pos, length));
        r.pos += length;
        r.pieces = 0;
    }

    function _work(Replay memory r, bytes memory data, uint256 bits) private pure {
        if (bits == 0) {
            r.pos += 4;
        } else {
            _absorb(r, data, 4);
            _squeeze(r);
        }
    }

    function _squeeze(Replay memory r) private pure {
        r.state = keccak256(bytes.concat(r.state, r.buffer));
        r.buffer = "";
        r.pieces = 0;
    }

    function _shape(bytes memory key) private pure returns (Shape memory s) {
        uint256 l = uint8(key[4]);
        uint256 n = uint8(key[5]);
        s.k = uint8(key[7]);
        s.rounds = uint8(key[8]);
        s.depth = l + n + uint8(key[6]) - s.k;
        uint256 width = uint256(uint8(key[18])) << 8 | uint8(key[19]);
        s.row = 4 * width;
        s.finals = 16 << uint8(key[9]);
        s.head = 16 * (2 * (2 ** l - 1) + 1 + 2 * n + width) + 4;
    }

    /// @dev The queries' numbers, by index and then by number.
    function _order(uint256[] memory indices, uint256 first, uint256 count)
        private
        pure
        returns (uint256[] memory order)
    {
        order = new uint256[](count);
        for (uint256 q = 0; q < count; ++q) {
            uint256 j = q;
            for (; j > 0 && indices[first + order[j - 1]] > indices[first + q]; --j) {
                order[j] = order[j - 1];
            }
            order[j] = q;
        }
    }

    /// @dev Where the queries of a round are, bytes of one's rows, and the number of the first.
    struct Tree {
        uint256 pos;
        uint256 rows;
        uint256 depth;
        uint256 first;
    }

    function _opening(bytes memory part2, Tree memory t, uint256[] memory indices, uint256[] memory order)
        private
        pure
        returns (bytes memory out)
    {
        // One query for each node, whose path has the node's sibling.
        uint256[] memory nodes = new uint256[](order.length);
        uint256 length = 0;
        // No more than this; cut at the end.
        out = new bytes(order.length * (1 + t.rows + 32 * t.depth));
        uint256 end = order.length;
        for (uint256 j = 0; j < order.length; ++j) {
            out[j] = bytes1(uint8(order[j]));
            if (j != 0 && indices[t.first + order[j]] == indices[t.first + order[j - 1]]) continue;
            nodes[length++] = order[j];
            _copy(part2, t.pos + order[j] * (t.rows + 32 * t.depth), out, end, t.rows);
            end += t.rows;
        }
        for (uint256 level = 0; level < t.depth; ++level) {
            uint256 next = 0;
            for (uint256 j = 0; j < length; ++j) {
                uint256 query = nodes[j];
                uint256 index = indices[t.first + query] >> level;
                if (j + 1 < length && index % 2 == 0 && indices[t.first + nodes[j + 1]] >> level == index + 1) ++j;
                else end = _sibling(part2, t, query, level, out, end);
                nodes[next++] = query;
            }
            length = next;
        }
        assembly {
            mstore(out, end)
        }
    }

    function _sibling(bytes memory part2, Tree memory t, uint256 query, uint256 level, bytes memory out, uint256 end)
        private
        pure
        returns (uint256)
    {
        _copy(part2, t.pos + query * (t.rows + 32 * t.depth) + t.rows + 32 * level, out, end, 32);
        return end + 32;
    }

    function _copy(bytes memory data, uint256 from, bytes memory out, uint256 to, uint256 length) private pure {
        assembly {
            mcopy(add(add(out, 0x20), to), add(add(data, 0x20), from), length)
        }
    }

    function _slice(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        assembly {
            mcopy(add(out, 0x20), add(add(data, 0x20), from), length)
        }
    }
}
