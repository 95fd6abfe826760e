//! What a state transition reads before it executes: everything that the hashes it starts from
//! commit to. An oracle's answer that is not what such a hash commits to counts as missing.

use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rlp::Decodable;

use super::{MissingPreimage, Oracle};
use crate::{
    ChainSpec,
    batch::{
        BatchHeader, CHUNK_BYTES, COLUMNS_BYTES_MAX, DATA_CALLDATA, FIELD_ELEMENTS,
        payload_from_elements,
    },
    derive::{self, BlockPlan},
    queue::{Message, QueuedMessage},
};

/// The blocks of a batch.
pub(super) fn plans(
    oracle: &impl Oracle,
    spec: &ChainSpec,
    batch: &BatchHeader,
) -> Result<Vec<BlockPlan>, MissingPreimage> {
    let messages = messages(oracle, batch)?;
    let payload = payload(oracle, batch)?;
    Ok(derive::plan(spec, batch, &messages, payload.as_deref()))
}

pub(super) fn spec(oracle: &impl Oracle, config_hash: B256) -> Result<ChainSpec, MissingPreimage> {
    let bytes = oracle.keccak(config_hash)?;
    ChainSpec::decode_config(&bytes).ok_or(MissingPreimage::Keccak(config_hash))
}

/// The last block before the batch, which the output root commits to.
pub(super) fn parent(
    oracle: &impl Oracle,
    output: B256,
) -> Result<(Header, B256), MissingPreimage> {
    let preimage = oracle.keccak(output)?;
    let hash = preimage.get(96..128).ok_or(MissingPreimage::Keccak(output))?;
    let hash = B256::from_slice(hash);
    let header = oracle.keccak(hash)?;
    let header = Header::decode(&mut header.as_ref()).map_err(|_| MissingPreimage::Keccak(hash))?;
    Ok((header, hash))
}

/// The messages that the batch consumes, from the last to the first, as the accumulator links
/// them.
fn messages(
    oracle: &impl Oracle,
    batch: &BatchHeader,
) -> Result<Vec<QueuedMessage>, MissingPreimage> {
    let mut messages = Vec::new();
    let mut acc = batch.queue_acc_end;
    for index in (batch.queue_start..batch.queue_end).rev() {
        let missing = MissingPreimage::Keccak(acc);
        let link = oracle.keccak(acc)?;
        let (before, message_hash) = link.split_at_checked(32).ok_or(missing)?;
        let message_hash = B256::try_from(message_hash).map_err(|_| missing)?;
        let message = message(oracle, message_hash)?;
        messages.push(QueuedMessage { index, acc, message });
        acc = B256::from_slice(before);
    }
    messages.reverse();
    Ok(messages)
}

fn message(oracle: &impl Oracle, hash: B256) -> Result<Message, MissingPreimage> {
    let words = oracle.keccak(hash)?;
    let (message, payload_hash) =
        Message::decode_words(&words).ok_or(MissingPreimage::Keccak(hash))?;
    Ok(Message { payload: oracle.keccak(payload_hash)?, ..message })
}

/// The payload; `None` if the blobs' length prefix makes no sense.
fn payload(oracle: &impl Oracle, batch: &BatchHeader) -> Result<Option<Vec<u8>>, MissingPreimage> {
    let commitment = batch.data_commitment;
    if batch.data_kind == DATA_CALLDATA {
        // The Inbox commits to what was in a transaction: far less.
        if batch.data_length > COLUMNS_BYTES_MAX as u64 {
            return Ok(None);
        }
        let length = batch.data_length as usize;
        let mut payload = Vec::with_capacity(length);
        chunks(oracle, commitment, length, &mut payload)?;
        return Ok(Some(payload));
    }
    let hashes = oracle.keccak(commitment)?;
    let blobs = hashes.as_chunks::<32>().0;
    payload_from_elements(blobs.len(), |index| {
        let blob = blobs[index / FIELD_ELEMENTS];
        oracle.element(blob.into(), (index % FIELD_ELEMENTS) as u16)
    })
}

/// Appends the `length` bytes under a node of the calldata commitment.
fn chunks(
    oracle: &impl Oracle,
    node: B256,
    length: usize,
    out: &mut Vec<u8>,
) -> Result<(), MissingPreimage> {
    let preimage = oracle.keccak(node)?;
    let missing = MissingPreimage::Keccak(node);
    let (tag, content) = preimage.split_first().ok_or(missing)?;
    if length <= CHUNK_BYTES {
        if *tag != 0 || content.len() != length {
            return Err(missing);
        }
        out.extend_from_slice(content);
        return Ok(());
    }
    if *tag != 1 || content.len() != 64 {
        return Err(missing);
    }
    // The left half is the greatest full tree that leaves something to the right.
    let left = length.div_ceil(CHUNK_BYTES).next_power_of_two() / 2 * CHUNK_BYTES;
    chunks(oracle, B256::from_slice(&content[..32]), left, out)?;
    chunks(oracle, B256::from_slice(&content[32..]), length - left, out)
}
