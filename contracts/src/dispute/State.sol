// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MemoryTree} from "./MemoryTree.sol";

/// @dev The machine has halted: the claim it checked is valid.
uint8 constant VALID = 0;
/// @dev The machine has halted: the claim it checked is invalid.
uint8 constant INVALID = 1;
/// @dev The machine has trapped, or its program gave up.
uint8 constant PANICKED = 2;
/// @dev The machine runs.
uint8 constant UNFINISHED = 3;

/// @notice What an instruction does to a state: `written` (eight bytes a register, big-endian) replaces the registers
/// from number `register` on.
struct Change {
    bytes32 memoryRoot;
    uint64 pc;
    uint8 status;
    uint256 register;
    bytes written;
}

/// @title The machine's state, read from its encoding (docs/machine.md, section 1).
library State {
    /// @notice The length of an encoding.
    uint256 internal constant BYTES = 297;
    /// @notice Where `x1` starts.
    uint256 private constant REGISTERS = 49;
    uint256 private constant A1 = 11;

    /// @notice The root of the memory tree.
    function memoryRoot(bytes calldata state) internal pure returns (bytes32) {
        return bytes32(state[:32]);
    }

    /// @notice The address of the next instruction.
    function pc(bytes calldata state) internal pure returns (uint64) {
        return uint64(bytes8(state[32:40]));
    }

    /// @notice How many instructions were executed.
    function stepCount(bytes calldata state) internal pure returns (uint64) {
        return uint64(bytes8(state[40:48]));
    }

    /// @notice Whether and how the machine has ended.
    function status(bytes calldata state) internal pure returns (uint8) {
        return uint8(state[48]);
    }

    /// @notice General register `number`, 0 to 31.
    function register(bytes calldata state, uint256 number) internal pure returns (uint64) {
        if (number == 0) return 0;
        return uint64(bytes8(state[_at(number):]));
    }

    /// @notice What a program that has halted says: the 32 bytes of `a1` to `a4`, each little-endian.
    function result(bytes calldata state) internal pure returns (bytes32 word) {
        for (uint256 k = 0; k < 4; ++k) {
            word = word << 64 | bytes32(uint256(MemoryTree.reverse(register(state, A1 + k))));
        }
    }

    /// @notice The name of the state.
    function hash(bytes calldata state) internal pure returns (bytes32) {
        return _mark(keccak256(state), status(state));
    }

    /// @notice The name of the state that follows, one step later.
    function hashAfter(bytes calldata state, Change memory change) internal pure returns (bytes32) {
        uint256 from = _at(change.register);
        uint64 count = uint64(uint256(stepCount(state)) + 1);
        bytes memory encoding = abi.encodePacked(
            change.memoryRoot,
            change.pc,
            count,
            change.status,
            state[REGISTERS:from],
            change.written,
            state[from + change.written.length:]
        );
        return _mark(keccak256(encoding), change.status);
    }

    function _at(uint256 number) private pure returns (uint256) {
        return REGISTERS + 8 * (number - 1);
    }

    function _mark(bytes32 digest, uint8 status_) private pure returns (bytes32) {
        return bytes32(uint256(status_) << 248 | uint256(digest) << 8 >> 8);
    }
}
