// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Predeploys} from "../l2/Predeploys.sol";
import {ICrossDomainMessenger} from "./ICrossDomainMessenger.sol";
import {StandardBridge} from "./StandardBridge.sol";

/// @title L1StandardBridge
/// @notice The bridge for ether and ERC-20 tokens on the parent chain, with the names and events that wallets knew
///         before both ends looked alike.
contract L1StandardBridge is StandardBridge {
    /// @notice Ether left for the rollup.
    event ETHDepositInitiated(address indexed from, address indexed to, uint256 amount, bytes extraData);

    /// @notice Ether arrived from the rollup.
    event ETHWithdrawalFinalized(address indexed from, address indexed to, uint256 amount, bytes extraData);

    /// @notice Tokens left for the rollup.
    event ERC20DepositInitiated(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice Tokens arrived from the rollup.
    event ERC20WithdrawalFinalized(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @param messenger_ The messenger on the parent chain.
    constructor(ICrossDomainMessenger messenger_) StandardBridge(messenger_, Predeploys.STANDARD_BRIDGE) {}

    /// @notice `bridgeETH` under its old name.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains.
    function depositETH(uint32 minGasLimit, bytes calldata extraData) external payable onlyExternallyOwned {
        _bridgeETH(msg.sender, minGasLimit, extraData);
    }

    /// @notice `bridgeETHTo` under its old name.
    /// @param to Receiver on the rollup.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains.
    function depositETHTo(address to, uint32 minGasLimit, bytes calldata extraData) external payable {
        _bridgeETH(to, minGasLimit, extraData);
    }

    /// @notice `bridgeERC20` under its old name.
    /// @param l1Token Token here.
    /// @param l2Token The matching token on the rollup.
    /// @param amount How much to take from the caller.
    /// @param minGasLimit Gas for their arrival.
    /// @param extraData Goes into the events on both chains.
    function depositERC20(
        address l1Token,
        address l2Token,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external onlyExternallyOwned {
        _bridgeERC20(l1Token, l2Token, msg.sender, amount, minGasLimit, extraData);
    }

    /// @notice `bridgeERC20To` under its old name.
    /// @param l1Token Token here.
    /// @param l2Token The matching token on the rollup.
    /// @param to Receiver on the rollup.
    /// @param amount How much to take from the caller.
    /// @param minGasLimit Gas for their arrival.
    /// @param extraData Goes into the events on both chains.
    function depositERC20To(
        address l1Token,
        address l2Token,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external {
        _bridgeERC20(l1Token, l2Token, to, amount, minGasLimit, extraData);
    }

    /// @notice `finalizeBridgeETH` under its old name.
    /// @param from Who sent it on the rollup.
    /// @param to Who receives it here.
    /// @param amount How much, in wei.
    /// @param extraData What the sender attached.
    function finalizeETHWithdrawal(address from, address to, uint256 amount, bytes calldata extraData)
        external
        payable
    {
        finalizeBridgeETH(from, to, amount, extraData);
    }

    /// @notice `finalizeBridgeERC20` under its old name.
    /// @param l1Token Token here.
    /// @param l2Token Token on the rollup.
    /// @param from Who sent them on the rollup.
    /// @param to Who receives them here.
    /// @param amount How many.
    /// @param extraData What the sender attached.
    function finalizeERC20Withdrawal(
        address l1Token,
        address l2Token,
        address from,
        address to,
        uint256 amount,
        bytes calldata extraData
    ) external {
        finalizeBridgeERC20(l1Token, l2Token, from, to, amount, extraData);
    }

    /// @notice The bridge on the rollup, under its old name.
    function l2TokenBridge() external view returns (address) {
        return OTHER_BRIDGE;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "3.0.0";
    }

    /// @inheritdoc StandardBridge
    function _onInitiated(address localToken, address remoteToken, address to, uint256 amount, bytes memory extraData)
        internal
        override
    {
        if (localToken == address(0)) {
            emit ETHDepositInitiated(msg.sender, to, amount, extraData);
        } else {
            emit ERC20DepositInitiated(localToken, remoteToken, msg.sender, to, amount, extraData);
        }
    }

    /// @inheritdoc StandardBridge
    function _onFinalized(
        address localToken,
        address remoteToken,
        address from,
        address to,
        uint256 amount,
        bytes memory extraData
    ) internal override {
        if (localToken == address(0)) {
            emit ETHWithdrawalFinalized(from, to, amount, extraData);
        } else {
            emit ERC20WithdrawalFinalized(localToken, remoteToken, from, to, amount, extraData);
        }
    }
}
