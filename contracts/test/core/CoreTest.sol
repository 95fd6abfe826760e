// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Inbox} from "../../src/Inbox.sol";
import {Metering} from "../../src/Metering.sol";
import {Portal} from "../../src/Portal.sol";
import {Settlement} from "../../src/Settlement.sol";
import {Timelock} from "../../src/Timelock.sol";
import {IClaim} from "../../src/interfaces/IClaim.sol";
import {ChainSpec, OutputRootProof, Protocol, Withdrawal} from "../../src/libraries/Protocol.sol";
import {ChallengeWindow} from "./ChallengeWindow.sol";
import {Test} from "../base/Test.sol";
import {Trie} from "../base/Trie.sol";

/// @notice A whole chain on its parent, as `altana deploy` makes it, and ways to move it on.
abstract contract CoreTest is Test {
    uint64 internal constant FORCE_DELAY = 12 hours;
    uint64 internal constant SEQUENCER_TIMEOUT = 1 days;
    uint64 internal constant MAX_BATCH_AGE = 6 hours;
    uint64 internal constant WINDOW = 7 days;
    uint64 internal constant MATURITY = 3.5 days;
    uint64 internal constant MAX_PAUSE = 14 days;
    uint256 internal constant EXIT_WINDOW = 30 days;
    bytes32 internal constant GENESIS_ROOT = keccak256("genesis output root");

    address internal admin = makeAddr("admin");
    address internal batcher = makeAddr("batcher");
    address internal proposer = makeAddr("proposer");
    address internal guardian = makeAddr("guardian");
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");

    Timelock internal timelock;
    Inbox internal inbox;
    Settlement internal settlement;
    IClaim internal genesis;
    ChallengeWindow internal window;
    Portal internal portal;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        vm.fee(1 gwei);
        vm.setBlockhash(999, keccak256("block 999"));
        vm.deal(alice, 1_000 ether);
        vm.deal(bob, 1_000 ether);
        _deploy();
    }

    /// @dev Each contract learns the addresses of those that come later from this account's nonce.
    function _deploy() internal {
        uint256 nonce = vm.getNonce(address(this));
        address windowAt = vm.computeCreateAddress(address(this), nonce + 3);
        address portalAt = vm.computeCreateAddress(address(this), nonce + 4);
        address[] memory proposers = new address[](1);
        proposers[0] = admin;

        timelock = new Timelock(EXIT_WINDOW, proposers);
        inbox = new Inbox(_inboxConfig(portalAt));
        settlement = new Settlement(Settlement.Config(address(timelock), address(inbox), windowAt, GENESIS_ROOT));
        genesis = settlement.claimAt(0);
        window = new ChallengeWindow(_windowConfig());
        portal = new Portal(_portalConfig());
    }

    function _inboxConfig(address portalAt) internal view returns (Inbox.Config memory) {
        return Inbox.Config({
            owner: address(timelock),
            batcher: batcher,
            spec: ChainSpec({
                chainId: 4242,
                parentChainId: uint64(block.chainid),
                portal: portalAt,
                gasLimit: 60_000_000,
                batchGas: 1_024 * 60_000_000,
                elasticity: 6,
                denominator: 50,
                minBaseFee: 1_000_000,
                genesisHash: keccak256("genesis block")
            }),
            genesisTimestamp: uint64(vm.getBlockTimestamp()),
            forceInclusionDelay: FORCE_DELAY,
            sequencerTimeout: SEQUENCER_TIMEOUT,
            maxBatchAge: MAX_BATCH_AGE
        });
    }

    function _windowConfig() internal view returns (ChallengeWindow.Config memory) {
        return ChallengeWindow.Config(address(timelock), address(settlement), proposer, guardian, WINDOW);
    }

    function _portalConfig() internal view returns (Portal.Config memory) {
        return Portal.Config({
            owner: address(timelock),
            inbox: address(inbox),
            settlement: address(settlement),
            guardian: guardian,
            proofMaturitySeconds: MATURITY,
            maxPauseSeconds: MAX_PAUSE,
            metering: Metering.MeteringConfig({
                maxBoughtGas: 20_000_000, elasticity: 10, denominator: 8, minBaseFee: 0.1 gwei, maxBaseFee: 1 ether
            })
        });
    }

    /// @dev Commits a batch with everything that is queued.
    function _commit(bytes memory payload) internal returns (uint64 index) {
        index = inbox.lastBatch() + 1;
        uint64 timestamp = uint64(vm.getBlockTimestamp());
        uint64 queueEnd = inbox.queueLength();
        vm.prank(batcher);
        inbox.commitBatch(index, timestamp, timestamp, queueEnd, payload);
    }

    /// @dev Claims `root` for batch `batch` on top of the newest claim, one block for each batch.
    function _propose(uint64 batch, bytes32 root) internal returns (uint64 index, IClaim claim) {
        index = uint64(settlement.gameCount());
        claim = _proposeOn(index - 1, batch, root);
    }

    function _proposeOn(uint64 parent, uint64 batch, bytes32 root) internal returns (IClaim) {
        bytes32 batchHash = inbox.batchHash(batch);
        IClaim on = settlement.claimAt(parent);
        vm.prank(proposer);
        return settlement.propose(on, batch, batchHash, root, batch, "");
    }

    /// @dev A new batch and a claim on it, under whose root the message passer has recorded `hashes`.
    function _claimWith(bytes32[] memory hashes) internal returns (uint64 index, OutputRootProof memory parts) {
        parts = _partsOf(hashes);
        (index,) = _propose(_commit("batch"), Protocol.outputRoot(parts));
    }

    function _partsOf(bytes32[] memory hashes) internal pure returns (OutputRootProof memory) {
        return OutputRootProof(0, keccak256("state root"), Trie.root(_keys(hashes)), keccak256("block hash"));
    }

    /// @dev The hashed storage slots under which the message passer records withdrawals.
    function _keys(bytes32[] memory hashes) internal pure returns (bytes32[] memory keys) {
        keys = new bytes32[](hashes.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            keys[i] = _key(hashes[i]);
        }
        Trie.sort(keys);
    }

    function _key(bytes32 hash) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(hash, uint256(0)))));
    }

    function _proofOf(bytes32[] memory hashes, bytes32 hash) internal pure returns (bytes[] memory) {
        return Trie.prove(_keys(hashes), _key(hash));
    }

    /// @dev `hash` among `others` further withdrawals.
    function _among(bytes32 hash, uint256 others) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](others + 1);
        hashes[0] = hash;
        for (uint256 i = 1; i <= others; ++i) {
            hashes[i] = keccak256(abi.encode("another withdrawal", i));
        }
    }

    function _withdrawal(address target, uint256 value) internal view returns (Withdrawal memory) {
        return Withdrawal({
            nonce: uint256(1) << 240 | 8, sender: alice, target: target, value: value, gasLimit: 100_000, data: ""
        });
    }

    /// @dev Puts ether into the Portal, as earlier deposits would have.
    function _fund(uint256 amount) internal {
        vm.deal(address(this), amount);
        portal.depositTransaction{value: amount}(alice, amount, 21_000, false, "");
    }

    /// @dev Claims a state with `w` in it and proves it as `submitter`.
    function _prove(Withdrawal memory w, address submitter) internal returns (uint64 index) {
        bytes32 hash = Protocol.withdrawalHash(w);
        bytes32[] memory hashes = _among(hash, 20);
        OutputRootProof memory parts;
        (index, parts) = _claimWith(hashes);
        bytes[] memory proof = _proofOf(hashes, hash);
        vm.prank(submitter);
        portal.proveWithdrawalTransaction(w, index, parts, proof);
    }

    /// @dev Proves `w` and waits until it can be paid.
    function _ripen(Withdrawal memory w) internal returns (bytes32 hash) {
        _prove(w, alice);
        skip(WINDOW);
        return Protocol.withdrawalHash(w);
    }

    /// @dev Makes a change the only way there is: announced, and waited for.
    function _throughTimelock(address target, bytes memory data) internal {
        vm.prank(admin);
        timelock.schedule(target, 0, data, 0, 0, EXIT_WINDOW);
        skip(EXIT_WINDOW);
        timelock.execute(target, 0, data, 0, 0);
    }
}
