// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batches} from "../../src/zk/Batch.sol";
import {Evaluation} from "../../src/zk/Evaluation.sol";
import {NotCanonical, P} from "../../src/zk/Ext4.sol";
import {Gkr} from "../../src/zk/Gkr.sol";
import {Stacking} from "../../src/zk/Stacking.sol";
import {StarkConstraints} from "../../src/zk/StarkConstraints.sol";
import {StarkKey} from "../../src/zk/StarkKey.sol";
import {StarkOpenings} from "../../src/zk/StarkOpenings.sol";
import {Whir} from "../../src/zk/Whir.sol";
import {Vm} from "../base/Vm.sol";
import {Proofs} from "./Proofs.sol";

/// @notice Every word of every proof, changed; every length but the right one; claims, keys and checkpoints of others.
contract MutationsTest is Proofs {
    /// @dev How often each error was met.
    mapping(bytes4 selector => uint256) private _met;
    /// @dev How many changes of part 1 only part 2 refuses.
    uint256 private _accepted;

    /// @dev An opening that no constraint reads changes the checkpoint, and part 2 refuses that.
    function test_constraints_aChangedWord_reverts() external {
        vm.pauseGasMetering();
        vm.recordLogs();
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            bytes memory data = abi.encodeCall(constraints.verify, (p.chunks, p.claim, p.part1));
            uint256 start = data.length - (p.part1.length + 31) / 32 * 32;
            // Behind the commitment, all words are field elements.
            for (uint256 j = 0; j < p.part1.length / 4; ++j) {
                uint256 word = _word(data, start + 4 * j);
                _setWord(data, start + 4 * j, _neighbour(word, j));
                if (!_reverts(address(constraints), data, p.name)) _refusedLater(p);
                if (j >= 8) {
                    _setWord(data, start + 4 * j, word + P);
                    uint256 met = _met[NotCanonical.selector];
                    vm.assertTrue(_reverts(address(constraints), data, p.name), p.name);
                    vm.assertEq(_met[NotCanonical.selector], met + 1, p.name);
                }
                _setWord(data, start + 4 * j, word);
            }
        }
        vm.assertGt(_accepted, 0);
        _mustHaveMet(Gkr.TooLittleLogUpWork.selector);
        _mustHaveMet(Gkr.SumNotZero.selector);
        _mustHaveMet(Gkr.WrongRootDenominator.selector);
        _mustHaveMet(Gkr.WrongLayer.selector);
        _mustHaveMet(Batches.WrongNumerators.selector);
        _mustHaveMet(Batches.WrongDenominators.selector);
        _mustHaveMet(Batches.WrongUnivariateSum.selector);
        _mustHaveMet(Evaluation.ConstraintsNotSatisfied.selector);
        _mustHaveMet(NotCanonical.selector);
    }

    function test_openings_aChangedByte_reverts() external {
        vm.pauseGasMetering();
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            _verifyConstraints(p);
            bytes memory data = abi.encodeCall(openings.verify, (p.chunks, p.claim, p.checkpoint, p.part2));
            uint256 start = data.length - (p.part2.length + 31) / 32 * 32;
            // A byte of every word at least.
            for (uint256 j = 0; j < p.part2.length; j += i == 0 ? 1 : 3) {
                uint256 byte_ = uint8(data[start + j]);
                data[start + j] = bytes1(uint8(byte_ ^ (1 << (j % 8))));
                // In a small domain another witness of as much work may draw the same indices.
                if (!_reverts(address(openings), data, p.name)) {
                    vm.assertEq((p.openings[p.openings.length - 1] - 1 - j) / 4, 0, p.name);
                }
                data[start + j] = bytes1(uint8(byte_));
            }
        }
        _mustHaveMet(Stacking.WrongStackedSum.selector);
        _mustHaveMet(Stacking.WrongStackedOpenings.selector);
        _mustHaveMet(Whir.TooLittleBatchingWork.selector);
        _mustHaveMet(Whir.TooLittleFoldingWork.selector);
        _mustHaveMet(Whir.TooLittleQueryWork.selector);
        _mustHaveMet(Whir.WrongOrder.selector);
        _mustHaveMet(Whir.WrongMerkleRoot.selector);
        _mustHaveMet(NotCanonical.selector);
    }

    /// @dev A sample of the real proof of the last layer.
    function test_theLastLayer_aChangedByte_reverts() external {
        vm.pauseGasMetering();
        vm.recordLogs();
        Proof memory p = _proof(ROOT);
        _verifyConstraints(p);
        bytes memory data = abi.encodeCall(constraints.verify, (p.chunks, p.claim, p.part1));
        uint256 start = data.length - (p.part1.length + 31) / 32 * 32;
        for (uint256 j = 7; j < p.part1.length; j += 1009) {
            data[start + j] ^= 0x04;
            if (!_reverts(address(constraints), data, p.name)) _refusedLater(p);
            data[start + j] ^= 0x04;
        }
        data = abi.encodeCall(openings.verify, (p.chunks, p.claim, p.checkpoint, p.part2));
        start = data.length - (p.part2.length + 31) / 32 * 32;
        for (uint256 j = 7; j < p.part2.length; j += 1009) {
            data[start + j] ^= 0x04;
            vm.assertTrue(_reverts(address(openings), data, p.name));
            data[start + j] ^= 0x04;
        }
    }

    function test_constraints_aChangedClaim_reverts() external {
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            for (uint256 j = 0; j < p.claim.length; j += 4) {
                bytes memory claim = p.claim;
                uint256 word = _word(claim, j);
                _setWord(claim, j, (word + 1) % P);
                (bool ok,) = address(constraints).call(abi.encodeCall(constraints.verify, (p.chunks, claim, p.part1)));
                vm.assertFalse(ok, p.name);
                _setWord(claim, j, word + P);
                vm.expectRevert(NotCanonical.selector);
                constraints.verify(p.chunks, claim, p.part1);
                _setWord(claim, j, word);
            }
        }
    }

    function test_constraints_anotherLength_reverts() external {
        Proof memory p = _proof(3);
        bytes memory expected = abi.encodeWithSelector(StarkConstraints.WrongLength.selector, p.part1.length);
        uint256[6] memory lengths =
            [0, p.part1.length - 16, p.part1.length - 1, p.part1.length + 1, p.part1.length + 16, 2 * p.part1.length];
        for (uint256 i = 0; i < lengths.length; ++i) {
            vm.expectRevert(expected);
            constraints.verify(p.chunks, p.claim, _resize(p.part1, lengths[i]));
        }
        bytes memory claim = _resize(p.claim, p.claim.length - 4);
        vm.expectRevert(StarkKey.WrongClaimLength.selector);
        constraints.verify(p.chunks, claim, p.part1);
        claim = _resize(p.claim, p.claim.length + 4);
        vm.expectRevert(StarkKey.WrongClaimLength.selector);
        constraints.verify(p.chunks, claim, p.part1);
        claim = _resize(p.claim, p.claim.length + 1);
        vm.expectRevert(StarkKey.WrongClaimLength.selector);
        constraints.verify(p.chunks, claim, p.part1);
    }

    function test_openings_anotherLength_reverts() external {
        Proof memory p = _proof(3);
        _verifyConstraints(p);
        bytes memory expected = abi.encodeWithSelector(StarkOpenings.WrongLength.selector, p.part2.length);
        uint256[3] memory longer = [p.part2.length + 1, p.part2.length + 32, 2 * p.part2.length];
        for (uint256 i = 0; i < longer.length; ++i) {
            vm.expectRevert(expected);
            openings.verify(p.chunks, p.claim, p.checkpoint, _resize(p.part2, longer[i]));
        }
        // What is missing reads as zero, and another check may see that first.
        for (uint256 i = 0; i < p.part2.length; i += 61) {
            vm.expectRevert();
            openings.verify(p.chunks, p.claim, p.checkpoint, _resize(p.part2, i));
        }
    }

    /// @dev Every byte of a checkpoint is in its id, and so are the key and the claim.
    function test_openings_aCheckpointOfNobody_reverts() external {
        Proof memory p = _proof(3);
        vm.expectRevert(abi.encodeWithSelector(StarkOpenings.UnknownCheckpoint.selector, p.checkpointId));
        _verifyOpenings(p);
        _verifyConstraints(p);
        for (uint256 i = 0; i < p.checkpoint.length; ++i) {
            bytes memory checkpoint = bytes.concat(p.checkpoint);
            checkpoint[i] ^= 0x10;
            _refused(p, p.claim, checkpoint);
        }
        _refused(p, p.claim, _resize(p.checkpoint, p.checkpoint.length - 1));
        _refused(p, p.claim, _resize(p.checkpoint, p.checkpoint.length + 1));
        _refused(p, p.claim, "");
        bytes memory claim = bytes.concat(p.claim);
        claim[3] ^= 0x01;
        _refused(p, claim, p.checkpoint);
        // A byte that moves from one of the arguments to the other.
        _refused(p, abi.encodePacked(p.claim, p.checkpoint[0]), _resize(p.checkpoint, p.checkpoint.length - 1));
    }

    function test_anotherKey_reverts() external {
        vm.pauseGasMetering();
        for (uint256 i = 0; i < PROOFS; ++i) {
            Proof memory p = _proof(i);
            _verifyConstraints(p);
            for (uint256 j = 0; j < PROOFS; ++j) {
                if (j == i) continue;
                Proof memory q = _proof(j);
                (bool ok,) = address(constraints).call(abi.encodeCall(constraints.verify, (q.chunks, p.claim, p.part1)));
                vm.assertFalse(ok, p.name);
                (ok,) =
                    address(openings).call(abi.encodeCall(openings.verify, (q.chunks, p.claim, p.checkpoint, p.part2)));
                vm.assertFalse(ok, p.name);
            }
        }
    }

    /// @dev A key with the same shape but another hash of the library's key, or other constants, is another key.
    function test_aChangedKey_reverts() external {
        Proof memory p = _proof(3);
        _verifyConstraints(p);
        bytes memory key = bytes.concat(p.key);
        key[40] ^= 0x01;
        p.chunks = _deploy(key, 24_575);
        (bool ok,) = address(constraints).call(abi.encodeCall(constraints.verify, (p.chunks, p.claim, p.part1)));
        vm.assertFalse(ok);
        (ok,) = address(openings).call(abi.encodeCall(openings.verify, (p.chunks, p.claim, p.checkpoint, p.part2)));
        vm.assertFalse(ok);
    }

    /// @dev A key that says two things of how many words are free.
    function test_aKeyWithOtherRanges_reverts() external {
        Proof memory p = _proof(3);
        bytes memory key = bytes.concat(p.key);
        uint256 ranges = 96 + 32 * (uint256(uint8(key[20])) << 8 | uint8(key[21]));
        key[ranges + 3] = bytes1(uint8(key[ranges + 3]) - 1);
        p.chunks = _deploy(key, 24_575);
        vm.expectRevert(StarkKey.WrongClaimLength.selector);
        _verifyConstraints(p);
    }

    function test_noKey_reverts() external {
        Proof memory p = _proof(0);
        p.chunks = new address[](0);
        vm.expectRevert(StarkKey.BadKey.selector);
        _verifyConstraints(p);
        p.chunks = new address[](1);
        p.chunks[0] = makeAddr("nobody");
        vm.expectRevert(StarkKey.BadKey.selector);
        _verifyConstraints(p);
        vm.etch(p.chunks[0], hex"00");
        vm.expectRevert(StarkKey.BadKey.selector);
        _verifyConstraints(p);
        // The head alone.
        p.chunks[0] = _deploy(_resize(p.key, 96), 24_575)[0];
        vm.expectRevert(StarkKey.BadKey.selector);
        _verifyConstraints(p);
        // Another format.
        bytes memory key = bytes.concat(p.key);
        key[3] = 0x32;
        p.chunks[0] = _deploy(key, 24_575)[0];
        vm.expectRevert(StarkKey.BadKey.selector);
        _verifyConstraints(p);
    }

    /// @dev Parts of several proofs, in any order and more than once.
    function test_partsOfSeveralProofs_interleave() external {
        Proof memory a = _proof(1);
        Proof memory b = _proof(3);
        _verifyConstraints(a);
        _verifyConstraints(b);
        _verifyConstraints(a);
        vm.expectRevert();
        openings.verify(a.chunks, a.claim, a.checkpoint, b.part2);
        _refused(a, a.claim, b.checkpoint);
        vm.prank(makeAddr("somebody else"));
        _verifyOpenings(b);
        vm.assertFalse(openings.proved(a.keyHash, keccak256(a.claim)));
        _verifyOpenings(a);
        _verifyOpenings(a);
        vm.assertTrue(openings.proved(a.keyHash, keccak256(a.claim)));
        vm.assertFalse(openings.proved(a.keyHash, keccak256(b.claim)));
        vm.assertFalse(openings.proved(b.keyHash, keccak256(a.claim)));
        vm.assertTrue(openings.proved(b.keyHash, keccak256(b.claim)));
    }

    function _refused(Proof memory p, bytes memory claim, bytes memory checkpoint) private {
        vm.expectPartialRevert(StarkOpenings.UnknownCheckpoint.selector);
        openings.verify(p.chunks, claim, checkpoint, p.part2);
    }

    /// @dev The last proof's part 1 was accepted: part 2 is refused with its checkpoint.
    function _refusedLater(Proof memory p) private {
        (bool ok, bytes memory result) =
            address(openings).call(abi.encodeCall(openings.verify, (p.chunks, p.claim, _lastCheckpoint(), p.part2)));
        vm.assertFalse(ok, p.name);
        vm.assertTrue(bytes4(result) == Stacking.WrongStackedSum.selector, p.name);
        _accepted += 1;
    }

    function _lastCheckpoint() private returns (bytes memory) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        return abi.decode(logs[logs.length - 1].data, (bytes));
    }

    /// @dev Another field element, or a word with another bit.
    function _neighbour(uint256 word, uint256 i) private pure returns (uint256) {
        uint256 changed = word ^ (1 << (i % 30));
        return word < P && changed >= P ? word ^ 1 : changed;
    }

    /// @dev With an error of ours, if at all: a panic or a lack of gas is none.
    function _reverts(address to, bytes memory data, string memory name) private returns (bool) {
        (bool ok, bytes memory reason) = to.call(data);
        if (ok) return false;
        vm.assertTrue(reason.length == 4 || reason.length == 36 || reason.length == 68, name);
        bytes4 selector = bytes4(reason);
        vm.assertTrue(selector != bytes4(keccak256("Panic(uint256)")), name);
        _met[selector] += 1;
        return true;
    }

    function _mustHaveMet(bytes4 selector) private view {
        vm.assertTrue(_met[selector] != 0, vm.toString(bytes32(selector)));
    }

    function _word(bytes memory data, uint256 pos) private pure returns (uint256 word) {
        assembly {
            word := shr(224, mload(add(add(data, 0x20), pos)))
        }
    }

    function _setWord(bytes memory data, uint256 pos, uint256 word) private pure {
        assembly {
            let p := add(add(data, 0x20), pos)
            mstore(p, or(shl(224, word), shr(32, shl(32, mload(p)))))
        }
    }

    function _resize(bytes memory data, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length && i < data.length; ++i) {
            out[i] = data[i];
        }
    }
}
