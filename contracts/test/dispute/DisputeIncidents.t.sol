// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Settlement} from "../../src/Settlement.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {GameTest, Side} from "./GameTest.sol";

/// @notice What went wrong elsewhere, played through here.
contract DisputeIncidentsTest is GameTest {
    /// @dev Kroma, April 2024: after an upgrade the proofs no longer fitted the chain, and a challenge against a right
    /// output root was won with one. Here a module whose program is not the chain's decides nothing, for either side; the
    /// timelock sets the next, and under that one the same dishonest claim loses.
    function test_kroma_2024_program_that_does_not_fit_decides_nothing() external {
        FaultProof.Config memory config = _gameConfig();
        config.programHash = keccak256("a program of another version");
        game = new FaultProof(config);
        vm.prank(address(timelock));
        settlement.setValidity(address(game));
        _commit("one");
        Side memory honest = _honest(alice, 0);
        Side memory liar = _liar(mallory, 0, 1, 0, 0);
        _claimAs(honest);
        _claimAs(liar);
        _limit = 104; // all but the proof, which the contract refuses
        while (_play(liar) || _play(honest)) {}
        vm.assertEq(_moves, 104);
        _limit = NO_LIMIT;
        skip(3 * WINDOW);
        _creditAll(liar);
        _creditAll(honest);
        _expectStatus(1, ClaimStatus.Pending);
        _expectStatus(2, ClaimStatus.Pending);

        game = new FaultProof(_gameConfig());
        _throughTimelock(address(settlement), abi.encodeCall(Settlement.setValidity, (address(game))));
        // The same claims, though the others stand.
        vm.assertEq(_claimAs(liar), 3);
        vm.assertEq(_claimAs(honest), 4);
        while (_play(liar) || _play(honest)) {}
        vm.assertEq(_proofs, 1);
        skip(WINDOW);
        _creditAll(liar);
        _creditAll(honest);
        _expectStatus(3, ClaimStatus.Rejected);
        _expectStatus(4, ClaimStatus.Final);
    }

    /// @dev Kroma again, the other way round: a challenge that is made with the chain's own program, but lies about where
    /// the machine ends, is worth nothing.
    function test_kroma_2024_right_claim_survives_every_kind_of_challenge() external {
        _commit("one");
        Side memory honest = _honest(alice, 0);
        _claimAs(honest);
        uint64[3][4] memory forks = [[uint64(0), 0, 0], [uint64(1), 0, 36], [uint64(1), 1, 0], [uint64(3000), 0, 0]];
        for (uint256 i = 0; i < forks.length; ++i) {
            _claimAs(_liar(mallory, 0, forks[i][0], forks[i][1], forks[i][2]));
        }
        vm.pauseGasMetering();
        bool moved = true;
        while (moved) {
            moved = _play(honest);
            for (uint256 i = 0; i < forks.length; ++i) {
                moved = _play(_liar(mallory, 0, forks[i][0], forks[i][1], forks[i][2])) || moved;
            }
        }
        skip(WINDOW);
        _creditAll(honest);
        _expectStatus(1, ClaimStatus.Final);
    }
}
