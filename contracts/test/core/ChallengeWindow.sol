// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus} from "../../src/interfaces/IClaim.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {IValidity} from "../../src/validity/IValidity.sol";

/// @title A validity module for tests of what surrounds one: a claim is final after a window, unless it was vetoed.
contract ChallengeWindow is IValidity {
    /// @param owner The timelock that can replace proposer and guardian.
    /// @param settlement Whose claims these are.
    /// @param proposer Who may claim.
    /// @param guardian Who may veto.
    /// @param windowSeconds How long a claim can be vetoed.
    struct Config {
        address owner;
        address settlement;
        address proposer;
        address guardian;
        uint64 windowSeconds;
    }

    /// @dev Claims `from` to `to - 1` were rejected at `rejectedAt`.
    struct Veto {
        uint64 from;
        uint64 to;
        uint64 rejectedAt;
    }

    /// @notice A claim, and with it all newer ones up to `to - 1`, was rejected.
    event Vetoed(uint64 indexed from, uint64 to);
    /// @notice Another proposer makes claims from now on.
    event ProposerSet(address indexed proposer);
    /// @notice Another guardian may veto from now on.
    event GuardianSet(address indexed guardian);

    /// @notice The argument `field` is unset or impossible.
    error BadConfig(string field);
    /// @notice The caller may not do this.
    error Unauthorized();
    /// @notice A claim needs no bond here.
    error NoBondExpected();
    /// @notice A claim says all there is to say by itself here.
    error NoDataExpected();
    /// @notice The claim is unknown, final or rejected already.
    error NotPending(uint64 index);

    /// @notice The timelock that can replace proposer and guardian.
    address public immutable owner;
    /// @notice Whose claims these are.
    address public immutable settlement;
    /// @notice How long a claim can be vetoed, in seconds.
    uint64 public immutable windowSeconds;

    /// @notice Who may claim.
    address public proposer;
    /// @notice Who may veto.
    address public guardian;

    /// @dev Four to a slot.
    uint64[2 ** 48] private _claimedAt;
    /// @dev Disjoint and in rising order.
    Veto[] private _vetoes;

    constructor(Config memory config) {
        if (config.owner == address(0)) revert BadConfig("owner");
        if (config.settlement == address(0)) revert BadConfig("settlement");
        if (config.windowSeconds == 0) revert BadConfig("windowSeconds");
        owner = config.owner;
        settlement = config.settlement;
        windowSeconds = config.windowSeconds;
        _setProposer(config.proposer);
        _setGuardian(config.guardian);
    }

    /// @inheritdoc IValidity
    function onClaim(uint64 index, uint64, address claimant, bytes32, bytes calldata data) external payable {
        if (msg.sender != settlement || claimant != proposer) revert Unauthorized();
        if (msg.value != 0) revert NoBondExpected();
        if (data.length != 0) revert NoDataExpected();
        _claimedAt[index] = uint64(block.timestamp);
    }

    /// @notice Rejects claim `index` and all that were made after it.
    /// @dev A newer claim may build on the vetoed one. All newer ones fall, so that no chain of claims has to be walked
    /// to know how one stands; an honest proposer simply claims again. Those made later cannot build on rejected ones,
    /// because Settlement lets nobody.
    function veto(uint64 index) external {
        if (msg.sender != guardian) revert Unauthorized();
        if (_claimedAt[index] == 0 || status(index) != ClaimStatus.Pending) revert NotPending(index);
        uint64 to = uint64(ISettlement(settlement).gameCount());
        while (_vetoes.length > 0 && _vetoes[_vetoes.length - 1].from > index) _vetoes.pop();
        _vetoes.push(Veto(index, to, uint64(block.timestamp)));
        emit Vetoed(index, to);
    }

    /// @notice Names another proposer. Only the owner (a timelock) may.
    function setProposer(address proposer_) external {
        if (msg.sender != owner) revert Unauthorized();
        _setProposer(proposer_);
    }

    /// @notice Names another guardian. Only the owner (a timelock) may.
    function setGuardian(address guardian_) external {
        if (msg.sender != owner) revert Unauthorized();
        _setGuardian(guardian_);
    }

    /// @inheritdoc IValidity
    function bond(uint64, address) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IValidity
    /// @dev The first final claim on it.
    function winnerOn(uint64 parentIndex) external view returns (uint64) {
        uint64 count = uint64(ISettlement(settlement).gameCount());
        for (uint64 index = parentIndex + 1; index < count; ++index) {
            bool onIt = ISettlement(settlement).claimAt(index).parentIndex() == parentIndex;
            if (onIt && _claimedAt[index] != 0 && status(index) == ClaimStatus.Final) return index;
        }
        return 0;
    }

    /// @inheritdoc IValidity
    function resolvedAt(uint64 index) external view returns (uint64) {
        (bool vetoed, uint64 vetoedAt) = _vetoOf(index);
        if (vetoed) return vetoedAt;
        return status(index) == ClaimStatus.Final ? expectedResolution(index) : 0;
    }

    /// @inheritdoc IValidity
    /// @dev Claims it builds on are older and their window is as long, so theirs is over when this one's is; and a veto
    /// of one of them would have rejected this one too.
    function status(uint64 index) public view returns (ClaimStatus) {
        if (_claimedAt[index] == 0) return ClaimStatus.Pending;
        (bool vetoed,) = _vetoOf(index);
        if (vetoed) return ClaimStatus.Rejected;
        return block.timestamp < expectedResolution(index) ? ClaimStatus.Pending : ClaimStatus.Final;
    }

    /// @inheritdoc IValidity
    function expectedResolution(uint64 index) public view returns (uint64) {
        uint64 claimedAt = _claimedAt[index];
        return claimedAt == 0 ? 0 : claimedAt + windowSeconds;
    }

    /// @dev Searches the newest veto that starts at or before `index`.
    function _vetoOf(uint64 index) private view returns (bool vetoed, uint64 vetoedAt) {
        uint256 low = 0;
        uint256 high = _vetoes.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_vetoes[middle].from <= index) low = middle + 1;
            else high = middle;
        }
        if (low == 0) return (false, 0);
        Veto memory last = _vetoes[low - 1];
        return index < last.to ? (true, last.rejectedAt) : (false, 0);
    }

    function _setProposer(address proposer_) private {
        if (proposer_ == address(0)) revert BadConfig("proposer");
        proposer = proposer_;
        emit ProposerSet(proposer_);
    }

    function _setGuardian(address guardian_) private {
        if (guardian_ == address(0)) revert BadConfig("guardian");
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }
}
