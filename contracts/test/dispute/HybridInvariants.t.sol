// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rounds} from "../../src/dispute/Rounds.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {HybridProof} from "../../src/validity/HybridProof.sol";
import {GameHandler} from "./GameHandler.sol";
import {GameInvariantsTest} from "./GameInvariants.t.sol";
import {GameTest, Side} from "./GameTest.sol";
import {HybridTest} from "./HybridTest.sol";

/// @notice The game's players, and a prover who proves right claims whenever they like.
contract HybridHandler is GameHandler, HybridTest {
    /// @notice How many claims won by a proof.
    uint256 public proved;

    mapping(uint64 parent => bool) private _isCopied;

    function setUp() public override(GameHandler, GameTest) {
        super.setUp();
    }

    function _newGame() internal override(GameTest, HybridTest) returns (FaultProof) {
        return super._newGame();
    }

    function _gameConfig() internal view override(GameHandler, GameTest) returns (FaultProof.Config memory) {
        return super._gameConfig();
    }

    /// @notice A liar claims what a right claim says, with a made-up history.
    function copy(uint256 seed) external {
        _begin();
        uint64 parent = _chain[seed % _chain.length];
        if (_rightOn[parent] == 0 || _isCopied[parent] || _status(parent) == ClaimStatus.Rejected) return;
        Side memory s = _honest(mallory, parent);
        uint256 due = game.bond(parent, mallory);
        try this.claimCopy(s) {
            brought += due;
            _isCopied[parent] = true;
        } catch {}
        _quiet = false;
    }

    function claimCopy(Side memory s) external {
        _maker[_claimWithMadeUpHistory(s)] = s.player;
    }

    /// @notice Proves a claim, if there is a proof. It is refused only if the claim has won already, or was copied.
    function prove(uint256 seed) external {
        _begin();
        uint64 index = uint64(seed % settlement.gameCount());
        if (index == 0 || !_isRight[index]) return _boastOfAProof(index);
        _verify(settlement, index, "");
        bool copied = _isCopied[settlement.claimAt(index).parentIndex()];
        try _hybrid().proveClaim(index, "") {
            if (copied) broken = "a proof chose between histories";
            ++proved;
        } catch (bytes memory reason) {
            bool over = keccak256(reason) == keccak256(abi.encodeWithSelector(Rounds.RoundOver.selector, index));
            bool same = keccak256(reason) == keccak256(abi.encodeWithSelector(HybridProof.SameEnd.selector, index));
            if (!over && !(same && copied)) broken = "a proof was refused";
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
        selectors = new bytes4[](others.length + 2);
        for (uint256 i = 0; i < others.length; ++i) {
            selectors[i] = others[i];
        }
        selectors[others.length] = HybridHandler.prove.selector;
        selectors[others.length + 1] = HybridHandler.copy.selector;
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

    /// @dev A copy stops the proof, a wrong claim grows old on it, and all of it loses the game.
    function test_handler_copies() external {
        vm.pauseGasMetering();
        HybridHandler handler = HybridHandler(address(_handler));
        handler.wait(1);
        handler.copy(0);
        handler.prove(1);
        vm.assertEq(handler.proved(), 0);
        vm.assertEq(handler.claims(), 3);
        handler.commit(0);
        handler.lie(16); // on the copy
        vm.assertEq(handler.claims(), 4);
        for (uint256 i = 0; i < 6; ++i) {
            handler.wait(29);
        }
        handler.prove(2);
        vm.assertEq(handler.broken(), "");
        vm.assertEq(uint256(handler.gameOf().status(1)), uint256(ClaimStatus.Final));
        vm.assertEq(uint256(handler.gameOf().status(2)), uint256(ClaimStatus.Rejected));
        vm.assertEq(uint256(handler.gameOf().status(3)), uint256(ClaimStatus.Rejected));
    }
}
