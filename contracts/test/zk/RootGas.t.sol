// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Evaluation} from "../../src/zk/Evaluation.sol";
import {Ext4, ONE, P} from "../../src/zk/Ext4.sol";
import {Domain} from "../../src/zk/Domain.sol";
import {StarkConstraints} from "../../src/zk/StarkConstraints.sol";
import {StarkOpenings} from "../../src/zk/StarkOpenings.sol";
import {Pruning} from "./Pruning.sol";
import {RootSize} from "./RootSize.sol";

/// @notice What a proof of the last layer's size costs, measured on one that proves nothing: zeros where they pass.
/// @dev Part 1 fails at its very last check, that of the constraints; part 2 passes, for columns of zeros. Calldata is
/// counted as if no byte were zero.
contract RootGasTest is RootSize {
    StarkConstraints private constraints = new StarkConstraints();
    StarkOpenings private openings = new StarkOpenings(constraints);
    address[] private _chunks;

    function setUp() external {
        bytes memory key = _key();
        vm.snapshotValue("zk", "bytes of a key of the root's size", key.length);
        uint256 size = 24_575;
        for (uint256 i = 0; i * size < key.length; ++i) {
            uint256 length = key.length - i * size < size ? key.length - i * size : size;
            bytes memory code = new bytes(length + 1);
            assembly {
                mcopy(add(code, 0x21), add(add(key, 0x20), mul(i, size)), length)
            }
            address chunk = makeAddr(string.concat("chunk ", vm.toString(i)));
            vm.etch(chunk, code);
            _chunks.push(chunk);
        }
    }

    function test_gas_ofConstraints() external {
        bytes memory proof = _part1();
        uint256 before = gasleft();
        (bool ok, bytes memory reason) =
            address(constraints).call(abi.encodeCall(constraints.verify, (_chunks, "", proof)));
        uint256 used = before - gasleft();
        vm.assertFalse(ok);
        vm.assertTrue(bytes4(reason) == Evaluation.ConstraintsNotSatisfied.selector, vm.toString(reason));
        _snapshot("constraints of the root's size", used, proof.length);
    }

    function test_gas_ofOpenings() external {
        bytes memory checkpoint = new bytes(32 + 32 + 16 * (3 + N_MAX));
        (bytes memory proof, bytes32 root) = _part2();
        // Queries of a random transcript: how many siblings they share does not vary much.
        (proof,) = Pruning.prune(_chunk0(), bytes32(0), proof);
        assembly {
            mstore(add(checkpoint, 0x40), root)
        }
        vm.mockCall(address(constraints), "", abi.encode(true));
        openings.verify(_chunks, "", checkpoint, proof);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        _snapshot("openings of the root's size", used, proof.length);
    }

    /// @dev The call's gas; and a transaction's, with calldata and its floor (EIP-7623).
    function _snapshot(string memory name, uint256 execution, uint256 bytes_) private {
        vm.snapshotValue("zk", name, execution);
        vm.snapshotValue("zk", string.concat(name, ", bytes"), bytes_);
        uint256 standard = 21_000 + 16 * bytes_ + execution;
        uint256 floor = 21_000 + 40 * bytes_;
        vm.snapshotValue("zk", string.concat(name, ", transaction"), standard > floor ? standard : floor);
    }

    /// @dev All fractions are zero over zero, but that the traces' denominators add up; constant polynomials.
    function _part1() private view returns (bytes memory proof) {
        uint256 gkr = 36 + 16 + 64 * GKR_ROUNDS + 48 * (GKR_ROUNDS * (GKR_ROUNDS - 1) / 2);
        uint256 length = gkr + 32 * TRACES + 16 * 16 + 80 * N_MAX + 16 * _opened();
        proof = new bytes(length);
        // The transcript, up to the challenges that decide these.
        (bytes32 state, uint256 alpha) = _sample(abi.encodePacked(_state0(proof)));
        (state,) = _sample(abi.encodePacked(state));
        (state,) = _sample(abi.encodePacked(state, new bytes(80)));
        for (uint256 j = 1; j < GKR_ROUNDS; ++j) {
            (state,) = _sample(abi.encodePacked(state));
            for (uint256 i = 0; i < j; ++i) {
                (state,) = _sample(abi.encodePacked(state, new bytes(48)));
            }
            (state,) = _sample(abi.encodePacked(state, new bytes(64)));
        }
        (state,) = _sample(abi.encodePacked(state));
        uint256 denominator = Ext4.reduce(Ext4.sub(0, alpha));
        _set(proof, gkr + 16, denominator);
        bytes memory sums = new bytes(32 * TRACES);
        _set(sums, 16, denominator);
        uint256 mu;
        (state, mu) = _sample(abi.encodePacked(state, sums));
        uint256 claim = Ext4.mulBase(Ext4.mul(denominator, mu), Domain.inversePower(2));
        uint256 pos = gkr + 32 * TRACES;
        _set(proof, pos, Ext4.reduce(claim));
        pos += 256;
        for (uint256 i = 0; i < N_MAX; ++i) {
            claim = Ext4.mulBase(claim, Domain.inversePower(1));
            for (uint256 j = 0; j < 5; ++j) {
                _set(proof, pos, Ext4.reduce(claim));
                pos += 16;
            }
        }
    }

    function _chunk0() private view returns (bytes memory key) {
        bytes memory code = _chunks[0].code;
        key = new bytes(code.length - 1);
        assembly {
            mcopy(add(key, 0x20), add(code, 0x21), mload(key))
        }
    }

    function _state0(bytes memory) private view returns (bytes memory) {
        bytes memory key = _chunks[0].code;
        uint256 length = 8 * TRACES + 32;
        bytes memory preamble = new bytes(length);
        uint256 start = 97 + 32 * TRACES;
        assembly {
            mcopy(add(preamble, 0x20), add(add(key, 0x20), start), length)
        }
        return abi.encodePacked(keccak256("altana.swirl.keccak.v1"), uint256(1), bytes32(0), preamble);
    }

    function _sample(bytes memory absorbed) private pure returns (bytes32 state, uint256 challenge) {
        state = keccak256(absorbed);
        challenge = Ext4.reduce(uint256(state));
    }

    function _set(bytes memory data, uint256 pos, uint256 element) private pure {
        uint256 packed = Ext4.pack(element);
        assembly {
            let p := add(add(data, 0x20), pos)
            mstore(p, or(shl(128, packed), shr(128, shl(128, mload(p)))))
        }
    }

    /// @dev Zeros, and the trees over them.
    function _part2() private pure returns (bytes memory proof, bytes32 root) {
        proof = new bytes(16 * 7 + 32 * 18 + 16 * WIDTH + 4);
        bytes32 next = _zeros(16, 3 + 20);
        root = _zeros(4 * WIDTH, 3 + 21);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            proof = abi.encodePacked(proof, new bytes(3 * 36));
            if (i + 1 == ROUNDS) proof = abi.encodePacked(proof, new bytes(16 * 32));
            else proof = abi.encodePacked(proof, _zeros(16, 3 + 20 - i), new bytes(16));
            proof = abi.encodePacked(proof, new bytes(4));
            uint256 row = i == 0 ? 4 * WIDTH : 16;
            bytes memory query = new bytes(8 * row);
            for (uint256 d = 0; d < 21 - i; ++d) {
                query = abi.encodePacked(query, _zeros(row, 3 + d));
            }
            for (uint256 q = 0; q < _queries(i); ++q) {
                proof = abi.encodePacked(proof, query);
            }
        }
        next;
    }

    /// @dev The root of a tree of 2^`depth` equal leaves.
    function _zeros(uint256 row, uint256 depth) private pure returns (bytes32 node) {
        node = keccak256(new bytes(row));
        for (uint256 i = 0; i < depth; ++i) {
            node = keccak256(abi.encodePacked(node, node));
        }
    }
}
