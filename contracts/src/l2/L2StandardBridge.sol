// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICrossDomainMessenger} from "../bridge/ICrossDomainMessenger.sol";
import {ILegacyMintableERC20} from "../bridge/IMintableERC20.sol";
import {StandardBridge} from "../bridge/StandardBridge.sol";
import {Predeploys} from "./Predeploys.sol";

/// @title L2StandardBridge
/// @notice The bridge for ether and ERC-20 tokens on the rollup, with the names and events that wallets knew before
///         both ends looked alike.
contract L2StandardBridge is StandardBridge {
    /// @notice Ether or tokens left for the parent chain. For ether, `l1Token` is zero and `l2Token` stands for it.
    event WithdrawalInitiated(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice Ether or tokens arrived from the parent chain. For ether, `l1Token` is zero and `l2Token` stands for it.
    event DepositFinalized(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @param otherBridge_ The bridge on the parent chain.
    constructor(address otherBridge_) StandardBridge(ICrossDomainMessenger(Predeploys.MESSENGER), otherBridge_) {}

    /// @notice Withdraws tokens, or ether, to the caller's address on the parent chain. For accounts with a key only.
    /// @param l2Token Token here, or the stand-in for ether.
    /// @param amount How much; for ether, what is sent along.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains.
    function withdraw(address l2Token, uint256 amount, uint32 minGasLimit, bytes calldata extraData)
        external
        payable
        onlyExternallyOwned
    {
        _withdraw(l2Token, msg.sender, amount, minGasLimit, extraData);
    }

    /// @notice Withdraws tokens, or ether, to a receiver on the parent chain.
    /// @param l2Token Token here, or the stand-in for ether.
    /// @param to Receiver on the parent chain.
    /// @param amount How much; for ether, what is sent along.
    /// @param minGasLimit Gas for its arrival.
    /// @param extraData Goes into the events on both chains.
    function withdrawTo(address l2Token, address to, uint256 amount, uint32 minGasLimit, bytes calldata extraData)
        external
        payable
    {
        _withdraw(l2Token, to, amount, minGasLimit, extraData);
    }

    /// @notice The bridge on the parent chain, under its old name.
    function l1TokenBridge() external view returns (address) {
        return OTHER_BRIDGE;
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.13.0";
    }

    /// @dev Withdraws what the old interface names by one address. Only images know their token on the parent.
    function _withdraw(address l2Token, address to, uint256 amount, uint32 minGasLimit, bytes calldata extraData)
        private
    {
        bool isEther = l2Token == Predeploys.LEGACY_ETH;
        uint256 value = isEther ? amount : 0;
        if (msg.value != value) revert WrongValue(value, msg.value);
        if (isEther) {
            _bridgeETH(to, minGasLimit, extraData);
        } else {
            _bridgeERC20(l2Token, ILegacyMintableERC20(l2Token).l1Token(), to, amount, minGasLimit, extraData);
        }
    }

    /// @inheritdoc StandardBridge
    function _onInitiated(address localToken, address remoteToken, address to, uint256 amount, bytes memory extraData)
        internal
        override
    {
        emit WithdrawalInitiated(remoteToken, _named(localToken), msg.sender, to, amount, extraData);
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
        emit DepositFinalized(remoteToken, _named(localToken), from, to, amount, extraData);
    }

    /// @dev The old events' name for a token here: ether has a stand-in.
    function _named(address localToken) private pure returns (address) {
        return localToken == address(0) ? Predeploys.LEGACY_ETH : localToken;
    }
}
