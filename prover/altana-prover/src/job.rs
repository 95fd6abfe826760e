//! What the prover keeps in a job's folder, beside what `altana-proof` has there: proofs made so far,
//! which are not made again, and figures.

use std::{fs, path::Path};

use altana_proof::Job;
use eyre::{Result, WrapErr};
use openvm_sdk::StdIn;
use serde_json::{Value, json};

use crate::meter;

/// Proofs of the segments.
pub(crate) const SEGMENTS: &str = "segments.proof";
/// The aggregation's proof.
pub(crate) const STARK: &str = "stark.proof";
/// The last layer's, as the library has it.
pub(crate) const CHAIN: &str = "chain.proof";

const FIGURES: &str = "figures.json";

/// There is nothing to prove, and never will be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refusal(pub(crate) String);

/// The guest's inputs, in the order in which it reads them.
pub(crate) fn inputs(job: &Job) -> Result<[Vec<u8>; 3]> {
    let inputs = job.inputs()?;
    Ok([inputs.statement, inputs.pages, inputs.blobs])
}

pub(crate) fn stdin(inputs: &[Vec<u8>; 3]) -> StdIn {
    let mut stdin = StdIn::default();
    inputs.iter().for_each(|bytes| stdin.write_bytes(bytes));
    stdin
}

/// A file of the job; `None` if there is none.
pub(crate) fn read(job: &Job, name: &str) -> Result<Option<Vec<u8>>> {
    let path = job.folder().join(name);
    if !path.exists() {
        return Ok(None);
    }
    fs::read(&path).map(Some).wrap_err_with(|| path.display().to_string())
}

/// Adds the steps since the last call, and what else is known, to the job's figures.
pub(crate) fn record(job: &Job, facts: Value) -> Result<()> {
    let before = read(job, FIGURES)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut figures: Value = before.unwrap_or_else(|| json!({ "steps": [] }));
    if let Some(steps) = figures["steps"].as_array_mut() {
        steps.extend(meter::take());
    }
    for (name, fact) in facts.as_object().into_iter().flatten() {
        figures[name] = fact.clone();
    }
    Ok(job.write(FIGURES, format!("{figures:#}\n").as_bytes())?)
}

pub(crate) fn figures(job: &Job) -> Result<Value> {
    Ok(serde_json::from_slice(&read(job, FIGURES)?.unwrap_or_else(|| b"null".into()))?)
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
