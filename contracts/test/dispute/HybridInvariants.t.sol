// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rounds} from "../../src/dispute/Rounds.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameHandler} from "./GameHandler.sol";
import {GameInvariantsTest} from "./GameInvariants.t.sol";
import {GameTest, Side} from "./GameTest.sol";
import {HybridTest} from "./HybridTest.sol";

/// @notice The game's players, and a prover who proves right claims whenever they like.
contract HybridHandler is GameHandler, HybridTest {
    uint256 private constant COPIES_MOST = 3;

    /// @notice How many claims won by a proof.
    uint256 public proved;

    mapping(uint64 parent => uint256) private _copies;
    mapping(uint64 index => bool) private _isCopy;

    function setUp() public override(GameHandler, GameTest) {
        super.setUp();
    }

    function _newGame() internal override(GameTest, HybridTest) returns (FaultProof) {
        return super._newGame();
    }

    function _gameConfig() internal view override(GameHandler, GameTest) returns (FaultProof.Config memory) {
        return super._gameConfig();
    }

    /// @notice A liar claims what a right claim says, or will say, with a made-up history.
    function copy(uint256 seed) external {
        _begin();
        uint64 parent = _chain[seed % _chain.length];
        if (game.lastBatchFor(parent) > inbox.lastBatch() || _copies[parent] == COPIES_MOST) return;
        uint256 due = game.bond(parent, mallory);
        try this.claimCopy(_honest(mallory, parent)) returns (uint64 index) {
            brought += due;
            ++_copies[parent];
            _isCopy[index] = true;
        } catch {}
        _quiet = false;
    }

    function claimCopy(Side memory s) external returns (uint64 index) {
        index = _claimWithMadeUpHistory(s);
        _maker[index] = s.player;
    }

    /// @notice Proves a claim, if there is a proof of what it says. Its history decides whether it wins by that. A right one
    /// is refused only if it has won already.
    function prove(uint256 seed) external {
        _begin();
        uint64 index = uint64(seed % settlement.gameCount());
        if (index == 0) return;
        uint64 parent = settlement.claimAt(index).parentIndex();
        bytes32 right = _rootOf(_honest(alice, parent)).node;
        if (_isRight[index] || _isCopy[index]) _verify(settlement, index, right, "");
        if (!_isRight[index]) return _boastOfAProof(index, right);
        try _hybrid().proveClaim(index, right, "") {
            ++proved;
        } catch (bytes memory reason) {
            bool over = keccak256(reason) == keccak256(abi.encodeWithSelector(Rounds.RoundOver.selector, index));
            if (!over) broken = "a proof was refused";
        }
        _check();
    }

    function _boastOfAProof(uint64 index, bytes32 right) private {
        bytes32[2] memory histories = [game.rootEdge(index).node, right];
        for (uint256 i = 0; i < 2; ++i) {
            try _hybrid().proveClaim(index, histories[i], "") {
                broken = "a claim won without a proof, or by another history";
            } catch {}
        }
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

    /// @dev Copies come before and after a right claim, something wrong grows old on one, and the proof ends it all.
    function test_handler_copies() external {
        vm.pauseGasMetering();
        HybridHandler handler = HybridHandler(address(_handler));
        handler.copy(7);
        handler.wait(0);
        handler.copy(8);
        vm.assertEq(handler.claims(), 4);
        handler.commit(0);
        handler.lie(8); // on the first copy
        vm.assertEq(handler.claims(), 5);
        for (uint256 i = 0; i < 4; ++i) {
            handler.prove(1);
            handler.prove(3);
            handler.wait(2);
        }
        vm.assertEq(handler.proved(), 0);
        handler.prove(2);
        vm.assertEq(handler.proved(), 1);
        vm.assertEq(handler.broken(), "");
        ClaimStatus[5] memory expected =
            [ClaimStatus.Final, ClaimStatus.Rejected, ClaimStatus.Final, ClaimStatus.Rejected, ClaimStatus.Rejected];
        for (uint64 i = 1; i < 5; ++i) {
            vm.assertEq(uint256(handler.gameOf().status(i)), uint256(expected[i]));
        }
    }
}
