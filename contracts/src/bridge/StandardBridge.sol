// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {BoundedCall} from "./BoundedCall.sol";
import {Bridge} from "./Bridge.sol";
import {ICrossDomainMessenger} from "./ICrossDomainMessenger.sol";
import {ILegacyMintableERC20, IOptimismMintableERC20} from "./IMintableERC20.sol";

/// @title StandardBridge
/// @notice What both ends of the bridge for ether and ERC-20 tokens share. A token is at home on one chain, where
///         the bridge holds it in escrow, and has an image on the other, which the bridge mints and burns.
/// @dev Escrow is kept for each pair of tokens apart, so a dishonest token can harm those who hold it and nobody
///      else. What counts is by how much the bridge's balance changed, not what the transfer was asked to do. A token
///      whose balances change by themselves is not supported: wrap it first.
abstract contract StandardBridge is Bridge {
    using SafeERC20 for IERC20;

    /// @dev Gas on the other chain for ether that was merely sent here.
    uint32 internal constant RECEIVE_DEFAULT_GAS_LIMIT = 200_000;

    /// @notice Escrow for each local token and its remote image, in the token's units.
    mapping(address localToken => mapping(address remoteToken => uint256 amount)) public deposits;

    /// @notice Ether left for the other chain.
    event ETHBridgeInitiated(address indexed from, address indexed to, uint256 amount, bytes extraData);

    /// @notice Ether arrived from the other chain.
    event ETHBridgeFinalized(address indexed from, address indexed to, uint256 amount, bytes extraData);

    /// @notice Tokens left for the other chain; `amount` is what the bridge received.
    event ERC20BridgeInitiated(
        address indexed localToken,
        address indexed remoteToken,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice Tokens arrived from the other chain.
    event ERC20BridgeFinalized(
        address indexed localToken,
        address indexed remoteToken,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice The ether sent is not the amount named.
    error WrongValue(uint256 expected, uint256 actual);
    /// @notice Ether cannot go to the bridge or its messenger: nobody could get it out.
    error UnsafeReceiver(address to);
    /// @notice The receiver refused the ether. The message can be tried again.
    error EtherRefused(address to);
    /// @notice More of this pair should leave the escrow than is in it.
    error EscrowExceeded(address localToken, address remoteToken);

    /// @param messenger_ The messenger on this chain.
    /// @param otherBridge_ The bridge on the other chain.
    constructor(ICrossDomainMessenger messenger_, address otherBridge_) Bridge(messenger_, otherBridge_) {}

    /// @notice Bridges the ether sent to the sender's address on the other chain. For accounts with a key only.
    receive() external payable onlyExternallyOwned {
        _bridgeETH(msg.sender, RECEIVE_DEFAULT_GAS_LIMIT, "");
    }

    /// @notice Bridges ether to the caller's address on the other chain. For accounts with a key only.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains, and nowhere else.
    function bridgeETH(uint32 minGasLimit, bytes calldata extraData) external payable onlyExternallyOwned {
        _bridgeETH(msg.sender, minGasLimit, extraData);
    }

    /// @notice Bridges ether. A receiver that is a contract must accept it, else it waits in the messenger there.
    /// @param to Receiver on the other chain.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains, and nowhere else.
    function bridgeETHTo(address to, uint32 minGasLimit, bytes calldata extraData) external payable {
        _bridgeETH(to, minGasLimit, extraData);
    }

    /// @notice Bridges tokens to the caller's address on the other chain. For accounts with a key only.
    /// @param localToken Token on this chain.
    /// @param remoteToken The matching token on the other chain; a wrong one loses the tokens.
    /// @param amount How much to take from the caller, in the token's units.
    /// @param minGasLimit Gas for their arrival.
    /// @param extraData Goes into the events on both chains, and nowhere else.
    function bridgeERC20(
        address localToken,
        address remoteToken,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external onlyExternallyOwned {
        _bridgeERC20(localToken, remoteToken, msg.sender, amount, minGasLimit, extraData);
    }

    /// @notice Bridges tokens.
    /// @param localToken Token on this chain.
    /// @param remoteToken The matching token on the other chain; a wrong one loses the tokens.
    /// @param to Receiver on the other chain.
    /// @param amount How much to take from the caller, in the token's units.
    /// @param minGasLimit Gas for their arrival.
    /// @param extraData Goes into the events on both chains, and nowhere else.
    function bridgeERC20To(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external {
        _bridgeERC20(localToken, remoteToken, to, amount, minGasLimit, extraData);
    }

    /// @notice Pays out ether that was bridged on the other chain.
    /// @param from Who sent it there.
    /// @param to Who receives it here.
    /// @param amount How much, in wei.
    /// @param extraData What the sender attached.
    function finalizeBridgeETH(address from, address to, uint256 amount, bytes calldata extraData)
        public
        payable
        onlyOtherBridge
    {
        if (msg.value != amount) revert WrongValue(amount, msg.value);
        if (to == address(this) || to == address(MESSENGER)) revert UnsafeReceiver(to);
        _onFinalized(address(0), address(0), from, to, amount, extraData);
        emit ETHBridgeFinalized(from, to, amount, extraData);
        if (!BoundedCall.send(to, amount)) revert EtherRefused(to);
    }

    /// @notice Mints or releases tokens that were bridged on the other chain.
    /// @param localToken Token on this chain.
    /// @param remoteToken Token on the other chain.
    /// @param from Who sent them there.
    /// @param to Who receives them here.
    /// @param amount How many, in the token's units.
    /// @param extraData What the sender attached.
    function finalizeBridgeERC20(
        address localToken,
        address remoteToken,
        address from,
        address to,
        uint256 amount,
        bytes calldata extraData
    ) public nonReentrant onlyOtherBridge {
        if (_isImage(localToken, remoteToken)) {
            IOptimismMintableERC20(localToken).mint(to, amount);
        } else {
            _release(localToken, remoteToken, to, amount);
        }
        _onFinalized(localToken, remoteToken, from, to, amount, extraData);
        emit ERC20BridgeFinalized(localToken, remoteToken, from, to, amount, extraData);
    }

    /// @dev Sends the ether of this call to the other chain.
    function _bridgeETH(address to, uint32 minGasLimit, bytes memory extraData) internal {
        _onInitiated(address(0), address(0), to, msg.value, extraData);
        emit ETHBridgeInitiated(msg.sender, to, msg.value, extraData);
        MESSENGER.sendMessage{value: msg.value}(
            OTHER_BRIDGE, abi.encodeCall(this.finalizeBridgeETH, (msg.sender, to, msg.value, extraData)), minGasLimit
        );
    }

    /// @dev Takes tokens from the caller and has them delivered on the other chain. The guard keeps a token that
    ///      calls back from being counted twice.
    function _bridgeERC20(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) internal nonReentrant {
        if (_isImage(localToken, remoteToken)) {
            IOptimismMintableERC20(localToken).burn(msg.sender, amount);
        } else {
            amount = _escrow(localToken, remoteToken, amount);
        }
        _onInitiated(localToken, remoteToken, to, amount, extraData);
        emit ERC20BridgeInitiated(localToken, remoteToken, msg.sender, to, amount, extraData);
        // There, our remote token is the local one.
        MESSENGER.sendMessage(
            OTHER_BRIDGE,
            abi.encodeCall(this.finalizeBridgeERC20, (remoteToken, localToken, msg.sender, to, amount, extraData)),
            minGasLimit
        );
    }

    /// @dev Announces what leaves by its older events. For ether both tokens are zero.
    function _onInitiated(address localToken, address remoteToken, address to, uint256 amount, bytes memory extraData)
        internal
        virtual;

    /// @dev Announces what arrived by its older events. For ether both tokens are zero.
    function _onFinalized(
        address localToken,
        address remoteToken,
        address from,
        address to,
        uint256 amount,
        bytes memory extraData
    ) internal virtual;

    /// @dev Takes tokens into the escrow of a pair. A token may keep a fee: only what arrived counts.
    function _escrow(address localToken, address remoteToken, uint256 amount) private returns (uint256 received) {
        uint256 before = IERC20(localToken).balanceOf(address(this));
        IERC20(localToken).safeTransferFrom(msg.sender, address(this), amount);
        received = IERC20(localToken).balanceOf(address(this)) - before;
        deposits[localToken][remoteToken] += received;
    }

    /// @dev Pays tokens out of the escrow of a pair. Should the token take more than it was asked to, the pair bears
    ///      that too: the escrow of other pairs is not touched.
    function _release(address localToken, address remoteToken, address to, uint256 amount) private {
        _debit(localToken, remoteToken, amount);
        uint256 before = IERC20(localToken).balanceOf(address(this));
        IERC20(localToken).safeTransfer(to, amount);
        uint256 remaining = IERC20(localToken).balanceOf(address(this));
        if (remaining + amount < before) _debit(localToken, remoteToken, before - remaining - amount);
    }

    /// @dev Lowers the escrow of a pair.
    function _debit(address localToken, address remoteToken, uint256 amount) private {
        uint256 held = deposits[localToken][remoteToken];
        if (held < amount) revert EscrowExceeded(localToken, remoteToken);
        unchecked {
            deposits[localToken][remoteToken] = held - amount;
        }
    }

    /// @dev Whether the local token is an image, and then that it is this remote token's.
    function _isImage(address localToken, address remoteToken) private view returns (bool) {
        address named;
        if (ERC165Checker.supportsInterface(localToken, type(ILegacyMintableERC20).interfaceId)) {
            named = ILegacyMintableERC20(localToken).l1Token();
        } else if (ERC165Checker.supportsInterface(localToken, type(IOptimismMintableERC20).interfaceId)) {
            named = IOptimismMintableERC20(localToken).remoteToken();
        } else {
            return false;
        }
        if (named != remoteToken) revert WrongRemoteToken(localToken, remoteToken);
        return true;
    }
}
