//! Time travel, snapshots, reorganisations.

use alloy::primitives::{Address, B256, U256};
use alloy::providers::Provider;
use altana_devnet::{Config, ReorgPlan};
use serde_json::json;

use crate::common::{account, call, manual, provider, start, submit, transfer, try_call};

async fn hash_of(provider: &impl Provider, number: u64) -> B256 {
    provider.get_block_by_number(number.into()).await.unwrap().unwrap().header.hash
}

async fn timestamp(provider: &impl Provider) -> u64 {
    let block = provider.get_block_by_number(Default::default()).await.unwrap().unwrap();
    block.header.timestamp
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_set_for_the_next_block_and_goes_on_from_there() {
    let devnet = start(Config { genesis_timestamp: Some(1_000), ..manual() }).await;
    let provider = provider(&devnet);
    call(&provider, "evm_setNextBlockTimestamp", json!([5_000_000_000u64])).await;
    call(&provider, "evm_mine", json!([])).await;
    assert_eq!(timestamp(&provider).await, 5_000_000_000);
    call(&provider, "evm_increaseTime", json!(["0xe10"])).await;
    call(&provider, "evm_mine", json!([])).await;
    assert!(timestamp(&provider).await >= 5_000_003_600);
    let old = try_call(&provider, "evm_setNextBlockTimestamp", json!([5_000_000_000u64])).await;
    assert!(old.unwrap_err().contains("Timestamp error"));
    call(&provider, "anvil_setBlockTimestampInterval", json!([12])).await;
    let before = timestamp(&provider).await;
    call(&provider, "anvil_mine", json!(["0x3"])).await;
    assert_eq!(timestamp(&provider).await, before + 36);
    call(&provider, "anvil_mine", json!([3, 100])).await;
    assert_eq!(timestamp(&provider).await, before + 36 + 12 + 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_returned_to_once() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), Address::repeat_byte(4));
    submit(&provider, transfer(from, to, 1)).await;
    let head = hash_of(&provider, 1).await;
    let id = call(&provider, "evm_snapshot", json!([])).await;
    let later = call(&provider, "evm_snapshot", json!([])).await;
    submit(&provider, transfer(from, to, 1)).await;
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(2));
    assert_eq!(call(&provider, "evm_revert", json!([id])).await, json!(true));
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(1));
    assert_eq!(hash_of(&provider, 1).await, head);
    assert_eq!(provider.get_transaction_count(from).await.unwrap(), 1);
    for gone in [id, later, json!("0x99")] {
        assert_eq!(call(&provider, "evm_revert", json!([gone])).await, json!(false));
    }
    submit(&provider, transfer(from, to, 1).nonce(1)).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_replaces_blocks_and_keeps_their_transactions() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), Address::repeat_byte(4));
    for _ in 0..5 {
        submit(&provider, transfer(from, to, 1)).await;
    }
    let before: Vec<_> = [2, 3, 4, 5].map(|n| hash_of(&provider, n)).into_iter().collect();
    let before = futures::future::join_all(before).await;
    call(&provider, "anvil_reorg", json!([3, []])).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 5);
    assert_eq!(hash_of(&provider, 2).await, before[0]);
    for (number, old) in (3..).zip(&before[1..]) {
        assert_ne!(hash_of(&provider, number).await, *old);
    }
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(5));
    assert_eq!(provider.get_transaction_count(from).await.unwrap(), 5);

    call(&provider, "anvil_reorg", json!([2, [], { "dropTransactions": true }])).await;
    let other = json!([[{ "from": from, "to": to, "value": "0x64" }, 1]]);
    call(&provider, "anvil_reorg", json!([2, other])).await;
    let last = provider.get_block_by_number(5.into()).await.unwrap().unwrap();
    assert_eq!(last.transactions.len(), 1);
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(105));
    let deep = try_call(&provider, "anvil_reorg", json!([6, []])).await.unwrap_err();
    assert!(deep.contains("exceeds"), "{deep}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_told_to_go_is_gone() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), Address::repeat_byte(4));
    submit(&provider, transfer(from, to, 1)).await;
    call(&provider, "anvil_reorg", json!([1, [], { "dropTransactions": true }])).await;
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::ZERO);
    assert_eq!(provider.get_block_number().await.unwrap(), 1);
    call(&provider, "anvil_rollback", json!([1])).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_reorganises_by_itself_loses_no_transaction() {
    let run = async |seed| {
        let reorgs = Some(ReorgPlan { seed, every_blocks: 3, max_depth: 4 });
        let config = Config { reorgs, finalized_depth: 6, ..Config::default() };
        let devnet = start(config).await;
        let provider = provider(&devnet);
        let mut events = devnet.ledger().subscribe();
        let to = Address::repeat_byte(4);
        for _ in 0..40 {
            submit(&provider, transfer(account(&devnet, 0), to, 1)).await;
        }
        assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(40));
        let mut depths = Vec::new();
        while let Ok(event) = events.try_recv() {
            if !event.removed.is_empty() {
                depths.push(event.removed.len());
            }
        }
        assert!(depths.len() > 3, "{depths:?}");
        assert!(depths.iter().all(|depth| (1..=4).contains(depth)), "{depths:?}");
        depths
    };
    assert_eq!(run(11).await, run(11).await, "a seed decides");
    assert_ne!(run(11).await, run(12).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_transaction_can_be_dropped() {
    let devnet = start(manual()).await;
    let provider = provider(&devnet);
    let tx = transfer(account(&devnet, 0), Address::ZERO, 1);
    let hash = *provider.send_transaction(tx).await.unwrap().tx_hash();
    assert_eq!(call(&provider, "anvil_dropTransaction", json!([hash])).await, json!(hash));
    assert_eq!(call(&provider, "anvil_dropTransaction", json!([hash])).await, json!(null));
    call(&provider, "evm_mine", json!([])).await;
    let block = provider.get_block_by_number(1.into()).await.unwrap().unwrap();
    assert!(block.transactions.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pending_tag_shows_the_block_that_would_be_made_now() {
    let devnet = start(manual()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), Address::repeat_byte(4));
    let hash = submit(&provider, transfer(from, to, 7)).await;
    assert_eq!(provider.get_transaction_count(from).pending().await.unwrap(), 1);
    assert_eq!(provider.get_balance(to).pending().await.unwrap(), U256::from(7));
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::ZERO);
    let pending = call(&provider, "eth_getBlockByNumber", json!(["pending", false])).await;
    assert_eq!((&pending["number"], &pending["transactions"]), (&json!("0x1"), &json!([hash])));
    call(&provider, "evm_setNextBlockTimestamp", json!([9_000_000_000u64])).await;
    let pending = call(&provider, "eth_getBlockByNumber", json!(["pending", false])).await;
    assert_eq!(pending["timestamp"], json!("0x218711a00"));
    call(&provider, "evm_mine", json!([])).await;
    let pending = call(&provider, "eth_getBlockByNumber", json!(["pending", false])).await;
    assert_eq!((&pending["number"], &pending["transactions"]), (&json!("0x2"), &json!([])));
}
