// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title FastLZ
/// @notice The length of FastLZ output (level 1), counted step by step as op-revm counts it and without producing the
///         output: a second implementation to hold the oracle's against.
library FastLZ {
    /// @dev Matches are searched this far from the end, and found at most this far back.
    uint256 private constant TAIL = 13;
    uint256 private constant WINDOW = 8192;

    function length(bytes memory data) internal pure returns (uint256 size) {
        uint256[] memory last = new uint256[](WINDOW);
        uint256 limit = data.length < TAIL ? 0 : data.length - TAIL;
        uint256 pos = 2;
        uint256 anchor;
        while (pos < limit) {
            uint256 earlier;
            (pos, earlier) = _search(data, last, pos, limit);
            if (pos >= limit) break;
            size += _literals(pos - anchor);
            uint256 matched = _common(data, earlier + 3, pos + 3, limit + 9);
            size += _match(matched);
            pos += matched;
            last[_slot(data, pos)] = pos;
            last[_slot(data, pos + 1)] = pos + 1;
            pos += 2;
            anchor = pos;
        }
        size += _literals(data.length - anchor);
    }

    /// @dev The next place whose three bytes occurred before, and where; `limit` or more if there is none.
    function _search(bytes memory data, uint256[] memory last, uint256 pos, uint256 limit)
        private
        pure
        returns (uint256 next, uint256 earlier)
    {
        for (next = pos;; ++next) {
            uint256 slot = _slot(data, next);
            earlier = last[slot];
            last[slot] = next;
            if (next >= limit) break;
            if (next - earlier >= WINDOW || _three(data, next) != _three(data, earlier)) continue;
            // A match in the very last place is not used.
            if (next + 1 == limit) next = limit;
            break;
        }
    }

    /// @dev Runs of up to 32 bytes, each behind a byte.
    function _literals(uint256 count) private pure returns (uint256) {
        return count + (count + 31) / 32;
    }

    /// @dev Three bytes for each full 262, then two or three for the rest.
    function _match(uint256 count) private pure returns (uint256) {
        return (count - 1) / 262 * 3 + ((count - 1) % 262 >= 6 ? 3 : 2);
    }

    /// @dev How far two places agree, counting the byte that ends it.
    function _common(bytes memory data, uint256 a, uint256 b, uint256 end) private pure returns (uint256 count) {
        while (b + count < end) {
            ++count;
            if (data[a + count - 1] != data[b + count - 1]) break;
        }
    }

    function _slot(bytes memory data, uint256 pos) private pure returns (uint256) {
        return _three(data, pos) * 2654435769 >> 19 & 0x1fff;
    }

    function _three(bytes memory data, uint256 pos) private pure returns (uint256) {
        return uint8(data[pos]) + (uint256(uint8(data[pos + 1])) << 8) + (uint256(uint8(data[pos + 2])) << 16);
    }
}
