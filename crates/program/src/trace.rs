//! One block in the machine: every state it goes through can be asked for.

use crate::{
    ELF,
    host::{BlockHost, IsStopped},
};
use alloy_primitives::B256;
use altana_protocol::{
    batch::Blob,
    stf::{BlockInput, Witness},
};
use altana_riscv::{Machine, RunError, Snapshots, State, Status};

/// A stride is two to the power of this many instructions.
pub const STRIDE_LOG2: u32 = 16;
/// A block takes at most two to the power of this many instructions.
pub const STEPS_LOG2_MAX: u32 = 38;

/// Most states that are kept to go back to, the memory that they may take, and the distance at which
/// they begin to be kept. A state takes what differs from the one before: some MB.
const SNAPSHOTS_MAX: usize = 64;
const SNAPSHOTS_BYTES_MAX: usize = 128 << 20;
const SNAPSHOT_LOG2: u32 = 20;

/// Why a trace cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The witness or the blobs lack something: begin again with more, or the machine's code and
    /// the host's disagree.
    #[error(transparent)]
    Run(RunError),
    /// Nobody wanted the result any more. A later call works it out.
    #[error("the machine was stopped")]
    Stopped,
    /// The program did not halt within 2^38 instructions, so nobody can play this block.
    #[error("the program takes more than 2^{STEPS_LOG2_MAX} instructions")]
    TooLong,
    /// The program found that a pre-image is not what its place demands, or it failed.
    #[error("the program halted as {0:?}")]
    Halted(Status),
}

impl From<RunError> for TraceError {
    fn from(error: RunError) -> Self {
        if error == RunError::Stopped { Self::Stopped } else { Self::Run(error) }
    }
}

/// One block in the machine.
#[derive(Debug)]
pub struct Trace {
    snapshots: Snapshots,
    host: BlockHost,
    /// The final state, once it is known.
    end: Option<State>,
}

impl Trace {
    /// The program, about to run a block. `witness` is what [`crate::record`] gave, `blobs` are
    /// those of its batch by their versioned hashes, whole.
    pub fn new(witness: Witness, blobs: Vec<(B256, Blob)>, input: BlockInput) -> Self {
        let machine = Machine::load(ELF).expect("the tests load it");
        let snapshots = Snapshots::new(machine, SNAPSHOT_LOG2, SNAPSHOTS_MAX, SNAPSHOTS_BYTES_MAX);
        Self { snapshots, host: BlockHost::new(&witness, blobs, &input), end: None }
    }

    /// From now on the machine asks, a few times a second, whether to stop.
    pub fn stopped_by(mut self, is_stopped: IsStopped) -> Self {
        self.host.is_stopped = is_stopped;
        self
    }

    /// Bytes of memory that it takes, at most, and about.
    pub fn bytes(&self) -> usize {
        self.snapshots.bytes() + self.host.bytes()
    }

    /// The state hash after each stride, up to the one in which the machine halts: the last is the
    /// final state's. It runs through the whole block each time: a long one has millions of strides,
    /// so the caller keeps what it needs.
    pub fn strides(&mut self) -> Result<Vec<B256>, TraceError> {
        let mut hashes = Vec::new();
        loop {
            if hashes.len() as u64 >= 1 << (STEPS_LOG2_MAX - STRIDE_LOG2) {
                return Err(TraceError::TooLong);
            }
            let until = (hashes.len() as u64 + 1) << STRIDE_LOG2;
            let state = self.at(until, |machine, _| Ok(machine.state()))?;
            hashes.push(state.hash());
            if state.cpu.status != Status::Unfinished {
                self.end = Some(state);
                return Ok(hashes);
            }
        }
    }

    /// The final state.
    pub fn end_state(&mut self) -> Result<State, TraceError> {
        if let Some(end) = &self.end {
            return Ok(end.clone());
        }
        let state = self.at(1 << STEPS_LOG2_MAX, |machine, _| Ok(machine.state()))?;
        if state.cpu.status == Status::Unfinished {
            return Err(TraceError::TooLong);
        }
        self.end = Some(state.clone());
        Ok(state)
    }

    /// The block leaf that the program arrives at.
    pub fn leaf(&mut self) -> Result<B256, TraceError> {
        let cpu = self.end_state()?.cpu;
        if cpu.status != Status::Valid {
            return Err(TraceError::Halted(cpu.status));
        }
        let mut leaf = B256::ZERO;
        for (bytes, x) in leaf.as_chunks_mut::<8>().0.iter_mut().zip(&cpu.x[11..15]) {
            *bytes = x.to_le_bytes();
        }
        Ok(leaf)
    }

    /// The state hash after each instruction of a stride, counted from 0: 2^16 of them, or fewer
    /// if the machine halts; none if it has halted before.
    pub fn steps(&mut self, stride: u64) -> Result<Vec<B256>, TraceError> {
        let start = stride.saturating_mul(1 << STRIDE_LOG2);
        let mut hashes = Vec::new();
        self.at(start, |machine, host| {
            hashes.clear();
            let mut step = start;
            while machine.cpu().step == step
                && machine.cpu().status == Status::Unfinished
                && hashes.len() < 1 << STRIDE_LOG2
            {
                step += 1;
                machine.run(step, host)?;
                hashes.push(machine.state_hash());
            }
            Ok(())
        })?;
        Ok(hashes)
    }

    /// The witness of an instruction, counted from 0: of the step from the state after `step`
    /// instructions to the next.
    pub fn witness(&mut self, step: u64) -> Result<Vec<u8>, TraceError> {
        self.at(step, Machine::witness)
    }

    /// Works with the machine at a step, or its last. A call whose hint was given before the
    /// nearest snapshot is found by going back further.
    fn at<T>(
        &mut self,
        step: u64,
        mut work: impl FnMut(&mut Machine, &mut BlockHost) -> Result<T, RunError>,
    ) -> Result<T, TraceError> {
        loop {
            let machine = self.snapshots.go_to(step, &mut self.host);
            match machine.and_then(|machine| work(machine, &mut self.host)) {
                Err(RunError::Missing(_)) if self.snapshots.forget(step) => {}
                result => return Ok(result?),
            }
        }
    }
}
