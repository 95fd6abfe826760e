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
        (uint256 count, uint256 second, uint256 from, uint256 to) = _items(node, _nibble(key, depth));
        if (count == 2) {
            (step, nibbles) = _matchPath(node[:second], key, depth);
            return (step, node[second:], nibbles);
        }
        if (count == BRANCH_ITEMS && depth < KEY_NIBBLES) return (Step.Inner, node[from:to], 1);
        return (Step.Invalid, node, 0);
    }

    /// @dev The child that a branch at `depth` has for `key`; any if the key ends there.
    function _nibble(bytes32 key, uint256 depth) private pure returns (uint256) {
        return depth < KEY_NIBBLES ? (uint256(key) >> (252 - 4 * depth)) & 0xf : 0;
    }

    /// @dev Compares the hex-prefixed path of a leaf or an extension with the key from `depth` on. `head` is the node
    /// without its second item; a node with a path of one nibble has a one-byte header like any short one.
    function _matchPath(bytes calldata head, bytes32 key, uint256 depth)
        private
        pure
        returns (Step step, uint256 nibbles)
    {
        bytes calldata item = head[uint8(head[0]) <= LIST_PREFIX + SHORT ? 1 : uint8(head[0]) - 0xf6:];
        if (uint8(item[0]) >= LIST_PREFIX) return (Step.Invalid, 0);
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

    /// @dev Walks the list `node`: how many items it has, where its second begins, and where item `child` begins and
    /// ends. `count` is zero unless the items fill the list exactly and there are no more than a branch has.
    function _items(bytes calldata node, uint256 child)
        private
        pure
        returns (uint256 count, uint256 second, uint256 from, uint256 to)
    {
        uint256 position = _listHeader(node);
        if (position == 0) return (0, 0, 0, 0);
        // Positions stay below twice the length of calldata, so nothing here can overflow.
        unchecked {
            while (position < node.length) {
                uint256 length = _itemLength(node, position);
                if (length == 0 || count == BRANCH_ITEMS) return (0, 0, 0, 0);
                if (count == child) (from, to) = (position, position + length);
                position += length;
                if (count == 0) second = position;
                ++count;
            }
        }
        if (position != node.length) count = 0;
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
        uint256 prefix;
        assembly ("memory-safe") {
            prefix := byte(0, calldataload(add(node.offset, position))) // the caller checked `position`
        }
        unchecked {
            if (prefix == 0x80) return 1;
            if (prefix == HASH_PREFIX) return 33;
            if (prefix < 0x80) return 1;
            if (prefix <= 0x80 + SHORT) {
                bool padded = prefix == 0x81 && (position + 1 >= node.length || uint8(node[position + 1]) < 0x80);
                return padded ? 0 : 1 + prefix - 0x80;
            }
            if (prefix >= LIST_PREFIX && prefix <= LIST_PREFIX + INLINE) return 1 + prefix - LIST_PREFIX;
            return 0;
        }
    }
}
