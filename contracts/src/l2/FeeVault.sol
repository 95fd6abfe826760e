// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {L2ToL1MessagePasser} from "./L2ToL1MessagePasser.sol";
import {Predeploys} from "./Predeploys.sol";

/// @title FeeVault
/// @notice Collects one kind of fee and withdraws it to a fixed recipient on the parent chain. Anybody may trigger it.
contract FeeVault {
    /// @notice Where fees can be withdrawn to.
    enum WithdrawalNetwork {
        L1,
        L2
    }

    /// @dev Least gas that the recipient gets on the parent chain.
    uint256 internal constant WITHDRAWAL_GAS = 400_000;

    /// @notice Who gets the fees, on the parent chain.
    address public immutable RECIPIENT;
    /// @notice Less than this, in wei, is not worth a withdrawal.
    uint256 public immutable MIN_WITHDRAWAL_AMOUNT;
    /// @notice Fees always go to the parent chain.
    WithdrawalNetwork public constant WITHDRAWAL_NETWORK = WithdrawalNetwork.L1;

    /// @notice Withdrawn so far, in wei.
    uint256 public totalProcessed;

    /// @notice Fees were withdrawn.
    /// @param value How much, in wei.
    /// @param to The recipient.
    /// @param from Who triggered it.
    event Withdrawal(uint256 value, address to, address from);

    /// @notice Fees were withdrawn; the same with the chain that they go to.
    /// @param value How much, in wei.
    /// @param to The recipient.
    /// @param from Who triggered it.
    /// @param withdrawalNetwork The chain that they go to.
    event Withdrawal(uint256 value, address to, address from, WithdrawalNetwork withdrawalNetwork);

    /// @notice Wait until more has been collected.
    error BelowMinimum(uint256 balance, uint256 minimum);

    /// @param recipient_ Who gets the fees, on the parent chain.
    /// @param minWithdrawalAmount_ Least amount of a withdrawal, in wei.
    constructor(address recipient_, uint256 minWithdrawalAmount_) {
        RECIPIENT = recipient_;
        MIN_WITHDRAWAL_AMOUNT = minWithdrawalAmount_;
    }

    /// @notice Fees come with every block; anybody may add to them.
    receive() external payable {}

    /// @notice Withdraws all that was collected.
    function withdraw() external {
        uint256 value = address(this).balance;
        if (value < MIN_WITHDRAWAL_AMOUNT) revert BelowMinimum(value, MIN_WITHDRAWAL_AMOUNT);
        totalProcessed += value;
        emit Withdrawal(value, RECIPIENT, msg.sender);
        emit Withdrawal(value, RECIPIENT, msg.sender, WITHDRAWAL_NETWORK);
        L2ToL1MessagePasser(payable(Predeploys.MESSAGE_PASSER)).initiateWithdrawal{value: value}(
            RECIPIENT, WITHDRAWAL_GAS, ""
        );
    }

    /// @notice Who gets the fees, on the parent chain.
    function recipient() external view returns (address) {
        return RECIPIENT;
    }

    /// @notice The same under the name that only the first vault had.
    function l1FeeWallet() external view returns (address) {
        return RECIPIENT;
    }

    /// @notice Least amount of a withdrawal, in wei.
    function minWithdrawalAmount() external view returns (uint256) {
        return MIN_WITHDRAWAL_AMOUNT;
    }

    /// @notice The chain that fees go to.
    function withdrawalNetwork() external pure returns (WithdrawalNetwork) {
        return WITHDRAWAL_NETWORK;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.6.0";
    }
}
