// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NotCanonical, P} from "../../src/zk/Ext4.sol";
import {Whir} from "../../src/zk/Whir.sol";
import {Proofs} from "./Proofs.sol";
import {Pruning} from "./Pruning.sol";

/// @notice Rows that are committed, but not to canonical words. Their hashes are right, so only their form is wrong.
/// @dev Of columns of zeros everything can be proved without a prover: zero is also the word p, were it not refused.
contract RowsTest is Proofs {
    uint256 private constant NOWHERE = type(uint256).max;

    Proof private _p;
    uint256 private _k;
    uint256 private _rounds;
    uint256 private _depth;

    function setUp() external {
        Proof memory p = _proof(3);
        // No work is asked for.
        for (uint256 i = 10; i < 14; ++i) {
            p.key[i] = 0;
        }
        p.chunks = _deploy(p.key, 24_575);
        _p = p;
        _k = uint8(p.key[7]);
        _rounds = uint8(p.key[8]);
        _depth = uint256(uint8(p.key[4])) + uint8(p.key[5]) + uint8(p.key[6]) - _k;
        vm.mockCall(address(constraints), "", abi.encode(true));
    }

    function test_zeros_areAccepted() external {
        _verify(NOWHERE);
        vm.assertTrue(openings.proved(keccak256(abi.encodePacked(_p.chunks[0].codehash)), keccak256(_p.claim)));
    }

    function test_rowsThatAreNotCanonical_revert() external {
        for (uint256 i = 0; i < _rounds; ++i) {
            vm.expectRevert(NotCanonical.selector);
            this.verify(i);
        }
    }

    /// @dev Queries that are named twice, not at all, or in another order than by index.
    function test_queriesNotByIndex_revert() external {
        Proof memory p = _p;
        bytes memory checkpoint = new bytes(p.checkpoint.length);
        bytes32 root = _node(0, NOWHERE, _k + _depth);
        assembly {
            mstore(add(checkpoint, 0x40), root)
        }
        (bytes memory part2,) = Pruning.prune(p.key, bytes32(0), _part2(p.key, NOWHERE));
        uint256 l = uint8(p.key[4]);
        uint256 order = 16 * (2 * (2 ** l - 1) + 1 + 2 * uint256(uint8(p.key[5])) + _width(p.key)) + 4;
        order += 36 * _k + 48 + 4;
        bytes1[2] memory old = [part2[order], part2[order + 1]];
        bytes1[2][4] memory wrong =
            [[old[1], old[0]], [old[0], old[0]], [bytes1(p.key[65]), old[1]], [old[0], bytes1(0xff)]];
        for (uint256 i = 0; i < wrong.length; ++i) {
            (part2[order], part2[order + 1]) = (wrong[i][0], wrong[i][1]);
            vm.expectRevert(abi.encodeWithSelector(Whir.WrongOrder.selector, 0));
            openings.verify(p.chunks, p.claim, checkpoint, part2);
        }
        (part2[order], part2[order + 1]) = (old[0], old[1]);
        openings.verify(p.chunks, p.claim, checkpoint, part2);
    }

    /// @notice Verifies a proof of columns of zeros, whose rows in round `odd` are written as p.
    function verify(uint256 odd) external {
        _verify(odd);
    }

    function _verify(uint256 odd) private {
        Proof memory p = _p;
        bytes memory checkpoint = new bytes(p.checkpoint.length);
        bytes32 root = _node(0, odd, _k + _depth);
        assembly {
            mstore(add(checkpoint, 0x40), root)
        }
        (bytes memory part2,) = Pruning.prune(p.key, bytes32(0), _part2(p.key, odd));
        openings.verify(p.chunks, p.claim, checkpoint, part2);
    }

    /// @dev One path per query; all of a round's are the same.
    function _part2(bytes memory key, uint256 odd) private view returns (bytes memory out) {
        uint256 l = uint8(key[4]);
        out = new bytes(16 * (2 * (2 ** l - 1) + 1 + 2 * uint256(uint8(key[5])) + _width(key)) + 4);
        for (uint256 i = 0; i < _rounds; ++i) {
            out = bytes.concat(out, new bytes(36 * _k));
            if (i + 1 == _rounds) out = bytes.concat(out, new bytes(16 << uint8(key[9])));
            else out = abi.encodePacked(out, _node(i + 1, odd, _k + _depth - i - 1), new bytes(16));
            out = bytes.concat(out, new bytes(4));
            bytes memory query;
            for (uint256 j = 0; j < 1 << _k; ++j) {
                query = bytes.concat(query, _row(i, odd));
            }
            for (uint256 d = 0; d < _depth - i; ++d) {
                query = abi.encodePacked(query, _node(i, odd, _k + d));
            }
            for (uint256 q = uint8(key[65 + 2 * i]); q > 0; --q) {
                out = bytes.concat(out, query);
            }
        }
    }

    function _width(bytes memory key) private pure returns (uint256) {
        return uint256(uint8(key[18])) << 8 | uint8(key[19]);
    }

    function _row(uint256 round, uint256 odd) private view returns (bytes memory row) {
        uint256 words = round == 0 ? _width(_p.key) : 4;
        for (uint256 i = 0; i < words; ++i) {
            row = abi.encodePacked(row, uint32(round == odd ? P : 0));
        }
    }

    /// @dev A node over 2^`height` rows.
    function _node(uint256 round, uint256 odd, uint256 height) private view returns (bytes32 node) {
        node = keccak256(_row(round, odd));
        for (uint256 i = 0; i < height; ++i) {
            node = keccak256(abi.encodePacked(node, node));
        }
    }
}
