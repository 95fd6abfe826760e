//! QEMU's user mode is a second opinion on the whole program: it executes the committed file, and
//! what the two machines hold must be the same at every call, and at the end.
//!
//! The program's calls are not Linux's: at each of them QEMU stops, and docs/machine.md §3 is done
//! here once more, over a host of its own.

use crate::{
    blocks::{caller_chain, calls},
    chain::*,
    gdb::{PC, Qemu, Registers},
    precompiles,
    random::deposit,
};
use alloy_primitives::{B256, Bytes};
use altana_program::{BlockHost, BlockInput, ELF, State, Status, Trace, Witness};
use altana_protocol::batch::Blob;
use altana_riscv::{Host, Machine};
use std::collections::BTreeSet;

/// The word of ECALL.
const ECALL: u64 = 0x73;
/// Of a program header: to load; executable; writable.
const PT_LOAD: u64 = 1;
const PF_X: u64 = 1;
const PF_W: u64 = 2;
/// The memory ends here.
const MEMORY_END: u64 = 1 << 32;
/// QEMU maps whole pages.
const PAGE_BYTES: u64 = 4096;
/// Bytes of memory that are looked at together.
const PART_BYTES: usize = 1 << 16;

/// What a block is executed over.
struct Block {
    input: BlockInput,
    witness: Witness,
    blobs: Vec<(B256, Blob)>,
    /// How the program ends, and with what.
    end: (Status, B256),
}

impl Block {
    fn new(committed: &Committed, index: u64) -> Self {
        let (input, leaf, witness) = committed.run_block(index);
        Self { input, witness, blobs: committed.blobs.clone(), end: (Status::Valid, leaf) }
    }

    fn host(&self) -> BlockHost {
        BlockHost::new(&self.witness, self.blobs.clone(), &self.input)
    }

    /// Our machine's last state, by its fast loop.
    fn end_state(&self) -> State {
        let mut trace = Trace::new(self.witness.clone(), self.blobs.clone(), self.input);
        trace.end_state().unwrap()
    }
}

/// Our machine, one instruction after the other.
struct Ours {
    machine: Machine,
    host: BlockHost,
    /// The addresses of what it executed, calls left out; if they are asked for.
    path: Option<Vec<u32>>,
}

impl Ours {
    fn new(block: &Block, path: bool) -> Self {
        let machine = Machine::load(ELF).unwrap();
        Self { machine, host: block.host(), path: path.then(Vec::new) }
    }

    fn registers(&self) -> Registers {
        let mut registers = [0; PC + 1];
        registers[..PC].copy_from_slice(&self.machine.cpu().x);
        registers[PC] = self.machine.cpu().pc;
        registers
    }

    /// To the next call.
    fn go_on(&mut self, calls: &BTreeSet<u64>) {
        while self.machine.cpu().status == Status::Unfinished
            && !calls.contains(&self.machine.cpu().pc)
        {
            if let Some(path) = &mut self.path {
                path.push(self.machine.cpu().pc as u32);
            }
            self.machine.step(&mut self.host).unwrap();
        }
    }
}

/// What the file says about memory.
struct Layout {
    entry: u64,
    /// The addresses of all ECALLs.
    calls: BTreeSet<u64>,
    /// Where memory that is written to begins.
    writable: u64,
    /// First address behind what the file has in memory.
    end: u64,
}

fn layout() -> Layout {
    let number = |at: usize, bytes: usize| {
        ELF[at..at + bytes].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let mut layout =
        Layout { entry: number(24, 8), calls: BTreeSet::new(), writable: MEMORY_END, end: 0 };
    for header in (0..number(56, 2) as usize).map(|index| 64 + index * 56) {
        if number(header, 4) != PT_LOAD {
            continue;
        }
        let flags = number(header + 4, 4);
        let (offset, address) = (number(header + 8, 8) as usize, number(header + 16, 8));
        layout.end = layout.end.max(address + number(header + 40, 8));
        if flags & PF_W != 0 {
            layout.writable = layout.writable.min(address);
        }
        if flags & PF_X != 0 {
            let words = (0..number(header + 32, 8)).step_by(4);
            let words = words.filter(|at| number(offset + *at as usize, 4) == ECALL);
            layout.calls.extend(words.map(|at| address + at));
        }
    }
    layout
}

/// Does what a call asks for, and stands behind it; or says how the program halts.
fn answer(qemu: &mut Qemu, registers: &Registers, host: &mut BlockHost) -> Option<Status> {
    let mut after = *registers;
    match registers[17] {
        0 => {
            let known = [Status::Valid, Status::Invalid];
            return Some(*known.get(registers[10] as usize).unwrap_or(&Status::Panicked));
        }
        1 => {
            let key: Vec<u8> = registers[10..14].iter().flat_map(|x| x.to_le_bytes()).collect();
            let preimage = host.read(B256::from_slice(&key)).unwrap();
            let rest = preimage.get(registers[14] as usize..).unwrap_or_default();
            let mut word = [0; 32];
            let length = rest.len().min(32);
            word[..length].copy_from_slice(&rest[..length]);
            for (register, bytes) in after[10..14].iter_mut().zip(word.as_chunks().0) {
                *register = u64::from_le_bytes(*bytes);
            }
            after[14] = preimage.len() as u64;
        }
        2 => host.hint(&qemu.read(registers[10], registers[11] as usize)),
        other => panic!("call {other}"),
    }
    after[PC] += 4;
    qemu.set_registers(&after);
    None
}

/// The memory from an address on must be the same, wherever ours is not zero.
fn check_memory(qemu: &mut Qemu, machine: &Machine, from: u64) {
    let mut pages = 0;
    for start in (0..MEMORY_END).step_by(PART_BYTES) {
        let part = machine.read(start, PART_BYTES).unwrap();
        if part == [0; PART_BYTES] {
            continue;
        }
        for (page, ours) in (0..).zip(part.as_chunks::<{ PAGE_BYTES as usize }>().0) {
            let page = start + page * PAGE_BYTES;
            let begin = page.max(from.min(page + PAGE_BYTES));
            let ours = &ours[(begin - page) as usize..];
            if ours.iter().any(|byte| *byte != 0) {
                pages += 1;
                assert!(qemu.read(begin, ours.len()) == ours, "the page at {page:#x}");
            }
        }
    }
    assert!(pages > 2, "the program has a heap and a stack");
}

/// Compares a block's execution. With `path`, the address of each instruction is compared, too, and
/// so is their number.
fn check(block: &Block, path: bool) {
    let Layout { entry, calls, writable, end } = layout();
    let mut qemu = Qemu::start(path);
    let Some(call) = calls.first() else { panic!("the program makes no calls") };
    qemu.map(*call, end.next_multiple_of(PAGE_BYTES), MEMORY_END);
    let mut registers = [0; PC + 1];
    registers[PC] = entry;
    qemu.set_registers(&registers);
    calls.iter().for_each(|call| qemu.stop_at(*call));

    let mut ours = Ours::new(block, path);
    assert_eq!(ours.registers(), registers, "at the entry point");
    let mut host = block.host();
    let mut count = 0;
    let status = loop {
        qemu.go_on();
        ours.go_on(&calls);
        let registers = qemu.registers();
        assert_eq!(ours.registers(), registers, "at call {count}");
        count += 1;
        let halted = answer(&mut qemu, &registers, &mut host);
        ours.machine.step(&mut ours.host).unwrap();
        if let Some(status) = halted {
            break status;
        }
    };
    check_memory(&mut qemu, &ours.machine, writable);
    let result: Vec<u8> = qemu.registers()[11..15].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!((status, B256::from_slice(&result)), block.end);
    let state = ours.machine.state();
    assert_eq!(state.cpu.status, status);
    assert_eq!(state, block.end_state());
    if let Some(ours) = ours.path {
        let executed = qemu.path().into_iter().filter(|pc| !calls.contains(&u64::from(*pc)));
        assert!(executed.eq(ours.iter().copied()), "other instructions are executed");
        assert_eq!(ours.len() + count, state.cpu.step as usize);
    }
}

/// All blocks of a batch, and one behind the last.
fn check_batch(committed: &Committed, path: bool) {
    for index in 0..committed.parents.len() as u64 {
        check(&Block::new(committed, index), path && index > 0);
    }
}

#[test]
fn qemu_executes_the_same_transfers() {
    let mut chain = Chain::new();
    chain.queue_deposit(20, deposit(1, 2));
    let transfers =
        (0..12).map(|index| sign(index % SENDERS, call((index / SENDERS) as u64, STORE)));
    chain.build(1_001, 2, transfers.collect());
    chain.build(1_002, 0, vec![sign(3, call(1, CATCHER)), sign(4, call(1, REVERTER))]);
    check_batch(&chain.commit_batch(true), true);
}

#[test]
fn qemu_executes_the_same_precompiles() {
    let mut chain = caller_chain();
    for calls in calls(&precompiles::inputs(), 3_000_000).chunks(25) {
        assert_eq!(chain.build(1_001, 0, calls.to_vec()), []);
    }
    check_batch(&chain.commit_batch(false), false);
}

#[test]
fn qemu_executes_the_same_for_an_invalid_payload_and_behind_the_batch() {
    let mut chain = Chain::new();
    for index in 0..3 {
        chain.queue_deposit(20, deposit(index, 3));
    }
    chain.build_default(1_007, 3, false);
    let committed = chain.commit_payload(b"no payload", true);
    check(&Block::new(&committed, 0), true);
    check(&Block::new(&committed, 1), true);
}

#[test]
fn qemu_executes_the_same_for_a_pre_image_that_is_none() {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![]);
    let mut block = Block::new(&chain.commit_batch(false), 0);
    block.input.config_hash = block.witness.insert(Bytes::from_static(&[1, 2, 3]));
    block.end = (Status::Invalid, B256::ZERO);
    check(&block, true);
}
