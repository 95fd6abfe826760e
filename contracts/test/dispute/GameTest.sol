// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Edge, Edges} from "../../src/dispute/Edges.sol";
import {ClaimStatus, IClaim} from "../../src/interfaces/IClaim.sol";
import {FaultProof} from "../../src/validity/FaultProof.sol";
import {CoreTest} from "../core/CoreTest.sol";
import {Machine} from "./MachineTest.sol";
import {Sparse, SparseHistory} from "./Sparse.sol";
import {Toy} from "./Toy.sol";

/// @notice What somebody says about the claims on one parent: the right history up to one instruction, and from there on
/// a made-up one at each level. Nothing is made up if `lie` is zero.
struct Side {
    address player;
    uint64 parent;
    uint64 forkBlock;
    uint64 forkStride;
    uint64 forkInstruction;
    bytes32 lie;
}

/// @notice The toy rollup under the fault proof, and players who make all moves that their side has.
abstract contract GameTest is CoreTest, Toy {
    using Edges for Edge;
    using SparseHistory for Sparse;

    uint256 internal constant CLAIM_BOND = 10 ether;
    uint256 internal constant STRIDES_BOND = 4 ether;
    uint256 internal constant STEPS_BOND = 1 ether;
    uint256 internal constant NO_LIMIT = type(uint256).max;

    FaultProof internal game;
    address internal carol = makeAddr("carol");
    address internal mallory = makeAddr("mallory");

    /// @dev How many moves `_play` has made, and how many it may.
    uint256 internal _moves;
    uint256 internal _limit = NO_LIMIT;
    /// @dev How many of them were proofs.
    uint256 internal _proofs;

    function setUp() public virtual override {
        super.setUp();
        game = _newGame();
        vm.prank(address(timelock));
        settlement.setValidity(address(game));
        vm.deal(carol, 1_000 ether);
        vm.deal(mallory, 1_000 ether);
    }

    function _newGame() internal virtual returns (FaultProof) {
        return new FaultProof(_gameConfig());
    }

    function _gameConfig() internal view virtual returns (FaultProof.Config memory) {
        return FaultProof.Config({
            settlement: address(settlement),
            step: address(stepper),
            programHash: _programHash(),
            windowSeconds: WINDOW,
            claimBond: CLAIM_BOND,
            stridesBond: STRIDES_BOND,
            stepsBond: STEPS_BOND
        });
    }

    function _outputRoot(uint64 number) internal pure override returns (bytes32) {
        return number == 0 ? GENESIS_ROOT : super._outputRoot(number);
    }

    // Sides

    function _honest(address player, uint64 parent) internal pure returns (Side memory) {
        return Side(player, parent, 0, 0, 0, 0);
    }

    function _liar(address player, uint64 parent, uint64 block_, uint64 stride, uint64 instruction)
        internal
        pure
        returns (Side memory s)
    {
        s = Side(player, parent, block_, stride, instruction, 0);
        s.lie = keccak256(abi.encode("a lie", s));
    }

    /// @dev What the right history starts with on a parent that is right.
    function _numberAfter(uint64 batch) internal pure returns (uint64) {
        return batch * BLOCKS_A_BATCH;
    }

    function _blocks(Side memory s) internal view returns (Sparse memory h) {
        uint64 from = settlement.claimAt(s.parent).batchIndex();
        uint64 to = game.lastBatchFor(s.parent);
        h = SparseHistory.constant_(12, _blockLeaf(_numberAfter(from) + 1));
        for (uint64 i = 1; i < (to - from) * BLOCKS_A_BATCH; ++i) {
            uint256 at_ = i / BLOCKS_A_BATCH * 1024 + i % BLOCKS_A_BATCH;
            h = h.fork(at_, _blockLeaf(_numberAfter(from) + 1 + i));
        }
        if (s.lie != 0) h = h.fork(s.forkBlock, _lieLeaf(s));
    }

    /// @dev The output root and last block that a side claims.
    function _claimOf(Side memory s) internal view returns (bytes32 root, uint64 lastBlock) {
        lastBlock = _numberAfter(game.lastBatchFor(s.parent));
        root = s.lie == 0 ? _outputRoot(lastBlock) : s.lie;
    }

    function _lieLeaf(Side memory s) internal view returns (bytes32) {
        return keccak256(abi.encode(s.lie, uint256(_numberAfter(game.lastBatchFor(s.parent)))));
    }

    /// @dev What the machine is asked at a block up to which the side is right.
    function _question(Side memory s, uint64 block_) internal view returns (Question memory q) {
        uint64 from = settlement.claimAt(s.parent).batchIndex();
        uint64 batches = block_ / 1024;
        uint64 within = block_ % 1024;
        q.config = inbox.configHash();
        q.number = _numberAfter(from + batches) + (within < BLOCKS_A_BATCH ? within : BLOCKS_A_BATCH);
        q.root = _outputRoot(q.number);
        q.batchHash = inbox.batchHash(from + 1 + batches);
        q.blockIndex = within;
    }

    /// @dev The state in which the side says that the machine halts.
    function _endOf(Side memory s, uint64 block_) internal returns (bytes memory encoding) {
        encoding = _ending(_question(s, block_));
        if (!_isForked(s, block_)) return encoding;
        Machine memory told = _reader(_lieLeaf(s), 0);
        bytes memory word = abi.encodePacked(told.x[10], told.x[11], told.x[12], told.x[13]);
        for (uint256 k = 0; k < 32; ++k) {
            encoding[129 + k] = word[k]; // x11 to x14
        }
    }

    function _strides(Side memory s, uint64 block_) internal returns (Sparse memory h) {
        bytes32[] memory states = _run(_question(s, block_));
        h = SparseHistory.constant_(22, states[TOY_STEPS]);
        if (s.lie != 0 && block_ == s.forkBlock) h = h.fork(s.forkStride, _hashOf(_endOf(s, block_)));
    }

    function _instructions(Side memory s, uint64 block_, uint64 stride) internal returns (Sparse memory h) {
        bytes32[] memory states = _run(_question(s, block_));
        h = SparseHistory.constant_(16, states[stride == 0 ? 1 : TOY_STEPS]);
        for (uint256 i = 1; i < TOY_STEPS && stride == 0; ++i) {
            h = h.fork(i, states[i + 1]);
        }
        if (s.lie != 0 && block_ == s.forkBlock && stride == s.forkStride) {
            h = h.fork(s.forkInstruction, _hashOf(_endOf(s, block_)));
        }
    }

    function _rootOf(Side memory s) internal view returns (Edge memory) {
        return Edges.root(bytes32(uint256(s.parent)), 0, _blocks(s).root());
    }

    // Moves

    function _claimAs(Side memory s) internal returns (uint64 index) {
        (bytes32 root, uint64 lastBlock) = _claimOf(s);
        uint64 batch = game.lastBatchFor(s.parent);
        bytes32 batchHash = inbox.batchHash(batch);
        bytes memory data = abi.encodePacked(_blocks(s).spine());
        uint256 due = game.bond(s.parent, s.player);
        index = uint64(settlement.gameCount());
        IClaim parent = settlement.claimAt(s.parent);
        vm.prank(s.player);
        settlement.propose{value: due}(parent, batch, batchHash, root, lastBlock, data);
    }

    /// @dev Makes every move that the side has now, within the limit. Says whether it made one.
    function _play(Side memory s) internal returns (bool) {
        uint256 had = _moves;
        uint256 free = _freeMemory();
        _playBlocks(s, _blocks(s), _rootOf(s));
        _release(free);
        return _moves != had;
    }

    /// @dev Credits all that the side has, from the bottom up.
    function _creditAll(Side memory s) internal {
        uint256 free = _freeMemory();
        _credit(s, _blocks(s), _rootOf(s), 0, 0);
        _release(free);
    }

    function _playBlocks(Side memory s, Sparse memory h, Edge memory e) private {
        if (!_reaches(h, e)) return;
        if (e.height > 0) {
            _playBlocks(s, h, _left(h, e));
            return _playBlocks(s, h, _right(h, e));
        }
        uint64 block_ = e.index;
        bool right = s.lie == 0 || block_ < s.forkBlock;
        if (block_ / 1024 >= game.lastBatchFor(s.parent) - settlement.claimAt(s.parent).batchIndex()) {
            if (right) _proveRepeat(s, h, e);
            return;
        }
        if (!right && block_ > s.forkBlock) return;
        Sparse memory sub = _strides(s, block_);
        Edge memory root = Edges.root(e.place(), 1, sub.root());
        if (!_look(root).exists) {
            if (!_spend()) return;
            _descendAs(s, e, block_);
        }
        _playStrides(s, sub, root, block_);
    }

    function _playStrides(Side memory s, Sparse memory h, Edge memory e, uint64 block_) private {
        if (!_reaches(h, e)) return;
        if (e.height > 0) {
            _playStrides(s, h, _left(h, e), block_);
            return _playStrides(s, h, _right(h, e), block_);
        }
        if (_isForked(s, block_) && e.index > s.forkStride) return;
        Sparse memory sub = _instructions(s, block_, e.index);
        Edge memory root = Edges.root(e.place(), 2, sub.root());
        if (!_look(root).exists) {
            if (!_spend()) return;
            _descendAs(s, e, block_);
        }
        _playInstructions(s, sub, root, block_, e.index);
    }

    function _playInstructions(Side memory s, Sparse memory h, Edge memory e, uint64 block_, uint64 stride) private {
        if (!_reaches(h, e)) return;
        if (e.height > 0) {
            _playInstructions(s, h, _left(h, e), block_, stride);
            return _playInstructions(s, h, _right(h, e), block_, stride);
        }
        if (_isForked(s, block_) && stride == s.forkStride && e.index >= s.forkInstruction) return;
        if (_look(e).proven || !_spend()) return;
        (, bytes memory witness) = _stateAt(_question(s, block_), stride == 0 ? e.index : TOY_STEPS);
        vm.prank(s.player);
        game.prove(e, h.before(e.index), witness);
        ++_proofs;
    }

    function _proveRepeat(Side memory s, Sparse memory h, Edge memory e) private {
        if (_look(e).proven || !_spend()) return;
        vm.prank(s.player);
        game.proveRepeat(e, h.before(e.index));
        ++_proofs;
    }

    /// @dev Whether there is something to do at or below the edge. Bisects it if that is to be done.
    function _reaches(Sparse memory h, Edge memory e) private returns (bool) {
        FaultProof.EdgeState memory state = _look(e);
        if (!state.exists || !state.rivalled) return false;
        if (e.height == 0 || state.bisected) return true;
        if (!_spend()) return false;
        game.bisect(e, _left(h, e).node, _right(h, e).node);
        return true;
    }

    function _spend() private returns (bool) {
        if (_moves == _limit) return false;
        ++_moves;
        return true;
    }

    function _isForked(Side memory s, uint64 block_) private pure returns (bool) {
        return s.lie != 0 && block_ == s.forkBlock;
    }

    function _credit(Side memory s, Sparse memory h, Edge memory e, uint64 block_, uint64 stride) private {
        FaultProof.EdgeState memory state = _look(e);
        if (!state.exists || state.proven) return;
        if (e.height > 0) {
            if (!state.bisected) return;
            _credit(s, h, _left(h, e), block_, stride);
            _credit(s, h, _right(h, e), block_, stride);
            return _creditOne(e, _left(h, e).node, _right(h, e).node);
        }
        if (e.level == 2 || !state.rivalled) return;
        if (e.level == 0 && s.lie != 0 && e.index > s.forkBlock) return;
        if (e.level == 0 && e.index >= 1024 * 4) return;
        Sparse memory sub = e.level == 0 ? _strides(s, e.index) : _instructions(s, block_, e.index);
        Edge memory root = Edges.root(e.place(), e.level + 1, sub.root());
        if (!_look(root).exists) return;
        _credit(s, sub, root, e.level == 0 ? e.index : block_, e.index);
        _creditOne(e, root.node, 0);
    }

    function _creditOne(Edge memory e, bytes32 left, bytes32 right) internal {
        FaultProof.Credit[] memory list = new FaultProof.Credit[](1);
        list[0] = FaultProof.Credit(e, left, right);
        game.credit(list);
    }

    function _look(Edge memory e) internal view returns (FaultProof.EdgeState memory) {
        Edge[] memory list = new Edge[](1);
        list[0] = e;
        return game.look(list)[0];
    }

    function _left(Sparse memory h, Edge memory e) internal pure returns (Edge memory) {
        return h.edgeAt(e.origin, e.level, e.height - 1, 2 * e.index);
    }

    function _right(Sparse memory h, Edge memory e) internal pure returns (Edge memory) {
        return h.edgeAt(e.origin, e.level, e.height - 1, 2 * e.index + 1);
    }

    // Single moves

    /// @dev What the side says about the place of `e`, which is at or above the leaves of block `block_`.
    function _historyOf(Side memory s, uint8 level, uint64 block_, uint64 stride) internal returns (Sparse memory) {
        if (level == 0) return _blocks(s);
        return level == 1 ? _strides(s, block_) : _instructions(s, block_, stride);
    }

    /// @dev The root edge that refines `e` in the side's view.
    function _refining(Side memory s, Edge memory e, uint64 block_) internal returns (Edge memory) {
        return Edges.root(e.place(), e.level + 1, _historyOf(s, e.level + 1, block_, e.index).root());
    }

    function _descendAs(Side memory s, Edge memory e, uint64 block_) internal {
        bytes32[] memory proof = _historyOf(s, e.level, block_, 0).before(e.index);
        bytes32[] memory spine = _historyOf(s, e.level + 1, block_, e.index).spine();
        bytes memory end = e.level == 0 ? _endOf(s, block_) : bytes("");
        uint256 due = game.levelBond(e.level + 1);
        vm.prank(s.player);
        game.descend{value: due}(e, proof, spine, end);
    }

    function _bisect(Sparse memory h, Edge memory e) internal {
        game.bisect(e, _left(h, e).node, _right(h, e).node);
    }

    /// @dev Two claims, and bisections down to the block where they part.
    function _toBlock(Side memory a, Side memory b) internal returns (Edge memory, Edge memory) {
        _claimAs(a);
        _claimAs(b);
        return _part(_blocks(a), _blocks(b), _rootOf(a), b.forkBlock);
    }

    /// @dev Further on, to the stride where they part.
    function _toStride(Side memory a, Side memory b) internal returns (Edge memory ea, Edge memory eb) {
        (ea, eb) = _toBlock(a, b);
        _descendAs(a, ea, b.forkBlock);
        _descendAs(b, eb, b.forkBlock);
        ea = _refining(a, ea, b.forkBlock);
        return _part(_strides(a, b.forkBlock), _strides(b, b.forkBlock), ea, b.forkStride);
    }

    /// @dev Further on, to the instruction where they part.
    function _toInstruction(Side memory a, Side memory b) internal returns (Edge memory ea, Edge memory eb) {
        (ea, eb) = _toStride(a, b);
        _descendAs(a, ea, b.forkBlock);
        _descendAs(b, eb, b.forkBlock);
        ea = _refining(a, ea, b.forkBlock);
        Sparse memory ha = _instructions(a, b.forkBlock, b.forkStride);
        Sparse memory hb = _instructions(b, b.forkBlock, b.forkStride);
        return _part(ha, hb, ea, b.forkInstruction);
    }

    function _part(Sparse memory ha, Sparse memory hb, Edge memory root, uint64 index)
        internal
        returns (Edge memory, Edge memory)
    {
        for (uint8 height = root.height; height > 0; --height) {
            _bisect(ha, _edge(ha, root.origin, root.level, height, index));
            _bisect(hb, _edge(hb, root.origin, root.level, height, index));
        }
        return (_edge(ha, root.origin, root.level, 0, index), _edge(hb, root.origin, root.level, 0, index));
    }

    // Facts

    function _status(uint64 index) internal view returns (ClaimStatus) {
        return settlement.claimAt(index).status();
    }

    function _expectStatus(uint64 index, ClaimStatus expected) internal view {
        vm.assertEq(uint256(_status(index)), uint256(expected), "status");
    }

    /// @dev The edge of that height on the way to leaf `index`.
    function _edge(Sparse memory h, bytes32 origin, uint8 level, uint8 height, uint64 index)
        internal
        pure
        returns (Edge memory)
    {
        return h.edgeAt(origin, level, height, index >> height);
    }
}
