// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {Claim} from "./Claim.sol";
import {ClaimStatus, IClaim} from "./interfaces/IClaim.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {ClaimArgs, ClaimData} from "./libraries/ClaimArgs.sol";
import {Protocol} from "./libraries/Protocol.sol";
import {IValidity} from "./validity/IValidity.sol";

/// @title The list of claims about a rollup's state.
/// @notice docs/protocol.md, section 5. Settlement checks that a claim fits: to a batch that was committed, and to the
/// claim it builds on. Whether the claim is true is for its validity module to say.
contract Settlement is ISettlement {
    /// @notice What is fixed when the chain is deployed, and its first module.
    /// @param owner The timelock that can replace the module for claims to come.
    /// @param inbox The chain's Inbox.
    /// @param validity The first module. It need not exist yet.
    /// @param genesisOutputRoot The output root of block 0: claim 0, on which all others build.
    struct Config {
        address owner;
        address inbox;
        address validity;
        bytes32 genesisOutputRoot;
    }

    struct Entry {
        address claim;
        uint64 createdAt;
    }

    /// @notice The constructor's argument `field` is unset or impossible.
    error BadConfig(string field);
    /// @notice The caller may not do this.
    error Unauthorized();
    /// @notice There is no claim with this number.
    error NoSuchClaim(uint256 index);
    /// @notice The claim to build on is not on the list (the parent chain was reorganised: read it again), was rejected,
    /// or is another module's and not its last final one.
    error BadParent();
    /// @notice No such batch, or it has another hash: the parent chain was reorganised. Read it again.
    error BadBatch();
    /// @notice The output root is zero.
    error BadOutputRoot();
    /// @notice This many batches cannot end in this block.
    error BadLastBlock();

    /// @dev For the answer of a module that was replaced.
    uint256 private constant ANSWER_GAS = 200_000;

    /// @inheritdoc ISettlement
    address public immutable owner;
    /// @inheritdoc ISettlement
    address public immutable inbox;
    /// @notice The code behind each claim.
    address public immutable claimCode;

    /// @inheritdoc ISettlement
    address public validity;
    /// @inheritdoc ISettlement
    mapping(address module => uint64 time) public retiredAt;
    address[] private _retired;

    Entry[] private _claims;
    mapping(bytes32 uuid => uint256 indexPlusOne) private _byUuid;

    constructor(Config memory config) {
        if (config.owner == address(0)) revert BadConfig("owner");
        if (config.inbox.code.length == 0) revert BadConfig("inbox");
        if (config.validity == address(0)) revert BadConfig("validity");
        if (config.genesisOutputRoot == 0) revert BadConfig("genesisOutputRoot");
        owner = config.owner;
        inbox = config.inbox;
        claimCode = address(new Claim());
        validity = config.validity;
        emit ValiditySet(config.validity);

        ClaimData memory genesis;
        genesis.outputRoot = config.genesisOutputRoot;
        genesis.createdAt = uint64(block.timestamp);
        genesis.creator = msg.sender;
        _add(genesis);
    }

    /// @inheritdoc ISettlement
    function propose(
        IClaim parentClaim,
        uint64 batchIndex,
        bytes32 batchHash,
        bytes32 outputRoot,
        uint64 lastBlock,
        bytes calldata data
    ) external payable returns (IClaim claim) {
        IValidity module = IValidity(validity);
        ClaimData memory parent = _parent(parentClaim, address(module));
        _checkBatch(batchIndex, batchHash);
        _checkLastBlock(parent, batchIndex, lastBlock);
        if (outputRoot == 0) revert BadOutputRoot();

        ClaimData memory made = ClaimData({
            outputRoot: outputRoot,
            lastBlock: lastBlock,
            batchIndex: batchIndex,
            index: uint64(_claims.length),
            parentIndex: parent.index,
            createdAt: uint64(block.timestamp),
            creator: msg.sender,
            validity: address(module),
            dataHash: data.length == 0 ? bytes32(0) : keccak256(data),
            parent: address(parentClaim)
        });
        claim = IClaim(_add(made));

        bytes32 input = _publicInput(parent, made);
        emit Claimed(made.index, batchIndex, parent.index, batchHash, outputRoot, lastBlock, input);
        module.onClaim{value: msg.value}(made.index, parent.index, msg.sender, input, data);
    }

    /// @notice Lets another module decide the claims to come. Those that were made stay with theirs, which decides no
    /// more of them.
    function setValidity(address validity_) external {
        if (msg.sender != owner) revert Unauthorized();
        // A module that was replaced stays so: claims under it could not be contradicted meanwhile.
        bool unused = validity_ != validity && retiredAt[validity_] == 0;
        if (validity_.code.length == 0 || !unused) revert BadConfig("validity");
        retiredAt[validity] = uint64(block.timestamp);
        _retired.push(validity);
        validity = validity_;
        emit ValiditySet(validity_);
    }

    /// @inheritdoc ISettlement
    function publicInput(uint64 index) external view returns (bytes32) {
        ClaimData memory claim = ClaimArgs.read(address(claimAt(index)));
        return _publicInput(ClaimArgs.read(address(claimAt(claim.parentIndex))), claim);
    }

    /// @inheritdoc ISettlement
    function gameCount() external view returns (uint256) {
        return _claims.length;
    }

    /// @inheritdoc ISettlement
    function gameAtIndex(uint256 index) external view returns (uint32 gameType, uint64 timestamp, address proxy) {
        if (index >= _claims.length) revert NoSuchClaim(index);
        Entry memory entry = _claims[index];
        return (Protocol.GAME_TYPE, entry.createdAt, entry.claim);
    }

    /// @inheritdoc ISettlement
    function games(uint32 gameType, bytes32 rootClaim, bytes calldata extraData)
        external
        view
        returns (address proxy, uint64 timestamp)
    {
        uint256 found = _byUuid[_uuid(gameType, rootClaim, extraData)];
        if (found == 0) return (address(0), 0);
        Entry memory entry = _claims[found - 1];
        return (entry.claim, entry.createdAt);
    }

    /// @inheritdoc ISettlement
    function getGameUUID(uint32 gameType, bytes32 rootClaim, bytes calldata extraData) external pure returns (bytes32) {
        return _uuid(gameType, rootClaim, extraData);
    }

    /// @inheritdoc ISettlement
    function findLatestGames(uint32 gameType, uint256 start, uint256 n)
        external
        view
        returns (GameSearchResult[] memory found)
    {
        if (gameType != Protocol.GAME_TYPE || start >= _claims.length) return found;
        if (n > start + 1) n = start + 1;
        found = new GameSearchResult[](n);
        uint256 count = 0;
        for (uint256 left = start + 1; left > 0 && count < n; --left) {
            Entry memory entry = _claims[left - 1];
            if (IClaim(entry.claim).status() == ClaimStatus.Rejected) continue;
            found[count++] = _row(left - 1, entry);
        }
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    /// @inheritdoc ISettlement
    function respectedGameType() external pure returns (uint32) {
        return Protocol.GAME_TYPE;
    }

    /// @inheritdoc ISettlement
    function isGameProper(address game) external view returns (bool) {
        return _isOurs(game) && IClaim(game).status() != ClaimStatus.Rejected;
    }

    /// @inheritdoc ISettlement
    function isGameRespected(address game) external view returns (bool) {
        return _isOurs(game);
    }

    /// @inheritdoc ISettlement
    function isGameFinalized(address game) external view returns (bool) {
        return _isOurs(game) && IClaim(game).status() == ClaimStatus.Final;
    }

    /// @inheritdoc ISettlement
    function claimAt(uint64 index) public view returns (IClaim) {
        if (index >= _claims.length) revert NoSuchClaim(index);
        return IClaim(_claims[index].claim);
    }

    /// @dev Puts the claim on the list, in its own contract. The address commits to everything that the claim says, and by
    /// the parent's address to all that it builds on, so a reorganisation cannot put another claim behind or below it.
    function _add(ClaimData memory d) private returns (address claim) {
        bytes32 uuid = _uuid(Protocol.GAME_TYPE, d.outputRoot, ClaimArgs.extraData(d));
        if (_stands(_byUuid[uuid], d.validity)) revert GameAlreadyExists(uuid);
        claim = Clones.cloneDeterministicWithImmutableArgs(claimCode, ClaimArgs.encode(d), 0);
        _claims.push(Entry(claim, d.createdAt));
        _byUuid[uuid] = _claims.length;
        emit DisputeGameCreated(claim, Protocol.GAME_TYPE, d.outputRoot);
    }

    /// @dev Whether the claim before `indexPlusOne` stands in the way of the same one under `module`. Another module's
    /// does not: if that module can never decide it, the next one must be able to.
    function _stands(uint256 indexPlusOne, address module) private view returns (bool) {
        if (indexPlusOne == 0) return false;
        IClaim claim = IClaim(_claims[indexPlusOne - 1].claim);
        return claim.validity() == module && claim.status() != ClaimStatus.Rejected;
    }

    /// @dev What `claim` says, if a new claim can build on it. Another module's claim must be final: no module
    /// could take back its own claims if one of another module's fell later. And nothing must have won on it: what is
    /// decided is not decided again, by a module to which it would be new, when nobody has the evidence any more.
    function _parent(IClaim claim, address module) private view returns (ClaimData memory parent) {
        if (!_isOurs(address(claim))) revert BadParent();
        parent = ClaimArgs.read(address(claim));
        ClaimStatus status = ClaimArgs.status(parent);
        if (status == ClaimStatus.Rejected) revert BadParent();
        if (parent.validity == module) return parent;
        if (status == ClaimStatus.Pending || _isBuiltOn(parent.index)) revert BadParent();
    }

    /// @dev Whether a claim on this one has won under a module that was replaced. One that does not answer has decided
    /// nothing: it must not be able to stop the next. (Too little gas for the answer is too little for the rest.)
    function _isBuiltOn(uint64 index) private view returns (bool) {
        bytes memory question = abi.encodeCall(IValidity.winnerOn, (index));
        for (uint256 i = 0; i < _retired.length; ++i) {
            (bool ok, bytes memory answer) = _retired[i].staticcall{gas: ANSWER_GAS}(question);
            if (ok && answer.length == 32 && uint256(bytes32(answer)) != 0) return true;
        }
        return false;
    }

    function _checkBatch(uint64 batchIndex, bytes32 batchHash) private view {
        if (batchHash == 0 || IInbox(inbox).batchHash(batchIndex) != batchHash) revert BadBatch();
    }

    /// @dev Each batch has at least one block, and no more than the protocol allows.
    function _checkLastBlock(ClaimData memory parent, uint64 batchIndex, uint64 lastBlock) private pure {
        if (batchIndex <= parent.batchIndex) revert BadParent();
        uint256 batches = batchIndex - parent.batchIndex;
        uint256 least = parent.lastBlock + batches;
        uint256 most = parent.lastBlock + batches * Protocol.MAX_BATCH_BLOCKS;
        if (lastBlock < least || lastBlock > most) revert BadLastBlock();
    }

    function _publicInput(ClaimData memory parent, ClaimData memory claim) private view returns (bytes32) {
        IInbox from = IInbox(inbox);
        return Protocol.publicInput(
            from.configHash(),
            parent.outputRoot,
            from.batchHash(parent.batchIndex),
            from.batchHash(claim.batchIndex),
            claim.outputRoot,
            claim.lastBlock
        );
    }

    function _row(uint256 index, Entry memory entry) private view returns (GameSearchResult memory) {
        IClaim claim = IClaim(entry.claim);
        uint256 metadata =
            (uint256(Protocol.GAME_TYPE) << 224) | (uint256(entry.createdAt) << 160) | uint160(entry.claim);
        return GameSearchResult({
            index: index,
            metadata: bytes32(metadata),
            timestamp: entry.createdAt,
            rootClaim: claim.rootClaim(),
            extraData: claim.extraData()
        });
    }

    function _isOurs(address game) private view returns (bool) {
        if (!ClaimArgs.isShapedLikeClaim(game)) return false;
        uint256 index = ClaimArgs.read(game).index;
        return index < _claims.length && _claims[index].claim == game;
    }

    function _uuid(uint32 gameType, bytes32 rootClaim, bytes memory extraData) private pure returns (bytes32) {
        return keccak256(abi.encode(gameType, rootClaim, extraData));
    }
}
