// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Scenes} from "./Scenes.sol";

/// @notice What a step costs, by instruction, in the worst case: all siblings are given and none is zero.
/// @dev `forge test --mc StepGasTest` rewrites `snapshots/step.json`; `FORGE_SNAPSHOT_CHECK=true` compares instead.
/// Each row twice: the call itself, and a transaction that does nothing else (EIP-7623: the dearer of what its calldata
/// and the call cost, and of its calldata's floor).
contract StepGasTest is Scenes {
    function test_gas_of_steps() external {
        // The last one fails, and takes half of whatever it is given.
        for (uint256 i = 0; i < SCENES - 1; ++i) {
            uint256 free = _freeMemory();
            Scene memory s = _scene(i);
            bytes memory witness = _sceneWitness(s, true);
            stepper.step(witness, INPUT);
            uint256 execution = vm.snapshotGasLastCall("step", s.name);
            uint256 transaction = _transaction(abi.encodeCall(stepper.step, (witness, INPUT)), execution);
            vm.snapshotValue("step", string.concat(s.name, ", transaction"), transaction);
            vm.assertLe(execution, 100_000, s.name);
            _release(free);
        }
    }

    /// @dev EIP-7623: four tokens for a byte that is not zero, one for a zero.
    function _transaction(bytes memory data, uint256 execution) private pure returns (uint256) {
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        uint256 standard = 4 * tokens + execution;
        return 21_000 + (standard > 10 * tokens ? standard : 10 * tokens);
    }
}
