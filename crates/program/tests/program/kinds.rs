//! What kinds of steps there are, and one of each from a trace.

use crate::asm::*;
use alloy_primitives::B256;
use altana_program::{BlockHost, Status};
use altana_riscv::{Cpu, Host, Kind, Machine};
use std::collections::{BTreeMap, HashMap};

/// What a step costs the contract depends on.
pub(crate) const INSTRUCTION: &str = "instruction";
pub(crate) const READ: &str = "read";
pub(crate) const CALL: &str = "call";
pub(crate) const FAILING_CALL: &str = "failing call";

/// One step of a kind.
pub(crate) struct Pick {
    /// How many were made before it.
    pub(crate) step: u64,
    pub(crate) cost: &'static str,
    /// Bytes that vouch for what is read.
    evidence: usize,
}

/// For each kind of step, by its name, the one with the shortest evidence; of those the last whose
/// instruction had not been executed before. And the final state.
pub(crate) fn one_of_each(mut machine: Machine, host: &mut BlockHost) -> BTreeMap<String, Pick> {
    let mut names = HashMap::new();
    let mut picks: BTreeMap<String, Pick> = BTreeMap::new();
    while machine.cpu().status == Status::Unfinished {
        let before = machine.cpu().clone();
        let known = names.get(&before.pc).copied();
        let name = known.unwrap_or_else(|| {
            let word = machine.read(before.pc, 4).unwrap();
            name(u32::from_le_bytes(word.try_into().unwrap()))
        });
        machine.step(host).unwrap();
        if known.is_some() && name != "ecall" {
            continue;
        }
        names.insert(before.pc, name);
        let (name, cost, evidence) = match name {
            "ecall" => ecall(&before, machine.cpu(), host),
            _ if is_taken(name, &before, machine.cpu()) => {
                (format!("{name}, taken"), INSTRUCTION, 0)
            }
            _ => (name.into(), INSTRUCTION, 0),
        };
        let pick = Pick { step: before.step, cost, evidence };
        if picks.get(&name).is_none_or(|other| evidence <= other.evidence) {
            picks.insert(name, pick);
        }
    }
    let step = machine.cpu().step;
    picks.insert("final".into(), Pick { step, cost: INSTRUCTION, evidence: 0 });
    picks
}

fn is_taken(name: &str, before: &Cpu, after: &Cpu) -> bool {
    name.starts_with('b') && after.pc != before.pc + 4
}

/// Name, cost and evidence of a call to the machine.
fn ecall(before: &Cpu, after: &Cpu, host: &mut BlockHost) -> (String, &'static str, usize) {
    match before.x[17] {
        0 => return ("halt".into(), INSTRUCTION, 0),
        2 => return ("hint".into(), INSTRUCTION, 0),
        _ => {}
    }
    let key: Vec<u8> = before.x[10..14].iter().flat_map(|x| x.to_le_bytes()).collect();
    let key = B256::from_slice(&key);
    let (offset, length) = (before.x[14], after.x[14]);
    let part = match (offset, offset + 32 <= length) {
        (0, true) => "the start",
        (0, false) => "all",
        (_, true) => "the middle",
        (_, false) => "the end",
    };
    match Kind::of(&key).expect("the machine went on") {
        Kind::Local => ("read local".into(), READ, 0),
        Kind::Keccak => (format!("read keccak256, {part}"), READ, length as usize),
        Kind::Sha256 => (format!("read sha256, {part}"), READ, length as usize),
        Kind::Blob => ("read blob element".into(), READ, 0),
        Kind::Precompile => {
            let call = host.precompile(key).unwrap();
            let number = u16::from_be_bytes([call.address[18], call.address[19]]);
            // The first byte of what is read.
            let (outcome, cost) = match (offset, after.x[10] as u8, length) {
                (0, 0, _) => ("that fails", FAILING_CALL),
                (0, _, 1) => ("that gives nothing", CALL),
                (0, ..) => ("the start", CALL),
                _ => ("the rest", CALL),
            };
            (format!("read precompile {number:#04x}, {outcome}"), cost, call.input.len())
        }
    }
}

/// An instruction's name.
fn name(word: u32) -> &'static str {
    let funct3 = i(0x7f, 7, 0, 0, 0);
    let by_funct3 = |opcode| move |(name, funct3)| (name, i(opcode, funct3, 0, 0, 0));
    let loads = LOAD.map(|(name, funct3, _)| by_funct3(0x03)((name, funct3)));
    let stores = STORE.map(|(name, funct3, _)| by_funct3(0x23)((name, funct3)));
    let branches = BRANCH.map(by_funct3(0x63));
    let immediate = IMMEDIATE.map(|(name, opcode, funct3)| by_funct3(opcode)((name, funct3)));
    let others = [("jalr", jalr(0, 0, 0)), ("fence", 0x0f)];
    let shift = SHIFT.map(|(name, opcode, funct3, above, bits)| {
        (name, i(opcode, funct3, 0, 0, above), i(0x7f, 7, 0, 0, -1 << bits))
    });
    let register = REGISTER.map(|(name, opcode, funct3, funct7)| {
        (name, r(opcode, funct3, funct7, 0, 0, 0), r(0x7f, 7, 0x7f, 0, 0, 0))
    });
    let mut all = vec![("ecall", ECALL, u32::MAX)];
    all.extend([("lui", 0x37), ("auipc", 0x17), ("jal", 0x6f)].map(|(name, is)| (name, is, 0x7f)));
    let by_funct3 = loads.into_iter().chain(stores).chain(branches).chain(immediate).chain(others);
    all.extend(by_funct3.map(|(name, is)| (name, is, funct3)));
    all.extend(shift);
    all.extend(register);
    let found: Vec<_> = all.iter().filter(|(_, is, mask)| word & mask == *is).collect();
    let [(name, ..)] = found[..] else { panic!("{word:#x} has {} names", found.len()) };
    name
}
