// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FaultProof} from "../../src/validity/FaultProof.sol";
import {FaultProofClaimsTest} from "./FaultProofClaims.t.sol";
import {FaultProofMovesTest} from "./FaultProofMoves.t.sol";
import {GameTest} from "./GameTest.sol";
import {HybridTest} from "./HybridTest.sol";

/// @notice Without proofs the hybrid is the game: claims.
contract HybridClaimsTest is FaultProofClaimsTest, HybridTest {
    function _newGame() internal override(GameTest, HybridTest) returns (FaultProof) {
        return super._newGame();
    }
}

/// @notice Without proofs the hybrid is the game: moves.
contract HybridMovesTest is FaultProofMovesTest, HybridTest {
    function setUp() public override(FaultProofMovesTest, GameTest) {
        super.setUp();
    }

    function _newGame() internal override(GameTest, HybridTest) returns (FaultProof) {
        return super._newGame();
    }
}
