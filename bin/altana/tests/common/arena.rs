//! A parent chain on which claims are disputed, honest players, and others who play over lies.

#![allow(unreachable_pub, reason = "a module of one test")]

use super::common::{Dev, Running, altana, load::until};
use alloy::{
    consensus::Transaction as _,
    network::{EthereumWallet, TransactionResponse as _},
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
    sol_types::{SolCall, SolInterface},
};
use altana_contracts::{
    Deployment,
    bindings::{FaultProof::FaultProofCalls, Inbox, Settlement},
};
use altana_devnet::{Config as DevnetConfig, DEFAULT_MNEMONIC, Devnet};
use altana_dispute::{Dispute, History, Liar, Lie, Truth, Wrong};
use altana_ledger::{Ledger, Options as LedgerOptions, Rules};
use altana_node::{
    claims::{Config as ClaimConfig, Expected},
    dispute::{NodeTruth, PlayError, Span, TruthError, plan, round},
    node::{Chain, Knowledge, Node, NodeConfig, NodeHandle, PollMs, dispute},
};
use altana_parent::{
    Claim, ClaimReader, Claims, GameTerms, InboxReader, Parent, ParentError, Proposal, Sender,
    SenderOptions,
};
use altana_protocol::{batch::DATA_BLOBS, stf::block_leaf};
use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A claim can be disputed for so long, by the parent's clock, which the tests move.
pub const WINDOW_S: u64 = 86_400;
/// Somebody who makes the first claims.
pub const USER: usize = 1;
/// Who owns the contracts of `altana dev`.
pub const OWNER: usize = 7;
/// The account of the claims of `altana dev`.
pub const DEV: usize = 8;
/// The first account of those who lie, and of those who don't.
pub const ROGUE: usize = 10;
pub const HONEST: usize = 30;
/// Funded accounts of the parent.
const ACCOUNTS: u32 = 40;
/// An account that does nothing.
const OBSERVER: usize = 39;
/// How often a transaction or condition is looked at.
const POLL: Duration = Duration::from_millis(20);
/// A dispute that does not end for so long is a broken promise.
const FIGHT: Duration = Duration::from_secs(150);
/// The depth of the newest final block of the parent, as on Ethereum.
const FINALIZED_DEPTH: u64 = 64;

/// A parent with a rollup's contracts and batches. The rollup's sequencer is gone.
pub struct Arena {
    /// The parent's JSON-RPC.
    pub url: String,
    /// Where everything is.
    pub folder: TempDir,
    pub deployment: Deployment,
    pub provider: DynProvider,
    pub reader: ClaimReader,
    pub terms: GameTerms,
    inbox: InboxReader,
    /// Derives the chain, and tells what is true.
    verifier: NodeHandle,
    truths: Mutex<HashMap<u64, Arc<Mutex<NodeTruth>>>>,
    _parent: Devnet,
}

impl Arena {
    /// An arena with at least so many batches, and the sequencer that made them.
    pub async fn with_sequencer(batches: u64) -> (Self, Dev) {
        let config = DevnetConfig {
            accounts: ACCOUNTS,
            safe_depth: FINALIZED_DEPTH / 2,
            finalized_depth: FINALIZED_DEPTH,
            ..DevnetConfig::default()
        };
        let parent = Devnet::start(config).await.expect("a parent");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = parent.url();
        let dev = dev(&url, folder.path()).await;
        let deployment = Deployment::read(&folder.path().join("chain")).expect("a deployment");
        let provider = ProviderBuilder::new().connect_http(url.parse().expect("a URL")).erased();
        let inbox = Inbox::new(deployment.contracts.inbox, &provider);
        until("batches", async || {
            let last = inbox.lastBatch().call().await.expect("the parent answers");
            (last >= batches).then_some(())
        })
        .await;
        let connection = Parent::connect(&url, Some(&url)).await.expect("the parent answers");
        let contracts = &deployment.contracts;
        let reader = ClaimReader::connect(connection.clone(), contracts.settlement)
            .await
            .expect("the parent answers");
        let inbox = InboxReader::new(connection, contracts.inbox, contracts.portal);
        let terms = reader.terms().await.expect("the rules");
        let node = open(&deployment, &inbox, &folder.path().join("verifier")).await;
        let verifier = node.start().expect("a node");
        let truths = Mutex::default();
        let arena = Self {
            url,
            folder,
            deployment,
            provider,
            reader,
            terms,
            inbox,
            verifier,
            truths,
            _parent: parent,
        };
        (arena, dev)
    }

    /// An arena with at least so many batches.
    pub async fn start(batches: u64) -> Self {
        Self::with_sequencer(batches).await.0
    }

    /// `altana dev` on this parent: a sequencer, and an honest party that answers wrong claims.
    pub async fn dev(&self) -> Dev {
        dev(&self.url, self.folder.path()).await
    }

    /// The folder that `altana deploy` wrote.
    pub fn chain(&self) -> String {
        self.path("chain").to_str().expect("text").to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `altana node` with one role, in a folder of its own.
    pub async fn node(&self, role: &str, account: usize, more: &[&str]) -> Running {
        let dir = self.path(role);
        let mut command = altana(&["node", "--json", "--http", "127.0.0.1:0", "--roles", role]);
        command.args(["--chain", &self.chain(), "--parent", &self.url]).args(more);
        command.arg("--dir").arg(dir);
        command.env(format!("ALTANA_{}_KEY", role.to_uppercase()), key_text(account));
        let started = move || Running::start(command).0;
        tokio::task::spawn_blocking(started).await.expect("no panic")
    }

    /// An honest party of this process.
    pub async fn honest(&self, account: usize) -> NodeHandle {
        self.honest_over(&self.url, account, 50).await
    }

    /// [`Arena::honest`] with its own way to the parent, which it asks so often.
    pub async fn honest_over(&self, url: &str, account: usize, poll_ms: u64) -> NodeHandle {
        let dir = self.path(&format!("honest{account}"));
        let config = ClaimConfig { interval_s: None, confirmations: 0, poll_ms, proves: false };
        let parent = Parent::connect(url, Some(url)).await.expect("the parent answers");
        let contracts = &self.deployment.contracts;
        let inbox = InboxReader::new(parent.clone(), contracts.inbox, contracts.portal);
        let node = open(&self.deployment, &inbox, &dir).await;
        let sender = self.sender(parent, account);
        let node = node.claims(config, sender, contracts.settlement, inbox);
        node.start().expect("a node")
    }

    /// Claims and moves of an account.
    pub fn claims(&self, account: usize) -> Claims {
        let sender = self.sender(self.reader.parent.clone(), account);
        Claims { sender, reader: self.reader.clone() }
    }

    fn sender(&self, parent: Parent, account: usize) -> Sender {
        let folder = self.path(&format!("sender{account}"));
        let options = SenderOptions { poll_interval: POLL, ..SenderOptions::default() };
        let sender = Sender::open(parent, Arc::new(key(account)), &folder, options);
        sender.expect("a sender")
    }

    /// Asks the parent for what only development chains do.
    pub async fn ask(&self, method: &'static str, params: Value) {
        let _: Value = self.provider.client().request(method, params).await.expect("it does");
    }

    /// Lets time pass on the parent.
    pub async fn pass(&self, seconds: u64) {
        self.ask("evm_increaseTime", json!([seconds])).await;
        self.ask("evm_mine", json!([])).await;
    }

    pub async fn head(&self) -> u64 {
        self.provider.get_block_number().await.expect("the parent answers")
    }

    pub async fn balance(&self, account: usize) -> U256 {
        self.provider.get_balance(address(account)).await.expect("the parent answers")
    }

    /// The claim at a place in the list, once it is listed.
    pub async fn listed(&self, index: u64) -> Claim {
        until(&format!("claim {index}"), async || {
            let open = self.reader.open(0).await.expect("the parent answers");
            let listed = open.pending.into_iter().chain([open.last_final]);
            listed.into_iter().find(|claim| claim.index == index)
        })
        .await
    }

    /// The newest right claim.
    pub async fn genesis(&self) -> Claim {
        self.reader.open(0).await.expect("the parent answers").last_final
    }

    /// What is known of the only right claim on another.
    pub async fn knowledge(&self, parent: &Claim) -> Knowledge {
        self.knowledge_of(&self.verifier, parent).await
    }

    /// [`Arena::knowledge`] of a node.
    pub async fn knowledge_of(&self, node: &NodeHandle, parent: &Claim) -> Knowledge {
        let last = self.reader.last_batch_for(parent.index).await.expect("the parent answers");
        until("the verifier", async || {
            node.knowledge(self.inbox.clone(), parent, last).expect("knowledge")
        })
        .await
    }

    /// The newest batch, and whether its payload is in blobs.
    pub async fn newest_batch(&self) -> (u64, bool) {
        let inbox = Inbox::new(self.deployment.contracts.inbox, &self.provider);
        let filter = inbox.BatchCommitted_filter().from_block(0);
        let batches = filter.query().await.expect("the parent answers");
        let (newest, _) = batches.last().expect("a batch");
        (newest.index, newest.header.dataKind == DATA_BLOBS)
    }

    /// Makes the parent's newest block final.
    pub async fn finalize(&self) {
        self.ask("anvil_mine", json!([FINALIZED_DEPTH + 1])).await;
    }

    /// Makes the right claim on another.
    pub async fn claim_right(&self, account: usize, parent: &Claim) -> Claim {
        let expected = self.knowledge(parent).await.expected;
        let proposal = expected.proposal(*parent);
        let sent = self.claims(account).propose(&proposal).await.expect("it is sent");
        assert_eq!(sent.reverted, None);
        self.newest().await
    }

    /// Waits for the right claim on another.
    pub async fn right_claim(&self, parent: &Claim) -> Claim {
        let expected = self.knowledge(parent).await.expected;
        until("the right claim", async || {
            let open = self.reader.open(0).await.expect("the parent answers");
            let mut listed = open.pending.into_iter().chain([open.last_final]);
            listed.find(|claim| claim.parent_claim == parent.index && expected.is(claim))
        })
        .await
    }

    /// The claim that was made last.
    pub async fn newest(&self) -> Claim {
        let settlement = Settlement::new(self.reader.settlement, &self.provider);
        let count = settlement.gameCount().call().await.expect("the parent answers");
        self.listed(count.to::<u64>() - 1).await
    }

    /// How many claims were made, the genesis included.
    pub async fn claim_count(&self) -> u64 {
        let settlement = Settlement::new(self.reader.settlement, &self.provider);
        settlement.gameCount().call().await.expect("the parent answers").to()
    }

    /// Waits until this claim is final.
    pub async fn becomes_final(&self, claim: &Claim) {
        until("the right claim to be final", async || {
            let open = self.reader.open(0).await.expect("the parent answers");
            (open.last_final.index >= claim.index).then_some(open)
        })
        .await;
        let open = self.reader.open(0).await.expect("the parent answers");
        assert_eq!(open.last_final, *claim, "another claim won");
    }

    /// A truth for many: a block takes a second in the machine.
    async fn truth(&self, parent: &Claim) -> (Knowledge, SharedTruth) {
        let known = self.knowledge(parent).await;
        let again = self.knowledge(parent).await.truth;
        let mut truths = self.truths.lock();
        let truth = truths.entry(parent.index).or_insert_with(|| Arc::new(Mutex::new(again)));
        (known, SharedTruth::new(truth.clone()))
    }

    /// Who lies about the claim on `parent`; makes the false claim, if it is one.
    pub async fn rogue(&self, account: usize, parent: &Claim, lie: Falsehood) -> Rogue {
        let (known, truth) = self.truth(parent).await;
        let Knowledge { span, expected, .. } = known;
        let (proposal, lie) = lie.tell(&span, &expected, account as u64);
        let mut truth = Liar::new(truth, lie);
        let history = truth.blocks().expect("the truth").clone();
        let dispute = dispute(parent, &span, history.root(), self.terms.window_s);
        let claims = self.claims(account);
        if let Some(output_root) = proposal {
            let proposal = Proposal {
                parent: *parent,
                batch_index: expected.batch_index,
                batch_hash: expected.batch_hash,
                output_root,
                last_block: expected.last_block,
                data: Bytes::from(history.spine().concat()),
            };
            let sent = claims.propose(&proposal).await.expect("a false claim is sent");
            assert_eq!(sent.reverted, None);
        }
        Rogue { claims, dispute, truth: Arc::new(Mutex::new(truth)) }
    }

    /// Moves against the honest until neither side has a move.
    pub async fn fight(&self, rogues: &[Rogue], parent: &Claim) {
        self.right_claim(parent).await;
        let (known, truth) = self.truth(parent).await;
        let root = known.truth.root();
        let dispute = dispute(parent, &known.span, root, self.terms.window_s);
        let (observer, truth) = (self.claims(OBSERVER), Arc::new(Mutex::new(truth)));
        let give_up = Instant::now() + FIGHT;
        loop {
            // First the honest: who has nothing to answer waits for a rogue.
            let acts = plan(&observer, &dispute, &truth).await.expect("the parent answers");
            let due = acts.moves.iter().filter(|step| step.is_answer()).count();
            let played = self.skirmish(rogues).await;
            if due == 0 && played == 0 {
                return;
            }
            assert!(Instant::now() < give_up, "{due} answers are due, {played} were played");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Moves once for each of them; how many moves went through.
    pub async fn skirmish(&self, rogues: &[Rogue]) -> usize {
        join_all(rogues.iter().map(|rogue| rogue.play(&self.terms))).await.into_iter().sum()
    }

    /// What each account did from a block on.
    pub async fn deeds(&self, from: u64) -> HashMap<Address, Deeds> {
        let mut all: HashMap<Address, Deeds> = HashMap::new();
        for number in from..=self.head().await {
            let block = self.provider.get_block(number.into()).full().await;
            let block = block.expect("the parent answers").expect("a block");
            if block.transactions.is_empty() {
                continue;
            }
            let receipts = self.provider.get_block_receipts(number.into()).await;
            let receipts = receipts.expect("the parent answers").expect("receipts");
            for (transaction, receipt) in block.transactions.txns().zip(receipts) {
                let deeds = all.entry(transaction.from()).or_default();
                let price = U256::from(receipt.effective_gas_price);
                deeds.fees += U256::from(receipt.gas_used) * price;
                if receipt.status() {
                    deeds.count(transaction.input(), transaction.value());
                }
            }
        }
        all
    }

    /// Waits until an account has at least what it had, but for gas.
    pub async fn becomes_whole(&self, account: usize, before: U256, from: u64) {
        until(&format!("the bonds of account {account}"), async || {
            let balance = self.balance(account).await;
            if balance + U256::from(10).pow(U256::from(17)) < before {
                return None;
            }
            let deeds = self.deeds(from).await.remove(&address(account)).unwrap_or_default();
            (self.balance(account).await + deeds.fees >= before).then_some(())
        })
        .await;
    }
}

/// What an account did.
#[derive(Debug, Default)]
pub struct Deeds {
    /// Wei paid for gas.
    pub fees: U256,
    /// Answers to rivals that went through.
    pub answers: u64,
    /// Calls that brought a bond.
    pub bonded: Vec<Bytes>,
}

impl Deeds {
    fn count(&mut self, input: &Bytes, value: U256) {
        if !value.is_zero() {
            self.bonded.push(input.clone());
        }
        use FaultProofCalls as Call;
        let moves = match Call::abi_decode(input) {
            Ok(Call::multi(call)) => call.moves,
            _ => vec![input.clone()],
        };
        let is_answer = |call: &&Bytes| {
            matches!(
                Call::abi_decode(call),
                Ok(Call::bisect(_) | Call::descend(_) | Call::prove(_) | Call::proveRepeat(_))
            )
        };
        self.answers += moves.iter().filter(is_answer).count() as u64;
    }

    /// How many claims it made, with a bond or without.
    pub fn claims(&self) -> usize {
        let selector = Settlement::proposeCall::SELECTOR;
        self.bonded.iter().filter(|input| input.starts_with(&selector)).count()
    }
}

/// What is not true about a claim.
#[derive(Clone, Copy, Debug)]
pub enum Falsehood {
    /// Blocks from the n-th on are others, and the output root is. Below, it lies at this stride and
    /// step.
    Blocks(u64, u64, u64),
    /// So are the blocks from the n-th on, but for the last one: the output root is right.
    Interior(u64, u64, u64),
    /// The claim is right, and the n-th block's strides end in another state.
    Strides(u64, u64, u64),
    /// The claim and its blocks are right, and one stride's instructions are not.
    Steps(u64, u64, u64),
}

impl Falsehood {
    /// The output root to claim, if there is a claim to make; and the lie.
    fn tell(self, span: &Span, expected: &Expected, seed: u64) -> (Option<B256>, Lie) {
        let root = |number: u64| keccak256([seed.to_be_bytes(), number.to_be_bytes()].concat());
        let (Self::Blocks(nth, stride, step)
        | Self::Interior(nth, stride, step)
        | Self::Strides(nth, stride, step)
        | Self::Steps(nth, stride, step)) = self;
        let number = span.start_block + 1 + nth;
        let block = span.position(number).expect("a block of the claim");
        let end = span.position(expected.last_block).expect("the last block");
        let number_at = |position| {
            let step = span.step(position).expect("a position of the claim");
            (step.before + 1).min(step.end.last_block)
        };
        let leaves = (block..=end).map(number_at).map(|number| block_leaf(root(number), number, 0));
        let mut leaves: Vec<B256> = leaves.collect();
        let (claimed, from) = match self {
            Self::Blocks(..) => (Some(root(expected.last_block)), Wrong::Blocks(leaves)),
            Self::Interior(..) => {
                assert!(leaves.len() > 1, "an interior");
                leaves.pop();
                leaves.push(block_leaf(expected.output_root, expected.last_block, 0));
                (Some(expected.output_root), Wrong::Blocks(leaves))
            }
            Self::Strides(..) => (None, Wrong::Strides),
            Self::Steps(..) => (None, Wrong::Steps),
        };
        (claimed, Lie { from, block, stride, step })
    }
}

/// Who plays over a lie.
pub struct Rogue {
    claims: Claims,
    dispute: Dispute,
    truth: Arc<Mutex<Liar<SharedTruth>>>,
}

impl Rogue {
    /// Makes every move that the game allows now; how many went through.
    pub async fn play(&self, terms: &GameTerms) -> usize {
        match round(&self.claims, terms, &self.dispute, &self.truth).await {
            Ok(round) => round.played.iter().filter(|it| it.sent.reverted.is_none()).count(),
            // A reorganisation, say.
            Err(PlayError::Parent(ParentError::Temporary(_))) => 0,
            Err(error) => panic!("a rogue: {error}"),
        }
    }
}

/// A truth that others use, too; keeps its histories.
struct SharedTruth {
    truth: Arc<Mutex<NodeTruth>>,
    blocks: History,
    strides: BTreeMap<u64, History>,
    steps: BTreeMap<(u64, u64), History>,
}

impl SharedTruth {
    fn new(truth: Arc<Mutex<NodeTruth>>) -> Self {
        let blocks = truth.lock().blocks().expect("blocks").clone();
        Self { truth, blocks, strides: BTreeMap::new(), steps: BTreeMap::new() }
    }
}

impl Truth for SharedTruth {
    type Error = TruthError;

    fn blocks(&mut self) -> Result<&History, TruthError> {
        Ok(&self.blocks)
    }

    fn strides(&mut self, block: u64) -> Result<&History, TruthError> {
        if !self.strides.contains_key(&block) {
            let history = self.truth.lock().strides(block)?.clone();
            self.strides.insert(block, history);
        }
        Ok(&self.strides[&block])
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, TruthError> {
        self.truth.lock().end_state(block)
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, TruthError> {
        if !self.steps.contains_key(&(block, stride)) {
            let history = self.truth.lock().steps(block, stride)?.clone();
            self.steps.insert((block, stride), history);
        }
        Ok(&self.steps[&(block, stride)])
    }

    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, TruthError> {
        self.truth.lock().witness(block, stride, step)
    }
}

/// A way to the parent that can be cut.
pub struct Line {
    /// Its near end.
    pub url: String,
    way: watch::Sender<Way>,
    refused: Arc<AtomicUsize>,
}

/// Where a line leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the parent.
    Parent,
    /// Nowhere.
    Cut,
    /// To somebody who has nothing of what is asked for.
    Forgetful,
}

impl Line {
    /// A line to this URL.
    pub async fn to(url: &str) -> Self {
        let far = url.strip_prefix("http://").expect("a URL").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (way, refused) = (watch::Sender::new(Way::Parent), Arc::new(AtomicUsize::new(0)));
        let line = Self { url, way: way.clone(), refused: refused.clone() };
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut way, far) = (way.subscribe(), far.clone());
                let now = *way.borrow();
                if now != Way::Parent {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                tokio::spawn(async move {
                    match now {
                        Way::Cut => return Ok(()),
                        Way::Forgetful => return not_found(near).await,
                        Way::Parent => {}
                    }
                    let mut far = TcpStream::connect(far).await?;
                    tokio::select! {
                        copied = copy_bidirectional(&mut near, &mut far) => copied.map(drop),
                        _ = way.wait_for(|way| *way != Way::Parent) => Ok(()),
                    }
                });
            }
        });
        line
    }

    /// Cuts the line until somebody has noticed so often.
    pub async fn outage(&self, refusals: usize) {
        let goal = self.refused.load(Ordering::Relaxed) + refusals;
        self.cut();
        until("the outage to be noticed", async || {
            (self.refused.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
        self.mend();
    }

    /// Ends all connections, and takes none.
    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.way.send_replace(Way::Parent);
    }

    /// From now on it is as if the parent had none of what it is asked for; how often it was asked.
    pub fn forget(&self) -> impl Fn() -> usize + use<> {
        self.way.send_replace(Way::Forgetful);
        let refused = self.refused.clone();
        move || refused.load(Ordering::Relaxed)
    }
}

/// Says 404 to one request.
async fn not_found(mut near: TcpStream) -> std::io::Result<()> {
    if near.read(&mut [0; 8_192]).await? == 0 {
        return Ok(());
    }
    near.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .await
}

/// A funded account's key.
pub fn key(account: usize) -> PrivateKeySigner {
    let builder = MnemonicBuilder::<English>::default().phrase(DEFAULT_MNEMONIC);
    let builder = builder.index(account as u32).expect("a small index");
    builder.build().expect("a key")
}

/// The same as text.
pub fn key_text(account: usize) -> String {
    alloy::hex::encode_prefixed(key(account).to_bytes())
}

pub fn address(account: usize) -> Address {
    key(account).address()
}

/// A provider that signs for an account.
pub fn signing(url: &str, account: usize) -> DynProvider {
    let wallet = EthereumWallet::from(key(account));
    ProviderBuilder::new().wallet(wallet).connect_http(url.parse().expect("a URL")).erased()
}

async fn dev(url: &str, folder: &Path) -> Dev {
    let (url, folder) = (url.to_owned(), folder.to_str().expect("text").to_owned());
    let window = WINDOW_S.to_string();
    let start = move || {
        Dev::start(&[
            "--parent",
            &url,
            "--dir",
            &folder,
            "--no-claims",
            "--challenge-window",
            &window,
        ])
    };
    tokio::task::spawn_blocking(start).await.expect("no panic")
}

/// A node that follows the parent.
async fn open(deployment: &Deployment, inbox: &InboxReader, dir: &Path) -> Node<InboxReader> {
    std::fs::create_dir_all(dir).expect("a folder");
    let rules = Rules::Rollup(deployment.spec.clone());
    let options = LedgerOptions::default();
    let ledger = Ledger::open(None, &deployment.genesis, rules, options).expect("a ledger");
    let chain = Chain {
        spec: deployment.spec.clone(),
        terms: inbox.terms().await.expect("the parent answers"),
        parent_start_block: deployment.parent_start_block,
    };
    // Its ledger is in memory, so there is nothing of the chain to go on with after a restart.
    let config = NodeConfig { dir: None, poll_ms: PollMs(100), ..NodeConfig::default() };
    Node::open(config, chain, ledger, inbox.clone()).expect("a node")
}
