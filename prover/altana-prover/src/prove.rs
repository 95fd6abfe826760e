//! Proofs.

use std::{
    cell::{Cell, OnceCell},
    path::{Path, PathBuf},
    sync::Arc,
};

use altana_keccak_stark::F;
use altana_proof::{CLAIM_BYTES, Inputs, Job, JobError, Proof, claim_words, guest, prove_natively};
use altana_prover_root::{ProveError, RootProof, RootProver, Statement, verify};
use altana_stark::Key;
use altana_stark_key::Encoded;
use eyre::{Result, ensure, eyre};
use openvm_circuit::{
    arch::{ContinuationVmProof, instructions::exe::VmExe},
    system::program::trace::compute_exe_commit_from_mem_config,
};
use openvm_sdk::{SC, Sdk, prover::InternalLayerMetadata};
use openvm_stark_backend::codec::{Decode, Encode};
use openvm_verify_stark_host::{VmStarkProof, vk::VerificationBaseline};
use p3_field::PrimeField32;
use serde_json::{Value, json};

use crate::{
    Options,
    job::{self, Refusal},
    keys,
    machine::{self, Machine},
    meter,
};

/// What the last layer took of memory when it was measured, in MiB.
const CHAIN_MIB: u64 = 3_000;
/// What segments of transfers took (7,738 MiB with the default `--segment-mib`; aggregation as much).
pub(crate) const STARK_MIB: u64 = 8_000;

/// Changed with what travels over a queue.
const TAG_FORMAT: u32 = 1;

/// Makes proofs. What all jobs need is made when the first one needs it.
pub(crate) struct Prover<'a> {
    pub(crate) options: &'a Options,
    pub(crate) sdk: Sdk,
    pub(crate) exe: Arc<VmExe<openvm_sdk::F>>,
    /// Empty while it works: what fails or panics in it leaves nothing behind.
    machine: Cell<Option<Machine>>,
    baseline: OnceCell<VerificationBaseline>,
    root: OnceCell<RootProver>,
}

/// Nodes and contracts would refuse what this prover makes.
#[derive(Debug, thiserror::Error)]
#[error(
    "nodes and contracts know another key of the last layer. Delete {}: it is made anew. If that \
     does not help, this prover is of another release than the nodes", .0.display()
)]
pub(crate) struct WrongKey(PathBuf);

pub(crate) fn stark(options: &Options, folder: &Path) -> Result<Value> {
    let job = Job::at(folder)?;
    Prover::new(options)?.inner(&job)?;
    job::figures(&job)
}

pub(crate) fn chain(options: &Options, folder: &Path) -> Result<Value> {
    let job = Job::at(folder)?;
    Prover::new(options)?.chain(&job)?;
    job::figures(&job)
}

impl<'a> Prover<'a> {
    pub(crate) fn new(options: &'a Options) -> Result<Self> {
        let sdk = machine::sdk(options)?;
        let exe = machine::guest(options, &sdk)?;
        Ok(Self::of(options, sdk, exe))
    }

    /// Of another program than the guest, say.
    pub(crate) fn of(options: &'a Options, sdk: Sdk, exe: Arc<VmExe<openvm_sdk::F>>) -> Self {
        let (machine, baseline, root) = Default::default();
        Self { options, sdk, exe, machine, baseline, root }
    }

    /// Proves to the last layer. A [`Refusal`] is final; all else may be tried again, and goes on
    /// where it ended.
    pub(crate) fn chain(&self, job: &Job) -> Result<()> {
        natively(job)?;
        let root = self.root()?;
        let circuit = root.statement()?;
        let key = circuit.key()?;
        // Minutes of work would be lost.
        if self.options.elf.is_none() && key != guest::KEY {
            return Err(WrongKey(self.options.keys.clone()).into());
        }
        let statement = self.statement(job)?;
        let (vk, heights, dag) = (root.vk(), &root.key().heights, root.dag_commit());
        let check = |proof: &RootProof| verify(&vk, heights, &dag, &statement, proof);
        let kept = job::CHAIN.read(job, |bytes| {
            let proof = RootProof::decode_from_bytes(bytes)?;
            check(&proof)?;
            Ok(proof)
        });
        let proof = match kept? {
            Some(proof) => proof,
            None => {
                let proof = self.inner(job)?;
                meter::budget("the last layer", CHAIN_MIB, self.options.force)?;
                let wrap = |proof| {
                    let wrapped = self.sdk.agg_prover().wrap_proof(proof, &mut recursive());
                    wrapped.map_err(|error| ProveError::Backend(error.to_string()))
                };
                let proof = meter::step("last layer", || root.prove(proof, wrap))?;
                meter::step("verification by the library", || check(&proof))?;
                job::CHAIN.write(job, &proof.encode_to_vec()?)?;
                proof
            }
        };
        let key = Key::parse(&key)?;
        let Encoded { claim, part1, part2 } = circuit.encode(&proof)?;
        let claim = claim.try_into().map_err(|_| eyre!("a claim of another length"))?;
        let proof = Proof { claim, part1, part2 };
        let claim = self.claim(job)?;
        meter::step("verification by ours", || proof.verify(&key, &claim))?;
        let facts = json!({
            "output": hex::encode(statement.output),
            "exe_commit": statement.exe_commit.map(|x| x.as_canonical_u32()),
            "vm_commit": statement.vm_commit.map(|x| x.as_canonical_u32()),
            "dag_commit": dag.map(|x| x.as_canonical_u32()),
            "pre_hash": hex::encode(vk.pre_hash),
            "log_heights": heights.iter().map(|h| h.trailing_zeros()).collect::<Vec<_>>(),
            "bytes": { "part1": proof.part1.len(), "part2": proof.part2.len() },
        });
        job.write("chain.json", format!("{facts:#}\n").as_bytes())?;
        job.write("chain.vk", &bitcode::serialize(&vk)?)?;
        job::record(job, facts)?;
        Ok(job.finish(&proof)?)
    }

    /// The proof of the guest's run: the job's, or a new one. It is verified either way.
    pub(crate) fn inner(&self, job: &Job) -> Result<VmStarkProof> {
        natively(job)?;
        let baseline = self.baseline()?;
        let vk = self.sdk.agg_prover().internal_recursive_prover.get_vk();
        let check = |proof: &VmStarkProof| {
            ensure!(output(&proof.user_pvs_proof.public_values)? == job.output(), "another job's");
            let verify = || Sdk::verify_proof(vk.as_ref().clone(), baseline.clone(), proof);
            Ok(meter::step("its verification", verify)?)
        };
        let kept = job::STARK.read(job, |bytes| {
            let proof = VmStarkProof::decode_from_bytes(bytes)?;
            check(&proof)?;
            Ok(proof)
        });
        let proof = match kept? {
            Some(proof) => proof,
            None => {
                let segments = self.segments(job)?;
                let proof = self.aggregate(segments)?;
                check(&proof)?;
                job::STARK.write(job, &proof.encode_to_vec()?)?;
                // Some megabytes, and of no more use.
                let _ = job::SEGMENTS.discard(job);
                proof
            }
        };
        job::record(job, json!({}))?;
        Ok(proof)
    }

    /// What the job's proof is of.
    pub(crate) fn statement(&self, job: &Job) -> Result<Statement> {
        Ok(Statement {
            exe_commit: self.baseline()?.app_exe_commit,
            vm_commit: self.sdk.agg_prover().vm_or_hook_commit(),
            output: job.output().0,
        })
    }

    fn aggregate(&self, segments: ContinuationVmProof<SC>) -> Result<VmStarkProof> {
        // It takes as much memory as the segments did.
        self.machine.take();
        let prover = self.sdk.agg_prover();
        let (proof, mut metadata) = meter::step("aggregation", || prover.prove_vm(segments))?;
        meter::step("wrap", || prover.wrap_proof(proof, &mut metadata))
    }

    /// What a proof of this guest is verified against.
    pub(crate) fn baseline(&self) -> Result<&VerificationBaseline> {
        if let Some(baseline) = self.baseline.get() {
            return Ok(baseline);
        }
        let aggregation = meter::step("aggregation keys", || self.sdk.agg_prover());
        let baseline = self.with_machine(|machine| {
            let system = &machine.vm.config().system.config;
            let (memory, commitment) = (&system.memory_config, machine.program_commitment());
            let commit = || compute_exe_commit_from_mem_config(commitment, machine.exe(), memory);
            let recursive = &aggregation.internal_recursive_prover;
            Ok(VerificationBaseline {
                app_exe_commit: meter::step("commitment to its memory", commit),
                memory_dimensions: memory.memory_dimensions(),
                num_user_pvs: system.num_public_values,
                app_vk_commit: aggregation.leaf_prover.get_vk_commit(false),
                leaf_vk_commit: aggregation.internal_for_leaf_prover.get_vk_commit(false),
                internal_for_leaf_vk_commit: recursive.get_vk_commit(false),
                internal_recursive_vk_commit: recursive.get_vk_commit(true),
                expected_def_hook_commit: None,
            })
        })?;
        Ok(self.baseline.get_or_init(|| baseline))
    }

    /// Works with the guest's machine, which is made and committed to when there is none.
    pub(crate) fn with_machine<T>(
        &self,
        work: impl FnOnce(&mut Machine) -> Result<T>,
    ) -> Result<T> {
        let mut machine = match self.machine.take() {
            Some(machine) => machine,
            None => {
                meter::step("machine's key", || self.sdk.app_pk());
                let commit = || machine::commit(&self.sdk, self.exe.clone());
                meter::step("commitment to the guest", commit)?
            }
        };
        let result = work(&mut machine)?;
        self.machine.set(Some(machine));
        Ok(result)
    }

    pub(crate) fn root(&self) -> Result<&RootProver> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let root = keys::root(self.options, &self.sdk)?;
        Ok(self.root.get_or_init(|| root))
    }

    /// What the job's proof claims, in the words of the contract.
    pub(crate) fn claim(&self, job: &Job) -> Result<[u8; CLAIM_BYTES]> {
        let [exe, vm] = self.commits()?;
        Ok(claim_words(exe, vm, job.output()))
    }

    /// What workers and whoever shares must have in common: the guest, its machine, and where its
    /// runs are cut.
    pub(crate) fn tag(&self) -> Result<String> {
        self.check_known()?;
        let [exe, vm] = self.commits()?.map(|commit| hex::encode(&commit[..4]));
        let backend = if cfg!(feature = "cuda") { "-cuda" } else { "" };
        Ok(format!("{TAG_FORMAT}-{exe}-{vm}-{}{backend}", self.options.segment_mib))
    }

    /// Nodes accept the proofs of one guest only.
    pub(crate) fn check_known(&self) -> Result<()> {
        let ours =
            self.options.elf.is_some() || self.commits()? == [guest::EXE_COMMIT, guest::VM_COMMIT];
        ensure!(ours, "nodes know another guest: `altana-prover key` tells them of this one");
        Ok(())
    }

    /// The guest's and the machine's commitment, as words.
    pub(crate) fn commits(&self) -> Result<[[u8; 32]; 2]> {
        let exe = self.baseline()?.app_exe_commit;
        Ok([words(&exe), words(&self.sdk.agg_prover().vm_or_hook_commit())])
    }
}

/// Whether there is anything to prove is told in milliseconds on any computer.
pub(crate) fn natively(job: &Job) -> Result<()> {
    let inputs = job.inputs().map_err(|error| match error {
        // The node may be removing it, or the file system be away.
        JobError::Io { .. } => error.into(),
        error => eyre::Report::from(Refusal(error.to_string())),
    })?;
    natively_of(inputs, job.output().0)
}

/// Whether these inputs have this output.
pub(crate) fn natively_of(inputs: Inputs, output: [u8; 32]) -> Result<()> {
    let run = prove_natively(&inputs.statement, &inputs.blobs, &inputs.pages.into());
    let (given, _) = run.map_err(|refused| Refusal(refused.to_string()))?;
    if given.0 != output {
        return Err(Refusal(format!("the inputs give {given}")).into());
    }
    Ok(())
}

/// Elements as `docs/stark.md` §1 has them.
fn words(elements: &[F; 8]) -> [u8; 32] {
    let mut words = [0; 32];
    for (word, element) in words.as_chunks_mut().0.iter_mut().zip(elements) {
        let element = altana_stark::F::new(element.as_canonical_u32().into());
        *word = element.word().to_be_bytes();
    }
    words
}

pub(crate) fn output(values: &[F]) -> Result<[u8; 32]> {
    let bytes: Vec<u8> = values.iter().map(|value| value.as_canonical_u32() as u8).collect();
    bytes.try_into().map_err(|_| eyre!("the guest's output is not 32 bytes"))
}

/// Names in logs, nothing else.
pub(crate) fn recursive() -> InternalLayerMetadata {
    InternalLayerMetadata {
        internal_recursive_layer: 2,
        internal_node_idx: 0,
        proofs_type: openvm_continuations::circuit::inner::ProofsType::Vm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_now_is_no_reason_to_give_a_job_up() {
        let folder = std::env::temp_dir().join(format!("altana-natively-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let job = Job::put(&folder, [1; 32].into(), &Inputs::default()).unwrap();
        let is_final = || natively(&job).unwrap_err().is::<Refusal>();
        assert!(is_final(), "an empty statement");
        job.write("output", &[2; 32]).unwrap();
        assert!(is_final(), "another job's output");
        std::fs::remove_file(folder.join("statement")).unwrap();
        job.write("output", &[1; 32]).unwrap();
        assert!(!is_final(), "no statement");
        job.remove().unwrap();
        assert!(!is_final(), "no job");
    }
}
