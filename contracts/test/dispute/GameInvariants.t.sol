// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FaultProof} from "../../src/validity/FaultProof.sol";
import {Test} from "../base/Test.sol";
import {GameHandler} from "./GameHandler.sol";

/// @notice What holds whatever liars do, and in whatever order, while somebody honest answers in time.
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 60
contract GameInvariantsTest is Test {
    GameHandler internal _handler;
    FaultProof private _game;

    function setUp() external {
        vm.pauseGasMetering();
        _handler = _newHandler();
        _handler.setUp();
        _game = _handler.gameOf();
        targetOnly(address(_handler), _functions());
    }

    function _newHandler() internal virtual returns (GameHandler) {
        return new GameHandler();
    }

    function _functions() internal pure virtual returns (bytes4[] memory selectors) {
        selectors = new bytes4[](12);
        selectors[0] = GameHandler.lie.selector;
        selectors[1] = GameHandler.mislead.selector;
        selectors[2] = GameHandler.mislead.selector;
        selectors[3] = GameHandler.mislead.selector;
        selectors[4] = GameHandler.boast.selector;
        selectors[5] = GameHandler.commit.selector;
        selectors[6] = GameHandler.wait.selector;
        selectors[7] = GameHandler.wait.selector;
        selectors[8] = GameHandler.confirm.selector;
        selectors[9] = GameHandler.settle.selector;
        selectors[10] = GameHandler.settleEdge.selector;
        selectors[11] = GameHandler.withdraw.selector;
    }

    /// @dev Right claims become final in time and wrong ones never do; what was decided stays decided.
    function invariant_nothing_is_broken() external view {
        vm.assertEq(_handler.broken(), "");
    }

    /// @dev Every wei that was brought is held for a bond, booked for somebody, burnt, or was paid out.
    function invariant_bonds_are_conserved() external view {
        uint256 held = _handler.brought() - _handler.settled();
        vm.assertEq(address(_game).balance, held + _handler.booked() + _game.burnt());
        vm.assertEq(_handler.settled(), _handler.paid() + _handler.booked() + _game.burnt());
    }

    /// @dev The runs do get somewhere: a fixed story through the same handler.
    function test_handler_reaches_the_end() external {
        vm.pauseGasMetering();
        _handler.wait(1);
        _handler.lie(5);
        _handler.lie(6 + (uint256(1) << 16));
        for (uint256 i = 0; i < 30; ++i) {
            _handler.mislead(i | 11 << 8);
            _handler.wait(0);
        }
        _handler.commit(0);
        _handler.wait(0);
        for (uint256 i = 0; i < 6; ++i) {
            _handler.wait(29);
        }
        vm.assertEq(_handler.broken(), "");
        vm.assertEq(_handler.rightClaims(), 2);
        vm.assertEq(_handler.claims(), 5);
        for (uint256 i = 1; i < 5; ++i) {
            _handler.confirm(i);
            _handler.settle(i);
        }
        for (uint256 i = 0; i < 20; ++i) {
            _handler.settleEdge(i);
        }
        vm.assertGt(_game.burnt(), 10 ether);
        for (uint256 i = 0; i < 4; ++i) {
            _handler.withdraw(i);
        }
        vm.assertEq(_handler.booked(), 0);
    }
}
