// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Evidence} from "../../src/dispute/Evidence.sol";
import {TrailingBytes, WitnessTooShort} from "../../src/dispute/Witness.sol";
import {Machine} from "./MachineTest.sol";
import {Reading} from "./Reading.sol";

/// @notice ECALL read of the kinds that need no call to vouch for, and of blobs.
contract StepReadTest is Reading {
    /// @dev A precompile that fails takes all it is given.
    uint256 private constant GAS = 1_000_000;
    uint64 private constant FAR = type(uint64).max - 31;

    function test_local_is_the_input() external view {
        bytes32 key = bytes32(uint256(1) << 248);
        _checkRead(key, "", abi.encode(INPUT), 0);
        _checkRead(key, "", abi.encode(INPUT), 32);
        _checkRead(key, "", abi.encode(INPUT), FAR);
    }

    function test_a_preimage_is_read_at_every_offset() external view {
        uint8[8] memory lengths = [0, 1, 31, 32, 33, 64, 100, 136];
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory preimage = _bytes(lengths[i]);
            for (uint64 offset = 0; offset <= preimage.length + 32; offset += 32) {
                _checkRead(_key(2, keccak256(preimage)), preimage, preimage, offset);
                _checkRead(_key(4, sha256(preimage)), preimage, preimage, offset);
            }
            _checkRead(_key(2, keccak256(preimage)), preimage, preimage, FAR);
        }
    }

    function test_the_longest_preimage() external {
        bytes memory preimage = _bytes(65_536);
        _checkRead(_key(2, keccak256(preimage)), preimage, preimage, 65_504);
        _checkRead(_key(4, sha256(preimage)), preimage, preimage, 65_536);
        preimage = abi.encodePacked(preimage, uint8(1));
        _expectReject(_key(2, keccak256(preimage)), preimage, _tooLong(preimage.length));
        _expectReject(_key(4, sha256(preimage)), preimage, _tooLong(preimage.length));
    }

    function test_blob_elements() external view {
        BlobRow[] memory rows = _blobRows();
        for (uint256 i = 0; i < rows.length; ++i) {
            bytes32 key = _blobKey(rows[i].versionedHash, rows[i].index);
            _checkRead(key, _evidence(rows[i]), abi.encode(rows[i].element), 0);
            _checkRead(key, _evidence(rows[i]), abi.encode(rows[i].element), 32);
            _checkRead(key, _evidence(rows[i]), abi.encode(rows[i].element), FAR);
        }
        vm.assertGe(rows.length, 10);
    }

    function test_step_element_not_proven_reverts() external {
        BlobRow[] memory rows = _blobRows();
        bytes memory wrong = abi.encodeWithSelector(Evidence.ElementNotProven.selector);
        bytes32 key = _blobKey(rows[2].versionedHash, rows[2].index);
        bytes32 element = rows[2].element;

        rows[2].element = bytes32(uint256(element) + 1);
        _expectReject(key, _evidence(rows[2]), wrong);
        // The same element modulo the field's order is not the same bytes.
        rows[2].element = bytes32(uint256(element) + 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001);
        _expectReject(key, _evidence(rows[2]), wrong);
        rows[2].element = element;

        bytes memory proof = rows[2].proof;
        rows[2].proof = rows[3].proof;
        _expectReject(key, _evidence(rows[2]), wrong);
        // Another element's value and proof under this one's index.
        rows[2].element = rows[3].element;
        _expectReject(key, _evidence(rows[2]), wrong);
        (rows[2].element, rows[2].proof) = (element, proof);

        // Commitment and versioned hash of different blobs.
        rows[2].commitment = abi.encodePacked(bytes1(0xc0), new bytes(47));
        _expectReject(key, _evidence(rows[2]), wrong);
        // Not even when it is behind the element that is asked for: nothing is read without proof.
        Machine memory m = _reader(key, 32);
        bytes memory witness = _witness(m, _evidence(rows[2]));
        vm.expectRevert(wrong);
        stepper.step{gas: GAS}(witness, INPUT);
    }

    function test_step_bad_element_index_reverts() external {
        BlobRow memory row = _blobRows()[0];
        row.index = 4096;
        bytes memory wrong = abi.encodeWithSelector(Evidence.BadElementIndex.selector, 4096);
        _expectReject(_blobKey(row.versionedHash, 4096), _evidence(row), wrong);
    }

    function test_step_evidence_for_another_key_reverts() external {
        bytes memory preimage = _bytes(40);
        bytes32 keccakKey = _key(2, keccak256(preimage));
        bytes32 shaKey = _key(4, sha256(preimage));
        bytes memory other = _bytes(41);
        _expectReject(keccakKey, other, _wrong(_key(2, keccak256(other))));
        _expectReject(shaKey, other, _wrong(_key(4, sha256(other))));
        // A hash under the other kind.
        bytes32 crossed = _key(4, keccak256(preimage));
        _expectReject(crossed, preimage, _wrong(shaKey));
        crossed = _key(2, sha256(preimage));
        _expectReject(crossed, preimage, _wrong(keccakKey));

        BlobRow[] memory rows = _blobRows();
        bytes32 own = _blobKey(rows[1].versionedHash, rows[1].index);
        crossed = _blobKey(rows[1].versionedHash, rows[2].index);
        _expectReject(crossed, _evidence(rows[1]), _wrong(own));
    }

    function test_step_evidence_of_wrong_length_reverts() external {
        BlobRow memory row = _blobRows()[1];
        bytes32 key = _blobKey(row.versionedHash, row.index);
        bytes memory evidence = _evidence(row);
        _expectReject(key, abi.encodePacked(evidence, uint8(0)), abi.encodeWithSelector(TrailingBytes.selector, 1));
        _expectReject(key, _cut(evidence, 161), abi.encodeWithSelector(WitnessTooShort.selector));
        _expectReject(key, "", abi.encodeWithSelector(WitnessTooShort.selector));
        bytes32 local = bytes32(uint256(1) << 248);
        _expectReject(local, hex"0000", abi.encodeWithSelector(TrailingBytes.selector, 2));
    }

    function test_keys_that_are_none_trap() external view {
        bytes32 digest = keccak256("something");
        for (uint256 kind = 0; kind < 256; ++kind) {
            if (kind == 2 || kind == 4 || kind == 5 || kind == 6) continue;
            Machine memory m = _reader(_key(uint8(kind), digest), 0);
            _checkTrap(m, "unknown kind");
        }
        _checkTrap(_reader(_key(1, bytes32(uint256(1))), 0), "a local key that is not the only one");
        _checkTrap(_reader(0, 0), "the key zero");
    }

    function test_offsets_that_are_no_multiple_of_32_trap() external view {
        uint8[5] memory kinds = [1, 2, 4, 5, 6];
        for (uint256 i = 0; i < kinds.length; ++i) {
            bytes32 key = _key(kinds[i], kinds[i] == 1 ? bytes32(0) : keccak256("x"));
            _checkTrap(_reader(key, 1), "offset 1");
            _checkTrap(_reader(key, 48), "offset 48");
            _checkTrap(_reader(key, type(uint64).max), "the greatest offset");
        }
    }

    function test_step_evidence_for_a_trap_reverts() external {
        Machine memory m = _reader(_key(2, keccak256("abc")), 1);
        bytes memory witness = _witness(m, "abc");
        vm.expectRevert(abi.encodeWithSelector(TrailingBytes.selector, 3));
        stepper.step{gas: GAS}(witness, INPUT);
    }

    function _expectReject(bytes32 key, bytes memory evidence, bytes memory why) private {
        Machine memory m = _reader(key, 0);
        bytes memory witness = _witness(m, evidence);
        vm.expectRevert(why);
        stepper.step{gas: GAS}(witness, INPUT);
    }

    function _tooLong(uint256 length) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Evidence.PreimageTooLong.selector, length);
    }

    function _wrong(bytes32 named) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Evidence.WrongPreimage.selector, named);
    }

    function _bytes(uint256 length) private pure returns (bytes memory preimage) {
        preimage = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            preimage[i] = bytes1(uint8(7 * i + length + i / 256));
        }
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory shorter) {
        shorter = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            shorter[i] = data[i];
        }
    }
}
