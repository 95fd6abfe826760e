// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4, ONE, P} from "../../src/zk/Ext4.sol";
import {Program} from "../../src/zk/Program.sol";
import {Test} from "../base/Test.sol";
import {NaiveField} from "./NaiveField.sol";

/// @notice The interpreter for a caller.
contract ProgramCalls {
    /// @dev Runs `program` over the words of `values`, which lie in memory from address 0 on; returns them all. Memory
    /// below `top` is theirs.
    function execute(bytes calldata program, bytes calldata values, uint256 top) external pure {
        _prepare(program, values, top);
        uint256 end = Program.execute(top);
        assembly {
            if iszero(eq(sub(end, top), program.length)) { invalid() }
            return(0, top)
        }
    }

    /// @dev The sum of listed slots over powers of `x`.
    function horner(bytes calldata list, bytes calldata values, uint256 top, uint256 x, uint256 sum) external pure {
        // Above the values.
        assembly {
            mstore(0x40, add(top, 0x1000))
        }
        uint256 square = Ext4.mul(x, x);
        uint256[3] memory powers = [x, square, Ext4.mul(square, x)];
        _prepare(list, values, top);
        (sum,) = Program.horner(top, list.length / 2, powers, sum);
        assembly {
            mstore(0, sum)
            return(0, 0x20)
        }
    }

    /// @dev What running `program` costs, without the rest of the call.
    function gasOf(bytes calldata program, bytes calldata values, uint256 top) external view {
        _prepare(program, values, top);
        uint256 cost = gasleft();
        Program.execute(top);
        cost -= gasleft();
        assembly {
            mstore(0, cost)
            return(0, 0x20)
        }
    }

    function _prepare(bytes calldata program, bytes calldata values, uint256 top) private pure {
        assembly {
            mstore(top, 0)
            calldatacopy(0, values.offset, values.length)
            calldatacopy(top, program.offset, program.length)
        }
    }
}

/// @notice Programs against the textbook's arithmetic, with operands at the edges of what compilers may let through.
contract ProgramTest is Test {
    uint8 private constant ADD = 1;
    uint8 private constant SUB = 2;
    uint8 private constant SUB8 = 3;
    uint8 private constant SUB64 = 4;
    uint8 private constant MUL = 5;
    uint8 private constant MULB = 6;
    uint256 private constant SLOTS = 64;
    uint256 private constant HALF = 32;

    ProgramCalls private calls = new ProgramCalls();

    function testFuzz_everyOperation_isTheTextbooks(uint256 seed, uint256 length) external view {
        length = 1 + length % 14;
        for (uint8 op = ADD; op <= MULB; ++op) {
            _check(seed, op, length);
        }
    }

    function testFuzz_horner_isTheTextbooks(uint256 seed, uint256 length) external view {
        length = length % 9;
        bytes memory values = _values(seed, 64 * P, 64 * P, false);
        bytes memory list;
        uint256 x = Ext4.reduce(uint256(keccak256(abi.encode(seed))));
        uint256 sum = uint256(uint64(seed)) % P;
        uint256[4] memory expected = NaiveField.open(sum);
        for (uint256 i = 0; i < length; ++i) {
            uint256 slot = uint256(keccak256(abi.encode(seed, "slot", i))) % SLOTS;
            list = abi.encodePacked(list, uint16(32 * slot));
            expected =
                NaiveField.add(NaiveField.mul(expected, NaiveField.open(x)), NaiveField.open(_word(values, slot)));
        }
        (bool ok, bytes memory result) =
            address(calls).staticcall(abi.encodeCall(calls.horner, (list, values, 32 * SLOTS, x, sum)));
        vm.assertTrue(ok);
        vm.assertEq(Ext4.reduce(abi.decode(result, (uint256))), NaiveField.close(expected));
    }

    /// @dev A run reads what the one before it wrote, over the words that Solidity keeps for itself as well.
    function test_runs_followOneAnother() external view {
        bytes memory values = _values(1, P - 1, P - 1, false);
        bytes memory program = abi.encodePacked(uint16(3), _run(MUL, 0, 1, 2), _run(ADD, 2, 2, 3), _run(MUL, 2, 3, 2));
        uint256[4] memory product = NaiveField.mul(NaiveField.open(_word(values, 0)), NaiveField.open(_word(values, 1)));
        uint256[4] memory twice = NaiveField.add(product, product);
        bytes memory result = _execute(program, values);
        vm.assertEq(Ext4.reduce(_word(result, 3)), NaiveField.close(twice));
        vm.assertEq(Ext4.reduce(_word(result, 2)), NaiveField.close(NaiveField.mul(product, twice)));
    }

    /// @dev One run of `length`: operands from the first and second half of the slots, results over the first.
    function _check(uint256 seed, uint8 op, uint256 length) private view {
        uint256 a = op < MUL ? 4 * P : 8_000_000_000;
        uint256 b = op == SUB ? 2 * P : op == SUB8 ? 8 * P : op == MUL ? (1 << 37) - 1 : 64 * P;
        bytes memory values = _values(seed, a, b, op == MULB);
        bytes memory run = abi.encodePacked(uint16(1), op, uint16(length));
        uint256[] memory expected = new uint256[](length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 left = uint256(keccak256(abi.encode(seed, op, i, "left"))) % 16;
            uint256 right = HALF + uint256(keccak256(abi.encode(seed, op, i, "right"))) % HALF;
            // Not to be read again in this run.
            run = abi.encodePacked(run, uint16(32 * left), uint16(32 * right), uint16(32 * (16 + i)));
            expected[i] = _textbook(op, _word(values, left), _word(values, right));
        }
        bytes memory result = _execute(run, values);
        for (uint256 i = 0; i < length; ++i) {
            vm.assertEq(Ext4.reduce(_word(result, 16 + i)), expected[i]);
        }
    }

    function _textbook(uint8 op, uint256 left, uint256 right) private pure returns (uint256) {
        uint256[4] memory a = NaiveField.open(left);
        uint256[4] memory b = NaiveField.open(right);
        if (op == ADD) return NaiveField.close(NaiveField.add(a, b));
        if (op < MUL) return NaiveField.close(NaiveField.sub(a, b));
        return NaiveField.close(NaiveField.mul(a, b));
    }

    function _execute(bytes memory program, bytes memory values) private view returns (bytes memory) {
        (bool ok, bytes memory result) =
            address(calls).staticcall(abi.encodeCall(calls.execute, (program, values, 32 * SLOTS)));
        vm.assertTrue(ok);
        return result;
    }

    function _run(uint8 op, uint256 a, uint256 b, uint256 target) private pure returns (bytes memory) {
        return abi.encodePacked(op, uint16(1), uint16(32 * a), uint16(32 * b), uint16(32 * target));
    }

    /// @dev Lanes up to `low` in the first half and up to `high` in the second, where they may be of the base field.
    function _values(uint256 seed, uint256 low, uint256 high, bool base) private pure returns (bytes memory values) {
        for (uint256 i = 0; i < SLOTS; ++i) {
            uint256 word;
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            for (uint256 k = 0; k < 4; ++k) {
                uint256 lane = (random >> (64 * k)) & type(uint64).max;
                uint256 top = i < HALF ? low : high;
                word |= (lane % 4 == 0 ? top : lane % (top + 1)) << (64 * k);
            }
            if (base && i >= HALF) word = uint64(word) % P;
            values = abi.encodePacked(values, word);
        }
    }

    function _word(bytes memory values, uint256 i) private pure returns (uint256 word) {
        assembly {
            word := mload(add(add(values, 0x20), shl(5, i)))
        }
    }
}
