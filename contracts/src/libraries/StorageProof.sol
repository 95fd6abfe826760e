// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs that a contract's storage slot holds 1.
/// @notice The only question the Portal asks of a Merkle-Patricia trie. Answering just this one, strictly, on calldata,
/// costs a fraction of a general verifier; tests hold it against OpenZeppelin's. Everything that is not the canonical
/// encoding of a node is refused. A node of less than 32 bytes lies inside its parent; since some tools repeat it as a
/// proof element of its own, an exact copy is allowed to follow.
library StorageProof {
    /// @notice Nibbles in a key.
    uint256 private constant KEY_NIBBLES = 64;
    /// @notice Items of a branch: sixteen children and a value.
    uint256 private constant BRANCH_ITEMS = 17;
    /// @notice RLP prefix of a 32-byte string: the hash of a child.
    uint8 private constant HASH_PREFIX = 0xa0;
    /// @notice RLP prefix of an empty list.
    uint8 private constant LIST_PREFIX = 0xc0;
    /// @notice RLP payloads up to this length have a one-byte header.
    uint256 private constant SHORT = 55;
    /// @notice The longest payload of a node that lies inside its parent.
    uint256 private constant INLINE = 30;

    enum Step {
        Invalid,
        Inner,
        Leaf
    }

    /// @notice Whether the trie under `root` holds 1 at `key` (the hash of the slot). Never reverts on a bad proof.
    function holdsOne(bytes32 root, bytes32 key, bytes[] calldata proof) internal pure returns (bool) {
        bytes32 expected = root;
        uint256 depth = 0;
        uint256 next = 0;
        while (next < proof.length) {
            bytes calldata node = proof[next++];
            if (keccak256(node) != expected) return false;
            while (true) {
                (Step step, bytes calldata value, uint256 nibbles) = _descend(node, key, depth);
                if (step == Step.Invalid) return false;
                depth += nibbles;
                if (step == Step.Leaf) {
                    return depth == KEY_NIBBLES && next == proof.length && value.length == 1 && value[0] == 0x01;
                }
                if (uint8(value[0]) == HASH_PREFIX) {
                    expected = bytes32(value[1:]);
                    break;
                }
                if (uint8(value[0]) < LIST_PREFIX) return false;
                if (next < proof.length && keccak256(proof[next]) == keccak256(value)) ++next;
                node = value;
            }
        }
        return false;
    }

    /// @dev One step from `node` along `key`: the child's reference or the leaf's value, as encoded, and how many
    /// nibbles of the key were used.
    function _descend(bytes calldata node, bytes32 key, uint256 depth)
        private
        pure
        returns (Step step, bytes calldata value, uint256 nibbles)
    {
        (uint256 count, uint256[BRANCH_ITEMS + 1] memory starts) = _items(node);
        if (count == BRANCH_ITEMS) {
            if (depth == KEY_NIBBLES) return (Step.Invalid, node, 0);
            uint256 child = (uint256(key) >> (252 - 4 * depth)) & 0xf;
            return (Step.Inner, node[starts[child]:starts[child + 1]], 1);
        }
        if (count != 2) return (Step.Invalid, node, 0);
        value = node[starts[1]:];
        (step, nibbles) = _matchPath(node[starts[0]:starts[1]], key, depth);
    }

    /// @dev Compares the hex-prefixed path of a leaf or an extension with the key from `depth` on.
    function _matchPath(bytes calldata item, bytes32 key, uint256 depth)
        private
        pure
        returns (Step step, uint256 nibbles)
    {
        // A single byte below 0x80 is its own encoding.
        bytes calldata path = uint8(item[0]) < 0x80 ? item : item[1:];
        if (path.length == 0 || path.length > 33) return (Step.Invalid, 0);
        uint256 flag = uint8(path[0]) >> 4;
        uint256 low = uint8(path[0]) & 0xf;
        bool odd = flag & 1 == 1;
        if (flag > 3 || (!odd && low != 0)) return (Step.Invalid, 0);

        uint256 tail = path.length - 1;
        nibbles = 2 * tail + (odd ? 1 : 0);
        if (depth + nibbles > KEY_NIBBLES) return (Step.Invalid, 0);
        uint256 have = uint256(bytes32(path[1:])) >> (256 - 8 * tail);
        if (odd) have |= low << (8 * tail);
        uint256 want = (uint256(key) << (4 * depth)) >> (256 - 4 * nibbles);
        if (have != want) return (Step.Invalid, 0);

        bool isLeaf = flag >= 2;
        if (!isLeaf && nibbles == 0) return (Step.Invalid, 0);
        step = isLeaf ? Step.Leaf : Step.Inner;
    }

    /// @dev Where each item of the list `node` starts, and behind the last one where it ends; `count` is zero unless
    /// the items fill the list exactly and there are no more than a branch has.
    function _items(bytes calldata node)
        private
        pure
        returns (uint256 count, uint256[BRANCH_ITEMS + 1] memory starts)
    {
        uint256 position = _listHeader(node);
        if (position == 0) return (0, starts);
        while (position < node.length) {
            if (count == BRANCH_ITEMS) return (0, starts);
            starts[count++] = position;
            uint256 length = _itemLength(node, position);
            if (length == 0) return (0, starts);
            position += length;
        }
        if (position != node.length) return (0, starts);
        starts[count] = position;
    }

    /// @dev The bytes before the first item; zero unless `node` is exactly one canonical list of up to 64 KiB.
    function _listHeader(bytes calldata node) private pure returns (uint256) {
        if (node.length < 2) return 0;
        uint256 prefix = uint8(node[0]);
        if (prefix < LIST_PREFIX) return 0;
        if (prefix <= LIST_PREFIX + SHORT) return node.length == 1 + prefix - LIST_PREFIX ? 1 : 0;
        if (prefix == 0xf8) {
            uint256 length = uint8(node[1]);
            return length > SHORT && node.length == 2 + length ? 2 : 0;
        }
        if (prefix == 0xf9 && node.length > 3) {
            uint256 length = uint16(bytes2(node[1:3]));
            return length > 0xff && node.length == 3 + length ? 3 : 0;
        }
        return 0;
    }

    /// @dev The encoded length of the item at `position`; zero unless it is a canonical string of at most 55 bytes
    /// or an inline node: nothing else lies in a node on the way to a slot.
    function _itemLength(bytes calldata node, uint256 position) private pure returns (uint256) {
        uint256 prefix = uint8(node[position]);
        if (prefix < 0x80) return 1;
        if (prefix <= 0x80 + SHORT) {
            bool padded = prefix == 0x81 && (position + 1 >= node.length || uint8(node[position + 1]) < 0x80);
            return padded ? 0 : 1 + prefix - 0x80;
        }
        if (prefix >= LIST_PREFIX && prefix <= LIST_PREFIX + INLINE) return 1 + prefix - LIST_PREFIX;
        return 0;
    }
}
