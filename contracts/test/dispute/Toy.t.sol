// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Machine} from "./MachineTest.sol";
import {Toy} from "./Toy.sol";

/// @notice The program that the disputes are about does what it should, by the contract's own step.
contract ToyTest is Toy {
    function test_every_step_of_the_toy_is_the_contracts() external {
        for (uint64 blockIndex = 1; blockIndex < 3; ++blockIndex) {
            Question memory q = Question(keccak256("c"), _outputRoot(3), 3, keccak256("b"), blockIndex);
            bytes32[] memory hashes = _run(q);
            vm.assertEq(hashes[0], _programHash());
            Machine memory m;
            bytes memory witness;
            for (uint256 i = 0; i < TOY_STEPS; ++i) {
                uint256 free = _freeMemory();
                (m, witness) = _stateAt(q, i);
                (bytes32 from, bytes32 to) = stepper.step(witness, keccak256(_inputPreimage(q)));
                vm.assertEq(from, hashes[i]);
                vm.assertEq(to, hashes[i + 1]);
                _release(free);
            }
            (m,) = _stateAt(q, TOY_STEPS);
            vm.assertEq(m.status, 0);
            vm.assertEq(_ending(q), _encode(m));
            Machine memory expected = _reader(_blockLeaf(blockIndex < BLOCKS_A_BATCH ? 4 : 3), 0);
            for (uint256 k = 0; k < 4; ++k) {
                vm.assertEq(m.x[11 + k], expected.x[10 + k]);
            }
        }
    }
}
