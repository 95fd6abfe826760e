// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Protocol} from "../../src/libraries/Protocol.sol";
import {Test} from "../base/Test.sol";

/// @notice Hashes against a second, naive implementation of their definition.
contract ProtocolTest is Test {
    function commit(bytes calldata payload) external pure returns (bytes32) {
        return Protocol.calldataCommitment(payload);
    }

    function test_calldataCommitment_of_nothing_is_one_empty_chunk() external view {
        vm.assertEq(this.commit(""), keccak256(hex"00"));
    }

    function test_calldataCommitment_of_one_chunk_is_its_leaf(uint256 seed) external view {
        bytes memory chunk = _bytes(seed, bound(seed, 1, 4096));
        vm.assertEq(this.commit(chunk), keccak256(abi.encodePacked(hex"00", chunk)));
    }

    function test_calldataCommitment_lets_an_odd_node_rise() external view {
        bytes memory payload = _bytes(7, 2 * 4096 + 1);
        bytes32 a = _leaf(payload, 0);
        bytes32 b = _leaf(payload, 1);
        bytes32 c = _leaf(payload, 2);
        bytes32 ab = keccak256(abi.encodePacked(hex"01", a, b));
        vm.assertEq(this.commit(payload), keccak256(abi.encodePacked(hex"01", ab, c)));
    }

    /// forge-config: default.fuzz.runs = 64
    function test_calldataCommitment_matches_its_definition(uint256 seed) external view {
        bytes memory payload = _bytes(seed, seed % 40_000);
        uint256 count = payload.length == 0 ? 1 : (payload.length + 4095) / 4096;
        vm.assertEq(this.commit(payload), _root(payload, 0, count));
    }

    function test_blockLeaf_and_blockInput_are_words_in_order(bytes32 a, bytes32 b, bytes32 c, uint64 n) external pure {
        vm.assertEq(Protocol.blockLeaf(a, n), keccak256(bytes.concat(a, bytes32(uint256(n)))));
        vm.assertEq(Protocol.blockInput(a, b, c, n), keccak256(bytes.concat(a, b, c, bytes32(uint256(n)))));
    }

    /// @dev The definition, from the top: the left part is the largest power of two below `count`.
    function _root(bytes memory payload, uint256 from, uint256 count) private pure returns (bytes32) {
        if (count == 1) return _leaf(payload, from);
        uint256 left = 1;
        while (left * 2 < count) left *= 2;
        return
            keccak256(abi.encodePacked(hex"01", _root(payload, from, left), _root(payload, from + left, count - left)));
    }

    function _leaf(bytes memory payload, uint256 index) private pure returns (bytes32) {
        uint256 start = index * 4096;
        uint256 length = payload.length - start < 4096 ? payload.length - start : 4096;
        bytes memory chunk = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            chunk[i] = payload[start + i];
        }
        return keccak256(abi.encodePacked(hex"00", chunk));
    }

    function _bytes(uint256 seed, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 from = 0; from < length; from += 32) {
            bytes32 word = keccak256(abi.encode(seed, from));
            for (uint256 i = 0; i < 32 && from + i < length; ++i) {
                out[from + i] = word[i];
            }
        }
    }
}
