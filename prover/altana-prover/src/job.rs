//! A job is a folder: the guest's inputs, and the proofs made so far. What is there is not made
//! again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eyre::{Result, WrapErr, ensure};
use openvm_sdk::StdIn;

/// The guest's inputs, in the order in which it reads them. Not all guests read any.
const INPUTS: [&str; 2] = ["claim", "pages"];

pub(crate) struct Job {
    folder: PathBuf,
}

impl Job {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    pub(crate) fn stdin(&self) -> Result<StdIn> {
        let mut stdin = StdIn::default();
        self.inputs()?.iter().for_each(|bytes| stdin.write_bytes(bytes));
        Ok(stdin)
    }

    pub(crate) fn inputs(&self) -> Result<Vec<Vec<u8>>> {
        INPUTS.into_iter().filter_map(|name| self.read(name).transpose()).collect()
    }

    /// Compares with what the guest must give, if the job says it.
    pub(crate) fn check_output(&self, output: &[u8]) -> Result<()> {
        if let Some(expected) = self.read("output")? {
            ensure!(
                output == expected,
                "the guest gave {}, not {}",
                hex::encode(output),
                hex::encode(expected)
            );
        }
        Ok(())
    }

    /// A file of the job; `None` if there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(name);
        if !path.exists() {
            return Ok(None);
        }
        fs::read(&path).map(Some).wrap_err_with(|| path.display().to_string())
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write(&self.folder.join(name), bytes)
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).wrap_err_with(|| folder.display().to_string())?;
    }
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .wrap_err_with(|| path.display().to_string())
}
