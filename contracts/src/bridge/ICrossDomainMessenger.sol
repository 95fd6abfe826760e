// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title ICrossDomainMessenger
/// @notice Calls a contract on the other chain, with ether, and can be asked again if the call failed.
interface ICrossDomainMessenger {
    /// @notice A message left for the other chain.
    /// @param target Contract to call there.
    /// @param sender Who sent it here.
    /// @param message Call data.
    /// @param messageNonce Number of the message, with the version in the upper two bytes.
    /// @param gasLimit Gas that the call is guaranteed to get.
    event SentMessage(address indexed target, address sender, bytes message, uint256 messageNonce, uint256 gasLimit);

    /// @notice Follows `SentMessage` and adds the ether that goes along.
    /// @param sender Who sent it here.
    /// @param value Ether, in wei.
    event SentMessageExtension1(address indexed sender, uint256 value);

    /// @notice A message from the other chain was executed.
    /// @param msgHash Hash of the message.
    event RelayedMessage(bytes32 indexed msgHash);

    /// @notice A message from the other chain arrived and could not be executed; anybody may try again.
    /// @param msgHash Hash of the message.
    event FailedRelayedMessage(bytes32 indexed msgHash);

    /// @notice Sends a message, with the ether attached to this call, to a contract on the other chain.
    /// @param target Contract to call there.
    /// @param message Call data.
    /// @param minGasLimit Gas that the call must get there; less is never passed on.
    function sendMessage(address target, bytes calldata message, uint32 minGasLimit) external payable;

    /// @notice Executes a message from the other chain: either the transport delivers it, with its ether, or it was
    ///         delivered before, failed, and anybody tries again without ether.
    /// @param nonce Number of the message, with its version.
    /// @param sender Who sent it on the other chain.
    /// @param target Contract to call.
    /// @param value Ether that goes along, in wei.
    /// @param minGasLimit Gas that the call must get.
    /// @param message Call data.
    function relayMessage(
        uint256 nonce,
        address sender,
        address target,
        uint256 value,
        uint256 minGasLimit,
        bytes calldata message
    ) external payable;

    /// @notice Who sent the message that is being executed now. Reverts when none is.
    function xDomainMessageSender() external view returns (address);

    /// @notice The messenger on the other chain.
    function otherMessenger() external view returns (address);

    /// @notice The nonce that the next message gets, with its version.
    function messageNonce() external view returns (uint256);

    /// @notice Whether a message was executed. It never is again.
    function successfulMessages(bytes32 msgHash) external view returns (bool);

    /// @notice Whether a message arrived and failed at least once.
    function failedMessages(bytes32 msgHash) external view returns (bool);

    /// @notice Whether messages are refused for now. Those already delivered wait.
    function paused() external view returns (bool);
}
