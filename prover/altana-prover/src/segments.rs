//! Proofs of segments: of all that a job has, or of one, which joins the others wherever they are made.

use std::io::{Cursor, Read};

use altana_proof::Job;
use eyre::{Result, ensure, eyre};
use openvm_circuit::{
    arch::{
        ContinuationVmProof, ContinuationVmProver, VmInstance,
        hasher::poseidon2::vm_poseidon2_hasher,
    },
    system::memory::{CHUNK, merkle::public_values::UserPublicValuesProof},
};
use openvm_sdk::{DefaultStarkEngine, F, SC, prover::verify_app_proof_with_expected_exe_commit};
use openvm_stark_backend::{
    StarkEngine,
    codec::{Decode, Encode},
    proof::Proof,
};
use serde_json::json;

use crate::{
    execute,
    job::{self, GuestInputs, Refusal},
    meter,
    prove::{Prover, STARK_MIB, output},
};

/// A segment's proof; with the last comes what shows the output in the memory at the end.
pub(crate) struct Segment {
    proof: Proof<SC>,
    values: Option<UserPublicValuesProof<CHUNK, F>>,
}

impl Segment {
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = self.proof.encode_to_vec()?;
        self.values.is_some().encode(&mut bytes)?;
        if let Some(values) = &self.values {
            values.encode::<SC, _>(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        whole(bytes, |reader| {
            let proof = Proof::decode(reader)?;
            let has_values = bool::decode(reader)?;
            let values = has_values.then(|| UserPublicValuesProof::decode::<SC, _>(reader));
            Ok(Self { proof, values: values.transpose()? })
        })
    }
}

/// All of a job, as they are kept. (The library's format takes no more memory than it has bytes,
/// whoever wrote it.)
fn encode(proofs: &ContinuationVmProof<SC>) -> Result<Vec<u8>> {
    let mut bytes = proofs.per_segment.encode_to_vec()?;
    proofs.user_public_values.encode::<SC, _>(&mut bytes)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<ContinuationVmProof<SC>> {
    whole(bytes, |reader| {
        let per_segment = Vec::decode(reader)?;
        let user_public_values = UserPublicValuesProof::decode::<SC, _>(reader)?;
        Ok(ContinuationVmProof { per_segment, user_public_values })
    })
}

fn whole<T>(
    bytes: &[u8],
    decode: impl FnOnce(&mut Cursor<&[u8]>) -> std::io::Result<T>,
) -> Result<T> {
    let mut reader = Cursor::new(bytes);
    let value = decode(&mut reader)?;
    ensure!(reader.bytes().next().is_none(), "too long");
    Ok(value)
}

impl Prover<'_> {
    /// The proofs of all segments: the job's, or new ones.
    pub(crate) fn segments(&self, job: &Job) -> Result<ContinuationVmProof<SC>> {
        if let Some((proofs, _)) = self.kept_segments(job)? {
            return Ok(proofs);
        }
        let run = self.execute(job)?;
        eprintln!("{} instructions, {} segments", run.instructions, run.segments.len());
        meter::budget("the proof", STARK_MIB, self.options.force)?;
        let inputs = job::inputs(job)?;
        let proofs = self.with_machine(|machine| {
            let prove = || ContinuationVmProver::prove(machine, job::stdin(&inputs));
            Ok(meter::step("segments", prove)?)
        })?;
        job::SEGMENTS.write(job, &encode(&proofs)?)?;
        let facts = json!({ "instructions": run.instructions, "segments": run.segments.len() });
        job::record(job, facts)?;
        Ok(proofs)
    }

    /// What the job's folder has of them, verified, with its bytes.
    pub(crate) fn kept_segments(
        &self,
        job: &Job,
    ) -> Result<Option<(ContinuationVmProof<SC>, Vec<u8>)>> {
        job::SEGMENTS.read(job, |bytes| {
            let proofs = decode(bytes)?;
            self.verify_segments(job, &proofs)?;
            Ok((proofs, bytes.to_vec()))
        })
    }

    fn verify_segments(&self, job: &Job, proofs: &ContinuationVmProof<SC>) -> Result<()> {
        let values = &proofs.user_public_values.public_values;
        ensure!(output(values)? == job.output(), "another job's");
        let (vk, exe) = (self.sdk.app_vk(), self.baseline()?.app_exe_commit);
        let verify = verify_app_proof_with_expected_exe_commit::<DefaultStarkEngine>;
        meter::step("verification of the segments", || verify(&vk, proofs, Some(exe)))?;
        Ok(())
    }

    /// What the guest does with a job that can be proved natively.
    pub(crate) fn execute(&self, job: &Job) -> Result<execute::Run> {
        let inputs = job::inputs(job)?;
        let run = self.with_machine(|machine| {
            let count = || job::caught(|| execute::count(machine, job::stdin(&inputs)));
            meter::step("execution", count)
        })?;
        if run.output != job.output() {
            return Err(Refusal(format!("the guest gives {}", hex::encode(run.output))).into());
        }
        Ok(run)
    }

    /// Proves one segment: what is before it is only executed.
    pub(crate) fn segment(&self, inputs: &GuestInputs, index: u32) -> Result<Segment> {
        self.with_machine(|machine| {
            let run = meter::step("execution", || execute::count(machine, job::stdin(inputs)))?;
            let segment = run.segments.get(index as usize);
            let segment = segment.ok_or_else(|| eyre!("of {} segments", run.segments.len()))?;
            meter::budget("the proof", STARK_MIB, self.options.force)?;
            let exe = machine.exe().clone();
            let VmInstance { vm, interpreter, .. } = machine;
            meter::step("segment", || {
                let state = match segment.instret_start {
                    0 => vm.create_initial_state(&exe, job::stdin(inputs)),
                    before => vm.interpreter(&exe)?.execute(job::stdin(inputs), Some(before))?,
                };
                let (length, heights) = (Some(segment.num_insns), &segment.trace_heights);
                let (proof, end) = vm.prove(interpreter, state, length, heights)?;
                let system = &vm.config().system.config;
                let values = end.map(|end| {
                    UserPublicValuesProof::compute(
                        system.memory_config.memory_dimensions(),
                        system.num_public_values,
                        &vm_poseidon2_hasher(),
                        &end.memory,
                        vm.memory_top_tree().expect("it was proven"),
                    )
                });
                Ok(Segment { proof, values })
            })
        })
    }

    /// Whether these bytes are a proof of some segment of some run. Which run, [`Self::join`] tells.
    pub(crate) fn verify_segment(&self, bytes: &[u8], is_last: bool) -> Result<()> {
        let Segment { proof, values } = Segment::decode(bytes)?;
        ensure!(values.is_some() == is_last, "of another segment");
        let vk = self.sdk.app_vk().vk;
        let engine = DefaultStarkEngine::new(vk.inner.params.clone());
        Ok(meter::step("verification of a segment", || engine.verify(&vk, &proof))?)
    }

    /// Makes one run of segments that were proven apart, as it is kept.
    pub(crate) fn join(&self, job: &Job, segments: &[Vec<u8>]) -> Result<Vec<u8>> {
        let mut per_segment = Vec::with_capacity(segments.len());
        let mut values = None;
        for bytes in segments {
            let segment = Segment::decode(bytes)?;
            per_segment.push(segment.proof);
            values = segment.values;
        }
        let user_public_values = values.ok_or_else(|| eyre!("the last segment is missing"))?;
        let proofs = ContinuationVmProof { per_segment, user_public_values };
        self.verify_segments(job, &proofs)?;
        encode(&proofs)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf, sync::Arc};

    use altana_proof::Inputs;
    use openvm_circuit::arch::instructions::{
        LocalOpcode, PhantomDiscriminant, SystemOpcode, exe::VmExe, instruction::Instruction,
        program::Program,
    };

    use super::*;
    use crate::{Options, machine};

    /// Real proofs, of a program that does nothing for some time.
    #[test]
    fn segments_proven_apart_are_joined_and_kept_ones_are_used_again() {
        // One segment is cut as soon as it can be.
        let options = Options { keys: PathBuf::new(), segment_mib: 1, force: true, elf: None };
        let nothing = Instruction::phantom(PhantomDiscriminant(0), F::default(), F::default(), 0);
        let halt = SystemOpcode::TERMINATE.global_opcode();
        let mut program = vec![nothing; 1_500];
        program.push(Instruction::from_isize(halt, 0, 0, 0, 0, 0));
        let exe = Arc::new(VmExe::new(Program::from_instructions(&program)));
        let prover = Prover::of(&options, machine::sdk(&options).unwrap(), exe);
        let folder = std::env::temp_dir().join(format!("altana-segments-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let job = Job::put(&folder, [0; 32].into(), &Inputs::default()).unwrap();

        let count = prover.execute(&job).unwrap().segments.len();
        assert!(count > 1, "{count} segments");
        let inputs = job::inputs(&job).unwrap();
        let prove = |index| prover.segment(&inputs, index).unwrap().encode().unwrap();
        // In any order.
        let mut segments: Vec<_> = (0..count as u32).rev().map(prove).collect();
        segments.reverse();
        assert!(prover.segment(&inputs, count as u32).is_err());
        let is_last = |at| at + 1 == count;
        for (at, bytes) in segments.iter().enumerate() {
            prover.verify_segment(bytes, is_last(at)).unwrap();
            assert!(prover.verify_segment(bytes, !is_last(at)).is_err(), "{at}");
        }
        let joined = prover.join(&job, &segments).unwrap();

        // What is damaged is refused, whatever the library does about it.
        let refuses = |bytes: &[u8]| job::caught(|| prover.verify_segment(bytes, false)).is_err();
        let first = &segments[0];
        for at in (0..first.len()).step_by(first.len() / 40) {
            let mut damaged = first.clone();
            damaged[at] ^= 1;
            assert!(refuses(&damaged), "byte {at} of {}", first.len());
        }
        assert!(refuses(&[]) && refuses(&first[..first.len() - 1]) && refuses(&[0xff; 1000]));
        segments[0] = segments[1].clone();
        assert!(job::caught(|| prover.join(&job, &segments)).is_err(), "of another run");

        // A prover that was killed after its segments goes on with them.
        meter::take();
        job::SEGMENTS.write(&job, &joined).unwrap();
        assert_eq!(prover.segments(&job).unwrap().per_segment.len(), count);
        assert_eq!(steps(), ["verification of the segments"]);
        let mut damaged = joined.clone();
        damaged[joined.len() / 2] ^= 1;
        job::SEGMENTS.write(&job, &damaged).unwrap();
        assert!(prover.kept_segments(&job).unwrap().is_none());
        assert!(!folder.join("segments.proof").exists(), "they are made anew");
        fs::remove_dir_all(&folder).unwrap();
    }

    fn steps() -> Vec<String> {
        let name = |step: serde_json::Value| step["step"].as_str().unwrap().to_owned();
        meter::take().into_iter().map(name).collect()
    }
}
