// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus} from "../interfaces/IClaim.sol";

/// @title The seam between claims and what makes them true: a window, a fault proof, a validity proof, a certificate.
/// @notice Settlement keeps the claims; a module decides them. A claim stays with the module under which it was made,
/// and a module decides only claims that Settlement announced to it.
///
/// What a module owes:
/// - `Final` and `Rejected` are for ever. Nothing else is: callers may ask again later.
/// - A claim is never final before every claim it builds on is, and is rejected if one of those is.
/// - `status` never reverts for a claim that was announced, and costs little gas as long as somebody now and then writes
///   down what is final: the Portal asks it with users' gas.
interface IValidity {
    /// @notice The bond that `onClaim` expects to receive for a claim of `claimant` on `parentIndex`, in wei.
    function bond(uint64 parentIndex, address claimant) external view returns (uint256);

    /// @notice A claim is being made. Reverts if `claimant` may not make it, or the bond is not right.
    /// @dev Only Settlement calls this, once for each claim, as the last step of making it.
    /// @param index The claim's place in Settlement's list.
    /// @param parentIndex The claim it builds on; already final, or decided by this same module.
    /// @param claimant Who makes the claim.
    /// @param publicInput What a proof of the claim has to prove (`Protocol.publicInput`).
    /// @param data What the claimant hands to the module, which says what that is.
    function onClaim(uint64 index, uint64 parentIndex, address claimant, bytes32 publicInput, bytes calldata data)
        external
        payable;

    /// @notice How claim `index` stands now.
    function status(uint64 index) external view returns (ClaimStatus);

    /// @notice Which of this module's claims on `parentIndex`, whoever made that, has won against all others for ever; zero
    /// while none has. For a module that was replaced, so that the next one does not decide about the same batches again.
    function winnerOn(uint64 parentIndex) external view returns (uint64);

    /// @notice When claim `index` became final or was rejected; zero while neither.
    function resolvedAt(uint64 index) external view returns (uint64);

    /// @notice When claim `index` becomes final if nothing happens to it; zero if that is never: it waits for a proof.
    function expectedResolution(uint64 index) external view returns (uint64);
}
