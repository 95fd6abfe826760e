//! Order transactions into blocks, a slice at a time.
//!
//! [`Sequencer`] is pure but for the ledger it writes to: time, queue and pool come in with each
//! [`Sequencer::step`]. A block is open for `block_time_ms`; it executes transactions from the
//! moment they arrive, publishes what it holds every `slice_ms`, and is sealed and committed at its
//! deadline.
mod messages;
mod slice;
#[cfg(test)]
mod tests;

pub use messages::{MessageLimits, select};
pub use slice::{Included, Preconfirmation};

use crate::{
    derive::Tip,
    inbox::Inbox,
    note::Note,
    pool::{PoolService, PooledTransaction, Rejection},
};
use altana_ledger::{Block, BlockAttributes, BlockBuilder, Ledger, Pending};
use altana_protocol::execute::{ExecuteError, InvalidTransaction, Messages};
use slice::Slices;
use std::sync::Arc;

/// How blocks are made.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long a block is open.
    pub block_time_ms: u64,
    /// How often the open block is published.
    pub slice_ms: u64,
    /// An empty block is made only when the newest block is this old.
    pub empty_block_interval_ms: u64,
    /// The same while publication is behind its bound.
    pub stalled_block_interval_ms: u64,
    /// Transactions that one step executes before time is looked at again.
    pub step_transactions: usize,
    /// Bytes of signed transactions at which a block is full. It is then sealed at once, and the
    /// next one begins: so no block is too large for a batch, and no rate is.
    pub block_bytes: usize,
    /// When and how many queue messages a block takes.
    pub messages: MessageLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            block_time_ms: 1000,
            slice_ms: 250,
            empty_block_interval_ms: 1000,
            stalled_block_interval_ms: 60_000,
            step_transactions: 256,
            block_bytes: 250_000,
            messages: MessageLimits::default(),
        }
    }
}

/// Why a step failed. All are fatal: stop the node.
#[derive(Debug, thiserror::Error)]
pub enum SequencerError {
    /// The ledger failed.
    #[error("ledger: {0}")]
    Ledger(#[from] altana_ledger::Error),
    /// The pool could not read the state.
    #[error("pool: {0}")]
    Pool(#[from] Rejection),
    /// A block is missing the note of its place in the queue: this folder was not written by a
    /// sequencer or by derivation.
    #[error("block {0} does not say where in the queue it ends: rebuild the ledger")]
    NoNote(u64),
}

/// What a step did.
#[derive(Debug)]
pub enum Step {
    /// Nothing is to be done before this time, unless a transaction arrives.
    Wait {
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// Transactions were executed: step again.
    Busy,
    /// The open block is to be published.
    Published(Arc<Pending>, Preconfirmation),
    /// A block was committed, after a last publication of what it held.
    Sealed(Arc<Block>, Preconfirmation),
}

/// What a step may look at.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// The queue.
    pub inbox: &'a Inbox,
    /// The newest batch on the parent.
    pub tip: &'a Tip,
    /// Where transactions come from.
    pub pool: &'a PoolService,
    /// Publication is so far behind that no transactions may be taken.
    pub stalled: bool,
}

/// Makes blocks.
#[derive(Debug)]
pub struct Sequencer {
    config: Config,
    ledger: Ledger,
    open: Option<Open>,
    /// When the newest block was sealed.
    sealed_ms: u64,
}

#[derive(Debug)]
struct Open {
    builder: BlockBuilder,
    parent: Arc<Block>,
    deadline_ms: u64,
    slices: Slices,
    /// Of signed transactions.
    bytes: usize,
    /// Of the queue that its messages came from.
    generation: u64,
}

impl Open {
    /// Whether the chain or the queue has changed under the block.
    fn is_outdated(&self, ledger: &Ledger, inbox: &Inbox) -> bool {
        self.parent.hash() != ledger.head().hash() || self.generation != inbox.generation()
    }
}

impl Sequencer {
    /// A sequencer on the ledger's head.
    pub fn new(config: Config, ledger: Ledger) -> Self {
        let config = Config { block_time_ms: config.block_time_ms.max(1), ..config };
        Self { config, ledger, open: None, sealed_ms: 0 }
    }

    /// Gives the open block up. Its transactions must be returned with [`PoolService::reset`].
    pub fn abandon(&mut self) {
        self.open = None;
    }

    /// Does the next thing that is due.
    pub fn step(&mut self, inputs: &Inputs<'_>) -> Result<Step, SequencerError> {
        let now_ms = inputs.now_ms;
        if self.open.as_ref().is_some_and(|open| open.is_outdated(&self.ledger, inputs.inbox)) {
            self.abandon();
            inputs.pool.reset()?;
        }
        let Some(open) = &mut self.open else {
            return self.begin(inputs);
        };
        if now_ms >= open.deadline_ms || open.bytes >= self.config.block_bytes {
            return self.end(inputs);
        }
        if open.slices.due(now_ms) {
            return Self::publish(open, now_ms);
        }
        if !inputs.stalled && Self::fill(open, &self.config, inputs.pool)? {
            return Ok(Step::Busy);
        }
        let until_ms = open.deadline_ms.min(open.slices.next_ms(open.builder.len()));
        Ok(Step::Wait { until_ms })
    }

    fn begin(&mut self, inputs: &Inputs<'_>) -> Result<Step, SequencerError> {
        let parent = self.ledger.head();
        let start = Note::of(&parent).ok_or(SequencerError::NoNote(parent.number()))?.queue_end;
        let limits = &self.config.messages;
        let end = select(inputs.inbox, start, limits, parent.header.gas_limit);
        let messages = inputs.inbox.range(start, end).map(|messages| {
            let labels: Vec<_> = messages.clone().filter_map(|message| message.label).collect();
            let queued: Vec<_> = messages.map(|message| message.queued.clone()).collect();
            Messages::new(&queued, &labels)
        });
        let queue_end = if messages.is_some() { end } else { start };
        let attributes = BlockAttributes {
            timestamp: self.timestamp(inputs, &parent),
            messages: messages.unwrap_or_default(),
            note: Note { queue_end }.encode(),
            ..BlockAttributes::default()
        };
        let builder = self.ledger.build(parent.hash(), attributes)?;
        let base_fee = self.ledger.next_fees().base_fee;
        inputs.pool.with(|pool| pool.set_base_fee(base_fee));
        let deadline_ms =
            (inputs.now_ms / self.config.block_time_ms + 1) * self.config.block_time_ms;
        let generation = inputs.inbox.generation();
        let slices = Slices::new(inputs.now_ms, self.config.slice_ms);
        self.open = Some(Open { builder, parent, deadline_ms, slices, bytes: 0, generation });
        Ok(Step::Busy)
    }

    /// Never before the parent block's, nor before what the parent chain or the newest batch has
    /// reached.
    fn timestamp(&self, inputs: &Inputs<'_>, parent: &Block) -> u64 {
        let reached = inputs.inbox.head().map_or(0, |head| head.timestamp);
        let published = inputs.tip.last_timestamp;
        (inputs.now_ms / 1000).max(reached).max(published).max(parent.header.timestamp)
    }

    fn publish(open: &mut Open, now_ms: u64) -> Result<Step, SequencerError> {
        let pending = Arc::new(open.builder.snapshot()?);
        let preconfirmation = open.slices.publish(now_ms, &pending.block);
        Ok(Step::Published(pending, preconfirmation))
    }

    fn end(&mut self, inputs: &Inputs<'_>) -> Result<Step, SequencerError> {
        let Some(mut open) = self.open.take() else { return Ok(Step::Busy) };
        let interval_ms = match inputs.stalled {
            true => self.config.stalled_block_interval_ms,
            false => self.config.empty_block_interval_ms,
        };
        let age_ms = open.deadline_ms.saturating_sub(self.sealed_ms);
        if open.builder.is_empty() && age_ms < interval_ms {
            return Ok(Step::Busy);
        }
        let block = self.ledger.commit(open.builder.seal()?)?;
        self.sealed_ms = open.deadline_ms.min(inputs.now_ms);
        inputs.pool.block_done(&block)?;
        let preconfirmation = open.slices.publish(inputs.now_ms, &block);
        Ok(Step::Sealed(block, preconfirmation))
    }

    /// Executes some transactions; whether there were any.
    fn fill(open: &mut Open, config: &Config, pool: &PoolService) -> Result<bool, SequencerError> {
        let gas_left = open.builder.gas_left();
        let batch = pool.with(|pool| {
            pool.take(config.step_transactions, gas_left, config.block_bytes - open.bytes)
        });
        let any = !batch.is_empty();
        for tx in batch {
            open.bytes += tx.size;
            match open.builder.push(tx.transaction.as_ref().clone()) {
                Ok(_) => {}
                Err(ExecuteError::Invalid(error)) => refused(pool, &tx, error),
                Err(ExecuteError::Database(error)) => return Err(error.into()),
            }
        }
        Ok(any)
    }
}

/// What becomes of a transaction that the block did not take.
fn refused(pool: &PoolService, tx: &PooledTransaction, error: InvalidTransaction) {
    match error {
        InvalidTransaction::BlockFull
        | InvalidTransaction::FeeBelowBaseFee
        | InvalidTransaction::NonceTooHigh { .. } => pool.with(|pool| pool.park(tx)),
        error => {
            tracing::debug!(hash = %tx.hash, %error, "a waiting transaction became invalid");
            pool.with(|pool| pool.discard(tx));
        }
    }
}
