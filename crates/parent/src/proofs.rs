//! Have the parent verify a validity proof, and decide a claim by it (docs/stark.md, docs/zk.md).

use crate::{
    ClaimReader, Claims, ParentError,
    claims::{if_there, temporary},
    sender::Sent,
};
use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::SolCall,
};
use altana_contracts::{
    bindings::{StarkConstraints, StarkOpenings, ZkProof},
    revert,
};

/// What a chain's module takes for a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofTerms {
    /// Where first parts are verified.
    pub constraints: Address,
    /// Where second parts are verified, and what is proved is remembered.
    pub openings: Address,
    /// The verifying key.
    pub key_hash: B256,
    /// Commitment to the program.
    pub exe_commit: B256,
    /// Commitment to its machine.
    pub vm_commit: B256,
}

/// A proof that was found right, as the parent takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedProof {
    /// The verifying key's pieces on the parent.
    pub key: Vec<Address>,
    /// What is proved, as words.
    pub claim: Bytes,
    /// For the first transaction.
    pub part1: Bytes,
    /// What the first leads to.
    pub checkpoint: Bytes,
    /// Its name on the parent.
    pub checkpoint_id: B256,
    /// For the second transaction.
    pub part2: Bytes,
    /// For the third: the root of the history that the program went through.
    pub history: B256,
    /// For the third, too: each blob's versioned hash, point, value, commitment and KZG proof.
    pub blobs: Bytes,
}

/// What the parent has yet to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofStep {
    /// The first part of the proof.
    Constraints,
    /// The second.
    Openings,
    /// Which claim it proves.
    Claim,
}

impl ProofStep {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constraints => "first part of a proof",
            Self::Openings => "second part of a proof",
            Self::Claim => "proof of a claim",
        }
    }
}

impl ClaimReader {
    /// What proves a claim. `None`: nothing does.
    pub async fn proofs(&self) -> Result<Option<ProofTerms>, ParentError> {
        let module = ZkProof::new(self.module, self.parent.provider());
        let Some(key_hash) = if_there(module.keyHash().call().await)? else { return Ok(None) };
        let openings = module.openings().call().await.map_err(temporary)?;
        let verifier = StarkOpenings::new(openings, self.parent.provider());
        Ok(Some(ProofTerms {
            constraints: verifier.CONSTRAINTS().call().await.map_err(temporary)?,
            openings,
            key_hash,
            exe_commit: module.exeCommit().call().await.map_err(temporary)?,
            vm_commit: module.vmCommit().call().await.map_err(temporary)?,
        }))
    }

    /// What comes next with a proof of claim `claim`. Somebody else may have sent the same. `Err`
    /// inside: why it would come to nothing.
    pub async fn proof_step(
        &self,
        terms: &ProofTerms,
        proof: &VerifiedProof,
        claim: u64,
    ) -> Result<Result<ProofStep, String>, ParentError> {
        let provider = self.parent.provider();
        let module = ZkProof::new(self.module, provider);
        match module.proveClaim(claim, proof.history, proof.blobs.clone()).call().await {
            Ok(_) => return Ok(Ok(ProofStep::Claim)),
            Err(error) if error.as_decoded_error::<ZkProof::NotProved>().is_some() => {}
            Err(error) => {
                let refusal = revert::of(&error).ok_or_else(|| temporary(error))?;
                return Ok(Err(refusal));
            }
        }
        let constraints = StarkConstraints::new(terms.constraints, provider);
        let reached = constraints.reached(proof.checkpoint_id).call().await;
        let reached = reached.map_err(temporary)?;
        Ok(Ok(if reached { ProofStep::Openings } else { ProofStep::Constraints }))
    }
}

impl Claims {
    /// Sends one step of a proof of claim `claim`.
    pub async fn prove(
        &self,
        terms: &ProofTerms,
        proof: &VerifiedProof,
        claim: u64,
        step: ProofStep,
    ) -> Result<Sent, ParentError> {
        let key = proof.key.clone();
        let (to, data) = match step {
            ProofStep::Constraints => {
                let call = StarkConstraints::verifyCall {
                    key,
                    claim: proof.claim.clone(),
                    proof: proof.part1.clone(),
                };
                (terms.constraints, call.abi_encode())
            }
            ProofStep::Openings => {
                let call = StarkOpenings::verifyCall {
                    key,
                    claim: proof.claim.clone(),
                    checkpoint: proof.checkpoint.clone(),
                    proof: proof.part2.clone(),
                };
                (terms.openings, call.abi_encode())
            }
            ProofStep::Claim => {
                let call = ZkProof::proveClaimCall {
                    index: claim,
                    history: proof.history,
                    blobs: proof.blobs.clone(),
                };
                (self.reader.module, call.abi_encode())
            }
        };
        super::batches::send(&self.sender, to, U256::ZERO, data.into(), Vec::new()).await
    }
}
