// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The claim of the last layer's STARK: a program of the zkVM ended well, with an output of 32 bytes.
/// @notice 192 bytes: the commitments to the program and to the zkVM, eight words each; and a word for each byte of the
/// output. A word is x·2^52 mod p, big-endian (docs/stark.md, section 8).
library ProgramClaim {
    /// @notice The field's order: 15·2^27 + 1.
    uint256 private constant P = 2013265921;
    /// @notice The word of 1: 2^52 mod P.
    uint256 private constant ONE = 266198494;

    /// @notice The claim's bytes.
    /// @param exeCommit The commitment to the program, as eight words.
    /// @param vmCommit The commitment to the zkVM, as eight words.
    function encode(bytes32 exeCommit, bytes32 vmCommit, bytes32 output) internal pure returns (bytes memory) {
        uint256 rest = uint256(output);
        return abi.encodePacked(
            exeCommit, vmCommit, _words(rest >> 192), _words(rest >> 128), _words(rest >> 64), _words(rest)
        );
    }

    /// @dev The words of the last eight bytes.
    function _words(uint256 eight) private pure returns (uint256 words) {
        unchecked {
            for (uint256 i = 0; i < 8; ++i) {
                words |= (eight >> (8 * i) & 0xff) * ONE % P << (32 * i);
            }
        }
    }
}
