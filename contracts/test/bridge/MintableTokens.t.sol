// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Enumerable.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {ILegacyMintableERC20, IOptimismMintableERC20} from "../../src/bridge/IMintableERC20.sol";
import {IOptimismMintableERC721} from "../../src/bridge/IOptimismMintableERC721.sol";
import {OptimismMintableERC20} from "../../src/bridge/OptimismMintableERC20.sol";
import {OptimismMintableERC20Factory} from "../../src/bridge/OptimismMintableERC20Factory.sol";
import {OptimismMintableERC721} from "../../src/bridge/OptimismMintableERC721.sol";
import {OptimismMintableERC721Factory} from "../../src/bridge/OptimismMintableERC721Factory.sol";
import {Predeploys} from "../../src/l2/Predeploys.sol";
import {TwoChains} from "./TwoChains.sol";

/// @notice Images of tokens: who may mint, what they say of themselves, where they come from.
contract MintableTokensTest is TwoChains {
    address internal remote = makeAddr("remote token");
    address internal alice = makeAddr("alice");
    OptimismMintableERC20 internal token;
    OptimismMintableERC721 internal collection;

    function setUp() public override {
        super.setUp();
        token = OptimismMintableERC20(tokenFactory.createOptimismMintableERC20WithDecimals(remote, "Name", "SYM", 6));
        collection = OptimismMintableERC721(nftFactory.createOptimismMintableERC721(remote, "Name", "SYM"));
    }

    function test_only_the_bridge_mints_and_burns(address caller) public {
        vm.assume(caller != address(l2Bridge) && caller != address(l2NftBridge));
        vm.startPrank(caller);
        vm.expectRevert(OptimismMintableERC20.OnlyBridge.selector);
        token.mint(caller, 1);
        vm.expectRevert(OptimismMintableERC20.OnlyBridge.selector);
        token.burn(caller, 1);
        vm.expectRevert(OptimismMintableERC721.OnlyBridge.selector);
        collection.safeMint(caller, 1);
        vm.expectRevert(OptimismMintableERC721.OnlyBridge.selector);
        collection.burn(caller, 1);
    }

    function test_mint_and_burn_are_announced() public {
        vm.startPrank(address(l2Bridge));
        vm.expectEmit(address(token));
        emit OptimismMintableERC20.Mint(alice, 5);
        token.mint(alice, 5);
        vm.expectEmit(address(token));
        emit OptimismMintableERC20.Burn(alice, 2);
        token.burn(alice, 2);
        vm.assertEq(token.balanceOf(alice), 3);
        vm.assertEq(token.totalSupply(), 3);
    }

    function test_tokens_know_what_they_stand_for() public view {
        vm.assertEq(token.remoteToken(), remote);
        vm.assertEq(token.REMOTE_TOKEN(), remote);
        vm.assertEq(token.l1Token(), remote);
        vm.assertEq(token.bridge(), Predeploys.STANDARD_BRIDGE);
        vm.assertEq(token.BRIDGE(), Predeploys.STANDARD_BRIDGE);
        vm.assertEq(token.l2Bridge(), Predeploys.STANDARD_BRIDGE);
        vm.assertEq(token.decimals(), 6);
        vm.assertEq(token.name(), "Name");
        vm.assertEq(token.symbol(), "SYM");
        vm.assertEq(collection.remoteToken(), remote);
        vm.assertEq(collection.REMOTE_TOKEN(), remote);
        vm.assertEq(collection.remoteChainId(), PARENT_CHAIN);
        vm.assertEq(collection.REMOTE_CHAIN_ID(), PARENT_CHAIN);
        vm.assertEq(collection.bridge(), Predeploys.ERC721_BRIDGE);
        vm.assertEq(collection.BRIDGE(), Predeploys.ERC721_BRIDGE);
    }

    /// @dev Ids as computed from the OP Stack's interfaces: bridges of other chains look for them.
    function test_interface_ids_are_the_op_stacks() public view {
        vm.assertEq(bytes32(type(ILegacyMintableERC20).interfaceId), bytes32(bytes4(0x1d1d8b63)));
        vm.assertEq(bytes32(type(IOptimismMintableERC20).interfaceId), bytes32(bytes4(0xec4fc8e3)));
        vm.assertTrue(token.supportsInterface(0x1d1d8b63));
        vm.assertTrue(token.supportsInterface(0xec4fc8e3));
        vm.assertTrue(token.supportsInterface(type(IERC165).interfaceId));
        vm.assertFalse(token.supportsInterface(0xffffffff));
        vm.assertTrue(collection.supportsInterface(type(IOptimismMintableERC721).interfaceId));
        vm.assertTrue(collection.supportsInterface(type(IERC721Enumerable).interfaceId));
        vm.assertFalse(collection.supportsInterface(0xffffffff));
    }

    function test_uri_asks_for_the_originals() public {
        vm.prank(address(l2NftBridge));
        collection.safeMint(alice, 12);
        string memory base = string.concat("ethereum:", Strings.toHexString(remote), "@31337/tokenURI?uint256=");
        vm.assertEq(collection.baseTokenURI(), base);
        vm.assertEq(collection.tokenURI(12), string.concat(base, "12"));
    }

    function test_permit_spends_for_its_signer(uint256 key, uint256 amount) public {
        key = bound(key, 1, 1 << 250);
        address signer = vm.addr(key);
        bytes32 permit = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                signer,
                alice,
                amount,
                0,
                type(uint256).max
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", IERC20Permit(token).DOMAIN_SEPARATOR(), permit));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        token.permit(signer, alice, amount, type(uint256).max, v, r, s);
        vm.assertEq(token.allowance(signer, alice), amount);
    }

    function test_factory_announces_and_remembers() public {
        address first = tokenFactory.createOptimismMintableERC20(remote, "A", "A");
        vm.assertEq(tokenFactory.deployments(first), remote);
        vm.assertEq(uint256(OptimismMintableERC20(first).decimals()), 18);
        address second = tokenFactory.createStandardL2Token(remote, "B", "B");
        vm.assertNotEq(first, second);
        vm.assertEq(tokenFactory.deployments(makeAddr("unknown")), address(0));

        vm.assertTrue(nftFactory.isOptimismMintableERC721(address(collection)));
        vm.assertFalse(nftFactory.isOptimismMintableERC721(address(token)));
        vm.assertEq(nftFactory.remoteChainID(), PARENT_CHAIN);
    }

    function test_factory_events_are_the_op_stacks() public {
        address expected = _predict(remote, "N", "N", 18);
        vm.expectEmit(address(tokenFactory));
        emit OptimismMintableERC20Factory.StandardL2TokenCreated(remote, expected);
        vm.expectEmit(address(tokenFactory));
        emit OptimismMintableERC20Factory.OptimismMintableERC20Created(expected, remote, alice);
        vm.prank(alice);
        vm.assertEq(tokenFactory.createOptimismMintableERC20(remote, "N", "N"), expected);
    }

    function test_factory_makes_equal_tokens_once() public {
        vm.expectRevert();
        tokenFactory.createOptimismMintableERC20WithDecimals(remote, "Name", "SYM", 6);
        vm.expectRevert();
        nftFactory.createOptimismMintableERC721(remote, "Name", "SYM");
    }

    function test_factory_without_remote_token_reverts() public {
        vm.expectRevert(OptimismMintableERC20Factory.RemoteTokenMissing.selector);
        tokenFactory.createOptimismMintableERC20(address(0), "A", "A");
        vm.expectRevert(OptimismMintableERC721Factory.RemoteTokenMissing.selector);
        nftFactory.createOptimismMintableERC721(address(0), "A", "A");
    }

    function _predict(address remoteToken, string memory name, string memory symbol, uint8 decimals)
        private
        view
        returns (address)
    {
        bytes32 code = keccak256(
            bytes.concat(
                type(OptimismMintableERC20).creationCode,
                abi.encode(Predeploys.STANDARD_BRIDGE, remoteToken, name, symbol, decimals)
            )
        );
        bytes32 salt = keccak256(abi.encode(remoteToken, name, symbol, decimals));
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(tokenFactory), salt, code)))));
    }
}
