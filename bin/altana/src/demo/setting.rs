//! Where a story plays: a stack, a user with funds on both chains, and a hand on the parent's clock.

use crate::stack::{
    Stack, StackOptions, any_provider, claim_reader, connect, provider,
    rebuild::{Rebuilt, rebuild, rescue},
};
use alloy::{
    consensus::Transaction as _,
    network::{AnyNetwork, TransactionBuilder},
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, TransactionRequest},
    sol_types::{SolEvent, SolValue},
};
use altana_bridge::{Bridge, Withdrawal, WithdrawalStatus};
use altana_contracts::{
    Preset, artifact,
    bindings::{FaultProof, Inbox},
};
use altana_parent::{Claims, Sender, SenderOptions, Sent};
use altana_protocol::{Transaction, transaction::Recovered};
use altana_rpc::{
    Backend, PoolContent, PoolStatus, RollupInfo, Submission, SubmitError, SyncProgress,
};
use anyhow::{Context, Result, bail};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::broadcast, time::Instant};

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(100);
/// A condition that does not come true for so long is a broken promise.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often a demo's own transactions are looked at.
const SENDING_POLL: Duration = Duration::from_millis(20);
/// How often a commit is tried beside the node's own.
const ATTEMPTS: usize = 20;
/// The account that publishes.
pub const BATCHER: usize = crate::stack::accounts::COUNT - 1;
/// Where the contracts of chains with proofs begin: behind those that any of them needs.
const PROVED_NONCE: u64 = 16;
/// The account whose story it is.
pub const USER: usize = 1;
/// The first of the accounts that steal.
pub const FIRST_THIEF: usize = 2;

/// A stack and its user.
pub struct Setting {
    /// Everything that runs.
    pub stack: Stack,
    /// The account whose story it is.
    pub user: Address,
    /// The parent, signing for the user.
    pub parent: DynProvider,
    /// The rollup, signing for the user.
    pub rollup: DynProvider<AnyNetwork>,
    /// The user's way between the two.
    pub bridge: Bridge,
}

/// A batch on the parent.
pub struct Published {
    /// Blobs that carry it; 0 if it is in calldata.
    pub blobs: u64,
    /// Bytes on the parent.
    pub bytes: u64,
    /// Gas of the commit.
    pub gas: u64,
}

impl Setting {
    /// An honest rollup.
    pub async fn start(parent: Option<&str>) -> Result<Self> {
        let stack = Stack::start(options(parent)).await?;
        Self::over(stack)
    }

    /// A rollup whose sequencer takes the user's transactions and forgets them, and includes queue
    /// messages only when the contracts leave no choice.
    pub async fn start_hostile(parent: Option<&str>) -> Result<Self> {
        let victim = crate::stack::accounts::Accounts::test().signer(USER).address();
        let options = StackOptions { delay_messages: true, ..options(parent) };
        let hostile = move |inner| Arc::new(Hostile { inner, victim }) as Arc<dyn Backend>;
        Self::over(Stack::start_wrapped(options, Box::new(hostile)).await?)
    }

    /// An honest rollup whose node makes no claims but against wrong ones.
    pub async fn start_disputed(parent: Option<&str>, window_s: u64) -> Result<Self> {
        let options = StackOptions {
            claim_interval_s: None,
            challenge_window_s: Some(window_s),
            sending_poll_ms: 20,
            claims_poll_ms: 50,
            ..options(parent)
        };
        Self::over(Stack::start(options).await?)
    }

    /// A chain whose claims are proved, the same to the bit each time. Nobody leads it.
    pub async fn start_proved(
        parent: Option<&str>,
        preset: Preset,
        clock: u64,
        window_s: u64,
    ) -> Result<Self> {
        let options = StackOptions {
            preset: Some(preset),
            clock: Some(clock),
            first_nonce: Some(PROVED_NONCE),
            follows: true,
            challenge_window_s: Some(window_s),
            sending_poll_ms: 20,
            claims_poll_ms: 50,
            ..options(parent)
        };
        Self::over(Stack::start(options).await?)
    }

    fn over(stack: Stack) -> Result<Self> {
        let wallet = stack.accounts.wallet(USER);
        let parent = provider(&stack.parent_url, &wallet)?;
        let rollup = any_provider(&stack.rollup_url, &wallet)?;
        let contracts = stack.deployment.contracts;
        let bridge =
            Bridge::new(any_provider(&stack.parent_url, &wallet)?, rollup.clone(), contracts);
        let user = stack.accounts.signer(USER).address();
        Ok(Self { stack, user, parent, rollup, bridge })
    }

    /// Gas that the deployment took.
    pub async fn deployment_gas(&self) -> Result<u64> {
        let mut gas = 0;
        let first = self.stack.deployment.parent_start_block + 1;
        let deployer = self.stack.accounts.signer(crate::stack::DEPLOYER).address();
        for number in first..=self.parent.get_block_number().await? {
            let receipts = self.parent.get_block_receipts(number.into()).await?;
            let receipts = receipts.unwrap_or_default().into_iter();
            let own = receipts.filter(|receipt| receipt.from == deployer);
            gas += own.map(|receipt| receipt.gas_used).sum::<u64>();
        }
        Ok(gas)
    }

    /// Deploys a token on the parent; the user gets the supply. Answers its address and the gas.
    pub async fn deploy_token(
        &self,
        name: &str,
        symbol: &str,
        supply: U256,
    ) -> Result<(Address, u64)> {
        let arguments = (name, symbol, supply).abi_encode_params();
        let code = [artifact::init_code("DemoToken")?.as_ref(), &arguments].concat();
        let request = TransactionRequest::default().with_deploy_code(Bytes::from(code));
        let receipt = self.parent.send_transaction(request).await?.get_receipt().await?;
        let token = receipt.contract_address.context("the token was not created")?;
        Ok((token, receipt.gas_used))
    }

    /// Waits until the rollup has sealed a block.
    pub async fn wait_block(&self, number: u64) -> Result<()> {
        until("the next blocks", async || Ok(self.rollup.get_block_number().await? >= number)).await
    }

    /// Waits until a block is on the parent.
    pub async fn wait_safe(&self, number: u64) -> Result<()> {
        until("publication", async || {
            let safe = self.rollup.get_block(alloy::eips::BlockId::safe()).await?;
            Ok(safe.is_some_and(|block| block.header.number >= number))
        })
        .await
    }

    /// Waits for a status of a withdrawal; where only time is missing, lets it pass.
    pub async fn wait_status(
        &self,
        withdrawal: &Withdrawal,
        status: WithdrawalStatus,
    ) -> Result<()> {
        until("a withdrawal's next step", async || {
            let now = self.bridge.withdrawal_status(withdrawal).await?;
            if let WithdrawalStatus::WaitingToFinalize { seconds_left } = now {
                self.pass_time(seconds_left).await?;
            }
            Ok(now == status)
        })
        .await
    }

    /// The parent's clock.
    pub async fn parent_time(&self) -> Result<u64> {
        let block = self.parent.get_block(alloy::eips::BlockId::latest()).await?;
        Ok(block.context("the parent has no block")?.header.timestamp)
    }

    /// Waits until the parent has so many batches, all of them derived.
    pub async fn wait_batches(&self, count: u64) -> Result<()> {
        let inbox = Inbox::new(self.stack.deployment.contracts.inbox, &self.parent);
        until("the next batch", async || Ok(inbox.lastBatch().call().await? >= count)).await
    }

    /// Commits a payload in the batcher's name; gives the batch's index, and the gas.
    pub async fn commit_as_batcher(&self, payload: Bytes) -> Result<(u64, u64)> {
        let wallet = self.stack.accounts.wallet(BATCHER);
        let parent = provider(&self.stack.parent_url, &wallet)?;
        let inbox = Inbox::new(self.stack.deployment.contracts.inbox, &parent);
        // The node's own batcher may be faster.
        for _ in 0..ATTEMPTS {
            let index = inbox.lastBatch().call().await? + 1;
            let (start, timestamp) =
                (inbox.queueConsumed().call().await?, inbox.lastTimestamp().call().await?);
            let call = inbox.commitBatch(index, timestamp, timestamp, start + 1, payload.clone());
            if let Ok(sent) = call.send().await {
                let receipt = sent.get_receipt().await?;
                if receipt.status() {
                    return Ok((index, receipt.gas_used));
                }
            }
        }
        bail!("the batcher was faster {ATTEMPTS} times")
    }

    /// A thief's account.
    pub fn thief(&self, number: usize) -> Address {
        self.stack.accounts.signer(FIRST_THIEF + number).address()
    }

    /// The account of the honest node's claims.
    pub fn honest(&self) -> Address {
        self.stack.accounts.signer(crate::stack::accounts::COUNT - 2).address()
    }

    /// The parent, signing for one of the test accounts.
    pub fn parent_as(&self, account: usize) -> Result<DynProvider> {
        provider(&self.stack.parent_url, &self.stack.accounts.wallet(account))
    }

    /// Makes claims and moves for one of the test accounts.
    pub async fn claims_of(&self, account: usize, name: &str) -> Result<Claims> {
        let parent = self.stack.parent().await?;
        let folder = self.stack.folder(name);
        std::fs::create_dir_all(&folder)?;
        let key = Arc::new(self.stack.accounts.signer(account).clone());
        let options = SenderOptions { poll_interval: SENDING_POLL, ..SenderOptions::default() };
        let sender = Sender::open(parent.clone(), key, &folder, options)?;
        let reader = claim_reader(parent, &self.stack.deployment).await?;
        Ok(Claims { sender, reader })
    }

    /// How many instructions were proven on the parent since a block.
    pub async fn proven_edges(&self, from: u64) -> Result<usize> {
        let filter = Filter::new()
            .address(self.stack.deployment.contracts.validity)
            .event_signature(FaultProof::EdgeProven::SIGNATURE_HASH)
            .from_block(from);
        Ok(self.parent.get_logs(&filter).await?.len())
    }

    /// How many edges were bisected on the parent since a block.
    pub async fn bisected_edges(&self, from: u64) -> Result<usize> {
        let filter = Filter::new()
            .address(self.stack.deployment.contracts.validity)
            .event_signature(FaultProof::EdgeBisected::SIGNATURE_HASH)
            .from_block(from);
        Ok(self.parent.get_logs(&filter).await?.len())
    }

    /// Looks at a condition until it is true.
    pub async fn until(
        &self,
        what: &str,
        condition: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        until(what, condition).await
    }

    /// Leaves the others some time.
    pub async fn pause(&self) {
        tokio::time::sleep(POLL).await;
    }

    /// From now on the parent makes a block for each transaction at once.
    pub async fn mine_at_once(&self) -> Result<()> {
        let client = self.parent.client();
        let _: Value = client.request("evm_setAutomine", json!([true])).await?;
        Ok(())
    }

    /// Lets time pass on the parent, as development chains can.
    pub async fn pass_time(&self, seconds: u64) -> Result<()> {
        let client = self.parent.client();
        let _: Value = client.request("evm_increaseTime", json!([seconds])).await?;
        let _: Value = client.request("evm_mine", json!([])).await?;
        Ok(())
    }

    /// The batches on the parent.
    pub async fn batches(&self) -> Result<Vec<Published>> {
        let filter = Filter::new()
            .address(self.stack.deployment.contracts.inbox)
            .event_signature(Inbox::BatchCommitted::SIGNATURE_HASH)
            .from_block(self.stack.deployment.parent_start_block);
        let mut batches = Vec::new();
        for log in self.parent.get_logs(&filter).await? {
            let hash = log.transaction_hash.context("a log without a transaction")?;
            let event = log.log_decode::<Inbox::BatchCommitted>()?.inner.data;
            let receipt = self.parent.get_transaction_receipt(hash).await?.context("no receipt")?;
            let transaction = self.parent.get_transaction_by_hash(hash).await?;
            let transaction = transaction.context("no transaction")?;
            let blobs = transaction.blob_versioned_hashes().map_or(0, |hashes| hashes.len() as u64);
            let bytes = if blobs > 0 { blobs * BLOB_BYTES } else { event.data.len() as u64 };
            batches.push(Published { blobs, bytes, gas: receipt.gas_used });
        }
        Ok(batches)
    }

    /// What a stranger gets from the parent alone.
    pub async fn rebuild(&self) -> Result<Rebuilt> {
        rebuild(&self.stack.parent_url, &self.stack.beacon_url, &self.stack.deployment).await
    }

    /// The user commits what waits in the queue.
    pub async fn commit_as_user(&self) -> Result<Sent> {
        let stack = &self.stack;
        let parent = connect(&stack.parent_url, &stack.beacon_url, &stack.deployment).await?;
        let folder = stack.folder("user");
        std::fs::create_dir_all(&folder)?;
        let key = Arc::new(stack.accounts.signer(USER).clone());
        let sender = Sender::open(parent.clone(), key, &folder, SenderOptions::default())?;
        match rescue(parent, &stack.deployment, sender).await? {
            Some((sent, _)) if sent.reverted.is_none() => Ok(sent),
            Some((sent, _)) => bail!("the commit {} was reverted", sent.hash),
            None => bail!("nothing waits in the queue"),
        }
    }
}

/// What a blob costs, however full it is.
const BLOB_BYTES: u64 = 131_072;

fn options(parent: Option<&str>) -> StackOptions {
    StackOptions { parent: parent.map(str::to_owned), ..StackOptions::default() }
}

/// Looks at a condition until it is true.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let give_up = Instant::now() + PATIENCE;
    while !condition().await? {
        if Instant::now() > give_up {
            bail!("waited {PATIENCE:?} for {what} in vain");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// A sequencer's front door that says yes to one user's transactions and drops them.
struct Hostile {
    inner: Arc<dyn Backend>,
    victim: Address,
}

impl Backend for Hostile {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        Box::pin(async move {
            let drops: Vec<bool> =
                batch.iter().map(|sub| sub.transaction.signer() == self.victim).collect();
            let honest = batch.into_iter().zip(&drops).filter(|(_, drop)| !**drop);
            let mut answers =
                self.inner.submit(honest.map(|(sub, _)| sub).collect()).await.into_iter();
            drops
                .iter()
                .map(|drop| if *drop { Ok(()) } else { answers.next().unwrap_or(Ok(())) })
                .collect()
        })
    }
    fn pending(&self) -> Option<Arc<altana_ledger::Pending>> {
        self.inner.pending()
    }
    fn pooled(&self, hash: B256) -> Option<Arc<Recovered<Transaction>>> {
        self.inner.pooled(hash)
    }
    fn pooled_nonce(&self, address: Address) -> Option<u64> {
        self.inner.pooled_nonce(address)
    }
    fn pool_content(&self) -> PoolContent {
        self.inner.pool_content()
    }
    fn pool_status(&self) -> PoolStatus {
        self.inner.pool_status()
    }
    fn pool_events(&self) -> broadcast::Receiver<Arc<Recovered<Transaction>>> {
        self.inner.pool_events()
    }
    fn syncing(&self) -> Option<SyncProgress> {
        self.inner.syncing()
    }
    fn rollup(&self) -> Option<Arc<dyn RollupInfo>> {
        self.inner.rollup()
    }
}
