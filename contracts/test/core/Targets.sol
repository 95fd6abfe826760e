// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IPortal} from "../../src/interfaces/IPortal.sol";
import {Withdrawal} from "../../src/libraries/Protocol.sol";

/// @notice Remembers how it was called.
contract Recorder {
    IPortal private immutable _portal;
    address public caller;
    address public l2Sender;
    uint256 public value;
    bytes public data;

    constructor(IPortal portal) {
        _portal = portal;
    }

    receive() external payable {
        _record();
    }

    fallback() external payable {
        _record();
    }

    function _record() private {
        (caller, l2Sender, value, data) = (msg.sender, _portal.l2Sender(), msg.value, msg.data);
    }
}

/// @notice Never succeeds.
contract Reverter {
    fallback() external payable {
        revert("no");
    }
}

/// @notice Remembers how much gas it got.
contract Greedy {
    uint256 public gasSeen;

    receive() external payable {
        _look(gasleft());
    }

    fallback() external payable {
        _look(gasleft());
    }

    function _look(uint256 gas_) private {
        if (gas_ > 30_000) gasSeen = gas_;
        else gasSeen = 1_000_000_000; // too little to judge; its wish was smaller
    }
}

/// @notice Reverts with as much data as its gas pays for.
contract ReturnBomb {
    fallback() external payable {
        assembly {
            revert(0, 1000000)
        }
    }
}

/// @notice Tries to have another withdrawal paid while its own is.
contract Reenterer {
    IPortal private immutable _portal;
    bytes private _call;
    bytes public answer;

    constructor(IPortal portal) {
        _portal = portal;
    }

    function arm(Withdrawal calldata inner, address submitter) external {
        _call = abi.encodeCall(IPortal.finalizeWithdrawalTransactionExternalProof, (inner, submitter));
    }

    receive() external payable {
        (, answer) = address(_portal).call(_call);
    }
}
