// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Inbox} from "../../src/Inbox.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {BatchHeader, Protocol} from "../../src/libraries/Protocol.sol";
import {CoreTest} from "./CoreTest.sol";

contract InboxTest is CoreTest {
    function test_constructor_starts_with_the_genesis_and_attributes() external view {
        vm.assertEq(inbox.batchHash(0), inbox.configHash());
        vm.assertEq(inbox.configHash(), Protocol.configHash(_inboxConfig(address(portal)).spec));
        vm.assertEq(inbox.lastBatch(), 0);
        vm.assertEq(inbox.queueLength(), 1);
        vm.assertEq(inbox.queueConsumed(), 0);
        vm.assertEq(inbox.queueAcc(0), 0);
        vm.assertEq(inbox.queueAcc(1), Protocol.accumulate(0, _attributesHash()));
        vm.assertEq(inbox.queuedAt(0), vm.getBlockTimestamp());
        vm.assertEq(inbox.lastTimestamp(), vm.getBlockTimestamp());
    }

    function test_constructor_badField_reverts() external {
        for (uint256 field = 0; field < 14; ++field) {
            Inbox.Config memory c = _inboxConfig(address(portal));
            string memory name = _break(c, field);
            vm.expectRevert(abi.encodeWithSelector(Inbox.BadConfig.selector, name));
            new Inbox(c);
        }
    }

    function test_queueDeposit_notPortal_reverts(address caller) external {
        vm.assume(caller != address(portal));
        vm.prank(caller);
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.queueDeposit(21_000, "");
    }

    function test_queueDeposit_tooLarge_reverts() external {
        vm.prank(address(portal));
        vm.expectRevert(Inbox.MessageTooLarge.selector);
        inbox.queueDeposit(21_000, new bytes(60_001));
    }

    function test_queueDeposit_accumulates(bytes calldata payload, uint32 wait) external {
        vm.warp(vm.getBlockTimestamp() + wait);
        bytes32 before = inbox.queueAcc(1);
        uint64 number = uint64(vm.getBlockNumber());
        uint64 timestamp = uint64(vm.getBlockTimestamp());
        bytes32 message = Protocol.messageHash(0, number, timestamp, keccak256(payload));
        bytes32 acc = keccak256(abi.encode(before, message));

        vm.expectEmit(address(inbox));
        emit IInbox.MessageQueued(1, acc, 0, number, timestamp, payload);
        vm.prank(address(portal));
        vm.assertEq(inbox.queueDeposit(21_000, payload), 1);
        vm.assertEq(inbox.queueAcc(2), acc);
        vm.assertEq(inbox.queueLength(), 2);
        vm.assertEq(inbox.queuedAt(1), timestamp);
    }

    function test_queuedAt_keeps_neighbours_apart() external {
        uint256 start = vm.getBlockTimestamp();
        for (uint64 last = 1; last < 20; ++last) {
            vm.warp(start + last * 1_000_003);
            vm.prank(address(portal));
            inbox.queueDeposit(21_000, "");
            for (uint64 i = 0; i <= last; ++i) {
                vm.assertEq(inbox.queuedAt(i), start + i * 1_000_003);
            }
            vm.assertEq(inbox.queuedAt(last + 1), 0, "not queued yet");
        }
    }

    function test_commitBatch_calldata_stores_and_announces_the_header(bytes calldata payload) external {
        skip(12);
        BatchHeader memory header = _expectedHeader(1);
        header.dataKind = 0;
        header.dataLength = uint64(payload.length);
        header.dataCommitment = this.commitment(payload);
        bytes32 hash = keccak256(abi.encode(header));

        vm.expectEmit(address(inbox));
        emit IInbox.BatchCommitted(1, hash, header, payload);
        _commit(payload);
        vm.assertEq(inbox.batchHash(1), hash);
        vm.assertEq(inbox.lastBatch(), 1);
        vm.assertEq(inbox.queueConsumed(), 1);
        vm.assertEq(inbox.lastTimestamp(), header.lastTimestamp);
        vm.assertEq(inbox.lastCommitAt(), vm.getBlockTimestamp());
    }

    function test_commitBatch_blobs_stores_and_announces_the_header(uint256 seed) external {
        skip(12);
        bytes32[] memory blobs = _blobs(bound(seed, 1, 6));
        vm.blobhashes(blobs);
        BatchHeader memory header = _expectedHeader(1);
        header.dataKind = 1;
        header.dataLength = uint64(blobs.length);
        header.dataCommitment = keccak256(abi.encodePacked(blobs));
        bytes32 hash = keccak256(abi.encode(header));

        vm.expectEmit(address(inbox));
        emit IInbox.BatchCommitted(1, hash, header, abi.encodePacked(blobs));
        _commit("");
        vm.assertEq(inbox.batchHash(1), hash);
    }

    function test_commitBatch_chains_headers_and_queue() external {
        skip(12);
        _commit("one");
        _fund(1 ether);
        skip(12);
        BatchHeader memory header = _expectedHeader(2);
        vm.assertEq(header.queueStart, 1);
        vm.assertEq(header.queueEnd, 3); // the attributes of batch 1, and a deposit
        header.dataLength = 3;
        header.dataCommitment = keccak256(abi.encodePacked(hex"00", "two"));
        _commit("two");
        vm.assertEq(inbox.batchHash(2), keccak256(abi.encode(header)));
    }

    function test_commitBatch_queues_attributes() external {
        skip(12);
        vm.fee(7 gwei);
        vm.blobBaseFee(3);
        vm.prevrandao(keccak256("randao"));
        vm.setBlockhash(vm.getBlockNumber() - 1, keccak256("the block before"));
        bytes32 acc = inbox.queueAcc(1);
        _commit("");
        vm.assertEq(inbox.queueLength(), 2);
        vm.assertEq(inbox.queueAcc(2), Protocol.accumulate(acc, _attributesHash()));
    }

    function test_commitBatch_wrongIndex_reverts(uint64 index) external {
        vm.assume(index != 1);
        vm.prank(batcher);
        vm.expectRevert(abi.encodeWithSelector(Inbox.WrongIndex.selector, 1));
        inbox.commitBatch(index, _now(), _now(), 1, "");
    }

    function test_commitBatch_stranger_reverts(address caller) external {
        vm.assume(caller != batcher);
        skip(SEQUENCER_TIMEOUT);
        vm.prank(caller);
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.commitBatch(1, _now(), _now(), 1, "");
    }

    function test_commitBatch_anyone_may_when_the_sequencer_is_dead(address caller) external {
        skip(SEQUENCER_TIMEOUT + 1);
        vm.prank(caller);
        inbox.commitBatch(1, _now(), _now(), 1, "");
        vm.assertEq(inbox.lastBatch(), 1);
        vm.prank(address(0xbad));
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.commitBatch(2, _now(), _now(), 2, "");
    }

    /// @dev Else a thousand deposits a day, which cost little, would keep a dead sequencer's queue from ever draining.
    function test_commitBatch_anyone_may_drain_a_backlog_of_a_dead_sequencer() external {
        _queue(2_500);
        skip(SEQUENCER_TIMEOUT + 1);
        vm.startPrank(alice);
        inbox.commitBatch(1, _now(), _now(), 1_024, "");
        inbox.commitBatch(2, _now(), _now(), 2_048, "");
        inbox.commitBatch(3, _now(), _now(), 2_501, "");
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.commitBatch(4, _now(), _now(), 2_501, "");
        vm.stopPrank();
    }

    function test_commitBatch_by_the_batcher_ends_everybodys_turn() external {
        _queue(2_500);
        skip(SEQUENCER_TIMEOUT + 1);
        vm.prank(alice);
        inbox.commitBatch(1, _now(), _now(), 1_024, "");
        vm.prank(batcher);
        inbox.commitBatch(2, _now(), _now(), 2_048, "");
        uint256 before = vm.snapshotState();
        // Not while it leaves overdue messages behind.
        vm.prank(alice);
        inbox.commitBatch(3, _now(), _now(), 2_501, "");
        vm.revertToState(before);
        vm.prank(batcher);
        inbox.commitBatch(3, _now(), _now(), 2_501, "");
        vm.prank(alice);
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.commitBatch(4, _now(), _now(), 2_503, "");
    }

    function test_commitBatch_timestampFalls_reverts() external {
        uint64 genesis = _now();
        skip(100);
        _expectBadTimestamps(genesis - 1, genesis);
        _expectBadTimestamps(genesis + 2, genesis + 1);
        vm.prank(batcher);
        inbox.commitBatch(1, genesis + 5, genesis + 9, 1, "");
        skip(1);
        vm.prank(batcher);
        vm.expectRevert(Inbox.BadTimestamps.selector);
        inbox.commitBatch(2, genesis + 8, genesis + 9, 1, "");
        vm.prank(batcher);
        inbox.commitBatch(2, genesis + 9, genesis + 9, 1, "");
    }

    function test_commitBatch_future_reverts() external {
        _expectBadTimestamps(_now(), _now() + 1);
        _expectBadTimestamps(_now(), type(uint64).max);
    }

    function test_commitBatch_tooOld_reverts() external {
        uint64 genesis = _now();
        skip(MAX_BATCH_AGE + 10);
        _expectBadTimestamps(genesis, genesis + 9);
        vm.prank(batcher);
        inbox.commitBatch(1, genesis, genesis + 10, 1, "");
    }

    function test_commitBatch_queueEndOutside_reverts(uint64 queueEnd) external {
        _commit("");
        vm.assume(queueEnd != 1 && queueEnd != 2);
        vm.prank(batcher);
        vm.expectRevert(Inbox.BadQueueEnd.selector);
        inbox.commitBatch(2, _now(), _now(), queueEnd, "");
    }

    function test_commitBatch_overdueMessage_reverts() external {
        skip(1);
        uint64 queued = _now();
        _fund(1 ether);
        skip(FORCE_DELAY);
        vm.prank(batcher);
        inbox.commitBatch(1, _now(), _now(), 1, ""); // exactly as old as it may be
        vm.warp(queued + FORCE_DELAY + 1);
        vm.prank(batcher);
        vm.expectRevert(abi.encodeWithSelector(Inbox.MessageOverdue.selector, 1));
        inbox.commitBatch(2, _now(), _now(), 1, "");
        vm.prank(batcher);
        inbox.commitBatch(2, _now(), _now(), 2, "");
    }

    /// @dev With more overdue messages than fit one batch, full batches must be allowed, or the chain would stand still.
    function test_commitBatch_full_may_leave_overdue_messages() external {
        _queue(1_500);
        skip(FORCE_DELAY + 1);
        vm.startPrank(batcher);
        vm.expectRevert(abi.encodeWithSelector(Inbox.MessageOverdue.selector, 1023));
        inbox.commitBatch(1, _now(), _now(), 1023, "");
        vm.expectRevert(Inbox.BadQueueEnd.selector);
        inbox.commitBatch(1, _now(), _now(), 1025, "");
        inbox.commitBatch(1, _now(), _now(), 1024, "");
        inbox.commitBatch(2, _now(), _now(), 1501, "");
        vm.stopPrank();
        vm.assertEq(inbox.queueConsumed(), 1501);
    }

    function test_commitBatch_payloadBesideBlobs_reverts() external {
        vm.blobhashes(_blobs(1));
        vm.prank(batcher);
        vm.expectRevert(Inbox.PayloadBesideBlobs.selector);
        inbox.commitBatch(1, _now(), _now(), 1, hex"00");
    }

    function test_commitBatch_tooManyBlobs_reverts() external {
        vm.blobhashes(_blobs(7));
        vm.prank(batcher);
        vm.expectRevert(Inbox.TooManyBlobs.selector);
        inbox.commitBatch(1, _now(), _now(), 1, "");
    }

    function test_setBatcher_notOwner_reverts(address caller) external {
        vm.assume(caller != address(timelock));
        vm.prank(caller);
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.setBatcher(bob);
    }

    function test_setBatcher_zero_reverts() external {
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(Inbox.BadConfig.selector, "batcher"));
        inbox.setBatcher(address(0));
    }

    function test_setBatcher_changes_who_commits() external {
        _throughTimelock(address(inbox), abi.encodeCall(Inbox.setBatcher, (bob)));
        vm.assertEq(inbox.batcher(), bob);
        vm.prank(bob);
        inbox.commitBatch(1, _now(), _now(), 1, "");
        vm.prank(batcher);
        vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.commitBatch(2, _now(), _now(), 2, "");
    }

    function commitment(bytes calldata payload) external pure returns (bytes32) {
        return Protocol.calldataCommitment(payload);
    }

    /// @dev What `_commit` should make the header, but for the data.
    function _expectedHeader(uint64 index) private view returns (BatchHeader memory header) {
        header.index = index;
        header.parent = inbox.batchHash(index - 1);
        header.firstTimestamp = _now();
        header.lastTimestamp = _now();
        header.queueStart = inbox.queueConsumed();
        header.queueEnd = inbox.queueLength();
        header.queueAccStart = inbox.queueAcc(header.queueStart);
        header.queueAccEnd = inbox.queueAcc(header.queueEnd);
    }

    /// @dev The hash of this block's attributes, written from docs/protocol.md.
    function _attributesHash() private view returns (bytes32) {
        bytes memory payload = abi.encode(
            uint64(block.number - 1),
            uint64(block.timestamp),
            blockhash(block.number - 1),
            block.basefee,
            block.blobbasefee,
            bytes32(block.prevrandao)
        );
        return keccak256(abi.encode(uint8(1), uint64(block.number), uint64(block.timestamp), keccak256(payload)));
    }

    function _expectBadTimestamps(uint64 first, uint64 last) private {
        vm.prank(batcher);
        vm.expectRevert(Inbox.BadTimestamps.selector);
        inbox.commitBatch(1, first, last, 1, "");
    }

    function _blobs(uint256 count) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = bytes32(uint256(1) << 248 | i + 1);
        }
    }

    function _queue(uint256 messages) private {
        vm.startPrank(address(portal));
        for (uint256 i = 0; i < messages; ++i) {
            inbox.queueDeposit(21_000, "");
        }
        vm.stopPrank();
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    /// @dev Spoils one field and returns its name.
    function _break(Inbox.Config memory c, uint256 field) private view returns (string memory) {
        if (field == 0) c.owner = address(0);
        if (field == 1) c.batcher = address(0);
        if (field == 2) c.spec.portal = address(0);
        if (field == 3) c.spec.chainId = 0;
        if (field == 4) c.spec.chainId = uint64(block.chainid);
        if (field == 5) c.spec.parentChainId += 1;
        if (field == 6) c.spec.genesisHash = 0;
        if (field == 7) c.genesisTimestamp = _now() + 1;
        if (field == 8) c.forceInclusionDelay = 0;
        if (field == 9) c.sequencerTimeout = 0;
        if (field == 10) c.maxBatchAge = 0;
        if (field == 11) c.spec.gasLimit = 2 ** 24 - 1;
        if (field == 12) c.spec.batchGas = 2 * c.spec.gasLimit - 1;
        if (field == 13) c.spec.gasLimit = type(uint64).max; // twice that is a small number in 64 bits
        string[14] memory names = [
            "owner",
            "batcher",
            "portal",
            "chainId",
            "chainId",
            "parentChainId",
            "genesisHash",
            "genesisTimestamp",
            "forceInclusionDelay",
            "sequencerTimeout",
            "maxBatchAge",
            "gasLimit",
            "batchGas",
            "batchGas"
        ];
        return names[field];
    }
}
