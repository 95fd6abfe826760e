// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MemoryTree} from "../../src/dispute/MemoryTree.sol";
import {TrailingBytes, WitnessTooShort} from "../../src/dispute/Witness.sol";
import {Asm} from "./Asm.sol";
import {Machine} from "./MachineTest.sol";
import {Scenes} from "./Scenes.sol";

/// @notice A witness proves one step, or nothing.
contract StepWitnessTest is Scenes {
    /// @dev A precompile that fails takes all it is given.
    uint256 private constant GAS = 1_000_000;
    /// @dev Bytes of a state, and of a proof before its siblings.
    uint256 private constant STATE = 297;
    uint256 private constant HEAD = 36;

    bytes[] private _witnesses;
    bytes32[] private _before;
    bytes32[] private _after;

    function setUp() external {
        for (uint256 i = 0; i < SCENES; ++i) {
            uint256 free = _freeMemory();
            Scene memory s = _scene(i);
            bytes memory witness = _sceneWitness(s, i % 2 == 1);
            (bytes32 from, bytes32 to) = stepper.step{gas: GAS}(witness, INPUT);
            vm.assertEq(from, _hash(s.machine), s.name);
            // Too long to be kept and changed thousands of times.
            if (witness.length < 5000) {
                _witnesses.push(witness);
                _before.push(from);
                _after.push(to);
            }
            _release(free);
        }
        vm.assertGe(_witnesses.length, SCENES - 1);
    }

    /// @dev The heart of the matter: no two witnesses of one state tell different stories.
    /// forge-config: default.fuzz.runs = 4000
    function testFuzz_a_changed_byte_is_refused_or_of_another_state(uint256 which, uint256 place, uint8 change)
        external
        view
    {
        which %= _witnesses.length;
        bytes memory witness = _witnesses[which];
        if (change == 0) change = 1;
        witness[place % witness.length] ^= bytes1(change);
        _checkHarmless(which, witness);
    }

    /// @dev Behind the state, where what is not the state's own would be.
    /// forge-config: default.fuzz.runs = 3000
    function testFuzz_changed_proofs_and_evidence_are_refused(uint256 which, uint256 place, uint8 change)
        external
        view
    {
        which %= _witnesses.length;
        bytes memory witness = _witnesses[which];
        if (witness.length == STATE) return;
        if (change == 0) change = 1;
        witness[STATE + place % (witness.length - STATE)] ^= bytes1(change);
        _checkRefused(witness);
    }

    function testFuzz_a_cut_witness_is_refused(uint256 which, uint256 length) external view {
        bytes memory witness = _witnesses[which % _witnesses.length];
        _checkRefused(_part(witness, length % witness.length));
    }

    function testFuzz_a_longer_witness_is_refused(uint256 which, bytes calldata more) external view {
        if (more.length == 0) return;
        _checkRefused(abi.encodePacked(_witnesses[which % _witnesses.length], more));
    }

    /// @dev Any amount of gas gives the result, or none.
    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_gas_never_changes_a_result(uint256 which, uint256 gas_) external view {
        which %= _witnesses.length;
        try stepper.step{gas: bound(gas_, 0, 250_000)}(_witnesses[which], INPUT) returns (bytes32 from, bytes32 to) {
            vm.assertEq(from, _before[which]);
            vm.assertEq(to, _after[which]);
        } catch {}
    }

    function testFuzz_any_bytes_are_refused(bytes calldata witness) external view {
        _checkRefused(witness);
    }

    function testFuzz_the_input_matters_to_a_local_read_alone(bytes32 input) external view {
        if (input == INPUT) return;
        for (uint256 i = 0; i < _witnesses.length; ++i) {
            (bytes32 from, bytes32 to) = stepper.step{gas: GAS}(_witnesses[i], input);
            vm.assertEq(from, _before[i]);
            vm.assertTrue((to == _after[i]) == (i != 12));
        }
    }

    function test_step_too_short_reverts() external {
        bytes memory witness = _sceneWitness(_scene(7), true); // a load
        uint256 second = STATE + HEAD + 27 * 32;
        vm.assertEq(witness.length, second + HEAD + 27 * 32);
        uint256[12] memory lengths = [
            0,
            1,
            STATE - 1,
            STATE,
            STATE + 31,
            STATE + HEAD - 1,
            STATE + HEAD,
            second - 1,
            second,
            second + HEAD - 1,
            second + HEAD + 31,
            witness.length - 1
        ];
        for (uint256 i = 0; i < lengths.length; ++i) {
            _expectError(_part(witness, lengths[i]), abi.encodeWithSelector(WitnessTooShort.selector));
        }
    }

    function test_step_trailing_bytes_reverts() external {
        for (uint256 i = 0; i < 13; ++i) {
            bytes memory witness = abi.encodePacked(_witnesses[i], hex"000000");
            _expectError(witness, abi.encodeWithSelector(TrailingBytes.selector, 3));
        }
        // A proof of memory that the instruction does not touch.
        Machine memory m = _machine(0x13);
        bytes memory proof = _proof(m, DATA);
        _expectError(_witness(m, proof), abi.encodeWithSelector(TrailingBytes.selector, proof.length));
        // Evidence where nothing is read.
        _expectError(_witness(m, "evidence"), abi.encodeWithSelector(TrailingBytes.selector, 8));
        // A load that traps.
        m = _machine(Asm.i(0x03, RD, 3, RS1, 0));
        m.x[RS1] = DATA + 4;
        _expectError(_witness(m, proof), abi.encodeWithSelector(TrailingBytes.selector, proof.length));
    }

    function test_step_mask_of_more_levels_reverts() external {
        for (uint32 bit = 27; bit < 32; ++bit) {
            for (uint256 second = 0; second < 2; ++second) {
                Scene memory s = _scene(8);
                bytes memory first = _proof(s.machine, PC);
                bytes memory witness = _sceneWitness(s, false);
                uint256 head = STATE + (second == 1 ? first.length : 0);
                uint32 mask = _mask(witness, head) | uint32(1) << bit;
                witness[head + 32] |= bytes1(uint8(1 << bit - 24));
                _expectError(witness, abi.encodeWithSelector(MemoryTree.BadMask.selector, mask));
            }
        }
    }

    function test_step_wrong_leaf_reverts() external {
        Machine memory m = _machine(0x13);
        Machine memory other = _machine(0x93);
        bytes memory witness = abi.encodePacked(_encode(m), _proof(other, PC));
        _expectError(witness, abi.encodeWithSelector(MemoryTree.WrongMemoryRoot.selector, _root(other)));
        // The right leaf at the wrong place.
        m.pc = PC + 32;
        witness = abi.encodePacked(_encode(m), _proof(m, PC));
        vm.expectPartialRevert(MemoryTree.WrongMemoryRoot.selector);
        stepper.step(witness, INPUT);
    }

    function test_step_wrong_leaf_of_an_access_reverts() external {
        for (uint256 i = 7; i < 9; ++i) {
            Scene memory s = _scene(i);
            // The leaf next to the one that is accessed.
            bytes memory witness = _witness(s.machine, _proof(s.machine, DATA ^ 32));
            vm.expectPartialRevert(MemoryTree.WrongMemoryRoot.selector);
            stepper.step(witness, INPUT);
            // The leaf of the instruction again.
            witness = _witness(s.machine, _proof(s.machine, PC));
            vm.expectPartialRevert(MemoryTree.WrongMemoryRoot.selector);
            stepper.step(witness, INPUT);
        }
    }

    /// @dev The depth is fixed: the two hashes below a node are no leaves.
    function test_step_inner_node_as_leaf_reverts() external {
        Machine memory m = _machine(0x13);
        bytes memory proof = _proof(m, PC, true);
        // Everything one level up, and a zero at the top.
        bytes memory shifted = abi.encodePacked(_word(proof, HEAD), uint32(2 ** 26 - 1), _part2(proof, HEAD + 32));
        bytes memory witness = abi.encodePacked(_encode(m), shifted);
        vm.expectPartialRevert(MemoryTree.WrongMemoryRoot.selector);
        stepper.step(witness, INPUT);
    }

    function test_siblings_that_are_zero_may_be_given() external view {
        Machine memory m = _machine(Asm.s(0x23, 3, RS1, RS2, 0));
        m.x[RS1] = DATA;
        Machine memory n = _next(m);
        _poke(n, DATA, 8, m.x[RS2]);
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory proofs = abi.encodePacked(_proof(m, PC, i % 2 == 1), _proof(m, DATA, i > 1));
            _check(m, abi.encodePacked(_encode(m), proofs), n, "SD");
        }
    }

    function _checkHarmless(uint256 which, bytes memory witness) private view {
        try stepper.step{gas: GAS}(witness, INPUT) returns (bytes32 from, bytes32) {
            vm.assertTrue(from != _before[which]);
        } catch {}
    }

    function _checkRefused(bytes memory witness) private view {
        (bool ok,) = address(stepper).staticcall{gas: GAS}(abi.encodeCall(stepper.step, (witness, INPUT)));
        vm.assertFalse(ok);
    }

    function _expectError(bytes memory witness, bytes memory why) private {
        vm.expectRevert(why);
        stepper.step{gas: GAS}(witness, INPUT);
    }

    function _mask(bytes memory witness, uint256 head) private pure returns (uint32) {
        return uint32(bytes4(_word(witness, head + 32)));
    }

    function _word(bytes memory data, uint256 from) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), from))
        }
    }

    function _part(bytes memory data, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[i];
        }
    }

    function _part2(bytes memory data, uint256 from) private pure returns (bytes memory part) {
        part = new bytes(data.length - from);
        for (uint256 i = from; i < data.length; ++i) {
            part[i - from] = data[i];
        }
    }
}
