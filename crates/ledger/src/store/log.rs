//! The log: what happened to the chain, in order. It is the truth; the database only merges it.
//!
//! A record is `length:4 ++ checksum:4 ++ kind:1 ++ payload`, integers big-endian; the length is
//! that of kind and payload, the checksum is the first four bytes of their keccak256. A record that
//! is cut off or fails its checksum ends the log: the process died while writing it, so nobody was
//! told that it is there.

use crate::{Error, explain};
use alloy_primitives::{B256, Bytes, keccak256};
use parking_lot::RwLock;
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::Path,
};

/// Opens every log file; the last byte is the format's version.
const MAGIC: &[u8; 8] = b"ALTLOG\0\x01";
/// Length and checksum.
const HEAD_BYTES: u64 = 8;
/// Longest record.
const RECORD_BYTES_MAX: usize = 256 << 20;

const KIND_BLOCK: u8 = 0;
const KIND_REWIND: u8 = 1;
const KIND_HEADS: u8 = 2;

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// A block (encoded) became the head.
    Block(Bytes),
    /// An older block became the head again.
    Rewind(B256),
    /// The safe and finalized heads moved.
    Heads { safe: B256, finalized: B256 },
}

/// An append-only list of records, in a file or in memory.
#[derive(Debug)]
pub(crate) struct Log {
    medium: Medium,
    bytes_max: u64,
}

#[derive(Debug)]
enum Medium {
    File { file: File, end: RwLock<u64> },
    Memory(RwLock<MemoryLog>),
}

#[derive(Debug, Default)]
struct MemoryLog {
    records: Vec<Bytes>,
    bytes: u64,
}

impl Log {
    pub(crate) fn memory(bytes_max: u64) -> Self {
        Self { medium: Medium::Memory(RwLock::default()), bytes_max }
    }

    /// Opens or creates the file. [`Log::replay`] must follow before anything is appended.
    pub(crate) fn open(path: &Path, bytes_max: u64) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fatal)?;
        let len = file.metadata().map_err(fatal)?.len();
        if len < MAGIC.len() as u64 {
            // Empty, or torn while it was created.
            file.set_len(0).and_then(|()| file.write_all_at(MAGIC, 0)).map_err(fatal)?;
            file.sync_all().map_err(fatal)?;
            // A new file is there after a crash only if its folder says so.
            if let Some(dir) = path.parent() {
                File::open(dir).and_then(|dir| dir.sync_all()).map_err(fatal)?;
            }
        } else {
            let mut magic = [0; MAGIC.len()];
            file.read_exact_at(&mut magic, 0).map_err(fatal)?;
            if magic != *MAGIC {
                let path = path.display();
                return Err(Error::Config(format!("{path} is no block log of this version")));
            }
        }
        let end = RwLock::new(len.max(MAGIC.len() as u64));
        Ok(Self { medium: Medium::File { file, end }, bytes_max })
    }

    /// Where the first record is.
    pub(crate) fn start(&self) -> u64 {
        match self.medium {
            Medium::File { .. } => MAGIC.len() as u64,
            Medium::Memory(_) => 0,
        }
    }

    /// Where the next record will be.
    pub(crate) fn end(&self) -> u64 {
        match &self.medium {
            Medium::File { end, .. } => *end.read(),
            Medium::Memory(log) => log.read().records.len() as u64,
        }
    }

    /// Appends a record; its position. Only one caller at a time. After an error the log is as
    /// it was, but for bytes behind its end.
    pub(crate) fn append(&self, record: &Record) -> Result<u64, Error> {
        let bytes = frame(record)?;
        match &self.medium {
            Medium::File { file, end } => {
                let at = *end.read();
                self.check_room(at + bytes.len() as u64)?;
                file.write_all_at(&bytes, at).map_err(|error| {
                    // What was written in part must not be there after a restart.
                    let _ = file.set_len(at);
                    fatal(error)
                })?;
                *end.write() = at + bytes.len() as u64;
                Ok(at)
            }
            Medium::Memory(log) => {
                let mut log = log.write();
                self.check_room(log.bytes + bytes.len() as u64)?;
                log.bytes += bytes.len() as u64;
                log.records.push(bytes.into());
                Ok(log.records.len() as u64 - 1)
            }
        }
    }

    fn check_room(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.bytes_max {
            return Err(Error::Fatal(format!("the limit of {} bytes is reached", self.bytes_max)));
        }
        Ok(())
    }

    /// Returns once all records are on the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        match &self.medium {
            Medium::File { file, .. } => file.sync_data().map_err(fatal),
            Medium::Memory(_) => Ok(()),
        }
    }

    /// The record at a position that [`Log::append`] or [`Log::replay`] gave.
    pub(crate) fn read(&self, at: u64) -> Result<Record, Error> {
        let damaged = || Error::Corrupt(format!("no record at {at} in the block log"));
        let (record, _) = self.read_framed(at)?.ok_or_else(damaged)?;
        Ok(record)
    }

    /// Calls `visit` with the start and end of each record from a position on, and forgets what is
    /// behind the last whole one.
    pub(crate) fn replay(
        &self,
        from: u64,
        mut visit: impl FnMut(u64, u64, Record) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut at = from;
        while let Some((record, next)) = self.read_framed(at)? {
            visit(at, next, record)?;
            at = next;
        }
        if let Medium::File { file, end } = &self.medium {
            let mut end = end.write();
            if *end != at {
                tracing::warn!(
                    from = at,
                    to = *end,
                    "the block log ends in a torn record: cut off"
                );
                file.set_len(at).and_then(|()| file.sync_all()).map_err(fatal)?;
                *end = at;
            }
        }
        Ok(())
    }

    /// The record at a position and the position behind it; `None` if it is not whole.
    fn read_framed(&self, at: u64) -> Result<Option<(Record, u64)>, Error> {
        match &self.medium {
            Medium::File { file, end } => {
                let end = *end.read();
                let mut head = [0; HEAD_BYTES as usize];
                if at + HEAD_BYTES > end || !read_whole(file, &mut head, at)? {
                    return Ok(None);
                }
                let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
                let next = at + HEAD_BYTES + len as u64;
                if len == 0 || len > RECORD_BYTES_MAX || next > end {
                    return Ok(None);
                }
                let mut body = vec![0; len];
                if !read_whole(file, &mut body, at + HEAD_BYTES)? {
                    return Ok(None);
                }
                Ok(parse(&head, body.into()).map(|record| (record, next)))
            }
            Medium::Memory(log) => {
                let log = log.read();
                let Some(bytes) = log.records.get(at as usize) else { return Ok(None) };
                let (head, body) =
                    (bytes.slice(..HEAD_BYTES as usize), bytes.slice(HEAD_BYTES as usize..));
                Ok(parse(&head, body).map(|record| (record, at + 1)))
            }
        }
    }
}

fn fatal(error: io::Error) -> Error {
    Error::Fatal(format!("block log: {}", explain(&error)))
}

/// Whether there were that many bytes.
fn read_whole(file: &File, into: &mut [u8], at: u64) -> Result<bool, Error> {
    match file.read_exact_at(into, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(fatal(error)),
    }
}

fn frame(record: &Record) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; HEAD_BYTES as usize];
    match record {
        Record::Block(block) => {
            out.reserve_exact(1 + block.len());
            out.push(KIND_BLOCK);
            out.extend_from_slice(block);
        }
        Record::Rewind(to) => {
            out.push(KIND_REWIND);
            out.extend_from_slice(to.as_slice());
        }
        Record::Heads { safe, finalized } => {
            out.push(KIND_HEADS);
            out.extend_from_slice(safe.as_slice());
            out.extend_from_slice(finalized.as_slice());
        }
    }
    let body_len = out.len() - HEAD_BYTES as usize;
    if body_len > RECORD_BYTES_MAX {
        return Err(Error::Config(format!("a block of {body_len} bytes is too long to store")));
    }
    let checksum = keccak256(&out[HEAD_BYTES as usize..]);
    out[..4].copy_from_slice(&(body_len as u32).to_be_bytes());
    out[4..8].copy_from_slice(&checksum[..4]);
    Ok(out)
}

fn parse(head: &[u8], body: Bytes) -> Option<Record> {
    if keccak256(&body)[..4] != head[4..8] {
        return None;
    }
    let payload = body.slice(1..);
    match (body[0], payload.len()) {
        (KIND_BLOCK, _) => Some(Record::Block(payload)),
        (KIND_REWIND, 32) => Some(Record::Rewind(B256::from_slice(&payload))),
        (KIND_HEADS, 64) => Some(Record::Heads {
            safe: B256::from_slice(&payload[..32]),
            finalized: B256::from_slice(&payload[32..]),
        }),
        _ => None,
    }
}
