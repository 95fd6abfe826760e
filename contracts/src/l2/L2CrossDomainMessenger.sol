// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CrossDomainMessenger} from "../bridge/CrossDomainMessenger.sol";
import {Alias} from "../libraries/Alias.sol";
import {L2ToL1MessagePasser} from "./L2ToL1MessagePasser.sol";
import {Predeploys} from "./Predeploys.sol";

/// @title L2CrossDomainMessenger
/// @notice The messenger on the rollup: sends as withdrawals, receives as deposits.
contract L2CrossDomainMessenger is CrossDomainMessenger {
    /// @param l1Messenger The messenger on the parent chain.
    constructor(address l1Messenger) CrossDomainMessenger(l1Messenger) {}

    /// @notice The messenger on the parent chain, under its old name.
    function l1CrossDomainMessenger() external view returns (address) {
        return OTHER_MESSENGER;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "3.0.0";
    }

    /// @notice Always false: nobody can pause the rollup's side.
    function paused() public pure override returns (bool) {
        return false;
    }

    /// @inheritdoc CrossDomainMessenger
    function _transmit(uint64 gasLimit, bytes memory data) internal override {
        L2ToL1MessagePasser(payable(Predeploys.MESSAGE_PASSER)).initiateWithdrawal{value: msg.value}(
            OTHER_MESSENGER, gasLimit, data
        );
    }

    /// @inheritdoc CrossDomainMessenger
    function _isDelivery() internal view override returns (bool) {
        return Alias.toParent(msg.sender) == OTHER_MESSENGER;
    }

    /// @inheritdoc CrossDomainMessenger
    /// @dev A call to the message passer could withdraw in the messenger's name, and so forge messages to the parent.
    function _isUnsafeTarget(address target) internal view override returns (bool) {
        return target == address(this) || target == Predeploys.MESSAGE_PASSER;
    }
}
