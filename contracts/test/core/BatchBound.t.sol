// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Inbox} from "../../src/Inbox.sol";
import {Protocol} from "../../src/libraries/Protocol.sol";
import {CoreTest} from "./CoreTest.sol";

/// @notice The gas of a batch's messages: it is what they add up to, it is bounded, and the bound stops nobody.
/// @dev The Inbox's portal is this contract, which keeps its own sums: they never wrap.
contract BatchBoundTest is CoreTest {
    uint64 private constant GAS_LIMIT = 20_000_000;
    uint64 private constant BATCH_GAS = 60_000_000;
    uint256 private constant WRAP = 2 ** 35;

    /// @dev By the number of messages, what they count for: each is rounded up to a multiple of 1,024.
    uint256[] private _sums;
    uint64 private _gasLimit;

    /// @dev Shortly before the Inbox's sums wrap.
    function setUp() public override {
        super.setUp();
        _start(GAS_LIMIT, BATCH_GAS);
        while (_sums[_sums.length - 1] < WRAP - 2 * BATCH_GAS) {
            _queue(2 ** 24);
            _queue(2 ** 24);
            _queue(2 ** 24);
            _commitAs(batcher, inbox.queueLength());
        }
    }

    /// @dev Whichever batch is tried, wherever the last one ended.
    function test_commitBatch_gas_is_what_the_messages_add_up_to(uint256 seed) external {
        uint256 count = bound(seed, 16, 48);
        for (uint256 i = 0; i < count; ++i) {
            _queue(_someGas(seed, i));
        }
        vm.assertGt(_sums[_sums.length - 1], WRAP);
        while (_gasTo(inbox.queueLength()) > BATCH_GAS) {
            uint64 last = _lastThatFits();
            for (uint64 end = last + 1; end <= inbox.queueLength(); ++end) {
                _expectTooMuch(end);
            }
            seed = uint256(keccak256(abi.encode(seed)));
            _commitAs(batcher, uint64(bound(seed, inbox.queueConsumed() + 1, last)));
        }
    }

    function test_commitBatch_aboveTheBound_reverts(uint64 gasLimit, uint64 batchGas) external {
        _startSome(gasLimit, batchGas);
        _fill(inbox.batchGas() / 1024 * 1024);
        uint256 before = vm.snapshotState();
        _commitAs(batcher, inbox.queueLength());
        vm.revertToState(before);
        _queue(1);
        _expectTooMuch(inbox.queueLength());
    }

    function test_commitBatch_full_of_gas_may_leave_overdue_messages(uint64 gasLimit, uint64 batchGas) external {
        _startSome(gasLimit, batchGas);
        _fill(_mostThatIsNotFull());
        uint64 end = inbox.queueLength();
        _queue(1);
        _queue(1);
        skip(FORCE_DELAY + 1);
        vm.prank(batcher);
        vm.expectRevert(abi.encodeWithSelector(Inbox.MessageOverdue.selector, end));
        inbox.commitBatch(1, _now(), _now(), end, "");
        _commitAs(batcher, end + 1);
    }

    function test_commitBatch_full_of_gas_is_not_the_last_of_a_dead_sequencers_backlog(
        uint64 gasLimit,
        uint64 batchGas,
        bool full
    ) external {
        _startSome(gasLimit, batchGas);
        _fill(_mostThatIsNotFull());
        if (full) _queue(1);
        skip(SEQUENCER_TIMEOUT + 1);
        _commitAs(alice, inbox.queueLength());
        uint64 end = inbox.queueLength();
        vm.prank(bob);
        if (!full) vm.expectRevert(Inbox.Unauthorized.selector);
        inbox.commitBatch(2, _now(), _now(), end, "");
    }

    /// @dev A sequencer that stuffs the queue cannot hold up the messages behind by one full batch for each timeout.
    function test_commitBatch_that_leaves_overdue_messages_does_not_keep_strangers_out(bool stuffed) external {
        for (uint256 i = 0; i < 4; ++i) {
            _queue(2 ** 24);
        }
        skip(SEQUENCER_TIMEOUT);
        // With the attributes before them, three are full; a fourth would be too much.
        _commitAs(batcher, inbox.queueConsumed() + 4);
        if (!stuffed) _commitAs(batcher, inbox.queueLength());
        skip(1);
        uint64 end = inbox.queueLength();
        uint64 index = inbox.lastBatch() + 1;
        if (!stuffed) vm.expectRevert(Inbox.Unauthorized.selector);
        vm.prank(alice);
        inbox.commitBatch(index, _now(), _now(), end, "");
    }

    /// @dev However dear the messages, and however long nobody committed any.
    function test_commitBatch_a_backlog_of_dearest_messages_is_worked_off() external {
        for (uint256 i = 0; i < 1_500; ++i) {
            _queue(2 ** 24);
        }
        _workOff();
    }

    function test_commitBatch_any_backlog_is_worked_off(uint256 seed) external {
        uint256 count = bound(seed, 0, 100);
        for (uint256 i = 0; i < count; ++i) {
            _queue(_someGas(seed, i));
        }
        _workOff();
    }

    function test_constructor_takes_the_smallest_bounds() external {
        _start(2 ** 24, 2 ** 25);
        vm.assertEq(inbox.batchGas(), 2 ** 25);
    }

    /// @dev By the batcher, and by strangers in one timeout; each time to the last message.
    function _workOff() private {
        skip(SEQUENCER_TIMEOUT + 1);
        uint256 before = vm.snapshotState();
        for (uint256 by = 0; by < 2; ++by) {
            uint64 backlog = inbox.queueLength();
            uint256 batches = 0;
            while (inbox.queueConsumed() < backlog) {
                _commitAs(by == 0 ? batcher : address(uint160(0x10000 + batches)), _lastThatFits());
                ++batches;
            }
            vm.assertLe(batches, backlog, "none without a message");
            vm.revertToState(before);
        }
    }

    /// @dev A chain from its genesis, with one message.
    function _start(uint64 gasLimit, uint64 batchGas) private {
        Inbox.Config memory c = _inboxConfig(address(this));
        (c.spec.gasLimit, c.spec.batchGas) = (gasLimit, batchGas);
        inbox = new Inbox(c);
        _gasLimit = gasLimit;
        delete _sums;
        _sums.push(0);
        _count(1_000_000);
    }

    /// @dev A batch has room for a few dozen messages. Half of the bounds are multiples of 1,024, which sums can meet.
    function _startSome(uint64 gasLimit, uint64 batchGas) private {
        uint64 unit = gasLimit % 2 == 0 ? 1024 : 1;
        gasLimit = uint64(bound(gasLimit, 2 ** 24, 2 ** 27)) / unit * unit;
        _start(gasLimit, uint64(bound(batchGas, 2 * gasLimit, 2 ** 29)) / unit * unit);
    }

    function _queue(uint64 gasLimit) private {
        inbox.queueDeposit(gasLimit, "");
        _count(gasLimit);
    }

    /// @dev Queues dear messages until all that is queued counts for `gas`, a multiple of 1,024.
    function _fill(uint256 gas) private {
        while (_gasTo(inbox.queueLength()) < gas) {
            uint256 missing = gas - _gasTo(inbox.queueLength());
            _queue(uint64(missing > 2 ** 24 ? 2 ** 24 : missing - 1_023));
        }
    }

    function _commitAs(address who, uint64 end) private {
        uint64 index = inbox.lastBatch() + 1;
        vm.prank(who);
        inbox.commitBatch(index, _now(), _now(), end, "");
        _count(1_000_000);
    }

    function _expectTooMuch(uint64 end) private {
        uint64 index = inbox.lastBatch() + 1;
        bytes memory expected = abi.encodeWithSelector(Inbox.BatchGasExceeded.selector, _gasTo(end));
        vm.prank(batcher);
        vm.expectRevert(expected);
        inbox.commitBatch(index, _now(), _now(), end, "");
    }

    function _count(uint256 gas) private {
        while (gas % 1024 != 0) ++gas;
        _sums.push(_sums[_sums.length - 1] + gas);
    }

    /// @dev What the next batch's messages count for if it ends at `end`.
    function _gasTo(uint64 end) private view returns (uint256) {
        return _sums[end] - _sums[inbox.queueConsumed()];
    }

    /// @dev The largest end that the next batch can have.
    function _lastThatFits() private view returns (uint64 end) {
        end = inbox.queueConsumed();
        uint64 most = end + Protocol.MAX_BATCH_MESSAGES;
        if (most > inbox.queueLength()) most = inbox.queueLength();
        while (end < most && _gasTo(end + 1) <= inbox.batchGas()) ++end;
    }

    function _mostThatIsNotFull() private view returns (uint256) {
        return (inbox.batchGas() - _gasLimit) / 1024 * 1024;
    }

    /// @dev Mostly dear, some next to a multiple of 1,024, some nothing.
    function _someGas(uint256 seed, uint256 i) private pure returns (uint64) {
        uint256 random = uint256(keccak256(abi.encode(seed, i)));
        uint256 gas = bound(random >> 8, 2 ** 23, 2 ** 24);
        if (random % 8 == 0) gas = (gas >> 10 << 10) - 1 + (random >> 3) % 3;
        if (random % 8 == 1) gas = bound(random >> 8, 0, 30_000);
        return uint64(gas > 2 ** 24 ? 2 ** 24 : gas);
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }
}
