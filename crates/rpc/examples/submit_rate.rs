//! How many transactions a second get through the server to a pool that only counts them, in
//! batches of 200 over HTTP; beside it, what recovering their senders alone takes on the same
//! cores. `cargo run --release -p altana-rpc --example submit_rate`

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use alloy::{
    primitives::{Address, B256, TxKind, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    transports::http::reqwest::Client,
};
use alloy_consensus::{
    SignableTransaction, TxEip1559,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_genesis::Genesis;
use altana_ledger::{EthereumRules, Ledger, Options, Pending, Rules};
use altana_protocol::Transaction;
use altana_rpc::{Backend, PoolContent, PoolStatus, Server, Submission, SubmitError};
use futures::{FutureExt, future::BoxFuture};
use rayon::prelude::*;
use serde_json::json;
use tokio::sync::broadcast;

const CHAIN_ID: u64 = 1;
const TRANSACTIONS: usize = 100_000;
const BATCH: usize = 200;
const CONNECTIONS: usize = 4;

/// Counts what it is given.
struct Counter {
    count: AtomicUsize,
    events: broadcast::Sender<Arc<Recovered<Transaction>>>,
}

impl Backend for Counter {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        self.count.fetch_add(batch.len(), Ordering::SeqCst);
        async move { batch.iter().map(|_| Ok(())).collect() }.boxed()
    }

    fn pending(&self) -> Option<Arc<Pending>> {
        None
    }

    fn pooled(&self, _: B256) -> Option<Arc<Recovered<Transaction>>> {
        None
    }

    fn pooled_nonce(&self, _: Address) -> Option<u64> {
        None
    }

    fn pool_content(&self) -> PoolContent {
        PoolContent::default()
    }

    fn pool_status(&self) -> PoolStatus {
        PoolStatus::default()
    }

    fn pool_events(&self) -> broadcast::Receiver<Arc<Recovered<Transaction>>> {
        self.events.subscribe()
    }
}

fn signed(nonce: u64, signer: &PrivateKeySigner) -> Vec<u8> {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(Address::with_last_byte(1)),
        value: U256::from(nonce),
        ..Default::default()
    };
    let signature = signer.sign_hash_sync(&tx.signature_hash()).expect("it signs");
    Transaction::Eip1559(tx.into_signed(signature)).encoded_2718()
}

fn bodies(raw: &[Vec<u8>]) -> Vec<String> {
    let request = |(id, raw): (usize, &Vec<u8>)| {
        let raw = alloy::primitives::hex::encode_prefixed(raw);
        json!({ "jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw] })
    };
    let body = |batch: &[Vec<u8>]| {
        serde_json::Value::from_iter(batch.iter().enumerate().map(request)).to_string()
    };
    raw.chunks(BATCH).map(body).collect()
}

#[tokio::main]
async fn main() {
    let signer = PrivateKeySigner::random();
    let raw: Vec<_> =
        (0..TRANSACTIONS as u64).into_par_iter().map(|nonce| signed(nonce, &signer)).collect();

    let start = Instant::now();
    let recovered = raw.par_iter().filter(|raw| {
        let tx = Transaction::decode_2718_exact(raw).expect("it decodes");
        tx.recover_signer().is_ok_and(|sender| sender == signer.address())
    });
    assert_eq!(recovered.count(), TRANSACTIONS);
    let bound = TRANSACTIONS as f64 / start.elapsed().as_secs_f64();

    let rules = Rules::Ethereum(EthereumRules::osaka(CHAIN_ID));
    let mut genesis = Genesis::default();
    genesis.config.chain_id = CHAIN_ID;
    let ledger = Ledger::open(None, &genesis, rules, Options::default()).expect("it opens");
    let counter = Arc::new(Counter { count: 0.into(), events: broadcast::channel(16).0 });
    let server = Server::new(ledger, Arc::clone(&counter) as Arc<dyn Backend>)
        .serve(([127, 0, 0, 1], 0).into())
        .await
        .expect("a port is free");
    let (url, bodies) = (server.http_url(), bodies(&raw));

    let start = Instant::now();
    let mut senders = Vec::new();
    for share in bodies.chunks(bodies.len().div_ceil(CONNECTIONS)) {
        let (url, share, client) = (url.clone(), share.to_vec(), Client::new());
        senders.push(tokio::spawn(async move {
            for body in share {
                let request = client.post(&url).header("content-type", "application/json");
                let answer = request.body(body).send().await.expect("an answer");
                let answer = answer.text().await.expect("a body");
                assert!(!answer.contains("\"error\""), "{answer}");
            }
        }));
    }
    for sender in senders {
        sender.await.expect("it sends");
    }
    let rate = TRANSACTIONS as f64 / start.elapsed().as_secs_f64();
    assert_eq!(counter.count.load(Ordering::SeqCst), TRANSACTIONS);
    let line = json!({
        "name": "rpc.submit", "value": rate.round(), "unit": "tx/s",
        "peer": "decoding and recovery alone", "peer_value": bound.round(), "ratio": rate / bound,
    });
    println!("{line}");
}
