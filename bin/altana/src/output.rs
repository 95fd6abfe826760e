//! stdout is the result, stderr is everything else.

use anyhow::Result;
use serde::Serialize;

/// Prints the result: one JSON line with `--json`, else the words.
pub fn result(json: bool, value: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(value)?);
    } else {
        println!("{}", words());
    }
    Ok(())
}
