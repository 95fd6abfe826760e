//! `kill -9`, again and again: nothing that was acknowledged is lost, on either chain.
//!
//! `SEED=n` replays the same rounds.

mod common;

use alloy::{
    network::EthereumWallet,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::Filter,
    sol_types::SolEvent,
};
use altana_contracts::{ParentContracts, bindings::Portal};
use common::{
    Dev,
    load::{Load, all_safe, block, key, provider, rebuild, safe_from, until},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tokio::task::JoinHandle;

const ROUNDS: usize = 50;
const DEFAULT_SEED: u64 = 2;
/// Longest time between a moment and the end that follows it.
const PAUSE_MS_MAX: u64 = 700;
/// Folders in which the first start is killed, and how often it is in each, unless it was too late.
const FIRST_STARTS: usize = 5;
const KILLS_PER_START: usize = 5;
/// Longest life of a first start: about what a deployment takes.
const DEPLOY_MS_MAX: u64 = 400;
/// Accounts that send transfers.
const SENDERS: usize = 3;
/// Acknowledgements that a round waits for at most.
const WAIT_TRANSFERS_MAX: usize = 60;
/// The account that deposits, and whom it deposits to.
const DEPOSITOR: usize = 4;
const DEPOSITED_TO: Address = Address::repeat_byte(0xd0);
const DEPOSIT_WEI: u64 = 1_000;
/// More than an estimate: the Portal's price depends on the block in which the deposit lands.
const DEPOSIT_GAS: u64 = 500_000;

/// What a round waits for before the pause that ends with the process.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Start,
    Acknowledged(usize),
    Block,
    Deposit,
}

impl Moment {
    fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..4) {
            0 => Self::Start,
            1 => Self::Block,
            2 => Self::Deposit,
            _ => Self::Acknowledged(random.random_range(1..=WAIT_TRANSFERS_MAX)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_nothing_that_was_acknowledged() {
    let seed = std::env::var("SEED").map_or(DEFAULT_SEED, |seed| seed.parse().expect("a number"));
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut acknowledged, mut deposits) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        let moment = Moment::draw(&mut random);
        let pause = Duration::from_millis(random.random_range(0..=PAUSE_MS_MAX));
        println!("round {number}: {moment:?}, then {pause:?}");
        let (transfers, deposit) = round(folder.path(), moment, pause).await;
        acknowledged.extend(transfers);
        deposits.extend(deposit);
    }
    println!("{} transfers and {} deposits", acknowledged.len(), deposits.len());
    assert!(!acknowledged.is_empty() && !deposits.is_empty());
    check(folder.path(), &acknowledged, &deposits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_is_killed_can_be_begun_again() {
    let seed = std::env::var("SEED").map_or(DEFAULT_SEED, |seed| seed.parse().expect("a number"));
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..FIRST_STARTS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for _ in 0..KILLS_PER_START {
            let pause = Duration::from_millis(random.random_range(0..=DEPLOY_MS_MAX));
            let mut process = Dev::launch(&dir_args(folder.path()));
            tokio::time::sleep(pause).await;
            process.kill();
            let deployed = folder.path().join("chain/deployment.json").exists();
            println!("killed after {pause:?}, deployed: {deployed}");
            if deployed {
                break;
            }
        }
        let dev = start(folder.path());
        let load = Load::start(&dev, SENDERS);
        load.acknowledged(1).await;
        all_safe(&provider(dev.get("/rollup/rpc")), &load.stop().await).await;
    }
}

/// One life; what was acknowledged in it.
async fn round(dir: &Path, moment: Moment, pause: Duration) -> (Vec<B256>, Option<B256>) {
    let mut dev = start(dir);
    let rollup = provider(dev.get("/rollup/rpc"));
    let (first, _) = block(&rollup, "latest").await;
    let load = Load::start(&dev, SENDERS);
    let deposit = deposit(&dev);
    match moment {
        Moment::Start => {}
        Moment::Acknowledged(count) => load.acknowledged(count).await,
        Moment::Block => {
            let next = async || (block(&rollup, "latest").await.0 > first).then_some(());
            until("the next block", next).await;
        }
        Moment::Deposit => {
            until("the deposit", async || deposit.is_finished().then_some(())).await;
        }
    }
    tokio::time::sleep(pause).await;
    dev.process.kill();
    (load.stop().await, deposit.await.expect("no panic"))
}

/// Everything is there in the end, the parent alone tells the same, and the chain goes on.
async fn check(dir: &Path, acknowledged: &[B256], deposits: &[B256]) {
    let dev = start(dir);
    let rollup = provider(dev.get("/rollup/rpc"));
    let last = all_safe(&rollup, acknowledged).await;
    check_deposits(&dev, deposits).await;
    let (head, _) = block(&rollup, "latest").await;
    safe_from(&rollup, head + 1).await;
    let rebuilt = rebuild(dir, &dev).await;
    assert!(rebuilt["last_block"].as_u64().is_some_and(|block| block >= last), "{rebuilt}");
}

/// The parent kept what it gave a receipt for, and each deposit arrived once.
async fn check_deposits(dev: &Dev, deposits: &[B256]) {
    let parent = parent(dev);
    for hash in deposits {
        let receipt = parent.get_transaction_receipt(*hash).await.expect("the parent answers");
        let receipt = receipt.unwrap_or_else(|| panic!("deposit {hash} is lost"));
        assert!(receipt.status(), "deposit {hash} was reverted: {receipt:?}");
    }
    let filter = Filter::new()
        .address(contracts(dev).portal)
        .event_signature(Portal::TransactionDeposited::SIGNATURE_HASH)
        .topic2(DEPOSITED_TO.into_word())
        .from_block(0);
    // The last one may have been in nobody's receipt, but not more: nothing is sent any longer.
    let events = parent.get_logs(&filter).await.expect("the parent answers").len();
    assert!(events >= deposits.len());
    let expected = U256::from(DEPOSIT_WEI) * U256::from(events);
    let rollup = provider(dev.get("/rollup/rpc"));
    let balance = async || rollup.get_balance(DEPOSITED_TO).await.expect("the rollup answers");
    until("the deposits", async || (balance().await >= expected).then_some(())).await;
    assert_eq!(balance().await, expected, "a deposit arrived twice");
}

fn start(dir: &Path) -> Dev {
    Dev::start(&dir_args(dir))
}

fn dir_args(dir: &Path) -> [&str; 2] {
    ["--dir", dir.to_str().expect("a path that is text")]
}

fn contracts(dev: &Dev) -> ParentContracts {
    serde_json::from_value(dev.info["parent"]["contracts"].clone()).expect("the contracts")
}

fn parent(dev: &Dev) -> DynProvider {
    let url = dev.get("/parent/rpc").parse().expect("a URL");
    let wallet = EthereumWallet::from(key(dev, DEPOSITOR));
    ProviderBuilder::new().wallet(wallet).connect_http(url).erased()
}

/// Sends one deposit; its hash if the parent shows the receipt before it ends.
fn deposit(dev: &Dev) -> JoinHandle<Option<B256>> {
    let (parent, portal) = (parent(dev), contracts(dev).portal);
    tokio::spawn(async move {
        let value = U256::from(DEPOSIT_WEI);
        let portal = Portal::new(portal, &parent);
        let call = portal.depositTransaction(DEPOSITED_TO, value, 100_000, false, Bytes::new());
        let sent = call.value(value).gas(DEPOSIT_GAS).send().await.ok()?;
        let hash = *sent.tx_hash();
        // Not at the parent's leisure.
        let _: Value = parent.client().request("evm_mine", json!([])).await.ok()?;
        parent.get_transaction_receipt(hash).await.ok()?.map(|_| hash)
    })
}
