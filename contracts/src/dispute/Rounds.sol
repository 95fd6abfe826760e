// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus} from "../interfaces/IClaim.sol";

/// @title Rounds: of all claims on one parent, one wins (docs/dispute.md, section 6).
/// @notice A claim wins its round if it has stood alone for a window, from when it was made; nobody can make a rival
/// after that. Else the first wins whose root edge's timer reaches a window. A claim that is proved wins at once. A module
/// need not have all three. No round has two winners, and none is taken back. A claim is final if it and all that it
/// builds on have won; it is rejected if it builds on, or is, a claim that lost to a final one.
/// @dev A round can be won while its parent is pending. So a rival cannot wait until the parent is final, a chain of
/// claims takes no longer than each of its claims alone, and proofs may come in any order.
abstract contract Rounds {
    /// @dev One slot, which is all that a walk reads of a claim. It says how the claim stands, and how the round of
    /// claims on it does. A parent that another module decided, and the genesis, have the second half alone.
    /// @param createdAt Zero if it is not one of ours.
    /// @param finalAt When it became final, once that is written down.
    /// @param batches How many batches the claims on it are about.
    /// @param firstChild The claim on it that was made first.
    /// @param contested Whether there is another one.
    /// @param winner The claim on it that won although it was contested, or was proved.
    struct Record {
        uint40 parent;
        uint40 createdAt;
        uint40 finalAt;
        uint8 batches;
        bool contested;
        uint40 firstChild;
        uint40 winner;
        uint40 wonAt;
    }

    /// @notice The claim is final, and what builds on it is cheaper to look up from now on.
    event ClaimConfirmed(uint64 indexed index);

    /// @notice The argument `field` is unset or impossible.
    error BadConfig(string field);
    /// @notice The claim was not made under this module.
    error NotOurs(uint64 index);
    /// @notice The claim `winner` has won the round: it takes no other claim, and no proof.
    error RoundOver(uint64 winner);
    /// @notice The claim is pending or rejected.
    error NotFinal(uint64 index);
    /// @notice That the claim is final is written down already.
    error AlreadyConfirmed(uint64 index);

    /// @notice A longer window would lock funds for longer than anybody wants.
    uint64 private constant LONGEST_WINDOW_SECONDS = 365 days;

    /// @notice How many ancestors are looked at to see whether an open claim is rejected: whoever only wants to know
    /// how a young claim stands pays for no more. Further down below a claim that lost, open claims are shown as pending.
    uint256 internal constant OPEN_WALK_MOST = 64;
    uint256 internal constant NO_LIMIT = type(uint256).max;

    /// @notice The challenge window, in seconds; zero if no claim wins by waiting.
    uint64 public immutable windowSeconds;

    mapping(uint64 index => Record) internal _records;

    constructor(uint64 windowSeconds_) {
        if (windowSeconds_ > LONGEST_WINDOW_SECONDS) revert BadConfig("windowSeconds");
        windowSeconds = windowSeconds_;
    }

    /// @notice Writes down that claim `index` is final. It is final without that; but whoever asks about the claims that
    /// build on it then pays for the walk to it, 2,500 gas a claim.
    function confirm(uint64 index) external {
        if (_records[index].createdAt == 0) revert NotOurs(index);
        if (_records[index].finalAt != 0) revert AlreadyConfirmed(index);
        (ClaimStatus status, uint64 since,) = _standing(index, OPEN_WALK_MOST);
        if (status != ClaimStatus.Final) revert NotFinal(index);
        _records[index].finalAt = uint40(since);
        emit ClaimConfirmed(index);
    }

    /// @dev Enters a claim into its parent's round. Settlement's numbers fit: 2^40 claims cannot be paid for.
    function _enter(uint64 index, uint64 parentIndex, uint8 batches) internal {
        Record storage parent = _records[parentIndex];
        (uint64 winner,) = _winnerOf(parent, 0);
        if (winner != 0) revert RoundOver(winner);
        if (parent.firstChild == 0) parent.firstChild = uint40(index);
        else parent.contested = true;
        Record storage record = _records[index];
        record.parent = uint40(parentIndex);
        record.createdAt = uint40(block.timestamp);
        record.batches = batches;
    }

    /// @dev The timer of the claim's root edge has reached a window, or the claim is proved. The first one wins. Neither
    /// comes to a round that was won by waiting: a root edge that stands alone has no children to be credited with, and
    /// `_checkOpen` refuses the proof.
    function _win(uint64 index) internal {
        Record storage parent = _records[_records[index].parent];
        if (parent.winner != 0) return;
        parent.winner = uint40(index);
        parent.wonAt = uint40(block.timestamp);
    }

    /// @dev Whether the round of claim `index` is still to be won, if the module has not retired.
    function _checkOpen(uint64 index) internal view {
        if (_records[index].createdAt == 0) revert NotOurs(index);
        (uint64 winner,) = _winnerOf(_records[_records[index].parent], 0);
        if (winner != 0) revert RoundOver(winner);
    }

    /// @dev How a claim stands, since when (zero while it is pending), and for a rejected one which claim won against
    /// it, or against the first of its ancestors that lost. Walks up to the first ancestor that is known to be final. A
    /// lost or open round further up overrules what is below it.
    /// @param open How many ancestors to look at behind an open round. What is rejected for a number stays so.
    function _standing(uint64 index, uint256 open)
        internal
        view
        returns (ClaimStatus status, uint64 since, uint64 victor)
    {
        Record memory claim = _records[index];
        if (claim.createdAt == 0) return (ClaimStatus.Pending, 0, 0);
        uint64 retired = _retiredAt();
        status = ClaimStatus.Final;
        while (claim.createdAt != 0 && claim.finalAt == 0) {
            if (status == ClaimStatus.Pending) {
                if (open == 0) break;
                --open;
            }
            Record memory parent = _records[claim.parent];
            (uint64 winner, uint64 wonAt) = _winnerOf(parent, retired);
            if (winner == 0) status = ClaimStatus.Pending;
            else if (winner != index) (status, since, victor) = (ClaimStatus.Rejected, wonAt, winner);
            else if (wonAt > since) since = wonAt;
            (index, claim) = (claim.parent, parent);
        }
        if (status == ClaimStatus.Pending) return (status, 0, 0);
        if (claim.finalAt > since) since = claim.finalAt;
    }

    /// @dev When this module was replaced; zero if it was not.
    function _retiredAt() internal view virtual returns (uint64);

    /// @dev The claim that won the round on a parent, and when; zero while the round is open. A round that was open when
    /// the module retired stays so: nobody could contradict a claim in it any more.
    function _winnerOf(Record memory parent, uint64 retired) internal view returns (uint64 winner, uint64 wonAt) {
        bool waits = windowSeconds != 0 && parent.firstChild != 0 && !parent.contested;
        if (parent.winner != 0 || !waits) return (parent.winner, parent.wonAt);
        wonAt = _records[parent.firstChild].createdAt + windowSeconds;
        bool open = block.timestamp < wonAt || (retired != 0 && retired < wonAt);
        return open ? (0, 0) : (parent.firstChild, wonAt);
    }
}
