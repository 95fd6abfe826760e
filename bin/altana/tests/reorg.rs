//! The parent takes blocks back that held batches and deposits.

mod common;

use alloy::{
    network::EthereumWallet,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{Filter, TransactionReceipt},
    sol_types::SolEvent,
};
use altana_bridge::deposit_hash;
use altana_contracts::{
    ParentContracts,
    bindings::{Inbox, Portal},
};
use common::{
    Dev,
    load::{Load, all_safe, block, included, key, provider, rebuild, safe_from, until},
};
use serde_json::{Value, json};

/// Blocks that the parent takes back; more if the machine is so slow that more were made since the
/// deposit.
const DEPTH: u64 = 10;
/// Seconds between blocks of the parent.
const PARENT_BLOCK_TIME_S: u64 = 1;
/// Accounts that send transfers.
const SENDERS: usize = 2;
/// Transfers before the reorganisation, and after it.
const TRANSFERS: usize = 100;
/// The account that deposits, and whom it deposits to.
const DEPOSITOR: usize = 4;
const DEPOSITED_TO: Address = Address::repeat_byte(0xd0);
const DEPOSIT_WEI: u64 = 1_000;
/// More than an estimate: the Portal's price depends on the block in which the deposit lands.
const DEPOSIT_GAS: u64 = 500_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_of_the_parent_ten_deep_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().to_str().expect("a path that is text");
    let dev = Dev::start(&["--dir", dir, "--parent-block-time", &PARENT_BLOCK_TIME_S.to_string()]);
    let (parent, rollup) = (parent(&dev), provider(dev.get("/rollup/rpc")));
    let load = Load::start(&dev, SENDERS);
    load.acknowledged(TRANSFERS).await;
    until("room for a reorganisation", async || (head(&parent).await > 2 * DEPTH).then_some(()))
        .await;

    // A deposit, and a batch that holds it.
    let deposit = deposit(&dev, &parent).await;
    let before = receipt(&parent, deposit).await;
    let arrived = included(&rollup, on_rollup(&dev, &before)).await;
    safe_from(&rollup, arrived).await;
    let (safe, safe_hash) = block(&rollup, "safe").await;

    reorganise(&dev, &parent, before.block_number.expect("a block")).await;
    load.acknowledged(load.count() + TRANSFERS).await;

    // The parent's pool took the deposit back; it is in another block, hence another message.
    let after = until("the deposit's return", async || {
        let now = receipt(&parent, deposit).await;
        (now.block_hash != before.block_hash).then_some(now)
    })
    .await;
    let arrived = included(&rollup, on_rollup(&dev, &after)).await;
    let acknowledged = load.stop().await;
    let last = all_safe(&rollup, &acknowledged).await;
    safe_from(&rollup, arrived.max(safe)).await;
    check_rewound(&dev, safe, safe_hash, on_rollup(&dev, &before)).await;
    let rebuilt = rebuild(folder.path(), &dev).await;
    assert!(rebuilt["last_block"].as_u64().is_some_and(|block| block >= last), "{rebuilt}");
}

/// Replaces at least [`DEPTH`] blocks, those from `oldest` on among them.
async fn reorganise(dev: &Dev, parent: &DynProvider, oldest: u64) {
    // Nobody else makes a block between the look and the deed.
    ask(parent, "evm_setIntervalMining", json!([0])).await;
    let head = head(parent).await;
    let depth = DEPTH.max(head - oldest + 1);
    let batches = Filter::new()
        .address(contracts(dev).inbox)
        .event_signature(Inbox::BatchCommitted::SIGNATURE_HASH)
        .from_block(head - depth + 1);
    let batches = parent.get_logs(&batches).await.expect("the parent answers").len();
    assert!(batches > 0, "no batch in the {depth} blocks before {head}");
    println!("replacing {depth} blocks with {batches} batches and a deposit");
    ask(parent, "anvil_reorg", json!([depth])).await;
    ask(parent, "evm_setIntervalMining", json!([PARENT_BLOCK_TIME_S])).await;
}

/// The safe block of before is gone, and with it the deposit as it was; it arrived once.
async fn check_rewound(dev: &Dev, safe: u64, hash: B256, old_deposit: B256) {
    let rollup = provider(dev.get("/rollup/rpc"));
    let (_, now) = block(&rollup, &format!("{safe:#x}")).await;
    assert_ne!(now, hash, "safe block {safe} survived its batch");
    let old = rollup.get_transaction_receipt(old_deposit).await.expect("the rollup answers");
    assert!(old.is_none(), "the deposit of a block that is gone: {old:?}");
    let balance = rollup.get_balance(DEPOSITED_TO).await.expect("the rollup answers");
    assert_eq!(balance, U256::from(DEPOSIT_WEI));
}

fn contracts(dev: &Dev) -> ParentContracts {
    serde_json::from_value(dev.info["parent"]["contracts"].clone()).expect("the contracts")
}

fn parent(dev: &Dev) -> DynProvider {
    let url = dev.get("/parent/rpc").parse().expect("a URL");
    let wallet = EthereumWallet::from(key(dev, DEPOSITOR));
    ProviderBuilder::new().wallet(wallet).connect_http(url).erased()
}

async fn ask(parent: &DynProvider, method: &'static str, params: Value) {
    let _: Value = parent.client().request(method, params).await.expect("the parent does it");
}

async fn head(parent: &DynProvider) -> u64 {
    parent.get_block_number().await.expect("the parent answers")
}

async fn deposit(dev: &Dev, parent: &DynProvider) -> B256 {
    let value = U256::from(DEPOSIT_WEI);
    let portal = Portal::new(contracts(dev).portal, parent);
    let call = portal.depositTransaction(DEPOSITED_TO, value, 100_000, false, Bytes::new());
    let sent = call.value(value).gas(DEPOSIT_GAS).send().await;
    *sent.expect("the parent takes the deposit").tx_hash()
}

async fn receipt(parent: &DynProvider, hash: B256) -> TransactionReceipt {
    until("the deposit on the parent", async || {
        parent.get_transaction_receipt(hash).await.expect("the parent answers")
    })
    .await
}

/// The deposit's hash on the rollup, which depends on its block on the parent.
fn on_rollup(dev: &Dev, receipt: &TransactionReceipt) -> B256 {
    deposit_hash(receipt.inner.logs(), contracts(dev).portal).expect("a deposit")
}
