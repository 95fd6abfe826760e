// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Metering} from "./Metering.sol";
import {Timelock} from "./Timelock.sol";
import {ClaimStatus} from "./interfaces/IClaim.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IPortal} from "./interfaces/IPortal.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Alias} from "./libraries/Alias.sol";
import {ClaimArgs, ClaimData} from "./libraries/ClaimArgs.sol";
import {OutputRootProof, Protocol, Withdrawal} from "./libraries/Protocol.sol";
import {StorageProof} from "./libraries/StorageProof.sol";

/// @title A rollup's escrow on its parent chain: funds and messages enter and leave here.
/// @notice Speaks the OP Stack's interface, so that its wallets, bridges and explorers work unchanged. A deposit joins
/// the Inbox's queue; a withdrawal is proven against a claim, and paid once the claim is final and the proof has aged.
/// Nothing here can be upgraded. The guardian can stop deposits and withdrawals once, for a bounded time; only the
/// timelock can give it another time.
contract Portal is IPortal, Metering {
    /// @notice What is fixed when the chain is deployed, and its first guardian.
    /// @param owner The timelock over the guardian; the same as Inbox's and Settlement's.
    /// @param inbox The chain's Inbox, which must expect this Portal.
    /// @param settlement The chain's Settlement, over the same Inbox.
    /// @param guardian Who can pause.
    /// @param proofMaturitySeconds How old a withdrawal's proof must be to be paid.
    /// @param maxPauseSeconds How long a pause lasts.
    /// @param metering What deposits pay for rollup gas.
    struct Config {
        address owner;
        address inbox;
        address settlement;
        address guardian;
        uint64 proofMaturitySeconds;
        uint64 maxPauseSeconds;
        MeteringConfig metering;
    }

    struct Proven {
        address claim;
        uint64 timestamp;
    }

    /// @dev The first submitter shares a slot with the count: nearly always there is only one.
    struct Submitters {
        address first;
        uint96 count;
        mapping(uint256 index => address) others;
    }

    /// @notice The constructor's argument `field` is unset or does not fit the others.
    error BadConfig(string field);

    /// @notice The version of the `TransactionDeposited` event.
    uint256 private constant DEPOSIT_VERSION = 0;
    /// @notice The rollup gas that a plain transfer to this contract buys.
    uint64 private constant RECEIVE_GAS_LIMIT = 100_000;
    /// @notice What `l2Sender` is while nothing is relayed.
    address private constant NOBODY = 0x000000000000000000000000000000000000dEaD;
    /// @notice Gas estimators call from here, and want to see a failing call fail.
    address private constant ESTIMATOR = address(1);
    /// @notice Deposit data that fit a message, behind its two addresses, two words, gas limit and flag.
    uint256 private constant MAX_DATA_BYTES = Protocol.MAX_MESSAGE_BYTES - 113;
    /// @notice What a call with value to a fresh account can cost before its own gas begins, and what comes after it.
    uint256 private constant CALL_RESERVE_GAS = 45_000;
    /// @notice A pause that is longer than this is no pause.
    uint64 private constant LONGEST_PAUSE_SECONDS = 90 days;

    /// @notice The timelock over the guardian.
    address public immutable owner;
    /// @notice The chain's Inbox.
    address public immutable inbox;
    /// @notice The chain's Settlement.
    address public immutable settlement;
    /// @notice How long a pause lasts, in seconds.
    uint64 public immutable maxPauseSeconds;
    uint64 private immutable _proofMaturitySeconds;
    uint256 private immutable _exitWindow;

    // Shares a slot with the metering's state, which every deposit touches anyway.
    uint48 private _pausedUntil;
    /// @inheritdoc IPortal
    address public guardian;
    bool private _pauseUsed;

    address private transient _l2Sender;
    bool private transient _relaying;

    /// @inheritdoc IPortal
    mapping(bytes32 withdrawalHash => bool) public finalizedWithdrawals;
    mapping(bytes32 withdrawalHash => mapping(address submitter => Proven)) private _proven;
    mapping(bytes32 withdrawalHash => Submitters) private _submitters;

    constructor(Config memory config) Metering(config.metering) {
        if (config.guardian == address(0)) revert BadConfig("guardian");
        if (config.maxPauseSeconds == 0 || config.maxPauseSeconds > LONGEST_PAUSE_SECONDS) {
            revert BadConfig("maxPauseSeconds");
        }
        // What one parent block can queue must fit the batch that one parent block can commit.
        if (config.metering.maxBoughtGas > uint256(minimumGasLimit(0)) * (Protocol.MAX_BATCH_MESSAGES - 1)) {
            revert BadConfig("maxBoughtGas");
        }
        // The Portal is deployed last, so it can hold the others to what they were told.
        if (IInbox(config.inbox).portal() != address(this)) revert BadConfig("inbox");
        if (ISettlement(config.settlement).inbox() != config.inbox) revert BadConfig("settlement");
        if (ISettlement(config.settlement).validity().code.length == 0) revert BadConfig("validity");
        bool oneOwner =
            IInbox(config.inbox).owner() == config.owner && ISettlement(config.settlement).owner() == config.owner;
        if (config.owner == address(0) || !oneOwner) revert BadConfig("owner");

        // Whoever leaves because of an announced change has time to, even if the guardian pauses at that moment.
        uint256 exit = uint256(config.maxPauseSeconds) + config.proofMaturitySeconds;
        _exitWindow = Timelock(payable(config.owner)).exitWindow();
        if (_exitWindow <= exit) revert BadConfig("exitWindow");

        owner = config.owner;
        inbox = config.inbox;
        settlement = config.settlement;
        maxPauseSeconds = config.maxPauseSeconds;
        _proofMaturitySeconds = config.proofMaturitySeconds;
        guardian = config.guardian;
        emit GuardianSet(config.guardian);
    }

    modifier whenNotPaused() {
        if (paused()) revert OptimismPortal_CallPaused();
        _;
    }

    /// @notice Sends the value to the sender's own address on the rollup. For accounts with a key: a contract's funds
    /// would go to its alias.
    receive() external payable {
        _deposit(msg.sender, msg.value, RECEIVE_GAS_LIMIT, false, "");
    }

    /// @inheritdoc IPortal
    function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes calldata data)
        external
        payable
    {
        if (isCreation && to != address(0)) revert OptimismPortal_BadTarget();
        _deposit(to, value, gasLimit, isCreation, data);
    }

    /// @inheritdoc IPortal
    /// @dev Anyone can prove, as often as they like: each submitter has their own proof, and nobody can renew another's.
    function proveWithdrawalTransaction(
        Withdrawal calldata withdrawal,
        uint256 disputeGameIndex,
        OutputRootProof calldata outputRootProof,
        bytes[] calldata withdrawalProof
    ) external whenNotPaused {
        if (_isUnsafeTarget(withdrawal.target)) revert OptimismPortal_BadTarget();

        (,, address claim) = ISettlement(settlement).gameAtIndex(disputeGameIndex);
        ClaimData memory claimed = ClaimArgs.read(claim);
        if (ClaimArgs.status(claimed) == ClaimStatus.Rejected) revert OptimismPortal_InvalidDisputeGame();
        if (Protocol.outputRoot(outputRootProof) != claimed.outputRoot) revert OptimismPortal_InvalidOutputRootProof();
        bytes32 hash = Protocol.withdrawalHash(withdrawal);
        if (!_isRecorded(hash, outputRootProof.messagePasserStorageRoot, withdrawalProof)) {
            revert OptimismPortal_InvalidMerkleProof();
        }

        _proven[hash][msg.sender] = Proven(claim, uint64(block.timestamp));
        _addSubmitter(_submitters[hash]);
        emit WithdrawalProven(hash, withdrawal.sender, withdrawal.target);
        emit WithdrawalProvenExtension1(hash, msg.sender);
    }

    /// @inheritdoc IPortal
    function finalizeWithdrawalTransaction(Withdrawal calldata withdrawal) external {
        finalizeWithdrawalTransactionExternalProof(withdrawal, msg.sender);
    }

    /// @notice Stops deposits and withdrawals for `maxPauseSeconds`. It works once, until the timelock re-arms it, and
    /// not within an exit window of the last pause: no two can fill the notice that users get of a change.
    function pause() external {
        if (msg.sender != guardian) revert OptimismPortal_Unauthorized();
        bool soon = _pausedUntil != 0 && block.timestamp < _pausedUntil + _exitWindow;
        if (_pauseUsed || soon) revert OptimismPortal_PauseUsed();
        _pauseUsed = true;
        _pausedUntil = uint48(block.timestamp + maxPauseSeconds);
        emit Paused(msg.sender, _pausedUntil);
    }

    /// @notice Ends the pause early.
    function unpause() external {
        if (msg.sender != guardian) revert OptimismPortal_Unauthorized();
        if (paused()) _pausedUntil = uint48(block.timestamp);
        emit Unpaused(msg.sender);
    }

    /// @notice Gives the guardian one more pause. Only the owner (a timelock) may.
    function rearmPause() external {
        if (msg.sender != owner) revert OptimismPortal_Unauthorized();
        _pauseUsed = false;
        emit PauseRearmed();
    }

    /// @notice Names another guardian. Only the owner (a timelock) may.
    function setGuardian(address guardian_) external {
        if (msg.sender != owner) revert OptimismPortal_Unauthorized();
        if (guardian_ == address(0)) revert BadConfig("guardian");
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @inheritdoc IPortal
    function provenWithdrawals(bytes32 withdrawalHash, address proofSubmitter)
        external
        view
        returns (address disputeGameProxy, uint64 timestamp)
    {
        Proven memory proven = _proven[withdrawalHash][proofSubmitter];
        return (proven.claim, proven.timestamp);
    }

    /// @inheritdoc IPortal
    /// @dev Reverts beyond the end, as the array that tools expect would.
    function proofSubmitters(bytes32 withdrawalHash, uint256 index) external view returns (address) {
        Submitters storage submitters = _submitters[withdrawalHash];
        if (index >= submitters.count) revert OptimismPortal_Unproven();
        return index == 0 ? submitters.first : submitters.others[index];
    }

    /// @inheritdoc IPortal
    function numProofSubmitters(bytes32 withdrawalHash) external view returns (uint256) {
        return _submitters[withdrawalHash].count;
    }

    /// @inheritdoc IPortal
    function l2Sender() external view returns (address) {
        return _relaying ? _l2Sender : NOBODY;
    }

    /// @inheritdoc IPortal
    function pausedUntil() external view returns (uint64) {
        return _pausedUntil;
    }

    /// @inheritdoc IPortal
    function proofMaturityDelaySeconds() external view returns (uint256) {
        return _proofMaturitySeconds;
    }

    /// @inheritdoc IPortal
    /// @dev Zero: a claim is final when its module says so, and any delay is the module's.
    function disputeGameFinalityDelaySeconds() external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IPortal
    function respectedGameType() external pure returns (uint32) {
        return Protocol.GAME_TYPE;
    }

    /// @inheritdoc IPortal
    function disputeGameFactory() external view returns (address) {
        return settlement;
    }

    /// @inheritdoc IPortal
    function anchorStateRegistry() external view returns (address) {
        return settlement;
    }

    /// @inheritdoc IPortal
    function version() external pure returns (string memory) {
        return "4.0.0";
    }

    /// @inheritdoc IPortal
    function finalizeWithdrawalTransactionExternalProof(Withdrawal calldata withdrawal, address proofSubmitter)
        public
        whenNotPaused
    {
        if (_relaying) revert OptimismPortal_NoReentrancy();
        if (_isUnsafeTarget(withdrawal.target)) revert OptimismPortal_BadTarget();
        bytes32 hash = Protocol.withdrawalHash(withdrawal);
        checkWithdrawal(hash, proofSubmitter);
        if (address(this).balance < withdrawal.value) revert OptimismPortal_InsufficientBalance();

        finalizedWithdrawals[hash] = true;
        _relaying = true;
        _l2Sender = withdrawal.sender;
        bool success = _relay(withdrawal);
        _relaying = false;
        _l2Sender = address(0);

        emit WithdrawalFinalized(hash, success);
        if (!success && tx.origin == ESTIMATOR) revert OptimismPortal_GasEstimation();
    }

    /// @inheritdoc IPortal
    function checkWithdrawal(bytes32 withdrawalHash, address proofSubmitter) public view {
        if (finalizedWithdrawals[withdrawalHash]) revert OptimismPortal_AlreadyFinalized();
        Proven memory proven = _proven[withdrawalHash][proofSubmitter];
        if (proven.timestamp == 0) revert OptimismPortal_Unproven();
        if (block.timestamp < uint256(proven.timestamp) + _proofMaturitySeconds) {
            revert OptimismPortal_ProofNotOldEnough();
        }
        if (ClaimArgs.status(ClaimArgs.read(proven.claim)) != ClaimStatus.Final) {
            revert OptimismPortal_InvalidRootClaim();
        }
    }

    /// @inheritdoc IPortal
    function paused() public view returns (bool) {
        return block.timestamp < _pausedUntil;
    }

    /// @inheritdoc IPortal
    /// @dev What the rollup charges for the transaction at least, by EIP-7623.
    function minimumGasLimit(uint64 byteCount) public pure returns (uint64) {
        return byteCount * 40 + 21_000;
    }

    /// @dev The event comes right before the Inbox's, so that readers can pair them by log index.
    function _deposit(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes memory data)
        private
        whenNotPaused
    {
        uint256 gasBefore = gasleft();
        if (data.length > MAX_DATA_BYTES) revert OptimismPortal_CalldataTooLarge();
        if (gasLimit < minimumGasLimit(uint64(data.length))) revert OptimismPortal_GasLimitTooLow();
        if (gasLimit > Protocol.MAX_TRANSACTION_GAS) revert OptimismPortal_GasLimitTooHigh();
        address from = Alias.callerHasKey() ? msg.sender : Alias.toRollup(msg.sender);

        bytes memory opaqueData = abi.encodePacked(msg.value, value, gasLimit, isCreation, data);
        emit TransactionDeposited(from, to, DEPOSIT_VERSION, opaqueData);
        IInbox(inbox).queueDeposit(gasLimit, abi.encodePacked(from, to, opaqueData));
        _sell(gasLimit, gasBefore);
    }

    /// @dev Calls the target with everything that is left, if that is enough. What it returns is not copied, so it
    /// cannot use up the gas that is needed afterwards.
    function _relay(Withdrawal calldata withdrawal) private returns (bool success) {
        address target = withdrawal.target;
        uint256 value = withdrawal.value;
        bytes memory data = withdrawal.data;
        // Last, because copying the data takes gas too.
        uint256 left = gasleft();
        if (left < CALL_RESERVE_GAS || withdrawal.gasLimit > (left - CALL_RESERVE_GAS) * 63 / 64) {
            revert OptimismPortal_NotEnoughGas();
        }
        assembly ("memory-safe") {
            success := call(gas(), target, value, add(data, 0x20), mload(data), 0, 0)
        }
    }

    /// @dev Whether the message passer's storage under `root` records the withdrawal: `sentMessages[hash]`, in slot 0.
    function _isRecorded(bytes32 hash, bytes32 root, bytes[] calldata proof) private pure returns (bool) {
        bytes32 slot = keccak256(abi.encode(hash, uint256(0)));
        return StorageProof.holdsOne(root, keccak256(abi.encode(slot)), proof);
    }

    /// @dev A relayed call carries the Portal's authority, and so must not reach a contract that knows the Portal.
    function _isUnsafeTarget(address target) private view returns (bool) {
        return target == address(this) || target == inbox || target == settlement || target == owner;
    }

    function _addSubmitter(Submitters storage submitters) private {
        uint96 count = submitters.count;
        if (count == 0) {
            submitters.first = msg.sender;
            submitters.count = 1;
            return;
        }
        address last = count == 1 ? submitters.first : submitters.others[count - 1];
        if (last == msg.sender) return;
        submitters.others[count] = msg.sender;
        submitters.count = count + 1;
    }
}
