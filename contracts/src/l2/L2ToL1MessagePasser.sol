// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title L2ToL1MessagePasser
/// @notice Where withdrawals begin: each leaves a mark in storage, and the Portal on the parent chain pays whoever
///         proves that mark against an output root.
/// @dev `sentMessages` must stay in slot 0: the Portal and viem compute the proven slot from it.
contract L2ToL1MessagePasser {
    /// @notice Version of withdrawals, in the upper two bytes of their nonce.
    uint16 public constant MESSAGE_VERSION = 1;

    /// @notice Gas limit of a withdrawal made by merely sending ether here.
    uint256 internal constant RECEIVE_GAS_LIMIT = 100_000;

    /// @notice Which withdrawals were initiated.
    mapping(bytes32 withdrawalHash => bool) public sentMessages;

    /// @dev Withdrawals so far.
    uint240 private _sent;

    /// @notice A withdrawal was initiated.
    /// @param nonce Number of the withdrawal, with its version.
    /// @param sender Who initiated it.
    /// @param target Whom the Portal calls.
    /// @param value Ether for that call, in wei.
    /// @param gasLimit Gas for that call.
    /// @param data Call data.
    /// @param withdrawalHash Hash of all of these.
    event MessagePassed(
        uint256 indexed nonce,
        address indexed sender,
        address indexed target,
        uint256 value,
        uint256 gasLimit,
        bytes data,
        bytes32 withdrawalHash
    );

    /// @notice Ether that left the rollup was removed from its supply.
    /// @param amount How much, in wei.
    event WithdrawerBalanceBurnt(uint256 indexed amount);

    /// @notice Removing the ether failed.
    error BurnFailed();

    /// @notice Withdraws what is sent to the sender's own address on the parent chain.
    receive() external payable {
        initiateWithdrawal(msg.sender, RECEIVE_GAS_LIMIT, "");
    }

    /// @notice Removes the ether collected here from the rollup's supply: it was, or will be, paid on the parent.
    function burn() external {
        uint256 amount = address(this).balance;
        address burner;
        assembly ("memory-safe") {
            // Init code `ADDRESS SELFDESTRUCT`: a contract that ends in the transaction that made it takes its
            // balance along (EIP-6780).
            mstore(0, shl(240, 0x30ff))
            burner := create(amount, 0, 2)
        }
        if (burner == address(0)) revert BurnFailed();
        emit WithdrawerBalanceBurnt(amount);
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.1.0";
    }

    /// @notice Initiates a call on the parent chain, with the ether attached to this one.
    /// @param target Whom the Portal calls.
    /// @param gasLimit Least gas for that call.
    /// @param data Call data.
    function initiateWithdrawal(address target, uint256 gasLimit, bytes memory data) public payable {
        uint256 nonce = messageNonce();
        bytes32 withdrawalHash = keccak256(abi.encode(nonce, msg.sender, target, msg.value, gasLimit, data));
        sentMessages[withdrawalHash] = true;
        unchecked {
            ++_sent;
        }
        emit MessagePassed(nonce, msg.sender, target, msg.value, gasLimit, data, withdrawalHash);
    }

    /// @notice The nonce that the next withdrawal gets, with its version.
    function messageNonce() public view returns (uint256) {
        return uint256(MESSAGE_VERSION) << 240 | _sent;
    }
}
