//! The truth about one claim's blocks, worked out as far as a dispute asks for it.

use super::{
    Memory, Span, Step,
    memory::{BlockName, Run},
    span,
};
use alloy_primitives::B256;
use altana_dispute::{At, Heights, History, HistoryError, STRIDE_LOG2, Truth};
use altana_ledger::{Error as LedgerError, Ledger};
use altana_parent::{BatchEvidence, ParentError};
use altana_program::{IsStopped, Trace, TraceError};
use altana_protocol::{
    ChainSpec,
    batch::Blob,
    stf::{BlockInput, HostOracle, MissingPreimage, Witness},
};
use std::{collections::BTreeMap, sync::Arc};

const _: () = assert!(STRIDE_LOG2 as u32 == altana_program::STRIDE_LOG2, "one kind of stride");

/// Reads a batch again, given its index and where it ended. May wait for the parent.
pub type ReadBatch =
    Box<dyn Fn(u64, crate::derive::BatchEnd) -> Result<BatchEvidence, ParentError> + Send>;

/// What a truth works with.
pub struct Means {
    /// Reads batches again.
    pub read_batch: ReadBatch,
    /// Keeps what was worked out. Shared with other truths, as the bound on it is.
    pub memory: Arc<Memory>,
    /// Stops a machine that runs.
    pub is_stopped: IsStopped,
}

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
    /// A position that the claim does not have.
    #[error("the claim has no block at position {0}")]
    NoSuchPosition(u64),
    /// Retry: no more blocks are run for now ([`NodeTruth::allow`]).
    #[error("to be worked out in the next round")]
    Later,
}

/// What is true about the batches between a claim and the next.
pub struct NodeTruth {
    ledger: Ledger,
    spec: ChainSpec,
    span: Span,
    means: Means,
    blocks: History,
    /// What was asked for last.
    asked_run: Option<Arc<Run>>,
    asked_steps: Option<Arc<History>>,
    /// What walks ask for again and again: roots and halves of nodes that are on the way to what is
    /// disputed, and how disputed blocks end. Some hundred bytes for each edge that exists.
    roots: BTreeMap<(u8, At), B256>,
    halves: BTreeMap<(u8, At, u8, u64), (B256, B256)>,
    ends: BTreeMap<u64, Vec<u8>>,
    /// Blocks that do not run to an end, which takes as long to find out.
    failed: BTreeMap<u64, TraceError>,
    /// Blocks that may still be run.
    runs: usize,
}

impl std::fmt::Debug for NodeTruth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeTruth").field("span", &self.span).finish_non_exhaustive()
    }
}

impl NodeTruth {
    /// The truth about `span`, whose history of blocks is `blocks`.
    pub fn new(ledger: Ledger, spec: ChainSpec, span: Span, blocks: History, means: Means) -> Self {
        Self {
            ledger,
            spec,
            span,
            means,
            blocks,
            asked_run: None,
            asked_steps: None,
            roots: BTreeMap::new(),
            halves: BTreeMap::new(),
            ends: BTreeMap::new(),
            failed: BTreeMap::new(),
            runs: usize::MAX,
        }
    }

    /// From now on at most so many blocks are run in the machine, which takes minutes for a large
    /// one; what would take more is [`TruthError::Later`]. Without this there is no limit.
    pub fn allow(&mut self, runs: usize) {
        self.runs = runs;
    }

    /// Lets go of what was asked for last, so that only the shared memory holds it.
    pub fn release(&mut self) {
        (self.asked_run, self.asked_steps) = (None, None);
    }

    /// The root of the claim's history.
    pub fn root(&self) -> B256 {
        self.blocks.root()
    }

    fn step(&self, position: u64) -> Result<Step, TruthError> {
        self.span.step(position).ok_or(TruthError::NoSuchPosition(position))
    }

    fn name(&self, position: u64) -> Result<BlockName, TruthError> {
        let step = self.step(position)?;
        Ok((step.end.hash, step.block_index))
    }

    /// Works with the block at a position of level 0, in the machine. `whole`: all of it will run,
    /// even if it has done that before.
    fn trace<R>(
        &mut self,
        position: u64,
        whole: bool,
        work: impl FnOnce(&mut Trace) -> Result<R, TraceError>,
    ) -> Result<R, TruthError> {
        let (block, memory) = (self.name(position)?, self.means.memory.clone());
        if let Some(failure) = self.failed.get(&position) {
            return Err((*failure).into());
        }
        let is_run = whole || !memory.has_trace(block);
        if is_run && self.runs == 0 {
            return Err(TruthError::Later);
        }
        let mut trace = match memory.take_trace(block) {
            Some(trace) => trace,
            None => self.start(position)?,
        };
        self.runs -= usize::from(is_run);
        let worked = work(&mut trace);
        memory.keep_trace(block, trace);
        if let Err(failure) = &worked
            && whole
            && *failure != TraceError::Stopped
        {
            self.failed.insert(position, *failure);
        }
        Ok(worked?)
    }

    fn start(&self, position: u64) -> Result<Trace, TruthError> {
        let (witness, blobs, input) = self.evidence(position)?;
        Ok(Trace::new(witness, blobs, input).stopped_by(self.means.is_stopped.clone()))
    }

    /// How the block at a position runs.
    fn run(&mut self, position: u64) -> Result<Arc<Run>, TruthError> {
        let block = self.name(position)?;
        if let Some(run) = self.means.memory.run(block) {
            return Ok(run);
        }
        let (leaves, end) =
            self.trace(position, true, |trace| Ok((trace.strides()?, trace.end_state()?)))?;
        let strides = History::new(Heights::REAL.strides, leaves)?;
        let run = Arc::new(Run { strides, end: end.encode().to_vec() });
        self.means.memory.keep_run(block, run.clone());
        Ok(run)
    }

    /// Everything that the program reads to make the block at a position, from a native run.
    pub fn evidence(&self, position: u64) -> Result<BlockEvidence, TruthError> {
        let step = self.step(position)?;
        let evidence = (self.means.read_batch)(step.batch_index, step.end)?;
        let parent = self.ledger.block_by_number(step.before)?;
        let parent = parent.ok_or(TruthError::Gone(step.before))?;
        let used = step.used(&self.ledger)?.ok_or(TruthError::Gone(step.before))?;
        let input = BlockInput {
            config_hash: self.spec.config_hash(),
            previous_leaf: span::leaf(&parent, used),
            batch_hash: step.end.hash,
            block_index: step.block_index,
        };
        let mut witness = Witness::default();
        witness.insert_spec(&self.spec);
        witness.insert_parent(&parent.header, used);
        witness.insert_input(&input);
        evidence.insert_into(&mut witness);
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
        let run = self.run(block)?;
        Ok(&self.asked_run.insert(run).strides)
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, TruthError> {
        if let Some(end) = self.ends.get(&block) {
            return Ok(end.clone());
        }
        let end = self.run(block)?.end.clone();
        self.ends.insert(block, end.clone());
        Ok(end)
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, TruthError> {
        let (name, memory) = (self.name(block)?, self.means.memory.clone());
        let steps = match memory.steps(name, stride) {
            Some(steps) => steps,
            None => {
                let leaves = self.trace(block, false, |trace| {
                    let mut leaves = trace.steps(stride)?;
                    if leaves.is_empty() {
                        // The machine has halted before, and stays as it is.
                        leaves.push(trace.end_state()?.hash());
                    }
                    Ok(leaves)
                })?;
                let steps = Arc::new(History::new(Heights::REAL.steps, leaves)?);
                memory.keep_steps(name, stride, steps.clone());
                steps
            }
        };
        Ok(self.asked_steps.insert(steps))
    }

    fn root_of(&mut self, level: u8, at: At) -> Result<B256, TruthError> {
        if let Some(root) = self.roots.get(&(level, at)) {
            return Ok(*root);
        }
        let root = self.history(level, at)?.root();
        self.roots.insert((level, at), root);
        Ok(root)
    }

    fn halves_of(
        &mut self,
        level: u8,
        at: At,
        height: u8,
        index: u64,
    ) -> Result<(B256, B256), TruthError> {
        let name = (level, at, height, index);
        if let Some(halves) = self.halves.get(&name) {
            return Ok(*halves);
        }
        let halves = self.history(level, at)?.children(height, index);
        self.halves.insert(name, halves);
        Ok(halves)
    }

    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, TruthError> {
        self.trace(block, false, |trace| trace.witness((stride << STRIDE_LOG2) + step))
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
