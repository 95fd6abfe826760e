//! Proofs.

use altana_keccak_stark::F;
use altana_prover_root::{ProveError, Statement, verify};
use altana_stark::Key;
use altana_stark_key::Encoded;
use eyre::{Result, eyre};
use openvm_sdk::{Sdk, prover::InternalLayerMetadata};
use openvm_stark_backend::codec::{Decode, Encode};
use openvm_verify_stark_host::VmStarkProof;
use p3_field::PrimeField32;
use serde_json::{Value, json};

use crate::{Common, job::Job, keys, machine, meter};

/// What the last layer took of memory when it was measured, in MiB.
const CHAIN_MIB: u64 = 3_000;
/// What segments of transfers took (12,842 MiB with the default `--segment-mib`).
const STARK_MIB: u64 = 13_000;

/// A proof of the guest's run.
pub(crate) struct Inner {
    pub(crate) proof: VmStarkProof,
    pub(crate) statement: Statement,
}

pub(crate) fn stark(common: &Common) -> Result<Value> {
    let sdk = machine::sdk(common)?;
    let inner = inner(common, &sdk)?;
    Ok(json!({
        "output": hex::encode(inner.statement.output),
        "stark_bytes": inner.proof.encode_to_vec()?.len(),
        "steps": meter::figures(),
    }))
}

pub(crate) fn chain(common: &Common) -> Result<Value> {
    let sdk = machine::sdk(common)?;
    let job = Job::new(&common.job);
    let root = keys::root(common, &sdk)?;
    let inner = inner(common, &sdk)?;
    meter::budget("the last layer", CHAIN_MIB);
    let natural = root.trace(&inner.proof, None).expect("no heights are demanded");
    let natural: Vec<usize> = natural.per_trace.iter().map(|(_, air)| air.height()).collect();
    let aggregation = sdk.agg_prover();
    let mut wraps = 0;
    let proof = meter::step("last layer", || {
        root.prove(inner.proof, |proof| {
            wraps += 1;
            aggregation
                .wrap_proof(proof, &mut recursive())
                .map_err(|error| ProveError::Backend(error.to_string()))
        })
    })?;
    job.write("chain.proof", &proof.encode_to_vec()?)?;
    let (heights, dag) = (&root.key().heights, root.dag_commit());
    let vk = root.vk();
    meter::step("verification by the library", || {
        verify(&vk, heights, &dag, &inner.statement, &proof)
    })?;
    job.write("chain.vk", &bitcode::serialize(&vk)?)?;
    let circuit = root.statement()?;
    let key_bytes = circuit.key()?;
    let key = Key::parse(&key_bytes)?;
    let encoded = circuit.encode(&proof)?;
    let Encoded { claim, part1, part2 } = &encoded;
    meter::step("verification by ours", || altana_stark::verify(&key, claim, part1, part2))?;
    for (name, bytes) in [("key", &key_bytes), ("claim", claim), ("part1", part1), ("part2", part2)]
    {
        job.write(&format!("chain.{name}"), bytes)?;
    }
    let facts = json!({
        "output": hex::encode(inner.statement.output),
        "exe_commit": inner.statement.exe_commit.map(|x| x.as_canonical_u32()),
        "vm_commit": inner.statement.vm_commit.map(|x| x.as_canonical_u32()),
        "dag_commit": dag.map(|x| x.as_canonical_u32()),
        "pre_hash": hex::encode(vk.pre_hash),
        "log_heights": logs(heights),
    });
    job.write("chain.json", format!("{facts:#}\n").as_bytes())?;
    Ok(json!({
        "facts": facts,
        "wraps": wraps,
        "natural_log_heights": logs(&natural),
        "bytes": {
            "library": proof.encode_to_vec()?.len(),
            "key": key_bytes.len(),
            "claim": claim.len(),
            "part1": part1.len(),
            "part2": part2.len(),
        },
        "steps": meter::figures(),
    }))
}

fn logs(heights: &[usize]) -> Vec<u32> {
    heights.iter().map(|height| height.trailing_zeros()).collect()
}

/// The proof of the guest's run: the job's, or a new one. It is verified either way.
pub(crate) fn inner(common: &Common, sdk: &Sdk) -> Result<Inner> {
    let job = Job::new(&common.job);
    let exe = machine::guest(common, sdk)?;
    meter::step("machine's key", || sdk.app_pk());
    meter::step("aggregation keys", || sdk.agg_prover());
    let mut prover = meter::step("commitment to the guest", || sdk.prover(exe))?;
    let proof = match job.read("stark.proof")? {
        Some(bytes) => VmStarkProof::decode_from_bytes(&bytes)?,
        None => {
            meter::budget("the proof", STARK_MIB);
            let app = meter::step("segments", || {
                prover.app_prover.prove(job.stdin()?).map_err(eyre::Report::from)
            })?;
            eprintln!("{} segments", app.per_segment.len());
            let (proof, mut metadata) =
                meter::step("aggregation", || prover.agg_prover.prove_vm(app))?;
            let proof = meter::step("wrap", || prover.agg_prover.wrap_proof(proof, &mut metadata))?;
            job.write("stark.proof", &proof.encode_to_vec()?)?;
            proof
        }
    };
    let baseline = prover.generate_baseline();
    let statement = Statement {
        exe_commit: baseline.app_exe_commit,
        vm_commit: prover.app_vm_commit(),
        output: output(&proof)?,
    };
    let vk = sdk.agg_prover().internal_recursive_prover.get_vk().as_ref().clone();
    meter::step("its verification", || Sdk::verify_proof(vk, baseline, &proof))?;
    job.check_output(&statement.output)?;
    Ok(Inner { proof, statement })
}

fn output(proof: &VmStarkProof) -> Result<[u8; 32]> {
    let values = &proof.user_pvs_proof.public_values;
    let bytes: Vec<u8> = values.iter().map(|value: &F| value.as_canonical_u32() as u8).collect();
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
