// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {L1CrossDomainMessenger} from "../../src/bridge/L1CrossDomainMessenger.sol";
import {L1ERC721Bridge} from "../../src/bridge/L1ERC721Bridge.sol";
import {L1StandardBridge} from "../../src/bridge/L1StandardBridge.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {Alias} from "../../src/libraries/Alias.sol";
import {Genesis} from "./Genesis.sol";
import {RelayPortal} from "./RelayPortal.sol";

/// @notice Both ends of the bridge in one EVM: contracts of the parent chain at addresses of their own, those of the
///         rollup where its genesis puts them, and a relay that carries what each end sends to the other.
/// @dev Ether of the rollup comes into being when a deposit is carried over and waits in the message passer once it
///      is withdrawn, as on a real rollup. Ether of the parent chain lies in the portal meanwhile.
abstract contract TwoChains is Genesis {
    RelayPortal internal portal;
    L1CrossDomainMessenger internal l1Messenger;
    L1StandardBridge internal l1Bridge;
    L1ERC721Bridge internal l1NftBridge;

    uint256 private _nextDeposit;

    function setUp() public virtual {
        _setUpChains();
    }

    function _setUpChains() internal {
        portal = new RelayPortal();
        l1Messenger = new L1CrossDomainMessenger(IPortal(address(portal)));
        l1Bridge = new L1StandardBridge(l1Messenger);
        l1NftBridge = new L1ERC721Bridge(l1Messenger);

        _placePredeploys(address(l1Messenger), address(l1Bridge), address(l1NftBridge));
    }

    /// @dev Carries the oldest deposit that was not carried yet to the rollup. False if its call failed there.
    function _relayDeposit() internal returns (bool success) {
        RelayPortal.Deposit memory d = portal.deposit(_nextDeposit++);
        vm.deal(d.from, d.from.balance + d.mint);
        vm.prank(d.from);
        (success,) = d.to.call{value: d.value, gas: d.gasLimit - _intrinsicGas(d.data)}(d.data);
    }

    /// @dev Carries all deposits over.
    function _relayDeposits() internal {
        while (_nextDeposit < portal.deposits()) _relayDeposit();
    }

    /// @dev Deposits that wait to be carried over.
    function _pendingDeposits() internal view returns (uint256) {
        return portal.deposits() - _nextDeposit;
    }

    /// @dev Finalises a withdrawal on the parent chain. False if its call failed there.
    function _relayWithdrawal(RelayPortal.Withdrawal memory w) internal returns (bool) {
        vm.assertTrue(
            passer.sentMessages(keccak256(abi.encode(w.nonce, w.sender, w.target, w.value, w.gasLimit, w.data)))
        );
        return portal.finalize(w);
    }

    /// @dev Runs as a message from `sender` on the parent chain, delivered by the transport to the rollup.
    function _deliverToL2(
        uint256 nonce,
        address sender,
        address target,
        uint256 value,
        uint256 minGas,
        bytes memory message
    ) internal {
        address from = Alias.toRollup(address(l1Messenger));
        vm.deal(from, value);
        vm.prank(from);
        l2Messenger.relayMessage{value: value}(nonce, sender, target, value, minGas, message);
    }

    /// @dev Calls the rollup's standard bridge as its counterpart does.
    function _asL1Bridge(bytes memory data, uint256 value) internal returns (bytes32 msgHash) {
        return _deliver(_freshNonce(), address(l1Bridge), address(l2Bridge), value, data);
    }

    function _deliver(uint256 nonce, address sender, address target, uint256 value, bytes memory data)
        internal
        returns (bytes32)
    {
        _deliverToL2(nonce, sender, target, value, 0, data);
        return _hash(nonce, sender, target, value, 0, data);
    }

    uint256 private _nonces = 1 << 200;

    /// @dev A nonce that no message had.
    function _freshNonce() internal returns (uint256) {
        return uint256(1) << 240 | _nonces++;
    }

    /// @dev Identity of a message, from its definition.
    function _hash(uint256 nonce, address sender, address target, uint256 value, uint256 minGas, bytes memory message)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encodeWithSignature(
                "relayMessage(uint256,address,address,uint256,uint256,bytes)",
                nonce,
                sender,
                target,
                value,
                minGas,
                message
            )
        );
    }
}
