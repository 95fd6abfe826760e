//! The chain: a ledger, a pool in front of it, and whoever makes the blocks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use alloy_consensus::Transaction as _;
use alloy_consensus::transaction::Recovered;
use alloy_primitives::{Address, B256};
use altana_ledger::{EthereumRules, Ledger, Options, Rules};
use altana_protocol::Transaction;
use altana_rpc::SubmitError;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{broadcast, watch};

use crate::accounts::Accounts;
use crate::admission;
use crate::blobs::BlobStore;
use crate::config::{Config, Mining};
use crate::error::Error;
use crate::genesis;
use crate::miner::Miner;
use crate::pending::PendingBlock;
use crate::pool::Pool;
use crate::sidecar::Sidecar;

/// Transactions that a slow subscriber may fall behind before it loses some.
const POOL_EVENTS_MAX: usize = 4_096;

/// What the RPC methods, the beacon routes and the interval timer share.
///
/// Locks are taken in the order of the fields `miner`, `pool`, `blobs`. The first may be held
/// while a block is executed, the others only for lookups.
pub(crate) struct Chain {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
    pub(crate) accounts: Accounts,
    pub(crate) miner: Mutex<Miner>,
    pub(crate) pool: Mutex<Pool>,
    pub(crate) blobs: RwLock<BlobStore>,
    /// Transactions that enter the pool.
    pub(crate) entered: broadcast::Sender<Arc<Recovered<Transaction>>>,
    /// Time between blocks, if they come by themselves.
    pub(crate) interval: watch::Sender<Option<Duration>>,
    /// The block that would be made now.
    pub(crate) pending: Mutex<Option<PendingBlock>>,
}

impl Chain {
    /// Opens or begins the chain.
    pub(crate) fn open(config: Config) -> Result<Self, Error> {
        let accounts = Accounts::derive(&config)?;
        let timestamp = genesis_timestamp(&config)?;
        let ledger = Ledger::open(
            config.dir.as_deref().map(|d| d.join("chain")).as_deref(),
            &genesis::genesis(&config, &accounts, timestamp),
            Rules::Ethereum(EthereumRules::osaka(config.chain_id)),
            Options::default(),
        )
        .map_err(|e| Error::Store(e.to_string()))?;
        let blobs = BlobStore::open(config.dir.as_deref().map(|d| d.join("blobs")).as_deref())
            .map_err(|e| Error::Store(e.to_string()))?;
        let miner = Miner::new(&config, &ledger, &blobs)?;
        let interval = match config.mining {
            Mining::Interval(every) => Some(every),
            Mining::Instant | Mining::Manual => None,
        };
        Ok(Self {
            ledger,
            accounts,
            miner: Mutex::new(miner),
            pool: Mutex::default(),
            blobs: RwLock::new(blobs),
            entered: broadcast::Sender::new(POOL_EVENTS_MAX),
            interval: watch::Sender::new(interval),
            pending: Mutex::default(),
            config,
        })
    }

    /// Takes a transaction into the pool; with instant mining, also into a block if it can run.
    pub(crate) fn submit(
        &self,
        tx: Recovered<Transaction>,
        sidecar: Sidecar,
    ) -> Result<(), SubmitError> {
        let hash = tx.inner().hash();
        let known = self.ledger.transaction(hash).map_err(closed)?;
        if known.is_some() {
            return Err(SubmitError::AlreadyKnown);
        }
        self.admit(tx, sidecar)?;
        let mut miner = self.miner.lock();
        if !miner.automine {
            return Ok(());
        }
        let dropped = self.mine_ready(&mut miner).map_err(closed)?;
        match dropped.into_iter().find(|(dropped, _)| *dropped == hash) {
            Some((_, why)) => Err(why.into()),
            None => Ok(()),
        }
    }

    /// Takes a transaction into the pool.
    pub(crate) fn admit(
        &self,
        tx: Recovered<Transaction>,
        sidecar: Sidecar,
    ) -> Result<(), SubmitError> {
        let account = self.account(tx.signer()).map_err(closed)?;
        let gas_limit = self.ledger.head().header.gas_limit;
        admission::check(&tx, &account, gas_limit)?;
        let mut pool = self.pool.lock();
        pool.insert(tx.clone(), sidecar, account.nonce)?;
        drop(pool);
        // Nobody listening is no error.
        let _ = self.entered.send(Arc::new(tx));
        Ok(())
    }

    /// An account at the head.
    pub(crate) fn account(
        &self,
        address: Address,
    ) -> Result<revm::state::AccountInfo, altana_ledger::Error> {
        let state = self.ledger.state(self.ledger.head().hash())?;
        Ok(state.account(address)?.unwrap_or_default())
    }

    /// The nonce that `address` would use next, its waiting transactions counted.
    pub(crate) fn next_nonce(&self, address: Address) -> Result<u64, altana_ledger::Error> {
        let nonce = self.account(address)?.nonce;
        let waiting = self.pool.lock().pending_of(address, nonce);
        Ok(waiting.last().map_or(nonce, |last| last.tx.nonce().saturating_add(1)))
    }

    /// The blobs of a transaction that was mined before; `None` if some are no longer kept.
    pub(crate) fn sidecar_of(&self, tx: &Transaction) -> Result<Option<Sidecar>, std::io::Error> {
        let blobs = self.blobs.read();
        let hashes: &[B256] = tx.blob_versioned_hashes().unwrap_or_default();
        hashes.iter().map(|hash| blobs.get(*hash)).collect()
    }
}

/// The ledger has failed: no transaction can be taken.
pub(crate) fn closed(error: impl std::fmt::Display) -> SubmitError {
    SubmitError::Closed(error.to_string())
}

/// Real time in seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |d| d.as_secs())
}

/// Timestamp of the genesis: the configured one, else the one the folder began with, else now.
fn genesis_timestamp(config: &Config) -> Result<u64, Error> {
    let store = |e: std::io::Error| Error::Store(e.to_string());
    let Some(dir) = &config.dir else {
        return Ok(config.genesis_timestamp.unwrap_or_else(now));
    };
    std::fs::create_dir_all(dir).map_err(store)?;
    let file = dir.join("genesis-timestamp");
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let bad = |_| Error::Store(format!("{} holds no number", file.display()));
            text.trim().parse().map_err(bad)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let timestamp = config.genesis_timestamp.unwrap_or_else(now);
            std::fs::write(&file, timestamp.to_string()).map_err(store)?;
            Ok(timestamp)
        }
        Err(e) => Err(store(e)),
    }
}
