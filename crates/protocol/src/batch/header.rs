//! The header that the Inbox keeps the hash of, and the commitment to calldata.

use alloc::vec::Vec;
use alloy_primitives::{B256, Keccak256, U256, keccak256};
use alloy_sol_types::SolValue;

/// [`BatchHeader::data_kind`]: the payload is in the commit's calldata.
pub const DATA_CALLDATA: u8 = 0;
/// [`BatchHeader::data_kind`]: the payload is in blobs.
pub const DATA_BLOBS: u8 = 1;
/// Bytes of a calldata payload that one leaf of its commitment covers.
pub const CHUNK_BYTES: usize = 4096;
/// Bytes of an encoded header.
pub const HEADER_BYTES: usize = 11 * 32;

/// A committed batch, as the Inbox knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchHeader {
    /// 1 for the first batch.
    pub index: u64,
    /// Hash of the previous header; the chain's `configHash` for the first batch.
    pub parent: B256,
    /// No block of the batch is older.
    pub first_timestamp: u64,
    /// No block of the batch is younger.
    pub last_timestamp: u64,
    /// First queue message that the batch consumes.
    pub queue_start: u64,
    /// First queue message that it leaves.
    pub queue_end: u64,
    /// `queueAcc[queue_start]`.
    pub queue_acc_start: B256,
    /// `queueAcc[queue_end]`.
    pub queue_acc_end: B256,
    /// [`DATA_CALLDATA`] or [`DATA_BLOBS`].
    pub data_kind: u8,
    /// Bytes of calldata, or number of blobs.
    pub data_length: u64,
    /// Root of the calldata's chunks, or hash of the versioned hashes.
    pub data_commitment: B256,
}

impl BatchHeader {
    /// `abi.encode(header)`.
    pub fn encode(&self) -> Vec<u8> {
        let words = (
            U256::from(self.index),
            self.parent,
            U256::from(self.first_timestamp),
            U256::from(self.last_timestamp),
            U256::from(self.queue_start),
            U256::from(self.queue_end),
            self.queue_acc_start,
            self.queue_acc_end,
            U256::from(self.data_kind),
            U256::from(self.data_length),
            self.data_commitment,
        );
        words.abi_encode()
    }

    /// The header that `bytes` encode; `None` unless they are what [`BatchHeader::encode`] gives.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != HEADER_BYTES {
            return None;
        }
        let word = |index: usize| &bytes[32 * index..32 * (index + 1)];
        let hash = |index: usize| B256::from_slice(word(index));
        let number = |index: usize| u64::try_from(U256::from_be_slice(word(index))).ok();
        Some(Self {
            index: number(0)?,
            parent: hash(1),
            first_timestamp: number(2)?,
            last_timestamp: number(3)?,
            queue_start: number(4)?,
            queue_end: number(5)?,
            queue_acc_start: hash(6),
            queue_acc_end: hash(7),
            data_kind: number(8)?.try_into().ok()?,
            data_length: number(9)?,
            data_commitment: hash(10),
        })
    }

    /// `batchHash`.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }
}

/// The root over a calldata payload's chunks of [`CHUNK_BYTES`]. An empty payload is one empty
/// chunk.
pub fn calldata_commitment(payload: &[u8]) -> B256 {
    if payload.is_empty() {
        return chunk_leaf(&[]);
    }
    let mut level: Vec<B256> = payload.chunks(CHUNK_BYTES).map(chunk_leaf).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => chunk_node(left, right),
                // Without a sibling: up unchanged.
                _ => pair[0],
            })
            .collect();
    }
    level[0]
}

/// Leaf of the calldata commitment.
pub fn chunk_leaf(chunk: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update([0]);
    hasher.update(chunk);
    hasher.finalize()
}

/// Inner node of the calldata commitment.
pub fn chunk_node(left: &B256, right: &B256) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize()
}
