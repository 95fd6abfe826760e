// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice How a claim stands, numbered as OP Stack tools number a dispute game's status.
enum ClaimStatus {
    Pending,
    Rejected,
    Final
}

/// @title One claim, in the shape of an OP Stack dispute game.
interface IClaim {
    function status() external view returns (ClaimStatus);

    function createdAt() external view returns (uint64);

    /// @notice When the claim became final or was rejected; zero while neither.
    function resolvedAt() external view returns (uint64);

    /// @notice When the claim becomes final if nothing happens to it; zero if that is never: it waits for a proof.
    function expectedResolution() external view returns (uint64);

    function gameType() external view returns (uint32);

    function gameCreator() external view returns (address);

    /// @notice The claimed output root.
    function rootClaim() external view returns (bytes32);

    /// @notice `abi.encode(uint256 l2BlockNumber, uint64 batchIndex, uint64 parentIndex, bytes32 dataHash)`: what the
    /// proposer handed to the module is hashed last, zero if that was nothing.
    function extraData() external view returns (bytes memory);

    /// @notice The last block of the claimed batch.
    function l2SequenceNumber() external view returns (uint256);

    function l2BlockNumber() external view returns (uint256);

    function wasRespectedGameTypeWhenCreated() external view returns (bool);

    /// @notice Its place in the Settlement's list.
    function index() external view returns (uint64);

    /// @notice The claim it builds on.
    function parentIndex() external view returns (uint64);

    /// @notice The last batch it claims.
    function batchIndex() external view returns (uint64);

    /// @notice The module that decides it; zero for the genesis claim, which is final by definition.
    function validity() external view returns (address);
}
