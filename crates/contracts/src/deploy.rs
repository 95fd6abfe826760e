//! Deploy a rollup's contracts to its parent.
//!
//! What decides about claims of any chain comes first (the step contract, the verifier of validity
//! proofs with its key). The chain's own contracts name each other in their constructors and none can be initialised later, so their
//! addresses are computed beforehand from the deployer's nonce. If anything else sends from the
//! deployer meanwhile, the addresses come out wrong; this is noticed, and the deployment is begun
//! anew.

use crate::{
    ConfigError, Deployment, ParentContracts, Preset, RollupConfig, StarkContracts,
    artifact::{self, NoArtifact},
    bindings::StarkKeyStore,
    genesis::{self, Counterparts, GenesisError, MULTICALL3},
    revert,
};
use alloy::{
    consensus::{BlockHeader, Header},
    eips::BlockId,
    network::{ReceiptResponse, TransactionBuilder},
    primitives::{Address, B256, Bytes, U256, aliases::U96, hex, keccak256},
    providers::{DynProvider, PendingTransactionError, Provider},
    rpc::types::TransactionRequest,
    sol_types::{SolCall, SolValue},
    transports::{RpcError, TransportErrorKind},
};
use altana_ledger::{Rules, genesis_header};
use altana_protocol::ChainSpec;
use altana_stark::CHUNK_BYTES;

/// Why a deployment failed. Nothing that was deployed is of use; begin anew.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The genesis cannot be built.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// A contract is missing from this build.
    #[error(transparent)]
    NoArtifact(#[from] NoArtifact),
    /// The genesis cannot be executed.
    #[error("the genesis block: {0}")]
    Ledger(#[from] altana_ledger::Error),
    /// The parent refuses.
    #[error("the parent refused to create {contract}: {why}")]
    Refused {
        /// Which contract.
        contract: &'static str,
        /// What it says.
        why: String,
    },
    /// The deployer has nothing to pay with.
    #[error("{0} has no ether on the parent: send it some, to pay for gas")]
    Unfunded(Address),
    /// The parent does not answer.
    #[error("the parent does not answer: {0}")]
    Rpc(#[from] RpcError<TransportErrorKind>),
    /// The transaction was sent but not seen in a block.
    #[error("the creation of a contract was not mined: {0}")]
    NotMined(#[from] PendingTransactionError),
    /// The constructor reverted on chain.
    #[error("the constructor of {contract} reverted in {transaction}")]
    Reverted {
        /// Which contract.
        contract: &'static str,
        /// The transaction.
        transaction: B256,
    },
    /// Something else was sent from the deployer's account meanwhile.
    #[error(
        "{contract} came to {got}, not to {expected}: use the deployer for nothing else meanwhile, and deploy again"
    )]
    Elsewhere {
        /// Which contract.
        contract: &'static str,
        /// Where it should be.
        expected: Address,
        /// Where it is.
        got: Address,
    },
}

const GWEI: U256 = U256::from_limbs([1_000_000_000, 0, 0, 0]);
/// Gas that `eth_estimateGas` may miss, in percent.
const GAS_MARGIN_PERCENT: u64 = 20;

/// The programs that decide about claims.
#[derive(Clone, Copy, Debug)]
pub struct Programs<'a> {
    /// Hash of the fault proof's program (docs/machine.md §6).
    pub fault: B256,
    /// The validity proof's.
    pub zk: ZkProgram<'a>,
}

/// The validity proof's program, and the key that verifies its proofs (docs/stark.md §3).
#[derive(Clone, Copy, Debug)]
pub struct ZkProgram<'a> {
    /// The verifying key.
    pub key: &'a [u8],
    /// What the contracts know it by.
    pub key_hash: B256,
    /// Commitment to the program, as words of a claim.
    pub exe_commit: B256,
    /// Commitment to its machine.
    pub vm_commit: B256,
}

/// Where a `StarkKeyStore` has a verifying key's pieces, in order.
pub fn key_pieces(key: &[u8], key_store: Address) -> Vec<Address> {
    key.chunks(CHUNK_BYTES).map(|piece| piece_address(key_store, piece)).collect()
}

/// Where a `StarkKeyStore` puts a piece: its address follows from its bytes.
fn piece_address(key_store: Address, piece: &[u8]) -> Address {
    let init = [&hex!("600b380380600b3d393df300")[..], piece].concat();
    key_store.create2(B256::ZERO, keccak256(init))
}

/// Deploys a rollup with `deployer`, an account for which `parent` signs. Claims about it are
/// decided by `programs`. `progress` is called with the name of each contract before it is created.
pub async fn deploy(
    parent: &DynProvider,
    deployer: Address,
    config: &RollupConfig,
    programs: Programs<'_>,
    progress: impl FnMut(&'static str) + Send,
) -> Result<Deployment, DeployError> {
    config.check()?;
    let parent_chain_id = parent.get_chain_id().await?;
    if parent_chain_id == config.chain_id {
        let why = format!("is {parent_chain_id}, the parent's own: choose another");
        return Err(ConfigError::Field { field: "chain_id", why }.into());
    }
    if parent.get_balance(deployer).await?.is_zero() && parent.get_gas_price().await? > 0 {
        return Err(DeployError::Unfunded(deployer));
    }
    let has_multicall = !parent.get_code_at(MULTICALL3).await?.is_empty();
    let start = parent.get_block(BlockId::latest()).await?.map(|block| block.header);
    let (start_block, timestamp) = start.map_or((0, 0), |h| (h.number(), h.timestamp()));
    let nonce = parent.get_transaction_count(deployer).await?;
    let mut creator = Creator { parent, account: deployer, nonce, progress };
    let judges = judges(&mut creator, config.preset, &programs).await?;
    let contracts = addresses(deployer, creator.nonce, has_multicall, judges);
    let counterparts = Counterparts {
        messenger: contracts.messenger,
        standard_bridge: contracts.standard_bridge,
        erc721_bridge: contracts.erc721_bridge,
        parent_chain_id,
    };
    let genesis = genesis::rollup(config, counterparts, timestamp)?;
    let mut spec = chain_spec(config, parent_chain_id, contracts.portal);
    let header = genesis_header(&genesis, &Rules::Rollup(spec.clone()))?;
    spec.genesis_hash = header.hash_slow();
    let root = output_root(&header);
    let module =
        (config.preset.module(), contracts.validity, module(config, &contracts, &programs));
    let creations = creations(config, &contracts, &spec, timestamp, root, module, has_multicall);
    for (contract, expected, arguments) in creations {
        let got = creator.create(contract, &arguments).await?;
        if got != expected {
            return Err(DeployError::Elsewhere { contract, expected, got });
        }
    }
    Ok(Deployment {
        spec,
        config: config.clone(),
        contracts,
        parent_start_block: start_block,
        genesis,
    })
}

/// How many transactions a deployment takes, for a progress bar.
pub fn transactions(preset: Preset, programs: &Programs<'_>) -> u64 {
    transactions_before(preset, programs) + CONTRACTS
}

/// How many of them come before those of the chain's own contracts.
pub fn transactions_before(preset: Preset, programs: &Programs<'_>) -> u64 {
    let pieces = programs.zk.key.chunks(CHUNK_BYTES).count() as u64;
    u64::from(preset.has_game()) + u64::from(preset.has_proofs()) * (3 + pieces)
}

/// A chain's own contracts.
const CONTRACTS: u64 = 9;

/// What decides about claims of any chain, and keeps nothing of one.
type Judges = (Option<Address>, Option<StarkContracts>);

async fn judges<P: FnMut(&'static str) + Send>(
    creator: &mut Creator<'_, P>,
    preset: Preset,
    programs: &Programs<'_>,
) -> Result<Judges, DeployError> {
    let step = match preset.has_game() {
        true => Some(creator.create("Step", &[]).await?),
        false => None,
    };
    if !preset.has_proofs() {
        return Ok((step, None));
    }
    let constraints = creator.create("StarkConstraints", &[]).await?;
    let openings = creator.create("StarkOpenings", &constraints.abi_encode()).await?;
    let key_store = creator.create("StarkKeyStore", &[]).await?;
    for piece in programs.zk.key.chunks(CHUNK_BYTES) {
        let call = StarkKeyStore::storeCall { piece: piece.to_vec().into() };
        creator.call("the verifying key", key_store, call.abi_encode().into()).await?;
    }
    Ok((step, Some(StarkContracts { constraints, openings, key_store })))
}

/// The order in which the chain's own contracts are created.
fn addresses(
    deployer: Address,
    nonce: u64,
    has_multicall: bool,
    (step, stark): Judges,
) -> ParentContracts {
    let at = |offset: u64| deployer.create(nonce + offset);
    ParentContracts {
        timelock: at(0),
        inbox: at(1),
        validity: at(2),
        settlement: at(3),
        portal: at(4),
        messenger: at(5),
        standard_bridge: at(6),
        erc721_bridge: at(7),
        multicall3: if has_multicall { MULTICALL3 } else { at(8) },
        step,
        stark,
    }
}

fn chain_spec(config: &RollupConfig, parent_chain_id: u64, portal: Address) -> ChainSpec {
    ChainSpec {
        name: config.name.clone(),
        chain_id: config.chain_id,
        parent_chain_id,
        portal,
        gas_limit: config.blocks.gas_limit,
        batch_gas: config.blocks.batch_gas(config.preset),
        elasticity: config.blocks.elasticity,
        denominator: config.blocks.denominator,
        min_base_fee: config.blocks.min_base_fee,
        genesis_hash: B256::ZERO,
    }
}

/// The output root after a block (docs/protocol.md §3).
fn output_root(header: &Header) -> B256 {
    let passer = header.withdrawals_root.unwrap_or_default();
    keccak256((B256::ZERO, header.state_root, passer, header.hash_slow()).abi_encode())
}

/// The constructor's argument of a chain's validity module.
fn module(config: &RollupConfig, at: &ParentContracts, programs: &Programs<'_>) -> Vec<u8> {
    let wei = |gwei: u64| U256::from(gwei) * GWEI;
    let game = constructor::FaultProof {
        settlement: at.settlement,
        step: at.step.unwrap_or_default(),
        programHash: programs.fault,
        windowSeconds: config.delays.challenge_window_s,
        claimBond: wei(config.bonds.claim_gwei),
        stridesBond: wei(config.bonds.strides_gwei),
        stepsBond: wei(config.bonds.steps_gwei),
    };
    let proofs = constructor::Proofs {
        openings: at.stark.map(|stark| stark.openings).unwrap_or_default(),
        keyHash: programs.zk.key_hash,
        exeCommit: programs.zk.exe_commit,
        vmCommit: programs.zk.vm_commit,
    };
    match config.preset {
        Preset::Optimistic => game.abi_encode(),
        Preset::ZkRollup => (game.settlement, proofs, game.claimBond).abi_encode_params(),
        Preset::Hybrid => (game, proofs).abi_encode_params(),
    }
}

/// Contract, address and constructor arguments, in the order of creation.
fn creations(
    config: &RollupConfig,
    at: &ParentContracts,
    spec: &ChainSpec,
    genesis_timestamp: u64,
    genesis_output_root: B256,
    module: (&'static str, Address, Vec<u8>),
    has_multicall: bool,
) -> Vec<(&'static str, Address, Vec<u8>)> {
    let (roles, delays) = (&config.roles, &config.delays);
    let inbox = constructor::Inbox {
        owner: at.timelock,
        batcher: roles.batcher,
        spec: constructor::ChainSpec {
            chainId: spec.chain_id,
            parentChainId: spec.parent_chain_id,
            portal: spec.portal,
            gasLimit: spec.gas_limit,
            batchGas: spec.batch_gas,
            elasticity: spec.elasticity,
            denominator: spec.denominator,
            minBaseFee: spec.min_base_fee,
            genesisHash: spec.genesis_hash,
        },
        genesisTimestamp: genesis_timestamp,
        forceInclusionDelay: delays.force_inclusion_s,
        sequencerTimeout: delays.sequencer_timeout_s,
        maxBatchAge: delays.max_batch_age_s,
    };
    let settlement = constructor::Settlement {
        owner: at.timelock,
        inbox: at.inbox,
        validity: at.validity,
        genesisOutputRoot: genesis_output_root,
    };
    let portal = constructor::Portal {
        owner: at.timelock,
        inbox: at.inbox,
        settlement: at.settlement,
        guardian: roles.guardian,
        proofMaturitySeconds: delays.proof_maturity_s,
        maxPauseSeconds: delays.max_pause_s,
        metering: METERING,
    };
    let timelock = (U256::from(delays.timelock_s), vec![roles.owner]).abi_encode_params();
    let mut list = vec![
        ("Timelock", at.timelock, timelock),
        ("Inbox", at.inbox, inbox.abi_encode()),
        module,
        ("Settlement", at.settlement, settlement.abi_encode()),
        ("Portal", at.portal, portal.abi_encode()),
        ("L1CrossDomainMessenger", at.messenger, at.portal.abi_encode()),
        ("L1StandardBridge", at.standard_bridge, at.messenger.abi_encode()),
        ("L1ERC721Bridge", at.erc721_bridge, at.messenger.abi_encode()),
    ];
    if !has_multicall {
        list.push(("Multicall3", at.multicall3, vec![]));
    }
    list
}

/// Sends one transaction after the other from one account.
struct Creator<'a, P> {
    parent: &'a DynProvider,
    account: Address,
    nonce: u64,
    progress: P,
}

impl<P: FnMut(&'static str) + Send> Creator<'_, P> {
    /// Creates a contract; where it is.
    async fn create(
        &mut self,
        contract: &'static str,
        arguments: &[u8],
    ) -> Result<Address, DeployError> {
        let code = [artifact::init_code(contract)?.as_ref(), arguments].concat();
        let expected = self.account.create(self.nonce);
        let request = TransactionRequest::default().with_deploy_code(Bytes::from(code));
        match self.send(contract, request).await? {
            Some(got) if got == expected => Ok(got),
            got => Err(DeployError::Elsewhere { contract, expected, got: got.unwrap_or_default() }),
        }
    }

    async fn call(
        &mut self,
        name: &'static str,
        to: Address,
        input: Bytes,
    ) -> Result<(), DeployError> {
        let request = TransactionRequest::default().with_to(to).with_input(input);
        self.send(name, request).await.map(drop)
    }

    /// The contract that was created, if one was.
    async fn send(
        &mut self,
        contract: &'static str,
        request: TransactionRequest,
    ) -> Result<Option<Address>, DeployError> {
        (self.progress)(contract);
        let refused = |error: RpcError<TransportErrorKind>| {
            let data = error.as_error_resp().and_then(|answer| answer.as_revert_data());
            let why = data.map_or_else(|| error.to_string(), |data| revert::reason(&data));
            DeployError::Refused { contract, why }
        };
        let mut request = request.with_from(self.account).with_nonce(self.nonce);
        let estimate = self.parent.estimate_gas(request.clone()).await.map_err(refused)?;
        request.set_gas_limit(estimate + estimate * GAS_MARGIN_PERCENT / 100);
        let pending = self.parent.send_transaction(request).await.map_err(refused)?;
        let receipt = pending.get_receipt().await?;
        if !receipt.status() {
            let transaction = receipt.transaction_hash;
            return Err(DeployError::Reverted { contract, transaction });
        }
        self.nonce += 1;
        Ok(receipt.contract_address())
    }
}

/// How deposits buy gas on the rollup: the OP Stack's curve on mainnet, but from a tenth of its
/// least price, at which the gas that an ordinary deposit uses anyway pays for what it buys.
const METERING: constructor::Metering = constructor::Metering {
    maxBoughtGas: 20_000_000,
    elasticity: 10,
    denominator: 8,
    minBaseFee: U96::from_limbs([100_000_000, 0]),
    maxBaseFee: U96::MAX,
};

/// The constructors' `Config` structs.
#[allow(missing_docs, reason = "the contracts' NatSpec documents them")]
mod constructor {
    alloy::sol! {
        struct ChainSpec {
            uint64 chainId;
            uint64 parentChainId;
            address portal;
            uint64 gasLimit;
            uint64 batchGas;
            uint64 elasticity;
            uint64 denominator;
            uint64 minBaseFee;
            bytes32 genesisHash;
        }

        struct Inbox {
            address owner;
            address batcher;
            ChainSpec spec;
            uint64 genesisTimestamp;
            uint64 forceInclusionDelay;
            uint64 sequencerTimeout;
            uint64 maxBatchAge;
        }

        struct FaultProof {
            address settlement;
            address step;
            bytes32 programHash;
            uint64 windowSeconds;
            uint256 claimBond;
            uint256 stridesBond;
            uint256 stepsBond;
        }

        struct Proofs {
            address openings;
            bytes32 keyHash;
            bytes32 exeCommit;
            bytes32 vmCommit;
        }

        struct Settlement {
            address owner;
            address inbox;
            address validity;
            bytes32 genesisOutputRoot;
        }

        struct Metering {
            uint64 maxBoughtGas;
            uint64 elasticity;
            uint64 denominator;
            uint96 minBaseFee;
            uint96 maxBaseFee;
        }

        struct Portal {
            address owner;
            address inbox;
            address settlement;
            address guardian;
            uint64 proofMaturitySeconds;
            uint64 maxPauseSeconds;
            Metering metering;
        }
    }
}
