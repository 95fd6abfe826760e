// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Alias} from "../../src/libraries/Alias.sol";

/// @notice The Portal as the messenger sees it, without proofs: it keeps deposits for the relay and pays withdrawals
///         that the relay presents, each once.
contract RelayPortal {
    struct Deposit {
        address from;
        address to;
        uint256 mint;
        uint256 value;
        uint64 gasLimit;
        bytes data;
    }

    struct Withdrawal {
        uint256 nonce;
        address sender;
        address target;
        uint256 value;
        uint256 gasLimit;
        bytes data;
    }

    address public constant NOBODY = 0x000000000000000000000000000000000000dEaD;

    address public l2Sender = NOBODY;
    bool public paused;
    uint256 public paid;
    uint256 public received;
    mapping(bytes32 => bool) public finalized;
    Deposit[] private _deposits;

    function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes calldata data)
        external
        payable
    {
        require(!isCreation, "creation");
        require(gasLimit >= 21_000 + 40 * data.length, "gas limit too low");
        received += msg.value;
        address from = Alias.callerHasKey() ? msg.sender : Alias.toRollup(msg.sender);
        _deposits.push(Deposit(from, to, msg.value, value, gasLimit, data));
    }

    function deposits() external view returns (uint256) {
        return _deposits.length;
    }

    function deposit(uint256 index) external view returns (Deposit memory) {
        return _deposits[index];
    }

    function setPaused(bool value) external {
        paused = value;
    }

    /// @dev As the messenger on the rollup would have it, with a gas limit of the caller's choice.
    function call(address sender, address target, uint256 value, uint256 gasLimit, bytes calldata data)
        external
        payable
        returns (bool success)
    {
        l2Sender = sender;
        (success,) = target.call{value: value, gas: gasLimit}(data);
        l2Sender = NOBODY;
    }

    function finalize(Withdrawal calldata w) external returns (bool success) {
        require(l2Sender == NOBODY, "re-entered");
        bytes32 hash = keccak256(abi.encode(w.nonce, w.sender, w.target, w.value, w.gasLimit, w.data));
        require(!finalized[hash], "already finalized");
        require(gasleft() * 63 / 64 > w.gasLimit + 50_000, "more gas");
        finalized[hash] = true;
        paid += w.value;
        l2Sender = w.sender;
        (success,) = w.target.call{value: w.value, gas: w.gasLimit}(w.data);
        l2Sender = NOBODY;
    }
}
