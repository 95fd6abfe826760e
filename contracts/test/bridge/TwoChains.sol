// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {L1CrossDomainMessenger} from "../../src/bridge/L1CrossDomainMessenger.sol";
import {L1ERC721Bridge} from "../../src/bridge/L1ERC721Bridge.sol";
import {L1StandardBridge} from "../../src/bridge/L1StandardBridge.sol";
import {OptimismMintableERC20Factory} from "../../src/bridge/OptimismMintableERC20Factory.sol";
import {OptimismMintableERC721Factory} from "../../src/bridge/OptimismMintableERC721Factory.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {FeeVault} from "../../src/l2/FeeVault.sol";
import {GasPriceOracle} from "../../src/l2/GasPriceOracle.sol";
import {L1Block} from "../../src/l2/L1Block.sol";
import {L2CrossDomainMessenger} from "../../src/l2/L2CrossDomainMessenger.sol";
import {L2ERC721Bridge} from "../../src/l2/L2ERC721Bridge.sol";
import {L2StandardBridge} from "../../src/l2/L2StandardBridge.sol";
import {L2ToL1MessagePasser} from "../../src/l2/L2ToL1MessagePasser.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {WETH} from "../../src/l2/WETH.sol";
import {Alias} from "../../src/libraries/Alias.sol";
import {Test} from "../base/Test.sol";
import {Vm} from "../base/Vm.sol";
import {RelayPortal} from "./RelayPortal.sol";

/// @notice Both ends of the bridge in one EVM: contracts of the parent chain at addresses of their own, those of the
///         rollup where its genesis puts them, and a relay that carries what each end sends to the other.
/// @dev Ether of the rollup comes into being when a deposit is carried over and waits in the message passer once it
///      is withdrawn, as on a real rollup. Ether of the parent chain lies in the portal meanwhile.
abstract contract TwoChains is Test {
    RelayPortal internal portal;
    L1CrossDomainMessenger internal l1Messenger;
    L1StandardBridge internal l1Bridge;
    L1ERC721Bridge internal l1NftBridge;

    L2CrossDomainMessenger internal l2Messenger = L2CrossDomainMessenger(Predeploys.MESSENGER);
    L2StandardBridge internal l2Bridge = L2StandardBridge(payable(Predeploys.STANDARD_BRIDGE));
    L2ERC721Bridge internal l2NftBridge = L2ERC721Bridge(Predeploys.ERC721_BRIDGE);
    L2ToL1MessagePasser internal passer = L2ToL1MessagePasser(payable(Predeploys.MESSAGE_PASSER));
    L1Block internal l1Block = L1Block(Predeploys.L1_BLOCK);
    GasPriceOracle internal oracle = GasPriceOracle(Predeploys.GAS_PRICE_ORACLE);
    WETH internal weth = WETH(payable(Predeploys.WETH));
    FeeVault internal vault = FeeVault(payable(Predeploys.SEQUENCER_FEE_VAULT));
    OptimismMintableERC20Factory internal tokenFactory = OptimismMintableERC20Factory(Predeploys.ERC20_FACTORY);
    OptimismMintableERC721Factory internal nftFactory = OptimismMintableERC721Factory(Predeploys.ERC721_FACTORY);

    address internal feeRecipient = makeAddr("fee recipient");
    uint256 internal constant PARENT_CHAIN = 31337;
    uint256 internal constant MIN_FEES = 1 ether;
    uint256 private _nextDeposit;

    function setUp() public virtual {
        _setUpChains();
    }

    function _setUpChains() internal {
        portal = new RelayPortal();
        l1Messenger = new L1CrossDomainMessenger(IPortal(address(portal)));
        l1Bridge = new L1StandardBridge(l1Messenger);
        l1NftBridge = new L1ERC721Bridge(l1Messenger);

        _place(Predeploys.MESSAGE_PASSER, address(new L2ToL1MessagePasser()), 0);
        _place(Predeploys.MESSENGER, address(new L2CrossDomainMessenger(address(l1Messenger))), 0);
        _place(Predeploys.STANDARD_BRIDGE, address(new L2StandardBridge(address(l1Bridge))), 0);
        _place(Predeploys.ERC721_BRIDGE, address(new L2ERC721Bridge(address(l1NftBridge))), 0);
        _place(Predeploys.L1_BLOCK, address(new L1Block(1_368, 810_949, 250, 7)), 9);
        _place(Predeploys.GAS_PRICE_ORACLE, address(new GasPriceOracle()), 0);
        _place(Predeploys.WETH, address(new WETH()), 5);
        _place(Predeploys.SEQUENCER_FEE_VAULT, address(new FeeVault(feeRecipient, MIN_FEES)), 0);
        _place(Predeploys.ERC20_FACTORY, address(new OptimismMintableERC20Factory(Predeploys.STANDARD_BRIDGE)), 0);
        _place(
            Predeploys.ERC721_FACTORY,
            address(new OptimismMintableERC721Factory(Predeploys.ERC721_BRIDGE, PARENT_CHAIN)),
            0
        );
    }

    /// @dev What the genesis builder does: the constructor runs somewhere, code and storage are put elsewhere.
    function _place(address where, address built, uint256 slots) private {
        vm.etch(where, built.code);
        for (uint256 i; i < slots; ++i) {
            vm.store(where, bytes32(i), vm.load(built, bytes32(i)));
        }
    }

    /// @dev Carries the oldest deposit that was not carried yet to the rollup. False if its call failed there.
    function _relayDeposit() internal returns (bool success) {
        RelayPortal.Deposit memory d = portal.deposit(_nextDeposit++);
        vm.deal(d.from, d.from.balance + d.mint);
        vm.prank(d.from);
        (success,) = d.to.call{value: d.value, gas: d.gasLimit - _intrinsicGas(d.data)}(d.data);
    }

    /// @dev What a transaction costs before it runs.
    function _intrinsicGas(bytes memory data) internal pure returns (uint256 gas) {
        gas = 21_000;
        for (uint256 i; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
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

    /// @dev The withdrawals that were initiated since `vm.recordLogs`.
    function _withdrawals() internal returns (RelayPortal.Withdrawal[] memory found) {
        return _withdrawalsIn(vm.getRecordedLogs());
    }

    function _withdrawalsIn(Vm.Log[] memory logs) internal pure returns (RelayPortal.Withdrawal[] memory found) {
        uint256 count;
        found = new RelayPortal.Withdrawal[](logs.length);
        for (uint256 i; i < logs.length; ++i) {
            Vm.Log memory log = logs[i];
            if (log.emitter != Predeploys.MESSAGE_PASSER) continue;
            if (log.topics[0] != L2ToL1MessagePasser.MessagePassed.selector) continue;
            RelayPortal.Withdrawal memory w = found[count++];
            w.nonce = uint256(log.topics[1]);
            w.sender = address(uint160(uint256(log.topics[2])));
            w.target = address(uint160(uint256(log.topics[3])));
            (w.value, w.gasLimit, w.data,) = abi.decode(log.data, (uint256, uint256, bytes, bytes32));
        }
        assembly ("memory-safe") {
            mstore(found, count)
        }
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
