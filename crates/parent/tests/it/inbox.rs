//! A rollup's log on anvil: deposits, batches in calldata and blobs, and an RPC that lies about
//! them.

use crate::anvil::{Anvil, account, ok, quick};
use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::SolCall,
    transports::http::reqwest,
};
use altana_contracts::{Deployment, Programs, RollupConfig, ZkProgram, bindings, deploy};
use altana_parent::{
    InboxReader, Parent, ParentBlock, ParentError, Sender, SenderOptions,
    sender::{Request, SendError},
};
use altana_protocol::{batch::blobs_from_payload, queue::KIND_DEPOSIT};
use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Any programs.
fn programs() -> Programs<'static> {
    let any = B256::repeat_byte(1);
    let zk = ZkProgram { key: &[], key_hash: any, exe_commit: any, vm_commit: any };
    Programs { fault: any, zk }
}

/// Anvil with a rollup on it.
struct Rollup {
    anvil: Anvil,
    deployment: Deployment,
    folder: tempfile::TempDir,
}

impl Rollup {
    async fn deploy() -> Self {
        let anvil = Anvil::start(&[]);
        let accounts: Vec<_> = (0..10).map(|i| account(i).address()).collect();
        let config = RollupConfig::development(&accounts);
        let deployment =
            ok(deploy(&anvil.provider(), account(0).address(), &config, programs(), |_| ()).await);
        Self { anvil, deployment, folder: tempfile::tempdir().unwrap() }
    }

    async fn reader(&self, url: &str) -> InboxReader {
        let parent = ok(Parent::connect_with(url, Some(&self.anvil.url), quick()).await);
        let contracts = &self.deployment.contracts;
        InboxReader::new(parent, contracts.inbox, contracts.portal)
    }

    async fn head(&self) -> ParentBlock {
        ok(self.anvil.parent().await.heads().await).latest
    }

    async fn deposit(&self, data: &'static [u8]) -> (B256, u64) {
        let portal = bindings::Portal::new(self.deployment.contracts.portal, self.anvil.provider());
        let call = portal.depositTransaction(
            Address::repeat_byte(5),
            U256::from(100),
            100_000,
            false,
            Bytes::from_static(data),
        );
        let receipt =
            call.value(U256::from(200)).send().await.unwrap().get_receipt().await.unwrap();
        let log = receipt.logs().iter().find(|log| log.address() == *portal.address()).unwrap();
        (receipt.block_hash.unwrap(), log.log_index.unwrap())
    }

    async fn batcher(&self, folder: &Path) -> Sender {
        let options =
            SenderOptions { poll_interval: Duration::from_millis(30), ..Default::default() };
        ok(Sender::open(self.anvil.parent().await, Arc::new(account(9)), folder, options))
    }

    /// Commits to the whole queue.
    async fn commit(&self, index: u64, payload: &[u8], in_blobs: bool) -> Result<(), SendError> {
        let inbox = bindings::Inbox::new(self.deployment.contracts.inbox, self.anvil.provider());
        let first = inbox.lastTimestamp().call().await.unwrap();
        let blobs = if in_blobs { blobs_from_payload(payload).unwrap() } else { Vec::new() };
        let call = bindings::Inbox::commitBatchCall {
            index,
            firstTimestamp: first,
            lastTimestamp: self.head().await.timestamp,
            queueEnd: inbox.queueLength().call().await.unwrap(),
            payload: if in_blobs { Bytes::new() } else { Bytes::copy_from_slice(payload) },
        };
        let request = Request {
            to: *inbox.address(),
            value: U256::ZERO,
            data: call.abi_encode().into(),
            blobs,
        };
        let sent = self.batcher(self.folder.path()).await.send(request).await?;
        assert_eq!(sent.reverted, None);
        Ok(())
    }
}

#[tokio::test]
async fn messages_and_batches_are_read_as_they_were_made() {
    let rollup = Rollup::deploy().await;
    let (block_hash, log_index) = rollup.deposit(b"").await;
    rollup.deposit(b"some data").await;
    ok(rollup.commit(1, b"first payload", false).await);
    let long: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    ok(rollup.commit(2, &long, true).await);
    match rollup.commit(2, b"again", false).await {
        Err(SendError::Reverted(reason)) => assert!(reason.contains("WrongIndex"), "{reason}"),
        other => panic!("{other:?}"),
    }

    let (reader, head) = (rollup.reader(&rollup.anvil.url).await, rollup.head().await);
    let terms = ok(reader.terms().await);
    assert_eq!(terms.max_batch_age, rollup.deployment.config.delays.max_batch_age_s);
    let start = rollup.deployment.parent_start_block;
    let log = ok(reader.log(start, &head).await);
    let kinds: Vec<_> = log.messages.iter().map(|m| m.queued.message.kind).collect();
    assert_eq!(kinds, [1, 0, 0, 1, 1]);
    let label = log.messages[1].label.unwrap();
    assert_eq!((label.block_hash, label.log_index), (block_hash, log_index));
    assert!(log.messages.iter().all(|message| {
        message.label.is_some() == (message.queued.message.kind == KIND_DEPOSIT)
    }));
    assert_eq!(log.messages[1].queued.message.deposit().unwrap().mint, 200);
    assert_eq!(&log.messages[2].queued.message.deposit().unwrap().data[..], b"some data");

    assert_eq!(log.batches.len(), 2);
    assert_eq!(log.batches[0].header.parent, rollup.deployment.spec.config_hash());
    assert_eq!(ok(reader.payload(&log.batches[0]).await).unwrap()[..], b"first payload"[..]);
    assert_eq!(ok(reader.payload(&log.batches[1]).await).unwrap(), long);

    // Read block by block it is the same, and in a task of its own.
    let in_steps = tokio::spawn(async move {
        let mut steps = altana_parent::InboxLog::default();
        for number in 0..=head.number {
            let to = ok(reader.parent().block(number).await).unwrap();
            let step = ok(reader.log(number, &to).await);
            steps.messages.extend(step.messages);
            steps.batches.extend(step.batches);
        }
        steps
    });
    assert_eq!(in_steps.await.unwrap(), log);
}

#[tokio::test]
async fn a_log_of_a_block_that_is_gone_is_a_reset() {
    let rollup = Rollup::deploy().await;
    rollup.deposit(b"").await;
    let (reader, head) = (rollup.reader(&rollup.anvil.url).await, rollup.head().await);
    assert_eq!(ok(reader.log(0, &head).await).messages.len(), 2);
    rollup.anvil.call("anvil_reorg", json!([1, []])).await;
    let error = reader.log(0, &head).await.unwrap_err();
    assert!(matches!(error, ParentError::Reset(_)), "{error:?}");
    let head = rollup.head().await;
    assert_eq!(ok(reader.log(0, &head).await).messages.len(), 1);
}

/// How a proxy changes an answer to a method.
type Lie = fn(method: &str, request: &Value, answer: &mut Value);

/// An RPC that passes requests on, and lies about some.
async fn liar(url: &str, lie: Lie) -> (String, Arc<Mutex<Lie>>) {
    let shared = Arc::new(Mutex::new(lie));
    let state = (reqwest::Client::new(), url.to_string(), shared.clone());
    let handle = |State((client, url, lie)): State<(reqwest::Client, String, Arc<Mutex<Lie>>)>,
                  body: axum::body::Bytes| async move {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let post = client.post(url).header("content-type", "application/json").body(body);
        let answer = post.send().await.unwrap().bytes().await.unwrap();
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        let lie = *lie.lock().unwrap();
        lie(request["method"].as_str().unwrap(), &request["params"], &mut answer);
        answer.to_string()
    };
    let router = Router::new().route("/", post(handle)).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), shared)
}

fn logs(method: &str, answer: &mut Value, change: impl FnOnce(&mut Vec<Value>)) {
    if method == "eth_getLogs" {
        change(answer["result"].as_array_mut().expect("logs"));
    }
}

#[tokio::test]
async fn lies_about_the_log_are_found() {
    let rollup = Rollup::deploy().await;
    rollup.deposit(b"").await;
    rollup.deposit(b"").await;
    ok(rollup.commit(1, b"payload", false).await);
    let head = rollup.head().await;
    let honest: Lie = |_, _, _| ();
    let (url, lie) = liar(&rollup.anvil.url, honest).await;
    let reader = rollup.reader(&url).await;
    let truth = ok(reader.log(0, &head).await);
    assert_eq!(truth.messages.len(), 4);

    let lies: [(&str, Lie); 7] = [
        ("no logs at all", |m, _, a| logs(m, a, Vec::clear)),
        ("the first is missing", |m, _, a| logs(m, a, |logs| drop(logs.remove(0)))),
        ("the last is missing", |m, _, a| logs(m, a, |logs| drop(logs.pop()))),
        ("one is missing", |m, _, a| logs(m, a, |logs| drop(logs.remove(2)))),
        ("a message twice", |m, _, a| logs(m, a, |logs| logs.push(logs[4].clone()))),
        ("other accumulator", |m, _, a| {
            logs(m, a, |logs| {
                let data = logs[0]["data"].as_str().unwrap().replacen("0x", "", 1);
                let digit = if data.starts_with('0') { '1' } else { '0' };
                logs[0]["data"] = format!("0x{digit}{}", &data[1..]).into();
            })
        }),
        ("other payload of a batch", |m, _, a| {
            logs(m, a, |logs| {
                let payload = alloy::primitives::hex::encode(b"payload");
                let other = alloy::primitives::hex::encode(b"Payload");
                for log in logs {
                    log["data"] = log["data"].as_str().unwrap().replace(&payload, &other).into();
                }
            })
        }),
    ];
    for (name, dishonest) in lies {
        *lie.lock().unwrap() = dishonest;
        let error = reader.log(0, &head).await.expect_err(name);
        assert!(matches!(error, ParentError::Temporary(_)), "{name}: {error:?}");
    }
    *lie.lock().unwrap() = honest;
    assert_eq!(ok(reader.log(0, &head).await), truth);
}

#[tokio::test]
async fn an_rpc_without_old_states_and_with_short_answers_is_enough() {
    let rollup = Rollup::deploy().await;
    for _ in 0..3 {
        rollup.deposit(b"").await;
    }
    ok(rollup.commit(1, b"payload", false).await);
    let head = rollup.head().await;
    let pruned: Lie = |method, params, answer| {
        let error = json!({ "code": -32000, "message": "refused" });
        let is_old = method == "eth_call" && params[1] != json!("latest");
        let range = || {
            let number = |name: &str| {
                u64::from_str_radix(&params[0][name].as_str().unwrap()[2..], 16).unwrap()
            };
            number("toBlock") - number("fromBlock")
        };
        if is_old || (method == "eth_getLogs" && range() > 2) {
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }
    };
    let (url, _) = liar(&rollup.anvil.url, pruned).await;
    let start = rollup.deployment.parent_start_block;
    let log = ok(rollup.reader(&url).await.log(start, &head).await);
    assert_eq!(log, ok(rollup.reader(&rollup.anvil.url).await.log(start, &head).await));
    assert_eq!((log.messages.len(), log.batches.len()), (5, 1));
}

/// An answer that is refused once does not say that there are no blobs.
#[tokio::test]
async fn only_a_parent_that_does_not_know_the_method_has_no_blobs() {
    let rollup = Rollup::deploy().await;
    fn refuse(method: &str, answer: &mut Value, code: i64) {
        if method == "eth_blobBaseFee" {
            let error = json!({ "code": code, "message": "refused" });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }
    }
    let (url, lie) = liar(&rollup.anvil.url, |_, _, _| {}).await;
    let parent = ok(Parent::connect_with(&url, None, quick()).await);
    assert!(ok(parent.heads().await).blob_base_fee.is_some());
    *lie.lock().unwrap() = |method, _, answer| refuse(method, answer, -32603);
    assert!(matches!(parent.heads().await, Err(ParentError::Temporary(_))));
    *lie.lock().unwrap() = |method, _, answer| refuse(method, answer, -32601);
    assert_eq!(ok(parent.heads().await).blob_base_fee, None);
}

#[tokio::test]
async fn false_blobs_are_not_believed() {
    let rollup = Rollup::deploy().await;
    ok(rollup.commit(1, b"the payload", true).await);
    let head = rollup.head().await;
    type Change = fn(String) -> String;
    // anvil has no beacon blocks: what stands in them, or nothing.
    let beacon = |lie: Change, block: Option<(StatusCode, String)>| {
        let url = rollup.anvil.url.clone();
        async move {
            let handle = move |uri: axum::http::Uri| {
                let (url, block) = (url.clone(), block.clone());
                async move {
                    if let Some(block) = block.filter(|_| uri.path().contains("blinded_blocks")) {
                        return block;
                    }
                    let answer = reqwest::get(format!("{url}{uri}")).await.unwrap();
                    (answer.status(), lie(answer.text().await.unwrap()))
                }
            };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = Router::new().fallback(handle);
            tokio::spawn(async move { axum::serve(listener, router).await });
            format!("http://{address}")
        }
    };
    let payload = alloy::primitives::hex::encode(b"the payload");
    assert_eq!(payload, "746865207061796c6f6164");
    let contracts = rollup.deployment.contracts;
    let commitments = |commitment: Bytes| {
        let body = json!({ "blob_kzg_commitments": [commitment] });
        Some((StatusCode::OK, json!({ "data": { "message": { "body": body } } }).to_string()))
    };
    let blob = c_kzg::Blob::from_bytes(&blobs_from_payload(b"the payload").unwrap()[0][..]);
    let commitment = c_kzg::ethereum_kzg_settings(0).blob_to_kzg_commitment(&blob.unwrap());
    let right = commitments(commitment.unwrap().to_bytes().to_vec().into());
    let wrong = commitments([&[0xc0][..], &[0; 47]].concat().into());
    let broken = Some((StatusCode::INTERNAL_SERVER_ERROR, "no".to_owned()));
    let truth: Change = |answer| answer;
    let other: Change = |answer| answer.replace("746865207061796c6f6164", "746865207061796c6f6165");
    let cases: [(Change, _, bool); 7] = [
        (truth, None, true),
        (other, None, false),
        (|_| r#"{"data":[]}"#.into(), None, false),
        (truth, right.clone(), true),
        (other, right, false),
        // Commitments only make checking cheaper: without them each blob speaks for itself.
        (truth, wrong, true),
        (truth, broken, true),
    ];
    for (lie, block, honest) in cases {
        let url = beacon(lie, block).await;
        let parent = ok(Parent::connect_with(&rollup.anvil.url, Some(&url), quick()).await);
        let reader = InboxReader::new(parent, contracts.inbox, contracts.portal);
        let log = ok(reader.log(0, &head).await);
        match reader.payload(&log.batches[0]).await {
            Ok(payload) => {
                assert!(honest);
                assert_eq!(payload.unwrap()[..], b"the payload"[..]);
            }
            Err(error) => {
                assert!(!honest && matches!(error, ParentError::Temporary(_)), "{error:?}")
            }
        }
    }
}
