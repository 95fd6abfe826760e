//! Blobs as far as they are used.

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use altana_protocol::{
    batch::{Blob, FIELD_ELEMENTS},
    stf::MissingPreimage,
};

use crate::{
    Opening, Scalar,
    opening::{BlobError, evaluate},
};

/// Most blobs of a statement.
pub const BLOBS_MAX: usize = 256;
/// Most bytes of encoded blobs.
pub const BLOBS_BYTES_MAX: usize = BLOBS_MAX * (HEAD_BYTES + 32 * FIELD_ELEMENTS);

/// Number of elements, versioned hash.
const HEAD_BYTES: usize = 4 + 32;

/// A blob's elements up to the last one that is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobData {
    /// Of the blob's KZG commitment (EIP-4844).
    pub versioned_hash: B256,
    /// Big-endian, below the modulus.
    pub elements: Vec<[u8; 32]>,
}

impl BlobData {
    /// Of a whole blob: what a batch does not use counts, too, since the commitment is to all of it.
    pub fn new(versioned_hash: B256, blob: &Blob) -> Self {
        let elements = blob.as_chunks::<32>().0;
        let length =
            elements.iter().rposition(|element| *element != [0; 32]).map_or(0, |at| at + 1);
        Self { versioned_hash, elements: elements[..length].to_vec() }
    }
}

/// Blobs by rising versioned hashes, each a little-endian number of elements (4 bytes), the versioned
/// hash, the elements: the guest's second input. They may come in any order, and more than once.
pub fn encode_blobs<'a>(blobs: impl IntoIterator<Item = &'a BlobData>) -> Vec<u8> {
    let mut blobs: Vec<_> = blobs.into_iter().collect();
    blobs.sort_unstable_by_key(|blob| blob.versioned_hash);
    blobs.dedup_by_key(|blob| blob.versioned_hash);
    let mut bytes = Vec::new();
    for blob in blobs {
        bytes.extend_from_slice(&(blob.elements.len() as u32).to_le_bytes());
        bytes.extend_from_slice(blob.versioned_hash.as_slice());
        bytes.extend_from_slice(blob.elements.as_flattened());
    }
    bytes
}

/// Bytes are no blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobsError {
    /// They end within a blob.
    #[error("the blobs: cut short")]
    Short,
    /// More than [`BLOBS_MAX`].
    #[error("the blobs: too many")]
    TooMany,
    /// A blob has more elements than any.
    #[error("the blobs: too many elements")]
    TooLong,
    /// Versioned hashes do not rise.
    #[error("the blobs: not in the order of their hashes")]
    Order,
    /// A blob's last element is zero: it would be two witnesses for one blob.
    #[error("the blobs: a zero that could be left out")]
    Padded,
}

/// Blobs of a witness. Nothing is known of them but what [`Blobs::open`] leaves for the parent chain
/// to check.
#[derive(Clone, Debug, Default)]
pub struct Blobs<'a>(Vec<BlobRef<'a>>);

#[derive(Clone, Copy, Debug)]
struct BlobRef<'a> {
    versioned_hash: B256,
    elements: &'a [[u8; 32]],
    /// Versioned hash and elements.
    bytes: &'a [u8],
}

impl<'a> Blobs<'a> {
    /// Reads what [`encode_blobs`] gives.
    pub fn decode(mut bytes: &'a [u8]) -> Result<Self, BlobsError> {
        let mut blobs: Vec<BlobRef<'a>> = Vec::new();
        while !bytes.is_empty() {
            let (count, rest) = bytes.split_first_chunk().ok_or(BlobsError::Short)?;
            let count = u32::from_le_bytes(*count) as usize;
            if count > FIELD_ELEMENTS {
                return Err(BlobsError::TooLong);
            }
            let (blob, rest) = rest.split_at_checked(32 + 32 * count).ok_or(BlobsError::Short)?;
            let (hash, elements) = blob.split_at(32);
            let (versioned_hash, elements) = (B256::from_slice(hash), elements.as_chunks().0);
            if blobs.last().is_some_and(|last| last.versioned_hash >= versioned_hash) {
                return Err(BlobsError::Order);
            }
            if elements.last() == Some(&[0; 32]) {
                return Err(BlobsError::Padded);
            }
            if blobs.len() == BLOBS_MAX {
                return Err(BlobsError::TooMany);
            }
            blobs.push(BlobRef { versioned_hash, elements, bytes: blob });
            bytes = rest;
        }
        Ok(Self(blobs))
    }

    /// An element; zero behind those that are there.
    pub fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        let place = self.0.binary_search_by(|blob| blob.versioned_hash.cmp(&versioned_hash));
        let Ok(place) = place else {
            return Err(MissingPreimage::Element { versioned_hash, index });
        };
        let element = self.0[place].elements.get(usize::from(index));
        Ok(element.copied().unwrap_or_default())
    }

    /// Where the parent chain has to look: each blob's polynomial at a point that its elements, and
    /// its commitment, choose. Other elements would have another value there.
    pub fn open<S: Scalar>(&self) -> Result<Vec<Opening>, BlobError> {
        let open = |blob: &BlobRef<'_>| {
            let mut z = keccak256(blob.bytes);
            // Below the modulus.
            z[0] = 0;
            let y = evaluate::<S>(z, blob.elements)?;
            Ok(Opening { versioned_hash: blob.versioned_hash, z, y })
        };
        self.0.iter().map(open).collect()
    }
}
