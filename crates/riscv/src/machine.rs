//! The machine: a state that runs, with all of its memory at hand.

use crate::{
    burst::burst,
    code::Code,
    cpu::{Cpu, State, Status},
    elf::{self, ElfError},
    host::{Host, Missing},
    memory::{Memory, OutOfMemory},
    plain::{self, Bus, Leaf},
    preimage::{HINT_BYTES_MAX, Kind},
    snapshots::Snapshot,
    tree::{PAGE_BYTES, Tree},
};
use alloy_primitives::{B256, Bytes};

/// Why a machine could not go on. It is in the state before the instruction that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Retry once the host has the pre-image.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Fatal: the host's answer is not one that a key of this kind can have.
    #[error("the pre-image of {key} cannot have {bytes} bytes")]
    Length {
        /// Which pre-image.
        key: B256,
        /// Length of the answer.
        bytes: usize,
    },
    /// Fatal: the host's evidence is not that of this key, or no step contract would accept it.
    #[error("the evidence does not vouch for {0}")]
    Evidence(B256),
    /// The host has stopped it; the call may be repeated.
    #[error("the machine was stopped")]
    Stopped,
}

/// A state of docs/machine.md that can run.
#[derive(Clone, Debug)]
pub struct Machine {
    cpu: Cpu,
    memory: Memory,
    code: Code,
}

impl Machine {
    /// A machine whose memory is all zero.
    pub fn new(cpu: Cpu) -> Self {
        let mut machine = Self { cpu, memory: Memory::new(), code: Code::default() };
        machine.cpu.x[0] = 0;
        machine
    }

    /// The initial state of a program: a 64-bit little-endian RISC-V executable. The hash of this
    /// state is the program's hash.
    pub fn load(elf: &[u8]) -> Result<Self, ElfError> {
        let program = elf::parse(elf)?;
        let mut machine = Self::new(Cpu::new(program.entry));
        for segment in program.segments {
            machine.write_in_memory(segment.address, segment.bytes);
        }
        Ok(machine)
    }

    /// Counters and registers.
    pub const fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// The state of this moment. Hashes the pages that have changed since the last call.
    pub fn state(&mut self) -> State {
        State { memory_root: self.memory.seal().root(), cpu: self.cpu.clone() }
    }

    /// Hash of [`Machine::state`].
    pub fn state_hash(&mut self) -> B256 {
        self.state().hash()
    }

    /// Runs until `until` steps were made in all, or the state is final; an earlier or equal step
    /// changes nothing.
    pub fn run(&mut self, until: u64, host: &mut impl Host) -> Result<Status, RunError> {
        while self.cpu.step < until && self.cpu.status == Status::Unfinished {
            burst(&mut self.cpu, &mut self.memory, &mut self.code, until);
            if self.cpu.step < until {
                self.step(host)?;
            }
        }
        Ok(self.cpu.status)
    }

    /// Makes one step, the last of all (to step 0) too; in a final state it changes nothing.
    pub fn step(&mut self, host: &mut impl Host) -> Result<(), RunError> {
        let mut bus = Hosted { memory: &mut self.memory, code: &mut self.code, host };
        plain::step(&mut self.cpu, &mut bus)
    }

    /// Writes to memory, before the program runs.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), OutOfMemory> {
        let start = in_memory(address, bytes.len())?;
        self.write_in_memory(start, bytes);
        Ok(())
    }

    /// Copies bytes out of memory.
    pub fn read(&self, address: u64, length: usize) -> Result<Vec<u8>, OutOfMemory> {
        let start = in_memory(address, length)?;
        Ok(read_in_memory(&self.memory, start, length))
    }

    /// Where the highest page ends that lies below `address` and was ever written to: how much of a
    /// heap that grows upwards a program has taken. 0 if there is no such page.
    pub fn written_below(&self, address: u32) -> u64 {
        u64::from(self.memory.written_below(address / PAGE_BYTES as u32)) * PAGE_BYTES as u64
    }

    /// The machine as it is now, to come back to. Shares with other snapshots what is the same.
    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot { cpu: self.cpu.clone(), tree: self.memory.seal().clone() }
    }

    /// Goes back, or forth, to a snapshot; copies the pages that differ.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.cpu = snapshot.cpu.clone();
        for page in self.memory.restore(&snapshot.tree) {
            self.code.remove(self.memory.place(page));
        }
    }

    /// Bytes of memory that it takes, at most.
    pub(crate) fn bytes(&self) -> usize {
        self.memory.bytes() + self.code.bytes()
    }

    pub(crate) fn sealed(&mut self) -> (&Cpu, &Tree) {
        (&self.cpu, self.memory.seal())
    }

    /// The caller has checked that the bytes lie in memory.
    fn write_in_memory(&mut self, start: u32, mut bytes: &[u8]) {
        let mut at = start as usize % PAGE_BYTES;
        let mut page = start / PAGE_BYTES as u32;
        while !bytes.is_empty() {
            let length = bytes.len().min(PAGE_BYTES - at);
            let (now, later) = bytes.split_at(length);
            self.code.remove(self.memory.place(page));
            self.memory.open(page)[at..at + length].copy_from_slice(now);
            (bytes, at, page) = (later, 0, page.wrapping_add(1));
        }
    }
}

fn read_in_memory(memory: &Memory, start: u32, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    let mut at = start as usize % PAGE_BYTES;
    let mut page = start / PAGE_BYTES as u32;
    while bytes.len() < length {
        let end = PAGE_BYTES.min(at + length - bytes.len());
        bytes.extend_from_slice(&memory.page(page)[at..end]);
        (at, page) = (0, page.wrapping_add(1));
    }
    bytes
}

/// The address, if so many bytes from it lie in memory.
fn in_memory(address: u64, length: usize) -> Result<u32, OutOfMemory> {
    let fits = address.checked_add(length as u64).is_some_and(|end| end <= 1 << 32);
    let start = u32::try_from(address).ok().filter(|_| fits);
    start.ok_or(OutOfMemory { address, length })
}

/// A machine's memory, and a host for what is outside.
struct Hosted<'a, H> {
    memory: &'a mut Memory,
    code: &'a mut Code,
    host: &'a mut H,
}

impl<H: Host> Bus for Hosted<'_, H> {
    type Error = RunError;

    fn leaf(&mut self, address: u32) -> Result<Leaf, RunError> {
        Ok(self.memory.get(address))
    }

    fn set_leaf(&mut self, address: u32, leaf: Leaf) {
        self.code.remove(self.memory.place(address / PAGE_BYTES as u32));
        self.memory.set_leaf(address, leaf);
    }

    fn preimage(&mut self, kind: Kind, key: B256) -> Result<Bytes, RunError> {
        checked_preimage(self.host, kind, key)
    }

    fn hint(&mut self, address: u64, length: u64) {
        if length <= HINT_BYTES_MAX
            && let Ok(start) = in_memory(address, length as usize)
        {
            self.host.hint(&read_in_memory(self.memory, start, length as usize));
        }
    }
}

/// A host's answer, if it has a length that its kind can have.
pub(crate) fn checked_preimage(
    host: &mut impl Host,
    kind: Kind,
    key: B256,
) -> Result<Bytes, RunError> {
    let bytes = host.read(key)?;
    if kind.allows(bytes.len()) {
        Ok(bytes)
    } else {
        Err(RunError::Length { key, bytes: bytes.len() })
    }
}
