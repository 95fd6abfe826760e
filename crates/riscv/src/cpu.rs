//! The state but for the memory's bytes, its encoding and its hash (docs/machine.md §1).

use alloy_primitives::{B256, keccak256};

/// Length of an encoded state.
pub const STATE_BYTES: usize = 297;

/// Where the status stands in an encoded state.
pub(crate) const STATUS_AT: usize = 48;

/// How far a program is, and how it ended. Every status but `Unfinished` is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// It halted with 0.
    Valid = 0,
    /// It halted with 1.
    Invalid = 1,
    /// It trapped, or halted with anything else.
    Panicked = 2,
    /// It has steps to go.
    Unfinished = 3,
}

/// Counters and registers: the state of a machine without its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Address of the next instruction. A bad one traps when it is fetched.
    pub pc: u64,
    /// Instructions executed so far.
    pub step: u64,
    /// How far the program is.
    pub status: Status,
    /// General registers; `x[0]` is zero.
    pub x: [u64; 32],
}

impl Cpu {
    /// About to execute its first instruction, at `pc`; all registers are zero.
    pub const fn new(pc: u64) -> Self {
        Self { pc, step: 0, status: Status::Unfinished, x: [0; 32] }
    }
}

/// All that a state hash commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Root of the memory tree.
    pub memory_root: B256,
    /// Counters and registers.
    pub cpu: Cpu,
}

impl State {
    /// The encoding of docs/machine.md §1.
    pub fn encode(&self) -> [u8; STATE_BYTES] {
        let mut bytes = [0; STATE_BYTES];
        let (root, rest) = bytes.split_at_mut(32);
        root.copy_from_slice(self.memory_root.as_slice());
        rest[..8].copy_from_slice(&self.cpu.pc.to_be_bytes());
        rest[8..16].copy_from_slice(&self.cpu.step.to_be_bytes());
        rest[16] = self.cpu.status as u8;
        for (word, x) in rest[17..].as_chunks_mut::<8>().0.iter_mut().zip(&self.cpu.x[1..]) {
            *word = x.to_be_bytes();
        }
        bytes
    }

    /// keccak256 of the encoding, its first byte replaced by the status.
    pub fn hash(&self) -> B256 {
        hash_encoding(&self.encode())
    }

    /// The unfinished state with this encoding; its status byte is not looked at.
    pub(crate) fn decode_unfinished(bytes: &[u8; STATE_BYTES]) -> Self {
        let number = |at: usize| {
            bytes[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        let mut cpu = Cpu::new(number(32));
        cpu.step = number(40);
        for (i, x) in cpu.x.iter_mut().enumerate().skip(1) {
            *x = number(STATUS_AT + 1 + (i - 1) * 8);
        }
        Self { memory_root: B256::from_slice(&bytes[..32]), cpu }
    }
}

/// The state hash of an encoded state.
pub(crate) fn hash_encoding(bytes: &[u8; STATE_BYTES]) -> B256 {
    let mut hash = keccak256(bytes);
    hash[0] = bytes[STATUS_AT];
    hash
}
