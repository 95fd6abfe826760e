//! Start and stop a node's roles.
mod backend;
mod claim;
mod derive;
mod lead;
mod peer;
mod publish;
mod subscribe;

use crate::{
    batcher, claims,
    derive::{Book, Checkpoint, Derivation, DeriveError, Follower},
    dispute::Memory,
    engine::{Engine, EngineError, GapLimits},
    metrics::Metrics,
    pool::{JournalError, Limits, PoolService},
    sequencer::{self, Preconfirmation},
};
use alloy_primitives::Address;
use altana_ledger::{Ledger, Pending, Rules};
use altana_parent::{
    BatchSender, Claim, Heads, InboxReader, InboxTerms, ParentBlock, ParentError, ParentReader,
    Sender,
};
use altana_protocol::ChainSpec;
use parking_lot::{Mutex, RwLock};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    runtime::Handle,
    sync::{Notify, broadcast, watch},
    task::JoinSet,
};

use claim::Evidence;

pub use backend::NodeBackend;
pub use claim::{Knowledge, dispute};
pub use subscribe::rpc_module;

/// Pre-confirmations a slow subscriber may fall behind before it loses some.
const PRECONFIRMATIONS_MAX: usize = 256;
/// First and longest pause before the parent is asked again.
const BACKOFF_MS: (u64, u64) = (250, 15_000);

/// What a node does besides following its chain.
#[derive(Clone, Debug, Default)]
pub struct NodeConfig {
    /// Folder of the pool's journal, the checkpoint and what batches were made of; none: nothing of
    /// them survives.
    pub dir: Option<PathBuf>,
    /// Bounds of the pool.
    pub pool: Limits,
    /// Lead the chain. Its force-inclusion delay is taken from `terms`.
    pub sequencer: Option<sequencer::Config>,
    /// How far publication may be behind.
    pub gap: GapLimits,
    /// How often the parent is asked for news, in milliseconds.
    pub poll_ms: PollMs,
    /// JSON-RPC of a node that leads: transactions are passed on to it, and its blocks are
    /// followed before they are on the parent.
    pub peer_url: Option<String>,
    /// How claims are proved; `None` where it is not known that they can be.
    pub proofs: Option<ProofConfig>,
}

/// How claims are proved.
#[derive(Clone, Debug)]
pub struct ProofConfig {
    /// The folder in which node and prover meet.
    pub jobs: PathBuf,
    /// The contract that put the verifying key on the parent.
    pub key_store: Address,
}

/// Milliseconds between two questions to the parent.
#[derive(Clone, Copy, Debug)]
pub struct PollMs(pub u64);

impl Default for PollMs {
    fn default() -> Self {
        Self(1000)
    }
}

/// The chain that a node runs.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Its rules.
    pub spec: ChainSpec,
    /// What its Inbox was deployed with.
    pub terms: InboxTerms,
    /// Parent block before the first event of its contracts.
    pub parent_start_block: u64,
}

/// Why a node stopped.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The chain could not go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The parent said something that asking again cannot change.
    #[error(transparent)]
    Parent(#[from] ParentError),
    /// What would be published is wrong: nothing more is published.
    #[error("batcher: {0}")]
    Batch(#[from] batcher::BatchError),
    /// The pool's journal could not be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The pool's journal could not be written.
    #[error("{0}")]
    Pool(String),
    /// The checkpoint could not be written.
    #[error("checkpoint: {}", altana_ledger::explain(.0))]
    Checkpoint(std::io::Error),
    /// What batches were made of could not be kept for disputes.
    #[error("evidence of batches: {}", altana_ledger::explain(.0))]
    Evidence(std::io::Error),
    /// What is known of batches and disputes could not be read or written.
    #[error("list of batches or disputes: {}", altana_ledger::explain(.0))]
    Disputes(std::io::Error),
    /// What is to be proved could not be written down.
    #[error("jobs of the prover: {0}")]
    Jobs(altana_proof::JobError),
    /// The ledger failed.
    #[error("ledger: {0}")]
    Ledger(#[from] altana_ledger::Error),
    /// The ledger belongs to another chain, or a URL is wrong.
    #[error("configuration: {0}")]
    Config(String),
    /// A thread could not be started, or has panicked.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<DeriveError> for NodeError {
    fn from(error: DeriveError) -> Self {
        Self::Engine(error.into())
    }
}

/// How far a node has read its parent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// The newest block that derivation has taken in.
    pub(crate) head: Option<ParentBlock>,
    /// Whether the parent has once been read to its head.
    pub(crate) synced: bool,
    /// Whether the last read reached it.
    pub(crate) complete: bool,
}

/// What a node's tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) chain: Chain,
    pub(crate) config: NodeConfig,
    pub(crate) pool: PoolService,
    pub(crate) engine: Mutex<Engine>,
    pub(crate) heads: RwLock<Heads>,
    pub(crate) pending: RwLock<Option<Arc<Pending>>>,
    pub(crate) preconfirmations: broadcast::Sender<Arc<Preconfirmation>>,
    pub(crate) metrics: Metrics,
    /// What was worked out for disputes.
    pub(crate) memory: Arc<Memory>,
    /// How far the parent was read.
    pub(crate) progress: RwLock<Progress>,
    /// The parent has news for derivation.
    pub(crate) look: Notify,
    /// A block was sealed.
    pub(crate) sealed: Notify,
    /// While there is nothing to do about the claims: transactions sent about them so far. Or why
    /// what there is to do is not done.
    pub(crate) answered: watch::Sender<Option<Result<u64, ParentError>>>,
    pub(crate) stop: watch::Sender<bool>,
}

impl Shared {
    /// Works on the engine, on a thread that may wait.
    pub(crate) async fn engine<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Engine) -> R + Send + 'static,
    ) -> Result<R, NodeError> {
        let shared = self.clone();
        let task = tokio::task::spawn_blocking(move || work(&mut shared.engine.lock()));
        task.await.map_err(|error| NodeError::Internal(error.to_string()))
    }

    /// Waits a while; false: the node stops.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        let mut stop = self.stop.subscribe();
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}

/// Pauses between attempts, longer each time.
#[derive(Debug)]
pub(crate) struct Backoff {
    next_ms: u64,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next_ms: BACKOFF_MS.0 }
    }

    pub(crate) fn reset(&mut self) {
        self.next_ms = BACKOFF_MS.0;
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(self.next_ms);
        self.next_ms = (self.next_ms * 2).min(BACKOFF_MS.1);
        pause
    }
}

/// A node that is about to start: a ledger and a parent, to which roles are added.
#[derive(Debug)]
pub struct Node<R> {
    shared: Arc<Shared>,
    reader: Arc<R>,
    tasks: JoinSet<Result<(), NodeError>>,
}

impl<R: ParentReader> Node<R> {
    /// Opens a node over a ledger of the chain. Must be called on a tokio runtime.
    pub fn open(
        config: NodeConfig,
        chain: Chain,
        ledger: Ledger,
        reader: R,
    ) -> Result<Self, NodeError> {
        if !matches!(ledger.rules(), Rules::Rollup(spec) if *spec == chain.spec) {
            return Err(NodeError::Config("the ledger has the rules of another chain".into()));
        }
        let min_base_fee = chain.spec.min_base_fee;
        let dir = config.dir.as_deref();
        let pool = PoolService::open(ledger.clone(), config.pool.clone(), min_base_fee, dir)?;
        let derivation = derivation(&config, &chain, &ledger)?;
        let leads = config.sequencer.is_some();
        let engine = Engine::new(ledger.clone(), pool.clone(), derivation, leads, config.gap);
        let shared = Arc::new(Shared {
            ledger,
            chain,
            config,
            pool,
            engine: Mutex::new(engine),
            heads: RwLock::default(),
            pending: RwLock::default(),
            preconfirmations: broadcast::channel(PRECONFIRMATIONS_MAX).0,
            metrics: Metrics::default(),
            memory: Arc::default(),
            progress: RwLock::default(),
            look: Notify::new(),
            sealed: Notify::new(),
            answered: watch::channel(None).0,
            stop: watch::channel(false).0,
        });
        Ok(Self { shared, reader: Arc::new(reader), tasks: JoinSet::new() })
    }

    /// Publishes batches.
    pub fn batcher<S: BatchSender>(mut self, config: batcher::Config, sender: S) -> Self {
        self.tasks.spawn(publish::run(self.shared.clone(), config, sender));
        self
    }

    /// Looks after the claims: makes them, if configured, and plays against wrong ones. `reader`
    /// reads batches again, which are kept in the node's folder until no claim about them can be
    /// disputed.
    pub fn claims(
        mut self,
        config: claims::Config,
        sender: Sender,
        settlement: Address,
        reader: InboxReader,
    ) -> Self {
        let shared = self.shared.clone();
        self.tasks.spawn(claim::run(shared, config, sender, settlement, reader));
        self
    }

    /// Starts to follow the parent and, if configured, to lead or to follow a peer.
    pub fn start(mut self) -> Result<NodeHandle, NodeError> {
        let start = self.shared.chain.parent_start_block;
        let follower = Follower::new(self.reader.clone(), start);
        self.tasks.spawn(derive::run(self.shared.clone(), self.reader, follower));
        if let Some(config) = self.shared.config.sequencer.clone() {
            self.tasks.spawn(lead::run(self.shared.clone(), config)?);
        } else if let Some(url) = self.shared.config.peer_url.clone() {
            self.tasks.spawn(peer::run(self.shared.clone(), peer::Peer::new(&url)?));
        }
        Ok(NodeHandle { shared: self.shared, tasks: self.tasks })
    }
}

fn derivation(
    config: &NodeConfig,
    chain: &Chain,
    ledger: &Ledger,
) -> Result<Derivation, NodeError> {
    let dir = config.dir.as_deref();
    let book = Book::open(dir).map_err(DeriveError::Book)?;
    let checkpoint = dir.and_then(Checkpoint::load);
    Ok(Derivation::open(chain.spec.clone(), ledger.clone(), checkpoint, book)?)
}

/// A running node. Dropping it stops the node without waiting.
#[derive(Debug)]
pub struct NodeHandle {
    shared: Arc<Shared>,
    tasks: JoinSet<Result<(), NodeError>>,
}

impl NodeHandle {
    /// The other half of an RPC server over this node's ledger.
    pub fn backend(&self) -> Arc<NodeBackend> {
        Arc::new(NodeBackend::new(self.shared.clone()))
    }

    /// The node's ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Numbers for Prometheus, in its text format.
    pub fn metrics(&self) -> impl Fn() -> String + Clone + Send + Sync + 'static {
        let shared = self.shared.clone();
        move || {
            shared.measure();
            shared.metrics.render()
        }
    }

    /// What this node can say about the claims on `parent` up to batch `last_batch`, if it has
    /// derived that. The truth in it waits for the parent: use it on a thread that may.
    pub fn knowledge(
        &self,
        reader: InboxReader,
        parent: &Claim,
        last_batch: u64,
    ) -> Result<Option<Knowledge>, NodeError> {
        let evidence = Evidence::new(&self.shared, reader, None);
        claim::know(&self.shared, Handle::current(), evidence, parent, last_batch)
    }

    /// Waits until there is nothing to do about the claims; gives the number of transactions that
    /// were sent about them. An error says what the operator must do first.
    pub fn answered(&self) -> impl Future<Output = Result<u64, ParentError>> + Send + use<> {
        let mut answered = self.shared.answered.subscribe();
        async move {
            let known = answered.wait_for(Option::is_some).await;
            known.map_or(Ok(0), |known| known.clone().unwrap_or(Ok(0)))
        }
    }

    /// Makes the node look at its parent at once instead of at the next poll.
    pub fn look(&self) {
        self.shared.look.notify_one();
    }

    /// Waits until a role fails; the others are stopped then.
    pub async fn failed(&mut self) -> NodeError {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    self.shared.stop.send_replace(true);
                    return error;
                }
                Some(Err(error)) => return NodeError::Internal(error.to_string()),
                None => return NodeError::Internal("all roles have ended".into()),
            }
        }
    }

    /// Stops all roles and waits until they have.
    pub async fn stop(mut self) -> Result<(), NodeError> {
        self.shared.stop.send_replace(true);
        let mut result = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.unwrap_or_else(|error| Err(NodeError::Internal(error.to_string())));
            result = result.and(ended);
        }
        result
    }
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
    }
}

impl Shared {
    fn measure(&self) {
        let metrics = &self.metrics;
        metrics.head_block.set(self.ledger.head().number());
        metrics.safe_block.set(self.ledger.safe().number());
        metrics.finalized_block.set(self.ledger.finalized().number());
        let (pending, queued) = self.pool.with(|pool| pool.status());
        metrics.pool_pending.set(pending as u64);
        metrics.pool_queued.set(queued as u64);
    }
}
