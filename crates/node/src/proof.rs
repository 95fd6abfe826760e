//! What a validity proof of a claim takes, worked out from the ledger and the batches' evidence.

use crate::{derive::BatchEnd, dispute::Span};
use alloy_primitives::{Address, B256, Bytes};
use altana_ledger::{Error as LedgerError, Ledger};
use altana_parent::{BatchEvidence, Claim, ParentError, VerifiedProof, open_blob};
use altana_proof::{
    BlobData, Inputs, Job, JobError, ProofError, Refused, Run, Statement, guest, prove_natively,
    record,
};
use altana_protocol::{
    ChainSpec,
    batch::Blob,
    stf::{HostOracle, Witness, public_input},
};

/// What the prover is told, and what the parent has to check beside its proof.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// What the proof says, which names the job.
    pub(crate) output: B256,
    /// The guest's inputs.
    pub(crate) inputs: Inputs,
    /// What the parent is shown beside the proof.
    pub(crate) shown: Shown,
}

/// What a proof is about besides the claim, and the parent does not know.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The root of the history that the program went through.
    pub(crate) history: B256,
    /// What the point-evaluation precompile takes for each blob.
    pub(crate) blobs: Bytes,
}

/// Why there is no task.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    /// Retry: the parent does not answer.
    #[error(transparent)]
    Parent(#[from] ParentError),
    /// Fatal: the ledger failed.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// Retry: the chain was reorganised under the claim.
    #[error("block {0} is not derived any more")]
    Gone(u64),
    /// Fatal: the batches cannot be executed again.
    #[error("batches cannot be executed again: {0}")]
    Refused(#[from] Refused),
    /// Fatal: executed again, the batches give something else than the claim, which is right.
    #[error("executed again, the batches are not what the ledger says")]
    Disagreement,
    /// Fatal: a blob has other values than the guest sees.
    #[error("blob {0} cannot be opened")]
    Blob(B256),
}

/// The task of proving the right claim `claim` on `parent` about the batches of `span`. Runs them
/// twice: to see what they read, and to see that this is enough.
pub(crate) fn task(
    ledger: &Ledger,
    spec: &ChainSpec,
    span: &Span,
    parent: &Claim,
    claim: &Claim,
    read: impl Fn(u64, BatchEnd) -> Result<BatchEvidence, ParentError>,
) -> Result<Task, TaskError> {
    let before = ledger.block_by_number(span.start_block)?;
    let before = before.ok_or(TaskError::Gone(span.start_block))?;
    let history = span.history(ledger)?.ok_or(TaskError::Gone(claim.last_block))?.root();
    let mut witness = Witness::default();
    witness.insert_spec(spec);
    witness.insert_parent(&before.header, 0);
    let mut blobs: Vec<(B256, Blob)> = Vec::new();
    let mut previous_batch = B256::ZERO;
    for (index, end) in (span.first_batch..).zip(&span.ends) {
        let evidence = read(index, *end)?;
        if index == span.first_batch {
            previous_batch = evidence.header.parent;
        }
        evidence.insert_into(&mut witness);
        blobs.extend(evidence.blobs);
    }
    let statement = Statement {
        config_hash: spec.config_hash(),
        previous_root: parent.output_root,
        previous_batch,
        batches: span.ends.iter().map(|end| end.hash).collect(),
    };
    let data: Vec<BlobData> = blobs.iter().map(|(hash, blob)| BlobData::new(*hash, blob)).collect();
    let oracle = HostOracle { batch: witness, state: ledger.preimages() };
    let (mut inputs, proved) = record(&oracle, &statement, &data)?;
    let last = *statement.batches.last().unwrap_or(&previous_batch);
    let claimed = public_input(
        statement.config_hash,
        statement.previous_root,
        previous_batch,
        last,
        claim.output_root,
        claim.last_block,
    );
    if proved != (Run { public_input: claimed, history }) {
        return Err(TaskError::Disagreement);
    }
    // Gigabytes, in a bad case: no copy.
    let pages = Bytes::from(std::mem::take(&mut inputs.pages));
    let (output, openings) = prove_natively(&inputs.statement, &inputs.blobs, &pages)?;
    inputs.pages = pages.0.into();
    let mut opened = Vec::new();
    for opening in openings {
        let hash = opening.versioned_hash;
        let blob = blobs.iter().find(|(versioned_hash, _)| *versioned_hash == hash);
        let proof = blob.and_then(|(_, blob)| open_blob(hash, blob, opening.z));
        let proof = proof.filter(|proof| proof[64..96] == opening.y[..]);
        opened.extend_from_slice(&proof.ok_or(TaskError::Blob(hash))?);
    }
    Ok(Task { output, inputs, shown: Shown { history, blobs: opened.into() } })
}

/// Why a job has no proof that can be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoProof {
    /// Retry: the folder cannot be read.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The prover gave up.
    #[error("the prover gave up: {0}")]
    Failed(String),
    /// What the prover left is wrong; the job is open again.
    #[error("the prover's result was thrown away: {0}")]
    Wrong(#[from] ProofError),
}

/// The job's proof, if there is one and it is right. A wrong one is thrown away.
pub(crate) fn verified(
    job: &Job,
    key: &[Address],
    shown: Shown,
) -> Result<Option<VerifiedProof>, NoProof> {
    let found = job.failure().and_then(|reason| match reason {
        Some(reason) => Ok(Err(reason)),
        None => job.proof().map(Ok),
    });
    let proof = match found {
        Ok(Ok(None)) => return Ok(None),
        Ok(Ok(Some(proof))) => proof,
        Ok(Err(reason)) => return Err(NoProof::Failed(reason)),
        Err(error) if error.is_passing() => return Err(error.into()),
        // Not all files, or of other lengths, or none that are files.
        Err(error) => {
            job.reopen()?;
            return Err(error.into());
        }
    };
    let claim = guest::claim(job.output());
    match proof.verify(guest::key(), &claim) {
        Ok(checkpoint) => Ok(Some(VerifiedProof {
            key: key.to_vec(),
            claim: claim.to_vec().into(),
            part1: proof.part1.into(),
            checkpoint: checkpoint.to_bytes().into(),
            checkpoint_id: checkpoint.id(guest::key(), &claim),
            part2: proof.part2.into(),
            history: shown.history,
            blobs: shown.blobs,
        })),
        Err(error) => {
            job.reopen()?;
            Err(error.into())
        }
    }
}
