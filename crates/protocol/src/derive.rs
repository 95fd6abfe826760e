//! From a committed batch to its blocks (docs/protocol.md §4): the rules that the node and `stf`
//! share. Total: any payload gives blocks.

use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::B256;
use revm::Database;

use crate::{
    ChainSpec, Transaction,
    batch::{BatchHeader, PayloadBlock, decode_payload},
    execute::{BlockExecutor, BlockOutcome, ExecuteError, Messages},
    queue::{KIND_DEPOSIT, QueuedMessage},
    transaction::Recovered,
};

/// A block that a batch says to execute.
#[derive(Clone, Debug)]
pub struct BlockPlan {
    /// Its timestamp.
    pub timestamp: u64,
    /// What its queue messages become.
    pub messages: Messages,
    /// First queue message that it leaves.
    pub queue_end: u64,
    /// Its signed transactions, not yet known to be valid.
    pub transactions: Vec<Transaction>,
}

/// A block that was executed.
#[derive(Clone, Debug)]
pub struct DerivedBlock {
    /// What it did.
    pub outcome: BlockOutcome,
    /// Whether its signed transactions were valid, and so are in it.
    pub is_valid: bool,
}

/// The blocks of a batch. `messages` are those that the batch consumes; `payload` is `None` where
/// the blobs' length prefix makes no sense. An invalid payload becomes as many blocks at the
/// batch's last timestamp as its messages need.
pub fn plan(
    spec: &ChainSpec,
    header: &BatchHeader,
    messages: &[QueuedMessage],
    payload: Option<&[u8]>,
) -> Vec<BlockPlan> {
    payload
        .and_then(|payload| decode_payload(spec.chain_id, payload).ok())
        .and_then(|blocks| check(spec, header, messages, blocks))
        .unwrap_or_else(|| messages_alone(spec, header, messages))
}

/// How many messages from the front of a queue fit one block: in all they need at most
/// `gas_limit`, but one always fits. `gas` is what each needs ([`crate::queue::Message::gas_limit`]).
pub fn fitting(gas: impl IntoIterator<Item = u64>, gas_limit: u64) -> usize {
    let mut sum = 0u64;
    let fits = |(index, gas): &(usize, u64)| {
        sum = sum.saturating_add(*gas);
        *index == 0 || sum <= gas_limit
    };
    gas.into_iter().enumerate().take_while(fits).count()
}

/// What an invalid payload becomes: each block takes messages as long as they fit, and there is
/// at least one block.
fn messages_alone(
    spec: &ChainSpec,
    header: &BatchHeader,
    mut messages: &[QueuedMessage],
) -> Vec<BlockPlan> {
    let mut plans = Vec::new();
    while plans.is_empty() || !messages.is_empty() {
        let count = fitting(messages.iter().map(gas_limit), spec.gas_limit);
        let (consumed, rest) = messages.split_at(count);
        messages = rest;
        plans.push(BlockPlan {
            timestamp: header.last_timestamp,
            messages: Messages::new(consumed, &[]),
            queue_end: header.queue_end.saturating_sub(messages.len() as u64),
            transactions: Vec::new(),
        });
    }
    plans
}

fn gas_limit(queued: &QueuedMessage) -> u64 {
    queued.message.gas_limit()
}

/// Checks the rules that a payload obeys as a whole.
fn check(
    spec: &ChainSpec,
    header: &BatchHeader,
    mut messages: &[QueuedMessage],
    blocks: Vec<PayloadBlock>,
) -> Option<Vec<BlockPlan>> {
    let mut plans = Vec::with_capacity(blocks.len());
    let mut timestamp = header.first_timestamp;
    let mut label_rule = LabelRule::default();
    for block in blocks {
        if block.timestamp < timestamp || block.timestamp > header.last_timestamp {
            return None;
        }
        timestamp = block.timestamp;
        let (consumed, rest) = messages.split_at_checked(block.messages.into())?;
        messages = rest;
        if fitting(consumed.iter().map(gas_limit), spec.gas_limit) < consumed.len() {
            return None;
        }
        label_rule.check(consumed, &block)?;
        plans.push(BlockPlan {
            timestamp,
            messages: Messages::new(consumed, &block.labels),
            queue_end: header.queue_end.saturating_sub(messages.len() as u64),
            transactions: block.transactions,
        });
    }
    messages.is_empty().then_some(plans)
}

/// Each deposit has a label. Those of one parent block have one hash and rising log indices, and
/// the next parent block has another hash.
#[derive(Default)]
struct LabelRule {
    last: Option<(u64, crate::queue::Label)>,
}

impl LabelRule {
    fn check(&mut self, messages: &[QueuedMessage], block: &PayloadBlock) -> Option<()> {
        let mut labels = block.labels.iter();
        for queued in messages.iter().filter(|queued| queued.message.kind == KIND_DEPOSIT) {
            let label = *labels.next()?;
            let parent_block = queued.message.parent_block;
            if let Some((last_block, last)) = self.last {
                let is_same_block = last_block == parent_block;
                if is_same_block != (last.block_hash == label.block_hash)
                    || (is_same_block && last.log_index >= label.log_index)
                {
                    return None;
                }
            }
            self.last = Some((parent_block, label));
        }
        labels.next().is_none().then_some(())
    }
}

/// Recovers the senders; `None` if a signature names nobody, which makes the block invalid.
pub fn recover(transactions: Vec<Transaction>) -> Option<Vec<Recovered<Transaction>>> {
    transactions.into_iter().map(|tx| tx.into_recovered().ok()).collect()
}

/// Executes a planned block after `parent` on its state. `transactions` are the plan's with
/// their senders, or `None` if one has no sender: then, or if one is refused, the block holds its
/// messages alone.
///
/// Fails only if the database does.
pub fn execute<DB: Database>(
    spec: &ChainSpec,
    parent: &Header,
    parent_hash: B256,
    timestamp: u64,
    messages: &Messages,
    transactions: Option<&[Recovered<Transaction>]>,
    db: &mut DB,
) -> Result<DerivedBlock, DB::Error> {
    if let Some(transactions) = transactions {
        let mut block =
            BlockExecutor::new(spec, parent, parent_hash, timestamp, messages, &mut *db)?;
        if push_all(&mut block, transactions)? {
            return Ok(DerivedBlock { outcome: block.finish(), is_valid: true });
        }
    }
    let block = BlockExecutor::new(spec, parent, parent_hash, timestamp, messages, db)?;
    Ok(DerivedBlock { outcome: block.finish(), is_valid: false })
}

fn push_all<DB: Database>(
    block: &mut BlockExecutor<DB>,
    transactions: &[Recovered<Transaction>],
) -> Result<bool, DB::Error> {
    for tx in transactions {
        match block.push(tx.as_recovered_ref()) {
            Ok(_) => {}
            Err(ExecuteError::Invalid(_)) => return Ok(false),
            Err(ExecuteError::Database(error)) => return Err(error),
        }
    }
    Ok(true)
}
