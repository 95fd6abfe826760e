// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimData} from "../libraries/ClaimArgs.sol";
import {BondedClaims} from "./BondedClaims.sol";
import {FaultProof} from "./FaultProof.sol";
import {ValidityProofs} from "./ValidityProofs.sol";

/// @title The game over claims, which a validity proof ends at once.
/// @notice The module of the preset hybrid. Without proofs it is `FaultProof`. With one, a claim wins its round at once,
/// contradicted or not, however the game stands; edges and their bonds go on to be played for.
///
/// A proof says how the batches end, and nothing of the history on the way. So where two claims on one parent have the
/// same end, it cannot tell them apart, and the game has to. Else somebody could copy what a right claim says, with a
/// made-up history, let something wrong grow old on the copy, where nobody looks who knows that it loses the game, and then
/// have the copy proved.
contract HybridProof is FaultProof, ValidityProofs {
    /// @param game As of `FaultProof`.
    /// @param proofs What a proof is.
    struct HybridConfig {
        Config game;
        Proofs proofs;
    }

    /// @notice Another claim on the parent of `index` has the same end: the game decides between them.
    error SameEnd(uint64 index);

    /// @dev How many claims on a parent have an end.
    mapping(bytes32 end => uint256) private _claimants;

    constructor(HybridConfig memory config) FaultProof(config.game) ValidityProofs(config.proofs) {}

    /// @inheritdoc FaultProof
    function _begin(ClaimData memory claim, bytes calldata data) internal override(BondedClaims, FaultProof) {
        super._begin(claim, data);
        ++_claimants[_end(claim)];
    }

    /// @inheritdoc ValidityProofs
    function _checkProvable(uint64 index) internal view override {
        super._checkProvable(index);
        if (_claimants[_end(_claim(index))] != 1) revert SameEnd(index);
    }

    function _end(ClaimData memory claim) private pure returns (bytes32) {
        return keccak256(abi.encode(claim.parentIndex, claim.outputRoot, claim.lastBlock));
    }
}
