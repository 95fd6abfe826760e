//! The database: trie nodes, codes and indices, merged from the log in large batches.

use super::batch::{Batch, Meta, NumberEntry};
use crate::{Error, explain};
use alloy_primitives::{B256, Bloom, Bytes, map::B256Map};
use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, PersistMode,
    config::{
        BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry, PinningPolicy,
    },
};
use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

/// Version of the tables; a folder with another one is refused.
const VERSION: u64 = 1;
const META_KEY: &[u8] = b"meta";
const GENESIS_KEY: &[u8] = b"genesis";
/// Bytes of tables before they are sorted into a file.
const MEMTABLE_BYTES: u64 = 64 << 20;
/// Bits per key of the filters that tell files without a key: one false positive in a hundred.
const BLOOM_BITS: f32 = 10.0;

/// On disk, or in memory.
#[derive(Debug)]
pub(crate) enum Base {
    Disk(Box<Disk>),
    Memory(Box<parking_lot::RwLock<Tables>>),
}

pub(crate) struct Disk {
    database: Database,
    nodes: Keyspace,
    codes: Keyspace,
    numbers: Keyspace,
    hashes: Keyspace,
    transactions: Keyspace,
    meta: Keyspace,
    /// Held while the database is open; dropped last.
    lock: Option<File>,
}

impl Disk {
    fn open(path: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let builder = Database::builder(path).cache_size(cache_bytes).worker_threads(1);
        let database = builder.open().map_err(fatal)?;
        let table = |name: &str| database.keyspace(name, table_options).map_err(fatal);
        Ok(Self {
            nodes: table("nodes")?,
            codes: table("codes")?,
            numbers: table("numbers")?,
            hashes: table("hashes")?,
            transactions: table("transactions")?,
            meta: table("meta")?,
            database,
            lock: None,
        })
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    nodes: B256Map<Bytes>,
    codes: B256Map<Bytes>,
    numbers: BTreeMap<u64, NumberEntry>,
    hashes: B256Map<(u64, u64)>,
    transactions: B256Map<(u64, u32)>,
    meta: Option<Meta>,
    bytes: u64,
}

fn fatal(error: fjall::Error) -> Error {
    let reason = match &error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
            explain(error)
        }
        // It wrote in the background, and does not say why that failed.
        fjall::Error::Poisoned => "an earlier write failed, perhaps for want of space".into(),
        other => other.to_string(),
    };
    Error::Fatal(format!("database: {reason}"))
}

fn damaged(table: &str) -> Error {
    Error::Corrupt(format!("database: an entry of table {table} has the wrong length"))
}

/// Takes the lock that one process holds while it uses the database.
fn lock(path: &Path) -> Result<File, Error> {
    let file = File::create(path).map_err(|error| io(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Config(format!(
            "{} is open in another process",
            path.with_extension("").display()
        ))),
        Err(TryLockError::Error(error)) => Err(io(path, &error)),
    }
}

fn create(path: &Path, cache_bytes: u64) -> Result<(), Error> {
    let new = path.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(|error| io(&new, &error))?;
    }
    drop(Disk::open(&new, cache_bytes)?);
    fs::rename(&new, path).map_err(|error| io(path, &error))
}

fn io(path: &Path, error: &io::Error) -> Error {
    Error::Fatal(format!("{}: {}", path.display(), explain(error)))
}

impl Base {
    pub(crate) fn memory() -> Self {
        Self::Memory(Box::default())
    }

    /// Opens or creates the database. A kill while it is created leaves nothing in its place: it is
    /// made beside it and renamed when it is whole.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let lock = lock(&path.with_extension("lock"))?;
        if !path.exists() {
            create(path, cache_bytes)?;
        }
        let mut disk = Disk::open(path, cache_bytes)?;
        disk.lock = Some(lock);
        Ok(Self::Disk(Box::new(disk)))
    }

    pub(crate) fn meta(&self) -> Result<Option<Meta>, Error> {
        match self {
            Self::Disk(disk) => disk.read(&disk.meta, META_KEY, "meta", Meta::decode),
            Self::Memory(tables) => Ok(tables.read().meta),
        }
    }

    pub(crate) fn node(&self, hash: &B256) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Disk(disk) => disk
                .read(&disk.nodes, hash.as_slice(), "nodes", |b| Some(Bytes::copy_from_slice(b))),
            Self::Memory(tables) => Ok(tables.read().nodes.get(hash).cloned()),
        }
    }

    pub(crate) fn code(&self, hash: &B256) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Disk(disk) => disk
                .read(&disk.codes, hash.as_slice(), "codes", |b| Some(Bytes::copy_from_slice(b))),
            Self::Memory(tables) => Ok(tables.read().codes.get(hash).cloned()),
        }
    }

    pub(crate) fn number(&self, number: u64) -> Result<Option<NumberEntry>, Error> {
        match self {
            Self::Disk(disk) => {
                disk.read(&disk.numbers, &number.to_be_bytes(), "numbers", NumberEntry::decode)
            }
            Self::Memory(tables) => Ok(tables.read().numbers.get(&number).cloned()),
        }
    }

    pub(crate) fn hash(&self, hash: &B256) -> Result<Option<(u64, u64)>, Error> {
        match self {
            Self::Disk(disk) => disk.read(&disk.hashes, hash.as_slice(), "hashes", |bytes| {
                let (number, position) = bytes.split_first_chunk::<8>()?;
                Some((u64::from_be_bytes(*number), u64::from_be_bytes(position.try_into().ok()?)))
            }),
            Self::Memory(tables) => Ok(tables.read().hashes.get(hash).copied()),
        }
    }

    pub(crate) fn transaction(&self, hash: &B256) -> Result<Option<(u64, u32)>, Error> {
        match self {
            Self::Disk(disk) => {
                disk.read(&disk.transactions, hash.as_slice(), "transactions", |bytes| {
                    let (number, index) = bytes.split_first_chunk::<8>()?;
                    Some((u64::from_be_bytes(*number), u32::from_be_bytes(index.try_into().ok()?)))
                })
            }
            Self::Memory(tables) => Ok(tables.read().transactions.get(hash).copied()),
        }
    }

    /// Merges a batch, all of it or nothing. Durable on return.
    pub(crate) fn write(&self, batch: &Batch, bytes_max: u64) -> Result<(), Error> {
        match self {
            Self::Disk(disk) => disk.write(batch, bytes_max),
            Self::Memory(tables) => tables.write().merge(batch, bytes_max),
        }
    }
}

fn table_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .data_block_compression_policy(CompressionPolicy::disabled())
        .filter_policy(FilterPolicy::all(FilterPolicyEntry::Bloom(
            BloomConstructionPolicy::BitsPerKey(BLOOM_BITS),
        )))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
}

fn sorted<T>(table: &B256Map<T>) -> Vec<(&B256, &T)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_unstable_by_key(|entry| entry.0);
    entries
}

impl Disk {
    fn read<T>(
        &self,
        table: &Keyspace,
        key: &[u8],
        name: &str,
        decode: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(bytes) = table.get(key).map_err(fatal)? else { return Ok(None) };
        decode(&bytes).map(Some).ok_or_else(|| damaged(name))
    }

    /// See [`super::Store::check_identity`].
    pub(crate) fn check_identity(&self, genesis: B256) -> Result<(), Error> {
        let mut identity = VERSION.to_be_bytes().to_vec();
        identity.extend_from_slice(genesis.as_slice());
        match self.meta.get(GENESIS_KEY).map_err(fatal)? {
            Some(found) if *found == *identity => Ok(()),
            Some(found) if found.len() == identity.len() && found[..8] == identity[..8] => {
                let found = B256::from_slice(&found[8..]);
                Err(Error::Config(format!(
                    "the folder holds the chain with genesis {found}, not {genesis}"
                )))
            }
            Some(_) => Err(Error::Config("the folder was written by another version".into())),
            None => {
                self.meta.insert(GENESIS_KEY, identity).map_err(fatal)?;
                self.database.persist(PersistMode::SyncAll).map_err(fatal)
            }
        }
    }

    fn write(&self, batch: &Batch, bytes_max: u64) -> Result<(), Error> {
        if bytes_max != u64::MAX && self.database.disk_space().map_err(fatal)? > bytes_max {
            return Err(Error::Fatal(format!("the limit of {bytes_max} bytes is reached")));
        }
        let mut out = self.database.batch().durability(Some(PersistMode::SyncAll));
        // In order: tables in memory are sorted, and neighbours share what is in the CPU's caches.
        for (hash, node) in sorted(&batch.nodes) {
            out.insert(&self.nodes, hash.as_slice(), &node[..]);
        }
        for (hash, code) in &batch.codes {
            out.insert(&self.codes, hash.as_slice(), &code[..]);
        }
        for (number, entry) in &batch.numbers {
            match entry {
                Some(entry) => out.insert(&self.numbers, number.to_be_bytes(), entry.encode()),
                None => out.remove(&self.numbers, number.to_be_bytes()),
            }
        }
        for (hash, (number, position)) in &batch.hashes {
            let value = [number.to_be_bytes(), position.to_be_bytes()].concat();
            out.insert(&self.hashes, hash.as_slice(), value);
        }
        for (hash, (number, index)) in sorted(&batch.transactions) {
            let value = [&number.to_be_bytes()[..], &index.to_be_bytes()].concat();
            out.insert(&self.transactions, hash.as_slice(), value);
        }
        out.insert(&self.meta, META_KEY, batch.meta.encode());
        out.commit().map_err(fatal)
    }
}

impl Tables {
    fn merge(&mut self, batch: &Batch, bytes_max: u64) -> Result<(), Error> {
        self.bytes += batch.bytes() as u64;
        if self.bytes > bytes_max {
            return Err(Error::Fatal(format!("the limit of {bytes_max} bytes is reached")));
        }
        self.nodes.extend(batch.nodes.iter().map(|(hash, node)| (*hash, node.clone())));
        self.codes.extend(batch.codes.iter().map(|(hash, code)| (*hash, code.clone())));
        for (number, entry) in &batch.numbers {
            match entry {
                Some(entry) => self.numbers.insert(*number, entry.clone()),
                None => self.numbers.remove(number),
            };
        }
        self.hashes.extend(&batch.hashes);
        self.transactions.extend(&batch.transactions);
        self.meta = Some(batch.meta);
        Ok(())
    }
}

impl NumberEntry {
    fn encode(&self) -> Vec<u8> {
        let mut out = self.hash.to_vec();
        out.extend_from_slice(&self.position.to_be_bytes());
        out.extend(self.bloom.iter().flat_map(|bloom| bloom.0));
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (hash, rest) = bytes.split_first_chunk::<32>()?;
        let (position, bloom) = rest.split_first_chunk::<8>()?;
        let bloom = match bloom {
            [] => None,
            some => Some(Box::new(Bloom::try_from(some).ok()?)),
        };
        Some(Self { hash: hash.into(), position: u64::from_be_bytes(*position), bloom })
    }
}

impl Meta {
    fn encode(&self) -> Vec<u8> {
        let mut out = self.position.to_be_bytes().to_vec();
        out.extend([self.head, self.safe, self.finalized].iter().flat_map(|hash| hash.0));
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (position, hashes) = bytes.split_first_chunk::<8>()?;
        let (head, rest) = hashes.split_first_chunk::<32>()?;
        let (safe, finalized) = rest.split_first_chunk::<32>()?;
        Some(Self {
            position: u64::from_be_bytes(*position),
            head: head.into(),
            safe: safe.into(),
            finalized: B256::try_from(finalized).ok()?,
        })
    }
}
