//! The one writer of a node's chain: derivation and sequencer, one step at a time.

use crate::{
    batcher::transaction_bytes,
    derive::{Derivation, DeriveError, Derived, Read, rewind},
    pool::{PoolService, Rejection},
    sequencer::{Inputs, Sequencer, SequencerError, Step},
};
use altana_ledger::{Block, Ledger};
use std::{collections::VecDeque, sync::Arc};

/// How far publication may be behind before the sequencer takes no more transactions.
#[derive(Clone, Copy, Debug)]
pub struct GapLimits {
    /// Bytes of signed transactions in unpublished blocks.
    pub bytes: usize,
    /// Unpublished blocks. Well below what one batch holds, so that blocks which only become
    /// older can still be published together.
    pub blocks: usize,
}

impl Default for GapLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, blocks: 900 }
    }
}

/// How long a sequencer waits for the parent to be read.
const NOT_SYNCED_MS: u64 = 100;
/// What users are told while publication is behind.
const BEHIND: &str = "publication to the parent chain is behind, try again later";

/// Why the engine stopped. All are fatal, except [`EngineError::is_retry`].
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// See [`DeriveError`].
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// See [`SequencerError`].
    #[error(transparent)]
    Sequencer(#[from] SequencerError),
    /// The pool could not be rebuilt.
    #[error("pool: {0}")]
    Pool(#[from] Rejection),
    /// The ledger failed.
    #[error("ledger: {0}")]
    Ledger(#[from] altana_ledger::Error),
}

impl EngineError {
    /// Whether reading the parent again may help.
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Derive(DeriveError::Inconsistent(_)))
    }
}

/// What writes to one ledger.
#[derive(Debug)]
pub struct Engine {
    ledger: Ledger,
    pool: PoolService,
    derivation: Derivation,
    leads: bool,
    /// Whether the parent has once been read to its head.
    synced: bool,
    gap_limits: GapLimits,
    gap: VecDeque<(u64, usize)>,
    gap_bytes: usize,
    stalled: bool,
}

impl Engine {
    /// An engine that follows the parent; one that leads takes a sequencer's steps as soon as it
    /// has read the parent to its head.
    pub fn new(
        ledger: Ledger,
        pool: PoolService,
        derivation: Derivation,
        leads: bool,
        gap_limits: GapLimits,
    ) -> Self {
        Self {
            ledger,
            pool,
            derivation,
            leads,
            synced: false,
            gap_limits,
            gap: VecDeque::new(),
            gap_bytes: 0,
            stalled: false,
        }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A peer's block has joined the chain.
    pub(crate) fn peer_block(&mut self) -> Result<(), EngineError> {
        self.measure_gap(false)
    }

    /// Derivation's state.
    pub fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// Whether the parent has once been read to its head.
    pub fn synced(&self) -> bool {
        self.synced
    }

    /// Whether publication is so far behind that no transactions are taken.
    pub fn stalled(&self) -> bool {
        self.stalled
    }

    /// Unpublished blocks, and the bytes of their signed transactions.
    pub fn gap(&self) -> (usize, usize) {
        (self.gap.len(), self.gap_bytes)
    }

    /// Takes in what was read from the parent.
    pub fn apply(&mut self, read: Read) -> Result<Derived, EngineError> {
        let mut pool = &self.pool;
        let result = self.derivation.apply(read.update, read.complete, &mut pool);
        let derived = match result {
            Ok(derived) => derived,
            Err(error) => {
                if let DeriveError::Inconsistent(_) = error {
                    // Some batches may have been taken in.
                    self.derivation.distrust();
                    self.pool.reset()?;
                    self.measure_gap(true)?;
                }
                return Err(error.into());
            }
        };
        self.synced |= read.complete;
        if derived.displaced || derived.executed > 0 {
            self.pool.reset()?;
        }
        self.measure_gap(derived.displaced)?;
        Ok(derived)
    }

    /// Does the sequencer's next step. Before the parent was read there is nothing to do for a
    /// while. The sequencer finds out for itself when blocks have left the chain under it.
    pub fn step(&mut self, sequencer: &mut Sequencer, now_ms: u64) -> Result<Step, EngineError> {
        if !self.synced {
            return Ok(Step::Wait { until_ms: now_ms + NOT_SYNCED_MS });
        }
        let inputs = Inputs {
            now_ms,
            inbox: self.derivation.inbox(),
            tip: self.derivation.tip(),
            pool: &self.pool,
            stalled: self.stalled,
        };
        let step = sequencer.step(&inputs)?;
        if let Step::Sealed(..) = step {
            self.measure_gap(false)?;
        }
        Ok(step)
    }

    /// Blocks that the parent has not, oldest first, at most `max`.
    pub fn unpublished(&self, max: usize) -> Result<Vec<Arc<Block>>, EngineError> {
        let first = self.derivation.tip().block_number + 1;
        let last = self.ledger.head().number().min(first + max as u64 - 1);
        let blocks = (first..=last).map(|number| self.ledger.block_by_number(number));
        Ok(blocks.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// Gives up the unpublished blocks, which the Inbox would refuse, and puts their transactions
    /// back into the pool.
    pub fn rebuild_unpublished(&mut self) -> Result<(), EngineError> {
        let mut pool = &self.pool;
        rewind(&self.ledger, self.derivation.tip().block_hash, &mut pool)?;
        self.pool.reset()?;
        self.measure_gap(true)
    }

    fn measure_gap(&mut self, anew: bool) -> Result<(), EngineError> {
        if anew {
            self.gap.clear();
            self.gap_bytes = 0;
        }
        let tip = self.derivation.tip().block_number;
        while let Some((number, bytes)) = self.gap.front()
            && *number <= tip
        {
            self.gap_bytes -= bytes;
            self.gap.pop_front();
        }
        let head = self.ledger.head().number();
        let known = self.gap.front().is_some_and(|(first, _)| *first == tip + 1);
        if !known {
            self.gap.clear();
            self.gap_bytes = 0;
        }
        let next = self.gap.back().map_or(tip, |(last, _)| *last) + 1;
        for number in next..=head {
            let block = self.ledger.block_by_number(number)?;
            let bytes = block.map_or(0, |block| transaction_bytes(&block));
            self.gap.push_back((number, bytes));
            self.gap_bytes += bytes;
        }
        self.set_stalled();
        Ok(())
    }

    fn set_stalled(&mut self) {
        let limits = &self.gap_limits;
        let stalled =
            self.leads && (self.gap_bytes > limits.bytes || self.gap.len() > limits.blocks);
        if stalled != self.stalled {
            tracing::warn!(stalled, blocks = self.gap.len(), bytes = self.gap_bytes, "publication");
            self.stalled = stalled;
            self.pool.close(stalled.then_some(BEHIND));
        }
    }
}
