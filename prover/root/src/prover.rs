//! Keys and proofs of the last layer.

use std::{collections::BTreeMap, sync::Arc};

use altana_keccak_stark::{KeccakConfig, root_params};
use altana_stark_key::{Circuit as Statement, CompileError};
use itertools::Itertools;
use openvm_circuit::system::memory::dimensions::MemoryDimensions;
use openvm_continuations::{
    CommitBytes, SC, VkCommitBytes,
    circuit::{
        Circuit,
        root::{RootCircuit, RootTraceGen, RootTraceGenImpl},
    },
};
use openvm_cpu_backend::CpuBackend;
use openvm_recursion_circuit::{
    batch_constraint::expr_eval::CachedTraceRecord,
    system::{
        CachedTraceCtx, VerifierConfig, VerifierExternalData, VerifierSubCircuit, VerifierTraceGen,
    },
};
use openvm_stark_backend::{
    StarkEngine,
    keygen::types::{MultiStarkProvingKey, MultiStarkVerifyingKey},
    prover::{DeviceDataTransporter, ProvingContext},
};
use openvm_stark_sdk::config::baby_bear_poseidon2::default_duplex_sponge_recorder;
use openvm_verify_stark_host::VmStarkProof;
use serde::{Deserialize, Serialize};

use crate::{
    KeccakEngine, RootProof, RootVerifyingKey,
    check::{Commitment, DAG_AIR},
};

/// How often a proof that does not fit the key's heights is wrapped once more.
pub const WRAPS_MAX: usize = 8;

/// AIRs of the root circuit before those of the verifier within it.
const OWN_AIRS: usize = 3;

type Backend = CpuBackend<KeccakConfig>;
type Verifier = VerifierSubCircuit<1>;

/// The proofs that the last layer verifies: those of the recursive aggregation.
#[derive(Clone)]
pub struct Child {
    /// Their key.
    pub vk: Arc<MultiStarkVerifyingKey<SC>>,
    /// The commitment to its constraints, as they verify one another.
    pub commit: CommitBytes,
    /// Of the machine.
    pub memory_dimensions: MemoryDimensions,
    /// Bytes of the guest's output.
    pub output_bytes: usize,
}

/// What is made once, and kept in a file.
#[derive(Clone, Serialize, Deserialize)]
pub struct RootKey {
    /// Proves.
    pub pk: Arc<MultiStarkProvingKey<KeccakConfig>>,
    /// Trace heights of every proof, by AIR.
    pub heights: Vec<usize>,
}

/// No proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// Wrapping did not make the inner proof fit: a bug, or another key.
    #[error("the inner proof does not fit the key's heights, wrapped {WRAPS_MAX} times")]
    Heights,
    /// The prover or the wrapping failed.
    #[error("the last layer: {0}")]
    Backend(String),
}

/// Proves that a [`Child`]'s proof verifies.
pub struct RootProver {
    child: Child,
    circuit: RootCircuit<Verifier>,
    record: CachedTraceRecord,
    key: RootKey,
}

impl RootProver {
    /// Makes the key. `dummy` is the proof of any program: its traces give the heights.
    pub fn keygen(child: Child, dummy: &VmStarkProof) -> Self {
        let (circuit, record) = circuit(&child);
        let (pk, _) = KeccakEngine::new(root_params()).keygen(&circuit.airs());
        let key = RootKey { pk: Arc::new(pk), heights: vec![] };
        let mut prover = Self { child, circuit, record, key };
        let context = prover.trace(dummy, None).expect("no heights are demanded");
        prover.key.heights =
            context.per_trace.iter().map(|(_, context)| context.height()).collect();
        prover
    }

    /// With a key made before, for the same child.
    pub fn with_key(child: Child, key: RootKey) -> Self {
        let (circuit, record) = circuit(&child);
        Self { child, circuit, record, key }
    }

    /// The key, to be kept.
    pub fn key(&self) -> &RootKey {
        &self.key
    }

    /// The key that verifies.
    pub fn vk(&self) -> RootVerifyingKey {
        self.key.pk.get_vk()
    }

    /// What every proof must expose as the commitment to the child's constraints.
    pub fn dag_commit(&self) -> Commitment {
        self.record.dag_commit_info.as_ref().expect("nothing is cached").commit
    }

    /// What nodes and contracts verify: the key with its heights and with [`Self::dag_commit`].
    pub fn statement(&self) -> Result<Statement, CompileError> {
        let heights = self.key.heights.iter().map(|height| height.trailing_zeros() as usize);
        let pinned = BTreeMap::from([(DAG_AIR, self.dag_commit().to_vec())]);
        Statement::new(self.vk(), heights.collect(), pinned)
    }

    /// Proves. `wrap` proves that the inner proof verifies, with the inner prover itself: what does
    /// not fit the heights does so then.
    pub fn prove(
        &self,
        mut proof: VmStarkProof,
        mut wrap: impl FnMut(VmStarkProof) -> Result<VmStarkProof, ProveError>,
    ) -> Result<RootProof, ProveError> {
        for _ in 0..=WRAPS_MAX {
            if let Some(context) = self.trace(&proof, Some(&self.key.heights)) {
                return self.prove_traces(context);
            }
            proof = wrap(proof)?;
        }
        Err(ProveError::Heights)
    }

    /// Proves traces as they are.
    pub fn prove_traces(&self, context: ProvingContext<Backend>) -> Result<RootProof, ProveError> {
        let engine = KeccakEngine::new(self.key.pk.params.clone());
        let pk = engine.device().transport_pk_to_device(&self.key.pk);
        engine.prove(&pk, context).map_err(|error| ProveError::Backend(format!("{error:?}")))
    }

    /// The traces; `None` if they do not fit `heights`.
    pub fn trace(
        &self,
        proof: &VmStarkProof,
        heights: Option<&[usize]>,
    ) -> Option<ProvingContext<Backend>> {
        assert_eq!(proof.user_pvs_proof.public_values.len(), self.child.output_bytes);
        let own = <RootTraceGenImpl as RootTraceGen<Backend, ()>>::new(false);
        let memory = self.child.memory_dimensions;
        let mut before = RootTraceGen::<Backend, ()>::generate_pre_verifier_subcircuit_ctx(
            &own,
            &proof.inner,
            &proof.user_pvs_proof,
            memory,
            &(),
        );
        let (after, inputs) = RootTraceGen::<Backend, ()>::generate_other_proving_ctxs(
            &own,
            &proof.inner,
            memory,
            None,
            &(),
        );
        before.poseidon2_compress_inputs.extend(inputs);
        let mut external = VerifierExternalData {
            poseidon2_compress_inputs: &before.poseidon2_compress_inputs,
            poseidon2_permute_inputs: &before.poseidon2_permute_inputs,
            range_check_inputs: &before.range_check_inputs,
            power_check_inputs: &vec![],
            required_heights: heights.map(|heights| &heights[OWN_AIRS..]),
            final_transcript_state: None,
        };
        let verifier =
            <Verifier as VerifierTraceGen<Backend, KeccakConfig, ()>>::generate_proving_ctxs(
                &self.circuit.verifier_circuit,
                &self.child.vk,
                CachedTraceCtx::Records(self.record.clone()),
                std::slice::from_ref(&proof.inner),
                &mut external,
                &(),
                default_duplex_sponge_recorder(),
            )?;
        let contexts = before.air_proving_ctxs.into_iter().chain(verifier).chain(after);
        Some(ProvingContext { per_trace: contexts.enumerate().collect_vec() })
    }
}

fn circuit(child: &Child) -> (RootCircuit<Verifier>, CachedTraceRecord) {
    let config =
        VerifierConfig { continuations_enabled: true, has_cached: false, ..Default::default() };
    let verifier =
        <Verifier as VerifierTraceGen<Backend, KeccakConfig, ()>>::new(child.vk.clone(), config);
    let record = <Verifier as VerifierTraceGen<Backend, KeccakConfig, ()>>::cached_trace_record(
        &verifier, &child.vk,
    );
    let commit =
        VkCommitBytes { cached_commit: child.commit, vk_pre_hash: child.vk.pre_hash.into() };
    let circuit = RootCircuit::new(
        Arc::new(verifier),
        commit,
        None,
        child.memory_dimensions,
        child.output_bytes,
    );
    (circuit, record)
}
