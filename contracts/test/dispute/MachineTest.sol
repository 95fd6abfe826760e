// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Step} from "../../src/dispute/Step.sol";
import {Test} from "../base/Test.sol";

/// @notice A node of the memory tree, `level` above the leaves. What is not below any node of a list is zero.
struct Node {
    uint256 level;
    uint256 index;
    bytes32 value;
}

/// @notice A state with its memory; `x[0]` stays zero.
struct Machine {
    uint64 pc;
    uint64 step;
    uint8 status;
    uint64[32] x;
    Node[] memory_;
}

/// @notice Makes states, proofs and witnesses by docs/machine.md, sharing no code with the contract.
abstract contract MachineTest is Test {
    uint256 internal constant DEPTH = 27;
    uint64 internal constant PC = 0x8000_1004;
    bytes32 internal constant INPUT = keccak256("the input of the game");

    uint32 internal constant RD = 5;
    uint32 internal constant RS1 = 6;
    uint32 internal constant RS2 = 7;

    Step internal stepper = new Step();
    bytes32[28] private _zeros;

    constructor() {
        for (uint256 level = 1; level <= DEPTH; ++level) {
            _zeros[level] = keccak256(abi.encode(_zeros[level - 1], _zeros[level - 1]));
        }
    }

    /// @dev About to execute `word`; every register is different, and so are some bytes of memory.
    function _machine(uint32 word) internal pure returns (Machine memory m) {
        m.pc = PC;
        m.step = 41;
        m.status = 3;
        for (uint64 i = 1; i < 32; ++i) {
            m.x[i] = 0x0101010101010101 * i;
        }
        _poke(m, PC - 4, 8, 0xdeadbeef);
        _poke(m, PC, 4, word);
        _poke(m, 0xffff_fff8, 8, 0x1122334455667788);
    }

    function _clone(Machine memory m) internal pure returns (Machine memory) {
        return abi.decode(abi.encode(m), (Machine));
    }

    /// @dev The state after an instruction that does nothing more.
    function _next(Machine memory m) internal pure returns (Machine memory n) {
        n = _clone(m);
        n.pc += 4;
        n.step += 1;
    }

    function _trapped(Machine memory m) internal pure returns (Machine memory n) {
        n = _clone(m);
        n.step += 1;
        n.status = 2;
    }

    /// @dev Puts the `size` low bytes of `value` to `addr` and behind it, the lowest first.
    function _poke(Machine memory m, uint64 addr, uint256 size, uint64 value) internal pure {
        for (uint256 i = 0; i < size; ++i) {
            _pokeByte(m, addr + i, uint8(value >> 8 * i));
        }
    }

    function _pokeByte(Machine memory m, uint256 addr, uint8 value) private pure {
        Node memory leaf = _leaf(m, addr / 32);
        bytes memory content = abi.encode(leaf.value);
        content[addr % 32] = bytes1(value);
        leaf.value = abi.decode(content, (bytes32));
    }

    function _peek(Machine memory m, uint64 addr, uint256 size) internal view returns (uint64 value) {
        bytes32 leaf = _node(m.memory_, 0, addr / 32, 0);
        for (uint256 i = 0; i < size; ++i) {
            value |= uint64(uint8(leaf[addr % 32 + i])) << uint64(8 * i);
        }
    }

    /// @dev The leaf `index`, added if it is not there.
    function _leaf(Machine memory m, uint256 index) internal pure returns (Node memory) {
        for (uint256 i = 0; i < m.memory_.length; ++i) {
            if (m.memory_[i].level == 0 && m.memory_[i].index == index) return m.memory_[i];
        }
        return _add(m, Node(0, index, 0));
    }

    function _add(Machine memory m, Node memory node) private pure returns (Node memory) {
        Node[] memory longer = new Node[](m.memory_.length + 1);
        for (uint256 i = 0; i < m.memory_.length; ++i) {
            longer[i] = m.memory_[i];
        }
        longer[m.memory_.length] = node;
        m.memory_ = longer;
        return node;
    }

    /// @dev Puts something beside every node on the way of `addr`, where there is nothing: no sibling is zero then.
    function _crowd(Machine memory m, uint64 addr) internal view {
        for (uint256 level = 0; level < DEPTH; ++level) {
            uint256 index = addr / 32 >> level ^ 1;
            if (_node(m.memory_, level, index, 0) != 0) continue;
            _add(m, Node(level, index, keccak256(abi.encode("a subtree", level, index))));
        }
    }

    function _root(Machine memory m) internal view returns (bytes32) {
        return _rooted(m.memory_, DEPTH, 0);
    }

    function _rooted(Node[] memory nodes, uint256 level, uint256 index) private view returns (bytes32) {
        return _node(nodes, level, index, _zeros[level]);
    }

    /// @dev `missing` is what to give if there is nothing at or below the node.
    function _node(Node[] memory nodes, uint256 level, uint256 index, bytes32 missing) private view returns (bytes32) {
        bool below = false;
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (nodes[i].level > level || nodes[i].index >> (level - nodes[i].level) != index) continue;
            if (nodes[i].level == level) return nodes[i].value;
            below = true;
        }
        if (!below) return missing;
        return keccak256(
            abi.encode(
                _node(nodes, level - 1, 2 * index, _zeros[level - 1]),
                _node(nodes, level - 1, 2 * index + 1, _zeros[level - 1])
            )
        );
    }

    /// @dev With `given`, siblings that are zero are given, too.
    function _proof(Machine memory m, uint64 addr, bool given) internal view returns (bytes memory) {
        uint256 index = addr / 32;
        uint32 mask = 0;
        bytes memory siblings = "";
        for (uint256 level = 0; level < DEPTH; ++level) {
            bytes32 sibling = _rooted(m.memory_, level, index >> level ^ 1);
            if (!given && sibling == _zeros[level]) continue;
            mask |= uint32(1) << uint32(level);
            siblings = abi.encodePacked(siblings, sibling);
        }
        return abi.encodePacked(_rooted(m.memory_, 0, index), mask, siblings);
    }

    function _proof(Machine memory m, uint64 addr) internal view returns (bytes memory) {
        return _proof(m, addr, false);
    }

    function _encode(Machine memory m) internal view returns (bytes memory encoding) {
        encoding = abi.encodePacked(_root(m), m.pc, m.step, m.status);
        for (uint256 i = 1; i < 32; ++i) {
            encoding = abi.encodePacked(encoding, m.x[i]);
        }
    }

    function _hash(Machine memory m) internal view returns (bytes32) {
        bytes memory digest = abi.encode(keccak256(_encode(m)));
        digest[0] = bytes1(m.status);
        return abi.decode(digest, (bytes32));
    }

    /// @dev The witness of a step whose instruction is fetched; `more` is what follows its proof.
    function _witness(Machine memory m, bytes memory more) internal view returns (bytes memory) {
        return abi.encodePacked(_encode(m), _proof(m, m.pc), more);
    }

    /// @dev `before` steps to `then`, with `witness`.
    function _check(Machine memory before, bytes memory witness, Machine memory then, string memory what)
        internal
        view
    {
        uint256 free = _freeMemory();
        (bytes32 from, bytes32 to) = stepper.step(witness, INPUT);
        vm.assertEq(from, _hash(before), string.concat("before ", what));
        vm.assertEq(to, _hash(then), string.concat("after ", what));
        _release(free);
    }

    /// @dev `before` steps to `then`, touching nothing but its instruction.
    function _check(Machine memory before, Machine memory then, string memory what) internal view {
        _check(before, _witness(before, ""), then, what);
    }

    function _checkTrap(Machine memory m, string memory what) internal view {
        _check(m, _trapped(m), what);
    }

    function _freeMemory() internal pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// @dev Gives back what was allocated since `_freeMemory`: nothing may refer to it. Long tests run out otherwise.
    function _release(uint256 free) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
