// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FaultProof} from "./FaultProof.sol";
import {ValidityProofs} from "./ValidityProofs.sol";

/// @title The game over claims, which a validity proof ends at once.
/// @notice The module of the preset hybrid. Without proofs it is `FaultProof`. With one, a claim wins its round at once,
/// contradicted or not, however the game stands; edges and their bonds go on to be played for.
///
/// A claim stands for a history, and so does a proof. Else somebody could copy what a right claim says, with a made-up
/// history, let something wrong grow old on the copy, where nobody looks who knows that it loses the game, and then have
/// the copy proved.
contract HybridProof is FaultProof, ValidityProofs {
    /// @param game As of `FaultProof`.
    /// @param proofs What a proof is.
    struct HybridConfig {
        Config game;
        Proofs proofs;
    }

    /// @notice The claim stands for the history with the root `expected`.
    error WrongHistory(bytes32 expected);

    constructor(HybridConfig memory config) FaultProof(config.game) ValidityProofs(config.proofs) {}

    /// @inheritdoc ValidityProofs
    function _checkProvable(uint64 index, bytes32 history) internal view override {
        super._checkProvable(index, history);
        bytes32 expected = rootEdge(index).node;
        if (history != expected) revert WrongHistory(expected);
    }
}
