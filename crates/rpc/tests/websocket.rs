//! Over WebSocket: subscriptions.

mod common;

use alloy::{
    primitives::TxKind,
    providers::{Provider, ProviderBuilder, WsConnect},
    rpc::types::{Filter, TransactionRequest},
};
use altana_rpc::Limits;
use common::{CHAIN_ID, CONTRACT, Chain, Client, Socket, sign, signer, transfer};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_hear_of_heads_logs_and_pool_and_of_logs_that_a_reorganisation_removes() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let provider =
        ProviderBuilder::new().connect_ws(WsConnect::new(server.ws_url())).await.unwrap();
    let mut heads = provider.subscribe_blocks().await.unwrap();
    let mut logs = provider.subscribe_logs(&Filter::new().address(CONTRACT)).await.unwrap();
    let mut pool = provider.subscribe_pending_transactions().await.unwrap();

    let request = TransactionRequest {
        to: Some(TxKind::Call(CONTRACT)),
        gas: Some(100_000),
        ..Default::default()
    };
    let raw = sign(&signer, CHAIN_ID, 0, request).await;
    let raw = alloy::primitives::hex::decode(raw).unwrap();
    let sent = provider.send_raw_transaction(&raw).await.unwrap();
    let hash = *sent.tx_hash();

    assert_eq!(pool.recv().await.unwrap(), hash);
    assert_eq!(heads.recv().await.unwrap().hash, chain.ledger.head().hash());
    let log = logs.recv().await.unwrap();
    assert_eq!((log.transaction_hash, log.removed), (Some(hash), false));

    chain.ledger.rewind(chain.ledger.genesis().hash()).unwrap();
    let log = logs.recv().await.unwrap();
    assert_eq!((log.transaction_hash, log.removed), (Some(hash), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_batches_work_over_the_same_connection() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let provider =
        ProviderBuilder::new().connect_ws(WsConnect::new(server.ws_url())).await.unwrap();
    assert_eq!(provider.get_chain_id().await.unwrap(), CHAIN_ID);
    let mut batch = Vec::new();
    for nonce in 0..20 {
        let raw = transfer(&signer, CHAIN_ID, nonce, 1).await;
        let method = "eth_sendRawTransaction";
        batch.push(json!({ "jsonrpc": "2.0", "id": nonce, "method": method, "params": [raw] }));
    }
    let mut socket = Socket::to(&server).await;
    socket.send(&Value::from(batch).to_string()).await;
    let answers: Value = serde_json::from_str(&socket.receive().await).unwrap();
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["result"].is_string()));
    assert_eq!(*chain.groups.lock(), [20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_a_message_does_not_end_the_connection() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits::default()).await;
    let mut socket = Socket::to(&server).await;
    for garbage in ["", "{", "null", "[]", "\u{1F980}", "[[[[", "{\"id\":1}"] {
        socket.send(garbage).await;
        assert!(socket.receive().await.contains("\"error\""), "{garbage}");
    }
    socket.send(r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#).await;
    assert!(socket.receive().await.contains("0x7a69"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_as_many_subscriptions_as_the_limit_says() {
    let chain = Chain::new(&[]);
    let limits = Limits { subscriptions_per_connection: 2, ..Default::default() };
    let server = chain.serve(limits).await;
    let provider =
        ProviderBuilder::new().connect_ws(WsConnect::new(server.ws_url())).await.unwrap();
    let _first = provider.subscribe_blocks().await.unwrap();
    let _second = provider.subscribe_pending_transactions().await.unwrap();
    let refused = provider.subscribe_logs(&Filter::new()).await;
    assert!(refused.unwrap_err().to_string().to_lowercase().contains("subscriptions"));
    let unknown = provider.client().request::<_, String>("eth_subscribe", ["nonsense"]).await;
    assert!(unknown.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_need_a_websocket() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    assert!(client.call("eth_subscribe", json!(["newHeads"])).await.is_err());
}
