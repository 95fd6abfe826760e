//! Payloads in blobs: 31 bytes to a field element, behind a zero byte.

use alloc::{boxed::Box, vec, vec::Vec};
use alloy_primitives::{B256, Keccak256};

/// Bytes of a blob.
pub const BLOB_BYTES: usize = 131_072;
/// Field elements of a blob.
pub const FIELD_ELEMENTS: usize = 4096;
/// Payload bytes in a field element.
pub const PIECE_BYTES: usize = 31;
/// Most blobs that one batch takes.
pub const BLOBS_MAX: usize = 6;
/// Most payload bytes that [`BLOBS_MAX`] blobs hold.
pub const BLOBS_PAYLOAD_BYTES_MAX: usize = BLOBS_MAX * FIELD_ELEMENTS * PIECE_BYTES - LENGTH_BYTES;

const LENGTH_BYTES: usize = 4;

/// One blob's bytes: 4,096 field elements of 32 bytes.
pub type Blob = Box<[u8; BLOB_BYTES]>;

/// Puts a payload into as few blobs as hold it; `None` if it needs more than [`BLOBS_MAX`].
pub fn blobs_from_payload(payload: &[u8]) -> Option<Vec<Blob>> {
    if payload.len() > BLOBS_PAYLOAD_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(LENGTH_BYTES + payload.len());
    bytes.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    bytes.extend_from_slice(payload);
    let blobs = bytes.chunks(FIELD_ELEMENTS * PIECE_BYTES).map(|bytes| {
        let mut blob = vec![0u8; BLOB_BYTES];
        for (element, piece) in blob.chunks_exact_mut(32).zip(bytes.chunks(PIECE_BYTES)) {
            element[1..1 + piece.len()].copy_from_slice(piece);
        }
        blob.into_boxed_slice().try_into().ok()
    });
    blobs.collect()
}

/// The payload in `blobs`; `None` if its length prefix says more than they hold.
pub fn payload_from_blobs(blobs: &[Blob]) -> Option<Vec<u8>> {
    let mut elements = blobs.iter().flat_map(|blob| blob.as_chunks::<32>().0);
    payload_from_elements(blobs.len(), |_| elements.next().copied().ok_or(())).ok().flatten()
}

/// How many field elements a payload of `length` bytes takes.
pub fn elements_for_payload(length: usize) -> usize {
    (LENGTH_BYTES + length).div_ceil(PIECE_BYTES)
}

/// Reads a payload from `blobs` blobs by field element, asking for elements 0, 1, … and for no
/// more than it takes. `None` if the length prefix says more than the blobs hold. The first byte
/// of an element, and what follows the payload, is ignored.
pub fn payload_from_elements<E>(
    blobs: usize,
    mut element: impl FnMut(usize) -> Result<[u8; 32], E>,
) -> Result<Option<Vec<u8>>, E> {
    let capacity = blobs.saturating_mul(FIELD_ELEMENTS * PIECE_BYTES);
    if capacity == 0 {
        return Ok(None);
    }
    let first = element(0)?;
    let length = u32::from_be_bytes([first[1], first[2], first[3], first[4]]) as usize;
    if length > capacity - LENGTH_BYTES {
        return Ok(None);
    }
    let mut payload = Vec::with_capacity(length);
    let take = length.min(PIECE_BYTES - LENGTH_BYTES);
    payload.extend_from_slice(&first[1 + LENGTH_BYTES..][..take]);
    let mut index = 1;
    while payload.len() < length {
        let take = (length - payload.len()).min(PIECE_BYTES);
        payload.extend_from_slice(&element(index)?[1..][..take]);
        index += 1;
    }
    Ok(Some(payload))
}

/// The commitment to blobs by their versioned hashes.
pub fn blobs_commitment(versioned_hashes: &[B256]) -> B256 {
    let mut hasher = Keccak256::new();
    for hash in versioned_hashes {
        hasher.update(hash);
    }
    hasher.finalize()
}
