// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {ERC721Bridge} from "../../src/bridge/ERC721Bridge.sol";
import {ICrossDomainMessenger} from "../../src/bridge/ICrossDomainMessenger.sol";
import {OptimismMintableERC20} from "../../src/bridge/OptimismMintableERC20.sol";
import {OptimismMintableERC721} from "../../src/bridge/OptimismMintableERC721.sol";
import {Alias} from "../../src/libraries/Alias.sol";
import {RelayPortal} from "./RelayPortal.sol";
import {FeeOnTransferToken, PlainCollection, PlainToken} from "./Tokens.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice Counts how often each message reached it, and can refuse everything.
contract Counter {
    mapping(uint256 id => uint256) public count;
    bool public refusing;

    receive() external payable {
        require(!refusing, "refused");
    }

    function setRefusing(bool value) external {
        refusing = value;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external view returns (bytes4) {
        require(!refusing, "refused");
        return this.onERC721Received.selector;
    }

    function bump(uint256 id) external payable {
        require(!refusing, "refused");
        count[id] += 1;
    }
}

/// @notice Users who do anything in any order: deposit, withdraw, send messages, relay late, try again.
/// @dev Users of the parent chain and of the rollup are different accounts, so that ether can be counted by chain.
contract World is TwoChains {
    uint32 private constant GAS = 250_000;
    uint256 public constant USERS = 3;
    uint256 public constant FUNDS = 1_000_000 ether;
    /// @notice Tokens of each collection.
    uint256 public constant ITEMS = 4;

    address[USERS] public onL1;
    address[USERS] public onL2;
    Counter public counterL1 = new Counter();
    Counter public counterL2 = new Counter();

    PlainToken public plain = new PlainToken();
    FeeOnTransferToken public fee = new FeeOnTransferToken();
    PlainToken public native = new PlainToken();
    address public plainImage;
    address public feeImage;
    OptimismMintableERC20 public nativeImage;

    PlainCollection public art = new PlainCollection();
    PlainCollection public nativeArt = new PlainCollection();
    OptimismMintableERC721 public artImage;
    OptimismMintableERC721 public nativeArtImage;

    uint256 public sentToL1;
    uint256 public sentToL2;
    uint256 public pendingWithdrawalEther;
    RelayPortal.Withdrawal[] private _waiting;
    bytes[] private _deliveredToL1;
    bytes[] private _deliveredToL2;

    constructor() {
        _setUpChains();
        plainImage = tokenFactory.createOptimismMintableERC20(address(plain), "P", "P");
        feeImage = tokenFactory.createOptimismMintableERC20(address(fee), "F", "F");
        nativeImage = new OptimismMintableERC20(address(l1Bridge), address(native), "N", "N", 18);
        artImage = OptimismMintableERC721(nftFactory.createOptimismMintableERC721(address(art), "A", "A"));
        nativeArtImage = new OptimismMintableERC721(address(l1NftBridge), 1, address(nativeArt), "B", "B");
        for (uint256 i; i < USERS; ++i) {
            onL1[i] = makeAddr(string.concat("l1 user ", vm.toString(i)));
            onL2[i] = makeAddr(string.concat("l2 user ", vm.toString(i)));
            vm.deal(onL1[i], FUNDS);
            plain.mint(onL1[i], FUNDS);
            fee.mint(onL1[i], FUNDS);
            native.mint(onL2[i], FUNDS);
            vm.startPrank(onL1[i]);
            plain.approve(address(l1Bridge), type(uint256).max);
            fee.approve(address(l1Bridge), type(uint256).max);
            vm.stopPrank();
            vm.prank(onL2[i]);
            native.approve(address(l2Bridge), type(uint256).max);
        }
        for (uint256 id; id < ITEMS; ++id) {
            art.mint(onL1[id % USERS], id);
            nativeArt.mint(onL2[id % USERS], id);
        }
    }

    // What users do

    function depositEther(uint256 from, uint256 to, uint256 amount) external {
        from %= USERS;
        amount = bound(amount, 0, onL1[from].balance / 4);
        vm.prank(onL1[from]);
        l1Bridge.bridgeETHTo{value: amount}(_receiverOnL2(to), GAS, "");
    }

    function withdrawEther(uint256 from, uint256 to, uint256 amount) external {
        from %= USERS;
        amount = bound(amount, 0, onL2[from].balance);
        vm.recordLogs();
        vm.prank(onL2[from]);
        l2Bridge.bridgeETHTo{value: amount}(_receiverOnL1(to), GAS, "");
        _collect();
    }

    function depositToken(uint256 which, uint256 from, uint256 to, uint256 amount) external {
        (address local, address remote) = _pair(which);
        from %= USERS;
        amount = bound(amount, 0, IERC20(local).balanceOf(onL1[from]));
        vm.prank(onL1[from]);
        l1Bridge.bridgeERC20To(local, remote, _receiverOnL2(to), amount, GAS, "");
    }

    function withdrawToken(uint256 which, uint256 from, uint256 to, uint256 amount) external {
        (address local, address remote) = _pair(which);
        from %= USERS;
        amount = bound(amount, 0, IERC20(remote).balanceOf(onL2[from]));
        vm.recordLogs();
        vm.prank(onL2[from]);
        l2Bridge.bridgeERC20To(remote, local, _receiverOnL1(to), amount, GAS, "");
        _collect();
    }

    /// @dev Whoever owns the token moves it, if it is on this side.
    function depositItem(bool original, uint256 id, uint256 to) external {
        (IERC721 local, address remote) =
            original ? (IERC721(art), address(artImage)) : (IERC721(nativeArtImage), address(nativeArt));
        _moveItem(l1NftBridge, local, remote, id % ITEMS, _receiverOnL2(to));
    }

    function withdrawItem(bool original, uint256 id, uint256 to) external {
        (IERC721 local, address remote) =
            original ? (IERC721(nativeArt), address(nativeArtImage)) : (IERC721(artImage), address(art));
        vm.recordLogs();
        _moveItem(l2NftBridge, local, remote, id % ITEMS, _receiverOnL1(to));
        _collect();
    }

    function messageL2(uint256 from, uint256 amount) external {
        from %= USERS;
        amount = bound(amount, 0, onL1[from].balance / 4);
        vm.prank(onL1[from]);
        l1Messenger.sendMessage{value: amount}(address(counterL2), abi.encodeCall(Counter.bump, (sentToL2++)), GAS);
    }

    function messageL1(uint256 from, uint256 amount) external {
        from %= USERS;
        amount = bound(amount, 0, onL2[from].balance);
        vm.recordLogs();
        vm.prank(onL2[from]);
        l2Messenger.sendMessage{value: amount}(address(counterL1), abi.encodeCall(Counter.bump, (sentToL1++)), GAS);
        _collect();
    }

    // What happens to messages

    function refuse(bool first, bool second) external {
        counterL1.setRefusing(first);
        counterL2.setRefusing(second);
    }

    function carryDeposit() public {
        if (_pendingDeposits() == 0) return;
        _deliveredToL2.push(portal.deposit(portal.deposits() - _pendingDeposits()).data);
        vm.assertTrue(_relayDeposit(), "the transport's gas was not enough");
    }

    function carryWithdrawal(uint256 index) public {
        if (_waiting.length == 0) return;
        index %= _waiting.length;
        RelayPortal.Withdrawal memory w = _waiting[index];
        _waiting[index] = _waiting[_waiting.length - 1];
        _waiting.pop();
        pendingWithdrawalEther -= w.value;
        _deliveredToL1.push(w.data);
        vm.assertTrue(_relayWithdrawal(w), "the transport's gas was not enough");
    }

    /// @dev Most of these revert, and must.
    function tryAgain(uint256 index, bool toL1) public {
        bytes[] storage delivered = toL1 ? _deliveredToL1 : _deliveredToL2;
        if (delivered.length == 0) return;
        bytes memory data = delivered[index % delivered.length];
        address target = toL1 ? address(l1Messenger) : address(l2Messenger);
        (bool ok,) = target.call(data);
        ok;
    }

    function burnWithdrawn() external {
        passer.burn();
    }

    /// @dev Everything arrives at last.
    function settle() external {
        counterL1.setRefusing(false);
        counterL2.setRefusing(false);
        while (_pendingDeposits() > 0) carryDeposit();
        while (_waiting.length > 0) carryWithdrawal(0);
        for (uint256 i; i < _deliveredToL1.length; ++i) {
            tryAgain(i, true);
        }
        for (uint256 i; i < _deliveredToL2.length; ++i) {
            tryAgain(i, false);
        }
    }

    // What can be counted

    function etherOnL1() public view returns (uint256 sum) {
        for (uint256 i; i < USERS; ++i) {
            sum += onL1[i].balance;
        }
        sum += address(counterL1).balance + address(l1Messenger).balance + address(l1Bridge).balance;
    }

    function etherOnL2() public view returns (uint256 sum) {
        for (uint256 i; i < USERS; ++i) {
            sum += onL2[i].balance;
        }
        sum += address(counterL2).balance + address(l2Messenger).balance + address(l2Bridge).balance;
        sum += Alias.toRollup(address(l1Messenger)).balance;
    }

    function pendingDepositEther() public view returns (uint256 sum) {
        for (uint256 i = portal.deposits() - _pendingDeposits(); i < portal.deposits(); ++i) {
            sum += portal.deposit(i).mint;
        }
    }

    function etherInPortal() external view returns (uint256) {
        return address(portal).balance;
    }

    function etherInMessengers() external view returns (uint256) {
        return address(l1Messenger).balance + address(l2Messenger).balance;
    }

    function escrowOf(uint256 which) external view returns (uint256 recorded, uint256 held, uint256 image) {
        (address local, address remote) = _pair(which);
        if (local == address(nativeImage)) {
            recorded = l2Bridge.deposits(remote, local);
            held = IERC20(remote).balanceOf(address(l2Bridge));
            image = IERC20(local).totalSupply();
        } else {
            recorded = l1Bridge.deposits(local, remote);
            held = IERC20(local).balanceOf(address(l1Bridge));
            image = IERC20(remote).totalSupply();
        }
    }

    /// @dev Whether the original lies in the escrow, whether the bridge says so, and whether the image exists.
    function itemOf(bool onParent, uint256 id) external view returns (bool held, bool recorded, bool image) {
        ERC721Bridge home = onParent ? ERC721Bridge(l1NftBridge) : l2NftBridge;
        (IERC721 original, IERC721 copy) =
            onParent ? (IERC721(art), IERC721(artImage)) : (IERC721(nativeArt), IERC721(nativeArtImage));
        held = original.ownerOf(id) == address(home);
        recorded = home.deposits(address(original), address(copy), id);
        image = _ownerOf(copy, id) != address(0);
    }

    // Helpers

    function _moveItem(ERC721Bridge bridge, IERC721 local, address remote, uint256 id, address to) private {
        address owner = _ownerOf(local, id);
        if (owner == address(0) || owner == address(bridge)) return;
        vm.startPrank(owner);
        local.setApprovalForAll(address(bridge), true);
        bridge.bridgeERC721To(address(local), remote, to, id, GAS, "");
        vm.stopPrank();
    }

    function _ownerOf(IERC721 collection, uint256 id) private view returns (address) {
        try collection.ownerOf(id) returns (address owner) {
            return owner;
        } catch {
            return address(0);
        }
    }

    function _pair(uint256 which) private view returns (address local, address remote) {
        which %= 3;
        if (which == 0) return (address(plain), plainImage);
        if (which == 1) return (address(fee), feeImage);
        return (address(nativeImage), address(native));
    }

    function _receiverOnL1(uint256 to) private view returns (address) {
        to %= USERS + 1;
        return to == USERS ? address(counterL1) : onL1[to];
    }

    function _receiverOnL2(uint256 to) private view returns (address) {
        to %= USERS + 1;
        return to == USERS ? address(counterL2) : onL2[to];
    }

    function _collect() private {
        RelayPortal.Withdrawal[] memory found = _withdrawals();
        for (uint256 i; i < found.length; ++i) {
            _waiting.push(found[i]);
            pendingWithdrawalEther += found[i].value;
        }
    }
}
