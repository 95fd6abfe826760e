// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";
import {World} from "./World.sol";

/// @notice What holds after anything that users can do, in any order.
contract BridgeInvariantsTest is Test {
    World internal world;

    function setUp() public {
        world = new World();
        bytes4[] memory actions = new bytes4[](13);
        actions[0] = World.depositEther.selector;
        actions[1] = World.withdrawEther.selector;
        actions[2] = World.depositToken.selector;
        actions[3] = World.withdrawToken.selector;
        actions[4] = World.messageL1.selector;
        actions[5] = World.messageL2.selector;
        actions[6] = World.refuse.selector;
        actions[7] = World.carryDeposit.selector;
        actions[8] = World.carryWithdrawal.selector;
        actions[9] = World.tryAgain.selector;
        actions[10] = World.burnWithdrawn.selector;
        actions[11] = World.depositItem.selector;
        actions[12] = World.withdrawItem.selector;
        targetOnly(address(world), actions);
        // Else the runner would sometimes sign as a contract, which then seems to have a key.
        sendFrom(makeAddr("anybody"));
    }

    function invariant_escrow_covers_what_was_minted_on_the_other_side() public view {
        for (uint256 i; i < 3; ++i) {
            (uint256 recorded, uint256 held, uint256 image) = world.escrowOf(i);
            vm.assertEq(held, recorded, "the bridge holds what it recorded");
            vm.assertGe(recorded, image, "no image without an original");
        }
    }

    function invariant_image_of_a_collectible_has_its_original_in_escrow() public view {
        for (uint256 i; i < 2 * world.ITEMS(); ++i) {
            (bool held, bool recorded, bool image) = world.itemOf(i % 2 == 0, i / 2);
            vm.assertTrue(held == recorded, "the bridge holds what it recorded");
            vm.assertTrue(held || !image, "no image without an original");
        }
    }

    function invariant_ether_is_conserved() public view {
        vm.assertEq(world.etherOnL1() + world.etherInPortal(), world.USERS() * world.FUNDS(), "the parent's ether");
        vm.assertEq(
            world.etherInPortal(),
            world.etherOnL2() + world.pendingDepositEther() + world.pendingWithdrawalEther(),
            "the portal holds the rollup's ether"
        );
    }

    function invariant_a_message_succeeds_at_most_once() public view {
        for (uint256 id; id < world.sentToL1(); ++id) {
            vm.assertLe(world.counterL1().count(id), 1);
        }
        for (uint256 id; id < world.sentToL2(); ++id) {
            vm.assertLe(world.counterL2().count(id), 1);
        }
    }

    /// @dev In the end nothing is lost: every message arrived, and images match originals.
    function afterInvariant() public {
        world.settle();
        for (uint256 id; id < world.sentToL1(); ++id) {
            vm.assertEq(world.counterL1().count(id), 1);
        }
        for (uint256 id; id < world.sentToL2(); ++id) {
            vm.assertEq(world.counterL2().count(id), 1);
        }
        for (uint256 i; i < 3; ++i) {
            (uint256 recorded, uint256 held, uint256 image) = world.escrowOf(i);
            vm.assertEq(held, recorded);
            vm.assertEq(recorded, image);
        }
        for (uint256 i; i < 2 * world.ITEMS(); ++i) {
            (bool held,, bool image) = world.itemOf(i % 2 == 0, i / 2);
            vm.assertTrue(held == image);
        }
        vm.assertEq(world.etherInMessengers(), 0);
        vm.assertEq(world.etherInPortal(), world.etherOnL2());
    }
}
