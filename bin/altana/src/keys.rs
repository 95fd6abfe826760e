//! Private keys: from the environment or a file, never from the command line.

use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result, anyhow};
use std::{env, fs, path::Path};

/// Reads a key from `file`, or from the environment variable `variable`.
pub fn read(file: Option<&Path>, variable: &str) -> Result<PrivateKeySigner> {
    let text = match file {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("cannot read the key file {}", path.display()))?,
        None => env::var(variable).map_err(|_| {
            anyhow!("no key: set {variable} to a private key in hex, or name a key file")
        })?,
    };
    let from = file.map_or_else(|| variable.to_owned(), |path| path.display().to_string());
    // The parser's error is dropped: it could quote the key.
    text.trim().parse().map_err(|_| anyhow!("the key in {from} is not 32 bytes of hex"))
}
