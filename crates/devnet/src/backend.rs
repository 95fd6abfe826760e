//! The pool and the miner as the JSON-RPC server sees them.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_consensus::transaction::Recovered;
use alloy_primitives::{Address, B256};
use altana_ledger::Pending;
use altana_protocol::Transaction;
use altana_rpc::{Backend, PoolContent, PoolStatus, Submission, SubmitError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::broadcast;

use crate::chain::{Chain, closed};
use crate::sidecar;

/// [`Backend`] over the shared chain.
pub(crate) struct DevBackend(pub(crate) Arc<Chain>);

impl DevBackend {
    fn account_nonce(&self, address: Address) -> u64 {
        self.0.account(address).map(|account| account.nonce).unwrap_or_default()
    }
}

fn take(chain: &Chain, submission: Submission) -> Result<(), SubmitError> {
    let blobs = submission.sidecar.map(|sidecar| *sidecar);
    let sidecar = sidecar::check(submission.transaction.inner(), blobs)?;
    chain.submit(submission.transaction, sidecar)
}

impl Backend for DevBackend {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        let chain = self.0.clone();
        let len = batch.len();
        async move {
            let work = move || batch.into_iter().map(|one| take(&chain, one)).collect();
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|e| (0..len).map(|_| Err(closed(&e))).collect())
        }
        .boxed()
    }

    fn pending(&self) -> Option<Arc<Pending>> {
        self.0.pending_block()
    }

    fn pooled(&self, hash: B256) -> Option<Arc<Recovered<Transaction>>> {
        self.0.pool.lock().by_hash(hash).map(|waiting| waiting.tx.clone())
    }

    fn pooled_nonce(&self, address: Address) -> Option<u64> {
        let next = self.account_nonce(address);
        let pool = self.0.pool.lock();
        let last = pool.pending_of(address, next).pop()?;
        last.tx.nonce().checked_add(1)
    }

    fn pool_content(&self) -> PoolContent {
        let senders: Vec<_> = self.0.pool.lock().senders().collect();
        let nonces: Vec<_> =
            senders.into_iter().map(|sender| (sender, self.account_nonce(sender))).collect();
        let pool = self.0.pool.lock();
        let mut content = PoolContent::default();
        for (sender, next) in nonces {
            let all = pool.of(sender);
            let ready = pool.pending_of(sender, next).len();
            let stale = all.iter().take_while(|waiting| waiting.tx.nonce() < next).count();
            let mut txs = all.into_iter().skip(stale).map(|waiting| waiting.tx.clone());
            let pending: Vec<_> = txs.by_ref().take(ready).collect();
            let queued: Vec<_> = txs.collect();
            if !pending.is_empty() {
                content.pending.insert(sender, pending);
            }
            if !queued.is_empty() {
                content.queued.insert(sender, queued);
            }
        }
        content
    }

    fn pool_status(&self) -> PoolStatus {
        let content = self.pool_content();
        PoolStatus {
            pending: content.pending.values().map(Vec::len).sum(),
            queued: content.queued.values().map(Vec::len).sum(),
        }
    }

    fn pool_events(&self) -> broadcast::Receiver<Arc<Recovered<Transaction>>> {
        self.0.entered.subscribe()
    }

    fn priority_fee(&self) -> Option<u128> {
        // Blocks are not full: any tip gets in. One gwei, as other development chains say.
        Some(crate::wallet::DEFAULT_TIP_WEI)
    }

    fn client_version(&self) -> String {
        concat!("altana-devnet/v", env!("CARGO_PKG_VERSION")).to_owned()
    }
}
