// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Builds the storage trie of a contract whose given slots all hold 1, and proofs in it. Written from the
/// definition and sharing nothing with the verifier that it tests.
library Trie {
    /// @dev `keys` are hashed slots, sorted and distinct.
    function root(bytes32[] memory keys) internal pure returns (bytes32) {
        if (keys.length == 0) return keccak256(hex"80");
        return keccak256(_node(keys, 0, keys.length, 0));
    }

    /// @dev The nodes from the root to the leaf of `key`, as `eth_getProof` returns them.
    function prove(bytes32[] memory keys, bytes32 key) internal pure returns (bytes[] memory proof) {
        bytes[] memory path = new bytes[](65);
        uint256 length = 0;
        (uint256 from, uint256 to, uint256 depth) = (0, keys.length, 0);
        while (true) {
            bytes memory node = _node(keys, from, to, depth);
            if (depth == 0 || node.length >= 32) path[length++] = node;
            if (to - from == 1) break;
            uint256 shared = _shared(keys[from], keys[to - 1], depth);
            if (shared > 0) {
                depth += shared;
                continue;
            }
            (from, to) = _range(keys, from, to, depth, _nibble(key, depth));
            depth += 1;
            require(from < to, "Trie: no such key");
        }
        proof = new bytes[](length);
        for (uint256 i = 0; i < length; ++i) {
            proof[i] = path[i];
        }
    }

    /// @dev Sorts hashed slots; there are few.
    function sort(bytes32[] memory keys) internal pure returns (bytes32[] memory) {
        for (uint256 i = 1; i < keys.length; ++i) {
            bytes32 key = keys[i];
            uint256 j = i;
            for (; j > 0 && keys[j - 1] > key; --j) {
                keys[j] = keys[j - 1];
            }
            keys[j] = key;
        }
        return keys;
    }

    function _node(bytes32[] memory keys, uint256 from, uint256 to, uint256 depth) private pure returns (bytes memory) {
        if (to - from == 1) {
            return leaf(keys[from], depth);
        }
        uint256 shared = _shared(keys[from], keys[to - 1], depth);
        if (shared > 0) {
            bytes memory child = _reference(_node(keys, from, to, depth + shared));
            return list(bytes.concat(str(_path(keys[from], depth, depth + shared, false)), child));
        }
        bytes memory items;
        for (uint256 nibble = 0; nibble < 16; ++nibble) {
            (uint256 low, uint256 high) = _range(keys, from, to, depth, nibble);
            items = bytes.concat(items, low == high ? str("") : _reference(_node(keys, low, high, depth + 1)));
        }
        return list(bytes.concat(items, str("")));
    }

    /// @dev The keys in `[from, to)` whose nibble at `depth` is `nibble`.
    function _range(bytes32[] memory keys, uint256 from, uint256 to, uint256 depth, uint256 nibble)
        private
        pure
        returns (uint256 low, uint256 high)
    {
        low = from;
        while (low < to && _nibble(keys[low], depth) < nibble) ++low;
        high = low;
        while (high < to && _nibble(keys[high], depth) == nibble) ++high;
    }

    function _shared(bytes32 a, bytes32 b, uint256 depth) private pure returns (uint256 count) {
        while (depth + count < 64 && _nibble(a, depth + count) == _nibble(b, depth + count)) ++count;
    }

    function _nibble(bytes32 key, uint256 at_) private pure returns (uint256) {
        return (uint256(key) >> (252 - 4 * at_)) & 0xf;
    }

    /// @dev Nibbles `from` to `to` of `key` in hex-prefix encoding.
    function _path(bytes32 key, uint256 from, uint256 to, bool isLeaf) private pure returns (bytes memory out) {
        bool odd = (to - from) % 2 == 1;
        uint256 flag = (isLeaf ? 2 : 0) + (odd ? 1 : 0);
        out = new bytes((to - from) / 2 + 1);
        out[0] = bytes1(uint8(flag << 4 | (odd ? _nibble(key, from) : 0)));
        if (odd) ++from;
        for (uint256 i = 0; from + 2 * i < to; ++i) {
            out[i + 1] = bytes1(uint8(_nibble(key, from + 2 * i) << 4 | _nibble(key, from + 2 * i + 1)));
        }
    }

    function _reference(bytes memory node) private pure returns (bytes memory) {
        return node.length < 32 ? node : str(abi.encodePacked(keccak256(node)));
    }

    /// @dev The leaf of `key` below a path of `depth` nibbles.
    function leaf(bytes32 key, uint256 depth) internal pure returns (bytes memory) {
        return list(bytes.concat(str(_path(key, depth, 64, true)), str(hex"01")));
    }

    /// @dev RLP of a string.
    function str(bytes memory data) internal pure returns (bytes memory) {
        if (data.length == 1 && uint8(data[0]) < 0x80) return data;
        return bytes.concat(_header(data.length, 0x80), data);
    }

    /// @dev RLP of a list of encoded items.
    function list(bytes memory items) internal pure returns (bytes memory) {
        return bytes.concat(_header(items.length, 0xc0), items);
    }

    function _header(uint256 length, uint256 offset) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(offset + length));
        if (length < 256) return abi.encodePacked(uint8(offset + 56), uint8(length));
        return abi.encodePacked(uint8(offset + 57), uint16(length));
    }
}
