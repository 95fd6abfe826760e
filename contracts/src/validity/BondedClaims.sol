// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../dispute/Bonds.sol";
import {Rounds} from "../dispute/Rounds.sol";
import {ClaimStatus} from "../interfaces/IClaim.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {ClaimArgs, ClaimData} from "../libraries/ClaimArgs.sol";
import {IValidity} from "./IValidity.sol";

/// @title What all modules do with claims: each brings a bond, and one of those on a parent wins.
/// @notice docs/dispute.md, sections 3, 6 and 7. Anyone may claim. How a claim wins its round is for the module to say: by
/// the game, by a proof, or by both. Nobody can stop, pause or change any of them.
/// @dev Claims on one parent are about the same batches. So of two of them one is wrong, and a stake on one is a stake
/// against all others.
abstract contract BondedClaims is IValidity, Rounds, Bonds {
    /// @dev Who made a claim, and whether a bond is in it.
    struct Stake {
        address maker;
        bool bonded;
    }

    /// @notice Only Settlement announces claims.
    error Unauthorized();
    /// @notice All claims on this parent are about the batches up to `expected`.
    error WrongBatch(uint64 expected);

    /// @notice How many batches a claim can be about.
    uint64 private constant MOST_BATCHES = 4;

    /// @notice Whose claims these are.
    address public immutable settlement;
    /// @notice What a claim brings, in wei.
    uint256 public immutable claimBond;

    mapping(uint64 claimIndex => Stake) private _stakes;

    constructor(address settlement_, uint64 windowSeconds_, uint256 claimBond_) Rounds(windowSeconds_) {
        if (settlement_ == address(0)) revert BadConfig("settlement");
        if (claimBond_ == 0) revert BadConfig("claimBond");
        settlement = settlement_;
        claimBond = claimBond_;
    }

    /// @inheritdoc IValidity
    function onClaim(uint64 index, uint64 parentIndex, address claimant, bytes32, bytes calldata data)
        external
        payable
    {
        if (msg.sender != settlement) revert Unauthorized();
        uint256 due = bond(parentIndex, claimant);
        if (msg.value != due) revert WrongBond(due);
        ClaimData memory claim = _claim(index);
        uint64 last = lastBatchFor(parentIndex);
        if (claim.batchIndex != last) revert WrongBatch(last);

        _enter(index, parentIndex, _batchesAfter(last));
        _begin(claim, data);
        // The maker's stake on the parent now stands here, and answers for both.
        if (due == 0) _stakes[parentIndex].bonded = false;
        _stakes[index] = Stake(claimant, true);
    }

    /// @notice Books the bond of a claim that is final or rejected, or that the module retired without deciding.
    /// @dev A bond that moved on answers for all claims that it stood on: they fall with the first one that falls.
    function settle(uint64 claimIndex) external {
        Stake storage stake = _stakes[claimIndex];
        if (!stake.bonded) revert NothingToSettle();
        (ClaimStatus status_,, uint64 victor) = _standing(claimIndex, NO_LIMIT);
        // What a module has not decided when it retires, nobody wins or loses.
        if (status_ == ClaimStatus.Pending && _retiredAt() == 0) revert NotDecided();
        stake.bonded = false;
        bytes32 id = _bondId(claimIndex);
        if (status_ != ClaimStatus.Rejected) _giveBack(id, stake.maker, claimBond);
        else _forfeit(id, _stakes[victor].maker, claimBond);
    }

    /// @inheritdoc IValidity
    /// @dev Walks up to the first ancestor whose finality was written down (`confirm`), 2,500 gas a claim; behind an open
    /// round no more than `OPEN_WALK_MOST`. So a young claim's answer is cheap however many claims are pending, and an old
    /// one's is if somebody confirms from time to time, the oldest claims first if there are very many.
    function status(uint64 index) external view returns (ClaimStatus status_) {
        (status_,,) = _standing(index, OPEN_WALK_MOST);
    }

    /// @inheritdoc IValidity
    function winnerOn(uint64 parentIndex) external view returns (uint64 winner) {
        (winner,) = _winnerOf(_records[parentIndex], _retiredAt());
    }

    /// @inheritdoc IValidity
    function resolvedAt(uint64 index) external view returns (uint64 since) {
        (, since,) = _standing(index, OPEN_WALK_MOST);
    }

    /// @inheritdoc IValidity
    /// @dev Of a pending claim the end of its window; zero if there is none, as nobody knows when a proof comes. A claim
    /// that was contradicted takes what the answers take on top, at most 53 times the time of one. It is earlier only
    /// where its edges are older than itself, because it shares them, or where a proof comes first.
    function expectedResolution(uint64 index) external view returns (uint64) {
        (ClaimStatus status_, uint64 since,) = _standing(index, OPEN_WALK_MOST);
        bool pending = status_ == ClaimStatus.Pending && _records[index].createdAt != 0;
        return pending && windowSeconds != 0 ? _records[index].createdAt + windowSeconds : since;
    }

    /// @inheritdoc IValidity
    /// @dev Nothing for who made the parent, while that is pending and its bond is still there: the bond moves on.
    function bond(uint64 parentIndex, address claimant) public view returns (uint256) {
        Stake storage stake = _stakes[parentIndex];
        if (!stake.bonded || stake.maker != claimant) return claimBond;
        (ClaimStatus status_,,) = _standing(parentIndex, OPEN_WALK_MOST);
        return status_ == ClaimStatus.Pending ? 0 : claimBond;
    }

    /// @notice The last batch that claims on `parentIndex` are about.
    function lastBatchFor(uint64 parentIndex) public view returns (uint64) {
        uint8 batches = _records[parentIndex].batches;
        // The genesis, or another module's.
        if (batches == 0) batches = 1;
        return _claim(parentIndex).batchIndex + batches;
    }

    /// @dev A claim has entered its round. `data` is what its maker handed in for the module.
    function _begin(ClaimData memory claim, bytes calldata data) internal virtual;

    /// @dev What names the bond of claim `index` when it is settled.
    function _bondId(uint64 index) internal view virtual returns (bytes32);

    /// @inheritdoc Rounds
    function _retiredAt() internal view override returns (uint64) {
        return ISettlement(settlement).retiredAt(address(this));
    }

    function _claim(uint64 index) internal view returns (ClaimData memory) {
        return ClaimArgs.read(address(ISettlement(settlement).claimAt(index)));
    }

    function _inbox() internal view returns (IInbox) {
        return IInbox(ISettlement(settlement).inbox());
    }

    /// @dev How many batches the claims on a new claim are about: what is there now, but one at least.
    function _batchesAfter(uint64 batch) private view returns (uint8) {
        uint64 there = _inbox().lastBatch() - batch;
        if (there == 0) return 1;
        return uint8(there < MOST_BATCHES ? there : MOST_BATCHES);
    }
}
