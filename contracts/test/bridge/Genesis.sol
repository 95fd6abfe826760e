// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {OptimismMintableERC20Factory} from "../../src/bridge/OptimismMintableERC20Factory.sol";
import {OptimismMintableERC721Factory} from "../../src/bridge/OptimismMintableERC721Factory.sol";
import {FeeVault} from "../../src/l2/FeeVault.sol";
import {GasPriceOracle} from "../../src/l2/GasPriceOracle.sol";
import {L1Block} from "../../src/l2/L1Block.sol";
import {L2CrossDomainMessenger} from "../../src/l2/L2CrossDomainMessenger.sol";
import {L2ERC721Bridge} from "../../src/l2/L2ERC721Bridge.sol";
import {L2StandardBridge} from "../../src/l2/L2StandardBridge.sol";
import {L2ToL1MessagePasser} from "../../src/l2/L2ToL1MessagePasser.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {WETH} from "../../src/l2/WETH.sol";
import {Test} from "../base/Test.sol";
import {Vm} from "../base/Vm.sol";
import {RelayPortal} from "./RelayPortal.sol";

/// @notice The rollup's system contracts where its genesis puts them.
abstract contract Genesis is Test {
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

    /// @dev Builds the rollup's side for these contracts of the parent chain.
    function _placePredeploys(address l1Messenger, address l1Bridge, address l1NftBridge) internal {
        _place(Predeploys.MESSAGE_PASSER, address(new L2ToL1MessagePasser()), 0);
        _place(Predeploys.MESSENGER, address(new L2CrossDomainMessenger(l1Messenger)), 0);
        _place(Predeploys.STANDARD_BRIDGE, address(new L2StandardBridge(l1Bridge)), 0);
        _place(Predeploys.ERC721_BRIDGE, address(new L2ERC721Bridge(l1NftBridge)), 0);
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

    /// @dev What a transaction costs before it runs.
    function _intrinsicGas(bytes memory data) internal pure returns (uint256 gas) {
        gas = 21_000;
        for (uint256 i; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
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
}
