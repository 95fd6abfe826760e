// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice The base of every test: the cheat codes, named accounts, and what forge's invariant runner looks for.
abstract contract Test {
    /// @notice Makes forge treat this contract as a test.
    bool public constant IS_TEST = true;

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address[] private _targets;
    FuzzSelector[] private _selectors;
    address[] private _senders;

    /// @dev An account with a name and no key that we use.
    function makeAddr(string memory name) internal returns (address account) {
        account = address(uint160(uint256(keccak256(bytes(name)))));
        vm.label(account, name);
    }

    /// @dev Folds `x` into `[low, high]`.
    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        require(low <= high, "bound: empty range");
        uint256 size = high - low;
        if (size == type(uint256).max) return x;
        return low + (x % (size + 1));
    }

    /// @dev Moves time and one block on.
    function skip(uint256 secs) internal {
        vm.warp(vm.getBlockTimestamp() + secs);
        vm.roll(vm.getBlockNumber() + 1);
    }

    /// @dev The invariant runner calls only these functions of `target`.
    function targetOnly(address target, bytes4[] memory selectors) internal {
        _targets.push(target);
        _selectors.push(FuzzSelector(target, selectors));
    }

    /// @dev The invariant runner sends only from these accounts.
    function sendFrom(address sender) internal {
        _senders.push(sender);
    }

    /// @notice Read by forge's invariant runner.
    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    /// @notice Read by forge's invariant runner.
    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _selectors;
    }

    /// @notice Read by forge's invariant runner.
    function targetSenders() external view returns (address[] memory) {
        return _senders;
    }
}
