// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clocks} from "../dispute/Clocks.sol";
import {BLOCKS, Edge, Edges, INSTRUCTIONS, STRIDES} from "../dispute/Edges.sol";
import {History} from "../dispute/History.sol";
import {State, VALID} from "../dispute/State.sol";
import {Step} from "../dispute/Step.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {ClaimData} from "../libraries/ClaimArgs.sol";
import {Protocol} from "../libraries/Protocol.sol";
import {BondedClaims} from "./BondedClaims.sol";

/// @title A claim is final when nobody could show that it is wrong.
/// @notice docs/dispute.md in Solidity. Anyone may claim, anyone may object, and anyone may make any move: a claim
/// commits to the whole history that it is about, so a move is right or wrong whoever makes it. It takes one honest
/// party that answers in time. Nobody can stop, pause or change this contract.
///
/// What it relies on:
/// - An edge is known by the hash of all its fields. All that is ever said about an edge is proven against that hash.
/// - An edge's timer runs while nobody contradicts the edge, so right edges gain time whatever others do, and at least
///   one edge of each wrong path is contradicted at any moment.
/// - Claims on one parent are about the same batches. So of two of them one is wrong, and a stake on one is a stake
///   against all others.
contract FaultProof is BondedClaims, Clocks {
    using Edges for Edge;
    using State for bytes;

    /// @param settlement Whose claims these are. It need not exist yet.
    /// @param step Replays one instruction.
    /// @param programHash The state from which the machine starts on every block.
    /// @param windowSeconds How long a claim can be contradicted, and how long an edge must stand.
    /// @param claimBond What a claim brings, in wei.
    /// @param stridesBond What a descent into the instructions of a block brings, in wei; not more than a claim.
    /// @param stepsBond What a descent into the instructions of a stride brings, in wei; not more than the one above.
    struct Config {
        address settlement;
        address step;
        bytes32 programHash;
        uint64 windowSeconds;
        uint256 claimBond;
        uint256 stridesBond;
        uint256 stepsBond;
    }

    /// @notice An edge to credit with what is below it.
    /// @param left Its left child's node; of a leaf, the node of a root edge that refines it.
    /// @param right Its right child's node; of a leaf, nothing.
    struct Credit {
        Edge edge;
        bytes32 left;
        bytes32 right;
    }

    /// @notice How an edge stands.
    /// @param confirmed Whether it was declared the winner of its place. Never so for a claim's root edge.
    /// @param bondedBy Whose bond is in it; zero if it is no root edge of level 1 or 2, or is settled.
    /// @param unrivalledSeconds Its own time without a rival.
    /// @param creditedSeconds Its timer by what is stored; the largest number if that is infinite.
    struct EdgeState {
        bool exists;
        bool rivalled;
        bool bisected;
        bool proven;
        bool confirmed;
        address bondedBy;
        uint64 unrivalledSeconds;
        uint64 creditedSeconds;
    }

    /// @dev A root edge of strides or instructions.
    struct Root {
        bytes32 refines;
        address owner;
        bool bonded;
    }

    /// @dev The machine that the histories of one origin are about.
    struct Machine {
        bytes32 start;
        bytes32 input;
    }

    /// @notice A root edge was declared the winner of its place.
    event EdgeConfirmed(bytes32 indexed id);

    /// @notice The move is for edges of another level or height.
    error WrongKind();
    /// @notice The two nodes are not the edge's children.
    error WrongChildren();
    /// @notice The machine's last state has the wrong length.
    error WrongEndState();
    /// @notice The witness is of a step from `before`, which is not the state before the edge.
    error WrongStateBefore(bytes32 before);
    /// @notice The step leads to `result`, which is not what the edge says. So the edge is wrong.
    error WrongResult(bytes32 result);
    /// @notice The claims are about this batch: replay it.
    error BatchCovered(uint64 batch);
    /// @notice The claims are not about this batch: the edge repeats the one before or is wrong.
    error BatchNotCovered(uint64 batch);
    /// @notice `root` is not there, or does not refine the edge.
    error NotRefined(bytes32 root);
    /// @notice The edge's timer stands at `timer` seconds, which is not a window.
    error TooEarly(uint256 timer);
    /// @notice The place has the winner `winner`.
    error PlaceDecided(bytes32 winner);
    /// @notice Move `index` lacked gas, or is no move.
    error OutOfGas(uint256 index);

    /// @dev What a root edge refines that contradicts the others at its place and supports none.
    bytes32 private constant NOTHING = bytes32(uint256(1));

    /// @notice Replays one instruction.
    address public immutable step;
    /// @notice The state from which the machine starts on every block.
    bytes32 public immutable programHash;
    uint256 private immutable _stridesBond;
    uint256 private immutable _stepsBond;

    mapping(uint64 claimIndex => bytes32 node) private _nodes;
    mapping(bytes32 id => Root) private _roots;
    mapping(bytes32 origin => Machine) private _machines;
    mapping(bytes32 place => bytes32 id) private _winners;

    constructor(Config memory config) BondedClaims(config.settlement, config.windowSeconds, config.claimBond) {
        if (config.windowSeconds == 0) revert BadConfig("windowSeconds");
        if (config.step.code.length == 0) revert BadConfig("step");
        if (config.programHash == 0) revert BadConfig("programHash");
        if (config.stepsBond == 0) revert BadConfig("stepsBond");
        if (config.stridesBond < config.stepsBond) revert BadConfig("stridesBond");
        if (config.claimBond < config.stridesBond) revert BadConfig("claimBond");
        step = config.step;
        programHash = config.programHash;
        _stridesBond = config.stridesBond;
        _stepsBond = config.stepsBond;
    }

    /// @notice Shows what a rivalled edge consists of.
    function bisect(Edge memory edge, bytes32 left, bytes32 right) external {
        bytes32 id = edge.id();
        _checkRivalled(id);
        if (edge.height == 0) revert WrongKind();
        if (History.node(left, right) != edge.node) revert WrongChildren();
        _markBisected(id);
        _ensure(edge.leftOf(left));
        _ensure(edge.rightOf(left, right));
    }

    /// @notice Commits to how the machine gets over one rivalled step of blocks or strides, in finer steps. Brings the
    /// finer level's bond.
    /// @param before Proves the leaf before the edge; empty for the first.
    /// @param spine The new history's nodes left of its last leaf's path, from the leaf upwards.
    /// @param endState Below a block, the encoding of the state in which the machine ends; below a stride, nothing. One
    /// that is valid refines the edge at this place whose node it says, whichever that is. One that is not refines nothing:
    /// it contradicts all others. So if the program fails on a block, no claim about it can win by a made-up end.
    function descend(Edge memory edge, bytes32[] calldata before, bytes32[] calldata spine, bytes calldata endState)
        external
        payable
    {
        bytes32 place = edge.place();
        bytes32 id = Edges.idAt(place, edge.node);
        _checkRivalled(id);
        if (edge.height != 0 || edge.level == INSTRUCTIONS) revert WrongKind();
        uint8 level = edge.level + 1;
        if (msg.value != levelBond(level)) revert WrongBond(levelBond(level));

        Machine memory machine = _machineOf(edge, before);
        if (_machines[place].input == 0) _machines[place] = machine;
        bytes32 node = History.root(_lastLeaf(edge, endState), spine, Edges.heightOf(level));
        bytes32 refined = _refined(edge, place, endState);
        bytes32 root = _add(Edges.root(place, level, node), 0, refined);
        _roots[root] = Root(refined, msg.sender, true);
    }

    /// @notice Replays the instruction that a rivalled edge is about.
    /// @param before Proves the leaf before the edge; empty for the first.
    /// @param witness The step's (docs/machine.md, section 5).
    function prove(Edge memory edge, bytes32[] calldata before, bytes calldata witness) external {
        bytes32 id = edge.id();
        _checkProvable(edge, id, INSTRUCTIONS);
        (bytes32 from, bytes32 to) = Step(step).step(witness, _machines[edge.origin].input);
        if (from != _leafBefore(edge, before)) revert WrongStateBefore(from);
        if (to != edge.node) revert WrongResult(to);
        _markProven(id);
    }

    /// @notice Proves a rivalled block that belongs to no batch which the claims are about: nothing happens in it.
    /// @param before Proves the leaf before the edge.
    function proveRepeat(Edge memory edge, bytes32[] calldata before) external {
        bytes32 id = edge.id();
        _checkProvable(edge, id, BLOCKS);
        uint64 parentIndex = uint64(uint256(edge.origin));
        uint64 batch = _claim(parentIndex).batchIndex + _batchesIn(edge);
        if (batch <= lastBatchFor(parentIndex)) revert BatchCovered(batch);
        bytes32 leaf = _leafBefore(edge, before);
        if (leaf != edge.node) revert WrongResult(leaf);
        _markProven(id);
    }

    /// @notice Brings timers up to date, in the order given: from the bottom up. It never lowers one, so it does not
    /// matter who else does the same.
    function credit(Credit[] memory list) external {
        for (uint256 i = 0; i < list.length; ++i) {
            _credit(list[i].edge, list[i].left, list[i].right);
        }
    }

    /// @notice Makes moves that bring no bond. One that is refused is passed over: somebody else may have made it first.
    /// @param moves Calls of this contract. A `prove` whose evidence asks a precompile is better made alone: how much gas it
    /// needs is not plain, and its refusal for lack of gas has a reason.
    /// @return done Which of them were made.
    function multi(bytes[] calldata moves) external returns (bool[] memory done) {
        done = new bool[](moves.length);
        for (uint256 i = 0; i < moves.length; ++i) {
            bytes memory reason;
            (done[i], reason) = address(this).call(moves[i]);
            // Without gas nothing is said about the move, and who estimates gas has to see that.
            if (!done[i] && reason.length == 0) revert OutOfGas(i);
        }
    }

    /// @notice Declares a root edge of strides or instructions the winner of its place. The first one wins.
    function confirmEdge(Edge memory edge) external {
        bytes32 place = edge.place();
        bytes32 id = Edges.idAt(place, edge.node);
        uint256 timer = _timer(id);
        if (_roots[id].refines == 0) revert WrongKind();
        if (_winners[place] != 0) revert PlaceDecided(_winners[place]);
        if (timer < windowSeconds) revert TooEarly(timer);
        _winners[place] = id;
        emit EdgeConfirmed(id);
    }

    /// @notice Books the bond of a root edge at whose place one was confirmed, or none was when the module retired.
    function settleEdge(Edge memory edge) external {
        bytes32 place = edge.place();
        bytes32 id = Edges.idAt(place, edge.node);
        Root storage root = _roots[id];
        if (!root.bonded) revert NothingToSettle();
        bytes32 winner = _winners[place];
        if (winner == 0 && _retiredAt() == 0) revert NotDecided();
        root.bonded = false;
        uint256 bond_ = levelBond(edge.level);
        if (id == winner || winner == 0) _giveBack(id, root.owner, bond_);
        else _forfeit(id, _roots[winner].owner, bond_);
    }

    /// @notice How edges stand, whether they exist or not.
    function look(Edge[] memory edges) external view returns (EdgeState[] memory states) {
        states = new EdgeState[](edges.length);
        for (uint256 i = 0; i < edges.length; ++i) {
            bytes32 place = edges[i].place();
            bytes32 id = Edges.idAt(place, edges[i].node);
            Clock memory clock = _clocks[id];
            if (clock.createdAt == 0) continue;
            states[i] = EdgeState({
                exists: true,
                rivalled: clock.rivalledAt != 0,
                bisected: clock.bisected,
                proven: clock.proven,
                confirmed: _winners[place] == id,
                bondedBy: _roots[id].bonded ? _roots[id].owner : address(0),
                unrivalledSeconds: uint64(_unrivalled(clock)),
                creditedSeconds: uint64(_timer(id))
            });
        }
    }

    /// @notice The edge of a claim's whole history.
    function rootEdge(uint64 claimIndex) public view returns (Edge memory) {
        if (_records[claimIndex].createdAt == 0) revert NotOurs(claimIndex);
        return _rootOn(_records[claimIndex].parent, _nodes[claimIndex]);
    }

    /// @notice What a history of this level brings, in wei.
    function levelBond(uint8 level) public view returns (uint256) {
        if (level > INSTRUCTIONS) revert WrongKind();
        if (level == BLOCKS) return claimBond;
        return level == STRIDES ? _stridesBond : _stepsBond;
    }

    /// @inheritdoc BondedClaims
    /// @dev `data` is the 12 nodes left of the path from the history's last leaf to its root, from the leaf upwards. The
    /// last leaf is what Settlement shows as the claim.
    function _begin(ClaimData memory claim, bytes calldata data) internal override {
        bytes32 node = _historyOf(claim, data);
        _add(_rootOn(claim.parentIndex, node), claim.index, 0);
        _nodes[claim.index] = node;
    }

    function _credit(Edge memory edge, bytes32 left, bytes32 right) private {
        bytes32 id = edge.id();
        _checkExists(id);
        uint256 below = edge.height == 0 ? _belowLeaf(edge, id, left) : _belowNode(edge, left, right);
        _raise(id, below);
        uint64 claim = _clocks[id].claim;
        if (claim != 0 && _timer(id) >= windowSeconds && _retiredAt() == 0) _win(claim);
    }

    /// @inheritdoc BondedClaims
    function _bondId(uint64 index) internal view override returns (bytes32) {
        return rootEdge(index).id();
    }

    /// @dev What a root edge that refines the leaf has.
    function _belowLeaf(Edge memory edge, bytes32 id, bytes32 node) private view returns (uint256) {
        if (edge.level == INSTRUCTIONS) revert WrongKind();
        bytes32 root = Edges.root(edge.place(), edge.level + 1, node).id();
        if (_roots[root].refines != id) revert NotRefined(root);
        return _timer(root);
    }

    /// @dev What the weaker child has. The right one exists only if the edge was bisected.
    function _belowNode(Edge memory edge, bytes32 left, bytes32 right) private view returns (uint256) {
        if (History.node(left, right) != edge.node) revert WrongChildren();
        uint256 first = _timer(edge.leftOf(left).id());
        uint256 second = _timer(edge.rightOf(left, right).id());
        return first < second ? first : second;
    }

    function _checkProvable(Edge memory edge, bytes32 id, uint8 level) private view {
        _checkRivalled(id);
        if (edge.height != 0 || edge.level != level) revert WrongKind();
        if (_clocks[id].proven) revert AlreadyProven(id);
    }

    /// @dev The machine that gets over `edge`: where it starts, and what it is asked.
    function _machineOf(Edge memory edge, bytes32[] calldata before) private view returns (Machine memory) {
        bytes32 leaf = _leafBefore(edge, before);
        if (edge.level == STRIDES) return Machine(leaf, _machines[edge.origin].input);
        uint64 parentIndex = uint64(uint256(edge.origin));
        uint64 batch = _claim(parentIndex).batchIndex + _batchesIn(edge);
        if (batch > lastBatchFor(parentIndex)) revert BatchNotCovered(batch);
        IInbox inbox = _inbox();
        uint64 block_ = edge.index % Protocol.MAX_BATCH_BLOCKS;
        return Machine(programHash, Protocol.blockInput(inbox.configHash(), leaf, inbox.batchHash(batch), block_));
    }

    /// @dev The leaf before an edge of height 0: for the first, where its history starts.
    function _leafBefore(Edge memory edge, bytes32[] calldata before) private view returns (bytes32) {
        if (edge.index != 0) return History.leafBefore(edge.index, edge.prefix, before);
        if (before.length != 0) revert History.WrongLength(before.length, 0);
        if (edge.level != BLOCKS) return _machines[edge.origin].start;
        ClaimData memory parent = _claim(uint64(uint256(edge.origin)));
        return Protocol.blockLeaf(parent.outputRoot, parent.lastBlock);
    }

    /// @dev The edge that a root edge below the place of `edge` refines, whoever opened it from which edge: below a block,
    /// the one that the machine's end names, if it is valid.
    function _refined(Edge memory edge, bytes32 place, bytes calldata endState) private pure returns (bytes32) {
        if (edge.level == STRIDES) return Edges.idAt(place, edge.node);
        return endState.status() == VALID ? Edges.idAt(place, endState.result()) : NOTHING;
    }

    /// @dev How the history of a root edge below `edge` ends.
    function _lastLeaf(Edge memory edge, bytes calldata endState) private pure returns (bytes32) {
        if (edge.level == STRIDES) {
            if (endState.length != 0) revert WrongEndState();
            return edge.node;
        }
        if (endState.length != State.BYTES) revert WrongEndState();
        return endState.hash();
    }

    /// @dev The root of a claim's history, which ends with what the claim says.
    function _historyOf(ClaimData memory claim, bytes calldata data) private pure returns (bytes32) {
        uint256 height = Edges.heightOf(BLOCKS);
        if (data.length != 32 * height) revert History.WrongLength(data.length, 32 * height);
        bytes32[] calldata spine;
        assembly ("memory-safe") {
            spine.offset := data.offset
            spine.length := height
        }
        return History.root(Protocol.blockLeaf(claim.outputRoot, claim.lastBlock), spine, height);
    }

    function _rootOn(uint64 parentIndex, bytes32 node) private pure returns (Edge memory) {
        return Edges.root(bytes32(uint256(parentIndex)), BLOCKS, node);
    }

    /// @dev How many batches behind the parent's the block lies.
    function _batchesIn(Edge memory edge) private pure returns (uint64) {
        return 1 + edge.index / Protocol.MAX_BATCH_BLOCKS;
    }
}
