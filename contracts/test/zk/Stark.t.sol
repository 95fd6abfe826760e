// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Proofs} from "./Proofs.sol";

/// @notice Whole proofs.
contract StarkTest is Proofs {
    /// @dev Small ones of several shapes, and a real one of the recursion's last layer.
    function test_everyProof_isAccepted() external {
        for (uint256 i = 0; i <= ROOT; ++i) {
            Proof memory p = _proof(i);
            bytes32 claimHash = keccak256(p.claim);
            bytes32 id = _verifyConstraints(p);
            vm.assertEq(id, p.checkpointId, p.name);
            vm.assertTrue(constraints.reached(id), p.name);
            vm.assertFalse(openings.proved(p.keyHash, claimHash), p.name);
            _verifyOpenings(p);
            vm.assertTrue(openings.proved(p.keyHash, claimHash), p.name);
        }
    }

    /// @dev EIP-170.
    function test_contracts_fitInTheLimit() external view {
        vm.assertLe(address(constraints).code.length, 24_576);
        vm.assertLe(address(openings).code.length, 24_576);
    }
}
