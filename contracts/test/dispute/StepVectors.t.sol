// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Step} from "../../src/dispute/Step.sol";
import {Test} from "../base/Test.sol";

/// @notice The Rust machine's witnesses: the contract gives the same hashes, or refuses what `verify_step` refuses.
contract StepVectorsTest is Test {
    string private constant FILE = "test/dispute/vectors/steps.json";
    /// @dev A precompile that fails takes all it is given.
    uint256 private constant GAS = 2_000_000;

    Step private _step = new Step();

    function test_steps_are_those_of_the_machine() external view {
        string memory json = vm.readFile(FILE);
        string[] memory names = abi.decode(vm.parseJson(json, "$[?(@.after)].name"), (string[]));
        bytes[] memory witnesses = abi.decode(vm.parseJson(json, "$[?(@.after)].witness"), (bytes[]));
        bytes32[] memory inputs = abi.decode(vm.parseJson(json, "$[?(@.after)].input"), (bytes32[]));
        bytes32[] memory before = abi.decode(vm.parseJson(json, "$[?(@.after)].before"), (bytes32[]));
        bytes32[] memory then = abi.decode(vm.parseJson(json, "$[?(@.after)].after"), (bytes32[]));
        for (uint256 i = 0; i < names.length; ++i) {
            (bytes32 from, bytes32 to) = _step.step{gas: GAS}(witnesses[i], inputs[i]);
            vm.assertEq(from, before[i], names[i]);
            vm.assertEq(to, then[i], names[i]);
        }
        vm.assertGe(names.length, 500);
    }

    function test_step_what_the_machine_refuses_reverts() external view {
        string memory json = vm.readFile(FILE);
        string[] memory names = abi.decode(vm.parseJson(json, "$[?(@.error)].name"), (string[]));
        bytes[] memory witnesses = abi.decode(vm.parseJson(json, "$[?(@.error)].witness"), (bytes[]));
        bytes32[] memory inputs = abi.decode(vm.parseJson(json, "$[?(@.error)].input"), (bytes32[]));
        for (uint256 i = 0; i < names.length; ++i) {
            try _step.step{gas: GAS}(witnesses[i], inputs[i]) {
                vm.assertTrue(false, names[i]);
            } catch (bytes memory why) {
                vm.assertGe(why.length, 4, names[i]); // an error with a name
            }
        }
        vm.assertGe(names.length, 50);
    }

    /// @dev Every row is in one of the two lists.
    function test_no_row_is_left_out() external view {
        string memory json = vm.readFile(FILE);
        string[] memory all = abi.decode(vm.parseJson(json, "$[*].name"), (string[]));
        string[] memory good = abi.decode(vm.parseJson(json, "$[?(@.after)].name"), (string[]));
        string[] memory bad = abi.decode(vm.parseJson(json, "$[?(@.error)].name"), (string[]));
        vm.assertEq(all.length, good.length + bad.length);
    }
}
