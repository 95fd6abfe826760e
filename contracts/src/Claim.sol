// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus, IClaim} from "./interfaces/IClaim.sol";
import {ClaimArgs} from "./libraries/ClaimArgs.sol";
import {Protocol} from "./libraries/Protocol.sol";
import {IValidity} from "./validity/IValidity.sol";

/// @title The code behind every claim's proxy.
/// @notice It has no storage: what a claim says lies in the proxy's code, and how it stands is its module's to say.
contract Claim is IClaim {
    /// @inheritdoc IClaim
    function status() external view returns (ClaimStatus) {
        return ClaimArgs.status(ClaimArgs.read(address(this)));
    }

    /// @inheritdoc IClaim
    function resolvedAt() external view returns (uint64) {
        address module = validity();
        if (module == address(0)) return createdAt();
        return IValidity(module).resolvedAt(index());
    }

    /// @inheritdoc IClaim
    function expectedResolution() external view returns (uint64) {
        address module = validity();
        if (module == address(0)) return createdAt();
        return IValidity(module).expectedResolution(index());
    }

    /// @inheritdoc IClaim
    function createdAt() public view returns (uint64) {
        return ClaimArgs.read(address(this)).createdAt;
    }

    /// @inheritdoc IClaim
    function gameType() external pure returns (uint32) {
        return Protocol.GAME_TYPE;
    }

    /// @inheritdoc IClaim
    function gameCreator() external view returns (address) {
        return ClaimArgs.read(address(this)).creator;
    }

    /// @inheritdoc IClaim
    function rootClaim() external view returns (bytes32) {
        return ClaimArgs.read(address(this)).outputRoot;
    }

    /// @inheritdoc IClaim
    function extraData() external view returns (bytes memory) {
        return ClaimArgs.extraData(ClaimArgs.read(address(this)));
    }

    /// @inheritdoc IClaim
    function l2SequenceNumber() public view returns (uint256) {
        return ClaimArgs.read(address(this)).lastBlock;
    }

    /// @inheritdoc IClaim
    function l2BlockNumber() external view returns (uint256) {
        return l2SequenceNumber();
    }

    /// @inheritdoc IClaim
    function wasRespectedGameTypeWhenCreated() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IClaim
    function index() public view returns (uint64) {
        return ClaimArgs.read(address(this)).index;
    }

    /// @inheritdoc IClaim
    function parentIndex() external view returns (uint64) {
        return ClaimArgs.read(address(this)).parentIndex;
    }

    /// @inheritdoc IClaim
    function batchIndex() public view returns (uint64) {
        return ClaimArgs.read(address(this)).batchIndex;
    }

    /// @inheritdoc IClaim
    function validity() public view returns (address) {
        return ClaimArgs.read(address(this)).validity;
    }
}
