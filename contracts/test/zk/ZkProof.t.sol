// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bonds} from "../../src/dispute/Bonds.sol";
import {Rounds} from "../../src/dispute/Rounds.sol";
import {Settlement} from "../../src/Settlement.sol";
import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {BondedClaims} from "../../src/validity/BondedClaims.sol";
import {ValidityProofs} from "../../src/validity/ValidityProofs.sol";
import {ZkProof} from "../../src/validity/ZkProof.sol";
import {ZkProofTest} from "./ZkProofTest.sol";

/// @notice Claims that a proof decides, and nothing else.
contract ZkProofClaimsTest is ZkProofTest {
    bytes32 private constant RIGHT = "right";
    bytes32 private constant WRONG = "wrong";

    function test_constructor_badField_reverts() external {
        string[6] memory names = ["settlement", "openings", "keyHash", "exeCommit", "vmCommit", "claimBond"];
        for (uint256 field = 0; field < names.length; ++field) {
            ZkProof.Config memory c = _zkConfig();
            if (field == 0) c.settlement = address(0);
            if (field == 1) c.proofs.openings = makeAddr("no code");
            if (field == 2) c.proofs.keyHash = 0;
            if (field == 3) c.proofs.exeCommit = 0;
            if (field == 4) c.proofs.vmCommit = 0;
            if (field == 5) c.claimBond = 0;
            vm.expectRevert(abi.encodeWithSelector(Rounds.BadConfig.selector, names[field]));
            new ZkProof(c);
        }
    }

    function test_constructor_keeps_what_it_was_told() external view {
        vm.assertEq(zk.settlement(), address(settlement));
        vm.assertEq(zk.openings(), address(book));
        vm.assertEq(zk.keyHash(), KEY);
        vm.assertEq(zk.exeCommit(), EXE);
        vm.assertEq(zk.vmCommit(), ZKVM);
        vm.assertEq(zk.claimBond(), CLAIM_BOND);
        vm.assertEq(zk.windowSeconds(), 0);
    }

    function test_contract_fits() external view {
        vm.assertLe(address(zk).code.length, 24_576);
    }

    // Making a claim

    function test_onClaim_stranger_reverts(address caller) external {
        vm.assume(caller != address(settlement));
        vm.deal(caller, CLAIM_BOND);
        vm.expectRevert(BondedClaims.Unauthorized.selector);
        vm.prank(caller);
        zk.onClaim{value: CLAIM_BOND}(1, 0, caller, 0, "");
    }

    function test_propose_data_reverts(bytes calldata data) external {
        vm.assume(data.length != 0);
        bytes32 hash = inbox.batchHash(1);
        vm.expectRevert(ZkProof.NoDataExpected.selector);
        vm.prank(alice);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, RIGHT, 1, data);
    }

    function test_propose_wrongBond_reverts() external {
        bytes32 hash = inbox.batchHash(1);
        uint256[3] memory wrong = [0, CLAIM_BOND - 1, CLAIM_BOND + 1];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Bonds.WrongBond.selector, CLAIM_BOND));
            vm.prank(alice);
            settlement.propose{value: wrong[i]}(genesis, 1, hash, RIGHT, 1, "");
        }
    }

    function test_propose_other_batches_than_rivals_reverts() external {
        bytes32 hash = inbox.batchHash(_commit("two"));
        vm.expectRevert(abi.encodeWithSelector(BondedClaims.WrongBatch.selector, 1));
        vm.prank(alice);
        settlement.propose{value: CLAIM_BOND}(genesis, 2, hash, RIGHT, 2, "");
    }

    function test_claims_take_up_to_four_batches() external {
        for (uint256 i = 0; i < 6; ++i) {
            _commit("more");
        }
        vm.assertEq(zk.lastBatchFor(_claimAs(alice, 0, RIGHT)), 5);
    }

    /// @dev So no two claims that one proof proves are rivals.
    function test_propose_same_claim_reverts() external {
        _claimAs(alice, 0, RIGHT);
        bytes32 hash = inbox.batchHash(1);
        vm.expectPartialRevert(ISettlement.GameAlreadyExists.selector);
        vm.prank(bob);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, RIGHT, 1, "");
    }

    // Proving it

    function test_proveClaim_is_final_at_once() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        skip(1 hours);
        _expectStatus(index, ClaimStatus.Pending);
        _verify(settlement, index, HISTORY, "");
        bytes32 output = _output(settlement.publicInput(index), HISTORY, "");
        vm.expectEmit(address(zk));
        emit ValidityProofs.ClaimProved(index, output);
        vm.prank(mallory);
        zk.proveClaim(index, HISTORY, "");
        _expectStatus(index, ClaimStatus.Final);
        uint256 since = vm.getBlockTimestamp();
        skip(1 days);
        vm.assertEq(settlement.claimAt(index).resolvedAt(), since);
        vm.assertEq(settlement.claimAt(index).expectedResolution(), since);
    }

    function test_claim_never_wins_by_waiting(uint32 wait) external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        skip(wait);
        _expectStatus(index, ClaimStatus.Pending);
        vm.assertEq(settlement.claimAt(index).resolvedAt(), 0);
        vm.assertEq(settlement.claimAt(index).expectedResolution(), 0);
        vm.expectRevert(abi.encodeWithSelector(Rounds.NotFinal.selector, index));
        zk.confirm(index);
        vm.expectRevert(Bonds.NotDecided.selector);
        zk.settle(index);
        _expectStatus(_claimAs(bob, 0, WRONG), ClaimStatus.Pending);
        _proveClaim(index);
        _expectStatus(index, ClaimStatus.Final);
    }

    function test_proveClaim_of_blobs() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        bytes memory blobs = _openings(6);
        _verify(settlement, index, HISTORY, blobs);
        zk.proveClaim(index, HISTORY, blobs);
        _expectStatus(index, ClaimStatus.Final);
    }

    /// @dev Claims stand for no history here: the program's will do, whichever it is, and no other.
    function test_proveClaim_by_whatever_history(bytes32 history, bytes32 other) external {
        vm.assume(history != other);
        uint64 index = _claimAs(alice, 0, RIGHT);
        _verify(settlement, index, history, "");
        bytes32 output = _output(settlement.publicInput(index), other, "");
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, _claimHash(output)));
        zk.proveClaim(index, other, "");
        zk.proveClaim(index, history, "");
        _expectStatus(index, ClaimStatus.Final);
    }

    function test_proveClaim_notOurs_reverts() external {
        uint64[2] memory none = [uint64(0), 7];
        for (uint256 i = 0; i < none.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, none[i]));
            zk.proveClaim(none[i], HISTORY, "");
        }
    }

    function test_proveClaim_partOfAnOpening_reverts() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        uint256[4] memory lengths = [uint256(1), 96, 191, 193];
        for (uint256 i = 0; i < lengths.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ValidityProofs.WrongOpeningsLength.selector, lengths[i]));
            zk.proveClaim(index, HISTORY, new bytes(lengths[i]));
        }
    }

    /// @dev Whatever is changed in an opening. The program is made to say the changed value, so nothing else is wrong.
    function test_proveClaim_openingWithOneBitChanged_reverts(uint256 bit) external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        bytes memory blobs = _openings(3);
        bit = bound(bit, 0, 8 * blobs.length - 1);
        blobs[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        _verify(settlement, index, HISTORY, blobs);
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.OpeningRefused.selector, bit / 8 / 192));
        zk.proveClaim(index, HISTORY, blobs);
    }

    /// @dev A parent without the precompile, or with another curve or blob behind it.
    function test_proveClaim_precompile_that_says_something_else_reverts() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        bytes memory blobs = _openings(1);
        _verify(settlement, index, HISTORY, blobs);
        bytes[4] memory answers =
            [bytes(""), abi.encode(4096), abi.encode(4095, BLS_MODULUS), abi.encode(4096, BLS_MODULUS - 1)];
        for (uint256 i = 0; i < answers.length; ++i) {
            vm.mockCall(address(0x0a), "", answers[i]);
            vm.expectRevert(abi.encodeWithSelector(ValidityProofs.OpeningRefused.selector, 0));
            zk.proveClaim(index, HISTORY, blobs);
        }
        vm.mockCallRevert(address(0x0a), "", abi.encode(4096, BLS_MODULUS));
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.OpeningRefused.selector, 0));
        zk.proveClaim(index, HISTORY, blobs);
        vm.clearMockedCalls();
        zk.proveClaim(index, HISTORY, blobs);
    }

    function test_proveClaim_notProved_reverts() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        bytes32 output = _output(settlement.publicInput(index), HISTORY, "");
        bytes32 claimHash = _claimHash(output);
        book.tell(keccak256("another key"), claimHash);
        book.tell(KEY, keccak256(_claim(ZKVM, ZKVM, output)));
        book.tell(KEY, keccak256(_claim(EXE, EXE, output)));
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, claimHash));
        zk.proveClaim(index, HISTORY, "");
        book.tell(KEY, claimHash);
        zk.proveClaim(index, HISTORY, "");
    }

    /// @dev One blob too few, one too many, none, or in another order.
    function test_proveClaim_otherBlobs_revert() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        bytes memory blobs = _openings(2);
        bytes memory one = _openings(1);
        _verify(settlement, index, HISTORY, blobs);
        _expectNotProved(index, one);
        _expectNotProved(index, "");
        _expectNotProved(index, _openings(3));
        _expectNotProved(index, bytes.concat(one, one));
        bytes memory turned = new bytes(384);
        for (uint256 i = 0; i < 384; ++i) {
            turned[i] = blobs[(i + 192) % 384];
        }
        _expectNotProved(index, turned);
        zk.proveClaim(index, HISTORY, blobs);
    }

    function _expectNotProved(uint64 index, bytes memory blobs) private {
        bytes32 output = _output(settlement.publicInput(index), HISTORY, blobs);
        vm.expectRevert(abi.encodeWithSelector(ValidityProofs.NotProved.selector, output, _claimHash(output)));
        zk.proveClaim(index, HISTORY, blobs);
    }

    function test_proveClaim_decided_reverts() external {
        uint64 right = _claimAs(alice, 0, RIGHT);
        uint64 wrong = _claimAs(mallory, 0, WRONG);
        _proveClaim(right);
        skip(1 days);
        for (uint64 i = right; i <= wrong; ++i) {
            _verify(settlement, i, HISTORY, ""); // what no prover could do
            vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, right));
            zk.proveClaim(i, HISTORY, "");
        }
        vm.assertEq(settlement.claimAt(right).resolvedAt(), vm.getBlockTimestamp() - 1 days);
        vm.assertEq(settlement.claimAt(wrong).resolvedAt(), vm.getBlockTimestamp() - 1 days);
    }

    /// @dev A reorganisation of the parent put another claim at the index for which the proof was sent.
    function test_proveClaim_after_a_reorg_of_the_parent_reverts() external {
        uint256 before = vm.snapshotState();
        uint64 index = _claimAs(alice, 0, RIGHT);
        bytes32 proved = _claimHash(_output(settlement.publicInput(index), HISTORY, ""));
        vm.revertToState(before);
        vm.assertEq(_claimAs(mallory, 0, WRONG), index);
        book.tell(KEY, proved);
        _expectNotProved(index, "");
        zk.proveClaim(_claimAs(alice, 0, RIGHT), HISTORY, "");
        _expectStatus(index, ClaimStatus.Rejected);
    }

    /// @dev The same claim about the same batch, with the same key and program, on another chain.
    function test_proveClaim_of_another_chain_reverts() external {
        _proveClaim(_claimAs(alice, 0, RIGHT));
        _deploy();
        zk = new ZkProof(_zkConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(zk));
        _commit("one");
        _expectNotProved(_claimAs(alice, 0, RIGHT), "");
    }

    function test_propose_rival_of_a_proved_claim_reverts() external {
        _proveClaim(_claimAs(alice, 0, RIGHT));
        bytes32 hash = inbox.batchHash(1);
        vm.expectRevert(abi.encodeWithSelector(Rounds.RoundOver.selector, 1));
        vm.prank(mallory);
        settlement.propose{value: CLAIM_BOND}(genesis, 1, hash, WRONG, 1, "");
    }

    // Chains of claims

    function test_proofs_come_in_any_order(uint256 seed) external {
        uint64[4] memory order = [uint64(1), 2, 3, 4];
        for (uint64 i = 0; i < 4; ++i) {
            if (i > 0) _commit("more");
            _claimAs(alice, i, RIGHT);
            uint256 j = seed % (i + 1);
            seed /= 4;
            (order[i], order[j]) = (order[j], order[i]);
        }
        uint256[5] memory provedAt;
        for (uint256 i = 0; i < 4; ++i) {
            skip(1 hours);
            _proveClaim(order[i]);
            provedAt[order[i]] = vm.getBlockTimestamp();
            uint256 since = 1; // zero is the first that waits
            for (uint64 k = 1; k <= 4; ++k) {
                since = since == 0 || provedAt[k] == 0 ? 0 : provedAt[k] > since ? provedAt[k] : since;
                _expectStatus(k, since == 0 ? ClaimStatus.Pending : ClaimStatus.Final);
                vm.assertEq(settlement.claimAt(k).resolvedAt(), since);
            }
        }
    }

    function test_claims_fall_with_their_ancestors() external {
        uint64 wrong = _claimAs(mallory, 0, WRONG);
        _commit("two");
        uint64 onWrong = _claimAs(mallory, wrong, RIGHT);
        _proveClaim(onWrong); // the step is right, what it starts from is not
        uint64 right = _claimAs(alice, 0, RIGHT);
        uint64 onRight = _claimAs(bob, right, RIGHT);
        _commit("three");
        uint64 open = _claimAs(carol, onWrong, "open");
        _proveClaim(right);
        _expectStatus(wrong, ClaimStatus.Rejected);
        _expectStatus(onWrong, ClaimStatus.Rejected);
        _expectStatus(open, ClaimStatus.Rejected);
        _expectStatus(onRight, ClaimStatus.Pending);
        bytes32 hash = inbox.batchHash(1);
        IClaim fallen = settlement.claimAt(open);
        vm.expectRevert(Settlement.BadParent.selector);
        settlement.propose{value: CLAIM_BOND}(fallen, 1, hash, RIGHT, 1, "");
    }

    /// @dev A proof on top of what was rejected changes nothing, not even when that was.
    function test_proveClaim_of_a_rejected_claim_changes_nothing() external {
        uint64 wrong = _claimAs(mallory, 0, WRONG);
        _commit("two");
        uint64 onWrong = _claimAs(mallory, wrong, RIGHT);
        _proveClaim(_claimAs(alice, 0, RIGHT));
        uint64 since = settlement.claimAt(onWrong).resolvedAt();
        zk.settle(onWrong);
        skip(1 days);
        _proveClaim(onWrong);
        _expectStatus(onWrong, ClaimStatus.Rejected);
        vm.assertEq(settlement.claimAt(onWrong).resolvedAt(), since);
        vm.assertEq(zk.withdrawable(mallory), 0);
        vm.assertEq(zk.withdrawable(alice), CLAIM_BOND / 2);
    }

    /// @dev One proof proves all claims that say the same, and each only in its own round.
    function test_one_proof_for_two_claims_that_say_the_same() external {
        uint64 right = _claimAs(alice, 0, RIGHT);
        uint64 wrong = _claimAs(mallory, 0, WRONG);
        _commit("two");
        uint64 same = _claimAs(alice, right, "two");
        uint64 other = _claimAs(mallory, wrong, "two");
        _commit("three");
        uint64 last = _claimAs(alice, same, "three");
        uint64 copy = _claimAs(mallory, other, "three");
        vm.assertEq(settlement.publicInput(last), settlement.publicInput(copy));
        vm.assertNotEq(settlement.publicInput(same), settlement.publicInput(other));
        _verify(settlement, copy, HISTORY, "");
        zk.proveClaim(copy, HISTORY, "");
        zk.proveClaim(last, HISTORY, "");
        _proveClaim(same);
        _expectNotProved(other, "");
        _proveClaim(right);
        _expectStatus(last, ClaimStatus.Final);
        _expectStatus(copy, ClaimStatus.Rejected);
    }

    // Bonds

    function test_settle_pays_who_made_the_proved_claim() external {
        uint64 wrong = _claimAs(mallory, 0, WRONG);
        uint64 right = _claimAs(alice, 0, RIGHT);
        _verify(settlement, right, HISTORY, "");
        vm.prank(bob);
        zk.proveClaim(right, HISTORY, "");
        vm.expectEmit(address(zk));
        emit Bonds.BondSettled(bytes32(uint256(wrong)), alice, CLAIM_BOND / 2, CLAIM_BOND / 2);
        zk.settle(wrong);
        vm.expectEmit(address(zk));
        emit Bonds.BondSettled(bytes32(uint256(right)), alice, CLAIM_BOND, 0);
        zk.settle(right);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        zk.settle(right);
        uint256 balance = alice.balance;
        vm.prank(alice);
        zk.withdraw();
        vm.assertEq(alice.balance, balance + 3 * CLAIM_BOND / 2);
        vm.assertEq(address(zk).balance, zk.burnt());
    }

    function test_bond_moves_on_with_its_maker() external {
        uint64 first = _claimAs(alice, 0, RIGHT);
        _commit("two");
        vm.assertEq(zk.bond(first, alice), 0);
        vm.assertEq(zk.bond(first, bob), CLAIM_BOND);
        uint64 second = _claimAs(alice, first, RIGHT);
        _proveClaim(first);
        vm.expectRevert(Bonds.NothingToSettle.selector);
        zk.settle(first);
        vm.expectRevert(Bonds.NotDecided.selector);
        zk.settle(second);
        _proveClaim(second);
        zk.settle(second);
        vm.assertEq(zk.withdrawable(alice), CLAIM_BOND);
    }

    function test_ether_that_was_forced_in_belongs_to_nobody() external {
        uint64 index = _claimAs(alice, 0, RIGHT);
        vm.deal(address(zk), address(zk).balance + 5 ether);
        _proveClaim(index);
        zk.settle(index);
        vm.prank(alice);
        zk.withdraw();
        vm.assertEq(address(zk).balance, 5 ether);
        vm.assertEq(zk.burnt(), 0);
        (bool ok,) = address(zk).call{value: 0}("");
        vm.assertFalse(ok, "it takes no transfers");
    }

    // Other modules

    /// @dev What it has not decided when it retires it never decides; what it has stays so. The next one takes the same
    /// claims, and the same proofs.
    function test_proveClaim_retired_reverts() external {
        uint64 proved = _claimAs(alice, 0, RIGHT);
        _commit("two");
        uint64 open = _claimAs(bob, proved, RIGHT);
        _proveClaim(proved);
        _verify(settlement, open, HISTORY, "");
        ZkProof old = zk;
        zk = new ZkProof(_zkConfig());
        vm.prank(address(timelock));
        settlement.setValidity(address(zk));
        for (uint64 i = proved; i <= open; ++i) {
            vm.expectRevert(ValidityProofs.Retired.selector);
            old.proveClaim(i, HISTORY, "");
            vm.expectRevert(abi.encodeWithSelector(Rounds.NotOurs.selector, i));
            zk.proveClaim(i, HISTORY, "");
        }
        skip(365 days);
        _expectStatus(proved, ClaimStatus.Final);
        _expectStatus(open, ClaimStatus.Pending);
        old.settle(open);
        vm.assertEq(old.withdrawable(bob), CLAIM_BOND);
        uint64 again = _claimAs(bob, proved, RIGHT);
        zk.proveClaim(again, HISTORY, "");
        _expectStatus(again, ClaimStatus.Final);
    }

    // Withdrawals

    function test_withdrawal_is_paid_when_its_claim_is_proved() external {
        _fund(1 ether);
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 20);
        OutputRootProof memory parts = _partsOf(hashes);
        uint64 index = _claimAs(alice, 0, Protocol.outputRoot(parts));
        bytes[] memory proof = _proofOf(hashes, hash);
        vm.prank(alice);
        portal.proveWithdrawalTransaction(w, index, parts, proof);
        skip(365 days);
        vm.expectRevert();
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        _proveClaim(index);
        uint256 balance = bob.balance;
        vm.prank(alice);
        portal.finalizeWithdrawalTransaction(w);
        vm.assertEq(bob.balance, balance + 1 ether);
    }
}
