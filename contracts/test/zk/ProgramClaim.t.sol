// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ValidityProofs} from "../../src/validity/ValidityProofs.sol";
import {ZkProof} from "../../src/validity/ZkProof.sol";
import {ProgramClaim} from "../../src/zk/ProgramClaim.sol";
import {Proofs} from "./Proofs.sol";
import {Proving} from "./Proving.sol";

/// @notice Shows what the module asks of `StarkOpenings`.
contract OpenZkProof is ZkProof {
    constructor(Config memory config) ZkProof(config) {}

    function checkProved(bytes32 output) external view {
        _checkProved(output);
    }
}

/// @notice What the STARK claims, and how a module looks it up.
contract ProgramClaimTest is Proofs, Proving {
    function test_encode_anything_is_a_word_for_each_byte(bytes32 exe, bytes32 zkvm, bytes32 output) external pure {
        bytes memory claim = ProgramClaim.encode(exe, zkvm, output);
        vm.assertEq(claim.length, 192);
        vm.assertEq(claim, _claim(exe, zkvm, output));
    }

    function test_encode_two_outputs_differ(bytes32 a, bytes32 b) external pure {
        vm.assume(a != b);
        bytes32 claim = keccak256(ProgramClaim.encode(0, 0, a));
        vm.assertNotEq(claim, keccak256(ProgramClaim.encode(0, 0, b)));
    }

    /// @dev A real proof, of a program whose output is the bytes 0 to 31.
    function test_realProof_is_found() external {
        Proof memory p = _proof(ROOT);
        (bytes32 exe, bytes32 zkvm) = _commitments(p.claim);
        bytes32 output = 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f;
        vm.assertEq(ProgramClaim.encode(exe, zkvm, output), p.claim);

        OpenZkProof zk = _module(p.keyHash, exe, zkvm);
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, keccak256(p.claim)));
        zk.checkProved(output);
        _verifyConstraints(p);
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, keccak256(p.claim)));
        zk.checkProved(output);
        _verifyOpenings(p);
        zk.checkProved(output);

        _expectNotProved(zk, output ^ bytes32(uint256(1)));
        _expectNotProved(_module(keccak256("another key"), exe, zkvm), output);
        _expectNotProved(_module(p.keyHash, zkvm, zkvm), output);
        _expectNotProved(_module(p.keyHash, exe, exe), output);
    }

    function _module(bytes32 key, bytes32 exe, bytes32 zkvm) private returns (OpenZkProof) {
        ValidityProofs.Proofs memory proofs = ValidityProofs.Proofs(address(openings), key, exe, zkvm);
        return new OpenZkProof(ZkProof.Config(address(this), proofs, 1));
    }

    function _expectNotProved(OpenZkProof zk, bytes32 output) private {
        vm.expectPartialRevert(ValidityProofs.NotProved.selector);
        zk.checkProved(output);
    }

    function _commitments(bytes memory claim) private pure returns (bytes32 exe, bytes32 zkvm) {
        assembly ("memory-safe") {
            exe := mload(add(claim, 0x20))
            zkvm := mload(add(claim, 0x40))
        }
    }
}
