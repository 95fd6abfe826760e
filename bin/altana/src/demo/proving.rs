//! Where the demo's proof comes from: made beforehand, or by `altana-prover` now.

use super::story::Figures;
use crate::prover;
use alloy::primitives::B256;
use altana_proof::{Job, Proof, guest};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where the proof comes from.
#[derive(Clone, Debug)]
pub enum Proving {
    /// It is committed beside this file.
    Beforehand,
    /// The prover makes it, which takes minutes.
    Afresh {
        /// The prover's program.
        prover: PathBuf,
        /// Where to put what should be committed.
        save: Option<PathBuf>,
    },
}

impl Proving {
    /// The step of the story.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Beforehand => "the prover's proof, which was made beforehand",
            Self::Afresh { .. } => "altana-prover proves the batch, on this machine",
        }
    }
}

const CLAIM: &[u8] = include_bytes!("proof/claim.bin");
const PART1: &[u8] = include_bytes!("proof/part1.bin");
const PART2: &[u8] = include_bytes!("proof/part2.bin");

/// The committed proof.
pub fn committed_proof() -> Proof {
    let claim = CLAIM.try_into().expect("192 bytes are committed");
    Proof { claim, part1: PART1.into(), part2: PART2.into() }
}

/// The committed proof, if it is of this output.
pub fn fixture(output: B256) -> Result<Proof> {
    let proof = committed_proof();
    ensure!(
        guest::claim(output) == proof.claim,
        "the committed proof is not of the batch with output {output}. With --parent, start a fresh \
         chain: contracts must come to the addresses that they had. If something of the protocol has \
         changed, make the proof anew: altana demo zk --prove --save bin/altana/src/demo/proof"
    );
    Ok(proof)
}

/// Has the job's proof made, and takes it away, as if it were not made yet.
pub async fn make(job: &Job, program: &Path, save: Option<&Path>) -> Result<(Proof, Figures)> {
    let jobs = job.folder().parent().context("a job lies in a folder")?;
    // Elsewhere, so that the node does not send the proof before the story goes on.
    let bench = tempfile::tempdir()?;
    let copy = altana_proof::Jobs::new(bench.path()).create(job.output(), &job.inputs()?)?;
    prover::prove_all(program, bench.path()).await?;
    let proof = copy.proof()?;
    let proof = proof.with_context(|| match copy.failure() {
        Ok(Some(reason)) => format!("the prover gave up: {reason}"),
        _ => format!("the prover made no proof in {}", jobs.display()),
    })?;
    let figures = std::fs::read_to_string(copy.folder().join("figures.json")).unwrap_or_default();
    let figures: Value = serde_json::from_str(&figures).unwrap_or_default();
    if let Some(folder) = save {
        std::fs::create_dir_all(folder)?;
        for (name, bytes) in [
            ("claim.bin", &proof.claim[..]),
            ("part1.bin", &proof.part1),
            ("part2.bin", &proof.part2),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
    }
    Ok((proof, vec![("prover", json!(figures))]))
}
