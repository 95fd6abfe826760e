//! Make acknowledgements durable: an append-only log with group commit.
//!
//! Format: the 8 bytes `ALTPOOL1`, then records `u32 length | u32 check | 20 bytes sender |
//! transaction` (EIP-2718), little-endian, where `length` counts sender and transaction, and
//! `check` is the first four bytes of their keccak256. A torn tail is what a crash leaves behind:
//! it was never acknowledged and is cut off on opening.

use alloy_consensus::transaction::Recovered;
use alloy_eips::Decodable2718;
use alloy_primitives::{Address, keccak256};
use altana_ledger::explain;
use altana_protocol::Transaction;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"ALTPOOL1";
const NAME: &str = "pool.journal";
const NEW_NAME: &str = "pool.journal.new";
/// The log is rewritten when it exceeds this and twice what is worth keeping.
const COMPACT_BYTES_MIN: u64 = 16 << 20;

/// Why the journal failed. All are fatal to the node: it must stop, say so, and be restarted when
/// the disk is well; nothing that was acknowledged is lost.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("pool journal {}: {}", path.display(), explain(error))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// The file is not a pool journal.
    #[error("{0} is not a pool journal: move it away")]
    Foreign(PathBuf),
    /// The state is missing that tells which transactions still wait.
    #[error("the pool journal could not be replayed: {0}")]
    Replay(String),
    /// An earlier write failed; the file's end is unknown.
    #[error("the pool journal failed before")]
    Failed,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    bytes: u64,
    failed: bool,
}

impl Journal {
    /// Opens or creates the journal in a folder; returns what was acknowledged in it.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Recovered<Transaction>>), JournalError> {
        let path = folder.join(NAME);
        let io = |error| JournalError::Io { path: path.clone(), error };
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io)?;
        if content.len() < MAGIC.len() && MAGIC.starts_with(&content) {
            file.set_len(0).map_err(io)?;
            file.seek(SeekFrom::Start(0)).map_err(io)?;
            file.write_all(MAGIC).map_err(io)?;
            file.sync_all().map_err(io)?;
            sync_folder(folder)?;
            content = MAGIC.to_vec();
        }
        let Some(mut rest) = content.strip_prefix(MAGIC) else {
            return Err(JournalError::Foreign(path));
        };
        let mut transactions = Vec::new();
        let mut bytes = MAGIC.len() as u64;
        while let Some((record, tail)) = split_record(rest) {
            // A record that passes its check but does not decode was written by other code.
            transactions.push(decode(record).ok_or(JournalError::Foreign(path.clone()))?);
            bytes += (rest.len() - tail.len()) as u64;
            rest = tail;
        }
        file.set_len(bytes).map_err(io)?;
        file.seek(SeekFrom::Start(bytes)).map_err(io)?;
        Ok((Self { folder: folder.into(), file, bytes, failed: false }, transactions))
    }

    /// Appends whole records; durable on return. One call is one fsync, however many
    /// submissions it serves.
    pub fn append(&mut self, records: &[u8]) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed);
        }
        let result = self.file.write_all(records).and_then(|()| self.file.sync_data());
        self.bytes += records.len() as u64;
        // After a failed fsync the kernel may have dropped the pages: no later success counts.
        self.failed = result.is_err();
        result.map_err(|error| JournalError::Io { path: self.folder.join(NAME), error })
    }

    /// Whether a rewrite that keeps `live_bytes` would pay.
    pub fn wants_compaction(&self, live_bytes: u64) -> bool {
        self.bytes > COMPACT_BYTES_MIN && self.bytes > 2 * live_bytes
    }

    /// Replaces the content with `records`, atomically.
    pub fn compact(&mut self, records: &[u8]) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed);
        }
        let path = self.folder.join(NEW_NAME);
        let io = |error| JournalError::Io { path: path.clone(), error };
        let mut file = File::create(&path).map_err(io)?;
        file.write_all(MAGIC).map_err(io)?;
        file.write_all(records).map_err(io)?;
        file.sync_all().map_err(io)?;
        std::fs::rename(&path, self.folder.join(NAME)).map_err(io)?;
        // From here on the old file has no name: appends must go to the new one.
        self.file = file;
        self.bytes = (MAGIC.len() + records.len()) as u64;
        sync_folder(&self.folder).inspect_err(|_| self.failed = true)
    }
}

/// Appends one record to a buffer for [`Journal::append`].
pub(super) fn record(tx: &Recovered<Transaction>, out: &mut Vec<u8>) {
    use alloy_eips::Encodable2718;
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(tx.signer().as_slice());
    tx.inner().encode_2718(out);
    let length = (out.len() - start - 8) as u32;
    let check = keccak256(&out[start + 8..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&check[..4]);
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(8)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let (record, tail) = rest.split_at_checked(length)?;
    (keccak256(record)[..4] == head[4..]).then_some((record, tail))
}

fn decode(record: &[u8]) -> Option<Recovered<Transaction>> {
    let (sender, mut encoded) = record.split_at_checked(20)?;
    let tx = Transaction::decode_2718(&mut encoded).ok()?;
    encoded.is_empty().then(|| Recovered::new_unchecked(tx, Address::from_slice(sender)))
}

fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| JournalError::Io { path: folder.into(), error })
}
