// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IPortal} from "../interfaces/IPortal.sol";
import {Predeploys} from "../l2/Predeploys.sol";
import {CrossDomainMessenger} from "./CrossDomainMessenger.sol";

/// @title L1CrossDomainMessenger
/// @notice The messenger on the parent chain: sends as deposits, receives as withdrawals, both through the Portal.
contract L1CrossDomainMessenger is CrossDomainMessenger {
    /// @notice The Portal of this rollup.
    IPortal public immutable PORTAL;

    /// @param portal_ The Portal of this rollup.
    constructor(IPortal portal_) CrossDomainMessenger(Predeploys.MESSENGER) {
        PORTAL = portal_;
    }

    /// @notice The Portal of this rollup.
    function portal() external view returns (IPortal) {
        return PORTAL;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "3.0.0";
    }

    /// @notice Whether the Portal is paused; its pause ends by itself.
    function paused() public view override returns (bool) {
        return PORTAL.paused();
    }

    /// @inheritdoc CrossDomainMessenger
    function _transmit(uint64 gasLimit, bytes memory data) internal override {
        PORTAL.depositTransaction{value: msg.value}(OTHER_MESSENGER, msg.value, gasLimit, false, data);
    }

    /// @inheritdoc CrossDomainMessenger
    function _isDelivery() internal view override returns (bool) {
        return msg.sender == address(PORTAL) && PORTAL.l2Sender() == OTHER_MESSENGER;
    }

    /// @inheritdoc CrossDomainMessenger
    /// @dev A call to the Portal could deposit in the messenger's name, and so forge messages to the rollup.
    function _isUnsafeTarget(address target) internal view override returns (bool) {
        return target == address(this) || target == address(PORTAL);
    }

    /// @inheritdoc CrossDomainMessenger
    function _isUnsafeDestination(address target) internal view override returns (bool) {
        return target == Predeploys.MESSAGE_PASSER || super._isUnsafeDestination(target);
    }
}
