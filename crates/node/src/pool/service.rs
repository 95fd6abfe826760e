//! Answer submissions: checks, then the pool, then the journal, and only then the caller.

use super::{
    AccountState, Accounts, Content, Journal, JournalError, Limits, Pool, PooledTransaction,
    Rejection, check::check, journal::record,
};
use crate::derive::{Displaced, is_deposit};
use alloy_consensus::transaction::Recovered;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY};
use altana_ledger::{Block, Ledger, StateView};
use altana_protocol::{Transaction, execute::Surcharge};
use parking_lot::{Mutex, RwLock};
use std::{path::Path, sync::Arc};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

/// Submissions that wait for the journal before callers are held back.
const JOURNAL_QUEUE: usize = 1024;
/// Bytes that one fsync serves at most.
const GROUP_BYTES: usize = 8 << 20;
/// Pool events a slow subscriber may fall behind before it loses some.
const EVENTS_MAX: usize = 4096;
/// First bytes of an EIP-7702 delegation.
const DELEGATION: &[u8] = &[0xef, 0x01, 0x00];

/// The pool as the node uses it. Cheap to clone; all clones are one pool.
#[derive(Clone, Debug)]
pub struct PoolService {
    shared: Arc<Shared>,
    journal: Option<mpsc::Sender<Job>>,
}

#[derive(Debug)]
struct Shared {
    pool: Mutex<Pool>,
    ledger: Ledger,
    gas_limit: u64,
    /// Transactions of blocks that are leaving the chain, until they are back in the pool.
    displaced: Mutex<Vec<Recovered<Transaction>>>,
    /// Why submissions are refused now.
    closed: RwLock<Option<&'static str>>,
    /// Why the journal stopped, if it did.
    failed: RwLock<Option<String>>,
    events: broadcast::Sender<Arc<Recovered<Transaction>>>,
    arrived: Notify,
}

#[derive(Debug)]
struct Job {
    records: Vec<u8>,
    done: oneshot::Sender<Result<(), String>>,
}

impl PoolService {
    /// A pool over a ledger's head, with its journal in `folder` (none: nothing survives), and
    /// with everything in it that was acknowledged before.
    pub fn open(
        ledger: Ledger,
        limits: Limits,
        min_base_fee: u64,
        folder: Option<&Path>,
    ) -> Result<Self, JournalError> {
        let gas_limit = ledger.head().header.gas_limit;
        let shared = Arc::new(Shared {
            pool: Mutex::new(Pool::new(limits, min_base_fee)),
            ledger,
            gas_limit,
            displaced: Mutex::default(),
            closed: RwLock::default(),
            failed: RwLock::default(),
            events: broadcast::channel(EVENTS_MAX).0,
            arrived: Notify::new(),
        });
        let journal = match folder {
            None => None,
            Some(folder) => {
                let (journal, transactions) = Journal::open(folder)?;
                let count = transactions.len();
                let restored = shared.restore(transactions).map_err(JournalError::Replay)?;
                tracing::info!(count, restored, "replayed the pool's journal");
                let (jobs, queue) = mpsc::channel(JOURNAL_QUEUE);
                let writer = shared.clone();
                std::thread::Builder::new()
                    .name("pool-journal".into())
                    .spawn(move || write_journal(journal, queue, writer))
                    .map_err(|error| JournalError::Io { path: folder.into(), error })?;
                Some(jobs)
            }
        };
        Ok(Self { shared, journal })
    }

    /// Offers transactions, in order. What is accepted survives a crash from the moment of the
    /// answer for as long as it is valid.
    pub async fn submit(&self, batch: Vec<Recovered<Transaction>>) -> Vec<Result<(), Rejection>> {
        let mut records = Vec::new();
        let mut results = self.shared.offer(batch, &mut records);
        if let (Some(journal), false) = (&self.journal, records.is_empty()) {
            let (done, wait) = oneshot::channel();
            let sent = journal.send(Job { records, done }).await.is_ok();
            let outcome = match sent {
                true => wait.await.unwrap_or_else(|_| Err("the journal has stopped".into())),
                false => Err("the journal has stopped".into()),
            };
            if let Err(error) = outcome {
                results
                    .iter_mut()
                    .filter(|result| result.is_ok())
                    .for_each(|result| *result = Err(Rejection::Journal(error.clone())));
            }
        }
        self.shared.arrived.notify_one();
        results
    }

    /// Why the journal has stopped, if it has: then the node must stop too.
    pub fn failure(&self) -> Option<String> {
        self.shared.failed.read().clone()
    }

    /// Refuses submissions for a reason, or takes them again.
    pub fn close(&self, reason: Option<&'static str>) {
        *self.shared.closed.write() = reason;
    }

    /// Resolves after the next submission, or at once if one came since the last call.
    pub async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    /// Every transaction that enters, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Recovered<Transaction>>> {
        self.shared.events.subscribe()
    }

    /// Works on the pool itself. Must be short.
    pub fn with<R>(&self, work: impl FnOnce(&mut Pool) -> R) -> R {
        work(&mut self.shared.pool.lock())
    }

    /// A waiting transaction.
    pub fn get(&self, hash: &B256) -> Option<Arc<Recovered<Transaction>>> {
        self.with(|pool| pool.get(hash)).map(|tx| tx.transaction.clone())
    }

    /// Everything that waits.
    pub fn content(&self) -> Content {
        self.with(|pool| pool.content())
    }

    /// A block of ours joined the chain.
    pub fn block_done(&self, block: &Block) -> Result<(), Rejection> {
        let accounts = self.shared.accounts()?;
        self.with(|pool| pool.block_done(touched(block), &accounts))
    }

    /// Blocks joined or left the chain, or the block under construction was given up: begins anew
    /// from the ledger's head, with what the removed blocks held.
    pub fn reset(&self) -> Result<(), Rejection> {
        let accounts = self.shared.accounts()?;
        let displaced = self.shared.displaced.lock().clone();
        self.with(|pool| {
            pool.reset(&accounts)?;
            for tx in displaced {
                pool.restore(accounts.price(tx), &accounts)?;
            }
            Ok(())
        })?;
        self.shared.displaced.lock().clear();
        self.shared.arrived.notify_one();
        Ok(())
    }
}

/// Blocks the thread: chains are rewound outside of the async runtime.
impl Displaced for &PoolService {
    fn displaced(&mut self, blocks: &[Arc<Block>]) -> Result<(), String> {
        #[cfg(test)]
        if crate::sim::planted(crate::sim::Bug::ForgetDisplaced) {
            return Ok(());
        }
        let mut records = Vec::new();
        let mut displaced = self.shared.displaced.lock();
        for tx in blocks.iter().flat_map(|block| &block.transactions) {
            if !is_deposit(tx.inner()) {
                record(tx, &mut records);
                displaced.push(tx.clone());
            }
        }
        drop(displaced);
        let Some(journal) = self.journal.as_ref().filter(|_| !records.is_empty()) else {
            return Ok(());
        };
        let stopped = "the journal has stopped";
        let (done, wait) = oneshot::channel();
        journal.blocking_send(Job { records, done }).map_err(|_| stopped)?;
        wait.blocking_recv().map_err(|_| stopped)?
    }
}

impl Shared {
    fn accounts(&self) -> Result<Head, Rejection> {
        let read = || {
            let state = self.ledger.state(self.ledger.head().hash())?;
            Ok(Head { surcharge: Surcharge::read(&state)?, state })
        };
        read().map_err(|error: altana_ledger::Error| Rejection::State(error.to_string()))
    }

    fn offer(
        &self,
        batch: Vec<Recovered<Transaction>>,
        records: &mut Vec<u8>,
    ) -> Vec<Result<(), Rejection>> {
        let count = batch.len();
        if let Some(reason) = *self.closed.read() {
            return vec![Err(Rejection::Busy(reason)); count];
        }
        let chain_id = self.ledger.rules().chain_id();
        let fees = match self.accounts() {
            Ok(fees) => fees,
            Err(error) => return vec![Err(error); count],
        };
        let checked: Vec<_> = batch
            .into_iter()
            .map(|tx| {
                check(tx.inner(), chain_id, self.gas_limit)?;
                Ok(fees.price(tx))
            })
            .collect();
        let mut accepted = Vec::with_capacity(count);
        let mut pool = self.pool.lock();
        // Looked at under the lock: a block that joins the chain from here on is told to the pool
        // when these are in it.
        let accounts = match self.accounts() {
            Ok(accounts) => accounts,
            Err(error) => return vec![Err(error); count],
        };
        let results = checked
            .into_iter()
            .map(|tx: Result<PooledTransaction, Rejection>| {
                let tx = tx?;
                let transaction = tx.transaction.clone();
                pool.insert(tx, &accounts)?;
                accepted.push(transaction);
                Ok(())
            })
            .collect();
        drop(pool);
        for tx in accepted {
            record(&tx, records);
            // Nobody listening is fine.
            let _ = self.events.send(tx);
        }
        results
    }

    fn restore(&self, transactions: Vec<Recovered<Transaction>>) -> Result<usize, String> {
        let accounts = self.accounts().map_err(|error| error.to_string())?;
        let mut pool = self.pool.lock();
        let mut restored = 0;
        for tx in transactions {
            let restore = pool.restore(accounts.price(tx), &accounts);
            restored += restore.map_err(|error| error.to_string())? as usize;
        }
        Ok(restored)
    }

    /// Everything that the journal must keep.
    fn live_records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        // In this order: a displaced transaction is in one of the two at any time.
        self.displaced.lock().iter().for_each(|tx| record(tx, &mut records));
        let waiting: Vec<_> = self.pool.lock().all().map(|tx| tx.transaction.clone()).collect();
        waiting.iter().for_each(|tx| record(tx, &mut records));
        records
    }
}

fn write_journal(mut journal: Journal, mut queue: mpsc::Receiver<Job>, shared: Arc<Shared>) {
    while let Some(first) = queue.blocking_recv() {
        let mut records = first.records;
        let mut waiting = vec![first.done];
        while records.len() < GROUP_BYTES
            && let Ok(job) = queue.try_recv()
        {
            records.extend_from_slice(&job.records);
            waiting.push(job.done);
        }
        let mut result = journal.append(&records);
        let live_bytes = shared.pool.lock().bytes() as u64;
        if result.is_ok() && journal.wants_compaction(live_bytes) {
            result = journal.compact(&shared.live_records());
        }
        let result = result.map_err(|error| error.to_string());
        if let Err(error) = &result {
            tracing::error!(error, "the pool's journal has failed");
            *shared.failed.write() = Some(error.clone());
        }
        for done in waiting {
            // A caller that has gone away needs no answer.
            let _ = done.send(result.clone());
        }
    }
}

/// Accounts whose nonce a block changed: senders, and authorities of EIP-7702.
fn touched(block: &Block) -> Vec<Address> {
    use alloy_consensus::Transaction as _;
    let mut touched = Vec::with_capacity(block.transactions.len());
    for tx in &block.transactions {
        touched.push(tx.signer());
        let authorizations = tx.inner().authorization_list().unwrap_or_default();
        touched.extend(authorizations.iter().filter_map(|a| a.recover_authority().ok()));
    }
    touched.sort_unstable();
    touched.dedup();
    touched
}

/// Accounts and fees after the ledger's head, as it was when this was made.
struct Head {
    state: StateView,
    surcharge: Surcharge,
}

impl Head {
    fn price(&self, tx: Recovered<Transaction>) -> PooledTransaction {
        use alloy_consensus::Transaction as _;
        let encoded = tx.inner().encoded();
        let surcharge = self.surcharge.of(&encoded, tx.gas_limit());
        PooledTransaction::new(tx, encoded.len(), surcharge)
    }
}

impl Accounts for Head {
    fn account(&self, address: Address) -> Result<AccountState, String> {
        let account = self.state.account(address).map_err(|error| error.to_string())?;
        let Some(account) = account else { return Ok(AccountState::default()) };
        let has_code = account.code_hash != KECCAK256_EMPTY
            && !account.code_hash.is_zero()
            && !self
                .state
                .code(address)
                .map_err(|error| error.to_string())?
                .starts_with(DELEGATION);
        Ok(AccountState { nonce: account.nonce, balance: account.balance, has_code })
    }
}
