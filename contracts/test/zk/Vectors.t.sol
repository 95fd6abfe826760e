// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch, Batches} from "../../src/zk/Batch.sol";
import {Ext4} from "../../src/zk/Ext4.sol";
import {Gkr, LogUp, Reader} from "../../src/zk/Gkr.sol";
import {Stacking} from "../../src/zk/Stacking.sol";
import {StarkKey} from "../../src/zk/StarkKey.sol";
import {Transcript} from "../../src/zk/Transcript.sol";
import {Proofs} from "./Proofs.sol";
import {TranscriptCalls} from "./Transcript.t.sol";

/// @notice The phases of a verification for a caller.
contract PhaseCalls {
    using Transcript for uint256;
    using StarkKey for uint256;

    function constraints(address[] calldata key, bytes calldata claim, bytes calldata proof)
        external
        view
        returns (LogUp memory logUp, Batch memory batch, bytes32[3] memory states)
    {
        (uint256 head,) = StarkKey.load(key, false);
        head.fill(claim);
        Reader memory reader;
        reader.head = head;
        reader.transcript = Transcript.create(50_000);
        reader.transcript.absorbWord(head.preHash());
        uint256 pos;
        assembly {
            pos := proof.offset
        }
        reader.transcript.absorb(pos, 32);
        reader.transcript.absorbMemory(head.preamble(), head.pairAt(StarkKey.PREAMBLE));
        reader.pos = pos + 32;
        logUp = Gkr.verify(reader);
        states[0] = reader.transcript.current();
        batch = Batches.verify(reader, logUp);
        states[1] = reader.transcript.current();
        (uint256 end,) = Batches.absorbOpenings(reader);
        require(end == pos + proof.length);
        reader.transcript.sample();
        states[2] = reader.transcript.current();
    }

    function stacking(address[] calldata key, bytes calldata checkpoint, bytes calldata proof)
        external
        view
        returns (uint256[] memory u)
    {
        (uint256 head,) = StarkKey.load(key, false);
        Reader memory reader;
        reader.head = head;
        reader.transcript = Transcript.resume(bytes32(checkpoint[:32]), 50_000);
        uint256 pos;
        uint256 from;
        assembly {
            pos := proof.offset
            from := checkpoint.offset
        }
        reader.pos = pos;
        (u,) = Stacking.verify(reader, from);
    }
}

/// @notice The vectors that the Rust verifier is tested against as well (docs/stark.md, section 7).
contract ZkVectorsTest is Proofs {
    PhaseCalls private calls = new PhaseCalls();
    TranscriptCalls private transcript = new TranscriptCalls();

    function test_arithmetic() external view {
        string memory json = vm.readFile("test/zk/vectors/arithmetic.json");
        uint256 count = vm.parseJsonUint(json, ".count");
        bytes memory a = vm.parseJsonBytes(json, ".a");
        bytes memory b = vm.parseJsonBytes(json, ".b");
        bytes memory c = vm.parseJsonBytes(json, ".c");
        bytes memory sum = vm.parseJsonBytes(json, ".sum");
        bytes memory difference = vm.parseJsonBytes(json, ".difference");
        bytes memory product = vm.parseJsonBytes(json, ".product");
        bytes memory scaled = vm.parseJsonBytes(json, ".scaled");
        vm.assertEq(a.length, 16 * count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 x = _element(a, i);
            uint256 y = _element(b, i);
            uint256 z = _word(c, i);
            vm.assertEq(Ext4.reduce(x + y), _element(sum, i));
            vm.assertEq(Ext4.reduce(Ext4.sub(x, y)), _element(difference, i));
            vm.assertEq(Ext4.reduce(Ext4.mul(x, y)), _element(product, i));
            vm.assertEq(Ext4.reduce(Ext4.mulBase(x, z)), _element(scaled, i));
        }
    }

    function test_transcript() external view {
        string memory json = vm.readFile("test/zk/vectors/transcript.json");
        uint256[] memory kinds = vm.parseJsonUintArray(json, ".kind");
        bytes[] memory data = vm.parseJsonBytesArray(json, ".data");
        bytes memory operations;
        bytes memory absorbed;
        bytes32[] memory expected = new bytes32[](kinds.length);
        for (uint256 i = 0; i < kinds.length; ++i) {
            bytes memory d = data[i];
            if (kinds[i] == 0) {
                operations = abi.encodePacked(operations, uint8(0), uint8(d.length));
                absorbed = bytes.concat(absorbed, d);
            } else if (kinds[i] == 1) {
                operations = abi.encodePacked(operations, uint8(3), uint8(0));
                expected[i] = bytes32(_element(d, 0));
            } else if (kinds[i] == 2) {
                operations = abi.encodePacked(operations, uint8(5), d[4]);
                absorbed = abi.encodePacked(absorbed, bytes4(d));
                expected[i] = bytes32(uint256(uint8(d[5])));
            } else {
                operations = abi.encodePacked(operations, uint8(4), d[0]);
                expected[i] = bytes32(
                    uint256(uint8(d[1])) << 24 | uint256(uint8(d[2])) << 16 | uint256(uint8(d[3])) << 8 | uint8(d[4])
                );
            }
        }
        bytes32[] memory results = transcript.run(operations, absorbed);
        for (uint256 i = 0; i < kinds.length; ++i) {
            vm.assertEq(results[i], expected[i], vm.toString(i));
        }
    }

    function test_phasesOfPart1() external {
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            (, string memory json) = _json(i);
            (LogUp memory logUp, Batch memory batch, bytes32[3] memory states) =
                calls.constraints(p.chunks, p.claim, p.part1);
            _same(json, "alpha", _one(logUp.alpha));
            _same(json, "beta", _one(logUp.beta));
            _same(json, "xi", logUp.xi);
            _last(json, "gkr_p", logUp.numerator);
            _last(json, "gkr_q", logUp.denominator);
            _same(json, "batch_lambda", _one(batch.lambda));
            _same(json, "batch_mu", _one(batch.mu));
            _same(json, "batch_r", batch.r);
            _last(json, "batch_claim", batch.claim);
            bytes32[] memory all = vm.parseJsonBytes32Array(json, ".states");
            for (uint256 k = 0; k < 3; ++k) {
                uint256 j = 0;
                while (j < all.length && all[j] != states[k]) ++j;
                vm.assertLt(j, all.length);
            }
        }
    }

    function test_phasesOfPart2() external {
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            (, string memory json) = _json(i);
            _same(json, "stacking_u", calls.stacking(p.chunks, p.checkpoint, p.part2));
        }
    }

    function _same(string memory json, string memory name, uint256[] memory values) private pure {
        bytes memory expected = vm.parseJsonBytes(json, string.concat(".values.", name));
        vm.assertEq(expected.length, 16 * values.length, name);
        for (uint256 i = 0; i < values.length; ++i) {
            vm.assertEq(Ext4.reduce(values[i]), _element(expected, i), name);
        }
    }

    function _last(string memory json, string memory name, uint256 value) private pure {
        bytes memory expected = vm.parseJsonBytes(json, string.concat(".values.", name));
        vm.assertEq(Ext4.reduce(value), _element(expected, expected.length / 16 - 1), name);
    }

    function _one(uint256 value) private pure returns (uint256[] memory values) {
        values = new uint256[](1);
        values[0] = value;
    }

    function _element(bytes memory data, uint256 i) private pure returns (uint256) {
        uint256 packed;
        assembly {
            packed := shr(128, mload(add(add(data, 0x20), shl(4, i))))
        }
        return Ext4.unpack(packed);
    }

    function _word(bytes memory data, uint256 i) private pure returns (uint256 word) {
        assembly {
            word := shr(224, mload(add(add(data, 0x20), shl(2, i))))
        }
    }
}
