// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../../src/dispute/Bonds.sol";
import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {Vm} from "../base/Vm.sol";
import {GameTest, Side} from "./GameTest.sol";

/// @notice Liars who do what they like, whenever they like; honest players who answer within `DELTA`; and time. It knows
/// which claims are right, and remembers how each stood.
contract GameHandler is GameTest {
    using Edges for Edge;

    uint64 public constant DISPUTE_WINDOW = 1 days;
    uint256 public constant DELTA = 20 minutes;
    uint256 private constant MOVES = 53;
    uint256 private constant LIES_MOST = 6;

    struct Seen {
        ClaimStatus status;
        uint64 resolvedAt;
    }

    /// @notice What went in with claims and descents, and what was settled, by this handler's books.
    uint256 public brought;
    uint256 public settled;
    uint256 public paid;
    /// @notice Something happened that must not.
    string public broken;

    /// @dev By parent: the right claim on it, if it is right itself.
    mapping(uint64 parent => uint64) internal _rightOn;
    mapping(uint64 index => bool) internal _isRight;
    mapping(uint64 index => Seen) private _seen;
    /// @dev Right claims, from the genesis on.
    uint64[] internal _chain;
    Side[] private _liars;
    mapping(uint64 index => address) internal _maker;
    Edge[] private _roots;
    bool internal _quiet;

    function setUp() public virtual override {
        super.setUp();
        _chain.push(0);
        _isRight[0] = true;
        _commit("one");
    }

    function _gameConfig() internal view virtual override returns (FaultProof.Config memory c) {
        c = super._gameConfig();
        c.windowSeconds = DISPUTE_WINDOW;
    }

    // What liars do

    function lie(uint256 seed) external {
        _begin();
        if (_liars.length == LIES_MOST) return;
        // Mostly against the newest right claim; else on top of anything.
        uint64 count = uint64(settlement.gameCount());
        uint64 parent = seed % 4 != 0
            ? _chain[_chain.length - 1 - (_chain.length > 1 ? seed / 4 % 2 : 0)]
            : uint64(seed / 8 % count);
        address liar = seed % 3 == 0 ? carol : mallory;
        if (game.lastBatchFor(parent) > inbox.lastBatch() || _status(parent) == ClaimStatus.Rejected) return;
        Side memory s = _liar(liar, parent, uint64(seed >> 16) % 4, uint64(seed >> 32) % 3, uint64(seed >> 48) % 40);
        s.lie = keccak256(abi.encode(seed, count));
        if (seed % 16 == 1) s.forkBlock = 1024 + uint64(seed >> 16) % 3000;
        _claim(s, false);
        _liars.push(s);
        _quiet = false;
    }

    /// @dev One liar makes some of their moves.
    function mislead(uint256 seed) external {
        _begin();
        if (_liars.length == 0) return;
        Side memory s = _liars[seed % _liars.length];
        if (!_isRight[s.parent]) return; // nobody else plays there
        _limit = _moves + 1 + (seed >> 8) % 12;
        _playCounted(s);
        _limit = NO_LIMIT;
        _quiet = false;
    }

    function boast(uint256 seed) external {
        _begin();
        if (_liars.length == 0) return;
        Side memory s = _liars[seed % _liars.length];
        if (_isRight[s.parent]) _creditAll(s);
        _check();
    }

    // What anybody does

    function commit(uint256) external {
        _begin();
        if (inbox.lastBatch() > 3) return;
        _commit("more");
        _quiet = false;
    }

    function wait(uint256 seed) external {
        _begin();
        for (uint256 i = 0; i <= seed % 30; ++i) {
            skip(DELTA / 2 + seed % (DELTA / 2));
            _answer();
        }
        _check();
    }

    function confirm(uint256 seed) external {
        _begin();
        uint64 index = uint64(seed % settlement.gameCount());
        try game.confirm(index) {
            if (!_isRight[index]) broken = "a wrong claim was confirmed";
        } catch {}
        _check();
    }

    function settle(uint256 seed) external {
        _begin();
        uint64 index = uint64(seed % settlement.gameCount());
        try game.settle(index) {
            settled += CLAIM_BOND;
        } catch {}
    }

    function settleEdge(uint256 seed) external {
        _begin();
        if (_roots.length == 0) return;
        Edge memory e = _roots[seed % _roots.length];
        try game.confirmEdge(e) {} catch {}
        try game.settleEdge(e) {
            settled += game.levelBond(e.level);
        } catch {}
    }

    function withdraw(uint256 seed) external {
        _begin();
        address who = [alice, bob, carol, mallory][seed % 4];
        uint256 due = game.withdrawable(who);
        vm.prank(who);
        try game.withdraw() {
            paid += due;
        } catch {}
    }

    // What must hold

    function booked() external view returns (uint256) {
        return game.withdrawable(alice) + game.withdrawable(bob) + game.withdrawable(carol) + game.withdrawable(mallory);
    }

    function gameOf() external view returns (FaultProof) {
        return game;
    }

    function claims() external view returns (uint256) {
        return settlement.gameCount();
    }

    function rightClaims() external view returns (uint256 finals) {
        for (uint256 i = 1; i < _chain.length; ++i) {
            if (_status(_chain[i]) == ClaimStatus.Final) ++finals;
        }
    }

    /// @dev The honest players make the claims and moves that there are to make.
    function _answer() private {
        for (uint256 i = 0; i < _chain.length; ++i) {
            uint64 parent = _chain[i];
            if (_rightOn[parent] == 0) {
                if (game.lastBatchFor(parent) > inbox.lastBatch()) continue;
                uint64 index = _claim(_honest(i % 3 == 2 ? bob : alice, parent), true);
                _rightOn[parent] = index;
                _chain.push(index);
            }
            if (_status(_rightOn[parent]) == ClaimStatus.Final) continue;
            Side memory s = _honest(alice, parent);
            if (!_quiet) _playCounted(s);
            // Sums are made when they can be enough.
            FaultProof.EdgeState memory root = _look(game.rootEdge(_rightOn[parent]));
            if (root.rivalled) _creditAll(s);
            _expectInTime(_rightOn[parent]);
        }
        _quiet = true;
    }

    function _expectInTime(uint64 index) private {
        uint256 end = settlement.claimAt(index).createdAt() + DISPUTE_WINDOW + (MOVES + 1) * DELTA;
        if (vm.getBlockTimestamp() > end && _status(index) != ClaimStatus.Final) {
            broken = "a right claim took too long";
        }
    }

    function _claim(Side memory s, bool right) private returns (uint64 index) {
        uint256 due = game.bond(s.parent, s.player);
        uint256 balance = s.player.balance;
        index = uint64(settlement.gameCount());
        try this.claimAs(s) {
            brought += balance - s.player.balance;
            if (balance - s.player.balance != due) broken = "another bond was taken";
            _isRight[index] = right;
            _maker[index] = s.player;
        } catch {
            // A round that is over takes no claims; a right one must never come too late.
            if (right) broken = "no right claim could be made";
        }
    }

    function claimAs(Side memory s) external returns (uint64) {
        return _claimAs(s);
    }

    function _playCounted(Side memory s) private {
        uint256 balance = address(game).balance;
        vm.recordLogs();
        _play(s);
        brought += address(game).balance - balance;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (
                logs[i].topics[0]
                    != keccak256("EdgeAdded(bytes32,bytes32,(bytes32,uint8,uint8,uint64,bytes32,bytes32),bytes32)")
            ) continue;
            (Edge memory e, bytes32 refines) = abi.decode(logs[i].data, (Edge, bytes32));
            if (refines != 0) _roots.push(e);
        }
    }

    function _begin() internal {
        vm.pauseGasMetering();
        _check();
    }

    function _check() internal {
        for (uint64 i = 1; i < settlement.gameCount(); ++i) {
            ClaimStatus now_ = _status(i);
            uint64 at_ = settlement.claimAt(i).resolvedAt();
            if (now_ == ClaimStatus.Final && !_isRight[i]) broken = "a wrong claim is final";
            if (now_ == ClaimStatus.Rejected && _isRight[i]) broken = "a right claim is rejected";
            if ((now_ == ClaimStatus.Pending) != (at_ == 0)) broken = "resolved or not";
            if (at_ > vm.getBlockTimestamp()) broken = "resolved in the future";
            Seen memory was = _seen[i];
            if (was.status != ClaimStatus.Pending && (was.status != now_ || was.resolvedAt != at_)) broken = "changed";
            _seen[i] = Seen(now_, at_);
        }
    }
}
