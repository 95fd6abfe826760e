// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {StarkKeyStore} from "../../src/zk/StarkKeyStore.sol";
import {Proofs} from "./Proofs.sol";

/// @notice Keys on chain.
contract StarkKeyStoreTest is Proofs {
    StarkKeyStore private store = new StarkKeyStore();

    function testFuzz_aPiece_isTheCodeBehindAZero(bytes calldata piece) external {
        if (piece.length == 0) return;
        address expected = store.addressOf(piece);
        vm.assertEq(store.store(piece), expected);
        vm.assertEq(expected.code, abi.encodePacked(bytes1(0), piece));
        // Again, by anybody.
        vm.prank(makeAddr("somebody"));
        vm.assertEq(store.store(piece), expected);
    }

    function test_store_anEmptyOrTooLargePiece_reverts() external {
        vm.expectRevert(StarkKeyStore.BadPiece.selector);
        store.store("");
        vm.expectRevert(StarkKeyStore.BadPiece.selector);
        store.store(new bytes(24_576));
        store.store(new bytes(24_575));
    }

    function test_store_withTooLittleGas_reverts() external {
        bytes memory piece = new bytes(24_575);
        vm.expectRevert(StarkKeyStore.NotStored.selector);
        store.store{gas: 2_000_000}(piece);
        store.store(piece);
    }

    /// @dev The real key: its hash is the one that proofs are bound to.
    function test_theKeyOfTheLastLayer_isStored() external {
        Proof memory p = _proof(ROOT);
        bytes memory hashes;
        for (uint256 i = 0; i < p.chunks.length; ++i) {
            bytes memory code = p.chunks[i].code;
            bytes memory piece = new bytes(code.length - 1);
            assembly {
                mcopy(add(piece, 0x20), add(code, 0x21), mload(piece))
            }
            address stored = store.store(piece);
            vm.assertEq(stored.codehash, p.chunks[i].codehash);
            hashes = abi.encodePacked(hashes, stored.codehash);
            p.chunks[i] = stored;
        }
        vm.assertEq(keccak256(hashes), p.keyHash);
        vm.assertEq(_verifyConstraints(p), p.checkpointId);
    }
}
