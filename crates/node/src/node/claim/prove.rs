//! Have right claims proved: write down what is to be proved, and send the proofs to the parent.
//!
//! Between this node and the prover is a folder of jobs (`altana_proof::Jobs`). A job is named by
//! what its proof says, so a restarted node finds it again, and two nodes can share a folder.

use super::{Expectations, Player, Shared, knowledge};
use crate::{
    claims::Verdict,
    node::NodeError,
    proof::{KEY, NoProof, TaskError, task, verified},
};
use alloy_primitives::{Address, B256, Bytes};
use altana_contracts::deploy::key_pieces;
use altana_parent::{Claim, ClaimReader, ParentError, ProofStep, ProofTerms, VerifiedProof};
use altana_proof::{Job, JobError, Jobs, Statement, guest};
use std::collections::{BTreeMap, BTreeSet};
use tokio::runtime::Handle;

/// Claims that are being proved at once. Each job is some MB.
const JOBS_MAX: usize = 8;

/// What proving takes.
pub(super) struct Proving {
    terms: ProofTerms,
    jobs: Jobs,
    /// Where the verifying key is on the parent.
    key: Vec<Address>,
    /// By the claim's contract, which commits to all that it says. `None`: it cannot be proved.
    known: BTreeMap<Address, Option<Known>>,
    /// Whether jobs that an earlier run has left were looked through.
    swept: bool,
}

/// A claim that is being proved.
struct Known {
    job: Job,
    /// What the parent checks of its blobs.
    blobs: Bytes,
    proof: Option<VerifiedProof>,
}

/// What became of writing a job.
enum Written {
    Job(Known),
    /// The batches are not derived yet, or not any more.
    Later,
    /// There is a bug, which an operator has to hear of.
    Impossible,
}

impl Proving {
    /// `None`: the chain has no validity proofs.
    pub(super) async fn start(
        shared: &Shared,
        reader: &ClaimReader,
    ) -> Result<Option<Self>, NodeError> {
        let Some(terms) = reader.proofs().await? else { return Ok(None) };
        let (exe, vm) = (B256::from(guest::EXE_COMMIT), B256::from(guest::VM_COMMIT));
        if (terms.key_hash, terms.exe_commit, terms.vm_commit) != (KEY.hash(), exe, vm) {
            return Err(NodeError::Parent(ParentError::Temporary(format!(
                "this release proves claims with program {exe} and key {}, but the chain takes \
                 proofs of {} with key {}: run the release that has these",
                KEY.hash(),
                terms.exe_commit,
                terms.key_hash
            ))));
        }
        let config = shared.config.proofs.clone();
        let missing = || NodeError::Config("a prover needs a folder for its jobs".into());
        let config = config.ok_or_else(missing)?;
        let key = key_pieces(guest::KEY, config.key_store);
        Ok(Some(Self {
            terms,
            jobs: Jobs::new(config.jobs),
            key,
            known: BTreeMap::new(),
            swept: false,
        }))
    }
}

impl Player {
    /// Goes on with the proofs of the right claims, oldest first.
    pub(super) async fn prove(&mut self, verdict: &Verdict) -> Result<(), NodeError> {
        let Some(mut proving) = self.proving.take() else { return Ok(()) };
        let result = self.prove_with(&mut proving, verdict).await;
        self.proving = Some(proving);
        result
    }

    async fn prove_with(
        &mut self,
        proving: &mut Proving,
        verdict: &Verdict,
    ) -> Result<(), NodeError> {
        proving.forget_all_but(&verdict.right);
        for (parent, claim) in verdict.right.iter().take(JOBS_MAX) {
            if !proving.known.contains_key(&claim.address) {
                match self.write_job(&proving.jobs, parent, claim).await? {
                    Written::Job(known) => proving.known.insert(claim.address, Some(known)),
                    Written::Impossible => proving.known.insert(claim.address, None),
                    Written::Later => return Ok(()),
                };
            }
            let Some(Some(known)) = proving.known.get_mut(&claim.address) else { continue };
            if known.proof.is_none() {
                known.proof = self.look_for_proof(&proving.key, known, claim).await?;
            }
            if let Some(proof) = &known.proof {
                self.send_proof(&proving.terms, proof, claim).await?;
            }
        }
        if !proving.swept && !verdict.is_behind {
            self.sweep(proving).await?;
            proving.swept = true;
        }
        Ok(())
    }

    /// Writes down what the claim's proof has to prove, if the batches are derived.
    async fn write_job(
        &mut self,
        jobs: &Jobs,
        parent: &Claim,
        claim: &Claim,
    ) -> Result<Written, NodeError> {
        let (evidence, handle, jobs) = (self.evidence.clone(), Handle::current(), jobs.clone());
        let (parent, claim) = (*parent, *claim);
        let work = move |shared: &Shared, _: &mut Expectations| -> Result<Written, NodeError> {
            let span = knowledge::span(shared, &parent, claim.batch_index)?;
            let Some(span) = span else { return Ok(Written::Later) };
            let read = |index, end| evidence.read(&handle, index, end);
            let (ledger, spec) = (&shared.ledger, &shared.chain.spec);
            let task = match task(ledger, spec, &span, &parent, &claim, read) {
                Ok(task) => task,
                Err(TaskError::Gone(_)) => return Ok(Written::Later),
                Err(TaskError::Parent(error)) => return Err(error.into()),
                Err(TaskError::Ledger(error)) => return Err(error.into()),
                Err(error) => {
                    // Other claims may be better off, and so may other roles.
                    tracing::error!(claim = claim.index, %error, "a claim cannot be proved");
                    return Ok(Written::Impossible);
                }
            };
            let job = jobs.create(task.output, &task.inputs).map_err(NodeError::Jobs)?;
            let folder = job.folder().display().to_string();
            tracing::info!(claim = claim.index, job = folder, "a claim waits for its proof");
            shared.metrics.proof_jobs_total.add(1);
            Ok(Written::Job(Known { job, blobs: task.blobs, proof: None }))
        };
        let written = self.expecting(work).await??;
        self.missed += u64::from(matches!(written, Written::Impossible));
        Ok(written)
    }

    /// Removes this chain's jobs that an earlier run has left, and that prove nothing which is open.
    async fn sweep(&self, proving: &Proving) -> Result<(), NodeError> {
        let (jobs, config) = (proving.jobs.clone(), self.shared.chain.spec.config_hash());
        let wanted: BTreeSet<B256> =
            proving.known.values().flatten().map(|known| known.job.output()).collect();
        let sweep = move || -> Result<(), JobError> {
            for job in jobs.all()?.into_iter().filter(|job| !wanted.contains(&job.output())) {
                let Ok(inputs) = job.inputs() else { continue };
                let statement = Statement::decode(&inputs.statement);
                if statement.is_ok_and(|statement| statement.config_hash == config) {
                    job.remove()?;
                }
            }
            Ok(())
        };
        let swept = tokio::task::spawn_blocking(sweep).await;
        let swept = swept.map_err(|error| NodeError::Internal(error.to_string()))?;
        swept.map_err(NodeError::Jobs)
    }

    /// The proof, if the prover has made one and it is right.
    async fn look_for_proof(
        &mut self,
        key: &[Address],
        known: &Known,
        claim: &Claim,
    ) -> Result<Option<VerifiedProof>, NodeError> {
        let (job, key, blobs) = (known.job.clone(), key.to_vec(), known.blobs.clone());
        let found = tokio::task::spawn_blocking(move || verified(&job, &key, &blobs)).await;
        match found.map_err(|error| NodeError::Internal(error.to_string()))? {
            Ok(found) => Ok(found),
            Err(error) => {
                self.missed += 1;
                let job = known.job.folder().display().to_string();
                let claim = claim.index;
                match error {
                    // Said once a look: an operator has to do something.
                    NoProof::Failed(_) => tracing::error!(claim, job, %error, "not proved"),
                    _ => tracing::warn!(claim, job, %error, "not proved yet"),
                }
                Ok(None)
            }
        }
    }

    /// Tells the parent what it has not been told of a proof.
    async fn send_proof(
        &mut self,
        terms: &ProofTerms,
        proof: &VerifiedProof,
        claim: &Claim,
    ) -> Result<(), NodeError> {
        loop {
            let step = self.claims.reader.proof_step(terms, proof).await?;
            let sent = self.claims.prove(terms, proof, claim.index, step).await;
            // It has won, and waits for the claims that it builds on.
            if step == ProofStep::Claim
                && matches!(&sent, Err(ParentError::Reverted(reason)) if reason.contains("RoundOver"))
            {
                return Ok(());
            }
            if !self.done(step.name(), sent)? {
                return Ok(());
            }
            if step == ProofStep::Claim {
                tracing::info!(claim = claim.index, batch = claim.batch_index, "proved");
                self.shared.metrics.claims_proved_total.add(1);
                return Ok(());
            }
        }
    }
}

impl Proving {
    /// What was decided, or is another after a reorganisation, needs no proof.
    fn forget_all_but(&mut self, right: &[(Claim, Claim)]) {
        self.known.retain(|address, known| {
            let is_pending = right.iter().any(|(_, claim)| claim.address == *address);
            if let Some(known) = known
                && !is_pending
                && let Err(error) = known.job.remove()
            {
                tracing::warn!(%error, "cannot remove a job that is done");
            }
            is_pending
        });
    }
}
