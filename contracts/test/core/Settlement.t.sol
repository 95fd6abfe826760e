// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Settlement} from "../../src/Settlement.sol";
import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {ClaimArgs} from "../../src/libraries/ClaimArgs.sol";
import {Protocol} from "../../src/libraries/Protocol.sol";
import {ChallengeWindow} from "./ChallengeWindow.sol";
import {IValidity} from "../../src/validity/IValidity.sol";
import {CoreTest} from "./CoreTest.sol";

contract SettlementTest is CoreTest {
    function test_genesis_is_claim_zero_and_final() external view {
        vm.assertEq(settlement.gameCount(), 1);
        IClaim genesis = settlement.claimAt(0);
        vm.assertEq(uint256(genesis.status()), uint256(ClaimStatus.Final));
        vm.assertEq(genesis.rootClaim(), GENESIS_ROOT);
        vm.assertEq(genesis.l2SequenceNumber(), 0);
        vm.assertEq(genesis.resolvedAt(), genesis.createdAt());
        vm.assertEq(genesis.expectedResolution(), genesis.createdAt());
        vm.assertEq(genesis.validity(), address(0));
    }

    function test_constructor_badField_reverts() external {
        for (uint256 field = 0; field < 4; ++field) {
            Settlement.Config memory c =
                Settlement.Config(address(timelock), address(inbox), address(window), GENESIS_ROOT);
            if (field == 0) c.owner = address(0);
            if (field == 1) c.inbox = address(0xdead);
            if (field == 2) c.validity = address(0);
            if (field == 3) c.genesisOutputRoot = 0;
            string memory name = ["owner", "inbox", "validity", "genesisOutputRoot"][field];
            vm.expectRevert(abi.encodeWithSelector(Settlement.BadConfig.selector, name));
            new Settlement(c);
        }
    }

    function test_propose_makes_a_claim_that_says_what_was_claimed(bytes32 root, uint64 lastBlock) external {
        vm.assume(root != 0);
        lastBlock = uint64(bound(lastBlock, 2, 2 * 1024));
        _commit("one");
        _commit("two");
        skip(60);
        bytes32 batchHash = inbox.batchHash(2);
        bytes32 input = keccak256(
            abi.encode(inbox.configHash(), GENESIS_ROOT, inbox.configHash(), batchHash, root, uint256(lastBlock))
        );
        vm.expectEmit(address(settlement));
        emit ISettlement.Claimed(1, 2, 0, batchHash, root, lastBlock, input);
        vm.prank(proposer);
        IClaim claim = settlement.propose(genesis, 2, batchHash, root, lastBlock, "");

        vm.assertEq(claim.rootClaim(), root);
        vm.assertEq(claim.l2SequenceNumber(), lastBlock);
        vm.assertEq(claim.l2BlockNumber(), lastBlock);
        vm.assertEq(claim.extraData(), abi.encode(uint256(lastBlock), uint64(2), uint64(0), bytes32(0)));
        vm.assertEq(claim.gameType(), 42);
        vm.assertEq(claim.gameCreator(), proposer);
        vm.assertEq(claim.createdAt(), vm.getBlockTimestamp());
        vm.assertEq(claim.resolvedAt(), 0);
        vm.assertEq(claim.expectedResolution(), vm.getBlockTimestamp() + WINDOW);
        vm.assertEq(claim.index(), 1);
        vm.assertEq(claim.parentIndex(), 0);
        vm.assertEq(claim.batchIndex(), 2);
        vm.assertEq(claim.validity(), address(window));
        vm.assertTrue(claim.wasRespectedGameTypeWhenCreated());
        vm.assertEq(uint256(claim.status()), uint256(ClaimStatus.Pending));
        vm.assertEq(settlement.publicInput(1), input);
    }

    function test_publicInput_spans_the_batches_between_claims() external {
        _commit("one");
        _commit("two");
        _commit("three");
        _proposeOn(0, 1, keccak256("after one"));
        _proposeOn(1, 3, keccak256("after three"));
        bytes32 input = Protocol.publicInput(
            inbox.configHash(),
            keccak256("after one"),
            inbox.batchHash(1),
            inbox.batchHash(3),
            keccak256("after three"),
            3
        );
        vm.assertEq(settlement.publicInput(2), input);
    }

    function test_propose_unknownBatch_reverts() external {
        vm.expectRevert(Settlement.BadBatch.selector);
        vm.prank(proposer);
        settlement.propose(genesis, 1, 0, keccak256("root"), 1, "");
    }

    function test_propose_otherBatchHash_reverts(bytes32 hash) external {
        _commit("one");
        vm.assume(hash != inbox.batchHash(1));
        vm.expectRevert(Settlement.BadBatch.selector);
        vm.prank(proposer);
        settlement.propose(genesis, 1, hash, keccak256("root"), 1, "");
    }

    function test_propose_onSameOrLaterBatch_reverts() external {
        _commit("one");
        _commit("two");
        IClaim first = _proposeOn(0, 2, keccak256("root"));
        bytes32[2] memory hashes = [inbox.batchHash(1), inbox.batchHash(2)];
        for (uint64 batch = 1; batch <= 2; ++batch) {
            vm.expectRevert(Settlement.BadParent.selector);
            vm.prank(proposer);
            settlement.propose(first, batch, hashes[batch - 1], keccak256("other"), 3, "");
        }
    }

    function test_propose_impossibleLastBlock_reverts() external {
        _commit("one");
        _commit("two");
        bytes32 hash = inbox.batchHash(2);
        uint64[4] memory wrong = [0, 1, 2 * 1024 + 1, type(uint64).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(Settlement.BadLastBlock.selector);
            vm.prank(proposer);
            settlement.propose(genesis, 2, hash, keccak256("root"), wrong[i], "");
        }
    }

    function test_propose_unknownParent_reverts() external {
        _commit("one");
        bytes32 hash = inbox.batchHash(1);
        // Nothing, no claim at all, and one that looks like a claim but is not on the list.
        address twin = address(0x1234);
        vm.etch(twin, address(genesis).code);
        address[3] memory strangers = [address(0), address(inbox), twin];
        for (uint256 i = 0; i < strangers.length; ++i) {
            vm.expectRevert(Settlement.BadParent.selector);
            vm.prank(proposer);
            settlement.propose(IClaim(strangers[i]), 1, hash, keccak256("root"), 1, "");
        }
    }

    function test_propose_onVetoedParent_reverts() external {
        _commit("one");
        _commit("two");
        IClaim wrong = _proposeOn(0, 1, keccak256("wrong"));
        vm.prank(guardian);
        window.veto(1);
        bytes32 hash = inbox.batchHash(2);
        vm.expectRevert(Settlement.BadParent.selector);
        vm.prank(proposer);
        settlement.propose(wrong, 2, hash, keccak256("root"), 2, "");
    }

    function test_propose_sameClaim_reverts_while_it_stands() external {
        _commit("one");
        IClaim first = _proposeOn(0, 1, keccak256("root"));
        bytes32 hash = inbox.batchHash(1);
        bytes32 uuid = settlement.getGameUUID(42, keccak256("root"), first.extraData());
        vm.expectRevert(abi.encodeWithSelector(ISettlement.GameAlreadyExists.selector, uuid));
        vm.prank(proposer);
        settlement.propose(genesis, 1, hash, keccak256("root"), 1, "");

        vm.prank(guardian);
        window.veto(1);
        IClaim second = _proposeOn(0, 1, keccak256("root"));
        vm.assertNotEq(address(first), address(second));
        (address found,) = settlement.games(42, keccak256("root"), second.extraData());
        vm.assertEq(found, address(second));
    }

    /// @dev A right claim cannot be kept from the list by one that looks like it but hands its module something else, or
    /// builds on something else.
    function test_propose_same_root_with_other_data_or_parent_is_another_claim() external {
        _commit("one");
        _commit("two");
        bytes32 hash = inbox.batchHash(2);
        vm.mockCall(address(window), abi.encodeWithSelector(IValidity.onClaim.selector), "");
        IClaim none = settlement.propose(genesis, 2, hash, keccak256("root"), 2, "");
        IClaim some = settlement.propose(genesis, 2, hash, keccak256("root"), 2, "some data");
        IClaim more = settlement.propose(genesis, 2, hash, keccak256("root"), 2, hex"00");
        vm.assertEq(none.extraData(), abi.encode(uint256(2), uint64(2), uint64(0), bytes32(0)));
        vm.assertEq(some.extraData(), abi.encode(uint256(2), uint64(2), uint64(0), keccak256("some data")));
        vm.assertEq(more.extraData(), abi.encode(uint256(2), uint64(2), uint64(0), keccak256(hex"00")));
        bytes32 uuid = settlement.getGameUUID(42, keccak256("root"), some.extraData());
        vm.expectRevert(abi.encodeWithSelector(ISettlement.GameAlreadyExists.selector, uuid));
        settlement.propose(genesis, 2, hash, keccak256("root"), 2, "some data");

        bytes32 first = inbox.batchHash(1);
        IClaim before = settlement.propose(genesis, 1, first, keccak256("before"), 1, "");
        IClaim elsewhere = settlement.propose(before, 2, hash, keccak256("root"), 2, "some data");
        vm.assertEq(elsewhere.extraData(), abi.encode(uint256(2), uint64(2), uint64(4), keccak256("some data")));
    }

    /// @dev A module that never decides does not stand in the way of the next.
    function test_propose_same_claim_under_another_module() external {
        _commit("one");
        _proposeOn(0, 1, keccak256("root"));
        ChallengeWindow next = new ChallengeWindow(_windowConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(next));
        IClaim second = _proposeOn(0, 1, keccak256("root"));
        vm.assertEq(second.validity(), address(next));
        (address found,) = settlement.games(42, keccak256("root"), second.extraData());
        vm.assertEq(found, address(second));
        bytes32 hash = inbox.batchHash(1);
        bytes32 uuid = settlement.getGameUUID(42, keccak256("root"), second.extraData());
        vm.expectRevert(abi.encodeWithSelector(ISettlement.GameAlreadyExists.selector, uuid));
        vm.prank(proposer);
        settlement.propose(genesis, 1, hash, keccak256("root"), 1, "");
    }

    function test_games_are_found_as_tools_look_for_them() external {
        for (uint64 batch = 1; batch <= 5; ++batch) {
            _commit("batch");
            _proposeOn(batch - 1, batch, keccak256(abi.encode(batch)));
            skip(1 hours);
        }
        vm.assertEq(settlement.gameCount(), 6);
        ISettlement.GameSearchResult[] memory found = settlement.findLatestGames(42, 5, 3);
        vm.assertEq(found.length, 3);
        for (uint256 i = 0; i < 3; ++i) {
            (uint32 gameType, uint64 timestamp, address proxy) = settlement.gameAtIndex(5 - i);
            vm.assertEq(found[i].index, 5 - i);
            vm.assertEq(found[i].timestamp, timestamp);
            vm.assertEq(uint256(found[i].metadata) >> 224, gameType);
            vm.assertEq(uint64(uint256(found[i].metadata) >> 160), timestamp);
            vm.assertEq(address(uint160(uint256(found[i].metadata))), proxy);
            vm.assertEq(found[i].rootClaim, IClaim(proxy).rootClaim());
            vm.assertEq(found[i].extraData, IClaim(proxy).extraData());
        }
        vm.assertEq(settlement.findLatestGames(42, 5, 100).length, 6);
        vm.assertEq(settlement.findLatestGames(42, 6, 100).length, 0);
        vm.assertEq(settlement.findLatestGames(42, type(uint256).max, type(uint256).max).length, 0);
        vm.assertEq(settlement.findLatestGames(0, 5, 100).length, 0);
    }

    function test_findLatestGames_leaves_out_vetoed_claims() external {
        _commit("one");
        _proposeOn(0, 1, keccak256("right"));
        _commit("two");
        _proposeOn(1, 2, keccak256("wrong"));
        vm.prank(guardian);
        window.veto(2);
        ISettlement.GameSearchResult[] memory found = settlement.findLatestGames(42, 2, 2);
        vm.assertEq(found.length, 2);
        vm.assertEq(found[0].index, 1);
        vm.assertEq(found[1].index, 0);
    }

    function test_registry_knows_its_own_claims_only() external {
        _commit("one");
        address claim = address(_proposeOn(0, 1, keccak256("root")));
        vm.assertTrue(settlement.isGameProper(claim) && settlement.isGameRespected(claim));
        vm.assertFalse(settlement.isGameFinalized(claim));
        skip(WINDOW);
        vm.assertTrue(settlement.isGameFinalized(claim));

        address fake = makeAddr("fake"); // the same code elsewhere
        vm.etch(fake, claim.code);
        address[4] memory others = [fake, address(this), alice, settlement.claimCode()];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.assertFalse(settlement.isGameProper(others[i]));
            vm.assertFalse(settlement.isGameRespected(others[i]));
            vm.assertFalse(settlement.isGameFinalized(others[i]));
        }
    }

    function test_claimCode_is_no_claim() external {
        address code = settlement.claimCode();
        vm.expectRevert(abi.encodeWithSelector(ClaimArgs.NotAClaim.selector, code));
        IClaim(code).rootClaim();
    }

    function test_setValidity_notOwner_reverts(address caller) external {
        vm.assume(caller != address(timelock));
        vm.expectRevert(Settlement.Unauthorized.selector);
        vm.prank(caller);
        settlement.setValidity(address(window));
    }

    function test_setValidity_withoutCode_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadConfig.selector, "validity"));
        vm.prank(address(timelock));
        settlement.setValidity(alice);
    }

    function test_setValidity_leaves_old_claims_with_their_module() external {
        _commit("one");
        IClaim old = _proposeOn(0, 1, keccak256("one"));
        ChallengeWindow.Config memory c = _windowConfig();
        c.windowSeconds = 1;
        ChallengeWindow next = new ChallengeWindow(c);
        vm.prank(address(timelock));
        settlement.setValidity(address(next));
        _commit("two");
        bytes32 hash = inbox.batchHash(2);
        vm.prank(proposer);
        vm.expectRevert(Settlement.BadParent.selector); // pending, and another module's
        settlement.propose(old, 2, hash, keccak256("two"), 2, "");

        skip(WINDOW - 1);
        vm.assertEq(uint256(old.status()), uint256(ClaimStatus.Pending));
        skip(1);
        vm.assertEq(uint256(old.status()), uint256(ClaimStatus.Final));
        IClaim made = _proposeOn(1, 2, keccak256("two"));
        vm.assertEq(made.validity(), address(next));
        skip(1);
        vm.assertEq(uint256(made.status()), uint256(ClaimStatus.Final));
    }

    /// @dev To the next module every round is new. What is decided must not be decided again, least of all by whoever
    /// claims first when the evidence of old batches is gone.
    function test_propose_onDecidedParent_reverts_under_another_module() external {
        _commit("one");
        _commit("two");
        IClaim one = _proposeOn(0, 1, keccak256("one"));
        skip(WINDOW);
        ChallengeWindow next = new ChallengeWindow(_windowConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(next));
        bytes32 hash = inbox.batchHash(1);
        vm.startPrank(proposer);
        vm.expectRevert(Settlement.BadParent.selector);
        settlement.propose(genesis, 1, hash, keccak256("another one"), 1, "");
        settlement.propose(one, 2, inbox.batchHash(2), keccak256("two"), 2, "");
        vm.stopPrank();
    }

    function test_setValidity_replaces_a_module_that_answers_nothing() external {
        _commit("one");
        ChallengeWindow next = new ChallengeWindow(_windowConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(next));
        for (uint256 i = 0; i < 2; ++i) {
            if (i == 0) vm.mockCallRevert(address(window), abi.encodeCall(IValidity.winnerOn, (0)), "broken");
            else vm.mockCall(address(window), abi.encodeCall(IValidity.winnerOn, (0)), "no word");
            _proposeOn(0, 1, keccak256(abi.encode(i)));
        }
    }

    function test_propose_passes_the_bond_on() external {
        _commit("one");
        bytes32 hash = inbox.batchHash(1);
        bytes memory expected =
            abi.encodeCall(IValidity.onClaim, (1, 0, alice, _inputOf(hash, keccak256("root")), "some data"));
        vm.mockCall(address(window), expected, "");
        vm.expectCall(address(window), 1 ether, expected);
        vm.prank(alice);
        settlement.propose{value: 1 ether}(genesis, 1, hash, keccak256("root"), 1, "some data");
        vm.assertEq(address(settlement).balance, 0);
    }

    function _inputOf(bytes32 hash, bytes32 root) private view returns (bytes32) {
        bytes32 config = inbox.configHash();
        return Protocol.publicInput(config, GENESIS_ROOT, config, hash, root, 1);
    }
}
