// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rounds} from "../../src/dispute/Rounds.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {Test} from "../base/Test.sol";
import {ZkProof} from "../../src/validity/ZkProof.sol";
import {ZkProofTest} from "./ZkProofTest.sol";

/// @notice Anybody claims anything on anything, and a prover proves the steps that are right, in any order. It knows which
/// are, and remembers how each claim stood.
contract ZkHandler is ZkProofTest {
    struct Seen {
        ClaimStatus status;
        uint64 resolvedAt;
    }

    /// @notice What went in with claims, was settled and paid, by this handler's books.
    uint256 public brought;
    uint256 public settled;
    uint256 public paid;
    /// @notice Ether that nobody brought.
    uint256 public forced;
    /// @notice Something happened that must not.
    string public broken;
    /// @notice How many claims won.
    uint256 public proved;

    mapping(uint64 parent => uint64) private _winner;
    mapping(uint64 index => Seen) private _seen;

    // What anybody does

    /// @dev Two in three make the right step, from whatever it starts.
    function claim(uint256 seed) external {
        uint64 parent = uint64((seed >> 8) % settlement.gameCount());
        uint64 batch = zk.lastBatchFor(parent);
        if (batch > inbox.lastBatch() || _status(parent) == ClaimStatus.Rejected) return;
        bytes32 root = seed % 3 == 0 ? keccak256(abi.encode(seed >> 16)) : _next(parent, batch);
        address player = _player(seed >> 4);
        uint256 due = zk.bond(parent, player);
        try this.claimAs(player, parent, root) {
            brought += due;
            if (_winner[parent] != 0) broken = "a round that is over took a claim";
        } catch (bytes memory reason) {
            bool over = _winner[parent] != 0 && bytes4(reason) == Rounds.RoundOver.selector;
            if (!over && bytes4(reason) != ISettlement.GameAlreadyExists.selector) broken = "a claim was refused";
        }
        _check();
    }

    function claimAs(address player, uint64 parent, bytes32 root) external {
        _claimAs(player, parent, root);
    }

    function prove(uint256 seed) external {
        uint64 index = uint64(seed % settlement.gameCount());
        if (index == 0) return;
        if (_isRightStep(index)) _verify(settlement, index, HISTORY, "");
        uint64 parent = settlement.claimAt(index).parentIndex();
        bool due = _isRightStep(index) && _winner[parent] == 0;
        try zk.proveClaim(index, HISTORY, "") {
            if (!due) broken = "a claim won without a proof, or a round twice";
            _winner[parent] = index;
            ++proved;
        } catch {
            if (due) broken = "a proof was refused";
        }
        _check();
    }

    function commit(uint256) external {
        if (inbox.lastBatch() < 6) _commit("more");
    }

    function wait(uint256 seed) external {
        skip(seed % 60 days);
        _check();
    }

    function confirm(uint256 seed) external {
        try zk.confirm(uint64(seed % settlement.gameCount())) {} catch {}
        _check();
    }

    function settle(uint256 seed) external {
        uint64 index = uint64(seed % settlement.gameCount());
        try zk.settle(index) {
            settled += CLAIM_BOND;
            if (_status(index) == ClaimStatus.Pending) broken = "an open bond was settled";
        } catch {}
    }

    function withdraw(uint256 seed) external {
        address who = _player(seed);
        uint256 due = zk.withdrawable(who);
        vm.prank(who);
        try zk.withdraw() {
            paid += due;
        } catch {}
    }

    function force(uint256 seed) external {
        uint256 more = seed % 1 ether;
        forced += more;
        vm.deal(address(zk), address(zk).balance + more);
    }

    // What must hold

    function booked() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 4; ++i) {
            sum += zk.withdrawable(_player(i));
        }
    }

    function module() external view returns (ZkProof) {
        return zk;
    }

    function _player(uint256 seed) private view returns (address) {
        return [alice, bob, carol, mallory][seed % 4];
    }

    /// @dev The toy rollup: what comes after a state.
    function _next(uint64 parent, uint64 batch) private view returns (bytes32) {
        return keccak256(abi.encode(settlement.claimAt(parent).rootClaim(), batch));
    }

    function _isRightStep(uint64 index) private view returns (bool) {
        uint64 parent = settlement.claimAt(index).parentIndex();
        return settlement.claimAt(index).rootClaim() == _next(parent, settlement.claimAt(index).batchIndex());
    }

    /// @dev By what was proved alone: final if all from the genesis on has won; rejected if the first that has not lost.
    function _expected(uint64 index) private view returns (ClaimStatus) {
        if (index == 0) return ClaimStatus.Final;
        uint64 parent = settlement.claimAt(index).parentIndex();
        ClaimStatus below = _expected(parent);
        if (below != ClaimStatus.Final) return below;
        uint64 winner = _winner[parent];
        if (winner == 0) return ClaimStatus.Pending;
        return winner == index ? ClaimStatus.Final : ClaimStatus.Rejected;
    }

    function _check() private {
        for (uint64 i = 1; i < settlement.gameCount(); ++i) {
            ClaimStatus now_ = _status(i);
            uint64 at_ = settlement.claimAt(i).resolvedAt();
            if (now_ != _expected(i)) broken = "another status than the proofs say";
            if ((now_ == ClaimStatus.Pending) != (at_ == 0)) broken = "resolved or not";
            if (at_ > vm.getBlockTimestamp()) broken = "resolved in the future";
            if (now_ == ClaimStatus.Final && !_isRightStep(i)) broken = "a wrong claim is final";
            Seen memory was = _seen[i];
            if (was.status != ClaimStatus.Pending && (was.status != now_ || was.resolvedAt != at_)) broken = "changed";
            _seen[i] = Seen(now_, at_);
        }
    }
}

/// @notice What holds whoever claims what, and whatever is proved when.
/// forge-config: default.invariant.runs = 16
contract ZkInvariantsTest is Test {
    ZkHandler private _handler;
    ZkProof private _zk;

    function setUp() external {
        _handler = new ZkHandler();
        _handler.setUp();
        _zk = _handler.module();
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = ZkHandler.claim.selector;
        selectors[1] = ZkHandler.claim.selector;
        selectors[2] = ZkHandler.claim.selector;
        selectors[3] = ZkHandler.prove.selector;
        selectors[4] = ZkHandler.prove.selector;
        selectors[5] = ZkHandler.commit.selector;
        selectors[6] = ZkHandler.wait.selector;
        selectors[7] = ZkHandler.confirm.selector;
        selectors[8] = ZkHandler.settle.selector;
        selectors[9] = ZkHandler.withdraw.selector;
        selectors[10] = ZkHandler.force.selector;
        targetOnly(address(_handler), selectors);
    }

    /// @dev A claim is final exactly if it, and all that it builds on, were proved; what was decided stays decided.
    function invariant_nothing_is_broken() external view {
        vm.assertEq(_handler.broken(), "");
    }

    /// @dev Every wei that was brought is held for a bond, booked for somebody, burnt, or was paid out.
    function invariant_bonds_are_conserved() external view {
        uint256 held = _handler.brought() - _handler.settled();
        vm.assertEq(address(_zk).balance, held + _handler.booked() + _zk.burnt() + _handler.forced());
        vm.assertEq(_handler.settled(), _handler.paid() + _handler.booked() + _zk.burnt());
    }

    /// @dev The runs do get somewhere: a fixed story through the same handler.
    function test_handler_reaches_the_end() external {
        _handler.claim(1); // the right one
        _handler.claim(3); // and a wrong one
        _handler.commit(0);
        _handler.claim(2 | 2 << 8); // on the wrong one
        _handler.claim(1 | 1 << 8);
        _handler.prove(3);
        _handler.prove(4);
        _handler.prove(2);
        vm.assertEq(_handler.proved(), 2);
        vm.assertEq(uint256(_zk.status(4)), uint256(ClaimStatus.Pending));
        _handler.prove(1);
        vm.assertEq(uint256(_zk.status(4)), uint256(ClaimStatus.Final));
        vm.assertEq(uint256(_zk.status(3)), uint256(ClaimStatus.Rejected));
        for (uint256 i = 1; i <= 4; ++i) {
            _handler.settle(i);
        }
        vm.assertGt(_zk.burnt(), 0);
        for (uint256 i = 0; i < 4; ++i) {
            _handler.withdraw(i);
        }
        vm.assertEq(_handler.booked(), 0);
        vm.assertEq(_handler.broken(), "");
    }
}
