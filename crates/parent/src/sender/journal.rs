//! What is in flight, on disk.
//!
//! `flight.json` holds the transaction with every version that was ever sent; it is replaced
//! atomically before a new version leaves, and removed when one is confirmed. `lock` is held while
//! the sender lives.

use super::{Fees, Request};
use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

const FLIGHT: &str = "flight.json";
const NEW_FLIGHT: &str = "flight.json.new";
const LOCK: &str = "lock";

/// The journal cannot be used. Fatal until the operator acts.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("sender journal {}: {}", path.display(), altana_ledger::explain(error))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Another process sends from this folder.
    #[error("sender journal {}: another process uses it", .0.display())]
    Locked(PathBuf),
    /// The file is none that a sender wrote.
    #[error("sender journal {}: {error}; move it away once you know what became of its transaction", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// The transaction in flight is of another account or chain.
    #[error("sender journal {}: a transaction of {from} on chain {chain_id} is in flight", path.display())]
    Other {
        /// Which file.
        path: PathBuf,
        /// Whose transaction it is.
        from: Address,
        /// On which chain.
        chain_id: u64,
    },
}

/// One signed form of a transaction.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) hash: B256,
    pub(super) fees: Fees,
}

/// A transaction in flight.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Flight {
    pub(super) nonce: u64,
    pub(super) gas_limit: u64,
    to: Address,
    value: U256,
    data: Bytes,
    blobs: Vec<Bytes>,
    /// With this nonce, by rising fees.
    pub(super) versions: Vec<Version>,
}

impl Flight {
    pub(super) fn new(request: &Request, gas_limit: u64, nonce: u64) -> Self {
        let Request { to, value, data, blobs } = request;
        let blobs = blobs.iter().map(|blob| Bytes::copy_from_slice(&blob[..])).collect();
        Self {
            nonce,
            gas_limit,
            to: *to,
            value: *value,
            data: data.clone(),
            blobs,
            versions: Vec::new(),
        }
    }

    /// Begins anew with another nonce.
    pub(super) fn restart(&mut self, nonce: u64) {
        self.nonce = nonce;
        self.versions.clear();
    }

    pub(super) fn request(&self) -> Request {
        let blob = |blob: &Bytes| blob.to_vec().into_boxed_slice().try_into().ok();
        Request {
            to: self.to,
            value: self.value,
            data: self.data.clone(),
            blobs: self.blobs.iter().filter_map(blob).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Content<F> {
    chain_id: u64,
    from: Address,
    flight: F,
}

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    from: Address,
    chain_id: u64,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl Journal {
    /// Opens or creates the journal; also what is in flight.
    pub(super) fn open(
        folder: &Path,
        from: Address,
        chain_id: u64,
    ) -> Result<(Self, Option<Flight>), JournalError> {
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(failed(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::Locked(path.clone()),
            TryLockError::Error(error) => failed(&path)(error),
        })?;
        let journal = Self { folder: folder.into(), from, chain_id, _lock: lock };
        let flight = journal.load()?;
        Ok((journal, flight))
    }

    fn load(&self) -> Result<Option<Flight>, JournalError> {
        let path = self.folder.join(FLIGHT);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path)(error)),
        };
        let content: Content<Flight> = serde_json::from_slice(&text)
            .map_err(|error| JournalError::Foreign { path: path.clone(), error })?;
        let Content { chain_id, from, flight } = content;
        if (chain_id, from) != (self.chain_id, self.from) {
            return Err(JournalError::Other { path, from, chain_id });
        }
        Ok(Some(flight))
    }

    /// Durable on return.
    pub(super) fn store(&mut self, flight: &Flight) -> Result<(), JournalError> {
        let path = self.folder.join(NEW_FLIGHT);
        let content = Content { chain_id: self.chain_id, from: self.from, flight };
        let text = serde_json::to_vec(&content)
            .map_err(|error| JournalError::Foreign { path: path.clone(), error })?;
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&path, self.folder.join(FLIGHT))?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(failed(&path))
    }

    /// Nothing is in flight any more.
    pub(super) fn clear(&mut self) -> Result<(), JournalError> {
        let path = self.folder.join(FLIGHT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error)),
            _ => Ok(()),
        }
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> JournalError + use<> {
    let path = path.to_owned();
    move |error| JournalError::Io { path: path.clone(), error }
}
