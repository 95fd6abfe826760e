// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {OutputRootProof, Withdrawal} from "../libraries/Protocol.sol";

/// @title The portal as OP Stack wallets, bridges and explorers know it.
interface IPortal {
    /// @notice A deposit was made. `opaqueData` is `abi.encodePacked(mint, value, gasLimit, isCreation, data)`.
    event TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, bytes opaqueData);
    /// @notice A withdrawal was proven.
    event WithdrawalProven(bytes32 indexed withdrawalHash, address indexed from, address indexed to);
    /// @notice A withdrawal was proven, and by whom.
    event WithdrawalProvenExtension1(bytes32 indexed withdrawalHash, address indexed proofSubmitter);
    /// @notice A withdrawal was relayed; it is spent whether or not its call succeeded.
    event WithdrawalFinalized(bytes32 indexed withdrawalHash, bool success);
    /// @notice Deposits and withdrawals stand still until `until`.
    event Paused(address indexed guardian, uint64 until);
    /// @notice The guardian ended the pause early.
    event Unpaused(address indexed guardian);
    /// @notice The timelock gave the guardian one more pause.
    event PauseRearmed();
    /// @notice The timelock named another guardian.
    event GuardianSet(address indexed guardian);

    /// @notice The caller may not do this.
    error OptimismPortal_Unauthorized();
    /// @notice Deposits and withdrawals are paused; wait for `pausedUntil()`.
    error OptimismPortal_CallPaused();
    /// @notice The call failed in a gas estimation (only `tx.origin == address(1)` sees this).
    error OptimismPortal_GasEstimation();
    /// @notice The deposit's data exceed what one message may carry.
    error OptimismPortal_CalldataTooLarge();
    /// @notice The deposit's gas limit is below `minimumGasLimit`.
    error OptimismPortal_GasLimitTooLow();
    /// @notice The deposit's gas limit is above what one transaction of the rollup may have, 2^24.
    error OptimismPortal_GasLimitTooHigh();
    /// @notice A creation has no recipient, and a withdrawal cannot call the chain's own contracts.
    error OptimismPortal_BadTarget();
    /// @notice The withdrawal was paid already.
    error OptimismPortal_AlreadyFinalized();
    /// @notice The claim does not exist or was rejected; prove against another.
    error OptimismPortal_InvalidDisputeGame();
    /// @notice The trie proof does not show the withdrawal.
    error OptimismPortal_InvalidMerkleProof();
    /// @notice The output root's parts do not hash to the claim's root.
    error OptimismPortal_InvalidOutputRootProof();
    /// @notice The claim is not final (wait), or was rejected (prove again).
    error OptimismPortal_InvalidRootClaim();
    /// @notice A withdrawal's call tried to finalise another withdrawal.
    error OptimismPortal_NoReentrancy();
    /// @notice The proof has to mature.
    error OptimismPortal_ProofNotOldEnough();
    /// @notice Nobody has proven this withdrawal as this submitter.
    error OptimismPortal_Unproven();
    /// @notice Too little gas was sent to give the withdrawal's call what it asked for.
    error OptimismPortal_NotEnoughGas();
    /// @notice The portal holds less than the withdrawal asks for. Nothing is spent.
    error OptimismPortal_InsufficientBalance();
    /// @notice The guardian's one pause is used up until the timelock re-arms it, or is not an exit window ago.
    error OptimismPortal_PauseUsed();

    function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes calldata data)
        external
        payable;

    function proveWithdrawalTransaction(
        Withdrawal calldata withdrawal,
        uint256 disputeGameIndex,
        OutputRootProof calldata outputRootProof,
        bytes[] calldata withdrawalProof
    ) external;

    function finalizeWithdrawalTransaction(Withdrawal calldata withdrawal) external;

    function finalizeWithdrawalTransactionExternalProof(Withdrawal calldata withdrawal, address proofSubmitter) external;

    /// @notice Reverts, with the reason, unless the withdrawal can be finalised now.
    function checkWithdrawal(bytes32 withdrawalHash, address proofSubmitter) external view;

    function provenWithdrawals(bytes32 withdrawalHash, address proofSubmitter)
        external
        view
        returns (address disputeGameProxy, uint64 timestamp);

    function proofSubmitters(bytes32 withdrawalHash, uint256 index) external view returns (address);

    function numProofSubmitters(bytes32 withdrawalHash) external view returns (uint256);

    function finalizedWithdrawals(bytes32 withdrawalHash) external view returns (bool);

    /// @notice Who sent the withdrawal that is being relayed; `0x…dEaD` when none is.
    function l2Sender() external view returns (address);

    function minimumGasLimit(uint64 byteCount) external pure returns (uint64);

    function paused() external view returns (bool);

    /// @notice When the current or last pause ends, or ended.
    function pausedUntil() external view returns (uint64);

    function guardian() external view returns (address);

    function proofMaturityDelaySeconds() external view returns (uint256);

    function disputeGameFinalityDelaySeconds() external view returns (uint256);

    function respectedGameType() external view returns (uint32);

    /// @notice The Settlement, under the name wallets look for.
    function disputeGameFactory() external view returns (address);

    /// @notice The Settlement, under the name wallets look for.
    function anchorStateRegistry() external view returns (address);

    function version() external pure returns (string memory);
}
