// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {ValidityProofs} from "../../src/validity/ValidityProofs.sol";
import {ZkProofTest} from "./ZkProofTest.sol";

/// @notice Claims that a proof decides.
contract ZkProofClaimsTest is ZkProofTest {
    function test_proved_claim_is_final_at_once() external {
        uint64 index = _claimAs(alice, 0, "right");
        skip(1 hours);
        _expectStatus(index, ClaimStatus.Pending);
        _verify(settlement, index, "");
        bytes32 output = _output(settlement.publicInput(index), "");
        vm.expectEmit(address(zk));
        emit ValidityProofs.ClaimProved(index, output);
        vm.prank(mallory);
        zk.proveClaim(index, "");
        _expectStatus(index, ClaimStatus.Final);
        vm.assertEq(settlement.claimAt(index).resolvedAt(), vm.getBlockTimestamp());
    }
}
