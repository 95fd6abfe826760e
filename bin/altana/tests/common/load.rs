//! Users of a rollup, who remember what was acknowledged to them.

use super::{Dev, altana, succeed};
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::Encodable2718,
    network::{AnyNetwork, TxSignerSync},
    primitives::{Address, B256, TxKind, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use serde_json::Value;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet};

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(25);
/// A condition that does not come true for so long is a broken promise.
const PATIENCE: Duration = Duration::from_secs(60);
/// Gas of a transfer.
const TRANSFER_GAS: u64 = 21_000;
/// Gas of a byte of data that is zero (EIP-7623).
const ZERO_BYTE_GAS: u64 = 10;
/// A user's rest between two transfers: a load, not a flood.
const REST: Duration = Duration::from_millis(10);
/// More than any base fee of a devnet.
const MAX_FEE_WEI: u128 = 100_000_000_000;

/// A provider that neither signs nor fills in.
pub fn provider(url: &str) -> DynProvider<AnyNetwork> {
    let url = url.parse().expect("a URL");
    let builder = ProviderBuilder::new().disable_recommended_fillers().network::<AnyNetwork>();
    builder.connect_http(url).erased()
}

/// Looks at a condition until it holds; says what was waited for in vain.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < give_up, "waited {PATIENCE:?} for {what} in vain");
        tokio::time::sleep(POLL).await;
    }
}

/// Number and hash of the rollup's block with this tag.
pub async fn block(rollup: &DynProvider<AnyNetwork>, tag: &str) -> (u64, B256) {
    let tag = tag.parse().expect("a block's number or tag");
    let block = rollup.get_block_by_number(tag).await.expect("the rollup answers");
    let header = &block.expect("the block exists").header;
    (header.number, header.hash)
}

/// Number of the block that holds a transaction, once one does.
pub async fn included(chain: &DynProvider<AnyNetwork>, hash: B256) -> u64 {
    until(&format!("the receipt of {hash}"), async || {
        chain.get_transaction_receipt(hash).await.expect("the chain answers")?.block_number
    })
    .await
}

/// Waits until every acknowledged transaction is in a block that the parent has; the last of these
/// blocks.
pub async fn all_safe(rollup: &DynProvider<AnyNetwork>, acknowledged: &[B256]) -> u64 {
    let mut last = 0;
    for hash in acknowledged {
        last = last.max(included(rollup, *hash).await);
    }
    safe_from(rollup, last).await;
    last
}

/// Waits until the parent has a block.
pub async fn safe_from(rollup: &DynProvider<AnyNetwork>, number: u64) {
    until(&format!("block {number} to be safe"), async || {
        (block(rollup, "safe").await.0 >= number).then_some(())
    })
    .await;
}

/// Rebuilds the rollup of `dir` from its parent alone, and compares it with the running node.
pub async fn rebuild(dir: &Path, dev: &Dev) -> Value {
    let chain = dir.join("chain");
    let chain = chain.to_str().expect("a path that is text");
    let mut command = altana(&["rebuild", "--json", "--chain", chain]);
    command.args(["--parent", dev.get("/parent/rpc"), "--compare", dev.get("/rollup/rpc")]);
    let text = tokio::task::spawn_blocking(move || succeed(command)).await.expect("no panic");
    serde_json::from_str(&text).expect("one JSON object")
}

/// The key of a funded account.
pub fn key(dev: &Dev, index: usize) -> PrivateKeySigner {
    dev.get(&format!("/accounts/{index}/key")).parse().expect("a key")
}

/// Some accounts that send transfers, each one after the other.
pub struct Load {
    stop: Arc<AtomicBool>,
    senders: JoinSet<Vec<B256>>,
    acknowledged: watch::Sender<usize>,
}

impl Load {
    /// Begins with the first `senders` accounts.
    pub fn start(dev: &Dev, senders: usize) -> Self {
        Self::start_with(dev, senders, 0)
    }

    /// [`Load::start`] with this many bytes of data in each transfer.
    pub fn start_with(dev: &Dev, senders: usize, data_bytes: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = watch::Sender::new(0);
        let chain_id = dev.info["rollup"]["chainId"].as_u64().expect("a chain id");
        let mut tasks = JoinSet::new();
        for index in 0..senders {
            let sender = Sender {
                key: key(dev, index),
                chain_id,
                data_bytes,
                rollup: provider(dev.get("/rollup/rpc")),
                stop: stop.clone(),
                acknowledged: acknowledged.clone(),
            };
            tasks.spawn(sender.run());
        }
        Self { stop, senders: tasks, acknowledged }
    }

    /// How many transfers were acknowledged until now.
    pub fn count(&self) -> usize {
        *self.acknowledged.borrow()
    }

    /// Waits until so many transfers were acknowledged.
    pub async fn acknowledged(&self, count: usize) {
        let mut counter = self.acknowledged.subscribe();
        let enough = tokio::time::timeout(PATIENCE, counter.wait_for(|now| *now >= count)).await;
        assert!(enough.is_ok(), "waited {PATIENCE:?} for {count} acknowledgements in vain");
    }

    /// Ends the load; everything that was acknowledged.
    pub async fn stop(self) -> Vec<B256> {
        self.stop.store(true, Ordering::Relaxed);
        self.senders.join_all().await.concat()
    }
}

struct Sender {
    key: PrivateKeySigner,
    chain_id: u64,
    data_bytes: usize,
    rollup: DynProvider<AnyNetwork>,
    stop: Arc<AtomicBool>,
    acknowledged: watch::Sender<usize>,
}

impl Sender {
    async fn run(self) -> Vec<B256> {
        let mut hashes = Vec::new();
        let mut nonce = None;
        while !self.stop.load(Ordering::Relaxed) {
            match self.send(nonce).await {
                Some((used, hash)) => {
                    hashes.push(hash);
                    nonce = Some(used + 1);
                    self.acknowledged.send_modify(|count| *count += 1);
                    tokio::time::sleep(REST).await;
                }
                // Refused, or the node is gone: asks for the nonce again.
                None => {
                    nonce = None;
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        hashes
    }

    /// Sends one transfer; its nonce and hash if the node says that it has it.
    async fn send(&self, nonce: Option<u64>) -> Option<(u64, B256)> {
        let nonce = match nonce {
            Some(nonce) => nonce,
            None => self.rollup.get_transaction_count(self.key.address()).pending().await.ok()?,
        };
        let mut tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit: TRANSFER_GAS + ZERO_BYTE_GAS * self.data_bytes as u64,
            max_fee_per_gas: MAX_FEE_WEI,
            max_priority_fee_per_gas: 1,
            to: TxKind::Call(Address::repeat_byte(0x77)),
            value: U256::from(1),
            input: vec![0; self.data_bytes].into(),
            ..Default::default()
        };
        let signature = self.key.sign_transaction_sync(&mut tx).expect("a local key signs");
        let raw = TxEnvelope::from(tx.into_signed(signature)).encoded_2718();
        let sent = self.rollup.send_raw_transaction(&raw).await.ok()?;
        Some((nonce, *sent.tx_hash()))
    }
}
