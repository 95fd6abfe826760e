//! What the outside answers: pre-images to a machine, and proofs to a verifier.

use alloy_primitives::{Address, B256, Bytes};

/// The host lacks something that this key names: fetch it, and repeat the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pre-image {0} is missing")]
pub struct Missing(pub B256);

/// Gives a machine its pre-images. The host vouches for every answer: the machine does not hash.
///
/// An answer is final. A [`Missing`] may be repeated.
pub trait Host {
    /// The whole pre-image of a key.
    fn read(&mut self, key: B256) -> Result<Bytes, Missing>;

    /// Which field element a key of kind 5 names, and its proof. Only witnesses need it.
    fn blob(&mut self, key: B256) -> Result<BlobElement, Missing> {
        Err(Missing(key))
    }

    /// Which call a key of kind 6 names. Only witnesses need it.
    fn precompile(&mut self, key: B256) -> Result<PrecompileCall, Missing> {
        Err(Missing(key))
    }

    /// What the program says it will read.
    fn hint(&mut self, _bytes: &[u8]) {}

    /// Whether nobody wants the result any more. [`Snapshots`](crate::Snapshots) ask now and then.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// The field element at `index` of a blob, and the KZG proof of it (EIP-4844).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobElement {
    /// Versioned hash of the blob.
    pub versioned_hash: B256,
    /// Which field element, below 4096.
    pub index: u16,
    /// The element, big-endian.
    pub element: B256,
    /// KZG commitment to the blob.
    pub commitment: [u8; 48],
    /// KZG proof that the blob's polynomial is `element` at `w^brp(index)`.
    pub proof: [u8; 48],
}

/// A call to a precompile of the parent chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecompileCall {
    /// Which precompile.
    pub address: Address,
    /// The call's input.
    pub input: Bytes,
}

/// Checks for [`verify_step`](crate::verify_step) what a hash does not: KZG and precompiles.
pub trait Judge {
    /// Whether the commitment belongs to the versioned hash and the proof to the element.
    fn blob(&self, element: &BlobElement) -> bool;

    /// One byte, 1 if the call succeeds or 0 if it fails, then what it returns; `None` if the
    /// parent chain gives no answer that the step contract believes.
    fn precompile(&self, call: &PrecompileCall) -> Option<Bytes>;
}
