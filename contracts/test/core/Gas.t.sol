// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaim} from "../../src/interfaces/IClaim.sol";
import {OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {CoreTest} from "./CoreTest.sol";

/// @notice What a user or an operator pays for each step: whole transactions, calldata included, on cold state.
/// @dev `forge test --mc GasTest` rewrites `snapshots/core.json`; `FORGE_SNAPSHOT_CHECK=true` compares instead. The
/// bounds that we promise are asserted.
/// forge-config: default.isolate = true
contract GasTest is CoreTest {
    function setUp() public override {
        super.setUp();
        skip(12);
        _commit("the batch before");
        _fund(10 ether);
        skip(12);
    }

    function test_gas_deposit() external {
        vm.prank(alice, alice);
        portal.depositTransaction{value: 1 ether}(alice, 1 ether, 21_000, false, "");
        vm.assertLe(vm.snapshotGasLastCall("core", "Portal.depositTransaction"), 75_000);
        _fund(1 ether);
        // Every third fills a slot with timestamps and gas.
        vm.prank(alice, alice);
        portal.depositTransaction{value: 1 ether}(alice, 1 ether, 21_000, false, "");
        vm.assertLe(vm.snapshotGasLastCall("core", "Portal.depositTransaction (every third)"), 97_000);
    }

    function test_gas_deposit_by_transfer() external {
        vm.prank(alice, alice);
        (bool ok,) = address(portal).call{value: 1 ether}("");
        vm.assertTrue(ok);
        vm.snapshotGasLastCall("core", "Portal.receive");
    }

    function test_gas_commit() external {
        uint64 now_ = uint64(vm.getBlockTimestamp());
        vm.prank(batcher);
        inbox.commitBatch(2, now_, now_, 3, "");
        vm.snapshotGasLastCall("core", "Inbox.commitBatch (empty payload)");
    }

    function test_gas_commit_calldata() external {
        uint64 now_ = uint64(vm.getBlockTimestamp());
        bytes memory payload = new bytes(10_000);
        for (uint256 i = 0; i < payload.length; ++i) {
            payload[i] = bytes1(uint8(i % 255 + 1));
        }
        vm.prank(batcher);
        inbox.commitBatch(2, now_, now_, 3, payload);
        vm.snapshotGasLastCall("core", "Inbox.commitBatch (10 kB of calldata)");
    }

    function test_gas_propose() external {
        bytes32 batchHash = inbox.batchHash(1);
        vm.prank(proposer);
        settlement.propose(genesis, 1, batchHash, keccak256("root"), 5, "");
        vm.snapshotGasLastCall("core", "Settlement.propose");
    }

    function test_gas_prove_and_finalise() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        // As deep as a trie of about a thousand withdrawals.
        bytes32[] memory hashes = _among(hash, 250);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        bytes[] memory proof = _proofOf(hashes, hash);
        vm.prank(alice);
        portal.proveWithdrawalTransaction(w, index, parts, proof);
        vm.assertLe(vm.snapshotGasLastCall("core", "Portal.proveWithdrawalTransaction"), 160_000);
        vm.snapshotValue("core", "proof nodes", proof.length);

        skip(WINDOW);
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.assertLe(vm.snapshotGasLastCall("core", "Portal.finalizeWithdrawalTransaction"), 80_000);
    }
}
