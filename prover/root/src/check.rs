//! What a verifier demands beyond "the STARK verifies".

use altana_keccak_stark::F;
use openvm_stark_backend::{StarkEngine, p3_field::PrimeCharacteristicRing};

use crate::{KeccakEngine, RootProof, RootVerifyingKey};

/// AIR whose public values are the commitments to the program and to its machine.
pub(crate) const COMMITS_AIR: usize = 0;
/// AIR whose public values are the guest's output, an element for each byte.
pub(crate) const OUTPUT_AIR: usize = 1;
/// AIR whose public values are the commitment to the child's constraints.
pub(crate) const DAG_AIR: usize = 3;

/// Elements of an inner commitment.
pub type Commitment = [F; 8];

/// What a proof is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The program and its initial memory.
    pub exe_commit: Commitment,
    /// The machine's configuration and all keys up to the aggregation's.
    pub vm_commit: Commitment,
    /// The guest's output.
    pub output: [u8; 32],
}

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The STARK does not verify.
    #[error("the STARK does not verify: {0}")]
    Stark(String),
    /// Trace heights other than the key's.
    #[error("other trace heights than the key's")]
    Heights,
    /// The proof is of another inner verifier: it may prove anything.
    #[error("a proof of another inner verifier")]
    Dag,
    /// Another program.
    #[error("a proof of another program")]
    Program,
    /// Another machine.
    #[error("a proof of another machine")]
    Machine,
    /// Another output.
    #[error("a proof of another output")]
    Output,
}

/// Verifies a proof, and that it is of this statement.
///
/// The circuit only *exposes* `dag_commit`: who does not compare it accepts proofs of anything.
pub fn verify(
    vk: &RootVerifyingKey,
    heights: &[usize],
    dag_commit: &Commitment,
    statement: &Statement,
    proof: &RootProof,
) -> Result<(), Refused> {
    let engine = KeccakEngine::new(vk.inner.params.clone());
    engine.verify(vk, proof).map_err(|error| Refused::Stark(error.to_string()))?;
    let found = proof.trace_vdata.iter().map(|data| data.as_ref().map(|data| data.log_height));
    if !found.eq(heights.iter().map(|height| Some(height.trailing_zeros() as usize))) {
        return Err(Refused::Heights);
    }
    let public = |air: usize| proof.public_values.get(air).map_or(&[][..], |values| values);
    let (exe, vm) = public(COMMITS_AIR).split_at_checked(8).unwrap_or_default();
    let output = statement.output.map(F::from_u8);
    for (found, expected, refused) in [
        (public(DAG_AIR), &dag_commit[..], Refused::Dag),
        (exe, &statement.exe_commit, Refused::Program),
        (vm, &statement.vm_commit, Refused::Machine),
        (public(OUTPUT_AIR), &output, Refused::Output),
    ] {
        if found != expected {
            return Err(refused);
        }
    }
    Ok(())
}
