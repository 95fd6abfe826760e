// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaim} from "./IClaim.sol";

/// @title Claims about the rollup's state, in the shape of an OP Stack dispute game factory.
interface ISettlement {
    /// @notice One row of `findLatestGames`, as OP Stack tools decode it.
    struct GameSearchResult {
        uint256 index;
        bytes32 metadata;
        uint64 timestamp;
        bytes32 rootClaim;
        bytes extraData;
    }

    /// @notice A claim was made, as OP Stack tools know it.
    event DisputeGameCreated(address indexed disputeProxy, uint32 indexed gameType, bytes32 indexed rootClaim);
    /// @notice A claim was made: what it says, and what it builds on.
    event Claimed(
        uint64 indexed index,
        uint64 indexed batchIndex,
        uint64 parentIndex,
        bytes32 batchHash,
        bytes32 outputRoot,
        uint64 lastBlock,
        bytes32 publicInput
    );
    /// @notice Claims from now on are decided by another module.
    event ValiditySet(address indexed validity);

    /// @notice The same claim stands already.
    error GameAlreadyExists(bytes32 uuid);

    /// @notice Claims that after the batch `batchIndex` the output root is `outputRoot` and the last block `lastBlock`.
    /// @param parent The claim it builds on, about an earlier batch. Its address commits to all that it and those below it
    /// say, so the new claim cannot land on others after a reorganisation. Claim 0 is the genesis.
    /// @param batchHash The batch's hash, so that the claim cannot land on another batch after a reorganisation.
    /// @param data What the module wants to know about the claim beside that.
    function propose(
        IClaim parent,
        uint64 batchIndex,
        bytes32 batchHash,
        bytes32 outputRoot,
        uint64 lastBlock,
        bytes calldata data
    ) external payable returns (IClaim claim);

    /// @notice What a proof of claim `index` has to prove.
    function publicInput(uint64 index) external view returns (bytes32);

    function claimAt(uint64 index) external view returns (IClaim);

    function gameCount() external view returns (uint256);

    function gameAtIndex(uint256 index) external view returns (uint32 gameType, uint64 timestamp, address proxy);

    function games(uint32 gameType, bytes32 rootClaim, bytes calldata extraData)
        external
        view
        returns (address proxy, uint64 timestamp);

    function getGameUUID(uint32 gameType, bytes32 rootClaim, bytes calldata extraData) external pure returns (bytes32);

    /// @notice The newest claims at or before `start` that can still be proven against; rejected ones are left out.
    function findLatestGames(uint32 gameType, uint256 start, uint256 n)
        external
        view
        returns (GameSearchResult[] memory);

    function respectedGameType() external view returns (uint32);

    /// @notice Whether this is one of our claims and was not rejected.
    function isGameProper(address game) external view returns (bool);

    /// @notice Whether this is one of our claims.
    function isGameRespected(address game) external view returns (bool);

    /// @notice Whether this is one of our claims and is final.
    function isGameFinalized(address game) external view returns (bool);

    function inbox() external view returns (address);

    /// @notice When a module was replaced by another; zero if it was not. From then on nobody can contradict a claim under
    /// it, so what it has not decided by then it must not decide any more.
    function retiredAt(address module) external view returns (uint64);

    function validity() external view returns (address);

    function owner() external view returns (address);
}
