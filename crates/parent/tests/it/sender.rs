//! Transactions that are sent, stuck, replaced, reorganised and resumed.

use crate::anvil::{Anvil, account, eventually, ok, within};
use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use altana_parent::{
    Sender, SenderOptions,
    sender::{FeeCaps, JournalError, Request, SendError},
};
use altana_protocol::batch::blobs_from_payload;
use serde_json::json;
use std::{path::Path, sync::Arc, time::Duration};

const TO: Address = Address::repeat_byte(0x77);

/// For tests that wait for a bump.
const SOON: Duration = Duration::from_millis(300);
/// For tests that must not see one.
const NEVER: Duration = Duration::from_secs(3600);

async fn sender(anvil: &Anvil, folder: &Path, bump_after: Duration) -> Sender {
    let options = SenderOptions {
        poll_interval: Duration::from_millis(30),
        bump_after,
        ..Default::default()
    };
    ok(Sender::open(anvil.parent().await, Arc::new(account(1)), folder, options))
}

fn pay(wei: u64) -> Request {
    Request { to: TO, value: U256::from(wei), data: Bytes::new(), blobs: Vec::new() }
}

async fn balance(anvil: &Anvil) -> u64 {
    anvil.provider().get_balance(TO).await.unwrap().to()
}

#[tokio::test]
async fn transactions_are_sent_one_after_the_other() {
    let (anvil, folder) = (Anvil::start(&[]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), NEVER).await;
    let (first, second) = tokio::join!(sender.send(pay(1)), sender.send(pay(1)));
    let (first, second) = (ok(first), ok(second));
    assert_ne!(first.hash, second.hash, "a request that ended is sent again");
    assert_eq!(first.reverted, None);
    assert_eq!(first.gas_used, 21_000);
    assert_eq!(balance(&anvil).await, 2);
    assert_eq!(ok(sender.resume().await), None);
}

#[tokio::test]
async fn a_stuck_transaction_is_sent_again_with_higher_fees() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), SOON).await;
    let sending = tokio::spawn(async move { sender.send(pay(5)).await });
    let first = eventually(|| async { anvil.pool().await.first().copied() }).await;
    // Twice replaced: the pool never holds more than one.
    let second =
        eventually(|| async { anvil.pool().await.into_iter().find(|tx| *tx != first) }).await;
    eventually(|| async {
        let pool = anvil.pool().await;
        assert!(pool.len() <= 1);
        pool.into_iter().find(|tx| *tx != first && *tx != second)
    })
    .await;
    anvil.mine().await;
    let sent = ok(ok(within(sending).await));
    assert_ne!(sent.hash, first);
    assert_eq!(balance(&anvil).await, 5);
}

#[tokio::test]
async fn fees_stop_at_the_cap_and_the_first_version_stays() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let options = SenderOptions {
        poll_interval: Duration::from_millis(30),
        bump_after: Duration::from_millis(60),
        caps: FeeCaps { max_fee: 2_000_000_000, blob_fee: 1 },
        deadline: Duration::from_secs(1),
        ..Default::default()
    };
    let parent = anvil.parent().await;
    let sender = ok(Sender::open(parent, Arc::new(account(1)), folder.path(), options));
    let error = sender.send(pay(5)).await.unwrap_err();
    assert!(matches!(error, SendError::Parent(_)), "{error:?}");
    let pool = anvil.pool().await;
    assert_eq!(pool.len(), 1);
    let get = anvil.provider().get_transaction_by_hash(pool[0]).await.unwrap().unwrap();
    let max_fee = alloy::consensus::Transaction::max_fee_per_gas(&get);
    assert!(max_fee <= options.caps.max_fee, "{max_fee}");
    // The next call goes on with it.
    let sending = tokio::spawn(async move { sender.send(pay(5)).await });
    anvil.mine().await;
    assert_eq!(ok(ok(within(sending).await)).hash, pool[0]);
}

#[tokio::test]
async fn a_crash_neither_loses_nor_doubles_a_transaction() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let crashed = sender(&anvil, folder.path(), NEVER).await;
    let sending = tokio::spawn(async move { crashed.send(pay(7)).await });
    let hash = eventually(|| async { anvil.pool().await.first().copied() }).await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());

    let restarted = sender(&anvil, folder.path(), NEVER).await;
    let again = tokio::spawn(async move { restarted.send(pay(7)).await });
    anvil.mine().await;
    assert_eq!(ok(ok(within(again).await)).hash, hash);
    assert_eq!(balance(&anvil).await, 7);
}

#[tokio::test]
async fn another_request_after_a_crash_comes_after_the_one_in_flight() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let crashed = sender(&anvil, folder.path(), NEVER).await;
    let sending = tokio::spawn(async move { crashed.send(pay(7)).await });
    let hash = eventually(|| async { anvil.pool().await.first().copied() }).await;
    sending.abort();
    let _ = sending.await;
    // The pool forgot it, too: it was written down.
    anvil.call("anvil_dropTransaction", json!([hash])).await;
    assert!(anvil.pool().await.is_empty());

    let restarted = sender(&anvil, folder.path(), NEVER).await;
    let other = tokio::spawn(async move { restarted.send(pay(100)).await });
    eventually(|| async { anvil.pool().await.contains(&hash).then_some(()) }).await;
    anvil.mine().await;
    eventually(|| async { (!anvil.pool().await.is_empty()).then_some(()) }).await;
    anvil.mine().await;
    assert_ne!(ok(ok(within(other).await)).hash, hash);
    assert_eq!(balance(&anvil).await, 107);
}

#[tokio::test]
async fn a_transaction_that_the_pool_lost_is_sent_again() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), NEVER).await;
    let sending = tokio::spawn(async move { sender.send(pay(9)).await });
    let hash = eventually(|| async { anvil.pool().await.first().copied() }).await;
    anvil.call("anvil_dropTransaction", json!([hash])).await;
    eventually(|| async { anvil.pool().await.contains(&hash).then_some(()) }).await;
    anvil.mine().await;
    assert_eq!(ok(ok(within(sending).await)).hash, hash);
}

#[tokio::test]
async fn a_transaction_whose_nonce_was_taken_gets_another() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), NEVER).await;
    let from = sender.address();
    let sending = tokio::spawn(async move { sender.send(pay(11)).await });
    let hash = eventually(|| async { anvil.pool().await.first().copied() }).await;
    // Somebody else uses the account.
    anvil.call("anvil_dropTransaction", json!([hash])).await;
    anvil.call("anvil_impersonateAccount", json!([from])).await;
    let other = TransactionRequest::default()
        .with_from(from)
        .with_to(Address::repeat_byte(1))
        .with_nonce(0)
        .with_max_fee_per_gas(100_000_000_000)
        .with_max_priority_fee_per_gas(50_000_000_000);
    anvil.call("eth_sendTransaction", (other,)).await;
    anvil.mine().await;
    eventually(|| async { anvil.pool().await.into_iter().find(|tx| *tx != hash) }).await;
    anvil.mine().await;
    let sent = ok(ok(within(sending).await));
    assert_ne!(sent.hash, hash);
    assert_eq!(balance(&anvil).await, 11);
}

#[tokio::test]
async fn a_transaction_that_is_reorganised_away_is_mined_again() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let options = SenderOptions {
        confirmations: 3,
        poll_interval: Duration::from_millis(30),
        bump_after: NEVER,
        ..Default::default()
    };
    let parent = anvil.parent().await;
    let sender = ok(Sender::open(parent, Arc::new(account(1)), folder.path(), options));
    anvil.mine().await;
    let sending = tokio::spawn(async move { sender.send(pay(13)).await });
    let hash = eventually(|| async { anvil.pool().await.first().copied() }).await;
    anvil.mine().await;
    let old = anvil.provider().get_transaction_receipt(hash).await.unwrap().unwrap();
    anvil.call("anvil_reorg", json!([1, []])).await;
    // It is mined again, in another block, and confirmed only there.
    eventually(|| async {
        anvil.mine().await;
        let mined = anvil.provider().get_transaction_receipt(hash).await.unwrap();
        mined.filter(|mined| mined.block_hash != old.block_hash)
    })
    .await;
    anvil.call("anvil_mine", json!([3])).await;
    let sent = ok(ok(within(sending).await));
    assert_eq!(sent.hash, hash);
    assert_ne!(Some(sent.block_hash), old.block_hash);
    assert_eq!(balance(&anvil).await, 13);
}

#[tokio::test]
async fn a_call_that_would_revert_is_not_sent() {
    let (anvil, folder) = (Anvil::start(&[]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), NEVER).await;
    // Reverts with Error("no").
    let code = "0x6308c379a060e01b5f5260206004526002602452616e6f60f01b60445260645ffd";
    anvil.call("anvil_setCode", json!([TO, code])).await;
    match sender.send(pay(0)).await {
        Err(SendError::Reverted(reason)) => assert!(reason.contains("no"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(anvil.provider().get_transaction_count(sender.address()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_refused_transaction_does_not_block_the_next() {
    let (anvil, folder) = (Anvil::start(&[]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), NEVER).await;
    let balance = json!([sender.address(), "0x16345785d8a0000"]);
    anvil.call("anvil_setBalance", balance).await;
    let rich = Request { value: U256::from(200_000_000_000_000_000_u64), ..pay(0) };
    let error = sender.send(rich).await.unwrap_err();
    assert!(error.to_string().contains("send it ether"), "{error}");
    assert_eq!(ok(within(sender.send(pay(1))).await).reverted, None);
}

#[tokio::test]
async fn blobs_travel_and_stuck_ones_are_replaced_at_twice_the_fees() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), SOON).await;
    let blobs = blobs_from_payload(b"a payload").unwrap();
    let request = Request { blobs, ..pay(3) };
    let sending = tokio::spawn(async move { sender.send(request).await });
    let first = eventually(|| async { anvil.pool().await.first().copied() }).await;
    eventually(|| async { anvil.pool().await.into_iter().find(|tx| *tx != first) }).await;
    anvil.mine().await;
    let sent = ok(ok(within(sending).await));
    let receipt = anvil.provider().get_transaction_receipt(sent.hash).await.unwrap().unwrap();
    assert_eq!(receipt.blob_gas_used, Some(131_072));
    assert!(sent.fee > U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price));
}

#[tokio::test]
async fn blobs_travel_to_a_parent_before_osaka() {
    let (anvil, folder) = (Anvil::start_at("prague", &[]), tempfile::tempdir().unwrap());
    let sender = sender(&anvil, folder.path(), NEVER).await;
    let blobs = blobs_from_payload(&[1; 200_000]).unwrap();
    let sent = ok(within(sender.send(Request { blobs, ..pay(3) })).await);
    let receipt = anvil.provider().get_transaction_receipt(sent.hash).await.unwrap().unwrap();
    assert_eq!(receipt.blob_gas_used, Some(2 * 131_072));
}

#[tokio::test]
async fn a_folder_serves_one_sender_of_one_account() {
    let (anvil, folder) = (Anvil::start(&["--no-mining"]), tempfile::tempdir().unwrap());
    let first = sender(&anvil, folder.path(), NEVER).await;
    let open = |signer| {
        let parent = anvil.parent();
        let folder = folder.path();
        async move { Sender::open(parent.await, Arc::new(account(signer)), folder, Default::default()) }
    };
    assert!(matches!(open(1).await, Err(JournalError::Locked(_))));
    let sending = tokio::spawn(async move { first.send(pay(1)).await });
    eventually(|| async { anvil.pool().await.first().copied() }).await;
    sending.abort();
    let _ = sending.await;
    assert!(matches!(open(2).await, Err(JournalError::Other { .. })));
    std::fs::write(folder.path().join("flight.json"), b"{").unwrap();
    assert!(matches!(open(1).await, Err(JournalError::Foreign { .. })));
}
