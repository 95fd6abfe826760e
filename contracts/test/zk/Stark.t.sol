// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Proofs} from "./Proofs.sol";

/// @notice Whole proofs.
contract StarkTest is Proofs {
    function test_everyProof_isAccepted() external {
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            bytes32 id = _verifyConstraints(p);
            vm.snapshotGasLastCall("zk", string.concat("constraints of the proof '", p.name, "'"));
            vm.assertEq(id, p.checkpointId, p.name);
            vm.assertTrue(constraints.reached(id), p.name);
            vm.assertFalse(openings.proved(p.keyHash, keccak256(p.claim)), p.name);
            _verifyOpenings(p);
            vm.snapshotGasLastCall("zk", string.concat("openings of the proof '", p.name, "'"));
            vm.assertTrue(openings.proved(p.keyHash, keccak256(p.claim)), p.name);
        }
    }
}
