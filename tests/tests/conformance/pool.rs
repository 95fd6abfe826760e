//! A pool that keeps what it is given and never builds a block.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_primitives::{Address, B256};
use altana_ledger::{Ledger, Pending};
use altana_protocol::Transaction;
use altana_rpc::{Backend, PoolContent, PoolStatus, Submission, SubmitError};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::sync::broadcast;

type Pooled = Arc<Recovered<Transaction>>;

pub(crate) struct Pool {
    ledger: Ledger,
    transactions: Mutex<BTreeMap<(Address, u64), Pooled>>,
    events: broadcast::Sender<Pooled>,
}

impl Pool {
    pub(crate) fn over(ledger: Ledger) -> Arc<Self> {
        let events = broadcast::channel(16).0;
        Arc::new(Self { ledger, transactions: Mutex::default(), events })
    }

    fn add(&self, submission: Submission) -> Result<(), SubmitError> {
        let transaction = submission.transaction;
        let (sender, tx) = (transaction.signer(), transaction.nonce());
        let account = self.ledger.state(self.ledger.head().hash()).and_then(|s| s.account(sender));
        let account = account.map_err(|error| SubmitError::Closed(error.to_string()))?;
        let state = account.map_or(0, |account| account.nonce);
        if tx < state {
            return Err(SubmitError::NonceTooLow { tx, state });
        }
        self.transactions.lock().insert((sender, tx), Arc::new(transaction));
        Ok(())
    }
}

impl Backend for Pool {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        async move { batch.into_iter().map(|submission| self.add(submission)).collect() }.boxed()
    }

    fn pending(&self) -> Option<Arc<Pending>> {
        None
    }

    fn pooled(&self, hash: B256) -> Option<Pooled> {
        self.transactions.lock().values().find(|tx| tx.inner().hash() == hash).cloned()
    }

    fn pooled_nonce(&self, address: Address) -> Option<u64> {
        let transactions = self.transactions.lock();
        transactions.range((address, 0)..=(address, u64::MAX)).next_back().map(|((_, n), _)| n + 1)
    }

    fn pool_content(&self) -> PoolContent {
        let mut pending = BTreeMap::<Address, Vec<Pooled>>::new();
        for ((sender, _), transaction) in &*self.transactions.lock() {
            pending.entry(*sender).or_default().push(Arc::clone(transaction));
        }
        PoolContent { pending, queued: BTreeMap::new() }
    }

    fn pool_status(&self) -> PoolStatus {
        PoolStatus { pending: self.transactions.lock().len(), queued: 0 }
    }

    fn pool_events(&self) -> broadcast::Receiver<Pooled> {
        self.events.subscribe()
    }
}
