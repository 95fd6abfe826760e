// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Inbox} from "../../src/Inbox.sol";
import {Portal} from "../../src/Portal.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {CoreTest} from "./CoreTest.sol";

/// @notice What broke other bridges, tried on this one.
contract IncidentsTest is CoreTest {
    function setUp() public override {
        super.setUp();
        _fund(100 ether);
    }

    /// @dev Nomad 2022: a root that was never set counted as proven.
    function test_nomad_2022_an_unset_root_proves_nothing(Withdrawal calldata w, bytes[] calldata proof) external {
        bytes32 hash = Protocol.withdrawalHash(w);
        vm.expectRevert(IPortal.OptimismPortal_Unproven.selector);
        portal.checkWithdrawal(hash, address(0));

        // No claim can have the root zero, and no root hashes to the genesis claim's but its own parts.
        _commit("batch");
        bytes32 batchHash = inbox.batchHash(1);
        vm.prank(proposer);
        vm.expectRevert();
        settlement.propose(genesis, 1, batchHash, 0, 1, "");
        vm.expectRevert();
        portal.proveWithdrawalTransaction(w, 0, OutputRootProof(0, 0, 0, 0), proof);

        // Even an output root made of zeros holds no withdrawal.
        OutputRootProof memory zeros = OutputRootProof(0, 0, 0, 0);
        _propose(1, Protocol.outputRoot(zeros));
        vm.expectRevert();
        portal.proveWithdrawalTransaction(w, 1, zeros, proof);
    }

    /// @dev Poly Network 2021: a relayed message called the contract that trusted the relayer.
    function test_poly_2021_relayed_calls_cannot_reach_system_contracts() external {
        address[4] memory system = [address(portal), address(inbox), address(settlement), address(timelock)];
        for (uint256 i = 0; i < system.length; ++i) {
            Withdrawal memory w = _withdrawal(system[i], 0);
            w.data = abi.encodeCall(Inbox.queueDeposit, (21_000, hex"00"));
            bytes32 hash = Protocol.withdrawalHash(w);
            bytes32[] memory hashes = _among(hash, 3);
            (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
            bytes[] memory proof = _proofOf(hashes, hash);
            vm.expectRevert(IPortal.OptimismPortal_BadTarget.selector);
            portal.proveWithdrawalTransaction(w, index, parts, proof);
            vm.expectRevert(IPortal.OptimismPortal_BadTarget.selector);
            portal.finalizeWithdrawalTransaction(w);
        }
    }

    /// @dev Arbitrum 2022: an initialiser could be called again. None of ours has any.
    function test_arbitrum_2022_nothing_can_be_initialised() external {
        address[5] memory all =
            [address(portal), address(inbox), address(settlement), address(window), address(timelock)];
        string[6] memory names = [
            "initialize()",
            "initialize(address)",
            "initialize(address,address)",
            "initialize(address,address,address)",
            "init()",
            "reinitialize(uint8)"
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            for (uint256 j = 0; j < names.length; ++j) {
                (bool ok,) =
                    all[i].call(abi.encodeWithSelector(bytes4(keccak256(bytes(names[j]))), alice, alice, alice));
                vm.assertFalse(ok, names[j]);
            }
        }
    }

    /// @dev Ronin 2024: an upgrade skipped a step and left a threshold at zero. Here every role, delay and bound is set
    /// by construction, and a contract with one unset cannot be deployed.
    function test_ronin_2024_nothing_is_zero_after_deployment() external view {
        vm.assertGt(timelock.getMinDelay(), 0);
        vm.assertGt(timelock.exitWindow(), 0);
        vm.assertTrue(timelock.hasRole(timelock.PROPOSER_ROLE(), admin));
        vm.assertNotEq(inbox.batcher(), address(0));
        vm.assertNotEq(inbox.portal(), address(0));
        vm.assertNotEq(inbox.configHash(), 0);
        vm.assertGt(inbox.forceInclusionDelay(), 0);
        vm.assertGt(inbox.sequencerTimeout(), 0);
        vm.assertGt(inbox.maxBatchAge(), 0);
        vm.assertGt(inbox.batchGas(), 0);
        vm.assertNotEq(settlement.validity(), address(0));
        vm.assertNotEq(window.proposer(), address(0));
        vm.assertNotEq(window.guardian(), address(0));
        vm.assertGt(window.windowSeconds(), 0);
        vm.assertNotEq(portal.guardian(), address(0));
        vm.assertGt(portal.maxPauseSeconds(), 0);
        vm.assertEq(inbox.owner(), address(timelock));
        vm.assertEq(settlement.owner(), address(timelock));
        vm.assertEq(window.owner(), address(timelock));
        vm.assertEq(portal.owner(), address(timelock));
    }

    /// @dev The same for the Portal, which is deployed last and holds all the others to what they were told.
    function test_portal_constructor_badField_reverts() external {
        Inbox foreign = new Inbox(_inboxConfig(address(0xdead)));
        for (uint256 field = 0; field < 8; ++field) {
            Portal.Config memory c = _portalConfig();
            // The Portal must be where the Inbox expects it, so the test deploys to that very address.
            if (field == 0) c.guardian = address(0);
            if (field == 1) c.maxPauseSeconds = 0;
            if (field == 2) c.maxPauseSeconds = 91 days;
            if (field == 3) c.metering.maxBoughtGas = 1024 * 21_000;
            if (field == 4) c.inbox = address(foreign);
            if (field == 5) c.owner = address(0);
            if (field == 6) c.owner = alice;
            // As long as the notice of a change, and nobody could leave before it.
            if (field == 7) c.maxPauseSeconds = uint64(EXIT_WINDOW) - MATURITY;
            string[8] memory names = [
                "guardian",
                "maxPauseSeconds",
                "maxPauseSeconds",
                "maxBoughtGas",
                "inbox",
                "owner",
                "owner",
                "exitWindow"
            ];
            vm.mockCall(address(inbox), abi.encodeCall(inbox.portal, ()), abi.encode(_next()));
            vm.expectRevert(abi.encodeWithSelector(Portal.BadConfig.selector, names[field]));
            new Portal(c);
        }
        vm.mockCall(address(inbox), abi.encodeCall(inbox.portal, ()), abi.encode(_next()));
        new Portal(_portalConfig());
    }

    /// @dev Polygon 2021: one exit, many encodings of its proof. Every byte of every argument counts, and a withdrawal
    /// pays once whatever it was proven with, by whom, and how often.
    function test_polygon_2021_no_byte_of_a_proof_is_free(uint256 at_, uint8 change) external {
        vm.assume(change != 0);
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 20);
        (uint64 index, OutputRootProof memory parts) = _claimWith(hashes);
        bytes[] memory proof = _proofOf(hashes, hash);
        uint256 node = at_ % proof.length;
        uint256 byte_ = (at_ / proof.length) % proof[node].length;
        proof[node][byte_] ^= bytes1(change);
        vm.expectRevert(IPortal.OptimismPortal_InvalidMerkleProof.selector);
        portal.proveWithdrawalTransaction(w, index, parts, proof);
    }

    function test_polygon_2021_a_withdrawal_pays_once() external {
        Withdrawal memory w = _withdrawal(bob, 1 ether);
        _prove(w, alice); // against one claim
        _prove(w, bob); // against the next, with another proof
        _prove(w, bob);
        skip(WINDOW);
        uint256 before = bob.balance;
        portal.finalizeWithdrawalTransactionExternalProof(w, alice);
        address[2] memory submitters = [alice, bob];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(IPortal.OptimismPortal_AlreadyFinalized.selector);
            portal.finalizeWithdrawalTransactionExternalProof(w, submitters[i]);
        }
        vm.assertEq(bob.balance, before + 1 ether);
    }

    /// @dev Arbitrum 2023: a backlog grew faster than it was worked off. What one parent block can queue fits the batch
    /// that one parent block can commit, so a backlog shrinks as soon as somebody commits.
    function test_arbitrum_2023_a_full_queue_can_always_be_worked_off() external view {
        uint256 most = portal.maxBoughtGas() / portal.minimumGasLimit(0);
        vm.assertLe(most + 1, Protocol.MAX_BATCH_MESSAGES); // and the attributes of that block's commit
    }

    function _next() private view returns (address) {
        return vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
    }
}
