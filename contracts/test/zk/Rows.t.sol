// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NotCanonical, P} from "../../src/zk/Ext4.sol";
import {Proofs} from "./Proofs.sol";

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
        // No work is asked for, and one query a round.
        for (uint256 i = 10; i < 14; ++i) {
            p.key[i] = 0;
        }
        for (uint256 i = 0; i < uint8(p.key[8]); ++i) {
            p.key[65 + 2 * i] = 0x01;
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
        openings.verify(p.chunks, p.claim, checkpoint, _part2(p.key, odd));
    }

    /// @dev All paths in a tree are the same.
    function _part2(bytes memory key, uint256 odd) private view returns (bytes memory out) {
        uint256 l = uint8(key[4]);
        out = new bytes(16 * (2 * (2 ** l - 1) + 1 + 2 * uint256(uint8(key[5])) + _width(key)) + 4);
        for (uint256 i = 0; i < _rounds; ++i) {
            out = bytes.concat(out, new bytes(36 * _k));
            if (i + 1 == _rounds) out = bytes.concat(out, new bytes(16 << uint8(key[9])));
            else out = abi.encodePacked(out, _node(i + 1, odd, _k + _depth - i - 1), new bytes(16));
            // The witness, and the only query's number.
            out = bytes.concat(out, new bytes(4 + 1));
            for (uint256 j = 0; j < 1 << _k; ++j) {
                out = bytes.concat(out, _row(i, odd));
            }
            for (uint256 d = 0; d < _depth - i; ++d) {
                out = abi.encodePacked(out, _node(i, odd, _k + d));
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
