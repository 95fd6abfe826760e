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
};

/// A block that a batch says to execute.
#[derive(Clone, Debug)]
pub struct BlockPlan {
    /// Its timestamp.
    pub timestamp: u64,
    /// What its queue messages become.
    pub messages: Messages,
    /// Gas that its messages, and those of the batch's blocks after it, may use.
    pub messages_gas: u64,
    /// First queue message that it leaves.
    pub queue_end: u64,
    /// Its signed transactions, not yet known to be valid.
    pub transactions: Vec<Transaction>,
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

/// Whether a block of a batch may hold signed transactions, after blocks of the same batch that used
/// `used` gas. Messages come first: what those of this block and of the blocks after it may need is
/// set aside, and of the rest a whole block's gas must be left. `messages_gas` is
/// [`BlockPlan::messages_gas`].
///
/// So all blocks of a batch use at most [`ChainSpec::batch_gas`]: the Inbox takes no more messages.
pub fn has_gas(spec: &ChainSpec, used: u64, messages_gas: u64) -> bool {
    used.saturating_add(messages_gas).saturating_add(spec.gas_limit) <= spec.batch_gas
}

/// What the blocks of a batch need of its gas, block by block: whether all of them keep the
/// transactions that they have ([`has_gas`]), and the Inbox takes their messages.
#[derive(Clone, Debug, Default)]
pub struct BatchGas {
    used: u64,
    messages: u64,
    /// Of the block with signed transactions that needs most.
    need: u64,
}

impl BatchGas {
    /// Adds a block: the gas that is counted for its messages ([`crate::queue::Message::counted_gas`]),
    /// what it has used, and whether it has signed transactions.
    pub fn add(&mut self, spec: &ChainSpec, messages: u64, used: u64, is_signed: bool) {
        self.messages = self.messages.saturating_add(messages);
        self.need = self.need.saturating_add(messages);
        if is_signed {
            let need = self.used.saturating_add(messages).saturating_add(spec.gas_limit);
            self.need = self.need.max(need);
        }
        self.used = self.used.saturating_add(used);
    }

    /// Whether the blocks fit a batch.
    pub fn fits(&self, spec: &ChainSpec) -> bool {
        self.messages.max(self.need) <= spec.batch_gas
    }

    /// Whether they take so many messages that the Inbox lets them leave overdue ones behind.
    pub fn is_full(&self, spec: &ChainSpec) -> bool {
        self.messages > spec.batch_gas.saturating_sub(spec.gas_limit)
    }
}

/// How many messages from the front of a queue fit a block, or a batch: in all they need at most
/// `gas_limit`, but one always fits. `gas` is what each needs ([`crate::queue::Message::gas_limit`]; in a
/// batch [`crate::queue::Message::counted_gas`]).
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
        let messages_gas = total_gas(messages);
        let count = fitting(messages.iter().map(gas_limit), spec.gas_limit);
        let (consumed, rest) = messages.split_at(count);
        messages = rest;
        plans.push(BlockPlan {
            timestamp: header.last_timestamp,
            messages: Messages::new(consumed, &[]),
            messages_gas,
            queue_end: header.queue_end.saturating_sub(messages.len() as u64),
            transactions: Vec::new(),
        });
    }
    plans
}

fn gas_limit(queued: &QueuedMessage) -> u64 {
    queued.message.gas_limit()
}

/// At most 1,024 times 2^24.
fn total_gas(messages: &[QueuedMessage]) -> u64 {
    messages.iter().map(gas_limit).sum()
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
    let mut messages_gas = total_gas(messages);
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
            messages_gas,
            queue_end: header.queue_end.saturating_sub(messages.len() as u64),
            transactions: block.transactions,
        });
        messages_gas -= total_gas(consumed);
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

/// Executes a planned block after `parent` on its state; `used` is the gas that the blocks before it in
/// its batch have used. Signed transactions that are invalid are left out, without a trace; so are all
/// of them if the batch has no gas left for a block ([`has_gas`]).
///
/// Fails only if the database does.
pub fn execute<DB: Database>(
    spec: &ChainSpec,
    parent: &Header,
    parent_hash: B256,
    used: u64,
    plan: BlockPlan,
    db: &mut DB,
) -> Result<BlockOutcome, DB::Error> {
    let BlockPlan { timestamp, messages, messages_gas, transactions, .. } = plan;
    let mut block = BlockExecutor::new(spec, parent, parent_hash, timestamp, &messages, db)?;
    if has_gas(spec, used, messages_gas) {
        // A signature that names nobody makes a transaction invalid like any other fault.
        for tx in transactions.into_iter().filter_map(|tx| tx.into_recovered().ok()) {
            match block.push(tx.as_recovered_ref()) {
                Ok(_) | Err(ExecuteError::Invalid(_)) => {}
                Err(ExecuteError::Database(error)) => return Err(error),
            }
        }
    }
    Ok(block.finish())
}
