// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Edge, Edges} from "./Edges.sol";

/// @title Which edges there are, and how long each has stood without a rival (docs/dispute.md, section 6).
/// @dev An edge is known by its name alone, a hash of all its fields: whoever moves on one hands over the fields, and
/// wrong ones name an edge that does not exist. Nothing here is ever deleted, and timers only grow.
abstract contract Clocks {
    using Edges for Edge;

    /// @dev One slot. 40 bits of seconds last for 34,000 years; 2^40 claims cannot be paid for.
    /// @param createdAt Zero if there is no such edge.
    /// @param rivalledAt When its first rival came; when it was created if it came as a rival; zero if it has none.
    /// @param below What is credited to it from the edges below it; `FOREVER` if it is proven.
    /// @param claim The claim whose root edge it is; zero for any other.
    struct Clock {
        uint40 createdAt;
        uint40 rivalledAt;
        uint40 below;
        uint40 claim;
        bool bisected;
        bool proven;
    }

    /// @notice There is an edge. `refines` is the edge that it refines if it is the root of strides or instructions;
    /// 1 if it supports none.
    event EdgeAdded(bytes32 indexed origin, bytes32 indexed id, Edge edge, bytes32 refines);
    /// @notice The edge's children are there.
    event EdgeBisected(bytes32 indexed id);
    /// @notice The edge is right.
    event EdgeProven(bytes32 indexed id);

    /// @notice There is no such edge: a field is wrong, or it is not there yet.
    error NoSuchEdge(bytes32 id);
    /// @notice The edge is there already: somebody else added it.
    error EdgeExists(bytes32 id);
    /// @notice The edge has no rival, so it needs no defence.
    error NotRivalled(bytes32 id);
    /// @notice The edge's children are there already: somebody else was faster.
    error AlreadyBisected(bytes32 id);
    /// @notice The edge is proven already: somebody else was faster.
    error AlreadyProven(bytes32 id);

    /// @notice The timer of an edge that is proven.
    uint256 internal constant FOREVER = type(uint64).max;

    mapping(bytes32 id => Clock) internal _clocks;
    /// @dev The edge that was first at a place. Those that come later find it here, and start its rivalry.
    mapping(bytes32 place => bytes32 id) private _first;

    /// @dev Adds an edge that does not exist yet.
    /// @param claim The claim whose root edge it is, or zero.
    function _add(Edge memory edge, uint64 claim, bytes32 refines) internal returns (bytes32 id) {
        bytes32 place = edge.place();
        id = Edges.idAt(place, edge.node);
        if (_clocks[id].createdAt != 0) revert EdgeExists(id);
        _put(edge, place, id, refines);
        if (claim != 0) _clocks[id].claim = uint40(claim);
    }

    /// @dev Adds an edge, or leaves it as it is.
    function _ensure(Edge memory edge) internal {
        bytes32 place = edge.place();
        bytes32 id = Edges.idAt(place, edge.node);
        if (_clocks[id].createdAt == 0) _put(edge, place, id, 0);
    }

    /// @dev Marks a rivalled edge as bisected.
    function _markBisected(bytes32 id) internal {
        Clock storage clock = _clocks[id];
        if (clock.bisected) revert AlreadyBisected(id);
        clock.bisected = true;
        emit EdgeBisected(id);
    }

    /// @dev Marks a rivalled edge as proven. Its timer is infinite from now on.
    function _markProven(bytes32 id) internal {
        _clocks[id].proven = true;
        _clocks[id].below = type(uint40).max;
        emit EdgeProven(id);
    }

    /// @dev Credits an edge with what the edges below it have. It is never less than was credited before: of several
    /// edges that refine one, the one with most counts.
    function _raise(bytes32 id, uint256 below) internal {
        uint40 stored = below < type(uint40).max ? uint40(below) : type(uint40).max;
        if (_clocks[id].below < stored) _clocks[id].below = stored;
    }

    function _checkExists(bytes32 id) internal view {
        if (_clocks[id].createdAt == 0) revert NoSuchEdge(id);
    }

    function _checkRivalled(bytes32 id) internal view {
        Clock storage clock = _clocks[id];
        if (clock.createdAt == 0) revert NoSuchEdge(id);
        if (clock.rivalledAt == 0) revert NotRivalled(id);
    }

    /// @dev A lower bound of an existing edge's timer, in seconds: what lies below may have grown since it was credited.
    function _timer(bytes32 id) internal view returns (uint256) {
        _checkExists(id);
        Clock memory clock = _clocks[id];
        return clock.below == type(uint40).max ? FOREVER : _unrivalled(clock) + clock.below;
    }

    function _unrivalled(Clock memory clock) internal view returns (uint256) {
        return (clock.rivalledAt == 0 ? block.timestamp : clock.rivalledAt) - clock.createdAt;
    }

    function _put(Edge memory edge, bytes32 place, bytes32 id, bytes32 refines) private {
        uint40 time = uint40(block.timestamp);
        Clock storage clock = _clocks[id];
        clock.createdAt = time;
        bytes32 first = _first[place];
        if (first == 0) {
            _first[place] = id;
        } else {
            clock.rivalledAt = time;
            if (_clocks[first].rivalledAt == 0) _clocks[first].rivalledAt = time;
        }
        emit EdgeAdded(edge.origin, id, edge, refines);
    }
}
