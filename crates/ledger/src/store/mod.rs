//! Durable storage: a log of what happened, and a database that merges it in the background.
//!
//! A commit appends to the log and is done once the log is on the disk. What it adds to the
//! database waits in memory, readable, until a large batch of it is written at once; the entry
//! `meta` in the same batch says up to where the log is merged. After a crash the rest of the log
//! is executed again.

mod base;
mod batch;
pub(crate) mod codec;
mod flush;
mod log;

pub(crate) use base::Base;
pub(crate) use batch::{Batch, Meta, NumberEntry};
pub(crate) use log::{Log, Record};

use crate::{Block, Error};
use alloy_primitives::{B256, Bytes};
use altana_protocol::trie::{MissingNode, NodeSource};
use flush::Flusher;
use parking_lot::{Condvar, Mutex, RwLock};
use revm::state::Bytecode;
use std::sync::Arc;

/// What may wait while a batch is being written, in batches; then commits wait.
const WAITING_MAX: usize = 3;
/// Bytes of analysed code kept in memory.
const CODE_CACHE_BYTES: usize = 32 << 20;

/// When batches are written, and how much in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) merge_bytes: usize,
    pub(crate) merge_blocks: usize,
    pub(crate) bytes_max: u64,
}

/// All that is stored.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) log: Log,
    base: Base,
    limits: Limits,
    recent: RwLock<Recent>,
    codes: Mutex<CodeCache>,
    /// Why no more is written. Set once.
    failed: Mutex<Option<Error>>,
    /// Told when a batch has been written.
    written: (Mutex<()>, Condvar),
    flusher: Mutex<Option<Flusher>>,
}

/// What the database does not have yet.
#[derive(Debug, Default)]
struct Recent {
    active: Batch,
    active_blocks: usize,
    /// Being written.
    frozen: Option<Arc<Batch>>,
}

impl Store {
    pub(crate) fn new(log: Log, base: Base, limits: Limits) -> Result<Arc<Self>, Error> {
        let mut recent = Recent::default();
        if let Some(meta) = base.meta()? {
            recent.active.meta = meta;
        }
        let store = Arc::new(Self {
            log,
            base,
            limits,
            recent: RwLock::new(recent),
            codes: Mutex::default(),
            failed: Mutex::new(None),
            written: Default::default(),
            flusher: Mutex::new(None),
        });
        *store.flusher.lock() = Some(Flusher::start(&store)?);
        Ok(store)
    }

    /// A new store remembers its chain; an old one must be of the same chain.
    pub(crate) fn check_identity(&self, genesis: B256) -> Result<(), Error> {
        match &self.base {
            Base::Disk(disk) => disk.check_identity(genesis),
            Base::Memory(_) => Ok(()),
        }
    }

    /// What the database has merged; `None` for a new one.
    pub(crate) fn merged(&self) -> Result<Option<Meta>, Error> {
        self.base.meta()
    }

    /// Refuses once storage has failed.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        self.failed.lock().clone().map_or(Ok(()), Err)
    }

    /// Remembers a failure; every later write is refused with it.
    pub(crate) fn fail(&self, error: Error) -> Error {
        if matches!(error, Error::Fatal(_)) {
            tracing::error!(%error, "the ledger takes no more writes");
            self.failed.lock().get_or_insert_with(|| error.clone());
            let _guard = self.written.0.lock();
            self.written.1.notify_all();
        }
        error
    }

    /// Appends to the log. Only one caller at a time.
    pub(crate) fn append(&self, record: &Record) -> Result<u64, Error> {
        self.check_writable()?;
        self.log.append(record).map_err(|error| match error {
            fatal @ Error::Fatal(_) => self.fail(fatal),
            refused => refused,
        })
    }

    /// Waits until the log is on the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.check_writable()?;
        self.log.sync().map_err(|error| self.fail(error))
    }

    /// Adds to what the database will get, and starts writing when that is much. `position` is
    /// the log's end behind what is added.
    pub(crate) fn add(&self, position: u64, add: impl FnOnce(&mut Batch)) {
        let mut recent = self.recent.write();
        add(&mut recent.active);
        recent.active.meta.position = position;
        recent.active_blocks += 1;
        let due = recent.active.bytes() >= self.limits.merge_bytes
            || recent.active_blocks >= self.limits.merge_blocks;
        if due && recent.frozen.is_none() {
            self.freeze(&mut recent);
        }
    }

    /// Waits while too much waits to be written, so that memory stays bounded.
    pub(crate) fn wait_for_room(&self) -> Result<(), Error> {
        let mut guard = self.written.0.lock();
        loop {
            self.check_writable()?;
            let recent = self.recent.read();
            if recent.active.bytes() < WAITING_MAX * self.limits.merge_bytes {
                return Ok(());
            }
            drop(recent);
            self.written.1.wait(&mut guard);
        }
    }

    fn freeze(&self, recent: &mut Recent) {
        let next = Batch::following(recent.active.meta);
        let batch = Arc::new(std::mem::replace(&mut recent.active, next));
        recent.active_blocks = 0;
        recent.frozen = Some(Arc::clone(&batch));
        if let Some(flusher) = &*self.flusher.lock() {
            flusher.send(batch);
        }
    }

    /// Writes one batch; called by the flusher alone.
    fn write(&self, batch: &Batch) {
        // The database must not know more than the log.
        let result = self.log.sync().and_then(|()| self.base.write(batch, self.limits.bytes_max));
        // On failure the batch stays readable.
        if let Err(error) = result {
            self.fail(error);
            return;
        }
        let mut recent = self.recent.write();
        recent.frozen = None;
        if recent.active.bytes() >= self.limits.merge_bytes {
            self.freeze(&mut recent);
        }
        drop(recent);
        let _guard = self.written.0.lock();
        self.written.1.notify_all();
    }

    /// Writes everything and ends the background thread.
    pub(crate) fn close(&self) {
        // The thread finishes what it was sent.
        // (Not under the lock, which the thread takes too.)
        let flusher = self.flusher.lock().take();
        drop(flusher);
        let mut recent = self.recent.write();
        if self.failed.lock().is_some() {
            return;
        }
        let mut rest = Vec::from_iter(recent.frozen.take());
        let meta = recent.active.meta;
        rest.push(Arc::new(std::mem::replace(&mut recent.active, Batch::following(meta))));
        drop(recent);
        for batch in rest {
            self.write(&batch);
        }
    }

    /// Looks in the batches, newest first, then in the database.
    fn find<T>(
        &self,
        in_batch: impl Fn(&Batch) -> Option<T>,
        in_base: impl FnOnce(&Base) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        {
            let recent = self.recent.read();
            if let Some(found) = in_batch(&recent.active) {
                return Ok(Some(found));
            }
            if let Some(found) = recent.frozen.as_deref().and_then(in_batch) {
                return Ok(Some(found));
            }
        }
        in_base(&self.base)
    }

    pub(crate) fn number(&self, number: u64) -> Result<Option<NumberEntry>, Error> {
        let found = self.find(
            |batch| batch.numbers.get(&number).cloned(),
            |base| Ok(base.number(number)?.map(Some)),
        )?;
        Ok(found.flatten())
    }

    /// Number and log position of a block.
    pub(crate) fn hash(&self, hash: &B256) -> Result<Option<(u64, u64)>, Error> {
        self.find(|batch| batch.hashes.get(hash).copied(), |base| base.hash(hash))
    }

    /// Block number and place of a transaction; stale if a rewind removed it.
    pub(crate) fn transaction(&self, hash: &B256) -> Result<Option<(u64, u32)>, Error> {
        self.find(|batch| batch.transactions.get(hash).copied(), |base| base.transaction(hash))
    }

    fn trie_node(&self, hash: &B256) -> Result<Option<Bytes>, Error> {
        self.find(|batch| batch.nodes.get(hash).cloned(), |base| base.node(hash))
    }

    /// The bytes of a contract's code.
    pub(crate) fn raw_code(&self, hash: &B256) -> Result<Bytes, Error> {
        self.find(|batch| batch.codes.get(hash).cloned(), |base| base.code(hash))?
            .ok_or_else(|| Error::Corrupt(format!("code {hash} is missing")))
    }

    /// A contract's code, analysed.
    pub(crate) fn code(&self, hash: &B256) -> Result<Bytecode, Error> {
        if let Some(code) = self.codes.lock().get(hash) {
            return Ok(code);
        }
        let code = Bytecode::new_raw_checked(self.raw_code(hash)?)
            .map_err(|error| Error::Corrupt(format!("code {hash}: {error}")))?;
        self.codes.lock().insert(*hash, code.clone());
        Ok(code)
    }

    /// The block at a position of the log.
    pub(crate) fn block(&self, position: u64) -> Result<Block, Error> {
        match self.log.read(position)? {
            Record::Block(bytes) => codec::decode(&bytes),
            _ => Err(Error::Corrupt(format!("no block at {position} in the block log"))),
        }
    }
}

impl NodeSource for Store {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        match self.trie_node(&hash) {
            Ok(Some(node)) => Ok(node),
            Ok(None) => Err(MissingNode(hash)),
            Err(error) => {
                tracing::error!(%error, %hash, "cannot read a trie node");
                Err(MissingNode(hash))
            }
        }
    }
}

#[derive(Debug, Default)]
struct CodeCache {
    codes: alloy_primitives::map::B256Map<Bytecode>,
    bytes: usize,
}

impl CodeCache {
    fn get(&self, hash: &B256) -> Option<Bytecode> {
        self.codes.get(hash).cloned()
    }

    fn insert(&mut self, hash: B256, code: Bytecode) {
        if self.bytes > CODE_CACHE_BYTES {
            *self = Self::default();
        }
        // Analysis adds a bit per byte.
        self.bytes += code.len() / 8 * 9;
        self.codes.insert(hash, code);
    }
}
