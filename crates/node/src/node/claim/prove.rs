//! Have right claims proved: write down what is to be proved, and send the proofs to the parent.
//!
//! Between this node and the prover is a folder of jobs (`altana_proof::Jobs`). A job is named by
//! what its proof says, so a restarted node finds it again, and two nodes can share a folder.

use super::{Expectations, Player, Shared, knowledge};
use crate::{
    claims::Verdict,
    node::NodeError,
    proof::{Shown, TaskError, task, verified},
};
use alloy_primitives::{Address, B256};
use altana_contracts::deploy::key_pieces;
use altana_parent::{Claim, ClaimReader, ProofStep, ProofTerms, VerifiedProof};
use altana_proof::{Job, JobError, Jobs, Statement, guest};
use std::collections::{BTreeMap, BTreeSet};
use tokio::runtime::Handle;

/// Claims that are being proved at once. Each job is some MB, and at worst what users can read: 3 GiB.
const JOBS_MAX: usize = 8;
/// Looks after which a step that was mined, but of which the parent knows nothing, is sent again: it
/// was reorganised. One RPC may lag behind another, and each step is millions of gas.
const AGAIN_AFTER: u32 = 50;

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
    /// The claim's place in the list.
    claim: u64,
    job: Job,
    /// What the parent is shown beside the proof.
    shown: Shown,
    proof: Option<VerifiedProof>,
    /// The last step that was sent, and how often it came up again.
    sent: Option<(ProofStep, u32)>,
    /// What an operator was told last: said once.
    told: Option<String>,
}

/// What became of writing a job.
enum Written {
    Job(Box<Known>),
    /// The batches are not derived yet, or not any more.
    Later,
    /// There is a bug, which an operator has to hear of.
    Impossible,
}

impl Proving {
    /// `None`, once it is said why: nothing can be proved under the module that decides claims now.
    /// When another is set, the player starts anew.
    pub(super) async fn start(
        shared: &Shared,
        reader: &ClaimReader,
    ) -> Result<Option<Self>, NodeError> {
        let Some(terms) = reader.proofs().await? else {
            tracing::warn!(
                module = %reader.module,
                "the chain's module takes no validity proofs: nothing is proved until the timelock \
                 sets one that does"
            );
            return Ok(None);
        };
        let (exe, vm) = (B256::from(guest::EXE_COMMIT), B256::from(guest::VM_COMMIT));
        if (terms.key_hash, terms.exe_commit, terms.vm_commit) != (guest::key().hash(), exe, vm) {
            // The game goes on without proofs.
            tracing::error!(
                program = %exe,
                key = %guest::key().hash(),
                chain_program = %terms.exe_commit,
                chain_key = %terms.key_hash,
                "this release's proofs are not those that the chain takes: run the release that has \
                 its program, and nothing is proved until then"
            );
            return Ok(None);
        }
        let Some(config) = shared.config.proofs.clone() else {
            tracing::error!(
                module = %reader.module,
                "the chain's module takes validity proofs, but deployment.json does not say where \
                 their verifier is: add `stark` to its contracts, and nothing is proved until then"
            );
            return Ok(None);
        };
        let spec = &shared.chain.spec;
        let is_bounded =
            spec.gas_limit <= guest::BLOCK_GAS_MAX && spec.batch_gas <= guest::BATCH_GAS_MAX;
        if !is_bounded && reader.game().await?.is_none() {
            tracing::warn!(
                gas_limit = spec.gas_limit,
                batch_gas = spec.batch_gas,
                "the chain was not launched as a zk-rollup, and now claims can only be proved: a batch \
                 that asks for more than {} gas in a block, or {} in all, may be impossible to prove, \
                 and nothing is final from there on until the timelock sets a module with disputes",
                guest::BLOCK_GAS_MAX,
                guest::BATCH_GAS_MAX,
            );
        }
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
    pub(super) async fn prove(
        &mut self,
        verdict: &Verdict,
        last_final: u64,
    ) -> Result<(), NodeError> {
        let Some(mut proving) = self.proving.take() else { return Ok(()) };
        let result = self.prove_with(&mut proving, verdict, last_final).await;
        self.proving = Some(proving);
        match result {
            // Whoever shares the folder can do this: it must not stop other roles.
            Err(NodeError::Jobs(error)) => {
                self.missed += 1;
                tracing::warn!(%error, "the jobs of the prover cannot be used, will try again");
                Ok(())
            }
            result => result,
        }
    }

    /// One job at most is written, and one step of a proof sent, between two looks at the claims.
    async fn prove_with(
        &mut self,
        proving: &mut Proving,
        verdict: &Verdict,
        last_final: u64,
    ) -> Result<(), NodeError> {
        proving.forget_all_but(&verdict.right, last_final);
        for (parent, claim) in verdict.right.iter().take(JOBS_MAX) {
            let Some(known) = proving.known.get_mut(&claim.address) else {
                match self.write_job(&proving.jobs, parent, claim).await? {
                    Written::Job(known) => proving.known.insert(claim.address, Some(*known)),
                    Written::Impossible => proving.known.insert(claim.address, None),
                    Written::Later => None,
                };
                return Ok(());
            };
            let Some(known) = known else { continue };
            if known.proof.is_none() {
                if !known.job.exists() {
                    // Somebody has removed it: it is written again.
                    proving.known.remove(&claim.address);
                    return Ok(());
                }
                known.proof = self.look_for_proof(&proving.key, known, claim).await?;
            }
            if known.proof.is_some() && self.send_proof(&proving.terms, known, claim).await? {
                return Ok(());
            }
        }
        if !proving.swept && !verdict.is_behind {
            proving.swept = true;
            self.sweep(proving).await?;
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
            Ok(Written::Job(Box::new(Known {
                claim: claim.index,
                job,
                shown: task.shown,
                proof: None,
                sent: None,
                told: None,
            })))
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
            jobs.tidy()?;
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
        known: &mut Known,
        claim: &Claim,
    ) -> Result<Option<VerifiedProof>, NodeError> {
        let (job, key, shown) = (known.job.clone(), key.to_vec(), known.shown.clone());
        let found = tokio::task::spawn_blocking(move || verified(&job, &key, shown)).await;
        match found.map_err(|error| NodeError::Internal(error.to_string()))? {
            Ok(found) => Ok(found),
            Err(error) => {
                self.missed += 1;
                known.tell(claim, &error.to_string());
                Ok(None)
            }
        }
    }

    /// Tells the parent what comes next of what it has not been told of a proof; whether it did.
    async fn send_proof(
        &mut self,
        terms: &ProofTerms,
        known: &mut Known,
        claim: &Claim,
    ) -> Result<bool, NodeError> {
        let Some(proof) = &known.proof else { return Ok(false) };
        let step = match self.claims.reader.proof_step(terms, proof, claim.index).await? {
            Ok(step) => step,
            // It has won and waits for its ancestors.
            Err(refusal) => {
                if !refusal.contains("RoundOver") {
                    known.tell(claim, &refusal);
                }
                return Ok(false);
            }
        };
        if let Some((last, times)) = &mut known.sent
            && step <= *last
            && *times < AGAIN_AFTER
        {
            *times += 1;
            return Ok(false);
        }
        let sent = self.claims.prove(terms, proof, claim.index, step).await;
        if !self.done(step.name(), sent)? {
            return Ok(false);
        }
        known.sent = Some((step, 0));
        if step == ProofStep::Claim {
            tracing::info!(claim = claim.index, batch = claim.batch_index, "proved");
            self.shared.metrics.claims_proved_total.add(1);
        }
        Ok(true)
    }
}

impl Known {
    /// Says why a claim is not proved, once.
    fn tell(&mut self, claim: &Claim, why: &str) {
        if self.told.as_deref() != Some(why) {
            let job = self.job.folder().display().to_string();
            tracing::error!(claim = claim.index, job, why, "a claim is not proved");
            self.told = Some(why.to_owned());
        }
    }
}

impl Proving {
    /// What was decided needs no proof. A claim that is another after a reorganisation may come back:
    /// its job stays, and is swept away at the next start if it does not.
    fn forget_all_but(&mut self, right: &[(Claim, Claim)], last_final: u64) {
        let decided = |known: &Known| known.claim <= last_final;
        self.known.retain(|address, known| {
            let is_pending = right.iter().any(|(_, claim)| claim.address == *address);
            if let Some(known) = known
                && !is_pending
                && decided(known)
                && let Err(error) = known.job.remove()
            {
                tracing::warn!(%error, "cannot remove a job that is done");
            }
            is_pending
        });
    }
}
