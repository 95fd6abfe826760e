// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {BoundedCall} from "./BoundedCall.sol";
import {ICrossDomainMessenger} from "./ICrossDomainMessenger.sol";

/// @title CrossDomainMessenger
/// @notice What both ends of the message channel share. A message executes at most once; a failed one stays, with
///         its ether, until somebody's attempt succeeds.
/// @dev A message's identity is the hash of its canonical `relayMessage` call data (version 1 of the OP Stack), so no
///      other encoding of the same arguments can make a second message of it.
abstract contract CrossDomainMessenger is ICrossDomainMessenger {
    /// @notice Only version 1 exists here: version 0 belongs to chains older than this format.
    uint16 public constant MESSAGE_VERSION = 1;

    /// @notice Gas for `relayMessage` up to the point where it looks at what is left.
    uint64 public constant RELAY_CONSTANT_OVERHEAD = 200_000;
    /// @notice What a CALL may cost before the callee gets anything: a cold account, value, a new account.
    uint64 public constant RELAY_CALL_OVERHEAD = 40_000;
    /// @notice Kept back to record how the call ended.
    uint64 public constant RELAY_RESERVED_GAS = 40_000;
    /// @notice For the steps between looking at the gas and the CALL.
    uint64 public constant RELAY_GAS_CHECK_BUFFER = 5_000;
    /// @notice A caller keeps a 64th of its gas (EIP-150): numerator of what it needs for the callee's.
    uint64 public constant MIN_GAS_DYNAMIC_OVERHEAD_NUMERATOR = 64;
    /// @notice Denominator of the same.
    uint64 public constant MIN_GAS_DYNAMIC_OVERHEAD_DENOMINATOR = 63;
    /// @notice Gas for a byte of call data.
    uint64 public constant MIN_GAS_CALLDATA_OVERHEAD = 16;
    /// @notice Least gas for a byte of call data of a transaction that computes little (EIP-7623).
    uint64 public constant FLOOR_CALLDATA_OVERHEAD = 40;
    /// @notice Bytes that `relayMessage` call data has besides the message.
    uint64 public constant ENCODING_OVERHEAD = 260;
    /// @notice Gas of a transaction that does nothing.
    uint64 public constant TX_BASE_GAS = 21_000;

    /// @dev Wallets estimate gas from this address, which nobody can own. For it a failed relay reverts, so that the
    ///      search for a gas limit does not settle on one with which the message merely fails.
    address internal constant ESTIMATION_ORIGIN = address(1);

    /// @dev Where the message starts in its canonical call data: behind length word, selector, six words and the
    ///      message's own length.
    uint256 private constant MESSAGE_OFFSET = 0x20 + 4 + 7 * 0x20;

    /// @notice The messenger on the other chain.
    address public immutable OTHER_MESSENGER;

    /// @inheritdoc ICrossDomainMessenger
    mapping(bytes32 msgHash => bool) public successfulMessages;

    /// @inheritdoc ICrossDomainMessenger
    mapping(bytes32 msgHash => bool) public failedMessages;

    /// @dev Messages sent so far.
    uint240 private _sent;

    /// @dev Sender of the message being executed; zero when none is. Also keeps a second message from starting.
    address private transient _activeSender;

    /// @notice The target is part of the channel itself: a call to it would speak in the messenger's name.
    error UnsafeTarget(address target);
    /// @notice This version of messages was never sent.
    error UnknownMessageVersion(uint256 nonce);
    /// @notice The transport must bring exactly the message's ether.
    error WrongValue(uint256 expected, uint256 actual);
    /// @notice A new attempt uses the ether that arrived the first time; send none.
    error ValueOnReplay();
    /// @notice The message never arrived, so there is nothing to try again.
    error MessageNotFailed(bytes32 msgHash);
    /// @notice The transport delivered the same message twice.
    error MessageAlreadyDelivered(bytes32 msgHash);
    /// @notice The message was executed before.
    error MessageAlreadyRelayed(bytes32 msgHash);
    /// @notice The message failed, and the caller only estimates gas.
    error RelayFailedInEstimation();
    /// @notice No message is being executed.
    error NoMessageActive();
    /// @notice Messages are paused; try again later.
    error MessengerPaused();

    /// @param otherMessenger_ The messenger on the other chain.
    constructor(address otherMessenger_) {
        OTHER_MESSENGER = otherMessenger_;
    }

    /// @inheritdoc ICrossDomainMessenger
    function sendMessage(address target, bytes calldata message, uint32 minGasLimit) external payable {
        // The other side would refuse it and the ether would be stuck: say so here.
        if (_isUnsafeDestination(target)) revert UnsafeTarget(target);
        uint256 nonce = messageNonce();
        unchecked {
            ++_sent;
        }
        _transmit(
            baseGas(message, minGasLimit),
            abi.encodeCall(this.relayMessage, (nonce, msg.sender, target, msg.value, minGasLimit, message))
        );
        emit SentMessage(target, msg.sender, message, nonce, minGasLimit);
        emit SentMessageExtension1(msg.sender, msg.value);
    }

    /// @inheritdoc ICrossDomainMessenger
    function relayMessage(
        uint256 nonce,
        address sender,
        address target,
        uint256 value,
        uint256 minGasLimit,
        bytes calldata message
    ) external payable {
        if (paused()) revert MessengerPaused();
        if (nonce >> 240 != MESSAGE_VERSION) revert UnknownMessageVersion(nonce);
        if (_isUnsafeTarget(target)) revert UnsafeTarget(target);

        bytes memory encoded = abi.encodeCall(this.relayMessage, (nonce, sender, target, value, minGasLimit, message));
        bytes32 msgHash = keccak256(encoded);
        _admit(msgHash, value);

        // A message that arrives while another runs waits for a new attempt: only one sender can be active.
        bool success;
        if (_activeSender == address(0) && gasleft() >= _gasToRelay(minGasLimit)) {
            _activeSender = sender;
            success = _execute(target, value, encoded, message.length);
            _activeSender = address(0);
        }
        _record(msgHash, success);
    }

    /// @inheritdoc ICrossDomainMessenger
    function xDomainMessageSender() external view returns (address) {
        if (_activeSender == address(0)) revert NoMessageActive();
        return _activeSender;
    }

    /// @inheritdoc ICrossDomainMessenger
    function otherMessenger() external view returns (address) {
        return OTHER_MESSENGER;
    }

    /// @inheritdoc ICrossDomainMessenger
    function messageNonce() public view returns (uint256) {
        return uint256(MESSAGE_VERSION) << 240 | _sent;
    }

    /// @notice Gas limit that the transport needs, so that the target gets `minGasLimit` and the outcome is recorded.
    /// @param message Call data for the target.
    /// @param minGasLimit Gas for the target.
    function baseGas(bytes calldata message, uint32 minGasLimit) public pure returns (uint64) {
        // Counted with the zeros that pad the message to whole words.
        uint64 size = ENCODING_OVERHEAD + (uint64(message.length) + 31) / 32 * 32;
        uint64 execution = RELAY_CONSTANT_OVERHEAD + RELAY_CALL_OVERHEAD + RELAY_RESERVED_GAS + RELAY_GAS_CHECK_BUFFER
            + uint64(minGasLimit) * MIN_GAS_DYNAMIC_OVERHEAD_NUMERATOR / MIN_GAS_DYNAMIC_OVERHEAD_DENOMINATOR;
        return
            TX_BASE_GAS + uint64(Math.max(execution + size * MIN_GAS_CALLDATA_OVERHEAD, size * FLOOR_CALLDATA_OVERHEAD));
    }

    /// @inheritdoc ICrossDomainMessenger
    function paused() public view virtual returns (bool);

    /// @dev Hands a call to the other messenger, with this call's ether, to the transport.
    function _transmit(uint64 gasLimit, bytes memory data) internal virtual;

    /// @dev Whether the transport is delivering a message of the other messenger right now.
    function _isDelivery() internal view virtual returns (bool);

    /// @dev Contracts here that must never be called in the messenger's name.
    function _isUnsafeTarget(address target) internal view virtual returns (bool);

    /// @dev Contracts on the other chain that are known here to be refused there.
    function _isUnsafeDestination(address target) internal view virtual returns (bool) {
        return target == OTHER_MESSENGER;
    }

    /// @dev Decides whether this caller may have this message executed now.
    function _admit(bytes32 msgHash, uint256 value) private view {
        if (successfulMessages[msgHash]) revert MessageAlreadyRelayed(msgHash);
        bool failedBefore = failedMessages[msgHash];
        if (_isDelivery()) {
            if (msg.value != value) revert WrongValue(value, msg.value);
            if (failedBefore) revert MessageAlreadyDelivered(msgHash);
        } else {
            if (msg.value != 0) revert ValueOnReplay();
            if (!failedBefore) revert MessageNotFailed(msgHash);
        }
    }

    /// @dev Calls the target with the message as it lies in the encoded call data: nothing is allocated between the
    ///      look at the gas and the CALL.
    function _execute(address target, uint256 value, bytes memory encoded, uint256 length)
        private
        returns (bool success)
    {
        uint256 start;
        assembly ("memory-safe") {
            start := add(encoded, MESSAGE_OFFSET)
        }
        return BoundedCall.call(target, gasleft() - RELAY_RESERVED_GAS - RELAY_CALL_OVERHEAD, value, start, length);
    }

    /// @dev Remembers how an attempt ended.
    function _record(bytes32 msgHash, bool success) private {
        if (success) {
            successfulMessages[msgHash] = true;
            emit RelayedMessage(msgHash);
            return;
        }
        failedMessages[msgHash] = true;
        emit FailedRelayedMessage(msgHash);
        // solhint-disable-next-line avoid-tx-origin
        if (tx.origin == ESTIMATION_ORIGIN) revert RelayFailedInEstimation();
    }

    /// @dev Gas that must be left before the CALL, so that the target gets `minGasLimit` after the CALL's own cost
    ///      and the 64th that stays here, and so that this contract can finish.
    function _gasToRelay(uint256 minGasLimit) private pure returns (uint256) {
        return Math.ceilDiv(minGasLimit * MIN_GAS_DYNAMIC_OVERHEAD_NUMERATOR, MIN_GAS_DYNAMIC_OVERHEAD_DENOMINATOR)
            + RELAY_CALL_OVERHEAD + RELAY_RESERVED_GAS + RELAY_GAS_CHECK_BUFFER;
    }
}
