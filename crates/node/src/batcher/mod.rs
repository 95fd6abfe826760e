//! Publish unsafe blocks on the parent chain.
//!
//! [`next`] is a pure decision: which blocks make the next batch, encoded how, in blobs or
//! calldata. It depends on nothing but the ledger's blocks and what derivation has read from the
//! parent, so a restarted batcher decides as before and a reorganised parent gets its batches
//! again. The shell sends one batch at a time and looks at the parent for what became of it.
mod cost;
#[cfg(test)]
mod tests;

pub use cost::{Cost, Prices};

use crate::{
    derive::{Plan, Tip, is_deposit},
    inbox::Inbox,
    note::Note,
    rescue,
};
use alloy_eips::Encodable2718;
use altana_ledger::Block;
use altana_parent::{Commit, InboxTerms, ParentBlock};
use altana_protocol::{
    ChainSpec, Transaction,
    batch::{
        BLOBS_MAX, BLOBS_PAYLOAD_BYTES_MAX, BLOCKS_MAX, BatchHeader, EncodeError, FIELD_ELEMENTS,
        PIECE_BYTES, PayloadBlock, encode_payload,
    },
    derive::BatchGas,
    queue::{BATCH_MESSAGES_MAX, QueuedMessage},
};
use std::sync::Arc;

/// Bytes that blobs need besides the payload.
const BLOB_PREFIX_BYTES: usize = 4;

/// Where payloads go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataChoice {
    /// Whichever is cheaper now.
    #[default]
    Auto,
    /// Always blobs.
    Blobs,
    /// Always calldata.
    Calldata,
}

/// When and how batches are made.
#[derive(Clone, Debug)]
pub struct Config {
    /// A batch is sent when its oldest block is this old, in seconds of the rollup's clock.
    pub interval_s: u64,
    /// Or when its transactions have this many bytes before compression.
    pub target_bytes: usize,
    /// Blobs per batch, at most [`BLOBS_MAX`].
    pub blobs_max: usize,
    /// Bytes of payload that go into calldata at most (nodes refuse transactions above 128 KiB).
    pub calldata_bytes_max: usize,
    /// Where payloads go.
    pub data: DataChoice,
    /// The parent's next block may have a timestamp this many seconds behind our clock.
    pub clock_slack_s: u64,
    /// Seconds before [`InboxTerms::max_batch_age`] at which a block is too old to end a batch.
    pub age_margin_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval_s: 30,
            target_bytes: 900_000,
            blobs_max: BLOBS_MAX,
            calldata_bytes_max: 100_000,
            data: DataChoice::Auto,
            clock_slack_s: 4,
            age_margin_s: 60,
        }
    }
}

/// What a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The newest batch on the parent.
    pub tip: &'a Tip,
    /// Blocks after it, oldest first; perhaps not all of them.
    pub blocks: &'a [Arc<Block>],
    /// The queue.
    pub inbox: &'a Inbox,
    /// The Inbox's terms.
    pub terms: &'a InboxTerms,
    /// The newest parent block.
    pub head: ParentBlock,
    /// Wei per blob gas in the parent's next block; `None` where there are no blobs.
    pub blob_base_fee: Option<u128>,
    /// Seconds since 1970.
    pub now_s: u64,
    /// The rollup.
    pub spec: &'a ChainSpec,
}

/// A batch to commit.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The call.
    pub commit: Commit,
    /// Number of blocks in it.
    pub blocks: usize,
    /// Bytes of its signed transactions.
    pub transaction_bytes: usize,
    /// What it will cost, as far as can be told.
    pub cost: Cost,
}

/// The decision.
#[derive(Debug)]
pub enum Decision {
    /// There is not enough to publish yet.
    Wait,
    /// Commit this.
    Commit(Box<Batch>),
    /// The Inbox will never take the oldest blocks as they are: their transactions must be put
    /// into new blocks.
    Rebuild(&'static str),
}

/// Why a batch could not be made. Both mean a bug, and that nothing may be published.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The codec refused.
    #[error("block {block} cannot be encoded: {error}")]
    Encode {
        /// The first block of the batch.
        block: u64,
        /// What the codec said.
        error: EncodeError,
    },
    /// What would be published gives other blocks than these.
    #[error("the payload does not give back block {0}")]
    Differs(u64),
    /// A block does not say where in the queue it ends, or its messages are unknown.
    #[error("the queue messages of block {0} are unknown")]
    Messages(u64),
    /// One block alone is too large.
    #[error("block {0} does not fit into a batch")]
    TooLarge(u64),
}

/// Decides what to publish now.
pub fn next(config: &Config, inputs: &Inputs<'_>) -> Result<Decision, BatchError> {
    let reached = inputs.head.timestamp.max(inputs.now_s.saturating_sub(config.clock_slack_s));
    let ready = inputs.blocks.partition_point(|block| block.header.timestamp <= reached);
    let blocks = &inputs.blocks[..ready.min(BLOCKS_MAX)];
    let Some(first) = blocks.first() else { return Ok(Decision::Wait) };
    if first.header.timestamp < inputs.tip.last_timestamp {
        return Ok(Decision::Rebuild("blocks are older than the newest batch"));
    }
    let (count, bytes) = fitting(config, inputs, blocks)?;
    let age = reached.saturating_sub(first.header.timestamp);
    let full = bytes >= config.target_bytes || count < blocks.len();
    if !full && age < config.interval_s {
        return Ok(Decision::Wait);
    }
    let mut count = count;
    loop {
        let blocks = &blocks[..count];
        if is_too_old(config, inputs, blocks) {
            return Ok(Decision::Rebuild("blocks are too old to be committed"));
        }
        if leaves_overdue(inputs, blocks)? {
            return Ok(messages_alone(config, inputs)?.map_or(Decision::Wait, Decision::Commit));
        }
        match batch(config, inputs, blocks)? {
            Some(batch) => return Ok(Decision::Commit(Box::new(batch))),
            None if count == 1 => return Err(BatchError::TooLarge(first.number())),
            None => count -= count.div_ceil(8),
        }
    }
}

/// How many of the blocks make one batch, and the bytes of their signed transactions.
fn fitting(
    config: &Config,
    inputs: &Inputs<'_>,
    blocks: &[Arc<Block>],
) -> Result<(usize, usize), BatchError> {
    let (mut count, mut bytes, mut queue) = (0, 0, inputs.tip.queue_end);
    let mut gas = BatchGas::default();
    for block in blocks {
        // The Inbox takes no batch that leaves overdue messages behind, so these know no target.
        let is_full = bytes >= config.target_bytes && !is_overdue(inputs, queue);
        add_gas(&mut gas, inputs, &mut queue, block)?;
        let messages = queue.saturating_sub(inputs.tip.queue_end);
        let fits = messages <= BATCH_MESSAGES_MAX && gas.fits(inputs.spec);
        if count > 0 && (is_full || !fits) {
            break;
        }
        count += 1;
        bytes += transaction_bytes(block);
    }
    Ok((count, bytes))
}

/// Adds a block, whose messages begin at `queue`, to what its batch needs.
fn add_gas(
    gas: &mut BatchGas,
    inputs: &Inputs<'_>,
    queue: &mut u64,
    block: &Block,
) -> Result<(), BatchError> {
    let unknown = || BatchError::Messages(block.number());
    let end = queue_end(block)?;
    let messages = inputs.inbox.range(*queue, end).ok_or_else(unknown)?;
    let counted = messages.map(|message| message.queued.message.counted_gas()).sum();
    let is_signed = block.transactions.last().is_some_and(|tx| !is_deposit(tx.inner()));
    gas.add(inputs.spec, counted, block.header.gas_used, is_signed);
    *queue = end;
    Ok(())
}

/// Whether the Inbox insists on the message at this position.
fn is_overdue(inputs: &Inputs<'_>, position: u64) -> bool {
    inputs.inbox.message(position).is_some_and(|message| {
        let due = message.queued.message.parent_timestamp + inputs.terms.force_inclusion_delay;
        due < inputs.head.timestamp
    })
}

/// Whether the Inbox would refuse these blocks for their age, now and later.
fn is_too_old(config: &Config, inputs: &Inputs<'_>, blocks: &[Arc<Block>]) -> bool {
    let age_max = inputs.terms.max_batch_age.saturating_sub(config.age_margin_s);
    let reached = |block: &Arc<Block>| block.header.timestamp.saturating_add(age_max);
    blocks.last().is_some_and(|last| reached(last) < inputs.head.timestamp)
}

/// Whether the Inbox would refuse these blocks because they leave overdue messages behind.
fn leaves_overdue(inputs: &Inputs<'_>, blocks: &[Arc<Block>]) -> Result<bool, BatchError> {
    let (mut gas, mut queue) = (BatchGas::default(), inputs.tip.queue_end);
    for block in blocks {
        add_gas(&mut gas, inputs, &mut queue, block)?;
    }
    let is_full = queue - inputs.tip.queue_end == BATCH_MESSAGES_MAX || gas.is_full(inputs.spec);
    Ok(!is_full && is_overdue(inputs, queue))
}

/// The batch of the oldest messages, and nothing else: what the Inbox always takes. The unpublished
/// blocks give way to it, and their transactions are put into new ones.
fn messages_alone(config: &Config, inputs: &Inputs<'_>) -> Result<Option<Box<Batch>>, BatchError> {
    let block = inputs.tip.block_number + 1;
    let commit = rescue::commit(inputs.spec, inputs.tip, inputs.inbox, &inputs.head)
        .map_err(|error| BatchError::Encode { block, error })?;
    let Some(commit) = commit else { return Ok(None) };
    let prices = Prices { base_fee: inputs.head.base_fee, blob_base_fee: inputs.blob_base_fee };
    let Some(cost) = cost::choose(config, &commit.payload, prices) else { return Ok(None) };
    let commit = Commit { blobs: cost.blobs > 0, ..commit };
    Ok(Some(Box::new(Batch { commit, blocks: 0, transaction_bytes: 0, cost })))
}

/// The batch of exactly these blocks; `None` if it is too large.
fn batch(
    config: &Config,
    inputs: &Inputs<'_>,
    blocks: &[Arc<Block>],
) -> Result<Option<Batch>, BatchError> {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(None) };
    let mut start = inputs.tip.queue_end;
    let mut payload_blocks = Vec::with_capacity(blocks.len());
    for block in blocks {
        payload_blocks.push(payload_block(inputs.inbox, &mut start, block)?);
    }
    let payload = match encode_payload(inputs.spec.chain_id, &payload_blocks) {
        Ok(payload) => payload,
        Err(EncodeError::TooLong) => return Ok(None),
        Err(error) => return Err(BatchError::Encode { block: first.number(), error }),
    };
    let prices = Prices { base_fee: inputs.head.base_fee, blob_base_fee: inputs.blob_base_fee };
    let Some(cost) = cost::choose(config, &payload, prices) else { return Ok(None) };
    let header = BatchHeader {
        index: inputs.tip.index + 1,
        parent: inputs.tip.hash,
        first_timestamp: first.header.timestamp,
        last_timestamp: last.header.timestamp,
        queue_start: inputs.tip.queue_end,
        queue_end: start,
        ..BatchHeader::default()
    };
    check(inputs.spec, &header, inputs.inbox, &payload, blocks)?;
    Ok(Some(Batch {
        blocks: blocks.len(),
        transaction_bytes: blocks.iter().map(|block| transaction_bytes(block)).sum(),
        commit: Commit {
            index: header.index,
            first_timestamp: header.first_timestamp,
            last_timestamp: header.last_timestamp,
            queue_end: header.queue_end,
            payload: payload.into(),
            blobs: cost.blobs > 0,
        },
        cost,
    }))
}

/// Asserts in pairs: what a reader will make of the payload are these blocks.
fn check(
    spec: &ChainSpec,
    header: &BatchHeader,
    inbox: &Inbox,
    payload: &[u8],
    blocks: &[Arc<Block>],
) -> Result<(), BatchError> {
    let first = blocks.first().map_or(0, |block| block.number());
    let messages: Vec<QueuedMessage> = inbox
        .range(header.queue_start, header.queue_end)
        .ok_or(BatchError::Messages(first))?
        .map(|message| message.queued.clone())
        .collect();
    let plans = Plan::of_batch(spec, header, &messages, Some(payload));
    if plans.len() != blocks.len() {
        return Err(BatchError::Differs(first));
    }
    let mut used = 0;
    for (plan, block) in plans.iter().zip(blocks) {
        if !plan.gives(spec, used, block) {
            return Err(BatchError::Differs(block.number()));
        }
        used += block.header.gas_used;
    }
    Ok(())
}

fn payload_block(
    inbox: &Inbox,
    start: &mut u64,
    block: &Block,
) -> Result<PayloadBlock, BatchError> {
    let unknown = || BatchError::Messages(block.number());
    let end = queue_end(block)?;
    let messages = inbox.range(*start, end).ok_or_else(unknown)?;
    let count = u16::try_from(end - *start).map_err(|_| unknown())?;
    *start = end;
    let signed = block.transactions.iter().filter(|tx| !is_deposit(tx.inner()));
    Ok(PayloadBlock {
        timestamp: block.header.timestamp,
        messages: count,
        labels: messages.filter_map(|message| message.label).collect(),
        transactions: signed.map(|tx| tx.inner().clone()).collect(),
    })
}

fn queue_end(block: &Block) -> Result<u64, BatchError> {
    Ok(Note::of(block).ok_or(BatchError::Messages(block.number()))?.queue_end)
}

/// Bytes of a block's signed transactions: what publishing it costs before compression.
pub fn transaction_bytes(block: &Block) -> usize {
    let signed = block.transactions.iter().map(|tx| tx.inner()).filter(|tx| !is_deposit(tx));
    signed.map(Transaction::encode_2718_len).sum()
}

/// Blobs that hold a payload.
fn blobs_for(payload: &[u8]) -> usize {
    (payload.len() + BLOB_PREFIX_BYTES).div_ceil(FIELD_ELEMENTS * PIECE_BYTES).max(1)
}

/// Largest payload that a number of blobs hold.
fn blob_payload_bytes_max(blobs: usize) -> usize {
    (blobs * FIELD_ELEMENTS * PIECE_BYTES - BLOB_PREFIX_BYTES).min(BLOBS_PAYLOAD_BYTES_MAX)
}
