//! What the prover keeps in a job's folder, beside what `altana-proof` has there: proofs made so far,
//! which are not made again, and figures.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use alloy_primitives::Bytes;
use altana_proof::{Inputs, Job, JobError, decode_pages};
use eyre::{Result, WrapErr, eyre};
use openvm_sdk::StdIn;
use serde_json::{Value, json};

use crate::meter;

/// A proof made so far.
pub(crate) struct Kept {
    name: &'static str,
    bytes_max: usize,
}

/// Proofs of the segments: about a megabyte each.
pub(crate) const SEGMENTS: Kept = Kept { name: "segments.proof", bytes_max: 1 << 30 };
/// The aggregation's proof: 270 KB.
pub(crate) const STARK: Kept = Kept { name: "stark.proof", bytes_max: 1 << 23 };
/// The last layer's, as the library has it: 210 KB.
pub(crate) const CHAIN: Kept = Kept { name: "chain.proof", bytes_max: 1 << 23 };

const FIGURES: &str = "figures.json";
/// Those of more attempts than anybody reads about are dropped.
const FIGURES_BYTES_MAX: usize = 1 << 20;

/// There is nothing to prove, and never will be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refusal(pub(crate) String);

/// The library panics at some of what it does not expect: that is an error, too.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let caught = catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|_| Err(eyre!("the library panicked")))
}

/// What the guest reads, in this order; of the pages one after the other.
#[derive(Clone)]
pub(crate) struct GuestInputs {
    pub(crate) statement: Vec<u8>,
    pub(crate) blobs: Vec<u8>,
    pub(crate) pages: Vec<Bytes>,
}

pub(crate) fn inputs(job: &Job) -> Result<GuestInputs> {
    guest_inputs(job.inputs()?)
}

pub(crate) fn guest_inputs(inputs: Inputs) -> Result<GuestInputs> {
    let pages = decode_pages(&inputs.pages.into())?;
    Ok(GuestInputs { statement: inputs.statement, blobs: inputs.blobs, pages })
}

pub(crate) fn stdin(inputs: &GuestInputs) -> StdIn {
    let mut stdin = StdIn::default();
    stdin.write_bytes(&inputs.statement);
    stdin.write_bytes(&inputs.blobs);
    inputs.pages.iter().for_each(|page| stdin.write_bytes(page));
    stdin
}

impl Kept {
    /// What `check` makes of it. If that fails, the file is damaged or of another guest, key or
    /// library: it goes, and the work goes on from the layer below.
    pub(crate) fn read<T>(
        &self,
        job: &Job,
        check: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<Option<T>> {
        let bytes = match job.kept(self.name, self.bytes_max) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => Ok(bytes),
            Err(error @ JobError::Io { .. }) => return Err(error.into()),
            Err(error) => Err(error.into()),
        };
        match bytes.and_then(|bytes| caught(|| check(&bytes))) {
            Ok(kept) => Ok(Some(kept)),
            Err(error) => {
                eprintln!("{} is of no use and goes: {error:#}", self.name);
                self.discard(job)?;
                Ok(None)
            }
        }
    }

    pub(crate) fn write(&self, job: &Job, bytes: &[u8]) -> Result<()> {
        Ok(job.write(self.name, bytes)?)
    }

    pub(crate) fn discard(&self, job: &Job) -> Result<()> {
        Ok(job.discard(self.name)?)
    }
}

/// Adds the steps since the last call, and what else is known, to the job's figures.
pub(crate) fn record(job: &Job, facts: Value) -> Result<()> {
    // Figures that cannot be read are begun anew.
    let before = figures(job).ok().filter(|figures| figures["steps"].is_array());
    let mut figures = before.unwrap_or_else(|| json!({ "steps": [] }));
    if let Some(steps) = figures["steps"].as_array_mut() {
        steps.extend(meter::take());
    }
    for (name, fact) in facts.as_object().into_iter().flatten() {
        figures[name] = fact.clone();
    }
    Ok(job.write(FIGURES, format!("{figures:#}\n").as_bytes())?)
}

pub(crate) fn figures(job: &Job) -> Result<Value> {
    let bytes = job.kept(FIGURES, FIGURES_BYTES_MAX)?;
    Ok(serde_json::from_slice(&bytes.unwrap_or_else(|| b"null".into()))?)
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

#[cfg(test)]
mod tests {
    use altana_proof::Inputs;

    use super::*;

    #[test]
    fn what_was_kept_and_is_of_no_use_goes() {
        let folder = std::env::temp_dir().join(format!("altana-kept-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let job = Job::put(&folder, [1; 32].into(), &Inputs::default()).unwrap();
        let kept = Kept { name: "some.proof", bytes_max: 4 };
        let check = |bytes: &[u8], expect: Option<()>| {
            let _ = fs::remove_dir_all(folder.join(kept.name));
            kept.write(&job, bytes).unwrap();
            let found = kept.read(&job, |bytes| match bytes {
                b"good" => Ok(()),
                b"bad" => Err(eyre!("bad")),
                _ => panic!("worse"),
            });
            assert_eq!(found.unwrap(), expect);
            assert_eq!(folder.join(kept.name).exists(), expect.is_some());
        };
        assert_eq!(kept.read(&job, |_| Ok(())).unwrap(), None, "there is none");
        check(b"good", Some(()));
        check(b"bad", None);
        check(b"", None);
        check(b"good, but too long", None);
        fs::create_dir_all(folder.join(kept.name).join("inner")).unwrap();
        assert_eq!(kept.read(&job, |_| Ok(())).unwrap(), None, "a folder");
        assert!(!folder.join(kept.name).exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn figures_that_cannot_be_read_are_begun_anew() {
        let folder = std::env::temp_dir().join(format!("altana-figures-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let job = Job::put(&folder, [1; 32].into(), &Inputs::default()).unwrap();
        for damaged in [&b"{"[..], b"7", b"{\"steps\": 7}", &[b' '; FIGURES_BYTES_MAX + 1]] {
            job.write(FIGURES, damaged).unwrap();
            record(&job, json!({ "fact": 1 })).unwrap();
            assert_eq!(figures(&job).unwrap()["fact"], 1);
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
