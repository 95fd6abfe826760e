//! The parts of the contracts that Rust calls or reads. A test holds every selector and topic
//! against the compiled artifacts.

#![allow(missing_docs, reason = "the contracts' NatSpec documents them")]

use alloy::sol;

sol! {
    /// Commits to a batch (docs/protocol.md §2).
    #[derive(Debug, PartialEq, Eq)]
    struct BatchHeader {
        uint64 index;
        bytes32 parent;
        uint64 firstTimestamp;
        uint64 lastTimestamp;
        uint64 queueStart;
        uint64 queueEnd;
        bytes32 queueAccStart;
        bytes32 queueAccEnd;
        uint8 dataKind;
        uint64 dataLength;
        bytes32 dataCommitment;
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract Inbox {
        event MessageQueued(
            uint64 indexed index,
            bytes32 acc,
            uint8 kind,
            uint64 parentBlock,
            uint64 parentTimestamp,
            bytes payload
        );
        event BatchCommitted(
            uint64 indexed index,
            bytes32 indexed batchHash,
            BatchHeader header,
            bytes data
        );
        function configHash() external view returns (bytes32);
        function batchHash(uint64 index) external view returns (bytes32);
        function lastBatch() external view returns (uint64);
        function queueLength() external view returns (uint64);
        function queueConsumed() external view returns (uint64);
        function queueAcc(uint64 count) external view returns (bytes32);
        function lastTimestamp() external view returns (uint64);
        function lastCommitAt() external view returns (uint64);
        function sequencerTimeout() external view returns (uint64);
        function forceInclusionDelay() external view returns (uint64);
        function batcher() external view returns (address);
        function commitBatch(
            uint64 index,
            uint64 firstTimestamp,
            uint64 lastTimestamp,
            uint64 queueEnd,
            bytes calldata payload
        ) external;
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract Settlement {
        struct GameSearchResult {
            uint256 index;
            bytes32 metadata;
            uint64 timestamp;
            bytes32 rootClaim;
            bytes extraData;
        }
        event Claimed(
            uint64 indexed index,
            uint64 indexed batchIndex,
            uint64 parentIndex,
            bytes32 batchHash,
            bytes32 outputRoot,
            uint64 lastBlock,
            bytes32 publicInput
        );
        function propose(
            address parent,
            uint64 batchIndex,
            bytes32 batchHash,
            bytes32 outputRoot,
            uint64 lastBlock,
            bytes data
        ) external payable returns (address claim);
        function validity() external view returns (address);
        function gameCount() external view returns (uint256);
        function gameAtIndex(
            uint256 index
        ) external view returns (uint32 gameType, uint64 timestamp, address proxy);
        function findLatestGames(
            uint32 gameType,
            uint256 start,
            uint256 n
        ) external view returns (GameSearchResult[] memory);
    }

    /// A node of a history at its place (docs/dispute.md §4).
    #[derive(Debug, PartialEq, Eq)]
    struct Edge {
        bytes32 origin;
        uint8 level;
        uint8 height;
        uint64 index;
        bytes32 prefix;
        bytes32 node;
    }

    /// An edge whose timer is brought up to date (docs/dispute.md §6).
    #[derive(Debug, PartialEq, Eq)]
    struct Credit {
        Edge edge;
        bytes32 left;
        bytes32 right;
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract FaultProof {
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
        event EdgeAdded(bytes32 indexed origin, bytes32 indexed id, Edge edge, bytes32 refines);
        event EdgeBisected(bytes32 indexed id);
        event EdgeProven(bytes32 indexed id);
        event EdgeConfirmed(bytes32 indexed id);
        event ClaimConfirmed(uint64 indexed index);
        function bisect(Edge edge, bytes32 left, bytes32 right) external;
        function descend(
            Edge edge,
            bytes32[] before,
            bytes32[] spine,
            bytes endState
        ) external payable;
        function prove(Edge edge, bytes32[] before, bytes witness) external;
        function proveRepeat(Edge edge, bytes32[] before) external;
        function credit(Credit[] list) external;
        function confirm(uint64 claimIndex) external;
        function confirmEdge(Edge edge) external;
        function settle(uint64 claimIndex) external;
        function settleEdge(Edge edge) external;
        function multi(bytes[] moves) external returns (bool[] done);
        function withdraw() external;
        function look(Edge[] edges) external view returns (EdgeState[] states);
        function rootEdge(uint64 claimIndex) external view returns (Edge edge);
        function lastBatchFor(uint64 parentIndex) external view returns (uint64 batchIndex);
        function bond(uint64 parentIndex, address claimant) external view returns (uint256 bond);
        function step() external view returns (address step);
        function settlement() external view returns (address settlement);
        function claimBond() external view returns (uint256 bond);
        function burnt() external view returns (uint256 amount);
        function levelBond(uint8 level) external view returns (uint256 bond);
        function status(uint64 index) external view returns (uint8 status);
        function expectedResolution(uint64 index) external view returns (uint64 time);
        function withdrawable(address account) external view returns (uint256 amount);
        function windowSeconds() external view returns (uint64);
        function programHash() external view returns (bytes32);
    }

    /// What `ZkProof` and `HybridProof` have in common.
    #[sol(rpc)]
    #[derive(Debug)]
    contract ZkProof {
        event ClaimProved(uint64 indexed index, bytes32 output);
        error NotProved(bytes32 output, bytes32 claimHash);
        error RoundOver(uint64 winner);
        function proveClaim(uint64 index, bytes32 history, bytes blobs) external;
        function openings() external view returns (address);
        function keyHash() external view returns (bytes32);
        function exeCommit() external view returns (bytes32);
        function vmCommit() external view returns (bytes32);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract StarkConstraints {
        function verify(
            address[] key,
            bytes claim,
            bytes proof
        ) external returns (bytes32 id);
        function reached(bytes32 id) external view returns (bool);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract StarkOpenings {
        function verify(
            address[] key,
            bytes claim,
            bytes checkpoint,
            bytes proof
        ) external;
        function proved(bytes32 keyHash, bytes32 claimHash) external view returns (bool);
        function CONSTRAINTS() external view returns (address);
    }

    #[derive(Debug)]
    contract StarkKeyStore {
        function store(bytes piece) external returns (address);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract Claim {
        function status() external view returns (uint8);
        function validity() external view returns (address);
        function rootClaim() external view returns (bytes32);
        function l2SequenceNumber() external view returns (uint256);
        function batchIndex() external view returns (uint64);
        function createdAt() external view returns (uint64);
        function gameCreator() external view returns (address);
        function expectedResolution() external view returns (uint64);
        function resolvedAt() external view returns (uint64);
    }

    /// A withdrawal, as the message passer hashes it.
    #[derive(Debug, PartialEq, Eq)]
    struct WithdrawalTransaction {
        uint256 nonce;
        address sender;
        address target;
        uint256 value;
        uint256 gasLimit;
        bytes data;
    }

    /// The pre-image of an output root.
    #[derive(Debug, PartialEq, Eq)]
    struct OutputRootProof {
        bytes32 version;
        bytes32 stateRoot;
        bytes32 messagePasserStorageRoot;
        bytes32 latestBlockhash;
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract Portal {
        event TransactionDeposited(
            address indexed from,
            address indexed to,
            uint256 indexed version,
            bytes opaqueData
        );
        event WithdrawalProven(
            bytes32 indexed withdrawalHash,
            address indexed from,
            address indexed to
        );
        event WithdrawalFinalized(bytes32 indexed withdrawalHash, bool success);

        function depositTransaction(
            address to,
            uint256 value,
            uint64 gasLimit,
            bool isCreation,
            bytes memory data
        ) external payable;
        function proveWithdrawalTransaction(
            WithdrawalTransaction memory tx,
            uint256 disputeGameIndex,
            OutputRootProof calldata outputRootProof,
            bytes[] calldata withdrawalProof
        ) external;
        function finalizeWithdrawalTransactionExternalProof(
            WithdrawalTransaction memory tx,
            address proofSubmitter
        ) external;
        function finalizedWithdrawals(bytes32 hash) external view returns (bool);
        function provenWithdrawals(
            bytes32 hash,
            address submitter
        ) external view returns (address disputeGameProxy, uint64 timestamp);
        function numProofSubmitters(bytes32 hash) external view returns (uint256);
        function proofSubmitters(bytes32 hash, uint256 index) external view returns (address);
        function pausedUntil() external view returns (uint64);
        function respectedGameType() external view returns (uint32);
        function proofMaturityDelaySeconds() external view returns (uint256);
        function version() external view returns (string memory);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract StandardBridge {
        event ETHBridgeInitiated(
            address indexed from,
            address indexed to,
            uint256 amount,
            bytes extraData
        );
        event ERC20BridgeFinalized(
            address indexed localToken,
            address indexed remoteToken,
            address indexed from,
            address to,
            uint256 amount,
            bytes extraData
        );
        function bridgeETHTo(
            address to,
            uint32 minGasLimit,
            bytes calldata extraData
        ) external payable;
        function bridgeERC20To(
            address localToken,
            address remoteToken,
            address to,
            uint256 amount,
            uint32 minGasLimit,
            bytes calldata extraData
        ) external;
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract ERC721Bridge {
        function bridgeERC721To(
            address localToken,
            address remoteToken,
            address to,
            uint256 tokenId,
            uint32 minGasLimit,
            bytes calldata extraData
        ) external;
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract MintableERC20Factory {
        event OptimismMintableERC20Created(
            address indexed localToken,
            address indexed remoteToken,
            address deployer
        );
        function createOptimismMintableERC20WithDecimals(
            address remoteToken,
            string memory name,
            string memory symbol,
            uint8 decimals
        ) external returns (address);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract MintableERC721Factory {
        function createOptimismMintableERC721(
            address remoteToken,
            string memory name,
            string memory symbol
        ) external returns (address);
        function remoteChainID() external view returns (uint256);
    }

    #[derive(Debug)]
    contract CrossDomainMessenger {
        event FailedRelayedMessage(bytes32 indexed msgHash);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract MessagePasser {
        event MessagePassed(
            uint256 indexed nonce,
            address indexed sender,
            address indexed target,
            uint256 value,
            uint256 gasLimit,
            bytes data,
            bytes32 withdrawalHash
        );
        function initiateWithdrawal(
            address target,
            uint256 gasLimit,
            bytes memory data
        ) external payable;
    }

    #[derive(Debug)]
    contract DemoSwap {
        function swap(uint256 amountIn, uint256 minOut) external returns (uint256 amountOut);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract ERC20 {
        function approve(address spender, uint256 amount) external returns (bool);
        function transfer(address to, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function name() external view returns (string memory);
        function symbol() external view returns (string memory);
        function decimals() external view returns (uint8);
        function remoteToken() external view returns (address);
    }

    #[sol(rpc)]
    #[derive(Debug)]
    contract ERC721 {
        function approve(address spender, uint256 tokenId) external;
        function ownerOf(uint256 tokenId) external view returns (address);
        function getApproved(uint256 tokenId) external view returns (address);
        function isApprovedForAll(address owner, address operator) external view returns (bool);
        function name() external view returns (string memory);
        function symbol() external view returns (string memory);
        function remoteToken() external view returns (address);
        function supportsInterface(bytes4 interfaceId) external view returns (bool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact;
    use alloy::json_abi::JsonAbi;
    use std::collections::HashSet;

    /// Every selector and topic of a binding is one of the contract's.
    fn check(contract: &str, selectors: &[[u8; 4]], topics: &[[u8; 32]]) {
        #[derive(serde::Deserialize)]
        struct Artifact {
            abi: JsonAbi,
        }
        let artifact: Artifact =
            serde_json::from_str(artifact::json(contract).expect("an artifact")).expect("JSON");
        let functions: HashSet<[u8; 4]> =
            artifact.abi.functions().map(|function| function.selector().0).collect();
        let events: HashSet<[u8; 32]> =
            artifact.abi.events().map(|event| event.selector().0).collect();
        for selector in selectors {
            assert!(functions.contains(selector), "{contract} has no function {selector:02x?}");
        }
        for topic in topics {
            assert!(events.contains(topic), "{contract} has no event {topic:02x?}");
        }
    }

    #[test]
    fn bindings_agree_with_the_compiled_contracts() {
        check("Inbox", Inbox::InboxCalls::SELECTORS, Inbox::InboxEvents::SELECTORS);
        check("Portal", Portal::PortalCalls::SELECTORS, Portal::PortalEvents::SELECTORS);
        check(
            "Settlement",
            Settlement::SettlementCalls::SELECTORS,
            Settlement::SettlementEvents::SELECTORS,
        );
        check("Claim", Claim::ClaimCalls::SELECTORS, &[]);
        check(
            "FaultProof",
            FaultProof::FaultProofCalls::SELECTORS,
            FaultProof::FaultProofEvents::SELECTORS,
        );
        for module in ["ZkProof", "HybridProof"] {
            check(module, ZkProof::ZkProofCalls::SELECTORS, ZkProof::ZkProofEvents::SELECTORS);
        }
        check("HybridProof", FaultProof::FaultProofCalls::SELECTORS, &[]);
        check("StarkConstraints", StarkConstraints::StarkConstraintsCalls::SELECTORS, &[]);
        check("StarkOpenings", StarkOpenings::StarkOpeningsCalls::SELECTORS, &[]);
        check("StarkKeyStore", StarkKeyStore::StarkKeyStoreCalls::SELECTORS, &[]);
        for bridge in ["L1StandardBridge", "L2StandardBridge"] {
            let calls = StandardBridge::StandardBridgeCalls::SELECTORS;
            check(bridge, calls, StandardBridge::StandardBridgeEvents::SELECTORS);
        }
        for bridge in ["L1ERC721Bridge", "L2ERC721Bridge"] {
            check(bridge, ERC721Bridge::ERC721BridgeCalls::SELECTORS, &[]);
        }
        check(
            "OptimismMintableERC20Factory",
            MintableERC20Factory::MintableERC20FactoryCalls::SELECTORS,
            MintableERC20Factory::MintableERC20FactoryEvents::SELECTORS,
        );
        check(
            "OptimismMintableERC721Factory",
            MintableERC721Factory::MintableERC721FactoryCalls::SELECTORS,
            &[],
        );
        for messenger in ["L1CrossDomainMessenger", "L2CrossDomainMessenger"] {
            let topics = CrossDomainMessenger::CrossDomainMessengerEvents::SELECTORS;
            check(messenger, &[], topics);
        }
        check(
            "L2ToL1MessagePasser",
            MessagePasser::MessagePasserCalls::SELECTORS,
            MessagePasser::MessagePasserEvents::SELECTORS,
        );
        check("OptimismMintableERC20", ERC20::ERC20Calls::SELECTORS, &[]);
        check("OptimismMintableERC721", ERC721::ERC721Calls::SELECTORS, &[]);
        check("DemoSwap", DemoSwap::DemoSwapCalls::SELECTORS, &[]);
    }
}
