// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The address under which a parent-chain contract acts on the rollup.
/// @notice A contract's code differs between chains, so its address is shifted by a constant: whoever controls an
/// address on one chain cannot speak for a contract that happens to have the same address on the other.
library Alias {
    uint160 private constant OFFSET = uint160(0x1111000000000000000000000000000000001111);

    /// @notice The rollup's name for the parent-chain contract `account`.
    function toRollup(address account) internal pure returns (address) {
        unchecked {
            return address(uint160(account) + OFFSET);
        }
    }

    /// @notice The parent-chain contract that `account` stands for on the rollup.
    function toParent(address account) internal pure returns (address) {
        unchecked {
            return address(uint160(account) - OFFSET);
        }
    }

    /// @notice Whether the caller is under a private key: it signed this transaction, or its code is an EIP-7702
    /// delegation, which only a key can set. Such a caller keeps its own address on the rollup.
    function callerHasKey() internal view returns (bool) {
        if (msg.sender == tx.origin) return true;
        if (msg.sender.code.length != 23) return false;
        return bytes3(msg.sender.code) == 0xef0100;
    }
}
