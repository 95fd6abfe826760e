//! A finished proof.

use altana_stark::{Checkpoint, Key, Rejected, verify_constraints, verify_openings};

use crate::CLAIM_BYTES;

/// Most bytes of a proof's first part; the key says how many.
pub const PART1_BYTES_MAX: usize = 256 << 10;
/// Most bytes of a proof's second part.
pub const PART2_BYTES_MAX: usize = 1 << 20;

/// What is sent to the parent chain, as `docs/stark.md` §4 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What it is a proof of.
    pub claim: [u8; CLAIM_BYTES],
    /// Constraints.
    pub part1: Vec<u8>,
    /// Openings.
    pub part2: Vec<u8>,
}

/// The proof is not what is wanted: have it made anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It may be right, but of another output, or of another guest.
    #[error("a proof of another claim")]
    Claim,
    /// It proves nothing.
    #[error("the proof is wrong: {0}")]
    Rejected(#[from] Rejected),
}

impl Proof {
    /// Checks that this is a proof of `claim`; gives what its first part leads to, which the parent
    /// chain is sent with the second.
    pub fn verify(&self, key: &Key, claim: &[u8; CLAIM_BYTES]) -> Result<Checkpoint, ProofError> {
        if self.claim != *claim {
            return Err(ProofError::Claim);
        }
        let checkpoint = verify_constraints(key, claim, &self.part1)?;
        verify_openings(key, &checkpoint, &self.part2)?;
        Ok(checkpoint)
    }
}
