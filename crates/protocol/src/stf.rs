//! The state transition: a batch, or one block of it, executed over pre-images alone
//! (docs/protocol.md §4, docs/dispute.md §2).
//!
//! The same code runs in a verifying node, in the fault-proof VM and in a validity proof.

mod block;
mod database;
mod oracle;
mod read;
mod witness;

use alloc::vec::Vec;
use alloy_consensus::{EMPTY_ROOT_HASH, Header};
use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;

pub use block::{BLOCK_INPUT_BYTES, BlockInput, block_leaf, run_block};
pub use oracle::{HostOracle, MissingPreimage, Oracle, Recorder, StateSource};
pub use witness::{Witness, WitnessError};

use crate::{
    ChainSpec,
    batch::BatchHeader,
    derive::{self, BlockPlan},
    predeploys::MESSAGE_PASSER,
    trie::{StateChanges, TrieError},
};
use database::StateDb;

/// Greatest pre-image that is ever asked for: each fits one transaction on the parent.
pub const PREIMAGE_BYTES_MAX: usize = 64 << 10;

/// What a state transition starts from. Everything else is behind these hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StfInput {
    /// The chain ([`ChainSpec::config_hash`]).
    pub config_hash: B256,
    /// Output root before the batch.
    pub previous_output_root: B256,
    /// The batch, as the Inbox committed to it.
    pub batch: BatchHeader,
}

/// What a state transition gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StfOutput {
    /// Output root after the batch.
    pub output_root: B256,
    /// Number of the batch's last block.
    pub last_block: u64,
    /// The [`block_leaf`] of each block: the batch's part of a claim's history.
    pub leaves: Vec<B256>,
}

/// `keccak256(bytes32(0) ++ stateRoot ++ messagePasserStorageRoot ++ blockHash)`
pub fn output_root(state_root: B256, message_passer_root: B256, block_hash: B256) -> B256 {
    keccak256(output_preimage(state_root, message_passer_root, block_hash))
}

/// The output root of a block: its header alone tells it.
pub fn header_output_root(header: &Header, block_hash: B256) -> B256 {
    output_root(header.state_root, header.withdrawals_root.unwrap_or(EMPTY_ROOT_HASH), block_hash)
}

/// What a proof of a claim has to prove: on the chain with `config_hash`, from `previous_root` after
/// the batch with hash `previous_batch`, the batches up to `batch` lead to `root` and `last_block`.
pub fn public_input(
    config_hash: B256,
    previous_root: B256,
    previous_batch: B256,
    batch: B256,
    root: B256,
    last_block: u64,
) -> B256 {
    let words = (config_hash, previous_root, previous_batch, batch, root, U256::from(last_block));
    keccak256(words.abi_encode())
}

fn output_preimage(state_root: B256, message_passer_root: B256, block_hash: B256) -> [u8; 128] {
    let mut bytes = [0; 128];
    bytes[32..64].copy_from_slice(state_root.as_slice());
    bytes[64..96].copy_from_slice(message_passer_root.as_slice());
    bytes[96..].copy_from_slice(block_hash.as_slice());
    bytes
}

/// Executes a batch. Any committed bytes have exactly one output: the only error is an oracle
/// that lacks a pre-image, and the call may be repeated once it has it.
pub fn run(oracle: &impl Oracle, input: &StfInput) -> Result<StfOutput, MissingPreimage> {
    let spec = read::spec(oracle, input.config_hash)?;
    let (mut parent, mut parent_hash) = read::parent(oracle, input.previous_output_root)?;
    let mut output_root = input.previous_output_root;
    let mut leaves = Vec::new();
    let mut used = 0;
    let mut db = StateDb::new(oracle, parent.state_root);
    let mut plans = read::plans(oracle, &spec, &input.batch)?.into_iter();
    while let Some(plan) = plans.next() {
        parent = execute(&spec, &parent, parent_hash, used, plan, &mut db)?;
        parent_hash = parent.hash_slow();
        output_root = header_output_root(&parent, parent_hash);
        used = used_after(&parent, used, plans.len());
        leaves.push(block_leaf(output_root, parent.number, used));
    }
    Ok(StfOutput { output_root, last_block: parent.number, leaves })
}

/// Gas that a batch has used after `block`, of which it had used `used` before; 0 if none of its blocks
/// are left (`rest`). Part of the [`block_leaf`].
pub fn used_after(block: &Header, used: u64, rest: usize) -> u64 {
    if rest == 0 { 0 } else { used.saturating_add(block.gas_used) }
}

fn execute<O: Oracle>(
    spec: &ChainSpec,
    parent: &Header,
    parent_hash: B256,
    used: u64,
    plan: BlockPlan,
    db: &mut StateDb<'_, O>,
) -> Result<Header, MissingPreimage> {
    let outcome = derive::execute(spec, parent, parent_hash, used, plan, db)?;
    let (state_root, message_passer_root) = db.apply(&outcome.changes)?;
    Ok(outcome.seal(state_root, message_passer_root))
}

impl From<TrieError> for MissingPreimage {
    fn from(error: TrieError) -> Self {
        match error {
            TrieError::Missing(missing) => Self::Keccak(missing.0),
            // No state that this function arrives at holds such a node.
            TrieError::Invalid { hash, .. } => Self::Keccak(hash),
        }
    }
}

/// The message passer's storage root in a state.
fn message_passer_root<O: Oracle>(db: &mut StateDb<'_, O>) -> Result<B256, MissingPreimage> {
    let account = db.account(MESSAGE_PASSER)?;
    Ok(account.map_or(EMPTY_ROOT_HASH, |account| account.storage_root))
}

impl<O: Oracle> StateDb<'_, O> {
    /// Applies a block's changes; gives the state root and the message passer's storage root.
    fn apply(
        &mut self,
        changes: &revm::database::BundleState,
    ) -> Result<(B256, B256), MissingPreimage> {
        let root = self.commit(&StateChanges::from(changes), changes)?;
        Ok((root, message_passer_root(self)?))
    }
}
