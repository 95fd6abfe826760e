// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimData} from "../libraries/ClaimArgs.sol";
import {BondedClaims} from "./BondedClaims.sol";
import {FaultProof} from "./FaultProof.sol";
import {ValidityProofs} from "./ValidityProofs.sol";

/// @title The game over claims, which a validity proof ends at once.
/// @notice The module of the preset hybrid. Without proofs it is `FaultProof`. With one, a claim wins its round at once,
/// contradicted or not, however the game stands; edges and their bonds go on to be played for.
contract HybridProof is FaultProof, ValidityProofs {
    /// @param game As of `FaultProof`.
    /// @param proofs What a proof is.
    struct HybridConfig {
        Config game;
        Proofs proofs;
    }

    constructor(HybridConfig memory config) FaultProof(config.game) ValidityProofs(config.proofs) {}

    /// @inheritdoc BondedClaims
    /// @dev A proof says how the batches end, and nothing of the history on the way. So of two claims with the same end
    /// either could be proved, and whoever sends the proof would choose who loses. Nobody does: neither is shown wrong.
    function _isSpared(uint64 index, uint64 victor) internal view override(BondedClaims, FaultProof) returns (bool) {
        uint64 parent = _records[victor].parent;
        if (_records[parent].round != Round.Proved) return false;
        while (_records[index].parent != parent) index = _records[index].parent;
        ClaimData memory lost = _claim(index);
        ClaimData memory won = _claim(victor);
        return lost.outputRoot == won.outputRoot && lost.lastBlock == won.lastBlock;
    }
}
