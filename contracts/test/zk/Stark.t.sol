// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Whir} from "../../src/zk/Whir.sol";
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

    /// @dev Queries that are named twice, not at all, or in another order than by index; equal ones, by number.
    function test_queriesInAnotherOrder_revert() external {
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            _verifyConstraints(p);
            for (uint256 round = 0; round < p.openings.length; ++round) {
                uint256 start = p.openings[round];
                uint256 count = uint8(p.key[65 + 2 * round]);
                for (uint256 j = 0; j < count; ++j) {
                    bytes1 query = p.part2[start + j];
                    p.part2[start + j] = bytes1(uint8(count));
                    _wrongOrder(p, round);
                    if (j > 0) {
                        p.part2[start + j] = p.part2[start + j - 1];
                        _wrongOrder(p, round);
                        p.part2[start + j - 1] = query;
                        _wrongOrder(p, round);
                        p.part2[start + j - 1] = p.part2[start + j];
                    }
                    p.part2[start + j] = query;
                }
            }
            _verifyOpenings(p);
        }
    }

    function _wrongOrder(Proof memory p, uint256 round) private {
        vm.expectRevert(abi.encodeWithSelector(Whir.WrongOrder.selector, round));
        openings.verify(p.chunks, p.claim, p.checkpoint, p.part2);
    }

    /// @dev EIP-170.
    function test_contracts_fitInTheLimit() external view {
        vm.assertLe(address(constraints).code.length, 24_576);
        vm.assertLe(address(openings).code.length, 24_576);
    }
}
