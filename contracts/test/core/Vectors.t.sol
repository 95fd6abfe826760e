// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader, ChainSpec, OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {Test} from "../base/Test.sol";
import {Trie} from "../base/Trie.sol";

/// @notice Pins every hash of docs/protocol.md. `crates/protocol` tests against the same files.
/// @dev A change to a file is a change to the protocol. To make one: `ALTANA_UPDATE_VECTORS=true forge test --mc
/// VectorsTest`, and read the diff.
contract VectorsTest is Test {
    string private constant FOLDER = "test/vectors/";

    function test_queue_is_pinned() external {
        bytes[5] memory payloads = [
            bytes(""),
            hex"00",
            bytes("a message"),
            abi.encodePacked(
                address(0x1111), address(0x2222), uint256(1 ether), uint256(2), uint64(21_000), false, hex"c0ffee"
            ),
            abi.encode(
                uint64(99), uint64(1_700_000_000), keccak256("hash"), uint256(7 gwei), uint256(1), keccak256("r")
            )
        ];
        bytes32 acc = 0;
        string memory rows = "";
        for (uint256 i = 0; i < payloads.length; ++i) {
            uint8 kind = i == 4 ? Protocol.KIND_ATTRIBUTES : Protocol.KIND_DEPOSIT;
            (uint64 number, uint64 timestamp) = (uint64(100 + i * i), uint64(1_700_000_000 + 12 * i));
            bytes32 hash = Protocol.messageHash(kind, number, timestamp, keccak256(payloads[i]));
            acc = Protocol.accumulate(acc, hash);
            string memory row =
                string.concat(_num("kind", kind), _num("parentBlock", number), _num("parentTimestamp", timestamp));
            row = string.concat(row, _hex("payload", payloads[i]), _word("messageHash", hash), _word("acc", acc));
            rows = _row(rows, row);
        }
        _check("queue", rows);
    }

    function test_batchHash_is_pinned() external {
        string memory rows = "";
        for (uint64 i = 0; i < 3; ++i) {
            BatchHeader memory h = BatchHeader({
                index: i == 2 ? type(uint64).max : i + 1,
                parent: keccak256(abi.encode("parent", i)),
                firstTimestamp: 1_700_000_000 + i,
                lastTimestamp: 1_700_000_100 + i,
                queueStart: i,
                queueEnd: i + 17,
                queueAccStart: keccak256(abi.encode("start", i)),
                queueAccEnd: keccak256(abi.encode("end", i)),
                dataKind: uint8(i % 2),
                dataLength: i * 4097,
                dataCommitment: keccak256(abi.encode("data", i))
            });
            string memory row = string.concat(
                _num("index", h.index), _word("parent", h.parent), _num("firstTimestamp", h.firstTimestamp)
            );
            row = string.concat(row, _num("lastTimestamp", h.lastTimestamp), _num("queueStart", h.queueStart));
            row = string.concat(row, _num("queueEnd", h.queueEnd), _word("queueAccStart", h.queueAccStart));
            row = string.concat(row, _word("queueAccEnd", h.queueAccEnd), _num("dataKind", h.dataKind));
            row = string.concat(row, _num("dataLength", h.dataLength), _word("dataCommitment", h.dataCommitment));
            rows = _row(rows, string.concat(row, _word("batchHash", Protocol.batchHash(h))));
        }
        _check("batch", rows);
    }

    /// @dev Byte `i` of the payload is `(7 * i + length) % 251`.
    function test_calldataCommitment_is_pinned() external {
        uint16[12] memory lengths = [0, 1, 31, 4095, 4096, 4097, 8192, 8193, 12_288, 12_289, 20_481, 32_768];
        string memory rows = "";
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory payload = new bytes(lengths[i]);
            for (uint256 j = 0; j < payload.length; ++j) {
                payload[j] = bytes1(uint8((7 * j + payload.length) % 251));
            }
            bytes32 root = this.commitment(payload);
            rows = _row(rows, string.concat(_num("length", payload.length), _word("commitment", root)));
        }
        _check("calldata", rows);
    }

    function test_configHash_is_pinned() external {
        string memory rows = "";
        for (uint64 i = 0; i < 3; ++i) {
            ChainSpec memory s = ChainSpec({
                chainId: i == 2 ? type(uint64).max : 42_000 + i,
                parentChainId: i + 1,
                portal: address(uint160(uint256(keccak256(abi.encode("portal", i))))),
                gasLimit: 30_000_000 * (i + 1),
                batchGas: 1_024 * 30_000_000 * (i + 1) + 2 + i,
                elasticity: 2 + i,
                denominator: 8 + i,
                minBaseFee: i * 1_000_000,
                genesisHash: keccak256(abi.encode("genesis", i))
            });
            string memory row = string.concat(
                _num("chainId", s.chainId), _num("parentChainId", s.parentChainId), _addr("portal", s.portal)
            );
            row = string.concat(row, _num("gasLimit", s.gasLimit), _num("batchGas", s.batchGas));
            row = string.concat(row, _num("elasticity", s.elasticity), _num("denominator", s.denominator));
            row = string.concat(row, _num("minBaseFee", s.minBaseFee));
            row = string.concat(row, _word("genesisHash", s.genesisHash), _word("configHash", Protocol.configHash(s)));
            rows = _row(rows, row);
        }
        _check("config", rows);
    }

    function test_outputRoot_is_pinned() external {
        string memory rows = "";
        for (uint256 i = 0; i < 2; ++i) {
            OutputRootProof memory p = OutputRootProof({
                version: 0,
                stateRoot: keccak256(abi.encode("state", i)),
                messagePasserStorageRoot: keccak256(abi.encode("storage", i)),
                latestBlockhash: keccak256(abi.encode("block", i))
            });
            string memory row = string.concat(
                _word("stateRoot", p.stateRoot), _word("messagePasserStorageRoot", p.messagePasserStorageRoot)
            );
            row = string.concat(row, _word("blockHash", p.latestBlockhash));
            rows = _row(rows, string.concat(row, _word("outputRoot", Protocol.outputRoot(p))));
        }
        _check("output", rows);
    }

    function test_publicInput_is_pinned() external {
        string memory rows = "";
        for (uint64 i = 0; i < 2; ++i) {
            bytes32[5] memory w = [
                keccak256(abi.encode("config", i)),
                keccak256(abi.encode("previous root", i)),
                keccak256(abi.encode("previous batch", i)),
                keccak256(abi.encode("batch", i)),
                keccak256(abi.encode("root", i))
            ];
            uint64 lastBlock = 1_000_000 * i + 1;
            string memory row =
                string.concat(_word("configHash", w[0]), _word("previousRoot", w[1]), _word("previousBatch", w[2]));
            row = string.concat(row, _word("batch", w[3]), _word("root", w[4]), _num("lastBlock", lastBlock));
            bytes32 input = Protocol.publicInput(w[0], w[1], w[2], w[3], w[4], lastBlock);
            rows = _row(rows, string.concat(row, _word("publicInput", input)));
        }
        _check("public-input", rows);
    }

    /// @dev A withdrawal's hash, its slot in the message passer, and a trie that holds it.
    function test_withdrawal_is_pinned() external {
        string memory rows = "";
        for (uint256 i = 0; i < 3; ++i) {
            Withdrawal memory w = Withdrawal({
                nonce: uint256(1) << 240 | i,
                sender: address(0xa11ce),
                target: address(0xb0b),
                value: i * 1 ether,
                gasLimit: 100_000 + i,
                data: i == 0 ? bytes("") : bytes("call me")
            });
            bytes32 hash = Protocol.withdrawalHash(w);
            bytes32 slot = keccak256(abi.encode(hash, uint256(0)));
            bytes32[] memory keys = new bytes32[](20 * i + 1);
            keys[0] = keccak256(abi.encode(slot));
            for (uint256 j = 1; j < keys.length; ++j) {
                keys[j] = keccak256(abi.encode("key", j));
            }
            string memory row =
                string.concat(_word("nonce", bytes32(w.nonce)), _addr("sender", w.sender), _addr("target", w.target));
            row = string.concat(row, _word("value", bytes32(w.value)), _num("gasLimit", w.gasLimit));
            row = string.concat(row, _hex("data", w.data), _word("hash", hash), _word("slot", slot));
            row = string.concat(row, _num("furtherKeys", keys.length - 1));
            rows = _row(rows, string.concat(row, _word("storageRoot", Trie.root(Trie.sort(keys)))));
        }
        _check("withdrawal", rows);
    }

    function commitment(bytes calldata payload) external pure returns (bytes32) {
        return Protocol.calldataCommitment(payload);
    }

    function _check(string memory name, string memory rows) private {
        string memory text = string.concat("[\n", rows, "\n]\n");
        string memory path = string.concat(FOLDER, name, ".json");
        if (vm.envOr("ALTANA_UPDATE_VECTORS", false)) vm.writeFile(path, text);
        vm.assertEq(vm.readFile(path), text);
    }

    function _row(string memory rows, string memory fields) private pure returns (string memory) {
        bytes memory trimmed = bytes(fields);
        assembly ("memory-safe") {
            mstore(trimmed, sub(mload(trimmed), 2)) // the last field's comma and space
        }
        return string.concat(rows, bytes(rows).length == 0 ? "" : ",\n", "  {", string(trimmed), "}");
    }

    function _num(string memory key, uint256 value) private pure returns (string memory) {
        return string.concat("\"", key, "\": ", vm.toString(value), ", ");
    }

    function _word(string memory key, bytes32 value) private pure returns (string memory) {
        return string.concat("\"", key, "\": \"", vm.toString(value), "\", ");
    }

    function _hex(string memory key, bytes memory value) private pure returns (string memory) {
        return string.concat("\"", key, "\": \"", vm.toString(value), "\", ");
    }

    function _addr(string memory key, address value) private pure returns (string memory) {
        return string.concat("\"", key, "\": \"", vm.toString(value), "\", ");
    }
}
