// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Evidence} from "../../src/dispute/Evidence.sol";
import {Precompiles} from "../../src/dispute/Precompiles.sol";
import {WitnessTooShort} from "../../src/dispute/Witness.sol";
import {Calls} from "./Calls.sol";
import {Machine} from "./MachineTest.sol";

/// @notice Reads of what precompiles answer, with any amount of gas.
contract StepPrecompilesTest is Calls {
    /// @dev A precompile that fails takes all it is given.
    uint256 private constant GAS = 3_000_000;

    function test_answers_are_those_of_the_precompile() external view {
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes memory answer = _answer(calls[i]);
            vm.assertTrue((answer[0] == 0) == calls[i].fails, calls[i].name);
            for (uint64 offset = 0; offset <= answer.length + 32; offset += 32) {
                _checkAt(calls[i], answer, offset);
            }
            _checkAt(calls[i], answer, type(uint64).max - 31);
        }
    }

    function test_known_answers() external view {
        // Twice the generator of BN254.
        bytes memory two = abi.encodePacked(
            uint8(1),
            uint256(0x030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3),
            uint256(0x15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4)
        );
        _checkCall(0x06, abi.encode(1, 2, 1, 2), two);
        _checkCall(0x07, abi.encode(1, 2, 2), two);
        _checkCall(0x05, abi.encodePacked(uint256(1), uint256(1), uint256(1), hex"030507"), hex"0105");
        _checkCall(0x05, "", hex"01");
        _checkCall(0x01, "", hex"01");
        _checkCall(0x08, "", abi.encodePacked(uint8(1), uint256(1)));
        _checkCall(0x06, abi.encode(1, 1), hex"00");
    }

    /// @dev The heart of the matter: no amount of gas makes a call that succeeds look failed, or the other way round.
    /// Prices are between 150 and 102,900 gas, and a read costs some 30,000 beside.
    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_gas_never_changes_an_answer(uint256 which, uint256 gas_) external view {
        Call memory call = calls[which % calls.length];
        _checkWithGas(call, bound(gas_, 20_000, 400_000));
    }

    /// @dev Zeros are a good input wherever the length is right: what is believed about lengths is what the
    /// precompiles do.
    /// forge-config: default.fuzz.runs = 500
    function testFuzz_gas_never_changes_an_answer_about_zeros(uint256 which, uint256 length, bool whole, uint256 gas_)
        external
        view
    {
        uint8[10] memory targets = [0x06, 0x07, 0x08, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11];
        uint16[10] memory units = [128, 96, 192, 256, 160, 512, 288, 384, 64, 128];
        which %= 10;
        length = whole ? length % 4 * units[which] : length % 1200;
        Call memory call = Call("zeros", address(uint160(targets[which])), new bytes(length), false);
        _checkWithGas(call, bound(gas_, 20_000, 600_000));
        _checkWithGas(call, GAS);
    }

    function test_gas_never_changes_an_answer_about_a_pairing() external view {
        uint256 free = _freeMemory();
        for (uint256 i = 0; i < calls.length; ++i) {
            if (calls[i].target != address(0x08) && calls[i].target != address(0x0f)) continue;
            for (uint256 gas_ = 30_000; gas_ < 330_000; gas_ += 6_000) {
                _checkWithGas(calls[i], gas_);
                _release(free);
            }
        }
    }

    function test_step_too_little_gas_reverts() external {
        for (uint256 i = 0; i < calls.length; ++i) {
            if (calls[i].target != address(0x0f) || calls[i].input.length % 384 != 0) continue;
            if (calls[i].input.length == 0) continue;
            Machine memory m = _reader(_callKey(calls[i].target, calls[i].input), 0);
            bytes memory witness = _callWitness(m, calls[i]);
            vm.expectRevert(abi.encodeWithSelector(Precompiles.NotEnoughGas.selector, calls[i].target));
            stepper.step{gas: 120_000}(witness, INPUT);
        }
    }

    /// @dev Numbers over 1024 bytes: refused on Osaka (EIP-7823), not elsewhere.
    function test_step_failing_modexp_reverts() external {
        bytes memory input = abi.encodePacked(uint256(1025), uint256(1), uint256(1), new bytes(1027));
        Call memory call = Call("", address(0x05), input, true);
        vm.assertEq(_answer(call), hex"00", "the precompile fails");
        _expectReject(call, abi.encodeWithSelector(Precompiles.NotEnoughGas.selector, address(0x05)));
    }

    function test_step_no_precompile_reverts() external {
        for (uint256 i = 0; i < calls.length; ++i) {
            if (calls[i].fails || calls[i].target < address(0x06)) continue;
            // What an account without code answers.
            vm.mockCall(calls[i].target, "", "");
            _expectReject(calls[i], abi.encodeWithSelector(Precompiles.NoPrecompile.selector, calls[i].target));
            vm.clearMockedCalls();
        }
    }

    function test_step_precompile_not_askable_reverts() external {
        address[12] memory targets = [
            address(0),
            address(0x02),
            address(0x03),
            address(0x04),
            address(0x09),
            address(0x12),
            address(0xff),
            address(0x0101),
            address(0x10000000000000006),
            address(type(uint160).max),
            address(this),
            address(uint160(0x06) << 152)
        ];
        for (uint256 i = 0; i < targets.length; ++i) {
            Call memory call = Call("", targets[i], abi.encode(1, 2, 1, 2), false);
            _expectReject(call, abi.encodeWithSelector(Precompiles.NotAskable.selector, targets[i]));
        }
    }

    function test_the_longest_input() external {
        bytes memory input = new bytes(16_384);
        input[31] = 0x01;
        input[63] = 0x02;
        input[95] = 0x03;
        _checkCall(
            0x06,
            abi.encodePacked(abi.encode(1, 2), new bytes(16_320)),
            abi.encodePacked(uint8(1), uint256(1), uint256(2))
        );
        _checkCall(0x06, input, hex"00");
        Call memory call = Call("", address(0x06), abi.encodePacked(input, uint8(0)), false);
        _expectReject(call, abi.encodeWithSelector(Precompiles.InputTooLong.selector, 16_385));
    }

    /// @dev The dearest question, under the limit of a transaction's gas (EIP-7825).
    function test_the_dearest_pairing_can_be_asked() external view {
        bytes memory input = new bytes(85 * 192);
        uint256 before = gasleft();
        _checkCall(0x08, input, abi.encodePacked(uint8(1), uint256(1)), 7_000_000);
        input[31] = 0x01;
        _checkCall(0x08, input, hex"00", 7_000_000);
        vm.assertLe(before - gasleft(), 2 * 2 ** 24);
    }

    function test_step_call_of_wrong_key_reverts() external {
        Machine memory m = _reader(_callKey(address(0x06), abi.encode(1, 2, 1, 2)), 0);
        bytes memory witness = _witness(m, abi.encodePacked(address(0x06), abi.encode(1, 2, 1, 1)));
        bytes32 named = _callKey(address(0x06), abi.encode(1, 2, 1, 1));
        vm.expectRevert(abi.encodeWithSelector(Evidence.WrongPreimage.selector, named));
        stepper.step{gas: GAS}(witness, INPUT);

        witness = _witness(m, new bytes(19));
        vm.expectRevert(WitnessTooShort.selector);
        stepper.step{gas: GAS}(witness, INPUT);
    }

    function _answer(Call memory call) private view returns (bytes memory) {
        (bool ok, bytes memory output) = call.target.staticcall{gas: GAS}(call.input);
        return ok ? abi.encodePacked(uint8(1), output) : abi.encodePacked(uint8(0));
    }

    function _callWitness(Machine memory m, Call memory call) private view returns (bytes memory) {
        return _witness(m, abi.encodePacked(call.target, call.input));
    }

    function _checkAt(Call memory call, bytes memory answer, uint64 offset) private view {
        Machine memory m = _reader(_callKey(call.target, call.input), offset);
        (bytes32 from, bytes32 to) = stepper.step{gas: GAS}(_callWitness(m, call), INPUT);
        vm.assertEq(from, _hash(m), call.name);
        vm.assertEq(to, _hash(_done(m, _slice(answer, offset), answer.length)), call.name);
    }

    function _checkWithGas(Call memory call, uint256 gas_) private view {
        Machine memory m = _reader(_callKey(call.target, call.input), 0);
        bytes memory witness = _callWitness(m, call);
        try stepper.step{gas: gas_}(witness, INPUT) returns (bytes32, bytes32 to) {
            bytes memory answer = _answer(call);
            vm.assertEq(to, _hash(_done(m, _slice(answer, 0), answer.length)), call.name);
        } catch {}
    }

    function _checkCall(uint160 target, bytes memory input, bytes memory answer) private view {
        _checkCall(target, input, answer, GAS);
    }

    function _checkCall(uint160 target, bytes memory input, bytes memory answer, uint256 gas_) private view {
        Call memory call = Call("", address(target), input, false);
        Machine memory m = _reader(_callKey(call.target, input), 0);
        (, bytes32 to) = stepper.step{gas: gas_}(_callWitness(m, call), INPUT);
        vm.assertEq(to, _hash(_done(m, _slice(answer, 0), answer.length)));
    }

    function _expectReject(Call memory call, bytes memory why) private {
        Machine memory m = _reader(_callKey(call.target, call.input), 0);
        bytes memory witness = _callWitness(m, call);
        vm.expectRevert(why);
        stepper.step{gas: GAS}(witness, INPUT);
    }
}
