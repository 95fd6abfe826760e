// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ext4} from "../../src/zk/Ext4.sol";
import {StarkKeyStore} from "../../src/zk/StarkKeyStore.sol";
import {Ext4Calls} from "./Ext4.t.sol";
import {ProgramCalls} from "./Program.t.sol";
import {Proofs} from "./Proofs.sol";

/// @notice What verification costs, and what its parts do.
/// @dev `forge test --mc ZkGasTest` rewrites `snapshots/zk.json`; `FORGE_SNAPSHOT_CHECK=true` compares instead.
contract ZkGasTest is Proofs {
    uint256 private constant SLOTS = 64;

    /// @dev Small proofs, and a real one of the recursion's last layer: within the limits of a transaction, 16,777,216 gas
    /// (EIP-7825), and 128 KiB in a mempool.
    function test_gas_ofProofs() external {
        for (uint256 i = 0; i <= ROOT; ++i) {
            Proof memory p = _proof(i);
            string memory name = string.concat("constraints of the proof '", p.name, "'");
            _verifyConstraints(p);
            uint256 execution = vm.snapshotGasLastCall("zk", name);
            if (i == ROOT) {
                _transaction(name, abi.encodeCall(constraints.verify, (p.chunks, p.claim, p.part1)), execution);
            }
            name = string.concat("openings of the proof '", p.name, "'");
            _verifyOpenings(p);
            execution = vm.snapshotGasLastCall("zk", name);
            if (i == ROOT) {
                bytes memory data = abi.encodeCall(openings.verify, (p.chunks, p.claim, p.checkpoint, p.part2));
                _transaction(name, data, execution);
            }
        }
    }

    function test_gas_ofTheKey() external {
        StarkKeyStore store = new StarkKeyStore();
        Proof memory p = _proof(ROOT);
        uint256 total;
        for (uint256 i = 0; i < p.chunks.length; ++i) {
            bytes memory code = p.chunks[i].code;
            bytes memory piece = new bytes(code.length - 1);
            assembly {
                mcopy(add(piece, 0x20), add(code, 0x21), mload(piece))
            }
            store.store(piece);
            total += vm.lastCallGas().gasTotalUsed + 21_000 + 16 * piece.length;
        }
        vm.snapshotValue("zk", "bytes of the key 'root'", p.key.length);
        vm.snapshotValue("zk", "storing the key 'root', all transactions", total);
    }

    function test_gas_ofAMultiplication() external {
        Ext4Calls calls = new Ext4Calls();
        uint256 a = Ext4.reduce(uint256(keccak256("a")));
        (, uint256 cost) = calls.multiplications(a, a, 1000);
        vm.snapshotValue("zk", "1,000 multiplications in a loop", cost);
    }

    function test_gas_ofOperations() external {
        string[7] memory names = ["", "ADD", "SUB", "SUB8", "SUB64", "MUL", "MULB"];
        ProgramCalls calls = new ProgramCalls();
        for (uint8 op = 1; op < names.length; ++op) {
            uint256 one = _gas(calls, op, 1);
            uint256 hundred = _gas(calls, op, 100);
            vm.snapshotValue("zk", string.concat("interpreter, a run of one ", names[op]), one);
            vm.snapshotValue("zk", string.concat("interpreter, a run of a hundred ", names[op]), hundred);
        }
    }

    function _gas(ProgramCalls calls, uint8 op, uint256 length) private view returns (uint256) {
        bytes memory run = abi.encodePacked(uint16(1), op, uint16(length));
        for (uint256 i = 0; i < length; ++i) {
            run = abi.encodePacked(run, uint16(32 * 3), uint16(32 * 40), uint16(32 * 5));
        }
        (bool ok, bytes memory result) =
            address(calls).staticcall(abi.encodeCall(calls.gasOf, (run, new bytes(32 * SLOTS), 32 * SLOTS)));
        vm.assertTrue(ok);
        return abi.decode(result, (uint256));
    }

    /// @dev EIP-7623: four tokens for a byte that is not zero, one for a zero; four gas a token, or ten and no execution.
    function _transaction(string memory name, bytes memory data, uint256 execution) private {
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        uint256 standard = 4 * tokens + execution;
        uint256 cost = 21_000 + (standard > 10 * tokens ? standard : 10 * tokens);
        vm.snapshotValue("zk", string.concat(name, ", bytes"), data.length);
        vm.snapshotValue("zk", string.concat(name, ", transaction"), cost);
        vm.assertLe(cost, 16_777_216, name);
        vm.assertLe(data.length, 131_072, name);
    }
}
