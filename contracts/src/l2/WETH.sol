// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {BoundedCall} from "../bridge/BoundedCall.sol";

/// @title WETH
/// @notice Ether as an ERC-20 token, one for one.
/// @dev Unlike the first WETH it has no fallback: a call of a function that it lacks, such as `permit`, must fail.
contract WETH is ERC20 {
    /// @notice Ether was wrapped.
    event Deposit(address indexed dst, uint256 wad);

    /// @notice Ether was unwrapped.
    event Withdrawal(address indexed src, uint256 wad);

    /// @notice The receiver refused the ether.
    error EtherRefused(address to);

    constructor() ERC20("Wrapped Ether", "WETH") {}

    /// @notice Wraps what is sent.
    receive() external payable {
        deposit();
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.1.0";
    }

    /// @notice Unwraps ether and sends it to the caller.
    /// @param wad How much, in wei.
    function withdraw(uint256 wad) external {
        _burn(msg.sender, wad);
        emit Withdrawal(msg.sender, wad);
        if (!BoundedCall.send(msg.sender, wad)) revert EtherRefused(msg.sender);
    }

    /// @notice Wraps the ether that comes with the call.
    function deposit() public payable {
        _mint(msg.sender, msg.value);
        emit Deposit(msg.sender, msg.value);
    }
}
