//! Signed transactions in bulk, and a client that sends them through JSON-RPC as fast as the server takes them.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::Encodable2718,
    network::TxSignerSync,
    primitives::{Address, Bytes, TxKind, U256, keccak256},
    signers::local::PrivateKeySigner,
};
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet};

/// Transactions per JSON-RPC batch, the same against every server.
pub const BATCH: usize = 200;
/// Connections that send at once.
pub const CONNECTIONS: usize = 4;
/// Transactions that are sent ahead of the blocks that hold them: less than a pool holds.
pub const WINDOW: usize = 20_000;
/// Longest run of one load.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The senders of a load: keys made from a seed, so that runs repeat.
pub fn senders(count: usize) -> Vec<PrivateKeySigner> {
    (0..count as u64)
        .into_par_iter()
        .map(|i| {
            let key = keccak256([b"altana bench sender".as_slice(), &i.to_be_bytes()].concat());
            PrivateKeySigner::from_bytes(&key)
                .expect("a hash is a valid key but for odds of 2^-128")
        })
        .collect()
}

/// The i-th fresh recipient: an address nobody has a key for.
pub fn recipient(i: u64) -> Address {
    let hash = keccak256([b"altana bench recipient".as_slice(), &i.to_be_bytes()].concat());
    Address::from_slice(&hash[12..])
}

/// One call to be signed.
pub struct Call {
    /// Callee.
    pub to: Address,
    /// Wei.
    pub value: U256,
    /// Calldata.
    pub input: Bytes,
    /// Gas limit.
    pub gas: u64,
}

/// Signs `calls[i]` with `senders[i % senders]`, nonces from `first_nonce` up, in an order in which
/// each sender's nonces rise. Returns raw EIP-2718 transactions.
pub fn sign(
    senders: &[PrivateKeySigner],
    first_nonce: u64,
    chain_id: u64,
    max_fee: u128,
    calls: Vec<Call>,
) -> Vec<Bytes> {
    calls
        .into_par_iter()
        .enumerate()
        .map(|(i, call)| {
            let mut tx = TxEip1559 {
                chain_id,
                nonce: first_nonce + (i / senders.len()) as u64,
                gas_limit: call.gas,
                max_fee_per_gas: max_fee,
                max_priority_fee_per_gas: 1,
                to: TxKind::Call(call.to),
                value: call.value,
                input: call.input,
                ..Default::default()
            };
            let signer = &senders[i % senders.len()];
            let signature = signer.sign_transaction_sync(&mut tx).expect("a local key signs");
            Bytes::from(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
        })
        .collect()
}

/// Signs the creation of a contract.
pub fn sign_creation(
    signer: &PrivateKeySigner,
    nonce: u64,
    chain_id: u64,
    max_fee: u128,
    init_code: Bytes,
) -> Bytes {
    let mut tx = TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 5_000_000,
        max_fee_per_gas: max_fee,
        max_priority_fee_per_gas: 1,
        to: TxKind::Create,
        input: init_code,
        ..Default::default()
    };
    let signature = signer.sign_transaction_sync(&mut tx).expect("a local key signs");
    Bytes::from(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
}

/// What one run of a load took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Transactions that blocks hold.
    pub transactions: usize,
    /// From the first request to the block that holds the last transaction.
    pub elapsed: Duration,
}

impl Run {
    /// Transactions per second.
    pub fn rate(&self) -> f64 {
        self.transactions as f64 / self.elapsed.as_secs_f64()
    }
}

/// Sends raw transactions over [`CONNECTIONS`] connections in batches of [`BATCH`], at most
/// [`WINDOW`] ahead of the blocks, until blocks hold them all, or until `limit`: what they hold by then
/// counts.
///
/// A sender's transactions must lie at least `BATCH * CONNECTIONS` apart, since batches race.
pub async fn drive(url: &str, transactions: &[Bytes], limit: Duration) -> Result<Run> {
    let client = reqwest::Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?;
    let first_block = block_number(&client, url).await?;
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(transactions.chunks(BATCH).map(batch_body).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let (included, seen) = watch::channel(0);
    let begin = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, url, mut seen) = (client.clone(), url.to_owned(), seen.clone());
        let (bodies, next) = (bodies.clone(), next.clone());
        workers.spawn(async move {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(body) = bodies.get(index) else { return anyhow::Ok(()) };
                seen.wait_for(|seen| index * BATCH <= seen + WINDOW).await?;
                post_batch(&client, &url, body.clone()).await?;
            }
        });
    }
    let sending = async {
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        anyhow::Ok(())
    };
    let counting = count_included(&client, url, first_block, transactions.len(), &included);
    let both = async { tokio::try_join!(sending, counting) };
    if let Ok(done) = tokio::time::timeout(limit, both).await {
        done?;
    }
    let transactions = *included.borrow();
    Ok(Run { transactions, elapsed: begin.elapsed() })
}

/// Counts the transactions (deposits not) of the blocks after `first_block` until they are
/// `expected`.
async fn count_included(
    client: &reqwest::Client,
    url: &str,
    mut block: u64,
    expected: usize,
    included: &watch::Sender<usize>,
) -> Result<()> {
    loop {
        let head = block_number(client, url).await?;
        while block < head {
            block += 1;
            let count = request(
                client,
                url,
                "eth_getBlockTransactionCountByNumber",
                json!([format!("{block:#x}")]),
            )
            .await?;
            let count = quantity(&count)? as usize;
            included.send_modify(|included| *included = expected.min(*included + count));
        }
        if *included.borrow() == expected {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn batch_body(chunk: &[Bytes]) -> Vec<u8> {
    let calls: Vec<Value> = chunk
        .iter()
        .enumerate()
        .map(|(id, raw)| {
            json!({"jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw]})
        })
        .collect();
    serde_json::to_vec(&calls).expect("plain JSON")
}

async fn post_batch(client: &reqwest::Client, url: &str, body: Vec<u8>) -> Result<()> {
    let response = client
        .post(url)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .with_context(|| format!("{url} does not answer"))?;
    let bytes = response.bytes().await?;
    // Parsing 200 answers would measure the client; an error in any of them is visible in the text.
    if bytes.windows(7).any(|w| w == b"\"error\"") {
        bail!("{url} refused: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(600)]));
    }
    Ok(())
}

/// One JSON-RPC request; an error answer is an error.
pub async fn request(
    client: &reqwest::Client,
    url: &str,
    method: &str,
    params: Value,
) -> Result<Value> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut answer: Value = client.post(url).json(&body).send().await?.json().await?;
    if let Some(error) = answer.get("error") {
        bail!("{method}: {error}");
    }
    Ok(answer["result"].take())
}

async fn block_number(client: &reqwest::Client, url: &str) -> Result<u64> {
    quantity(&request(client, url, "eth_blockNumber", json!([])).await?)
}

/// Reads a hex quantity.
pub fn quantity(value: &Value) -> Result<u64> {
    let text = value.as_str().with_context(|| format!("{value} is not a quantity"))?;
    Ok(u64::from_str_radix(text.trim_start_matches("0x"), 16)?)
}
