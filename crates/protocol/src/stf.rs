//! The state transition: one batch, executed over pre-images alone (docs/protocol.md §4).
//!
//! The same code runs in a verifying node, in the fault-proof VM and in a validity proof.

mod database;
mod oracle;
mod witness;

use alloc::vec::Vec;
use alloy_consensus::{EMPTY_ROOT_HASH, Header};
use alloy_primitives::{B256, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_sol_types::SolValue;

pub use oracle::{HostOracle, MissingPreimage, Oracle, Recorder, StateSource};
pub use witness::{Witness, WitnessError};

use crate::{
    ChainSpec,
    batch::{BatchHeader, CHUNK_BYTES, COLUMNS_BYTES_MAX, DATA_CALLDATA, payload_from_elements},
    derive::{self, BlockPlan},
    predeploys::MESSAGE_PASSER,
    queue::{Message, QueuedMessage},
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StfOutput {
    /// Output root after the batch.
    pub output_root: B256,
    /// Number of the batch's last block.
    pub last_block: u64,
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
    let spec = read_spec(oracle, input.config_hash)?;
    let (mut parent, mut parent_hash) = read_parent(oracle, input.previous_output_root)?;
    let messages = read_messages(oracle, &input.batch)?;
    let payload = read_payload(oracle, &input.batch)?;
    let plans = derive::plan(spec.chain_id, &input.batch, &messages, payload.as_deref());

    let mut db = StateDb::new(oracle, parent.state_root);
    for plan in plans {
        let header = execute(&spec, &parent, parent_hash, plan, &mut db)?;
        parent_hash = header.hash_slow();
        parent = header;
    }
    Ok(StfOutput {
        output_root: header_output_root(&parent, parent_hash),
        last_block: parent.number,
    })
}

fn execute<O: Oracle>(
    spec: &ChainSpec,
    parent: &Header,
    parent_hash: B256,
    plan: BlockPlan,
    db: &mut StateDb<'_, O>,
) -> Result<Header, MissingPreimage> {
    let BlockPlan { timestamp, messages, transactions, .. } = plan;
    let transactions = derive::recover(transactions);
    let transactions = transactions.as_deref();
    let block = derive::execute(spec, parent, parent_hash, timestamp, &messages, transactions, db)?;
    let (state_root, message_passer_root) = db.apply(&block.outcome.changes)?;
    Ok(block.outcome.seal(state_root, message_passer_root))
}

fn read_spec(oracle: &impl Oracle, config_hash: B256) -> Result<ChainSpec, MissingPreimage> {
    let bytes = oracle.keccak(config_hash)?;
    ChainSpec::decode_config(&bytes).ok_or(MissingPreimage::Keccak(config_hash))
}

/// The last block before the batch, which the output root commits to.
fn read_parent(oracle: &impl Oracle, output: B256) -> Result<(Header, B256), MissingPreimage> {
    let preimage = oracle.keccak(output)?;
    let hash = preimage.get(96..128).ok_or(MissingPreimage::Keccak(output))?;
    let hash = B256::from_slice(hash);
    let header = oracle.keccak(hash)?;
    let header = Header::decode(&mut header.as_ref()).map_err(|_| MissingPreimage::Keccak(hash))?;
    Ok((header, hash))
}

/// The messages that the batch consumes, from the last to the first, as the accumulator links
/// them.
fn read_messages(
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
        let message = read_message(oracle, message_hash)?;
        messages.push(QueuedMessage { index, acc, message });
        acc = B256::from_slice(before);
    }
    messages.reverse();
    Ok(messages)
}

fn read_message(oracle: &impl Oracle, hash: B256) -> Result<Message, MissingPreimage> {
    let words = oracle.keccak(hash)?;
    let (message, payload_hash) =
        Message::decode_words(&words).ok_or(MissingPreimage::Keccak(hash))?;
    Ok(Message { payload: oracle.keccak(payload_hash)?, ..message })
}

/// The payload; `None` if the blobs' length prefix makes no sense.
fn read_payload(
    oracle: &impl Oracle,
    batch: &BatchHeader,
) -> Result<Option<Vec<u8>>, MissingPreimage> {
    let commitment = batch.data_commitment;
    if batch.data_kind == DATA_CALLDATA {
        // The Inbox commits to what was in a transaction: far less.
        if batch.data_length > COLUMNS_BYTES_MAX as u64 {
            return Ok(None);
        }
        let length = batch.data_length as usize;
        let mut payload = Vec::with_capacity(length);
        read_chunks(oracle, commitment, length, &mut payload)?;
        return Ok(Some(payload));
    }
    let hashes = oracle.keccak(commitment)?;
    let blobs = hashes.as_chunks::<32>().0;
    payload_from_elements(blobs.len(), |index| {
        let blob = blobs[index / crate::batch::FIELD_ELEMENTS];
        oracle.element(blob.into(), (index % crate::batch::FIELD_ELEMENTS) as u16)
    })
}

/// Appends the `length` bytes under a node of the calldata commitment.
fn read_chunks(
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
    let chunks = length.div_ceil(CHUNK_BYTES);
    let left = chunks.next_power_of_two() / 2 * CHUNK_BYTES;
    read_chunks(oracle, B256::from_slice(&content[..32]), left, out)?;
    read_chunks(oracle, B256::from_slice(&content[32..]), length - left, out)
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
