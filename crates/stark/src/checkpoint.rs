//! What the second part of a verification needs of the first (`docs/stark.md`, 4).

use alloc::vec::Vec;

use alloy_primitives::{B256, keccak256};

use crate::{
    error::{Part, Rejected},
    field::Ext,
    key::Key,
    reader::Reader,
    transcript::CHECKPOINT_DOMAIN,
};

/// The state between the two parts. Only [`crate::verify_constraints`] vouches for one; whoever
/// takes one from elsewhere looks its [id](Self::id) up among those that were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The transcript's state.
    pub(crate) state: B256,
    /// The commitment to the traces.
    pub(crate) commitment: B256,
    /// Batches the columns.
    pub(crate) lambda: Ext,
    /// The batched openings.
    pub(crate) sum: Ext,
    /// The point, n_max + 1 coordinates.
    pub(crate) point: Vec<Ext>,
}

impl Checkpoint {
    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.state.0, self.commitment.0].concat();
        let values = [self.lambda, self.sum].into_iter().chain(self.point.iter().copied());
        values.for_each(|value| bytes.extend(value.to_bytes()));
        bytes
    }

    /// The checkpoint of these bytes.
    pub fn from_bytes(key: &Key, bytes: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::new(Part::Checkpoint, bytes, Self::length(key))?;
        Ok(Self {
            state: reader.digest()?,
            commitment: reader.digest()?,
            lambda: reader.ext()?,
            sum: reader.ext()?,
            point: (0..=key.n_max).map(|_| reader.ext()).collect::<Result<_, _>>()?,
        })
    }

    /// The bytes that a checkpoint has under this key.
    pub(crate) fn length(key: &Key) -> u64 {
        64 + 16 * (3 + key.n_max as u64)
    }

    /// What the parent chain stores once part 1 is verified.
    pub fn id(&self, key: &Key, claim: &[u8]) -> B256 {
        let domain = keccak256(CHECKPOINT_DOMAIN);
        let bytes = self.to_bytes();
        keccak256([&domain[..], &key.hash[..], &keccak256(claim)[..], &bytes].concat())
    }
}
