// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title BoundedCall
/// @notice Calls that copy nothing back, so that the callee cannot make the caller pay for its return data.
library BoundedCall {
    /// @notice Calls `target` with at most `gasLimit` gas.
    /// @param target Who is called.
    /// @param gasLimit Upper bound of the gas passed on; the EVM keeps back a 64th of what is left in any case.
    /// @param value Ether to send, in wei.
    /// @param data Where the call data starts in memory.
    /// @param length How many bytes of call data there are.
    /// @return success Whether the call returned without reverting.
    function call(address target, uint256 gasLimit, uint256 value, uint256 data, uint256 length)
        internal
        returns (bool success)
    {
        assembly ("memory-safe") {
            success := call(gasLimit, target, value, data, length, 0, 0)
        }
    }

    /// @notice Sends ether with all the gas there is.
    /// @param to Who receives it.
    /// @param value How much, in wei.
    /// @return success Whether the receiver accepted it.
    function send(address to, uint256 value) internal returns (bool success) {
        return call(to, gasleft(), value, 0, 0);
    }
}
