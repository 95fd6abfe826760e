//! Over HTTP: what wallets and tools do.

mod common;

use alloy::{
    network::EthereumWallet,
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{Provider, ProviderBuilder},
    rpc::types::{Filter, TransactionRequest},
};
use alloy_genesis::{Genesis, GenesisAccount};
use altana_ledger::{EthereumRules, Ledger, Options, Rules};
use altana_rpc::Limits;
use common::{CHAIN_ID, CONTRACT, Chain, Client, sign, signer, transfer};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_fills_signs_sends_and_finds_its_transaction() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let provider = ProviderBuilder::new()
        .wallet(EthereumWallet::from(signer.clone()))
        .connect_http(server.http_url().parse().unwrap());

    let request = TransactionRequest { to: Some(TxKind::Call(CONTRACT)), ..Default::default() };
    let receipt = provider.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status());
    assert_eq!(receipt.inner.logs().len(), 1);

    let logs = provider.get_logs(&Filter::new().address(CONTRACT).from_block(0)).await.unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].transaction_hash, Some(receipt.transaction_hash));
    let found = provider.get_transaction_by_hash(receipt.transaction_hash).await.unwrap().unwrap();
    assert_eq!(found.block_number, Some(1));
    assert_eq!(provider.get_transaction_count(signer.address()).await.unwrap(), 1);
    let fees = provider.get_fee_history(4, Default::default(), &[50.0]).await.unwrap();
    assert_eq!(fees.base_fee_per_gas.len(), 3);
    assert_eq!(provider.get_proof(CONTRACT, vec![]).await.unwrap().address, CONTRACT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_submissions_reaches_the_pool_as_one_group() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);

    let mut batch = Vec::new();
    for nonce in 0..200 {
        let raw = transfer(&signer, CHAIN_ID, nonce, 1).await;
        let method = "eth_sendRawTransaction";
        batch.push(json!({ "jsonrpc": "2.0", "id": nonce, "method": method, "params": [raw] }));
    }
    batch[7]["params"] = json!(["0xnonsense"]);
    let answers = client.send(Value::from(batch)).await;

    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 200);
    assert_eq!(answers[7]["error"]["code"], -32602);
    let mined = answers.iter().take(7).filter(|a| a["result"].as_str().is_some()).count();
    assert_eq!(mined, 7);
    // The seventh is missing, so those after it have nonces that are too high.
    assert!(answers[8]["error"]["message"].as_str().unwrap().contains("nonce too high"));
    assert!(answers.iter().enumerate().all(|(i, answer)| answer["id"] == i));
    assert_eq!(*chain.groups.lock(), [199]);
    assert_eq!(chain.ledger.head().transactions.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_transactions_get_the_errors_that_wallets_match() {
    let (rich, poor) = (signer(1), signer(2));
    let chain = Chain::new(&[rich.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    client
        .call("eth_sendRawTransaction", json!([transfer(&rich, CHAIN_ID, 0, 1).await]))
        .await
        .unwrap();

    let cases = [
        (transfer(&rich, CHAIN_ID, 0, 1).await, "nonce too low: next nonce 1, tx nonce 0"),
        (transfer(&rich, CHAIN_ID, 9, 1).await, "nonce too high: next nonce 1, tx nonce 9"),
        (transfer(&poor, CHAIN_ID, 0, 1).await, "insufficient funds for gas * price + value"),
        (transfer(&rich, 1, 1, 1).await, "invalid chain id for signer: have 1 want 31337"),
        ("0x".into(), "empty transaction"),
        ("0x7e00".into(), "transaction type not supported: 126"),
        ("0x02c0".into(), "transaction cannot be decoded"),
        (format!("0x02{}", "00".repeat(200_000)), "oversized data"),
    ];
    for (raw, expect) in cases {
        let (code, message) =
            client.call("eth_sendRawTransaction", json!([raw])).await.unwrap_err();
        assert_eq!(code, -32000, "{message}");
        assert!(message.contains(expect), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_reverts_is_error_3_with_the_contracts_data() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    for method in ["eth_call", "eth_estimateGas"] {
        let call = json!({ "to": CONTRACT, "input": "0xdeadbeef" });
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": [call, "latest"] });
        let error = &client.send(request).await["error"];
        assert_eq!(error["code"], 3);
        assert_eq!(error["message"], "execution reverted");
        assert_eq!(error["data"], "0xdeadbeef");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_see_overrides_of_state_and_block() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let somebody = Address::with_last_byte(0x77);
    // NUMBER; PUSH0; MSTORE; PUSH1 32; PUSH0; RETURN
    let overrides = json!({ somebody.to_string(): { "code": "0x435f5260205ff3" } });
    let params = json!([{ "to": somebody }, "latest", overrides, { "number": "0x2a" }]);
    let output = client.call("eth_call", params).await.unwrap();
    assert_eq!(output, format!("0x{:064x}", 42));
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_show_calls_prestate_and_steps() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let request = TransactionRequest {
        to: Some(TxKind::Call(CONTRACT)),
        gas: Some(100_000),
        ..Default::default()
    };
    let raw = sign(&signer, CHAIN_ID, 0, request).await;
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await.unwrap();

    let trace = |options: Value| client.call("debug_traceTransaction", json!([hash, options]));
    let steps = trace(json!({})).await.unwrap();
    assert_eq!(steps["structLogs"].as_array().unwrap().len(), 8);
    let calls = trace(json!({ "tracer": "callTracer", "tracerConfig": { "withLog": true } }));
    let calls = calls.await.unwrap();
    assert_eq!(calls["type"], "CALL");
    assert_eq!(calls["gas"], "0x186a0");
    assert_eq!(calls["logs"].as_array().unwrap().len(), 1);
    let before = trace(json!({ "tracer": "prestateTracer" })).await.unwrap();
    let sender = &before[signer.address().to_string().to_lowercase()];
    assert_eq!(sender["balance"], format!("{:#x}", U256::from(10).pow(U256::from(24))));
    let (_, message) = trace(json!({ "tracer": "{ step: function() {} }" })).await.unwrap_err();
    assert!(message.contains("not supported"), "{message}");
    let call = json!([{ "to": CONTRACT }, "latest", { "tracer": "callTracer" }]);
    assert_eq!(client.call("debug_traceCall", call).await.unwrap()["type"], "CALL");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_answer_what_changed_since_the_last_poll() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let blocks = client.call("eth_newBlockFilter", json!([])).await.unwrap();
    let logs = client.call("eth_newFilter", json!([{ "address": CONTRACT }])).await.unwrap();
    let pool = client.call("eth_newPendingTransactionFilter", json!([])).await.unwrap();
    let request = TransactionRequest {
        to: Some(TxKind::Call(CONTRACT)),
        gas: Some(100_000),
        ..Default::default()
    };
    let raw = sign(&signer, CHAIN_ID, 0, request).await;
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await.unwrap();

    let changes = |id: &Value| client.call("eth_getFilterChanges", json!([id]));
    assert_eq!(changes(&blocks).await.unwrap(), json!([chain.ledger.head().hash()]));
    assert_eq!(changes(&logs).await.unwrap()[0]["transactionHash"], hash);
    assert_eq!(changes(&pool).await.unwrap(), json!([hash]));
    assert_eq!(changes(&logs).await.unwrap(), json!([]));
    let all = client.call("eth_getFilterLogs", json!([logs])).await.unwrap();
    assert_eq!(all[0]["transactionHash"], hash);
    assert_eq!(client.call("eth_uninstallFilter", json!([logs])).await.unwrap(), true);
    assert_eq!(changes(&logs).await.unwrap_err().1, "filter not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_is_visible_while_transactions_wait() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    chain.hold(true);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let raw = transfer(&signer, CHAIN_ID, 0, 1).await;
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await.unwrap();

    let found = client.call("eth_getTransactionByHash", json!([hash])).await.unwrap();
    assert_eq!(found["blockHash"], Value::Null);
    let count = |tag: &str| client.call("eth_getTransactionCount", json!([signer.address(), tag]));
    assert_eq!(count("latest").await.unwrap(), "0x0");
    assert_eq!(count("pending").await.unwrap(), "0x1");
    let content = client.call("txpool_content", json!([])).await.unwrap();
    assert_eq!(content["pending"][signer.address().to_string()]["0"]["hash"], hash);
    let raw_again = client.call("eth_getRawTransactionByHash", json!([hash])).await.unwrap();
    assert_eq!(raw_again, raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_routes_and_methods_share_the_port() {
    let chain = Chain::new(&[]);
    let mut module = jsonrpsee::RpcModule::new(());
    module.register_method("evm_answer", |_, _, _| 42).unwrap();
    module.register_method("eth_accounts", |_, _, _| vec![CONTRACT]).unwrap();
    let routes = axum::Router::new()
        .route("/eth/v1/node/version", axum::routing::get(|| async { "a beacon" }));
    let server = altana_rpc::Server::new(chain.ledger.clone(), chain.clone())
        .methods(module)
        .routes(routes)
        .serve(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let client = Client::of(&server);
    assert_eq!(client.call("evm_answer", json!([])).await.unwrap(), 42);
    assert_eq!(client.call("eth_accounts", json!([])).await.unwrap(), json!([CONTRACT]));
    assert_eq!(client.call("eth_chainId", json!([])).await.unwrap(), "0x7a69");
    let http = alloy::transports::http::reqwest::Client::new();
    let get = |path: &str| http.get(format!("{}{path}", server.http_url())).send();
    let version = get("/eth/v1/node/version").await.unwrap();
    assert_eq!(version.headers()["access-control-allow-origin"], "*");
    assert_eq!(version.text().await.unwrap(), "a beacon");
    assert_eq!(get("/nothing").await.unwrap().status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_can_be_waited_for() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let raw = transfer(&signer, CHAIN_ID, 0, 1).await;
    let receipt = client.call("eth_sendRawTransactionSync", json!([raw])).await.unwrap();
    assert_eq!(receipt["status"], "0x1");
    chain.hold(true);
    let raw = transfer(&signer, CHAIN_ID, 1, 1).await;
    let (code, _) =
        client.call("eth_sendRawTransactionSync", json!([raw, "0x1"])).await.unwrap_err();
    assert_eq!(code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_are_simulated_as_they_will_happen() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    // PUSH1 1; PUSH0; RETURN: deploys one zero byte.
    let call = json!({ "input": Bytes::from_static(&[0x60, 1, 0x5f, 0xf3]) });
    assert_eq!(client.call("eth_call", json!([call])).await.unwrap(), "0x00");
    let gas = client.call("eth_estimateGas", json!([call])).await.unwrap();
    let gas = u64::from_str_radix(&gas.as_str().unwrap()[2..], 16).unwrap();
    assert!((53_000..60_000).contains(&gas), "{gas}");
    let list = client.call("eth_createAccessList", json!([call])).await.unwrap();
    assert_eq!(list["accessList"], json!([]));
}

/// Clearing one of two slots merges a branch into the leaf beside it, which no proof of the slot
/// holds.
#[tokio::test(flavor = "multi_thread")]
async fn the_root_of_a_simulated_block_is_that_of_the_state_it_leaves() {
    let with_slots = |count: u8| {
        let slots = (1..=count).map(|i| (B256::with_last_byte(i), B256::with_last_byte(i)));
        let account = GenesisAccount::default().with_nonce(Some(1));
        let account = account.with_storage(Some(slots.collect()));
        let genesis = Genesis::default().extend_accounts([(CONTRACT, account)]);
        let rules = Rules::Ethereum(EthereumRules::osaka(CHAIN_ID));
        Ledger::open(None, &genesis, rules, Options::default()).unwrap()
    };
    let left = with_slots(1).genesis().header.state_root;
    let server = Chain::over(with_slots(2)).serve(Limits::default()).await;
    let cleared = json!({ CONTRACT.to_string(): { "stateDiff": {
        B256::with_last_byte(2).to_string(): B256::ZERO,
    } } });
    let blocks = json!([{ "blockStateCalls": [{ "stateOverrides": cleared }] }, "latest"]);
    let answer = Client::of(&server).call("eth_simulateV1", blocks).await.unwrap();
    assert_eq!(answer[0]["stateRoot"], json!(left));
}
