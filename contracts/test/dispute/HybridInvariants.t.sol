// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rounds} from "../../src/dispute/Rounds.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameHandler} from "./GameHandler.sol";
import {GameInvariantsTest} from "./GameInvariants.t.sol";
import {GameTest} from "./GameTest.sol";
import {HybridTest} from "./HybridTest.sol";

/// @notice The game's players, and a prover who proves right claims whenever they like.
contract HybridHandler is GameHandler, HybridTest {
    /// @notice How many claims won by a proof.
    uint256 public proved;

    function setUp() public override(GameHandler, GameTest) {
        super.setUp();
    }

    function _newGame() internal override(GameTest, HybridTest) returns (FaultProof) {
        return super._newGame();
    }

    function _gameConfig() internal view override(GameHandler, GameTest) returns (FaultProof.Config memory) {
        return super._gameConfig();
    }

    /// @notice Proves a claim, if there is a proof. It is refused only if the claim has won already.
    function prove(uint256 seed) external {
        _begin();
        uint64 index = uint64(seed % settlement.gameCount());
        if (index == 0 || !_isRight[index]) return _boastOfAProof(index);
        _verify(settlement, index, "");
        try _hybrid().proveClaim(index, "") {
            ++proved;
        } catch (bytes memory reason) {
            bool over = keccak256(reason) == keccak256(abi.encodeWithSelector(Rounds.RoundOver.selector, index));
            if (!over) broken = "a proof was refused";
        }
        _check();
    }

    function _boastOfAProof(uint64 index) private {
        try _hybrid().proveClaim(index, "") {
            broken = "a claim won without a proof";
        } catch {}
    }
}

/// @notice What holds in the game holds with proofs in it.
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 60
contract HybridInvariantsTest is GameInvariantsTest {
    function _newHandler() internal override returns (GameHandler) {
        return new HybridHandler();
    }

    function _functions() internal pure override returns (bytes4[] memory selectors) {
        bytes4[] memory others = super._functions();
        selectors = new bytes4[](others.length + 1);
        for (uint256 i = 0; i < others.length; ++i) {
            selectors[i] = others[i];
        }
        selectors[others.length] = HybridHandler.prove.selector;
    }

    /// @dev The runs do prove something, in the middle of disputes.
    function test_handler_proves() external {
        vm.pauseGasMetering();
        HybridHandler handler = HybridHandler(address(_handler));
        handler.wait(1);
        handler.lie(5);
        for (uint256 i = 0; i < 10; ++i) {
            handler.mislead(i | 11 << 8);
            handler.wait(0);
        }
        handler.prove(0);
        handler.prove(2);
        vm.assertEq(handler.proved(), 0);
        vm.assertEq(handler.rightClaims(), 0);
        handler.prove(1);
        handler.prove(1);
        vm.assertEq(handler.proved(), 1);
        vm.assertEq(handler.rightClaims(), 1);
        for (uint256 i = 0; i < 3; ++i) {
            handler.mislead(i | 11 << 8);
            handler.boast(i);
            handler.wait(29);
        }
        handler.settle(1);
        handler.settle(2);
        vm.assertEq(handler.booked(), 15 ether);
        vm.assertEq(handler.broken(), "");
        vm.assertEq(uint256(handler.gameOf().status(2)), uint256(ClaimStatus.Rejected));
    }
}
