// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Proofs} from "./Proofs.sol";

/// @notice Whole proofs.
contract StarkTest is Proofs {
    function test_everySmallProof_isAccepted() external {
        for (uint256 i = 0; i < PROOFS; ++i) {
            _accepted(_proof(i));
        }
    }

    /// @dev A real one, of the recursion's last layer. Within the limits of a transaction: 16,777,216 gas (EIP-7825), and
    /// 128 KiB in a mempool.
    function test_aProofOfTheLastLayer_isAccepted() external {
        Proof memory p = _proof(ROOT);
        (uint256 first, uint256 second) = _accepted(p);
        vm.snapshotValue("zk", "bytes of the key 'root'", p.key.length);
        bytes memory data = abi.encodeCall(constraints.verify, (p.chunks, p.claim, p.part1));
        _transaction("constraints of the proof 'root'", data, first);
        data = abi.encodeCall(openings.verify, (p.chunks, p.claim, p.checkpoint, p.part2));
        _transaction("openings of the proof 'root'", data, second);
    }

    function _accepted(Proof memory p) private returns (uint256 first, uint256 second) {
        bytes32 id = _verifyConstraints(p);
        first = vm.snapshotGasLastCall("zk", string.concat("constraints of the proof '", p.name, "'"));
        vm.assertEq(id, p.checkpointId, p.name);
        vm.assertTrue(constraints.reached(id), p.name);
        vm.assertFalse(openings.proved(p.keyHash, keccak256(p.claim)), p.name);
        _verifyOpenings(p);
        second = vm.snapshotGasLastCall("zk", string.concat("openings of the proof '", p.name, "'"));
        vm.assertTrue(openings.proved(p.keyHash, keccak256(p.claim)), p.name);
    }

    /// @dev EIP-7623: four tokens for a byte that is not zero, one for a zero; four gas a token, or ten and no execution.
    function _transaction(string memory name, bytes memory data, uint256 execution) private {
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        uint256 standard = 4 * tokens + execution;
        uint256 gas = 21_000 + (standard > 10 * tokens ? standard : 10 * tokens);
        vm.snapshotValue("zk", string.concat(name, ", bytes"), data.length);
        vm.snapshotValue("zk", string.concat(name, ", transaction"), gas);
        vm.assertLe(gas, 16_777_216, name);
        vm.assertLe(data.length, 131_072, name);
    }
}
