//! Where every batch ended: kept for ever, since a claim may be about an old one.
//!
//! One record of fixed size for each batch, in a file that a reorganisation of the parent
//! overwrites. What it says is derived and can be lost: a record is believed with the batch's hash
//! alone.

use super::Tip;
use alloy_primitives::B256;
use std::{collections::BTreeMap, fs::File, io, os::unix::fs::FileExt, path::Path};

const NAME: &str = "batches";
/// Hash of the batch, then its last block and the parent block that holds it, big-endian.
const RECORD_BYTES: usize = 32 + 8 + 8;

/// Where a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEnd {
    /// Hash of its header.
    pub hash: B256,
    /// Number of its last block.
    pub last_block: u64,
    /// Number of the parent block that holds it.
    pub committed_in: u64,
}

/// The ends of all batches.
#[derive(Debug)]
pub struct Book {
    store: Store,
}

#[derive(Debug)]
enum Store {
    File(File),
    Memory(BTreeMap<u64, BatchEnd>),
}

impl Book {
    /// The book in a folder; without one, a book in memory.
    pub fn open(folder: Option<&Path>) -> io::Result<Self> {
        let Some(folder) = folder else {
            return Ok(Self { store: Store::Memory(BTreeMap::new()) });
        };
        let path = folder.join(NAME);
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { store: Store::File(file) })
    }

    /// Writes down where a batch ended.
    pub fn write(&mut self, tip: &Tip) -> io::Result<()> {
        let end = BatchEnd {
            hash: tip.hash,
            last_block: tip.block_number,
            committed_in: tip.parent_block,
        };
        match &mut self.store {
            Store::File(file) => file.write_all_at(&end.encode(), offset(tip.index)),
            Store::Memory(ends) => {
                ends.insert(tip.index, end);
                Ok(())
            }
        }
    }

    /// Where the batch with this index ended, as far as is known. The genesis is batch 0.
    pub fn read(&self, index: u64) -> io::Result<Option<BatchEnd>> {
        let file = match &self.store {
            Store::File(file) => file,
            Store::Memory(ends) => return Ok(ends.get(&index).copied()),
        };
        let mut bytes = [0; RECORD_BYTES];
        match file.read_exact_at(&mut bytes, offset(index)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            read => read.map(|()| BatchEnd::decode(&bytes)),
        }
    }

    /// Waits until everything that was written is on disk.
    pub fn sync(&self) -> io::Result<()> {
        match &self.store {
            Store::File(file) => file.sync_data(),
            Store::Memory(_) => Ok(()),
        }
    }
}

fn offset(index: u64) -> u64 {
    index.saturating_mul(RECORD_BYTES as u64)
}

impl BatchEnd {
    fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..32].copy_from_slice(self.hash.as_slice());
        bytes[32..40].copy_from_slice(&self.last_block.to_be_bytes());
        bytes[40..].copy_from_slice(&self.committed_in.to_be_bytes());
        bytes
    }

    /// A hole in the file is zero, as no batch's hash is.
    fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let number = |at: usize| bytes[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let hash = B256::from_slice(&bytes[..32]);
        (!hash.is_zero()).then(|| Self { hash, last_block: number(32), committed_in: number(40) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip(index: u64, block_number: u64) -> Tip {
        Tip {
            index,
            hash: B256::with_last_byte(block_number as u8),
            last_timestamp: 0,
            queue_end: 0,
            parent_block: 7 * index,
            parent_hash: B256::ZERO,
            block_number,
            block_hash: B256::ZERO,
        }
    }

    #[test]
    fn ends_are_kept_and_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        for place in [None, Some(folder.path())] {
            let mut book = Book::open(place).unwrap();
            for (index, block) in [(0, 9), (3, 30), (3, 31)] {
                book.write(&tip(index, block)).unwrap();
            }
            book.sync().unwrap();
            if place.is_some() {
                book = Book::open(place).unwrap();
            }
            let last =
                |index| book.read(index).unwrap().map(|end| (end.last_block, end.committed_in));
            assert_eq!(last(0), Some((9, 0)));
            assert_eq!(last(1), None);
            assert_eq!(last(3), Some((31, 21)));
            assert_eq!(last(4), None);
        }
    }
}
