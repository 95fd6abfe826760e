// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {StarkConstraints} from "../../src/zk/StarkConstraints.sol";
import {StarkOpenings} from "../../src/zk/StarkOpenings.sol";
import {Test} from "../base/Test.sol";

/// @notice Small proofs of many shapes, made by the library's prover (docs/stark.md, section 7), and the verifier.
abstract contract Proofs is Test {
    struct Proof {
        string name;
        bytes key;
        bytes32 keyHash;
        bytes claim;
        bytes part1;
        bytes part2;
        bytes checkpoint;
        bytes32 checkpointId;
        address[] chunks;
        uint256[] openings;
    }

    /// @dev Small ones; behind them comes one of the last layer, with its real key.
    uint256 internal constant PROOFS = 5;
    uint256 internal constant ROOT = 5;
    /// @dev Bytes of a key in a data contract.
    uint256 private constant CHUNK = 24_575;

    StarkConstraints internal constraints = new StarkConstraints();
    StarkOpenings internal openings = new StarkOpenings(constraints);

    function _json(uint256 i) internal view returns (string memory name, string memory json) {
        name = ["buses", "fibonacci", "low", "powers", "wide", "root"][i];
        json = vm.readFile(string.concat("test/zk/vectors/proof-", name, ".json"));
    }

    /// @dev Proof `i`, its key in data contracts.
    function _proof(uint256 i) internal returns (Proof memory p) {
        string memory json;
        (p.name, json) = _json(i);
        p.key = vm.parseJsonBytes(json, ".key");
        p.keyHash = vm.parseJsonBytes32(json, ".keyHash");
        p.claim = vm.parseJsonBytes(json, ".claim");
        p.part1 = vm.parseJsonBytes(json, ".part1");
        p.checkpoint = vm.parseJsonBytes(json, ".checkpoint");
        p.part2 = vm.parseJsonBytes(json, ".part2");
        p.openings = vm.parseJsonUintArray(json, ".openings");
        p.checkpointId = vm.parseJsonBytes32(json, ".checkpointId");
        p.chunks = _deploy(p.key, CHUNK);
    }

    /// @dev Data contracts with `size` bytes of the key each.
    function _deploy(bytes memory key, uint256 size) internal returns (address[] memory chunks) {
        chunks = new address[]((key.length + size - 1) / size);
        for (uint256 i = 0; i < chunks.length; ++i) {
            uint256 length = key.length - i * size < size ? key.length - i * size : size;
            bytes memory code = new bytes(length + 1);
            assembly {
                mcopy(add(code, 0x21), add(add(key, 0x20), mul(i, size)), length)
            }
            chunks[i] = makeAddr(string.concat("chunk ", vm.toString(keccak256(code))));
            vm.etch(chunks[i], code);
        }
    }

    function _verifyConstraints(Proof memory p) internal returns (bytes32) {
        return constraints.verify(p.chunks, p.claim, p.part1);
    }

    function _verifyOpenings(Proof memory p) internal {
        openings.verify(p.chunks, p.claim, p.checkpoint, p.part2);
    }
}
