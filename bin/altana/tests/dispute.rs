//! Wrong claims, and those who answer them: whatever happens to an honest party, it wins and has its
//! bonds back.
//!
//! `SEED=n` replays the same kills.

mod common;

#[path = "common/arena.rs"]
mod arena;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256, utils::parse_ether},
    providers::{DynProvider, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolValue},
};
use altana_contracts::{StarkContracts, bindings::FaultProof};
use altana_dispute::{MOVES_MAX, Truth};
use altana_node::dispute::TruthError;
use altana_parent::ClaimReader;
use altana_program::TraceError;
use altana_proof::{Jobs, guest, prove_natively};
use arena::{
    Arena, DEV, Falsehood, HONEST, Line, OWNER, ROGUE, Rogue, USER, WINDOW_S, address, key_text,
    signing,
};
use common::{altana, load::until};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    process::{Command, Output},
    time::Duration,
};

alloy::sol! {
    #[sol(rpc)]
    contract Timelock {
        function getMinDelay() external view returns (uint256 delay);
        function schedule(
            address target, uint256 value, bytes data, bytes32 before, bytes32 salt, uint256 delay
        ) external;
        function execute(
            address target, uint256 value, bytes data, bytes32 before, bytes32 salt
        ) external payable;
    }

    function setValidity(address module) external;

    #[sol(rpc)]
    contract Listed {
        function publicInput(uint64 index) external view returns (bytes32 hash);
    }

    struct FaultProofConfig {
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
}

const DEFAULT_SEED: u64 = 3;
/// How often a challenger is killed in its dispute, and after how many transactions at most.
const KILLS: usize = 7;
const MOVES_PER_LIFE_MAX: u64 = 6;
/// How often the parent is gone, after how many transactions, and how often that is noticed.
const OUTAGES: usize = 4;
const MOVES_BEFORE_OUTAGE: u64 = 5;
const REFUSALS: usize = 5;
/// How often a proposer is killed, and how long it lives after a claim at most.
const PROPOSER_KILLS: usize = 3;
const PROPOSER_LIFE_MS_MAX: u64 = 1_500;
/// More than a dispute's moves take by the parent's clock.
const MOVES_S: u64 = 3_600;
/// Many at once.
const CHALLENGERS: usize = 5;
const PROPOSERS: usize = 2;
const WRONG_CLAIMS: usize = 16;

fn random() -> StdRng {
    let seed = std::env::var("SEED").map_or(DEFAULT_SEED, |seed| seed.parse().expect("a number"));
    println!("SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// What every dispute comes to: the right claim is final, and the honest account has all but gas.
async fn wins(arena: &Arena, rogues: &[Rogue], (before, from): (U256, u64)) {
    let genesis = arena.genesis().await;
    arena.fight(rogues, &genesis).await;
    let right = arena.right_claim(&genesis).await;
    arena.pass(WINDOW_S + 1).await;
    arena.becomes_final(&right).await;
    arena.becomes_whole(HONEST, before, from).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_that_is_killed_again_and_again_wins_and_has_its_bonds_back() {
    let mut random = random();
    let arena = Arena::start(1).await;
    let (genesis, before, from) =
        (arena.genesis().await, arena.balance(DEV).await, arena.head().await + 1);
    let rogue = arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await;
    let rogues = [rogue];
    let nonce = async || {
        arena.provider.get_transaction_count(address(DEV)).await.expect("the parent answers")
    };
    let mut dev = arena.dev().await;
    for number in 0..KILLS {
        let goal = nonce().await + random.random_range(1..=MOVES_PER_LIFE_MAX);
        until("the challenger's moves", async || {
            arena.skirmish(&rogues).await;
            (nonce().await >= goal).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..=30))).await;
        dev.process.kill();
        println!("kill {number} after transaction {}", nonce().await);
        dev = arena.dev().await;
    }
    arena.fight(&rogues, &genesis).await;
    let right = arena.right_claim(&genesis).await;
    arena.pass(WINDOW_S + 1).await;
    arena.becomes_final(&right).await;
    arena.becomes_whole(DEV, before, from).await;
    let deeds = arena.deeds(from).await.remove(&address(DEV)).expect("an honest party's deeds");
    assert_eq!(deeds.claims(), 1);
    let bonded: BTreeSet<_> = deeds.bonded.iter().collect();
    assert_eq!(bonded.len(), deeds.bonded.len(), "something was done twice");
    assert!(deeds.answers <= MOVES_MAX, "{} answers", deeds.answers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_that_was_down_for_most_of_the_window_wins() {
    let arena = Arena::start(1).await;
    let (genesis, before, from) =
        (arena.genesis().await, arena.balance(HONEST).await, arena.head().await + 1);
    // Two thieves give each other edges that count while nobody else objects.
    let rogues = [
        arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await,
        arena.rogue(ROGUE + 1, &genesis, Falsehood::Blocks(0, 6, 888)).await,
    ];
    while arena.skirmish(&rogues).await > 0 {}
    arena.pass(WINDOW_S * 9 / 10).await;

    let _challenger = arena.node("challenger", HONEST, &[]).await;
    wins(&arena, &rogues, (before, from)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_whose_parent_is_gone_now_and_then_wins() {
    let arena = Arena::start(1).await;
    let line = Line::to(&arena.url).await;
    let (genesis, before, from) =
        (arena.genesis().await, arena.balance(HONEST).await, arena.head().await + 1);
    let _honest = arena.honest_over(&line.url, HONEST, 50).await;
    let rogues = [arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await];
    let nonce = async || {
        arena.provider.get_transaction_count(address(HONEST)).await.expect("the parent answers")
    };
    for _ in 0..OUTAGES {
        let goal = nonce().await + MOVES_BEFORE_OUTAGE;
        until("the challenger's moves", async || {
            arena.skirmish(&rogues).await;
            (nonce().await >= goal).then_some(())
        })
        .await;
        line.outage(REFUSALS).await;
    }
    wins(&arena, &rogues, (before, from)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_that_undoes_claims_and_moves_changes_nothing_in_the_end() {
    let arena = Arena::start(2).await;
    let start = arena.head().await;
    let before = arena.balance(HONEST).await;
    let genesis = arena.genesis().await;
    let line = Line::to(&arena.url).await;
    let _honest = arena.honest_over(&line.url, HONEST, 50).await;

    // Claims 1 (right), 2 (wrong, on 1), 3 (right, on 1).
    let base = arena.claim_right(USER, &genesis).await;
    let rogues = [arena.rogue(ROGUE, &base, Falsehood::Blocks(0, 5, 777)).await];
    until("some answers", async || {
        arena.skirmish(&rogues).await;
        let deeds = arena.deeds(start).await.remove(&address(HONEST)).unwrap_or_default();
        (deeds.answers >= 6).then_some(())
    })
    .await;
    let depth = arena.head().await - start - 1;
    println!("replacing {depth} blocks");
    arena.ask("anvil_reorg", json!([depth])).await;
    arena.fight(&rogues, &base).await;
    drop(rogues);

    // Now it is as if none of these had been made, and other claims take their places before the
    // honest party looks again.
    line.cut();
    let depth = arena.head().await - start;
    println!("forgetting {depth} blocks");
    arena.ask("anvil_rollback", json!([depth])).await;
    assert_eq!(arena.claim_count().await, 1);
    let rogues = [
        arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await,
        arena.rogue(ROGUE + 1, &genesis, Falsehood::Blocks(0, 6, 888)).await,
    ];
    let right = arena.claim_right(USER, &genesis).await;
    line.mend();
    arena.fight(&rogues, &genesis).await;
    arena.pass(WINDOW_S + 1).await;
    arena.becomes_final(&right).await;
    arena.becomes_whole(HONEST, before, start + 1).await;
}

/// Who decides what decides claims, after everybody could leave.
struct Owner {
    wallet: DynProvider,
    timelock: Timelock::TimelockInstance<DynProvider>,
    settlement: Address,
}

impl Owner {
    fn of(arena: &Arena) -> Self {
        let wallet = signing(&arena.url, OWNER);
        let timelock = Timelock::new(arena.deployment.contracts.timelock, wallet.clone());
        Self { wallet, timelock, settlement: arena.reader.settlement }
    }

    async fn done(&self, request: TransactionRequest) -> TransactionReceipt {
        let sent = self.wallet.send_transaction(request).await.expect("it is sent");
        let receipt = sent.get_receipt().await.expect("a receipt");
        assert!(receipt.status());
        receipt
    }

    async fn create(&self, name: &str, arguments: &[u8]) -> Address {
        let code = altana_contracts::artifact::init_code(name).expect("an artifact");
        let code = [code.as_ref(), arguments].concat();
        let created = self.done(TransactionRequest::default().with_deploy_code(code)).await;
        created.contract_address.expect("a contract")
    }

    /// The arena's game again, for another module.
    async fn game(&self, arena: &Arena) -> FaultProofConfig {
        let old = FaultProof::new(arena.reader.module, &self.wallet);
        FaultProofConfig {
            settlement: self.settlement,
            step: old.step().call().await.expect("an answer"),
            programHash: arena.terms.program_hash,
            windowSeconds: arena.terms.window_s,
            claimBond: old.claimBond().call().await.expect("an answer"),
            stridesBond: arena.terms.level_bonds[0],
            stepsBond: arena.terms.level_bonds[1],
        }
    }

    /// Announces another module, and lets the delay pass.
    async fn announce(&self, arena: &Arena, module: Address) {
        let delay = self.timelock.getMinDelay().call().await.expect("an answer");
        let change = setValidityCall { module }.abi_encode().into();
        let (nothing, zero) = (B256::ZERO, U256::ZERO);
        let schedule =
            self.timelock.schedule(self.settlement, zero, change, nothing, nothing, delay);
        self.done(schedule.into_transaction_request()).await;
        arena.pass(delay.to::<u64>() + 1).await;
    }

    async fn set(&self, module: Address) {
        let change = setValidityCall { module }.abi_encode().into();
        let (nothing, zero) = (B256::ZERO, U256::ZERO);
        let execute = self.timelock.execute(self.settlement, zero, change, nothing, nothing);
        self.done(execute.into_transaction_request()).await;
    }
}

/// The owner replaces the module in the middle of a dispute, after everybody could leave.
#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_replaced_gives_all_bonds_back() {
    let arena = Arena::start(1).await;
    let owner = Owner::of(&arena);
    let next = owner.create("FaultProof", &owner.game(&arena).await.abi_encode()).await;
    owner.announce(&arena, next).await;

    let (genesis, before, from) =
        (arena.genesis().await, arena.balance(HONEST).await, arena.head().await + 1);
    let rogues = [arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await];
    let _honest = arena.honest(HONEST).await;
    arena.fight(&rogues, &genesis).await;
    let staked = arena.deeds(from).await.remove(&address(HONEST)).expect("deeds").bonded.len();
    assert_eq!(staked, 3, "a claim and two descents");

    owner.set(next).await;
    arena.becomes_whole(HONEST, before, from).await;
}

/// A chain that was optimistic gets a module that takes proofs, while a prover runs that could do
/// nothing so far. What it has proved is what the claim says on the parent, its history included.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_goes_by_the_module_that_decides_now() {
    let mut arena = Arena::start(2).await;
    let owner = Owner::of(&arena);
    let openings = owner.create("StarkOpenings", &Address::ZERO.abi_encode()).await;
    let proofs = Proofs {
        openings,
        keyHash: guest::key().hash(),
        exeCommit: guest::EXE_COMMIT.into(),
        vmCommit: guest::VM_COMMIT.into(),
    };
    let hybrid = (owner.game(&arena).await, proofs).abi_encode_params();
    let hybrid = owner.create("HybridProof", &hybrid).await;
    arena.deployment.contracts.stark =
        Some(StarkContracts { constraints: Address::ZERO, openings, key_store: Address::ZERO });
    arena.deployment.write(&arena.path("chain")).expect("the folder can be written");
    let _prover = arena.node("prover", HONEST, &[]).await;

    owner.announce(&arena, hybrid).await;
    owner.set(hybrid).await;
    let parent = arena.reader.parent.clone();
    let settlement = arena.reader.settlement;
    arena.reader = ClaimReader::connect(parent, settlement).await.expect("the parent answers");
    assert_eq!(arena.reader.module, hybrid);
    let first = arena.claim_right(USER, &arena.genesis().await).await;
    let claim = arena.claim_right(USER, &first).await;

    let list = Listed::new(settlement, &arena.provider);
    let public_input = list.publicInput(claim.index).call().await.expect("an answer");
    let game = FaultProof::new(hybrid, &arena.provider);
    let history = game.rootEdge(claim.index).call().await.expect("an answer").node;
    let jobs = Jobs::new(arena.path("prover").join("proofs"));
    until("the job of the second claim", async || {
        jobs.open().expect("the jobs").into_iter().find_map(|job| {
            let inputs = job.inputs().expect("the inputs");
            let pages = inputs.pages.into();
            let proved = prove_natively(&inputs.statement, &inputs.blobs, &pages);
            let (output, openings) = proved.expect("a whole witness");
            assert_eq!(output, job.output());
            (output == altana_proof::output(public_input, history, &openings)).then_some(())
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_players_one_right_claim_wins_and_nobody_honest_loses() {
    let arena = Arena::start(2).await;
    let genesis = arena.genesis().await;
    let base = arena.claim_right(USER, &genesis).await;
    let from = arena.head().await + 1;
    let accounts = HONEST..HONEST + CHALLENGERS + PROPOSERS;
    let (mut befores, mut nodes) = (Vec::new(), Vec::new());
    for account in accounts.clone() {
        befores.push(arena.balance(account).await);
        nodes.push(arena.honest(account).await);
    }
    let mut rogues = Vec::new();
    for i in 0..WRONG_CLAIMS as u64 {
        let lie = Falsehood::Blocks(0, 5 + i % 4, 777 * (i + 1));
        rogues.push(arena.rogue(ROGUE + i as usize, &base, lie).await);
    }
    // More than the parent is asked for at once.
    let right = arena.right_claim(&base).await;
    let open = arena.reader.open(0).await.expect("the parent answers");
    let listed: Vec<u64> = open.pending.iter().map(|claim| claim.index).collect();
    assert_eq!(listed, (1..=WRONG_CLAIMS as u64 + 2).collect::<Vec<_>>());
    arena.fight(&rogues, &base).await;
    arena.pass(WINDOW_S + 1).await;
    arena.becomes_final(&right).await;
    let open = arena.reader.open(base.index).await.expect("the parent answers");
    assert_eq!((open.pending.len(), open.rejected.len()), (0, WRONG_CLAIMS));
    let mut answers = 0;
    for (account, before) in accounts.clone().zip(befores) {
        arena.becomes_whole(account, before, from).await;
    }
    let deeds = arena.deeds(from).await;
    for account in accounts {
        answers += deeds.get(&address(account)).map_or(0, |deeds| deeds.answers);
    }
    println!("{answers} honest answers to {WRONG_CLAIMS} wrong claims");
    assert!(answers <= MOVES_MAX * WRONG_CLAIMS as u64, "{answers} answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_output_root_with_a_wrong_history_loses_and_so_do_lies_below_right_edges() {
    let arena = Arena::start(3).await;
    let genesis = arena.genesis().await;
    let base = arena.claim_right(USER, &genesis).await;
    let (before, from) = (arena.balance(HONEST).await, arena.head().await + 1);
    let _honest = arena.honest(HONEST).await;
    let wrong = [
        arena.rogue(ROGUE, &base, Falsehood::Interior(0, 7, 999)).await,
        arena.rogue(ROGUE + 1, &base, Falsehood::Blocks(0, 5, 777)).await,
        // Where the machine has halted long ago.
        arena.rogue(ROGUE + 2, &base, Falsehood::Blocks(0, 1_000, 30_000)).await,
    ];
    // These move on the right claim, and lie below.
    let allies = [
        arena.rogue(ROGUE + 3, &base, Falsehood::Strides(0, 3, 100)).await,
        arena.rogue(ROGUE + 4, &base, Falsehood::Steps(0, 5, 50)).await,
    ];
    let rogues: Vec<_> = wrong.into_iter().chain(allies).collect();
    arena.fight(&rogues, &base).await;
    let right = arena.right_claim(&base).await;
    arena.pass(WINDOW_S + 1).await;
    arena.becomes_final(&right).await;
    arena.becomes_whole(HONEST, before, from).await;
    let open = arena.reader.open(base.index).await.expect("the parent answers");
    assert_eq!(open.rejected.len(), 3);
    // Their bonds are gone, and what they have in edges below stays there.
    for account in ROGUE..ROGUE + 5 {
        let owed = arena.reader.withdrawable(address(account)).await.expect("the parent answers");
        assert!(owed.is_zero(), "account {account} gets {owed} wei");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposer_that_is_killed_again_and_again_claims_nothing_twice_with_one_bond() {
    let mut random = random();
    let (arena, _dev) = Arena::with_sequencer(1).await;
    arena.ask("evm_setIntervalMining", json!([1])).await;
    let (before, from) = (arena.balance(HONEST).await, arena.head().await + 1);
    let game = FaultProof::new(arena.deployment.contracts.validity, &arena.provider);
    let bond = game.claimBond().call().await.expect("the parent answers");
    let held = async || {
        let game = arena.deployment.contracts.validity;
        arena.provider.get_balance(game).await.expect("the parent answers")
    };
    let run = async || arena.node("proposer", HONEST, &["--claim-interval", "0"]).await;
    let mut proposer = run().await;
    for number in 0..PROPOSER_KILLS {
        let goal = 2 + number as u64;
        until("a claim", async || (arena.claim_count().await >= goal).then_some(())).await;
        let life = Duration::from_millis(random.random_range(0..=PROPOSER_LIFE_MS_MAX));
        tokio::time::sleep(life).await;
        proposer.kill();
        println!("kill {number}, {life:?} after claim {}", arena.claim_count().await - 1);
        assert!(held().await <= bond, "two bonds are out");
        proposer = run().await;
    }
    let goal = arena.claim_count().await + 1;
    until("another claim", async || (arena.claim_count().await >= goal).then_some(())).await;
    proposer.kill();
    let open = arena.reader.open(0).await.expect("the parent answers");
    let mut parent = 0;
    for claim in &open.pending {
        assert_eq!(claim.parent_claim, parent, "two claims on one: {:#?}", open.pending);
        parent = claim.index;
    }
    assert!(open.rejected.is_empty(), "{open:?}");
    assert_eq!(held().await, bond);
    let fees = arena.deeds(from).await.remove(&address(HONEST)).expect("claims").fees;
    assert_eq!(arena.balance(HONEST).await, before - fees - bond);
}

/// A dispute that begins when no beacon node has the blobs any more.
async fn is_won_without_blobs(restarted: bool) {
    let arena = Arena::start(1).await;
    let beacon = Line::to(&arena.url).await;
    let (genesis, before, from) =
        (arena.genesis().await, arena.balance(HONEST).await, arena.head().await + 1);
    let run = async || arena.node("challenger", HONEST, &["--beacon", &beacon.url]).await;
    let mut challenger = run().await;
    let folder = arena.path("challenger");
    let kept = || {
        let entries = std::fs::read_dir(folder.join("evidence")).into_iter().flatten();
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.into_string().expect("text"));
        // One that is still written is not kept.
        let names = names.filter(|name| !name.ends_with(".new"));
        names.filter_map(|name| name.split_once('-')?.0.parse().ok()).collect::<BTreeSet<u64>>()
    };
    let (newest, in_blobs) = arena.newest_batch().await;
    assert!(in_blobs, "nothing is lost with the blobs");
    arena.finalize().await;
    let all: BTreeSet<u64> = (1..=newest).collect();
    until("the evidence", async || (kept() == all).then_some(())).await;
    // Derivation itself needs the blobs again before that.
    until("a checkpoint", async || folder.join("derive.json").exists().then_some(())).await;

    let asked = beacon.forget();
    if restarted {
        challenger.kill();
        challenger = run().await;
    }
    wins(
        &arena,
        &[arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await],
        (before, from),
    )
    .await;
    assert_eq!(asked(), 0, "evidence was fetched again");
    // What is decided for good needs no evidence.
    until("old evidence to go", async || {
        arena.finalize().await;
        (!kept().contains(&1)).then_some(())
    })
    .await;
    drop(challenger);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_won_though_no_beacon_node_has_the_blobs_any_more() {
    is_won_without_blobs(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_that_is_killed_needs_no_blobs_again() {
    is_won_without_blobs(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_blocks_are_run_than_allowed_and_none_once_the_node_stops() {
    let arena = Arena::start(1).await;
    let genesis = arena.genesis().await;
    let node = arena.honest(HONEST).await;
    let mut truth = arena.knowledge_of(&node, &genesis).await.truth;
    let mut again = arena.knowledge_of(&node, &genesis).await.truth;
    tokio::task::block_in_place(|| {
        truth.allow(0);
        assert!(matches!(truth.strides(0), Err(TruthError::Later)));
        assert!(matches!(truth.witness(0, 3, 5), Err(TruthError::Later)));
        truth.allow(1);
        let root = truth.strides(0).expect("one run").root();
        assert!(matches!(truth.strides(1), Err(TruthError::Later)));
        truth.end_state(0).expect("it has run");
        truth.steps(0, 3).expect("it has run");
        truth.witness(0, 3, 5).expect("it has run");
        // The node's truths share what they know.
        again.allow(0);
        assert_eq!(again.strides(0).expect("it has run").root(), root);
        again.steps(0, 3).expect("it has run");
    });
    node.stop().await.expect("it stops");
    tokio::task::block_in_place(|| {
        truth.allow(usize::MAX);
        let stopped = truth.witness(0, 100, 5);
        assert!(matches!(stopped, Err(TruthError::Trace(TraceError::Stopped))), "{stopped:?}");
        let stopped = truth.strides(1).map(drop);
        assert!(matches!(stopped, Err(TruthError::Parent(_))), "{stopped:?}");
    });
}

/// `altana dispute` in a folder of its own.
fn dispute(arena: &Arena, action: &str, more: &[&str], key: &str) -> Output {
    let (chain, dir) = (arena.chain(), arena.path("play"));
    let mut command = altana(&["dispute", action, "--chain", &chain, "--parent", &arena.url]);
    if action == "play" {
        command.arg("--dir").arg(dir);
    }
    command.args(more);
    if !key.is_empty() {
        command.env("ALTANA_KEY", key);
    }
    output(command)
}

fn output(mut command: Command) -> Output {
    tokio::task::block_in_place(|| command.output().expect("altana starts"))
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_a_dispute_and_plays_it_by_hand() {
    let arena = Arena::start(1).await;
    let genesis = arena.genesis().await;
    let seen = || {
        let output = dispute(&arena, "status", &["--json"], "");
        serde_json::from_str::<Value>(&said(&output).0).expect("one JSON object")
    };
    let key = key_text(HONEST);
    let play = |key: &str, more: &[&str]| dispute(&arena, "play", more, key);
    let played = |key: &str| {
        let output = play(key, &["--json"]);
        let (result, errors) = said(&output);
        assert!(output.status.success(), "{errors}");
        let result: Value = serde_json::from_str(&result).expect("one JSON object");
        result["transactions"].as_u64().expect("a number")
    };
    assert_eq!(seen()["pending"], json!([]));
    let (quiet, _) = said(&dispute(&arena, "status", &[], ""));
    assert!(quiet.contains("nothing is pending"), "{quiet}");
    assert_eq!(played(&key), 0);

    let rogues = [arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await];
    let pending = seen();
    assert_eq!(pending["pending"][0]["rivals"], json!([]), "{pending:#}");
    assert!(pending["pending"][0]["secondsLeft"].as_u64() > Some(WINDOW_S - 60), "{pending:#}");

    // Without ether it says how much is missing, and of what.
    let poor = "0x1111111111111111111111111111111111111111111111111111111111111111";
    let account = poor.parse::<PrivateKeySigner>().expect("a key").address().to_string();
    let done = play(poor, &[]);
    let (result, errors) = said(&done);
    assert!(!done.status.success(), "{result}");
    assert!(errors.contains("send it ether") && errors.contains(&account), "{errors}");
    assert!(result.is_empty(), "{result}");

    // Claims, and answers until the rogue has to move.
    assert!(played(&key) >= 2);
    assert_eq!(played(&key), 0);
    let (told, _) = said(&play(&key, &[]));
    assert!(told.contains("nothing is to be answered now"), "{told}");
    let pending = seen();
    assert_eq!(pending["pending"][0]["rivals"], json!([2]), "{pending:#}");
    assert_eq!(pending["pending"][1]["rivals"], json!([1]), "{pending:#}");
    let (told, _) = said(&dispute(&arena, "status", &[], ""));
    assert!(told.contains("DISPUTED by [1]"), "{told}");
    arena.skirmish(&rogues).await;
    assert!(played(&key) >= 1);

    let nobody = "http://127.0.0.1:1";
    let nowhere = arena.path("nowhere");
    let nowhere = nowhere.to_str().expect("text");
    let chain = arena.chain();
    let cases: &[(&[&str], &str, &str)] = &[
        (&["status", "--chain", &chain, "--parent", nobody], "", "is it running?"),
        (&["status", "--chain", nowhere, "--parent", &arena.url], "", "altana deploy"),
        (&["play", "--chain", nowhere, "--parent", &arena.url], &key, "altana deploy"),
        (&["play", "--chain", &chain, "--parent", &arena.url], "", "ALTANA_KEY"),
        (&["play", "--chain", &chain, "--parent", nobody], &key, "is it running?"),
    ];
    for (args, key, expect) in cases {
        let mut command = altana(&["dispute"]);
        command.args(*args);
        if !key.is_empty() {
            command.env("ALTANA_KEY", key);
        }
        let done = output(command);
        let (result, errors) = said(&done);
        assert!(!done.status.success() && result.is_empty(), "{args:?}: {result}");
        assert!(errors.contains(expect), "{args:?} does not say {expect:?}: {errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_without_ether_goes_on_when_it_gets_some() {
    let arena = Arena::start(1).await;
    let genesis = arena.genesis().await;
    let set = async |ether: u64| {
        let wei = U256::from(ether) * U256::from(10).pow(U256::from(18));
        arena.ask("anvil_setBalance", json!([address(HONEST), wei])).await;
    };
    set(1).await;
    let honest = arena.honest(HONEST).await;
    let rogues = [arena.rogue(ROGUE, &genesis, Falsehood::Blocks(0, 5, 777)).await];
    until("a complaint about the account", async || {
        honest.metrics()().contains("altana_claims_unfunded 1").then_some(())
    })
    .await;
    set(100).await;
    arena.fight(&rogues, &genesis).await;
    let right = arena.right_claim(&genesis).await;
    assert!(honest.metrics()().contains("altana_claims_unfunded 0"));
    arena.pass(WINDOW_S + 1).await;
    arena.becomes_final(&right).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_proven_against_a_disputed_right_claim_is_paid() {
    const HAVEN: Address = Address::repeat_byte(0x4b);
    let (arena, dev) = Arena::with_sequencer(1).await;
    let genesis = arena.genesis().await;
    let bridge = |args: &[&str]| {
        let mut command = altana(&["bridge", "--json", "--rollup", dev.get("/rollup/rpc")]);
        command.args(["--parent", &arena.url]).args(args).env("ALTANA_KEY", key_text(USER));
        output(command)
    };
    let succeeds = |args: &[&str]| -> Value {
        let output = bridge(args);
        let (result, errors) = said(&output);
        assert!(output.status.success(), "{args:?}: {errors}");
        serde_json::from_str(&result).expect("one JSON object")
    };
    succeeds(&["deposit", "1"]);
    let withdrawal = succeeds(&["withdraw", "0.5", "--to", &HAVEN.to_string()]);
    let hash = withdrawal["transaction"].as_str().expect("a hash").to_owned();
    let status = || succeeds(&["status", &hash]);

    // Right claims until one covers it.
    let mut parent = genesis;
    let (base, claim) = until("a claim that covers the withdrawal", async || {
        let last = arena.reader.last_batch_for(parent.index).await.expect("the parent answers");
        let inbox = altana_contracts::bindings::Inbox::new(
            arena.deployment.contracts.inbox,
            &arena.provider,
        );
        if inbox.lastBatch().call().await.expect("the parent answers") < last {
            return None;
        }
        let claim = arena.claim_right(USER, &parent).await;
        if status()["status"] == "ready-to-prove" {
            return Some((parent, claim));
        }
        parent = claim;
        None
    })
    .await;
    succeeds(&["prove", "--wait", &hash]);
    let left = |status: &Value| status["secondsLeft"].as_u64().expect("seconds");
    let proven = status();
    assert!(left(&proven) > 0 && left(&proven) <= WINDOW_S, "{proven}");

    arena.pass(WINDOW_S / 2).await;
    let waited = status();
    assert!(left(&waited) <= WINDOW_S / 2, "{waited}");
    let rogues = [arena.rogue(ROGUE, &base, Falsehood::Blocks(0, 5, 777)).await];
    let disputed = status();
    assert!(left(&disputed) <= WINDOW_S / 2, "a dispute takes no other window: {disputed}");
    arena.fight(&rogues, &base).await;
    // Not later than this, but for the time that the moves took.
    arena.pass(left(&status())).await;
    arena.pass(MOVES_S).await;
    arena.becomes_final(&claim).await;
    let paid = succeeds(&["finalize", "--wait", &hash]);
    assert_eq!(paid["success"], true, "{paid}");
    let balance = signing(&arena.url, USER).get_balance(HAVEN).await.expect("an answer");
    assert_eq!(balance, parse_ether("0.5").expect("a number"));
}
