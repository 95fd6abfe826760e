// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";

import {StorageProof} from "../../src/libraries/StorageProof.sol";
import {Test} from "../base/Test.sol";
import {Trie} from "../base/Trie.sol";

/// @notice The verifier against tries built from the definition, against OpenZeppelin's verifier, and against every
/// way to spoil a proof.
contract StorageProofTest is Test {
    function holdsOne(bytes32 root, bytes32 key, bytes[] calldata proof) external pure returns (bool) {
        return StorageProof.holdsOne(root, key, proof);
    }

    function theirs(bytes32 root, bytes32 key, bytes[] calldata proof) external pure returns (bool) {
        return TrieProof.verify(hex"01", root, abi.encodePacked(key), proof);
    }

    /// forge-config: default.fuzz.runs = 64
    function test_every_key_is_proven_and_no_other(uint256 seed, uint8 size) external view {
        bytes32[] memory keys = _keys(seed, bound(size, 1, 40));
        bytes32 root = Trie.root(keys);
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes[] memory proof = Trie.prove(keys, keys[i]);
            vm.assertTrue(this.holdsOne(root, keys[i], proof), "ours");
            vm.assertTrue(this.theirs(root, keys[i], proof), "theirs");
            vm.assertFalse(this.holdsOne(root, keccak256(abi.encode(keys[i])), proof), "another key");
            vm.assertFalse(this.holdsOne(root, bytes32(uint256(keys[i]) ^ 1), proof), "a sibling key");
        }
    }

    /// @dev Leaves of keys that share nearly all nibbles are so short that they lie inside their parents. Nobody can
    /// find such hashes by chance, but for nine nibbles somebody with a grudge could.
    /// forge-config: default.fuzz.runs = 64
    function test_inline_nodes_are_followed(uint256 seed, uint256 shared, bool repeated) external view {
        bytes32[] memory keys = _twins(seed, bound(shared, 0, 63));
        bytes32 root = Trie.root(keys);
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes[] memory proof = Trie.prove(keys, keys[i]);
            vm.assertTrue(this.holdsOne(root, keys[i], proof), "ours");
            vm.assertTrue(this.theirs(root, keys[i], proof), "theirs");
            if (!repeated) continue;
            bytes memory leaf = _inlineLeaf(keys[i], proof[proof.length - 1]);
            if (leaf.length == 0) continue;
            vm.assertTrue(this.holdsOne(root, keys[i], _with(proof, leaf)), "a copy may follow");
            vm.assertFalse(this.holdsOne(root, keys[i], _with(_with(proof, leaf), leaf)), "but only one");
        }
    }

    /// @dev Polygon 2021, BNB 2022: no byte of a proof is free.
    /// forge-config: default.fuzz.runs = 32
    function test_every_changed_byte_is_noticed(uint256 seed, uint8 change) external view {
        vm.assume(change != 0);
        bytes32[] memory keys = _keys(seed, 20);
        bytes32 root = Trie.root(keys);
        bytes[] memory proof = Trie.prove(keys, keys[seed % 20]);
        for (uint256 i = 0; i < proof.length; ++i) {
            for (uint256 j = 0; j < proof[i].length; ++j) {
                proof[i][j] ^= bytes1(change);
                vm.assertFalse(this.holdsOne(root, keys[seed % 20], proof));
                proof[i][j] ^= bytes1(change);
            }
        }
        vm.assertTrue(this.holdsOne(root, keys[seed % 20], proof));
    }

    /// forge-config: default.fuzz.runs = 64
    function test_cut_grown_or_shuffled_proofs_are_refused(uint256 seed, bytes calldata junk) external view {
        bytes32[] memory keys = _keys(seed, 20);
        bytes32 root = Trie.root(keys);
        bytes32 key = keys[seed % 20];
        bytes[] memory proof = Trie.prove(keys, key);
        vm.assertFalse(this.holdsOne(root, key, _with(proof, junk)), "grown");
        vm.assertFalse(this.holdsOne(root, key, _with(proof, proof[proof.length - 1])), "last node twice");
        bytes[] memory cut = new bytes[](proof.length - 1);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = proof[i];
        }
        vm.assertFalse(this.holdsOne(root, key, cut), "cut");
        if (proof.length > 1) {
            (proof[0], proof[1]) = (proof[1], proof[0]);
            vm.assertFalse(this.holdsOne(root, key, proof), "shuffled");
        }
    }

    /// @dev Nomad 2022.
    function test_zero_root_proves_nothing(bytes32 key, bytes[] calldata proof) external view {
        vm.assertFalse(this.holdsOne(0, key, proof));
        vm.assertFalse(this.holdsOne(0, key, new bytes[](0)));
        vm.assertFalse(this.holdsOne(0, key, new bytes[](1)));
    }

    function test_empty_trie_proves_nothing(bytes32 key) external view {
        bytes[] memory proof = new bytes[](1);
        proof[0] = hex"80";
        vm.assertFalse(this.holdsOne(keccak256(hex"80"), key, proof));
        vm.assertFalse(this.holdsOne(keccak256(hex"80"), key, new bytes[](0)));
    }

    /// @dev Whatever a root commits to: an answer, never a panic; and never yes where the other verifier says no.
    function test_any_bytes_get_an_answer(bytes calldata node, bytes32 key) external view {
        bytes[] memory proof = new bytes[](1);
        proof[0] = node;
        vm.assertFalse(this.holdsOne(keccak256(node), key, proof));
    }

    function test_any_list_gets_an_answer(bytes calldata items, bytes32 key) external view {
        bytes[] memory proof = new bytes[](1);
        proof[0] = Trie.list(items);
        _agree(keccak256(proof[0]), key, proof);
    }

    function test_nodes_that_are_not_canonical_are_refused() external view {
        bytes32 key = bytes32(uint256(0x1234) << 240);
        bytes memory path = abi.encodePacked(hex"20", key);
        _one(true, key, Trie.list(bytes.concat(Trie.str(path), hex"01")));
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"02"))); // another value
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"8101"))); // 1, encoded longer
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"820001")));
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"80")));
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"c101")));
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"0101"))); // three items
        _one(false, key, bytes.concat(hex"f823", Trie.str(path), hex"01")); // a longer header
        _one(false, key, bytes.concat(hex"f90023", Trie.str(path), hex"01"));
        _one(false, key, bytes.concat(hex"e3", Trie.str(path), hex"0100")); // a byte behind the list
        _one(false, key, bytes.concat(hex"e4", Trie.str(path), hex"01")); // a byte too few
        _one(false, key, Trie.list(bytes.concat(hex"e1", path, hex"01"))); // a path that is a list
        path[0] = 0x21; // padding that is not zero
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"01")));
        path[0] = 0x00; // an extension without a child
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"01")));
        path[0] = 0x40; // no such kind of node
        _one(false, key, Trie.list(bytes.concat(Trie.str(path), hex"01")));
    }

    /// @dev The same for nodes above the leaf: each variant differs from an accepted one in a single respect.
    function test_inner_nodes_that_are_not_canonical_are_refused() external view {
        bytes32 key = bytes32(uint256(0x1234) << 240);
        // A branch whose second child is the leaf.
        bytes memory leaf = Trie.leaf(key, 1);
        bytes memory children =
            bytes.concat(hex"80", Trie.str(abi.encodePacked(keccak256(leaf))), hex"80808080808080808080808080");
        _two(true, key, Trie.list(bytes.concat(children, hex"8080")), leaf);
        _two(false, key, Trie.list(bytes.concat(children, hex"80")), leaf); // sixteen items
        _two(false, key, Trie.list(bytes.concat(children, hex"808080")), leaf); // eighteen
        _two(false, key, Trie.list(bytes.concat(children, hex"808101")), leaf); // a value, encoded longer
        _two(false, key, Trie.list(bytes.concat(children, hex"8082ff")), leaf); // a value beyond the end
        _two(false, key, Trie.list(bytes.concat(children, hex"80b8")), leaf);

        // An extension to a leaf, which would shorten no path.
        leaf = Trie.leaf(key, 0);
        _two(false, key, Trie.list(bytes.concat(hex"00", Trie.str(abi.encodePacked(keccak256(leaf))))), leaf);

        // An extension over 40 nibbles, with the leaf of the last 24 inside; its path a string, then a list.
        bytes memory head = abi.encodePacked(hex"00", bytes20(key));
        bytes memory tail = abi.encodePacked(hex"20", bytes12(key << 160));
        _one(true, key, Trie.list(bytes.concat(Trie.str(head), Trie.list(bytes.concat(Trie.str(tail), hex"01")))));
        _one(false, key, Trie.list(bytes.concat(Trie.str(head), Trie.list(bytes.concat(Trie.list(tail), hex"01")))));
    }

    function _two(bool expected, bytes32 key, bytes memory top, bytes memory leaf) private view {
        bytes[] memory proof = new bytes[](2);
        (proof[0], proof[1]) = (top, leaf);
        vm.assertEq(this.holdsOne(keccak256(top), key, proof), expected);
    }

    function _one(bool expected, bytes32 key, bytes memory node) private view {
        bytes[] memory proof = new bytes[](1);
        proof[0] = node;
        vm.assertEq(this.holdsOne(keccak256(node), key, proof), expected);
    }

    function _agree(bytes32 root, bytes32 key, bytes[] memory proof) private view {
        if (!this.holdsOne(root, key, proof)) return;
        vm.assertTrue(this.theirs(root, key, proof));
    }

    function _keys(uint256 seed, uint256 count) private pure returns (bytes32[] memory keys) {
        keys = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            keys[i] = keccak256(abi.encode(seed, i));
        }
        Trie.sort(keys);
    }

    /// @dev Four keys: two that share exactly `shared` nibbles, and two far away.
    function _twins(uint256 seed, uint256 shared) private pure returns (bytes32[] memory keys) {
        keys = _keys(seed, 4);
        uint256 bit = uint256(1) << (252 - 4 * shared);
        keys[1] = bytes32(uint256(keys[0]) ^ bit);
        if (keys[1] == keys[2] || keys[1] == keys[3]) keys[1] = keys[0] ^ bytes32(bit << 1);
        Trie.sort(keys);
    }

    /// @dev The leaf of `key` if it lies inside `node`, found by its ending. A leaf that stands alone may end like a
    /// shorter one.
    function _inlineLeaf(bytes32 key, bytes memory node) private pure returns (bytes memory leaf) {
        for (uint256 nibbles = 0; nibbles <= 64; ++nibbles) {
            if (keccak256(Trie.leaf(key, 64 - nibbles)) == keccak256(node)) return "";
        }
        for (uint256 nibbles = 0; nibbles < 56; ++nibbles) {
            leaf = Trie.leaf(key, 64 - nibbles);
            if (leaf.length < 32 && leaf.length < node.length && _contains(node, leaf)) return leaf;
        }
        return "";
    }

    function _contains(bytes memory text, bytes memory part) private pure returns (bool) {
        bytes32 hash = keccak256(part);
        for (uint256 i = 0; i + part.length <= text.length; ++i) {
            bytes32 got;
            uint256 length = part.length;
            assembly ("memory-safe") {
                got := keccak256(add(add(text, 0x20), i), length)
            }
            if (got == hash) return true;
        }
        return false;
    }

    function _with(bytes[] memory proof, bytes memory node) private pure returns (bytes[] memory grown) {
        grown = new bytes[](proof.length + 1);
        for (uint256 i = 0; i < proof.length; ++i) {
            grown[i] = proof[i];
        }
        grown[proof.length] = node;
    }
}
