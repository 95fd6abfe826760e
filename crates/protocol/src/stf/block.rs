//! The state transition of one block: what the fault proof's program computes (docs/dispute.md §2).

use alloc::vec::Vec;
use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;

use super::{
    MissingPreimage, Oracle, database::StateDb, execute, header_output_root, read, used_after,
};
use crate::batch::BatchHeader;

/// Bytes of an encoded [`BlockInput`].
pub const BLOCK_INPUT_BYTES: usize = 4 * 32;

/// What the state transition of one block starts from. Everything else is behind these hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockInput {
    /// The chain ([`crate::ChainSpec::config_hash`]).
    pub config_hash: B256,
    /// The [`block_leaf`] before.
    pub previous_leaf: B256,
    /// The batch, as the Inbox committed to it.
    pub batch_hash: B256,
    /// Which of the batch's blocks, from 0. Behind the last one there is nothing to execute.
    pub block_index: u64,
}

impl BlockInput {
    /// `abi.encode(configHash, blockLeaf, batchHash, blockIndex)`.
    pub fn encode(&self) -> Vec<u8> {
        let index = U256::from(self.block_index);
        (self.config_hash, self.previous_leaf, self.batch_hash, index).abi_encode()
    }

    /// The input that `bytes` encode; `None` unless they are what [`BlockInput::encode`] gives.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([config_hash, previous_leaf, batch_hash, index], []) = bytes.as_chunks::<32>() else {
            return None;
        };
        Some(Self {
            config_hash: config_hash.into(),
            previous_leaf: previous_leaf.into(),
            batch_hash: batch_hash.into(),
            block_index: u64::try_from(U256::from_be_bytes(*index)).ok()?,
        })
    }

    /// The machine's local key.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }
}

/// A leaf of the history of blocks: `keccak256(abi.encode(outputRoot, used << 64 | blockNumber))`, where
/// `used` is the gas that the batch's blocks have used so far, and 0 behind its last block.
pub fn block_leaf(output_root: B256, number: u64, used: u64) -> B256 {
    keccak256(leaf_preimage(output_root, number, used))
}

pub(super) fn leaf_preimage(output_root: B256, number: u64, used: u64) -> Vec<u8> {
    (output_root, U256::from_limbs([number, used, 0, 0])).abi_encode()
}

/// Executes the block that the [`BlockInput`] with this hash names; gives the block's leaf, or the
/// leaf before if the batch has no such block. Total, as [`super::run`] is.
pub fn run_block(oracle: &impl Oracle, input_hash: B256) -> Result<B256, MissingPreimage> {
    let input = read_input(oracle, input_hash)?;
    let batch = read_batch(oracle, input.batch_hash)?;
    let spec = read::spec(oracle, input.config_hash)?;
    let mut plans = read::plans(oracle, &spec, &batch)?.into_iter();
    let index = usize::try_from(input.block_index).unwrap_or(usize::MAX);
    let Some(plan) = plans.nth(index) else { return Ok(input.previous_leaf) };

    let (output_root, used) = read_leaf(oracle, input.previous_leaf)?;
    let (parent, parent_hash) = read::parent(oracle, output_root)?;
    let mut db = StateDb::new(oracle, parent.state_root);
    let header = execute(&spec, &parent, parent_hash, used, plan, &mut db)?;
    let output_root = header_output_root(&header, header.hash_slow());
    Ok(block_leaf(output_root, header.number, used_after(&header, used, plans.len())))
}

fn read_input(oracle: &impl Oracle, hash: B256) -> Result<BlockInput, MissingPreimage> {
    BlockInput::decode(&oracle.keccak(hash)?).ok_or(MissingPreimage::Keccak(hash))
}

fn read_batch(oracle: &impl Oracle, hash: B256) -> Result<BatchHeader, MissingPreimage> {
    BatchHeader::decode(&oracle.keccak(hash)?).ok_or(MissingPreimage::Keccak(hash))
}

/// The output root and the used gas in a leaf. Its number is that of the block which the output root
/// commits to.
fn read_leaf(oracle: &impl Oracle, hash: B256) -> Result<(B256, u64), MissingPreimage> {
    let preimage = oracle.keccak(hash)?;
    let ([root, numbers], []) = preimage.as_chunks::<32>() else {
        return Err(MissingPreimage::Keccak(hash));
    };
    let [_, used, ..] = U256::from_be_bytes(*numbers).into_limbs();
    Ok((root.into(), used))
}
