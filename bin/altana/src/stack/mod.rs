//! A parent chain, a rollup deployed on it, and a node that runs it: what `dev`, `demo` and `bench` start.

pub mod accounts;
pub mod rebuild;

use accounts::Accounts;
use alloy::{
    contract::Error as ContractError,
    network::{AnyNetwork, EthereumWallet, TransactionBuilder},
    primitives::Address,
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use altana_contracts::{
    Deployment, Preset, Programs, RollupConfig, ZkProgram, bindings::Inbox, deploy,
};
use altana_devnet::{Config as DevnetConfig, Devnet, Mining};
use altana_ledger::{Ledger, Options as LedgerOptions, Rules};
use altana_node::{
    batcher, claims,
    node::{Chain, Node, NodeConfig, NodeHandle, PollMs, ProofConfig, rpc_module},
    pool::Limits,
    sequencer::{self, MessageLimits},
};
use altana_parent::{
    Batches, ClaimReader, InboxReader, Options as ParentOptions, Parent, ParentError, Sender,
    SenderOptions,
};
use altana_program::PROGRAM_HASH;
use altana_proof::guest;
use altana_rpc::{Backend, Server, ServerHandle};
use anyhow::{Context, Result, bail, ensure};
use axum::{Router, routing::get};
use jsonrpsee::RpcModule;
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What to start.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// An external parent instead of the embedded one.
    pub parent: Option<String>,
    /// Its beacon API; by default under the same URL.
    pub beacon: Option<String>,
    /// Port of the embedded parent; 0 picks a free one.
    pub parent_port: u16,
    /// Port of the rollup; 0 picks a free one.
    pub port: u16,
    /// Seconds between blocks of the embedded parent.
    pub parent_block_time_s: u64,
    /// Time between rollup blocks.
    pub block_time_ms: u64,
    /// Where to keep everything; a temporary folder if absent.
    pub dir: Option<PathBuf>,
    /// Take queue messages only when the contracts leave no choice.
    pub delay_messages: bool,
    /// Seconds between claims; `None`: none but against wrong ones.
    pub claim_interval_s: Option<u64>,
    /// What makes claims final; that of the folder if it holds a chain, else optimistic.
    pub preset: Option<Preset>,
    /// Runs neither sequencer nor batcher.
    pub follows: bool,
    /// The parent's clock is set to this before the deployment, in seconds since 1970.
    pub clock: Option<u64>,
    /// The deployer's nonce at which the chain's own contracts begin, if not the next: presets bring
    /// different contracts before these.
    pub first_nonce: Option<u64>,
    /// How long a claim can be disputed, if not as short as in development.
    pub challenge_window_s: Option<u64>,
    /// How often transactions to the parent are looked at.
    pub sending_poll_ms: u64,
    /// How often claims are looked at.
    pub claims_poll_ms: u64,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            parent: None,
            beacon: None,
            parent_port: 0,
            port: 0,
            parent_block_time_s: 1,
            block_time_ms: 1_000,
            dir: None,
            delay_messages: false,
            claim_interval_s: Some(0),
            preset: None,
            follows: false,
            clock: None,
            first_nonce: None,
            challenge_window_s: None,
            sending_poll_ms: 200,
            claims_poll_ms: 500,
        }
    }
}

/// Everything that runs. Dropping it stops everything.
pub struct Stack {
    /// JSON-RPC of the parent.
    pub parent_url: String,
    /// Beacon API of the parent.
    pub beacon_url: String,
    /// JSON-RPC of the rollup.
    pub rollup_url: String,
    /// WebSocket of the rollup.
    pub rollup_ws: String,
    /// The chain.
    pub deployment: Deployment,
    /// Funded accounts; the last three have roles.
    pub accounts: Accounts,
    node: Option<(NodeHandle, ServerHandle)>,
    /// The embedded parent, if it is that: runs until it is dropped.
    _devnet: Option<Devnet>,
    dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

/// How a stack's backend is wrapped before it is served (the demo of a hostile sequencer does).
pub type Wrap = Box<dyn FnOnce(Arc<dyn Backend>) -> Arc<dyn Backend> + Send>;

impl Stack {
    /// Starts everything; all ports answer on return.
    pub async fn start(options: StackOptions) -> Result<Self> {
        Self::start_wrapped(options, Box::new(|backend| backend)).await
    }

    /// [`Stack::start`] with something between the RPC server and the node.
    pub async fn start_wrapped(options: StackOptions, wrap: Wrap) -> Result<Self> {
        let (dir, temporary) = folder(options.dir.clone())?;
        let accounts = Accounts::test();
        let devnet = match &options.parent {
            Some(_) => None,
            None => Some(start_devnet(&options, &dir).await?),
        };
        let parent_url = match (&devnet, &options.parent) {
            (Some(devnet), _) => devnet.url(),
            (None, parent) => parent.clone().context("no parent")?,
        };
        let beacon_url = options.beacon.clone().unwrap_or_else(|| parent_url.clone());
        let deployment = deployment(&options, &dir, &parent_url, &accounts).await?;
        if devnet.is_some() {
            pace(&parent_url, options.parent_block_time_s).await?;
        }
        let setup = NodeSetup {
            parent_url: &parent_url,
            beacon_url: &beacon_url,
            deployment: &deployment,
            dir: &dir.join("node"),
            address: SocketAddr::from(([127, 0, 0, 1], options.port)),
        };
        let roles = dev_roles(&options, deployment.config.preset, &accounts);
        let (node, server) = start_node(setup, roles, wrap).await?;
        Ok(Self {
            parent_url,
            beacon_url,
            rollup_url: server.http_url(),
            rollup_ws: server.ws_url(),
            deployment,
            accounts,
            node: Some((node, server)),
            _devnet: devnet,
            dir,
            _temporary: temporary,
        })
    }

    /// The node, while it runs.
    pub fn node(&self) -> Result<&NodeHandle> {
        let (node, _) = self.node.as_ref().context("the node was stopped")?;
        Ok(node)
    }

    /// The parent, as the node sees it.
    pub async fn parent(&self) -> Result<Parent> {
        connect(&self.parent_url, &self.beacon_url, &self.deployment).await
    }

    /// Where everything is kept.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the node and a prover meet.
    pub fn jobs(&self) -> PathBuf {
        self.dir.join("node").join("proofs")
    }

    /// Whether it is gone with the stack.
    pub const fn is_temporary(&self) -> bool {
        self._temporary.is_some()
    }

    /// A folder for something beside the node.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Runs until a role fails.
    pub async fn failed(&mut self) -> anyhow::Error {
        match &mut self.node {
            Some((node, _)) => node.failed().await.into(),
            None => anyhow::anyhow!("the node was stopped"),
        }
    }

    /// Stops the node, and with it the rollup's RPC. The parent goes on.
    pub async fn stop_node(&mut self) -> Result<()> {
        if let Some((node, server)) = self.node.take() {
            server.stop();
            node.stop().await?;
            server.stopped().await;
        }
        Ok(())
    }
}

/// A provider over HTTP with the wallet's accounts.
pub fn provider(url: &str, wallet: &EthereumWallet) -> Result<DynProvider> {
    let url = http_url(url)?;
    // The chain's own nonce each time: these accounts are used in other ways, too.
    let builder = ProviderBuilder::new()
        .disable_recommended_fillers()
        .with_gas_estimation()
        .with_simple_nonce_management()
        .fetch_chain_id()
        .wallet(wallet.clone());
    let provider = builder.connect_http(url).erased();
    provider.client().set_poll_interval(Duration::from_millis(100));
    Ok(provider)
}

/// A provider that reads transactions of any kind: a rollup has some that Ethereum has not.
pub fn any_provider(url: &str, wallet: &EthereumWallet) -> Result<DynProvider<AnyNetwork>> {
    let url = http_url(url)?;
    let builder = ProviderBuilder::new()
        .disable_recommended_fillers()
        .network::<AnyNetwork>()
        .with_gas_estimation()
        .with_simple_nonce_management()
        .fetch_chain_id()
        .wallet(wallet.clone());
    let provider = builder.connect_http(url).erased();
    provider.client().set_poll_interval(Duration::from_millis(100));
    Ok(provider)
}

/// An HTTP URL, as a person typed it.
pub fn http_url(url: &str) -> Result<reqwest::Url> {
    let parsed = url.parse::<reqwest::Url>().ok();
    let parsed = parsed.filter(|url| ["http", "https"].contains(&url.scheme()));
    parsed.with_context(|| format!("\"{url}\" is not a URL like http://127.0.0.1:8545"))
}

fn folder(dir: Option<PathBuf>) -> Result<(PathBuf, Option<tempfile::TempDir>)> {
    match dir {
        Some(dir) => {
            std::fs::create_dir_all(&dir)
                .with_context(|| format!("cannot make the folder {}", dir.display()))?;
            Ok((dir, None))
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("altana-").tempdir()?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

/// Depths of Ethereum's safe and finalized blocks, one and two epochs: what is final must never be
/// reorganised, and `anvil_reorg` may replace what is not.
const PARENT_SAFE_DEPTH: u64 = 32;
const PARENT_FINALIZED_DEPTH: u64 = 64;

async fn start_devnet(options: &StackOptions, dir: &Path) -> Result<Devnet> {
    let config = DevnetConfig {
        port: options.parent_port,
        // Instant until everything is deployed.
        mining: Mining::Instant,
        dir: options.dir.as_ref().map(|_| dir.join("parent")),
        safe_depth: PARENT_SAFE_DEPTH,
        finalized_depth: PARENT_FINALIZED_DEPTH,
        ..DevnetConfig::default()
    };
    let port = options.parent_port;
    Devnet::start(config).await.with_context(|| {
        format!("the embedded parent does not start at port {port} (choose with --parent-port)")
    })
}

/// Has the parent make a block at this time, as development chains can.
async fn set_clock(parent: &DynProvider, time: u64) -> Result<()> {
    let client = parent.client();
    let set = async {
        let _: serde_json::Value = client.request("evm_setTime", json!([time])).await?;
        let _: serde_json::Value =
            client.request("evm_setNextBlockTimestamp", json!([time])).await?;
        client.request::<_, serde_json::Value>("evm_mine", json!([])).await
    };
    let done = set.await;
    done.context("the parent is no development chain whose clock can be set").map(drop)
}

/// From now on the embedded parent makes its blocks at an interval.
async fn pace(parent_url: &str, seconds: u64) -> Result<()> {
    let parent = provider(parent_url, &Accounts::test().wallet(0))?;
    let client = parent.client();
    let _: serde_json::Value = client.request("evm_setAutomine", json!([false])).await?;
    let _: serde_json::Value = client.request("evm_setIntervalMining", json!([seconds])).await?;
    Ok(())
}

/// The deployment of this folder, or a new one.
async fn deployment(
    options: &StackOptions,
    dir: &Path,
    parent_url: &str,
    accounts: &Accounts,
) -> Result<Deployment> {
    let chain = dir.join("chain");
    if chain.join("deployment.json").exists() {
        let deployment = Deployment::read(&chain)?;
        let (there, asked) = (deployment.config.preset, options.preset);
        ensure!(
            asked.is_none_or(|asked| asked == there),
            "{} holds a chain of the preset {}: choose another folder with --dir",
            dir.display(),
            there.name()
        );
        return Ok(deployment);
    }
    let preset = options.preset.unwrap_or_default();
    let mut config = RollupConfig::development(&accounts.addresses()).with_preset(preset);
    config.blocks.block_time_ms = options.block_time_ms;
    config.blocks.preconfirmation_ms = config.blocks.preconfirmation_ms.min(options.block_time_ms);
    if let Some(window_s) = options.challenge_window_s {
        config.delays.challenge_window_s = window_s;
        config.delays.timelock_s = config.delays.timelock_s.max(4 * window_s);
    }
    let parent = provider(parent_url, &accounts.wallet(DEPLOYER))?;
    let answer = parent.get_chain_id().await;
    answer.with_context(|| format!("the parent {parent_url} does not answer: is it running?"))?;
    let deployer = accounts.signer(DEPLOYER).address();
    if let Some(nonce) = options.first_nonce {
        let before = deploy::transactions_before(preset, &programs());
        spend_nonces(&parent, deployer, nonce.saturating_sub(before)).await?;
    }
    // Last: the genesis has the time of the newest block.
    if let Some(time) = options.clock {
        set_clock(&parent, time).await?;
    }
    let deployment = deploy(&parent, deployer, &config, programs(), |contract| {
        tracing::info!(contract, "deploying");
    })
    .await?;
    deployment.write(&chain)?;
    Ok(deployment)
}

/// Sends nothing to nobody until the account's nonce is this.
async fn spend_nonces(parent: &DynProvider, account: Address, nonce: u64) -> Result<()> {
    for nonce in parent.get_transaction_count(account).await?..nonce {
        let request = TransactionRequest::default()
            .with_from(account)
            .with_to(account)
            .with_nonce(nonce)
            .with_gas_limit(21_000);
        parent.send_transaction(request).await?.get_receipt().await?;
    }
    Ok(())
}

/// The programs of this release that decide about claims.
pub fn programs() -> Programs<'static> {
    Programs {
        fault: PROGRAM_HASH,
        zk: ZkProgram {
            key: guest::KEY,
            key_hash: guest::key().hash(),
            exe_commit: guest::EXE_COMMIT.into(),
            vm_commit: guest::VM_COMMIT.into(),
        },
    }
}

/// The owner's account deploys, so that the first accounts are untouched.
pub const DEPLOYER: usize = accounts::COUNT - 3;

/// Where a node runs.
pub struct NodeSetup<'a> {
    /// JSON-RPC of the parent.
    pub parent_url: &'a str,
    /// Beacon API of the parent.
    pub beacon_url: &'a str,
    /// The chain.
    pub deployment: &'a Deployment,
    /// The node's data.
    pub dir: &'a Path,
    /// Where it serves JSON-RPC.
    pub address: SocketAddr,
}

/// What a node does.
#[derive(Default)]
pub struct NodeRoles {
    /// Leads the chain.
    pub sequencer: Option<sequencer::Config>,
    /// Publishes with this key.
    pub batcher: Option<(batcher::Config, PrivateKeySigner)>,
    /// Claims, or answers wrong claims, with this key.
    pub claims: Option<(claims::Config, PrivateKeySigner)>,
    /// Follows this node.
    pub peer: Option<String>,
    /// Bounds of the pool.
    pub pool: Limits,
    /// How often the parent is asked.
    pub poll: PollMs,
    /// How transactions are sent to the parent.
    pub sending: SenderOptions,
    /// The folder in which node and prover meet, if not in the node's own.
    pub jobs: Option<PathBuf>,
}

/// Between two empty blocks of a development chain whose claims are proved on the same machine.
const ZK_EMPTY_BLOCK_MS: u64 = 60_000;

fn dev_roles(options: &StackOptions, preset: Preset, accounts: &Accounts) -> NodeRoles {
    let blocks = options.block_time_ms;
    NodeRoles {
        sequencer: (!options.follows).then(|| sequencer::Config {
            block_time_ms: blocks,
            slice_ms: 250.min(blocks),
            // A block that says nothing is proved like any other.
            empty_block_interval_ms: if preset == Preset::ZkRollup {
                blocks.max(ZK_EMPTY_BLOCK_MS)
            } else {
                blocks
            },
            messages: MessageLimits {
                confirmations: if options.delay_messages { u64::MAX } else { 0 },
                ..MessageLimits::default()
            },
            ..sequencer::Config::default()
        }),
        batcher: (!options.follows).then(|| {
            let config =
                batcher::Config { interval_s: 2, clock_slack_s: 2, ..batcher::Config::default() };
            (config, accounts.signer(accounts::COUNT - 1).clone())
        }),
        claims: Some((
            claims::Config {
                interval_s: options.claim_interval_s,
                confirmations: 0,
                poll_ms: options.claims_poll_ms,
                proves: preset.has_proofs(),
            },
            accounts.signer(accounts::COUNT - 2).clone(),
        )),
        peer: None,
        // Scripts send from one account.
        pool: Limits { per_account: 1_024, ..Limits::default() },
        poll: PollMs(250),
        sending: SenderOptions {
            poll_interval: Duration::from_millis(options.sending_poll_ms),
            ..SenderOptions::default()
        },
        jobs: None,
    }
}

/// Opens a node's data and starts its roles and its RPC.
pub async fn start_node(
    setup: NodeSetup<'_>,
    roles: NodeRoles,
    wrap: Wrap,
) -> Result<(NodeHandle, ServerHandle)> {
    let deployment = setup.deployment;
    let contracts = &deployment.contracts;
    let parent = connect(setup.parent_url, setup.beacon_url, deployment).await?;
    let reader = InboxReader::new(parent.clone(), contracts.inbox, contracts.portal);
    let chain = Chain {
        spec: deployment.spec.clone(),
        terms: reader.terms().await?,
        parent_start_block: deployment.parent_start_block,
    };
    let ledger = open_ledger(deployment, Some(&setup.dir.join("ledger")))?;
    let config = NodeConfig {
        dir: Some(setup.dir.to_owned()),
        sequencer: roles.sequencer,
        peer_url: roles.peer,
        pool: roles.pool,
        poll_ms: roles.poll,
        proofs: contracts.stark.map(|stark| ProofConfig {
            jobs: roles.jobs.clone().unwrap_or_else(|| setup.dir.join("proofs")),
            key_store: stark.key_store,
        }),
        ..NodeConfig::default()
    };
    let open = |key: PrivateKeySigner, name: &str| {
        let folder = setup.dir.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok::<_, anyhow::Error>(Sender::open(parent.clone(), Arc::new(key), &folder, roles.sending)?)
    };
    let mut node = Node::open(config, chain, ledger.clone(), reader.clone())?;
    if let Some((config, key)) = roles.batcher {
        ensure_role(key.address(), deployment.config.roles.batcher, "batcher")?;
        let sender = open(key, "batcher")?;
        node = node.batcher(config, Batches { sender, inbox: contracts.inbox });
    }
    if let Some((config, key)) = roles.claims {
        node = node.claims(config, open(key, "claims")?, contracts.settlement, reader.clone());
    }
    let node = node.start()?;
    let metrics = node.metrics();
    let routes = Router::new()
        .route("/metrics", get(move || async move { metrics() }))
        .route("/health", get(|| async { "ok" }));
    let server = Server::new(ledger, wrap(node.backend()))
        .methods(methods(&node, deployment)?)
        .routes(routes)
        .serve(setup.address)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {}: choose another port (`dev --port`, `node --http`)",
                setup.address
            )
        })?;
    Ok((node, server))
}

/// The deployment's claims.
pub async fn claim_reader(parent: Parent, deployment: &Deployment) -> Result<ClaimReader> {
    Ok(ClaimReader::connect(parent, deployment.contracts.settlement).await?)
}

/// Pre-confirmations, and `altana_deployment`: the contracts on the parent, for our own tools.
fn methods(node: &NodeHandle, deployment: &Deployment) -> Result<RpcModule<()>> {
    let mut module = rpc_module(node)?;
    let contracts = serde_json::to_value(deployment.contracts)?;
    module.register_method("altana_deployment", move |_, _, _| contracts.clone())?;
    Ok(module)
}

/// How long a parent may take to answer for the first time.
const FIRST_ANSWER: Duration = Duration::from_secs(3);

/// Connects to the parent, and checks that it is the chain's.
pub async fn connect(url: &str, beacon: &str, deployment: &Deployment) -> Result<Parent> {
    // A parent that does not answer at the start is a mistake; later it is a fact of life.
    let impatient = ParentOptions { deadline: FIRST_ANSWER, ..ParentOptions::default() };
    match Parent::connect_with(url, Some(beacon), impatient).await {
        Err(ParentError::Temporary(why)) => {
            bail!("the parent {url} does not answer: is it running? ({why})")
        }
        answer => answer?,
    };
    let parent = Parent::connect(url, Some(beacon)).await?;
    let expected = deployment.spec.parent_chain_id;
    ensure!(
        parent.chain_id() == expected,
        "{url} has chain id {}, but the rollup was deployed on {expected}: use its parent's URL",
        parent.chain_id()
    );
    let (at, ours) = (deployment.contracts.inbox, deployment.spec.config_hash());
    let theirs = Inbox::new(at, parent.provider()).configHash().call().await;
    let theirs = match theirs {
        Err(ContractError::TransportError(error)) if !error.is_error_resp() => {
            return Err(error).with_context(|| format!("the parent {url} does not answer"));
        }
        theirs => theirs.ok(),
    };
    ensure!(
        theirs == Some(ours),
        "{url} does not have this rollup: no Inbox of it at {at}. Use the parent that it was deployed on, or another folder"
    );
    Ok(parent)
}

/// Opens the rollup's ledger in a folder, or in memory.
pub fn open_ledger(deployment: &Deployment, dir: Option<&Path>) -> Result<Ledger> {
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot make the folder {}", dir.display()))?;
    }
    let rules = Rules::Rollup(deployment.spec.clone());
    Ledger::open(dir, &deployment.genesis, rules, LedgerOptions::default()).with_context(|| {
        let dir = dir.map(|dir| dir.display().to_string()).unwrap_or_default();
        format!("cannot use {dir}: choose another folder with --dir")
    })
}

fn ensure_role(key: Address, role: Address, name: &str) -> Result<()> {
    ensure!(key == role, "the {name}'s key is that of {key}, but the chain's {name} is {role}");
    Ok(())
}
