// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Inbox} from "../../src/Inbox.sol";
import {Portal} from "../../src/Portal.sol";
import {Settlement} from "../../src/Settlement.sol";
import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {ChallengeWindow} from "./ChallengeWindow.sol";
import {Trie} from "../base/Trie.sol";
import {Vm} from "../base/Vm.sol";

/// @notice Everybody at once: users, sequencer, proposer, guardian and time, in any order. It keeps its own books, which
/// the invariants compare with the contracts'.
contract Handler {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Inbox private immutable _inbox;
    Portal private immutable _portal;
    Settlement private immutable _settlement;
    ChallengeWindow private immutable _window;

    /// @notice Ether that went in and, by this handler's books, came out.
    uint256 public deposited;
    uint256 public withdrawn;
    /// @notice The queue's accumulator and length, recomputed from its events.
    bytes32 public acc;
    uint64 public queued;
    /// @notice How often each withdrawal's money arrived.
    mapping(uint256 index => uint256) public paid;
    /// @notice Whether a withdrawal was ever paid while its claim was not final.
    bool public paidTooEarly;

    Withdrawal[] private _withdrawals;
    mapping(uint256 index => address) private _provenAgainst;
    uint256[] private _proven;
    mapping(uint64 claim => OutputRootProof) private _parts;
    mapping(uint64 claim => uint256) private _sizes;

    constructor(Inbox inbox, Portal portal, Settlement settlement, ChallengeWindow window) {
        (_inbox, _portal, _settlement, _window) = (inbox, portal, settlement, window);
        acc = inbox.queueAcc(inbox.queueLength());
        queued = inbox.queueLength();
    }

    function deposit(uint256 seed, uint96 amount, bytes calldata data) external {
        amount %= 10 ether;
        if (_portal.paused()) return;
        address user = address(uint160(0x10000 + seed % 5));
        vm.deal(user, amount);
        vm.recordLogs();
        vm.prank(user, seed % 2 == 0 ? user : address(1));
        try _portal.depositTransaction{value: amount}(user, amount, 200_000, false, data) {
            deposited += amount;
        } catch {}
        _readQueue();
    }

    /// @dev Records a withdrawal on the imagined rollup. The next claim will hold it.
    function withdraw(uint96 amount) external {
        uint256 index = _withdrawals.length;
        if (index == 64) return;
        _withdrawals.push(
            Withdrawal({
                nonce: index,
                sender: address(0xa11ce),
                target: payee(index),
                value: amount % 1 ether,
                gasLimit: 21_000,
                data: ""
            })
        );
    }

    function commit(uint256 seed) public {
        uint64 number = _inbox.lastBatch() + 1;
        uint64 timestamp = uint64(vm.getBlockTimestamp());
        uint64 pending = _inbox.queueLength() - _inbox.queueConsumed();
        // Mostly everything: what is left behind grows too old for the next commit.
        uint64 end = _inbox.queueConsumed() + (seed % 4 == 0 ? uint64((seed >> 8) % (pending + 1)) : pending);
        vm.recordLogs();
        vm.prank(_inbox.batcher());
        try _inbox.commitBatch(number, timestamp, timestamp, end, abi.encode(seed)) {} catch {}
        _readQueue();
    }

    function propose(uint256 seed) external {
        uint64 count = uint64(_settlement.gameCount());
        uint64 parent = uint64(seed % count);
        if (seed % 3 != 0) parent = count - 1;
        IClaim on = _settlement.claimAt(parent);
        uint64 batch = on.batchIndex() + 1;
        if (batch > _inbox.lastBatch()) commit(seed);
        bytes32 storageRoot = Trie.root(_keys(_withdrawals.length));
        OutputRootProof memory parts = OutputRootProof(0, keccak256(abi.encode(seed)), storageRoot, 0);
        bytes32 batchHash = _inbox.batchHash(batch);
        vm.prank(_window.proposer());
        try _settlement.propose(on, batch, batchHash, Protocol.outputRoot(parts), batch, "") {
            _parts[count] = parts;
            _sizes[count] = _withdrawals.length;
        } catch {}
    }

    function veto(uint256 seed) external {
        if (seed % 8 != 0) return;
        uint64 index = uint64((seed >> 8) % _settlement.gameCount());
        vm.prank(_window.guardian());
        try _window.veto(index) {} catch {}
    }

    function prove(uint256 seed) external {
        uint64 count = uint64(_settlement.gameCount());
        uint64 claim = seed % 2 == 0 ? count - 1 : uint64((seed >> 8) % count);
        uint256 size = _sizes[claim];
        if (size == 0) return;
        uint256 index = (seed >> 128) % size;
        bytes32 hash = Protocol.withdrawalHash(_withdrawals[index]);
        bytes[] memory proof = Trie.prove(_keys(size), _key(hash));
        try _portal.proveWithdrawalTransaction(_withdrawals[index], claim, _parts[claim], proof) {
            _provenAgainst[index] = address(_settlement.claimAt(claim));
            _proven.push(index);
        } catch {}
    }

    function finalise(uint256 seed) external {
        if (_withdrawals.length == 0) return;
        uint256 index = seed % _withdrawals.length;
        if (_proven.length > 0 && seed % 8 != 0) index = _proven[(seed >> 8) % _proven.length];
        Withdrawal memory w = _withdrawals[index];
        uint256 before = _portal.finalizedWithdrawals(Protocol.withdrawalHash(w)) ? 1 : 0;
        try _portal.finalizeWithdrawalTransaction(w) {
            withdrawn += w.value;
            paid[index] += 1;
            IClaim claim = IClaim(_provenAgainst[index]);
            bool final_ = claim.status() == ClaimStatus.Final
                && vm.getBlockTimestamp() >= claim.createdAt() + _window.windowSeconds();
            if (before == 1 || !final_) paidTooEarly = true;
        } catch {}
    }

    function wait(uint256 seed) external {
        vm.warp(vm.getBlockTimestamp() + seed % 5 days);
        vm.roll(vm.getBlockNumber() + 1 + seed % 1_000);
    }

    function pause(uint256 seed) external {
        if (seed % 32 != 0) return;
        vm.prank(_portal.guardian());
        try _portal.pause() {} catch {}
    }

    function payee(uint256 index) public pure returns (address) {
        return address(uint160(0x20000 + index));
    }

    function withdrawals() external view returns (uint256) {
        return _withdrawals.length;
    }

    function valueOf(uint256 index) external view returns (uint256) {
        return _withdrawals[index].value;
    }

    /// @dev Follows the queue as a node would: from its events alone.
    function _readQueue() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IInbox.MessageQueued.selector) continue;
            (, uint8 kind, uint64 number, uint64 timestamp, bytes memory payload) =
                abi.decode(logs[i].data, (bytes32, uint8, uint64, uint64, bytes));
            bytes32 message = keccak256(abi.encode(kind, number, timestamp, keccak256(payload)));
            acc = keccak256(abi.encode(acc, message));
            queued += 1;
        }
    }

    function _keys(uint256 size) private view returns (bytes32[] memory keys) {
        keys = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            keys[i] = _key(Protocol.withdrawalHash(_withdrawals[i]));
        }
        Trie.sort(keys);
    }

    function _key(bytes32 hash) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(hash, uint256(0)))));
    }
}
