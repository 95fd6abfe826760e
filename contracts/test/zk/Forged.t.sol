// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "../base/Vm.sol";
import {Batches} from "../../src/zk/Batch.sol";
import {Evaluation} from "../../src/zk/Evaluation.sol";
import {Gkr} from "../../src/zk/Gkr.sol";
import {Stacking} from "../../src/zk/Stacking.sol";
import {Whir} from "../../src/zk/Whir.sol";
import {Proofs} from "./Proofs.sol";

/// @notice Proofs of a liar who knows the challenges: each satisfies all checks but one, so it is accepted by a verifier
/// that lacks that one (`vectors/forged.json`, docs/stark.md, section 7).
contract ForgedTest is Proofs {
    function test_eachCheck_refusesTheLiarWhoNeedsIt() external {
        string memory json = vm.readFile("test/zk/vectors/forged.json");
        string[] memory lies = abi.decode(vm.parseJson(json, ".lie"), (string[]));
        string[] memory reasons = abi.decode(vm.parseJson(json, ".reason"), (string[]));
        bytes[] memory part1 = vm.parseJsonBytesArray(json, ".part1");
        bytes[] memory part2 = vm.parseJsonBytesArray(json, ".part2");
        Proof memory p;
        p.key = vm.parseJsonBytes(json, ".key");
        p.claim = vm.parseJsonBytes(json, ".claim");
        p.chunks = _deploy(p.key, 24_575);
        vm.recordLogs();
        vm.assertGt(lies.length, 15);
        for (uint256 i = 0; i < lies.length; ++i) {
            bytes4 expected = _selector(reasons[i]);
            (bool ok, bytes memory result) =
                address(constraints).call(abi.encodeCall(constraints.verify, (p.chunks, p.claim, part1[i])));
            if (ok) {
                Vm.Log[] memory logs = vm.getRecordedLogs();
                bytes memory checkpoint = abi.decode(logs[logs.length - 1].data, (bytes));
                (ok, result) =
                    address(openings).call(abi.encodeCall(openings.verify, (p.chunks, p.claim, checkpoint, part2[i])));
            }
            vm.assertFalse(ok, lies[i]);
            vm.assertEq(bytes32(bytes4(result)), bytes32(expected), lies[i]);
        }
    }

    /// @dev The error that the contract has for the Rust verifier's.
    function _selector(string memory reason) private pure returns (bytes4) {
        bytes32 name = keccak256(bytes(reason));
        if (name == keccak256("LogUpWork")) return Gkr.TooLittleLogUpWork.selector;
        if (name == keccak256("GkrRootNumerator")) return Gkr.SumNotZero.selector;
        if (name == keccak256("GkrRootDenominator")) return Gkr.WrongRootDenominator.selector;
        if (name == keccak256("GkrLayer")) return Gkr.WrongLayer.selector;
        if (name == keccak256("NumeratorSum")) return Batches.WrongNumerators.selector;
        if (name == keccak256("DenominatorSum")) return Batches.WrongDenominators.selector;
        if (name == keccak256("BatchDomainSum")) return Batches.WrongUnivariateSum.selector;
        if (name == keccak256("BatchClaim")) return Evaluation.ConstraintsNotSatisfied.selector;
        if (name == keccak256("StackedDomainSum")) return Stacking.WrongStackedSum.selector;
        if (name == keccak256("StackedClaim")) return Stacking.WrongStackedOpenings.selector;
        if (name == keccak256("MuWork")) return Whir.TooLittleBatchingWork.selector;
        if (name == keccak256("FoldingWork")) return Whir.TooLittleFoldingWork.selector;
        if (name == keccak256("QueryWork")) return Whir.TooLittleQueryWork.selector;
        if (name == keccak256("MerkleRoot")) return Whir.WrongMerkleRoot.selector;
        if (name == keccak256("FinalClaim")) return Whir.WrongFinalPolynomial.selector;
        revert(reason);
    }
}
