// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asm} from "./Asm.sol";
import {Machine} from "./MachineTest.sol";
import {Reading} from "./Reading.sol";

/// @notice A witness of every shape.
abstract contract Scenes is Reading {
    uint256 internal constant SCENES = 19;
    uint64 internal constant DATA = 0x0765_4328;

    /// @dev The machine of scene `i`; what it touches beside its instruction, if `touches`; its evidence.
    struct Scene {
        string name;
        Machine machine;
        bool fetches;
        bool touches;
        bytes evidence;
    }

    function _scene(uint256 i) internal view returns (Scene memory s) {
        s.fetches = true;
        if (i < 9) _plain(s, i);
        else if (i < 12) _ends(s, i);
        else _reads(s, i);
    }

    /// @dev `crowded`: all siblings of both proofs are given, and none is zero.
    function _sceneWitness(Scene memory s, bool crowded) internal view returns (bytes memory witness) {
        if (crowded) {
            _crowd(s.machine, PC);
            if (s.touches) _crowd(s.machine, DATA);
        }
        witness = _encode(s.machine);
        if (s.fetches) witness = abi.encodePacked(witness, _proof(s.machine, PC));
        if (s.touches) witness = abi.encodePacked(witness, _proof(s.machine, DATA));
        return abi.encodePacked(witness, s.evidence);
    }

    function _plain(Scene memory s, uint256 i) private pure {
        if (i == 0) (s.name, s.machine) = ("ADD", _machine(Asm.r(0x33, RD, 0, RS1, RS2, 0)));
        if (i == 1) (s.name, s.machine) = ("ADDI", _machine(Asm.i(0x13, RD, 0, RS1, -7)));
        if (i == 2) (s.name, s.machine) = ("DIV", _machine(Asm.r(0x33, RD, 4, RS1, RS2, 1)));
        if (i == 3) (s.name, s.machine) = ("REMUW", _machine(Asm.r(0x3b, RD, 7, RS1, RS2, 1)));
        if (i == 4) (s.name, s.machine) = ("JALR", _machine(Asm.i(0x67, RD, 0, RS1, 8)));
        if (i == 5) (s.name, s.machine) = ("BGEU", _machine(Asm.b(7, RS1, RS2, -8)));
        if (i == 6) (s.name, s.machine) = ("trap", _machine(0xffffffff));
        if (i == 7) (s.name, s.machine) = ("LW", _machine(Asm.i(0x03, RD, 2, RS1, 0)));
        if (i == 8) (s.name, s.machine) = ("SD", _machine(Asm.s(0x23, 3, RS1, RS2, 0)));
        if (i < 7) return;
        s.touches = true;
        s.machine.x[RS1] = DATA;
        _poke(s.machine, DATA, 8, 0x8182838485868788);
    }

    function _ends(Scene memory s, uint256 i) private pure {
        s.machine = _machine(Asm.ECALL);
        if (i == 9) (s.name, s.machine.x[17], s.machine.x[10]) = ("halt", 0, 0);
        if (i == 10) (s.name, s.machine.status, s.fetches) = ("final", 1, false);
        if (i == 11) (s.name, s.machine.pc, s.fetches) = ("fetch trap", PC + 2, false);
    }

    function _reads(Scene memory s, uint256 i) private view {
        bytes32 key;
        if (i == 12) (s.name, key) = ("read local", bytes32(uint256(1) << 248));
        if (i == 13) (s.name, s.evidence) = ("read keccak256 of 1 kB", _sample(1000));
        if (i == 14) (s.name, s.evidence) = ("read sha256 of 1 kB", _sample(1000));
        if (i == 15) (s.name, s.evidence) = ("read keccak256 of 64 KiB", _sample(65_536));
        if (i == 16) (s.name, s.evidence) = ("read blob element", _evidence(_blobRows()[7]));
        if (i == 17) {
            (s.name, s.evidence) =
            ("read precompile (bn254 add)", abi.encodePacked(address(0x06), abi.encode(1, 2, 1, 2)));
        }
        if (i == 18) {
            (s.name, s.evidence) =
            ("read precompile that fails (bn254 add)", abi.encodePacked(address(0x06), abi.encode(1, 2, 1, 1)));
        }
        if (i == 13 || i == 15) key = _key(2, keccak256(s.evidence));
        if (i == 14) key = _key(4, sha256(s.evidence));
        if (i == 16) key = _blobKey(_blobRows()[7].versionedHash, _blobRows()[7].index);
        if (i > 16) key = _key(6, keccak256(s.evidence));
        s.machine = _reader(key, i == 12 || i > 15 ? 0 : 512);
    }

    function _sample(uint256 length) private pure returns (bytes memory sample) {
        sample = new bytes(length);
        for (uint256 i = 0; i < length; i += 32) {
            bytes32 word = keccak256(abi.encode(i));
            for (uint256 j = 0; j < 32 && i + j < length; ++j) {
                sample[i + j] = word[j] | 0x01;
            }
        }
    }
}
