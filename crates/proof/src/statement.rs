//! What is to be proved.

use alloc::vec::Vec;
use alloy_primitives::B256;

/// Most batches of a statement: as many as a claim covers, which are those that its history has room
/// for (docs/dispute.md §1).
pub const BATCHES_MAX: usize = 4;
/// Most bytes of an encoded statement.
pub const STATEMENT_BYTES_MAX: usize = 32 * (3 + BATCHES_MAX);

/// Batches, and what they begin from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The chain ([`altana_protocol::ChainSpec::config_hash`]).
    pub config_hash: B256,
    /// Output root before the batches.
    pub previous_root: B256,
    /// Hash of the batch before.
    pub previous_batch: B256,
    /// Hashes of the batches, each the next one's parent. One at least.
    pub batches: Vec<B256>,
}

/// Bytes are no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not whole words, or too few.
    #[error("the statement: {0} bytes")]
    Length(usize),
    /// More than [`BATCHES_MAX`] batches.
    #[error("the statement: too many batches")]
    TooLong,
}

impl Statement {
    /// `config ‖ previous root ‖ previous batch ‖ batches`, 32 bytes each: the guest's first input.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.config_hash, self.previous_root, self.previous_batch].concat();
        bytes.extend_from_slice(self.batches.concat().as_slice());
        bytes
    }

    /// The statement that `bytes` encode.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let length = StatementError::Length(bytes.len());
        let (words, []) = bytes.as_chunks::<32>() else { return Err(length) };
        let [config_hash, previous_root, previous_batch, batches @ ..] = words else {
            return Err(length);
        };
        match batches.len() {
            0 => return Err(length),
            1..=BATCHES_MAX => {}
            _ => return Err(StatementError::TooLong),
        }
        Ok(Self {
            config_hash: config_hash.into(),
            previous_root: previous_root.into(),
            previous_batch: previous_batch.into(),
            batches: batches.iter().map(B256::from).collect(),
        })
    }
}
