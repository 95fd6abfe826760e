//! What batches were made of, on this node's disk: a parent need not serve a batch's blobs for longer
//! than 18 days, and a dispute about it may come later.
//!
//! One file for each batch, named by its index and hash: a batch that a reorganisation of the parent
//! replaces is another file. A file is there whole or not at all, and believed only as far as it is
//! the evidence of that hash.

use alloy_primitives::B256;
use altana_parent::BatchEvidence;
use parking_lot::Mutex;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

const NAME: &str = "evidence";
/// The end of a file's name while it is written.
const UNFINISHED: &str = ".new";

/// The evidence of batches, in a folder.
#[derive(Debug)]
pub struct Archive {
    folder: PathBuf,
    /// Index and hash of each batch that is there. Locked while a file is written or removed.
    kept: Mutex<BTreeSet<(u64, B256)>>,
    /// Counts what turned out to be gone or damaged. Changed only while `kept` is locked.
    lost: AtomicU64,
}

impl Archive {
    /// The archive in a node's folder.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let folder = dir.join(NAME);
        fs::create_dir_all(&folder)?;
        File::open(dir)?.sync_all()?;
        let mut kept = BTreeSet::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if name.ends_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
            kept.extend(parse(name));
        }
        Ok(Self { folder, kept: Mutex::new(kept), lost: AtomicU64::new(0) })
    }

    /// Whether a batch's evidence is here.
    pub fn has(&self, index: u64, hash: B256) -> bool {
        self.kept.lock().contains(&(index, hash))
    }

    /// Index of the oldest batch whose evidence is here.
    pub fn oldest(&self) -> Option<u64> {
        self.kept.lock().first().map(|(index, _)| *index)
    }

    /// How many batches' evidence is here.
    pub fn count(&self) -> usize {
        self.kept.lock().len()
    }

    /// How many times evidence turned out to be gone or damaged, since the start. While this stays
    /// the same, what is here stays here until it is forgotten.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Keeps a batch's evidence: durably, on return.
    pub fn put(&self, evidence: &BatchEvidence) -> io::Result<()> {
        let (index, hash) = (evidence.header.index, evidence.header.hash());
        let bytes = evidence.encode();
        let mut kept = self.kept.lock();
        let path = self.path(index, hash);
        let new = PathBuf::from(format!("{}{UNFINISHED}", path.display()));
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.folder)?.sync_all()
        });
        if written.is_err() {
            // The disk may be full. What is half-written helps nobody.
            let _ = fs::remove_file(&new);
        }
        written?;
        kept.insert((index, hash));
        Ok(())
    }

    /// A batch's evidence, checked against the hash. What is gone or does not hold has to be put here
    /// again; what only cannot be read now may be intact, and stays.
    pub fn get(&self, index: u64, hash: B256) -> Option<BatchEvidence> {
        if !self.has(index, hash) {
            return None;
        }
        let path = self.path(index, hash);
        let reason = match fs::read(&path).map(|bytes| BatchEvidence::decode(&bytes, hash)) {
            Ok(Ok(evidence)) => return Some(evidence),
            Ok(Err(error)) => error.to_string(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => error.to_string(),
            Err(error) => {
                tracing::warn!(%error, "{} cannot be read now", path.display());
                return None;
            }
        };
        let path = path.display();
        tracing::warn!("{path} is damaged ({reason}): the batch is read from the parent again");
        let mut kept = self.kept.lock();
        if kept.remove(&(index, hash)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    /// Removes the evidence of all batches up to this one.
    pub fn forget_up_to(&self, index: u64) -> io::Result<()> {
        let mut kept = self.kept.lock();
        while let Some(oldest) = kept.first().copied().filter(|(kept, _)| *kept <= index) {
            match fs::remove_file(self.path(oldest.0, oldest.1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => kept.remove(&oldest),
            };
        }
        Ok(())
    }

    fn path(&self, index: u64, hash: B256) -> PathBuf {
        // Sorted by name they are sorted by index.
        self.folder.join(format!("{index:010}-{hash}"))
    }
}

fn parse(name: &str) -> Option<(u64, B256)> {
    let (index, hash) = name.split_once('-')?;
    Some((index.parse().ok()?, hash.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use altana_protocol::batch::{BatchHeader, calldata_commitment};
    use std::ffi::OsString;
    use tempfile::TempDir;

    /// Batch `index` with `payload`.
    fn evidence(index: u64, payload: &[u8]) -> BatchEvidence {
        let header = BatchHeader {
            index,
            data_length: payload.len() as u64,
            data_commitment: calldata_commitment(payload),
            ..BatchHeader::default()
        };
        let data = payload.to_vec().into();
        BatchEvidence { header, data, messages: Vec::new(), blobs: Vec::new() }
    }

    fn filled(batches: impl IntoIterator<Item = (u64, &'static str)>) -> (TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        for (index, payload) in batches {
            archive.put(&evidence(index, payload.as_bytes())).unwrap();
        }
        (folder, archive)
    }

    fn get(archive: &Archive, evidence: &BatchEvidence) -> Option<BatchEvidence> {
        archive.get(evidence.header.index, evidence.header.hash())
    }

    fn files(folder: &TempDir) -> Vec<OsString> {
        let entries = fs::read_dir(folder.path().join(NAME)).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn evidence_is_there_after_a_restart_and_unfinished_files_are_not() {
        let (folder, archive) = filled([(7, "a"), (8, "b")]);
        drop(archive);
        fs::write(folder.path().join(NAME).join("0000000009-0x12.new"), "half").unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        assert_eq!((archive.count(), files(&folder).len()), (2, 2));
        for kept in [evidence(7, b"a"), evidence(8, b"b")] {
            assert_eq!(get(&archive, &kept).as_ref(), Some(&kept));
        }
    }

    #[test]
    fn a_torn_or_missing_file_is_none_and_can_be_put_again() {
        type Spoil = fn(&Path);
        let spoil: [Spoil; 3] = [
            |path| fs::write(path, &fs::read(path).unwrap()[..20]).unwrap(),
            |path| fs::write(path, evidence(7, b"another").encode()).unwrap(),
            |path| fs::remove_file(path).unwrap(),
        ];
        let kept = evidence(7, b"a");
        for spoil in spoil {
            let (folder, archive) = filled([(7, "a")]);
            spoil(&folder.path().join(NAME).join(&files(&folder)[0]));
            assert_eq!(get(&archive, &kept), None);
            assert!(!archive.has(7, kept.header.hash()), "nobody would fetch it");
            archive.put(&kept).unwrap();
            assert_eq!(get(&archive, &kept).as_ref(), Some(&kept));
            assert_eq!(archive.lost(), 1, "nobody would look for it");
        }
    }

    #[test]
    fn what_cannot_be_read_now_is_still_there() {
        let (folder, archive) = filled([(7, "a")]);
        let kept = evidence(7, b"a");
        let path = folder.path().join(NAME).join(&files(&folder)[0]);
        let aside = folder.path().join("aside");
        fs::rename(&path, &aside).unwrap();
        // A folder can be opened, and not be read as a file.
        fs::create_dir(&path).unwrap();
        assert_eq!(get(&archive, &kept), None);
        assert!(archive.has(7, kept.header.hash()));
        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        assert_eq!(get(&archive, &kept).as_ref(), Some(&kept));
        assert_eq!(archive.lost(), 0);
    }

    #[test]
    fn a_batch_that_replaces_another_is_kept_beside_it() {
        let (_folder, archive) = filled([(7, "before"), (7, "after")]);
        for payload in ["before", "after"] {
            let kept = evidence(7, payload.as_bytes());
            assert_eq!(get(&archive, &kept).as_ref(), Some(&kept));
        }
        assert_eq!(get(&archive, &evidence(7, b"never")), None);
    }

    #[test]
    fn what_is_final_goes() {
        let (folder, archive) = filled([(9, "c"), (10, "d"), (7, "a"), (8, "b"), (8, "other")]);
        archive.forget_up_to(8).unwrap();
        archive.forget_up_to(3).unwrap();
        for archive in [archive, Archive::open(folder.path()).unwrap()] {
            assert_eq!((archive.oldest(), archive.count()), (Some(9), 2));
            assert!(get(&archive, &evidence(10, b"d")).is_some());
            assert!(get(&archive, &evidence(8, b"b")).is_none());
        }
        assert_eq!(files(&folder).len(), 2);
    }

    #[test]
    fn what_cannot_be_written_is_not_there() {
        let (folder, archive) = filled([(7, "a")]);
        fs::remove_dir_all(folder.path().join(NAME)).unwrap();
        let lost = evidence(8, b"b");
        archive.put(&lost).unwrap_err();
        assert!(!archive.has(8, lost.header.hash()));
    }
}
