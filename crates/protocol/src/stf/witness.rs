//! All pre-images of one state transition, in memory and as bytes.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use super::{
    BlockInput, MissingPreimage, Oracle, PREIMAGE_BYTES_MAX, block::leaf_preimage, output_preimage,
};
use crate::{
    ChainSpec,
    batch::{BatchHeader, Blob, CHUNK_BYTES, FIELD_ELEMENTS, chunk_node},
    queue::Message,
    trie::EMPTY_ROOT_HASH,
};

/// An [`Oracle`] in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    preimages: B256Map<Bytes>,
    /// The first elements of each blob.
    elements: BTreeMap<B256, Vec<[u8; 32]>>,
}

/// Bytes are not a witness: ask another prover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Not the RLP of a witness.
    #[error("witness: bad RLP")]
    Rlp,
    /// A pre-image or a blob is longer than any can be.
    #[error("witness: entry too long")]
    TooLong,
}

#[derive(RlpEncodable, RlpDecodable)]
struct Wire {
    preimages: Vec<Bytes>,
    blobs: Vec<WireBlob>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct WireBlob {
    versioned_hash: B256,
    elements: Bytes,
}

impl Oracle for Witness {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        self.preimages.get(&hash).cloned().ok_or(MissingPreimage::Keccak(hash))
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        self.elements
            .get(&versioned_hash)
            .and_then(|elements| elements.get(usize::from(index)))
            .copied()
            .ok_or(MissingPreimage::Element { versioned_hash, index })
    }
}

impl Witness {
    pub(super) fn from_parts(
        preimages: B256Map<Bytes>,
        elements: BTreeMap<B256, Vec<[u8; 32]>>,
    ) -> Self {
        Self { preimages, elements }
    }

    /// Adds a pre-image by its hash, which is computed here; gives the hash.
    pub fn insert(&mut self, preimage: impl Into<Bytes>) -> B256 {
        let preimage = preimage.into();
        let hash = keccak256(&preimage);
        self.preimages.insert(hash, preimage);
        hash
    }

    /// Adds what [`ChainSpec::config_hash`] commits to.
    pub fn insert_spec(&mut self, spec: &ChainSpec) {
        self.insert(spec.encode_config());
    }

    /// Adds what the program is told first; gives the [`BlockInput::hash`].
    pub fn insert_input(&mut self, input: &BlockInput) -> B256 {
        self.insert(input.encode())
    }

    /// Adds the header of the batch; gives the [`BatchHeader::hash`].
    pub fn insert_batch(&mut self, header: &BatchHeader) -> B256 {
        self.insert(header.encode())
    }

    /// Adds the block before, its output root and its leaf; gives the
    /// [`block_leaf`](super::block_leaf), of which `used` is a part.
    pub fn insert_parent(&mut self, header: &Header, used: u64) -> B256 {
        let hash = self.insert(alloy_rlp::encode(header));
        let passer = header.withdrawals_root.unwrap_or(EMPTY_ROOT_HASH);
        let root = self.insert(output_preimage(header.state_root, passer, hash).to_vec());
        self.insert(leaf_preimage(root, header.number, used))
    }

    /// Adds the messages that a batch consumes; gives `queueAccEnd`.
    pub fn insert_messages(&mut self, queue_acc_start: B256, messages: &[Message]) -> B256 {
        messages.iter().fold(queue_acc_start, |acc, message| {
            self.insert(message.payload.clone());
            let hash = self.insert(message.encode_words());
            self.insert([acc.0, hash.0].concat())
        })
    }

    /// Adds a payload in calldata; gives its commitment.
    pub fn insert_calldata(&mut self, payload: &[u8]) -> B256 {
        if payload.len() <= CHUNK_BYTES {
            return self.insert([&[0], payload].concat());
        }
        let chunks = payload.len().div_ceil(CHUNK_BYTES);
        let (left, right) = payload.split_at(chunks.next_power_of_two() / 2 * CHUNK_BYTES);
        let (left, right) = (self.insert_calldata(left), self.insert_calldata(right));
        let node = self.insert([&[1], left.as_slice(), right.as_slice()].concat());
        debug_assert_eq!(node, chunk_node(&left, &right));
        node
    }

    /// Adds a payload in blobs; gives its commitment. The caller has checked the blobs against
    /// their versioned hashes.
    pub fn insert_blobs<'a>(&mut self, blobs: impl IntoIterator<Item = (B256, &'a Blob)>) -> B256 {
        let mut hashes = Vec::new();
        for (versioned_hash, blob) in blobs {
            hashes.extend_from_slice(versioned_hash.as_slice());
            self.elements.insert(versioned_hash, blob.as_chunks::<32>().0.to_vec());
        }
        self.insert(hashes)
    }

    /// Number of pre-images.
    pub fn len(&self) -> usize {
        self.preimages.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.preimages.is_empty() && self.elements.is_empty()
    }

    /// Pre-images, in no order.
    pub fn preimages(&self) -> impl Iterator<Item = &Bytes> {
        self.preimages.values()
    }

    /// Pre-images with their hashes, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (&B256, &Bytes)> {
        self.preimages.iter()
    }

    /// The witness as RLP: the pre-images sorted by hash, then the blobs' elements.
    pub fn encode(&self) -> Vec<u8> {
        let mut preimages: Vec<_> = self.preimages.iter().collect();
        preimages.sort_unstable_by_key(|entry| entry.0);
        let wire = Wire {
            preimages: preimages.into_iter().map(|entry| entry.1.clone()).collect(),
            blobs: self
                .elements
                .iter()
                .map(|(versioned_hash, elements)| WireBlob {
                    versioned_hash: *versioned_hash,
                    elements: elements.as_flattened().to_vec().into(),
                })
                .collect(),
        };
        let mut out = Vec::with_capacity(wire.length());
        wire.encode(&mut out);
        out
    }

    /// Decodes a witness that may come from anybody: pre-images are hashed here. Elements are
    /// taken as they are: the caller checks them against the blobs' KZG commitments.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, WitnessError> {
        let wire = Wire::decode(&mut bytes).map_err(|_| WitnessError::Rlp)?;
        if !bytes.is_empty() {
            return Err(WitnessError::Rlp);
        }
        let mut witness = Self::default();
        for preimage in wire.preimages {
            if preimage.len() > PREIMAGE_BYTES_MAX {
                return Err(WitnessError::TooLong);
            }
            witness.insert(preimage);
        }
        for blob in wire.blobs {
            let (elements, rest) = blob.elements.as_chunks::<32>();
            if elements.len() > FIELD_ELEMENTS || !rest.is_empty() {
                return Err(WitnessError::TooLong);
            }
            witness.elements.insert(blob.versioned_hash, elements.to_vec());
        }
        Ok(witness)
    }
}
