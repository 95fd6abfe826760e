// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {ZkProof} from "../../src/validity/ZkProof.sol";
import {CoreTest} from "../core/CoreTest.sol";
import {Proving} from "./Proving.sol";

/// @notice A rollup whose claims are proved.
abstract contract ZkProofTest is CoreTest, Proving {
    uint256 internal constant CLAIM_BOND = 10 ether;
    /// @dev What programs went through, if nothing else is said.
    bytes32 internal constant HISTORY = keccak256("history");

    ZkProof internal zk;
    address internal carol = makeAddr("carol");
    address internal mallory = makeAddr("mallory");

    function setUp() public virtual override {
        super.setUp();
        zk = new ZkProof(_zkConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(zk));
        vm.deal(carol, 1_000 ether);
        vm.deal(mallory, 1_000 ether);
        _commit("one");
    }

    function _zkConfig() internal view returns (ZkProof.Config memory) {
        return ZkProof.Config({settlement: address(settlement), proofs: _proofsConfig(), claimBond: CLAIM_BOND});
    }

    /// @dev `player` claims that the batches after `parent` end in `root`.
    function _claimAs(address player, uint64 parent, bytes32 root) internal returns (uint64 index) {
        uint64 batch = zk.lastBatchFor(parent);
        bytes32 batchHash = inbox.batchHash(batch);
        uint256 due = zk.bond(parent, player);
        index = uint64(settlement.gameCount());
        IClaim on = settlement.claimAt(parent);
        vm.prank(player);
        settlement.propose{value: due}(on, batch, batchHash, root, batch, "");
    }

    /// @dev A proof without blobs is verified, and shown.
    function _proveClaim(uint64 index) internal {
        _verify(settlement, index, HISTORY, "");
        zk.proveClaim(index, HISTORY, "");
    }

    function _status(uint64 index) internal view returns (ClaimStatus) {
        return settlement.claimAt(index).status();
    }

    function _expectStatus(uint64 index, ClaimStatus expected) internal view {
        vm.assertEq(uint256(_status(index)), uint256(expected), "status");
    }
}
