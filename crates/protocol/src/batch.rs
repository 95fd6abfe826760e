//! Batches: what a rollup publishes on its parent (docs/protocol.md §2 and §4).

mod address_book;
mod blob;
mod columns;
mod decode;
mod encode;
mod header;

use alloc::vec::Vec;

pub use blob::{
    BLOB_BYTES, BLOBS_MAX, BLOBS_PAYLOAD_BYTES_MAX, Blob, FIELD_ELEMENTS, PIECE_BYTES,
    blobs_commitment, blobs_from_payload, elements_for_payload, payload_from_blobs,
    payload_from_elements,
};
pub use decode::{DecodeError, decode_payload};
pub use encode::{EncodeError, encode_payload};
pub use header::{
    BatchHeader, CHUNK_BYTES, DATA_BLOBS, DATA_CALLDATA, HEADER_BYTES, calldata_commitment,
    chunk_leaf, chunk_node,
};

use crate::{Transaction, queue::Label};

/// First byte of every payload.
pub const PAYLOAD_VERSION: u8 = 1;
/// Most blocks in a batch.
pub const BLOCKS_MAX: usize = 1024;
/// Most bytes that a payload's columns decompress to.
pub const COLUMNS_BYTES_MAX: usize = 16 << 20;

/// Most authorisations of a payload. A block has gas for fewer; but they take few bytes of a column if
/// they are all alike, and much memory.
pub const AUTHORIZATIONS_MAX: usize = 1 << 14;

/// What one block of a batch takes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadBlock {
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// How many queue messages the block consumes.
    pub messages: u16,
    /// Names for the deposits among those messages, in order.
    pub labels: Vec<Label>,
    /// Signed transactions, in order. Their senders may be unrecoverable.
    pub transactions: Vec<Transaction>,
}
