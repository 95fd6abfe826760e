//! Sending an account's transactions until they are mined and confirmed.
//!
//! One transaction is in flight at a time: transaction pools refuse to hold blob transactions and
//! others of one account together, and what the next one says mostly depends on the last. It is
//! written to a journal before it is first sent, and again before each version with higher fees, so
//! that a crash neither loses nor doubles it.

mod errors;
mod fees;
mod journal;
mod sidecar;
mod transaction;

use crate::{Parent, ParentError, rpc::CallError};
use alloy::{
    eips::BlockId,
    network::TxSigner,
    primitives::{Address, B256, Bytes, Signature, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionReceipt,
};
use altana_protocol::batch::Blob;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

pub use errors::{SendError, revert_reason};
pub use fees::{FeeCaps, Fees};
pub use journal::JournalError;

use journal::{Flight, Journal};
use transaction::{Prepared, Rejection};

/// How to send.
#[derive(Clone, Copy, Debug)]
pub struct SenderOptions {
    /// Blocks, the transaction's own included, after which it counts as mined.
    pub confirmations: u64,
    /// How often to look.
    pub poll_interval: Duration,
    /// A transaction that is not mined for so long is sent again with higher fees.
    pub bump_after: Duration,
    /// Most to pay.
    pub caps: FeeCaps,
    /// How long a call may take. What is in flight then stays so, and the next call goes on with it.
    pub deadline: Duration,
}

impl Default for SenderOptions {
    fn default() -> Self {
        Self {
            confirmations: 1,
            poll_interval: Duration::from_secs(1),
            bump_after: Duration::from_secs(36),
            caps: FeeCaps::default(),
            deadline: Duration::from_secs(3600),
        }
    }
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom to call.
    pub to: Address,
    /// Wei to send along.
    pub value: U256,
    /// Call data.
    pub data: Bytes,
    /// Blobs to carry; with any it is a type 3 transaction.
    pub blobs: Vec<Blob>,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: B256,
    /// Number of the block that holds it.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Why the call reverted, if it did.
    pub reverted: Option<String>,
    /// Gas used.
    pub gas_used: u64,
    /// Wei paid for gas and blob gas.
    pub fee: U256,
}

/// Sends one account's transactions. Clones share the account, and take turns.
#[derive(Clone)]
pub struct Sender {
    parent: Parent,
    signer: Arc<dyn TxSigner<Signature> + Send + Sync>,
    options: SenderOptions,
    state: Arc<Mutex<State>>,
}

struct State {
    journal: Journal,
    flight: Option<Flight>,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("account", &self.signer.address()).finish_non_exhaustive()
    }
}

/// Where the transaction in flight is.
enum Status {
    Confirmed(Box<TransactionReceipt>),
    /// In a block, but not deep enough.
    Mined,
    /// Some version of it is waiting in the pool.
    Pending,
    /// The RPC does not know its newest version.
    Dropped,
    /// Another transaction took its nonce.
    Displaced,
}

/// How often in a row a transaction must look displaced: receipts may come later than nonces.
const DISPLACED_LOOKS: u32 = 3;

impl Sender {
    /// Opens the journal in `folder`, for which nobody else sends. The account should be used for
    /// nothing else.
    pub fn open(
        parent: Parent,
        signer: Arc<dyn TxSigner<Signature> + Send + Sync>,
        folder: &Path,
        options: SenderOptions,
    ) -> Result<Self, JournalError> {
        let (journal, flight) = Journal::open(folder, signer.address(), parent.chain_id())?;
        let state = Arc::new(Mutex::new(State { journal, flight }));
        Ok(Self { parent, signer, options, state })
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Sends a transaction and waits until it is confirmed.
    ///
    /// What was in flight before (when a call failed, was dropped, or the process was killed) is
    /// brought to its end first. If it was the same request, its result is this call's: a request
    /// that is repeated after a failure is not doubled.
    ///
    /// A revert of the call in estimation is [`SendError::Reverted`], and nothing was sent. One that
    /// only shows in the block is in [`Sent::reverted`].
    pub async fn send(&self, request: Request) -> Result<Sent, SendError> {
        let mut state = self.state.lock().await;
        if let Some((sent, finished)) = self.finish(&mut state, None).await?
            && finished.request() == request
        {
            return Ok(sent);
        }
        let prepared = Prepared::new(&request).await?;
        let gas_limit = self.estimate(&request, &prepared).await?;
        let nonce = self.nonce(BlockId::latest()).await?;
        let flight = Flight::new(&request, gas_limit, nonce);
        state.flight = Some(flight);
        match self.finish(&mut state, Some(prepared)).await? {
            Some((sent, _)) => Ok(sent),
            None => Err(ParentError::temporary("nothing is in flight").into()),
        }
    }

    /// Brings to its end what a crash or a failed call left in flight; `None` if nothing is.
    pub async fn resume(&self) -> Result<Option<Sent>, SendError> {
        let mut state = self.state.lock().await;
        Ok(self.finish(&mut state, None).await?.map(|(sent, _)| sent))
    }

    /// Brings what is in flight to its end; its proofs are computed unless they are given.
    async fn finish(
        &self,
        state: &mut State,
        prepared: Option<Prepared>,
    ) -> Result<Option<(Sent, Flight)>, SendError> {
        let State { journal, flight: slot } = state;
        let Some(flight) = slot.as_mut() else { return Ok(None) };
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => Prepared::new(&flight.request()).await?,
        };
        let sent = match self.drive(journal, flight, &prepared).await {
            Err(error) if flight.versions.is_empty() => {
                // Never sent, not even written down: as if the call had not been made.
                *slot = None;
                return Err(error);
            }
            result => result?,
        };
        journal.clear()?;
        Ok(slot.take().map(|flight| (sent, flight)))
    }

    /// Sends, and sends again, until the transaction is confirmed.
    async fn drive(
        &self,
        journal: &mut Journal,
        flight: &mut Flight,
        prepared: &Prepared,
    ) -> Result<Sent, SendError> {
        let start = Instant::now();
        let mut sent_at = start;
        let mut displaced = 0;
        if flight.versions.is_empty() {
            let refused = self.send_version(journal, flight, prepared).await?;
            if let Some(reason) = refused {
                // No pool ever had it. Were it to stay in flight, it would block all others.
                journal.clear()?;
                let max_fee = flight.versions.last().map_or(0, |version| version.fees.max_fee);
                let gas = U256::from(flight.gas_limit) * U256::from(max_fee);
                flight.versions.clear();
                return Err(self.refused(flight.request().value + gas, reason).await?);
            }
        }
        loop {
            let step = async {
                let status = self.status(flight).await?;
                displaced = if matches!(status, Status::Displaced) { displaced + 1 } else { 0 };
                let mut refused = None;
                match status {
                    Status::Confirmed(receipt) => return Ok(Some(receipt)),
                    Status::Displaced if displaced >= DISPLACED_LOOKS => {
                        tracing::warn!(nonce = flight.nonce, "another transaction took the nonce");
                        let nonce = self.nonce(BlockId::latest()).await?;
                        flight.restart(nonce);
                        refused = self.send_version(journal, flight, prepared).await?;
                        sent_at = Instant::now();
                    }
                    Status::Pending | Status::Dropped
                        if sent_at.elapsed() >= self.options.bump_after =>
                    {
                        refused = self.send_version(journal, flight, prepared).await?;
                        sent_at = Instant::now();
                    }
                    Status::Dropped => {
                        refused = self.send_again(journal, flight, prepared).await?;
                    }
                    Status::Pending | Status::Mined | Status::Displaced => {}
                }
                refused.map_or(Ok(None), |reason| Err(refusal(reason)))
            };
            match step.await {
                Ok(Some(receipt)) => return self.outcome(flight, &receipt).await,
                Ok(None) => {}
                Err(SendError::Parent(ParentError::Temporary(reason))) => {
                    tracing::warn!(%reason, "transaction waits for the parent");
                    if start.elapsed() >= self.options.deadline {
                        return Err(ParentError::Temporary(reason).into());
                    }
                }
                Err(error) => return Err(error),
            }
            if start.elapsed() >= self.options.deadline {
                return Err(ParentError::temporary("a transaction is not mined in time").into());
            }
            tokio::time::sleep(self.options.poll_interval).await;
        }
    }

    /// Signs a version with the market's fees, or higher than the last one's; writes it down; sends
    /// it. Where the caps leave no room, sends the last one again. The answer is why it was refused.
    async fn send_version(
        &self,
        journal: &mut Journal,
        flight: &mut Flight,
        prepared: &Prepared,
    ) -> Result<Option<String>, SendError> {
        let market = self.market(prepared.has_blobs()).await?;
        let fees = match flight.versions.last() {
            None => market.capped(&self.options.caps),
            Some(last) => match last.fees.bumped(&market, &self.options.caps) {
                Some(fees) => fees,
                None => {
                    return Ok(match self.broadcast(flight, prepared).await? {
                        Some(Rejection::Refused(reason)) => Some(reason),
                        Some(Rejection::Underpriced) | None => None,
                    });
                }
            },
        };
        let ready = prepared.sign(flight, fees, self.parent.chain_id(), &*self.signer).await?;
        let hash = ready.hash();
        flight.versions.push(journal::Version { hash, fees });
        journal.store(flight).inspect_err(|_| {
            // Not written down, so not to be sent.
            flight.versions.pop();
        })?;
        self.send_again(journal, flight, prepared).await
    }

    /// Sends the newest version. If the pool holds one that pays more (of an account whose journal
    /// was lost), pays more still.
    async fn send_again(
        &self,
        journal: &mut Journal,
        flight: &mut Flight,
        prepared: &Prepared,
    ) -> Result<Option<String>, SendError> {
        match self.broadcast(flight, prepared).await? {
            None => Ok(None),
            Some(Rejection::Refused(reason)) => Ok(Some(reason)),
            Some(Rejection::Underpriced) => {
                Box::pin(self.send_version(journal, flight, prepared)).await
            }
        }
    }

    async fn broadcast(
        &self,
        flight: &Flight,
        prepared: &Prepared,
    ) -> Result<Option<Rejection>, SendError> {
        let Some(version) = flight.versions.last() else { return Ok(None) };
        let chain_id = self.parent.chain_id();
        let signed = prepared.sign(flight, version.fees, chain_id, &*self.signer).await?;
        tracing::info!(hash = %version.hash, nonce = flight.nonce, fees = ?version.fees, "sending");
        prepared.broadcast(&self.parent, signed).await
    }

    async fn status(&self, flight: &Flight) -> Result<Status, ParentError> {
        let head = self.parent.heads().await?.latest.number;
        let confirmed = (head + 1).saturating_sub(self.options.confirmations.max(1));
        // The nonce first: a transaction that is mined in between has a receipt then.
        let nonce_confirmed = self.nonce(confirmed.into()).await?;
        for version in flight.versions.iter().rev() {
            let hash = version.hash;
            let get = |p: DynProvider| async move { p.get_transaction_receipt(hash).await };
            let receipt = self.parent.rpc.ask("eth_getTransactionReceipt", get).await;
            let Some(receipt) = receipt.map_err(ParentError::from)? else { continue };
            let (Some(number), Some(hash)) = (receipt.block_number, receipt.block_hash) else {
                continue;
            };
            let block = self.parent.block(number).await?;
            return Ok(match block {
                Some(block) if block.hash == hash && number <= confirmed => {
                    Status::Confirmed(Box::new(receipt))
                }
                _ => Status::Mined,
            });
        }
        if nonce_confirmed > flight.nonce {
            return Ok(Status::Displaced);
        }
        let Some(newest) = flight.versions.last() else { return Ok(Status::Dropped) };
        let hash = newest.hash;
        let get = |p: DynProvider| async move { p.get_transaction_by_hash(hash).await };
        let known = self.parent.rpc.ask("eth_getTransactionByHash", get).await?;
        Ok(if known.is_some() { Status::Pending } else { Status::Dropped })
    }

    async fn nonce(&self, block: BlockId) -> Result<u64, ParentError> {
        let address = self.signer.address();
        let get =
            |p: DynProvider| async move { p.get_transaction_count(address).block_id(block).await };
        Ok(self.parent.rpc.ask("eth_getTransactionCount", get).await?)
    }

    /// What the market asks for now: room for six full blocks in a row.
    async fn market(&self, blobs: bool) -> Result<Fees, ParentError> {
        let heads = self.parent.heads().await?;
        let tip = async |p: DynProvider| p.get_max_priority_fee_per_gas().await;
        let tip = match self.parent.rpc.ask("eth_maxPriorityFeePerGas", tip).await {
            Ok(tip) => tip,
            Err(CallError::Refused(_)) => fees::DEFAULT_TIP,
            Err(error) => return Err(error.into()),
        };
        let blob_base_fee = match (blobs, heads.blob_base_fee) {
            (true, None) => return Err(ParentError::Fatal("this parent has no blobs".into())),
            (true, fee) => fee,
            (false, _) => None,
        };
        Ok(Fees::market(heads.latest.base_fee, tip, blob_base_fee))
    }

    async fn estimate(&self, request: &Request, prepared: &Prepared) -> Result<u64, SendError> {
        let tx = prepared.call(request, self.signer.address());
        let estimate = |p: DynProvider| {
            let tx = tx.clone();
            async move { p.estimate_gas(tx).await }
        };
        match self.parent.rpc.ask("eth_estimateGas", estimate).await {
            Ok(gas) => Ok(gas + gas / 5),
            Err(CallError::Refused(error)) => match revert_reason(&error) {
                Some(reason) => Err(SendError::Reverted(reason)),
                None => Err(self.refused(request.value, error.message.to_string()).await?),
            },
            Err(error) => Err(ParentError::from(error).into()),
        }
    }

    /// Why the RPC does not take a transaction that costs so many wei.
    async fn refused(&self, needs: U256, reason: String) -> Result<SendError, SendError> {
        let account = self.signer.address();
        let get = |p: DynProvider| async move { p.get_balance(account).await };
        let has = self.parent.rpc.ask("eth_getBalance", get).await.map_err(ParentError::from)?;
        if has < needs {
            return Ok(ParentError::Unfunded { account, has, needs }.into());
        }
        Ok(refusal(reason))
    }

    async fn outcome(
        &self,
        flight: &Flight,
        receipt: &TransactionReceipt,
    ) -> Result<Sent, SendError> {
        let gas = U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price);
        let blob_gas = U256::from(receipt.blob_gas_used.unwrap_or_default());
        let block_number = receipt.block_number.unwrap_or_default();
        let reverted = match receipt.status() {
            true => None,
            false => Some(self.replay(flight, block_number).await),
        };
        Ok(Sent {
            hash: receipt.transaction_hash,
            block_number,
            block_hash: receipt.block_hash.unwrap_or_default(),
            reverted,
            gas_used: receipt.gas_used,
            fee: gas + blob_gas * U256::from(receipt.blob_gas_price.unwrap_or_default()),
        })
    }

    /// Why a mined call reverted, as far as a call on the state before its block shows.
    async fn replay(&self, flight: &Flight, block_number: u64) -> String {
        let request = flight.request();
        let tx = Prepared::plain_call(&request, self.signer.address());
        let call = |p: DynProvider| {
            let tx = tx.clone();
            async move { p.call(tx).block(block_number.saturating_sub(1).into()).await }
        };
        match self.parent.rpc.ask("eth_call", call).await {
            Err(CallError::Refused(error)) => revert_reason(&error),
            _ => None,
        }
        .unwrap_or_else(|| "for a reason that the RPC does not tell".into())
    }
}

fn refusal(reason: String) -> SendError {
    ParentError::Temporary(format!("it refuses a transaction: {reason}")).into()
}
