//! One simulated world: users, a node, a parent chain, and everything that can go wrong.

use super::{
    Bug,
    parent::{Model, ParentTx, Reader},
    planted,
};
use crate::{
    batcher::{self, Decision},
    derive::{Book, Checkpoint, Derivation, Follower, check_finality},
    dispute::Span,
    engine::{Engine, GapLimits},
    pool::{Limits, PoolService},
    sequencer::{self, MessageLimits, Sequencer, Step},
};
use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, bytes};
use altana_dispute::{Heights, History};
use altana_ledger::{Block, Ledger, Options, Rules, genesis_header};
use altana_parent::{Commit, InboxMessage, ParentError};
use altana_protocol::{
    ChainSpec, Transaction,
    batch::{
        BLOCKS_MAX, BatchHeader, DATA_CALLDATA, PayloadBlock, calldata_commitment, encode_payload,
    },
    execute::TX_GAS_MAX,
    stf::{self, HostOracle, StfInput, Witness, header_output_root},
    transaction::Recovered,
};
use futures::executor::block_on;
use parking_lot::Mutex;
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;

const CHAIN_ID: u64 = 4217;
pub(crate) const START_MS: u64 = 1_800_000_000_000;
const USERS: usize = 4;
const STRANGERS: usize = 40;
/// Unpublished bytes at which no more transactions are taken.
const GAP_BYTES: usize = 200_000;
/// Rounds after which everything must be published.
const SETTLE_ROUNDS: usize = 400;

/// Whoever calls this loses all gas, so that batches fill up with gas.
const BURNER: Address = address!("00000000000000000000000000000000000b0223");
const BURNT_GAS: u64 = 12_000_000;

/// How bad the world is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    crashes: bool,
    reorganisations: bool,
    foreign_batches: bool,
    bad_answers: bool,
}

impl Plan {
    pub(super) fn calm() -> Self {
        let no = false;
        Self { crashes: no, reorganisations: no, foreign_batches: no, bad_answers: no }
    }

    pub(super) fn hostile() -> Self {
        let yes = true;
        Self { crashes: yes, reorganisations: yes, foreign_batches: yes, bad_answers: yes }
    }
}

pub(crate) struct User {
    pub(crate) signer: PrivateKeySigner,
    nonce: u64,
}

/// What a crash destroys.
struct Running {
    engine: Engine,
    sequencer: Sequencer,
    pool: PoolService,
}

pub(super) struct World {
    random: StdRng,
    plan: Plan,
    spec: ChainSpec,
    genesis: Genesis,
    now_ms: u64,
    users: Vec<User>,
    /// Whose transactions are only in batches that somebody else commits.
    strangers: Vec<User>,
    /// Acknowledged transactions by sender and nonce: all that were, of which one must survive.
    acknowledged: BTreeMap<(Address, u64), Vec<B256>>,
    parent: Arc<Mutex<Model>>,
    /// What a crash leaves: the ledger, and the folder of journal.
    ledger: Ledger,
    folder: TempDir,
    running: Running,
}

impl World {
    pub(super) fn new(seed: u64, plan: Plan) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let users: Vec<_> = (0..USERS).map(|_| user(&mut random)).collect();
        let strangers: Vec<_> = (0..STRANGERS).map(|_| user(&mut random)).collect();
        let (spec, genesis) = chain(users.iter().chain(&strangers));
        let ledger = open(&spec, &genesis);
        let folder = tempfile::tempdir().expect("temporary folder");
        let running = start(&spec, &ledger, &folder, None);
        let mut model = Model::new(&spec, START_MS / 1000, seed);
        model.failures = if plan.bad_answers { 12 } else { 0 };
        Self {
            random,
            plan,
            spec,
            genesis,
            now_ms: START_MS,
            users,
            strangers,
            acknowledged: BTreeMap::new(),
            parent: Arc::new(Mutex::new(model)),
            ledger,
            folder,
            running,
        }
    }

    /// Lets a little time pass and something happen.
    pub(super) fn step(&mut self) -> Result<(), String> {
        self.now_ms += self.random.random_range(50..700);
        match self.random.random_range(0..100) {
            0..30 => self.submit(),
            30..50 => self.parent.lock().mine(self.now_ms / 1000),
            50..60 => self.deposit(),
            60..82 => self.read()?,
            82..90 => self.publish()?,
            90..93 if self.plan.reorganisations => {
                let depth = self.random.random_range(1..=10);
                self.parent.lock().reorganise(depth);
            }
            93..95 if self.plan.foreign_batches => {
                foreign_batch(&mut self.random, &self.strangers, &mut self.parent.lock());
            }
            95..98 if self.plan.crashes => self.crash(),
            _ => {}
        }
        self.lead()
    }

    /// Ends the trouble, and waits until everything is published.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        self.parent.lock().failures = 0;
        for _ in 0..SETTLE_ROUNDS {
            self.now_ms += 500;
            self.parent.lock().mine(self.now_ms / 1000);
            self.read()?;
            self.lead()?;
            self.publish()?;
            let (pending, _) = self.running.pool.with(|pool| pool.status());
            let published = self.running.engine.gap().0 <= 4;
            if pending == 0 && published && self.parent.lock().newest_batch() > 0 {
                return Ok(());
            }
        }
        let (pending, queued) = self.running.pool.with(|pool| pool.status());
        let gap = self.running.engine.gap();
        let model = self.parent.lock();
        Err(format!(
            "did not settle: {pending} pending, {queued} queued, gap {gap:?}, batch {}, queue \
             {:?}, {} reverted, head {}",
            model.newest_batch(),
            model.queue(),
            model.reverted,
            self.ledger.head().number(),
        ))
    }

    /// What must hold in the end.
    pub(super) fn check(&self) -> Result<(), String> {
        self.verifier_agrees()?;
        let head = self.ledger.head();
        let state = self.ledger.state(head.hash()).map_err(|error| error.to_string())?;
        for ((sender, nonce), hashes) in &self.acknowledged {
            let account = state.account(*sender).map_err(|error| error.to_string())?;
            let next = account.map_or(0, |account| account.nonce);
            let found = |hash: &B256| {
                self.ledger.transaction(*hash).is_ok_and(|found| found.is_some())
                    || self.running.pool.get(hash).is_some()
            };
            if !hashes.iter().any(found) {
                return Err(format!("lost: {sender} nonce {nonce} {hashes:?}, next nonce {next}"));
            }
        }
        Ok(())
    }

    fn verifier_agrees(&self) -> Result<(), String> {
        let mut verifier = self.verifier();
        verifier.catch_up()?;
        let ledger = verifier.ledger;
        let (theirs, ours) = (ledger.safe(), self.ledger.safe());
        if theirs.hash() != ours.hash() {
            return Err(format!(
                "a fresh verifier derives another chain ({}, {}):\n{}",
                theirs.number(),
                ours.number(),
                difference(&ledger, &self.ledger),
            ));
        }
        if theirs.header.state_root != ours.header.state_root {
            return Err("a fresh verifier derives another state".into());
        }
        self.stf_agrees(&ledger, verifier.derivation.book())
    }

    /// What a verifier derives is what proofs prove: batch by batch, with all block leaves.
    fn stf_agrees(&self, ledger: &Ledger, book: &Book) -> Result<(), String> {
        let (messages, batches) = self.parent.lock().log();
        let mut start_block = 0;
        for (header, payload) in batches {
            let index = header.index;
            let header = BatchHeader {
                data_kind: DATA_CALLDATA,
                data_length: payload.len() as u64,
                data_commitment: calldata_commitment(&payload),
                ..header
            };
            let before = ledger.block_by_number(start_block).expect("no I/O").expect("derived");
            let messages = &messages[header.queue_start as usize..header.queue_end as usize];
            let messages: Vec<_> = messages.iter().map(|it| it.queued.message.clone()).collect();
            let mut witness = Witness::default();
            witness.insert_spec(&self.spec);
            witness.insert_parent(&before.header, 0);
            witness.insert_messages(header.queue_acc_start, &messages);
            witness.insert_calldata(&payload);
            let oracle = HostOracle { batch: witness, state: ledger.preimages() };
            let input = StfInput {
                config_hash: self.spec.config_hash(),
                previous_output_root: header_output_root(&before.header, before.hash()),
                batch: header,
            };
            let output = stf::run(&oracle, &input).map_err(|error| error.to_string())?;
            let end = book.read(index).expect("no I/O").expect("derived");
            let span = Span { first_batch: index, start_block, ends: vec![end] };
            let history = span.history(ledger).expect("no I/O").expect("derived");
            let proved = History::new(Heights::REAL.blocks, output.leaves).expect("it fits");
            if (output.last_block, proved.root()) != (end.last_block, history.root()) {
                return Err(format!("batch {index} is proved to be another"));
            }
            start_block = end.last_block;
        }
        Ok(())
    }

    fn submit(&mut self) {
        for _ in 0..self.random.random_range(1..4) {
            let index = self.random.random_range(0..USERS);
            let to = Address::from_word(B256::from(U256::from(self.random.random::<u64>())));
            let user = &mut self.users[index];
            // Sometimes the transaction after the next one comes first, sometimes an old nonce.
            let nonce = match self.random.random_range(0..10) {
                0 => user.nonce + 1,
                1 => user.nonce.saturating_sub(1),
                _ => user.nonce,
            };
            let fee = 2_000_000_000 * u128::from(self.random.random_range(1..5u8));
            let tx = match self.random.random_range(0..24) {
                0 => signed_with(&user.signer, nonce, BURNER, U256::ZERO, fee, BURNT_GAS),
                _ => signed(&user.signer, nonce, to, fee),
            };
            let (sender, hash) = (tx.signer(), tx.inner().hash());
            if block_on(self.running.pool.submit(vec![tx]))[0].is_ok() {
                user.nonce = user.nonce.max(nonce + 1);
                self.acknowledged.entry((sender, nonce)).or_default().push(hash);
                // What was acknowledged must survive at once.
                if self.plan.crashes && self.random.random_ratio(1, 40) {
                    self.crash();
                }
            }
        }
    }

    fn deposit(&mut self) {
        let from = Address::from_word(B256::from(U256::from(self.random.random::<u64>())));
        let to = self.users[self.random.random_range(0..USERS)].signer.address();
        let gas_limit = if self.random.random_ratio(1, 8) { TX_GAS_MAX } else { 100_000 };
        let deposit = ParentTx::Deposit { from, to, mint: 1_000_000, gas_limit };
        self.parent.lock().mempool.push(deposit);
    }

    pub(super) fn read(&mut self) -> Result<(), String> {
        let reader = Arc::new(Reader(self.parent.clone()));
        let follower = Follower::new(reader.clone(), 0);
        let derivation = self.running.engine.derivation();
        let Ok(read) = block_on(follower.read(&follower.position(derivation))) else {
            return Ok(());
        };
        if let Err(ParentError::Fatal(error)) =
            block_on(check_finality(&*reader, derivation.finalized_tip()))
        {
            return Err(error);
        }
        match self.running.engine.apply(read) {
            Ok(_) => Ok(()),
            Err(error) if error.is_retry() => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn publish(&mut self) -> Result<(), String> {
        let engine = &self.running.engine;
        if !engine.derivation().is_coherent() {
            return Ok(());
        }
        let blocks = engine.unpublished(BLOCKS_MAX).map_err(|error| error.to_string())?;
        let mut model = self.parent.lock();
        let derivation = engine.derivation();
        let head = derivation.inbox().head().unwrap_or_default();
        let inputs = batcher::Inputs {
            tip: derivation.tip(),
            blocks: &blocks,
            inbox: derivation.inbox(),
            terms: &model.terms,
            head,
            blob_base_fee: Some(if head.number.is_multiple_of(2) { 1 } else { 1 << 50 }),
            now_s: self.now_ms / 1000,
            spec: &self.spec,
        };
        let config = batcher::Config {
            interval_s: 2,
            target_bytes: 2_000,
            age_margin_s: 20,
            ..batcher::Config::default()
        };
        match batcher::next(&config, &inputs).map_err(|error| error.to_string())? {
            Decision::Wait => {}
            Decision::Commit(batch) => model.mempool.push(ParentTx::Commit(batch.commit)),
            Decision::Rebuild(_) => {
                drop(model);
                let rebuilt = self.running.engine.rebuild_unpublished();
                rebuilt.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn lead(&mut self) -> Result<(), String> {
        loop {
            let Running { engine, sequencer, .. } = &mut self.running;
            match engine.step(sequencer, self.now_ms).map_err(|error| error.to_string())? {
                Step::Wait { .. } => return Ok(()),
                Step::Busy | Step::Published(..) | Step::Sealed(..) => {}
            }
        }
    }

    pub(super) fn crash(&mut self) {
        let checkpoint = self.running.engine.derivation().checkpoint();
        self.running = start(&self.spec, &self.ledger, &self.folder, checkpoint);
    }

    /// Reads the parent to its head. Every answer must be there.
    pub(super) fn catch_up(&mut self) -> Result<(), String> {
        let follower = Follower::new(Arc::new(Reader(self.parent.clone())), 0);
        loop {
            let position = follower.position(self.running.engine.derivation());
            let read = block_on(follower.read(&position)).map_err(|error| error.to_string())?;
            let complete = read.complete;
            self.running.engine.apply(read).map_err(|error| error.to_string())?;
            if complete {
                return Ok(());
            }
        }
    }

    pub(super) fn forget_final_payloads(&mut self) {
        self.parent.lock().forget_final_payloads();
    }

    /// Many more transactions than are ever published, for a while.
    pub(super) fn flood(&mut self) -> Result<(), String> {
        let bytes_max = GAP_BYTES + sequencer::Config::default().block_bytes;
        self.read()?;
        while !self.running.engine.stalled() {
            self.now_ms += 250;
            (0..100).for_each(|_| self.submit());
            self.lead()?;
            let (_, bytes) = self.running.engine.gap();
            if bytes > bytes_max {
                return Err(format!("{bytes} bytes are unpublished"));
            }
        }
        let before = self.acknowledged.len();
        (0..100).for_each(|_| self.submit());
        (self.acknowledged.len() == before).then_some(()).ok_or("transactions are taken".into())
    }

    /// A fresh node that reads the parent and nothing else.
    pub(super) fn verifier(&self) -> Verifier {
        let ledger = open(&self.spec, &self.genesis);
        let derivation = derivation(&self.spec, &ledger, None, None);
        Verifier { ledger, derivation, parent: self.parent.clone() }
    }

    /// From now on the node's parent has other blocks than the one that was returned.
    pub(super) fn fork(&mut self) -> Arc<Mutex<Model>> {
        let mut fork = self.parent.lock().fork();
        foreign_batch(&mut self.random, &self.strangers, &mut fork);
        fork.mine(self.now_ms / 1000);
        std::mem::replace(&mut self.parent, Arc::new(Mutex::new(fork)))
    }

    /// The parent turns out to be this one.
    pub(super) fn set_parent(&mut self, parent: Arc<Mutex<Model>>) {
        self.parent = parent;
    }

    pub(super) fn safe(&self) -> B256 {
        self.ledger.safe().hash()
    }

    pub(super) fn break_finality(&mut self) {
        self.parent.lock().break_finality();
    }
}

/// A node that reads a parent and nothing else.
pub(super) struct Verifier {
    ledger: Ledger,
    derivation: Derivation,
    parent: Arc<Mutex<Model>>,
}

impl Verifier {
    /// Reads the parent to its head.
    pub(super) fn catch_up(&mut self) -> Result<(), String> {
        let follower = Follower::new(Arc::new(Reader(self.parent.clone())), 0);
        let derivation = &mut self.derivation;
        loop {
            let read = block_on(follower.read(&follower.position(derivation)));
            let read = read.map_err(|error| error.to_string())?;
            let complete = read.complete;
            derivation.apply(read.update, complete, &mut ()).map_err(|error| error.to_string())?;
            if complete {
                return Ok(());
            }
        }
    }

    pub(super) fn safe(&self) -> B256 {
        self.ledger.safe().hash()
    }
}

/// Somebody else commits: nonsense, a batch of nothing but messages, or one with transactions of which
/// some are invalid, and which together may have more gas than a batch.
fn foreign_batch(random: &mut StdRng, strangers: &[User], model: &mut Model) {
    let (consumed, length) = model.queue();
    let queue_end = random.random_range(consumed..=length).min(consumed + 8);
    let timestamp = model.last_timestamp().max(model.head().timestamp);
    let payload: Bytes = match random.random_range(0..4) {
        0 => Bytes::new(),
        1 => {
            let mut bytes = [0; 40];
            random.fill_bytes(&mut bytes);
            Bytes::copy_from_slice(&bytes)
        }
        _ => {
            let messages = &model.log().0[consumed as usize..queue_end as usize];
            foreign_payload(random, strangers, messages, timestamp)
        }
    };
    let commit = Commit {
        index: model.newest_batch() + 1,
        first_timestamp: timestamp,
        last_timestamp: timestamp,
        queue_end,
        payload,
        blobs: false,
    };
    model.mempool.push(ParentTx::Commit(commit));
}

/// Blocks that take the messages, and transactions of strangers.
fn foreign_payload(
    random: &mut StdRng,
    strangers: &[User],
    mut messages: &[InboxMessage],
    timestamp: u64,
) -> Bytes {
    let mut blocks = Vec::new();
    while blocks.is_empty() || !messages.is_empty() || random.random_ratio(2, 3) {
        let (taken, rest) = messages.split_at(random.random_range(0..=messages.len().min(2)));
        messages = rest;
        let transactions = (0..random.random_range(0..4)).map(|_| {
            let signer = &strangers[random.random_range(0..strangers.len())].signer;
            let nonce = random.random_range(0..2);
            let fee = 2_000_000_000 * random.random_range(0..3);
            match random.random_range(0..2) {
                0 => signed(signer, nonce, Address::with_last_byte(1), fee),
                _ => signed_with(signer, nonce, BURNER, U256::ZERO, fee, BURNT_GAS),
            }
        });
        blocks.push(PayloadBlock {
            timestamp,
            transactions: transactions.map(Recovered::into_inner).collect(),
            messages: taken.len() as u16,
            labels: taken.iter().filter_map(|message| message.label).collect(),
        });
    }
    encode_payload(CHAIN_ID, &blocks).expect("it is small").into()
}

/// The first block in which two ledgers differ.
fn difference(theirs: &Ledger, ours: &Ledger) -> String {
    let block = |ledger: &Ledger, number| ledger.block_by_number(number).ok().flatten();
    for number in 1..=theirs.head().number() {
        let (theirs, ours) = (block(theirs, number), block(ours, number));
        let hash = |block: &Option<Arc<Block>>| block.as_ref().map(|block| block.hash());
        if hash(&theirs) != hash(&ours) {
            let show = |block: Option<Arc<Block>>| {
                block.map(|b| (b.header.clone(), b.transactions.clone()))
            };
            return format!("theirs {:#?}\nours {:#?}", show(theirs), show(ours));
        }
    }
    "none".into()
}

fn start(
    spec: &ChainSpec,
    ledger: &Ledger,
    folder: &TempDir,
    checkpoint: Option<Checkpoint>,
) -> Running {
    let limits = Limits { per_account: 1000, ..Limits::default() };
    let journal = (!planted(Bug::SkipJournal)).then_some(folder.path());
    let pool = PoolService::open(ledger.clone(), limits, spec.min_base_fee, journal)
        .expect("the folder is ours");
    let derivation = derivation(spec, ledger, checkpoint, Some(folder.path()));
    let gap = GapLimits { bytes: GAP_BYTES, blocks: 200 };
    let engine = Engine::new(ledger.clone(), pool.clone(), derivation, true, gap);
    let config = sequencer::Config {
        stalled_block_interval_ms: 5_000,
        messages: MessageLimits { confirmations: 2, per_block: 8, force_inclusion_delay: 60 },
        ..sequencer::Config::default()
    };
    Running { engine, sequencer: Sequencer::new(config, ledger.clone()), pool }
}

pub(crate) fn user(random: &mut StdRng) -> User {
    let mut key = [0; 32];
    random.fill_bytes(&mut key);
    // Nearly every 32 bytes are a key.
    let signer = PrivateKeySigner::from_bytes(&key.into()).expect("a valid key");
    User { signer, nonce: 0 }
}

pub(crate) fn chain<'a>(users: impl IntoIterator<Item = &'a User>) -> (ChainSpec, Genesis) {
    let mut genesis = Genesis {
        timestamp: START_MS / 1000,
        gas_limit: 30_000_000,
        base_fee_per_gas: Some(1_000_000_000),
        ..Genesis::default()
    };
    genesis.config.chain_id = CHAIN_ID;
    let history = alloy_eips::eip2935::HISTORY_STORAGE_CODE.clone();
    let history = GenesisAccount { nonce: Some(1), code: Some(history), ..Default::default() };
    genesis.alloc.insert(altana_protocol::predeploys::HISTORY, history);
    // Base fee; weights of the data fee, 1,000,000 each; blob base fee.
    let fees = [
        (1, U256::from(1_000_000_000)),
        (3, U256::from(1_000_000) << 96 | U256::from(1_000_000) << 64),
        (7, U256::from(1_000_000_000)),
    ];
    let fees = fees.map(|(slot, value)| (B256::with_last_byte(slot), value.into()));
    let fees = GenesisAccount { nonce: Some(1), storage: Some(fees.into()), ..Default::default() };
    genesis.alloc.insert(altana_protocol::predeploys::L1_BLOCK, fees);
    let burner = GenesisAccount { code: Some(bytes!("fe")), ..Default::default() };
    genesis.alloc.insert(BURNER, burner);
    for user in users {
        let balance = U256::from(10).pow(U256::from(24));
        let account = GenesisAccount { balance, ..Default::default() };
        genesis.alloc.insert(user.signer.address(), account);
    }
    let mut spec = ChainSpec {
        name: "simulated".into(),
        chain_id: CHAIN_ID,
        parent_chain_id: 1,
        portal: Address::ZERO,
        gas_limit: 30_000_000,
        batch_gas: 60_000_000,
        elasticity: 2,
        denominator: 250,
        min_base_fee: 1_000_000,
        genesis_hash: B256::ZERO,
    };
    let header = genesis_header(&genesis, &Rules::Rollup(spec.clone())).expect("a valid genesis");
    spec.genesis_hash = header.hash_slow();
    (spec, genesis)
}

pub(crate) fn open(spec: &ChainSpec, genesis: &Genesis) -> Ledger {
    Ledger::open(None, genesis, Rules::Rollup(spec.clone()), Options::default())
        .expect("a valid genesis")
}

pub(crate) fn signed(
    signer: &PrivateKeySigner,
    nonce: u64,
    to: Address,
    fee: u128,
) -> Recovered<Transaction> {
    transfer(signer, nonce, to, U256::ONE, fee)
}

pub(crate) fn transfer(
    signer: &PrivateKeySigner,
    nonce: u64,
    to: Address,
    value: U256,
    fee: u128,
) -> Recovered<Transaction> {
    signed_with(signer, nonce, to, value, fee, 21_000)
}

fn signed_with(
    signer: &PrivateKeySigner,
    nonce: u64,
    to: Address,
    value: U256,
    fee: u128,
    gas_limit: u64,
) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit,
        max_fee_per_gas: fee,
        max_priority_fee_per_gas: fee / 2,
        to: TxKind::Call(to),
        value,
        ..TxEip1559::default()
    };
    let signature = signer.sign_hash_sync(&tx.signature_hash()).expect("signs");
    let tx = Transaction::Eip1559(tx.into_signed(signature));
    Recovered::new_unchecked(tx, signer.address())
}

fn derivation(
    spec: &ChainSpec,
    ledger: &Ledger,
    checkpoint: Option<Checkpoint>,
    folder: Option<&std::path::Path>,
) -> Derivation {
    let book = Book::open(folder).expect("the folder is ours");
    Derivation::open(spec.clone(), ledger.clone(), checkpoint, book).expect("no I/O")
}
