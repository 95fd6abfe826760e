//! The truth about one claim's blocks, worked out as far as a dispute asks for it.

use super::{Span, span};
use alloy_primitives::B256;
use altana_dispute::{Heights, History, HistoryError, STRIDE_LOG2, Truth};
use altana_ledger::{Error as LedgerError, Ledger};
use altana_parent::{BatchEvidence, ParentError};
use altana_program::{Trace, TraceError};
use altana_protocol::{
    ChainSpec,
    batch::{Blob, DATA_CALLDATA},
    stf::{BlockInput, HostOracle, MissingPreimage, Witness},
};
use std::collections::BTreeMap;

const _: () = assert!(STRIDE_LOG2 as u32 == altana_program::STRIDE_LOG2, "one kind of stride");

/// Blocks that are kept in the machine at once, with their snapshots.
const TRACES_MAX: usize = 2;
/// Histories of blocks that are kept: 64 bytes for each stride.
const STRIDES_MAX: usize = 64;
/// Histories of strides that are kept: 4 MiB each, and quickly made again.
const STEPS_MAX: usize = 16;

/// Reads a batch again, given its index and where it ended. May wait for the parent.
pub type ReadBatch =
    Box<dyn Fn(u64, crate::derive::BatchEnd) -> Result<BatchEvidence, ParentError> + Send>;

/// What a block is made from: its pre-images, its batch's blobs, and which block it is.
pub type BlockEvidence = (Witness, Vec<(B256, Blob)>, BlockInput);

/// Why the truth cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// Retry: the parent does not answer.
    #[error(transparent)]
    Parent(#[from] ParentError),
    /// Fatal: the ledger failed.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// Fatal: the machine and the native run do not agree, or it asks for what there is not.
    #[error("the fault proof's machine: {0}")]
    Trace(#[from] TraceError),
    /// Fatal: a block takes longer than the game has room for.
    #[error("a history that the game cannot hold: {0}")]
    History(#[from] HistoryError),
    /// Retry: the chain was reorganised under the dispute.
    #[error("block {0} is not derived any more")]
    Gone(u64),
    /// Fatal: the ledger lacks what a native run asks for.
    #[error("a block cannot be executed again: {0}")]
    Missing(#[from] MissingPreimage),
    /// Fatal: executed again, a block is another than it was.
    #[error("the block at position {0} is not what the ledger says")]
    Disagreement(u64),
    /// Retry: it is to be worked out in the next round.
    #[error("the next round works it out")]
    Later,
    /// A position that the claim does not have.
    #[error("the claim has no block at position {0}")]
    NoSuchPosition(u64),
}

/// What is true about the batches between a claim and the next.
pub struct NodeTruth {
    ledger: Ledger,
    spec: ChainSpec,
    span: Span,
    read_batch: ReadBatch,
    blocks: History,
    /// Every state in which a disputed block's machine ends: 297 bytes for each.
    ends: BTreeMap<u64, Vec<u8>>,
    strides: BTreeMap<u64, History>,
    steps: BTreeMap<(u64, u64), History>,
    traces: Vec<(u64, Trace)>,
}

impl std::fmt::Debug for NodeTruth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeTruth").field("span", &self.span).finish_non_exhaustive()
    }
}

impl NodeTruth {
    /// The truth about `span`, whose history of blocks is `blocks`.
    pub fn new(
        ledger: Ledger,
        spec: ChainSpec,
        span: Span,
        blocks: History,
        read_batch: ReadBatch,
    ) -> Self {
        let (ends, strides, steps, traces) = Default::default();
        Self { ledger, spec, span, read_batch, blocks, ends, strides, steps, traces }
    }

    /// The root of the claim's history.
    pub fn root(&self) -> B256 {
        self.blocks.root()
    }

    /// The block at a position of level 0, in the machine.
    fn trace(&mut self, position: u64) -> Result<&mut Trace, TruthError> {
        if let Some(at) = self.traces.iter().position(|(known, _)| *known == position) {
            let trace = self.traces.remove(at);
            self.traces.push(trace);
        } else {
            let trace = self.start(position)?;
            if self.traces.len() == TRACES_MAX {
                self.traces.remove(0);
            }
            self.traces.push((position, trace));
        }
        let (_, trace) = self.traces.last_mut().expect("just put there");
        Ok(trace)
    }

    fn start(&self, position: u64) -> Result<Trace, TruthError> {
        let (witness, blobs, input) = self.evidence(position)?;
        Ok(Trace::new(witness, blobs, input))
    }

    /// Everything that the program reads to make the block at a position, from a native run.
    pub fn evidence(&self, position: u64) -> Result<BlockEvidence, TruthError> {
        let step = self.span.step(position).ok_or(TruthError::NoSuchPosition(position))?;
        let evidence = (self.read_batch)(step.batch_index, step.end)?;
        let parent = self.ledger.block_by_number(step.before)?;
        let parent = parent.ok_or(TruthError::Gone(step.before))?;
        let previous_leaf = span::leaf(&self.ledger, step.before)?;
        let input = BlockInput {
            config_hash: self.spec.config_hash(),
            previous_leaf: previous_leaf.ok_or(TruthError::Gone(step.before))?,
            batch_hash: step.end.hash,
            block_index: step.block_index,
        };
        let mut witness = Witness::default();
        witness.insert_spec(&self.spec);
        witness.insert_parent(&parent.header);
        witness.insert_input(&input);
        witness.insert_batch(&evidence.batch.header);
        witness.insert_messages(evidence.batch.header.queue_acc_start, &evidence.messages);
        if evidence.batch.header.data_kind == DATA_CALLDATA {
            witness.insert_calldata(&evidence.batch.data);
        }
        witness.insert_blobs(evidence.blobs.iter().map(|(hash, blob)| (*hash, blob)));
        let oracle = HostOracle { batch: witness, state: self.ledger.preimages() };
        let (leaf, witness) = altana_program::record(&oracle, &input)?;
        // Written when the block was derived, and checked now that it is read.
        if leaf != self.blocks.leaf(position) {
            return Err(TruthError::Disagreement(position));
        }
        Ok((witness, evidence.blobs, input))
    }
}

impl Truth for NodeTruth {
    type Error = TruthError;

    fn blocks(&mut self) -> Result<&History, TruthError> {
        Ok(&self.blocks)
    }

    fn strides(&mut self, block: u64) -> Result<&History, TruthError> {
        if !self.strides.contains_key(&block) {
            let trace = self.trace(block)?;
            let leaves = trace.strides()?;
            let end = trace.end_state()?.encode().to_vec();
            self.ends.insert(block, end);
            if self.strides.len() >= STRIDES_MAX {
                self.strides.clear();
            }
            self.strides.insert(block, History::new(Heights::REAL.strides, leaves)?);
        }
        Ok(&self.strides[&block])
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, TruthError> {
        if let Some(end) = self.ends.get(&block) {
            return Ok(end.clone());
        }
        let end = self.trace(block)?.end_state()?.encode().to_vec();
        self.ends.insert(block, end.clone());
        Ok(end)
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, TruthError> {
        if !self.steps.contains_key(&(block, stride)) {
            let trace = self.trace(block)?;
            let mut leaves = trace.steps(stride)?;
            if leaves.is_empty() {
                // The machine has halted before, and stays as it is.
                leaves.push(trace.end_state()?.hash());
            }
            if self.steps.len() >= STEPS_MAX {
                self.steps.clear();
            }
            self.steps.insert((block, stride), History::new(Heights::REAL.steps, leaves)?);
        }
        Ok(&self.steps[&(block, stride)])
    }

    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, TruthError> {
        Ok(self.trace(block)?.witness((stride << STRIDE_LOG2) + step)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::BatchEnd;

    #[test]
    fn a_position_names_a_block_of_a_batch() {
        let end = |last_block| BatchEnd { hash: B256::ZERO, last_block, committed_in: 0 };
        let span = Span { first_batch: 8, start_block: 100, ends: vec![end(103), end(104)] };
        let step = |position| {
            span.step(position).map(|step| (step.before, step.batch_index, step.block_index))
        };
        assert_eq!(step(0), Some((100, 8, 0)));
        assert_eq!(step(2), Some((102, 8, 2)));
        assert_eq!(step(3), Some((103, 8, 3)), "repeats");
        assert_eq!(step(1023), Some((103, 8, 1023)));
        assert_eq!(step(1024), Some((103, 9, 0)));
        assert_eq!(step(1025), Some((104, 9, 1)));
        assert_eq!(step(2048), None);
    }
}
