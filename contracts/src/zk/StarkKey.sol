// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {P, NotCanonical} from "./Ext4.sol";

/// @title A verifying key with everything derived from it, in data contracts (docs/stark.md, section 3).
/// @notice Its head, the traces, the preamble and, per trace, the program of its constraints. What a key says is
/// trusted: it is named by its hash, which whoever relies on a verdict compares.
/// @dev A data contract's code is a zero byte (STOP) and up to 24,575 bytes. All but the programs lies in the first.
library StarkKey {
    /// @dev Offsets of the head's single bytes.
    uint256 internal constant L_SKIP = 4;
    uint256 internal constant N_STACK = 5;
    uint256 internal constant LOG_BLOWUP = 6;
    uint256 internal constant FOLDING = 7;
    uint256 internal constant ROUNDS = 8;
    uint256 internal constant LOG_FINAL = 9;
    uint256 internal constant LOGUP_WORK = 10;
    uint256 internal constant MU_WORK = 11;
    uint256 internal constant FOLDING_WORK = 12;
    uint256 internal constant QUERY_WORK = 13;
    uint256 internal constant DEGREE = 14;
    uint256 internal constant GKR_ROUNDS = 15;
    uint256 internal constant N_MAX = 16;
    uint256 internal constant N_LOGUP = 17;
    /// @dev Offsets of its pairs of bytes.
    uint256 internal constant WIDTH = 18;
    uint256 internal constant TRACES = 20;
    uint256 internal constant COLUMNS = 22;
    uint256 internal constant PREAMBLE = 26;
    uint256 internal constant RANGES = 28;
    uint256 internal constant QUERIES = 64;
    /// @dev Of a word.
    uint256 internal constant PRE_HASH = 32;
    /// @dev Bytes of the head, of a trace and of a free range.
    uint256 private constant HEAD = 96;
    uint256 private constant TRACE = 32;
    uint256 private constant RANGE = 4;
    /// @dev "AKS1".
    uint256 private constant MAGIC = 0x414b5331;
    /// @dev Bytes of the key in a data contract that is not the last.
    uint256 private constant CHUNK = 24_575;

    /// @notice There is no key in these contracts, or not the whole head in the first.
    error BadKey();
    /// @notice The claim does not have exactly the words that the key leaves open.
    error WrongClaimLength();

    /// @notice The key's hash; in memory its head, followed by traces, ranges and preamble.
    /// @param reserve Leaves the memory below the head to the programs' values, which begin at address 0. Nothing may
    /// have been put in memory before.
    function load(address[] calldata chunks, bool reserve) internal view returns (uint256 head, bytes32 hash) {
        if (chunks.length == 0) revert BadKey();
        hash = hashOf(chunks);
        address first = chunks[0];
        head = _copy(first, HEAD);
        if (byteAt(head, 0) << 24 | byteAt(head, 1) << 16 | pairAt(head, 2) != MAGIC) revert BadKey();
        uint256 size = preamble(head) + pairAt(head, PREAMBLE) - head;
        head = _copy(first, size);
        if (reserve) {
            uint256 top = head;
            for (uint256 i = 0; i < pairAt(head, TRACES); ++i) {
                uint256 slots = (trace(head, i) >> 128) & 0xffff;
                if (slots << 5 > top) top = slots << 5;
            }
            assembly ("memory-safe") {
                mstore(0x40, top)
            }
            head = _copy(first, size);
        }
        assembly ("memory-safe") {
            mstore(0x40, and(add(add(head, size), 0x3f), not(0x1f)))
        }
    }

    /// @notice The hash that names the key in `chunks`: over the hashes of their codes.
    function hashOf(address[] calldata chunks) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let n := chunks.length
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                mstore(add(free, shl(5, i)), extcodehash(calldataload(add(chunks.offset, shl(5, i)))))
            }
            hash := keccak256(free, shl(5, n))
        }
    }

    /// @dev The key's first `size` bytes, where memory is free, without taking it.
    function _copy(address first, uint256 size) private view returns (uint256 pos) {
        if (first.code.length <= size) revert BadKey();
        assembly ("memory-safe") {
            pos := mload(0x40)
            extcodecopy(first, pos, 1, size)
        }
    }

    /// @notice Puts the claim's words in the places that the preamble leaves open.
    function fill(uint256 head, bytes calldata claim) internal pure {
        uint256 ranges = pairAt(head, RANGES);
        uint256 from;
        assembly ("memory-safe") {
            from := claim.offset
        }
        uint256 end = from + claim.length;
        uint256 table = head + HEAD + TRACE * pairAt(head, TRACES);
        uint256 to = preamble(head);
        for (uint256 i = 0; i < ranges; ++i) {
            uint256 offset = pairAt(table, RANGE * i);
            uint256 length = 4 * pairAt(table, RANGE * i + 2);
            assembly ("memory-safe") {
                calldatacopy(add(to, offset), from, length)
            }
            from += length;
        }
        if (from != end) revert WrongClaimLength();
        for (uint256 pos = end - claim.length; pos < end; pos += 4) {
            uint256 word;
            assembly ("memory-safe") {
                word := shr(224, calldataload(pos))
            }
            if (word >= P) revert NotCanonical();
        }
    }

    /// @notice The byte at `offset` of the head.
    function byteAt(uint256 head, uint256 offset) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, mload(add(head, offset)))
        }
    }

    /// @notice The two bytes at `offset` of the head.
    function pairAt(uint256 head, uint256 offset) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(240, mload(add(head, offset)))
        }
    }

    /// @notice The library's hash of its verifying key.
    function preHash(uint256 head) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(head, PRE_HASH))
        }
    }

    /// @notice How many queries round `i` of WHIR has.
    function queries(uint256 head, uint256 i) internal pure returns (uint256) {
        return pairAt(head, QUERIES + 2 * i);
    }

    /// @notice Where the preamble is in memory.
    function preamble(uint256 head) internal pure returns (uint256) {
        return head + HEAD + TRACE * pairAt(head, TRACES) + RANGE * pairAt(head, RANGES);
    }

    /// @notice The word that describes trace `i`, the highest first.
    function trace(uint256 head, uint256 i) internal pure returns (uint256 entry) {
        assembly ("memory-safe") {
            entry := mload(add(add(head, HEAD), shl(5, i)))
        }
    }

    /// @notice Log2 of the trace's height.
    function logHeight(uint256 entry) internal pure returns (uint256) {
        return (entry >> 232) & 0xff;
    }

    /// @notice Whether the next row is opened as well.
    function rotates(uint256 entry) internal pure returns (bool) {
        return (entry >> 224) & 0xff != 0;
    }

    /// @notice The trace's columns.
    function columns(uint256 entry) internal pure returns (uint256) {
        return (entry >> 208) & 0xffff;
    }

    /// @notice How many public values the AIR has.
    function publics(uint256 entry) internal pure returns (uint256) {
        return (entry >> 192) & 0xffff;
    }

    /// @notice Where they begin in the preamble.
    function publicsOffset(uint256 entry) internal pure returns (uint256) {
        return (entry >> 176) & 0xffff;
    }

    /// @notice How many constraints there are.
    function constraints(uint256 entry) internal pure returns (uint256) {
        return (entry >> 160) & 0xffff;
    }

    /// @notice How many interactions there are.
    function interactions(uint256 entry) internal pure returns (uint256) {
        return (entry >> 144) & 0xffff;
    }

    /// @notice Copies the program of a trace to memory at `to`.
    function program(address[] calldata chunks, uint256 entry, uint256 to) internal view {
        uint256 offset = (entry >> 96) & 0xffffffff;
        uint256 length = (entry >> 64) & 0xffffffff;
        while (length != 0) {
            address chunk = chunks[offset / CHUNK];
            uint256 within = offset % CHUNK;
            uint256 part = length < CHUNK - within ? length : CHUNK - within;
            assembly ("memory-safe") {
                extcodecopy(chunk, to, add(within, 1), part)
            }
            offset += part;
            length -= part;
            to += part;
        }
    }
}
