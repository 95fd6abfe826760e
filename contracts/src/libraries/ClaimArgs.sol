// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

/// @notice Everything a claim says. It never changes, so it lives in the claim's code.
struct ClaimData {
    bytes32 outputRoot;
    uint64 lastBlock;
    uint64 batchIndex;
    uint64 index;
    uint64 parentIndex;
    uint64 createdAt;
    address creator;
    address validity;
}

/// @title How a claim's facts lie behind its proxy's code.
library ClaimArgs {
    /// @notice The bytes of a minimal proxy before its arguments.
    uint256 private constant PROXY_BYTES = 45;
    /// @notice The bytes of the arguments: a word, five 64-bit numbers and two addresses.
    uint256 private constant ARGS_BYTES = 32 + 5 * 8 + 2 * 20;

    /// @notice The account is not a claim.
    error NotAClaim(address account);

    /// @notice The bytes to put behind a claim's proxy.
    function encode(ClaimData memory d) internal pure returns (bytes memory) {
        return abi.encodePacked(
            d.outputRoot, d.lastBlock, d.batchIndex, d.index, d.parentIndex, d.createdAt, d.creator, d.validity
        );
    }

    /// @notice Whether `account`'s code has the size of a claim. Says nothing about who made it.
    function isShapedLikeClaim(address account) internal view returns (bool) {
        return account.code.length == PROXY_BYTES + ARGS_BYTES;
    }

    /// @notice Reads what `claim` says out of its code.
    function read(address claim) internal view returns (ClaimData memory d) {
        if (!isShapedLikeClaim(claim)) revert NotAClaim(claim);
        bytes memory args = Clones.fetchCloneArgs(claim);
        bytes32 numbers;
        bytes32 addresses;
        bytes32 tail;
        assembly ("memory-safe") {
            mstore(d, mload(add(args, 0x20)))
            numbers := mload(add(args, 0x40))
            addresses := mload(add(args, 0x60))
            tail := mload(add(args, 0x70))
        }
        d.lastBlock = uint64(uint256(numbers) >> 192);
        d.batchIndex = uint64(uint256(numbers) >> 128);
        d.index = uint64(uint256(numbers) >> 64);
        d.parentIndex = uint64(uint256(numbers));
        d.createdAt = uint64(uint256(addresses) >> 192);
        d.creator = address(uint160(uint256(addresses) >> 32));
        d.validity = address(uint160(uint256(tail)));
    }
}
