// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICrossDomainMessenger} from "../../src/bridge/ICrossDomainMessenger.sol";

/// @notice Takes a message and remembers what it saw.
contract Recorder {
    ICrossDomainMessenger private immutable _messenger;

    uint256 public calls;
    uint256 public gasSeen;
    uint256 public valueSeen;
    address public senderSeen;
    bool public refusing;

    constructor(ICrossDomainMessenger messenger) {
        _messenger = messenger;
    }

    function setRefusing(bool value) external {
        refusing = value;
    }

    function record() external payable {
        gasSeen = gasleft();
        require(!refusing, "refused");
        calls += 1;
        valueSeen += msg.value;
        senderSeen = _messenger.xDomainMessageSender();
    }
}

/// @notice Does one thing whatever it is called with.
abstract contract Single {
    receive() external payable {
        _act();
    }

    fallback() external payable {
        _act();
    }

    function _act() internal virtual;
}

/// @notice Uses all the gas it is given.
contract Burner is Single {
    function _act() internal pure override {
        while (true) {}
    }
}

/// @notice Fails with more return data than anybody would want to copy.
contract ReturnBomb is Single {
    function _act() internal pure override {
        assembly ("memory-safe") {
            revert(0, 1000000)
        }
    }
}

/// @notice Starts another message from within a message.
contract Nester is Single {
    address private _to;
    bytes private _data;
    bool public nestedSucceeded;
    uint256 public calls;

    function prepare(address to, bytes calldata data) external {
        _to = to;
        _data = data;
    }

    function _act() internal override {
        ++calls;
        (nestedSucceeded,) = _to.call(_data);
    }
}
