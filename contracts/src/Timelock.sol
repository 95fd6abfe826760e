// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The owner of a chain's contracts: every change it makes is public for a fixed time before it happens.
/// @notice The delay can grow but never fall below what the contract was deployed with, so that users always have the
/// exit window they were promised. Whoever proposes may also cancel; anyone may execute.
contract Timelock is TimelockController {
    /// @notice A timelock needs a delay and somebody who can propose.
    error BadConfig(string field);
    /// @notice The delay cannot fall below `exitWindow`.
    error DelayBelowExitWindow();

    /// @notice The least time between a change's announcement and its execution, in seconds.
    uint256 public immutable exitWindow;

    /// @param exitWindow_ The delay, and the least it can ever be.
    /// @param proposers Who may announce and cancel changes.
    constructor(uint256 exitWindow_, address[] memory proposers)
        TimelockController(exitWindow_, proposers, _anyone(), address(0))
    {
        if (exitWindow_ == 0) revert BadConfig("exitWindow");
        if (proposers.length == 0) revert BadConfig("proposers");
        for (uint256 i = 0; i < proposers.length; ++i) {
            if (proposers[i] == address(0)) revert BadConfig("proposers");
        }
        exitWindow = exitWindow_;
    }

    /// @inheritdoc TimelockController
    function updateDelay(uint256 newDelay) public override {
        if (newDelay < exitWindow) revert DelayBelowExitWindow();
        super.updateDelay(newDelay);
    }

    function _anyone() private pure returns (address[] memory executors) {
        executors = new address[](1);
    }
}
