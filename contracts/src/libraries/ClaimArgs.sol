// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimStatus} from "../interfaces/IClaim.sol";
import {IValidity} from "../validity/IValidity.sol";

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
    bytes32 dataHash;
    address parent;
}

/// @title How a claim's facts lie behind its proxy's code.
library ClaimArgs {
    /// @notice The bytes of a minimal proxy before its arguments.
    uint256 private constant PROXY_BYTES = 45;
    /// @notice The bytes of the arguments: two words, five 64-bit numbers and three addresses.
    uint256 private constant ARGS_BYTES = 2 * 32 + 5 * 8 + 3 * 20;

    /// @notice The account is not a claim.
    error NotAClaim(address account);

    /// @notice The bytes to put behind a claim's proxy.
    function encode(ClaimData memory d) internal pure returns (bytes memory) {
        return abi.encodePacked(
            d.outputRoot,
            d.lastBlock,
            d.batchIndex,
            d.index,
            d.parentIndex,
            d.createdAt,
            d.creator,
            d.validity,
            d.dataHash,
            d.parent
        );
    }

    /// @notice Whether `account`'s code has the size of a claim. Says nothing about who made it.
    function isShapedLikeClaim(address account) internal view returns (bool) {
        return account.code.length == PROXY_BYTES + ARGS_BYTES;
    }

    /// @notice Reads what `claim` says out of its code.
    function read(address claim) internal view returns (ClaimData memory d) {
        if (!isShapedLikeClaim(claim)) revert NotAClaim(claim);
        assembly ("memory-safe") {
            // Above the free memory pointer, and not kept.
            let args := mload(0x40)
            extcodecopy(claim, args, PROXY_BYTES, ARGS_BYTES)
            mstore(d, mload(args))
            mstore(add(d, 0x20), shr(192, mload(add(args, 32))))
            mstore(add(d, 0x40), shr(192, mload(add(args, 40))))
            mstore(add(d, 0x60), shr(192, mload(add(args, 48))))
            mstore(add(d, 0x80), shr(192, mload(add(args, 56))))
            mstore(add(d, 0xa0), shr(192, mload(add(args, 64))))
            mstore(add(d, 0xc0), shr(96, mload(add(args, 72))))
            mstore(add(d, 0xe0), shr(96, mload(add(args, 92))))
            mstore(add(d, 0x100), mload(add(args, 112)))
            mstore(add(d, 0x120), shr(96, mload(add(args, 144))))
        }
    }

    /// @notice What tells the claim from all others with its output root: two claims that differ in anything that their
    /// module looks at differ here.
    function extraData(ClaimData memory d) internal pure returns (bytes memory) {
        return abi.encode(uint256(d.lastBlock), d.batchIndex, d.parentIndex, d.dataHash);
    }

    /// @notice How a claim stands. The genesis claim has no module and is final.
    function status(ClaimData memory d) internal view returns (ClaimStatus) {
        return d.validity == address(0) ? ClaimStatus.Final : IValidity(d.validity).status(d.index);
    }
}
