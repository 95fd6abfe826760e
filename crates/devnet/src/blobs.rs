//! Keeps the blobs of mined transactions, as beacon nodes do: for a while.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_eips::eip4844::{Blob, Bytes48, kzg_to_versioned_hash};
use alloy_primitives::B256;

use crate::sidecar::CheckedBlob;

/// Most blobs kept in memory (512 MiB).
const MAX_IN_MEMORY: usize = 4_096;
/// Most blobs kept in a folder (16 GiB).
const MAX_ON_DISK: usize = 131_072;
/// A blob's file: commitment, blob.
const FILE_BYTES: usize = 48 + 131_072;

/// Blobs by versioned hash. The oldest go when there are too many.
#[derive(Debug)]
pub(crate) struct BlobStore {
    dir: Option<PathBuf>,
    order: VecDeque<B256>,
    /// `None`: it is in the folder.
    blobs: HashMap<B256, Option<Arc<CheckedBlob>>>,
}

impl BlobStore {
    /// Opens the folder, or begins an empty store in memory.
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let mut found = Vec::new();
        if let Some(dir) = dir {
            fs::create_dir_all(dir)?;
            for entry in fs::read_dir(dir)? {
                let entry = entry?;
                let name = entry.file_name();
                // Anything else is a file whose writing was interrupted.
                match name.to_str().and_then(|n| n.parse::<B256>().ok()) {
                    Some(hash) => found.push((entry.metadata()?.modified()?, hash)),
                    None => fs::remove_file(entry.path())?,
                }
            }
        }
        found.sort_unstable();
        let order: VecDeque<_> = found.into_iter().map(|(_, hash)| hash).collect();
        let blobs = order.iter().map(|hash| (*hash, None)).collect();
        Ok(Self { dir: dir.map(Path::to_owned), order, blobs })
    }

    /// Keeps a blob; with a folder, durably.
    pub(crate) fn put(&mut self, blob: &Arc<CheckedBlob>) -> io::Result<()> {
        let hash = blob.versioned_hash;
        if self.blobs.contains_key(&hash) {
            return Ok(());
        }
        let kept = match &self.dir {
            Some(dir) => {
                write(dir, blob)?;
                None
            }
            None => Some(blob.clone()),
        };
        self.blobs.insert(hash, kept);
        self.order.push_back(hash);
        self.evict()
    }

    fn evict(&mut self) -> io::Result<()> {
        let max = if self.dir.is_some() { MAX_ON_DISK } else { MAX_IN_MEMORY };
        while self.order.len() > max {
            let Some(oldest) = self.order.pop_front() else { break };
            self.blobs.remove(&oldest);
            if let Some(dir) = &self.dir {
                fs::remove_file(path(dir, oldest))?;
            }
        }
        Ok(())
    }

    /// A blob, if it is (still) here.
    pub(crate) fn get(&self, hash: B256) -> io::Result<Option<Arc<CheckedBlob>>> {
        match (self.blobs.get(&hash), &self.dir) {
            (None, _) => Ok(None),
            (Some(Some(blob)), _) => Ok(Some(blob.clone())),
            (Some(None), Some(dir)) => read(dir, hash).map(Some),
            (Some(None), None) => Ok(None),
        }
    }
}

fn path(dir: &Path, hash: B256) -> PathBuf {
    dir.join(hash.to_string())
}

fn write(dir: &Path, blob: &CheckedBlob) -> io::Result<()> {
    let unfinished = dir.join(format!("{}.new", blob.versioned_hash));
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(blob.commitment.as_slice())?;
    file.write_all(blob.blob.as_slice())?;
    file.sync_all()?;
    fs::rename(unfinished, path(dir, blob.versioned_hash))?;
    fs::File::open(dir)?.sync_all()
}

fn read(dir: &Path, hash: B256) -> io::Result<Arc<CheckedBlob>> {
    let bytes = fs::read(path(dir, hash))?;
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("blob {hash} is damaged"));
    if bytes.len() != FILE_BYTES {
        return Err(damaged());
    }
    let (commitment, blob) = bytes.split_at(48);
    if kzg_to_versioned_hash(commitment) != hash {
        return Err(damaged());
    }
    Ok(Arc::new(CheckedBlob {
        versioned_hash: hash,
        commitment: Bytes48::from_slice(commitment),
        blob: Blob::from_slice(blob),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(byte: u8) -> Arc<CheckedBlob> {
        let commitment = Bytes48::repeat_byte(byte);
        let versioned_hash = kzg_to_versioned_hash(commitment.as_slice());
        Arc::new(CheckedBlob { versioned_hash, commitment, blob: Blob::repeat_byte(byte) })
    }

    #[test]
    fn a_folder_gives_blobs_back_after_a_restart_and_tells_damage() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (blob(1), blob(2));
        let mut store = BlobStore::open(Some(dir.path())).unwrap();
        store.put(&one).unwrap();
        store.put(&one).unwrap();
        drop(store);
        fs::write(dir.path().join("half-written.new"), b"x").unwrap();
        let store = BlobStore::open(Some(dir.path())).unwrap();
        assert_eq!(store.get(one.versioned_hash).unwrap().as_ref(), Some(&one));
        assert_eq!(store.get(two.versioned_hash).unwrap(), None);
        fs::write(path(dir.path(), one.versioned_hash), b"short").unwrap();
        assert!(store.get(one.versioned_hash).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let mut store = BlobStore::open(None).unwrap();
        let first = blob(0);
        store.put(&first).unwrap();
        for i in 0..MAX_IN_MEMORY {
            let commitment = Bytes48::right_padding_from(&i.to_be_bytes());
            let shared = CheckedBlob {
                versioned_hash: kzg_to_versioned_hash(commitment.as_slice()),
                commitment,
                blob: Blob::ZERO,
            };
            // Only the count matters here.
            store.blobs.insert(shared.versioned_hash, None);
            store.order.push_back(shared.versioned_hash);
            store.evict().unwrap();
        }
        assert_eq!(store.get(first.versioned_hash).unwrap(), None);
        assert_eq!(store.order.len(), MAX_IN_MEMORY);
    }
}
