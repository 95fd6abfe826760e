// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Step} from "../../src/dispute/Step.sol";
import {Test} from "../base/Test.sol";

/// @notice Steps of the fault proof's program over a real block, one of each kind: the contract gives the hashes that
/// the Rust machine gives.
/// @dev `snapshots/program.json` has the dearest of them, the call itself. `forge test --mc ProgramVectorsTest` rewrites
/// it; `FORGE_SNAPSHOT_CHECK=true` compares instead.
contract ProgramVectorsTest is Test {
    string private constant FILE = "test/dispute/vectors/program.json";
    /// @dev A precompile that fails takes half of all it is given.
    uint256 private constant GAS = 2_000_000;

    Step private _step = new Step();

    function test_steps_of_the_program_are_those_of_the_machine() external {
        string memory json = vm.readFile(FILE);
        uint256 rows = _run(json, "instruction", 100_000, true);
        rows += _run(json, "read", 100_000, true);
        rows += _run(json, "call", 1_000_000, true);
        rows += _run(json, "failing call", GAS, false);
        string[] memory all = abi.decode(vm.parseJson(json, "$[*].name"), (string[]));
        vm.assertEq(rows, all.length);
        vm.assertGe(rows, 80);
    }

    /// @dev Runs the steps whose cost is of this kind, each for at most `most`; returns how many there are.
    function _run(string memory json, string memory cost, uint256 most, bool recorded) private returns (uint256) {
        string[] memory names = abi.decode(_column(json, cost, "name"), (string[]));
        bytes[] memory witnesses = abi.decode(_column(json, cost, "witness"), (bytes[]));
        bytes32[] memory inputs = abi.decode(_column(json, cost, "input"), (bytes32[]));
        bytes32[] memory before = abi.decode(_column(json, cost, "before"), (bytes32[]));
        bytes32[] memory then = abi.decode(_column(json, cost, "after"), (bytes32[]));
        uint256 dearest = 0;
        for (uint256 i = 0; i < names.length; ++i) {
            (bytes32 from, bytes32 to) = _step.step{gas: GAS}(witnesses[i], inputs[i]);
            uint256 gas = vm.lastCallGas().gasTotalUsed;
            if (gas > dearest) dearest = gas;
            vm.assertLe(gas, most, names[i]);
            vm.assertEq(from, before[i], names[i]);
            vm.assertEq(to, then[i], names[i]);
        }
        if (recorded) vm.snapshotValue("program", string.concat("dearest ", cost), dearest);
        return names.length;
    }

    function _column(string memory json, string memory cost, string memory name) private pure returns (bytes memory) {
        return vm.parseJson(json, string.concat("$[?(@.cost=='", cost, "')].", name));
    }
}
