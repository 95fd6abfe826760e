//! The disputes in which this node has something at stake: its bonds come back only a window after
//! they were brought, perhaps after the claim is final and listed no more.

use alloy_primitives::Address;
use altana_parent::Claim;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

const NAME: &str = "disputes.json";

/// A right claim that has a rival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// The module that decides it.
    pub(super) module: Address,
    /// What it builds on.
    pub(super) parent: Claim,
    /// The claim.
    pub(super) right: Claim,
}

/// Those that are not over, in a file.
#[derive(Debug)]
pub(super) struct StandingFile {
    path: Option<PathBuf>,
    all: BTreeMap<u64, Standing>,
}

impl StandingFile {
    pub(super) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let path = folder.map(|folder| folder.join(NAME));
        let bytes = match path.as_deref().map(fs::read) {
            None => Vec::new(),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Some(read) => read?,
        };
        let list: Vec<Standing> =
            if bytes.is_empty() { Vec::new() } else { serde_json::from_slice(&bytes)? };
        let all = list.into_iter().map(|standing| (standing.right.index, standing)).collect();
        Ok(Self { path, all })
    }

    pub(super) fn all(&self) -> Vec<Standing> {
        self.all.values().copied().collect()
    }

    /// Remembers a dispute, before anything is staked in it. A reorganisation may have put another
    /// claim behind an index.
    pub(super) fn add(&mut self, standing: Standing) -> io::Result<()> {
        let index = standing.right.index;
        if self.all.insert(index, standing) == Some(standing) {
            return Ok(());
        }
        self.store()
    }

    pub(super) fn remove(&mut self, index: u64) -> io::Result<()> {
        self.all.remove(&index);
        self.store()
    }

    fn store(&self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        let list: Vec<&Standing> = self.all.values().collect();
        file.write_all(&serde_json::to_vec(&list)?)?;
        file.sync_all()?;
        fs::rename(new, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disputes_survive_a_restart_until_they_are_over() {
        let folder = tempfile::tempdir().unwrap();
        let standing = |right| Standing {
            module: Address::repeat_byte(7),
            parent: Claim { index: 2, ..Claim::default() },
            right: Claim { index: right, ..Claim::default() },
        };
        let mut file = StandingFile::open(Some(folder.path())).unwrap();
        for index in [4, 7] {
            file.add(standing(index)).unwrap();
        }
        file.remove(4).unwrap();
        let again = StandingFile::open(Some(folder.path())).unwrap();
        assert_eq!(again.all(), [standing(7)]);
    }
}
