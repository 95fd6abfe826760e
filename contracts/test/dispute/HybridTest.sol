// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaim} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {HybridProof} from "../../src/validity/HybridProof.sol";
import {Proving} from "../zk/Proving.sol";
import {GameTest, Side} from "./GameTest.sol";

/// @notice The toy rollup under a game that a proof ends.
abstract contract HybridTest is GameTest, Proving {
    uint256 private _madeUp;

    function _newGame() internal virtual override returns (FaultProof) {
        return new HybridProof(_hybridConfig());
    }

    function _hybridConfig() internal view returns (HybridProof.HybridConfig memory) {
        return HybridProof.HybridConfig({game: _gameConfig(), proofs: _proofsConfig()});
    }

    function _hybrid() internal view returns (HybridProof) {
        return HybridProof(address(game));
    }

    /// @dev A proof without blobs, by the history that the claim stands for, is verified. The claim's history is given back.
    function _verified(uint64 index) internal returns (bytes32 history) {
        history = game.rootEdge(index).node;
        _verify(settlement, index, history, "");
    }

    /// @dev Such a proof is verified, and shown.
    function _proveClaim(uint64 index) internal {
        _hybrid().proveClaim(index, _verified(index), "");
    }

    /// @dev What `s` claims, by a made-up history, another each time: the last leaf is the same, and no other.
    function _claimWithMadeUpHistory(Side memory s) internal returns (uint64 index) {
        (bytes32 root, uint64 lastBlock) = _claimOf(s);
        uint64 batch = game.lastBatchFor(s.parent);
        bytes32 hash = inbox.batchHash(batch);
        uint256 due = game.bond(s.parent, s.player);
        index = uint64(settlement.gameCount());
        IClaim parent = settlement.claimAt(s.parent);
        vm.prank(s.player);
        settlement.propose{value: due}(parent, batch, hash, root, lastBlock, _madeUpSpine());
    }

    function _madeUpSpine() private returns (bytes memory) {
        bytes32[11] memory rest;
        return abi.encode(++_madeUp, rest);
    }
}
