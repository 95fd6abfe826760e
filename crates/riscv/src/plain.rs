//! One step, written as the specification reads (docs/machine.md §2 and §3).
//!
//! The verifier runs it over a witness; a machine runs it for everything that its fast loop leaves
//! alone; the tests run it over a map, to compare.

use crate::{
    cpu::{Cpu, Status},
    fields::Word,
    preimage::Kind,
};
use alloy_primitives::{B256, Bytes};

/// The 32 bytes of memory that are hashed together.
pub(crate) type Leaf = [u8; 32];

/// What a step touches outside of the registers.
pub(crate) trait Bus {
    /// Why the step cannot be made; the state is what it was.
    type Error;

    /// The leaf that holds `address`.
    fn leaf(&mut self, address: u32) -> Result<Leaf, Self::Error>;

    /// Replaces the leaf that was asked for last.
    fn set_leaf(&mut self, address: u32, leaf: Leaf);

    /// The whole pre-image of a key of this kind.
    fn preimage(&mut self, kind: Kind, key: B256) -> Result<Bytes, Self::Error>;

    /// The program says what it will read: so many bytes of memory at this address.
    fn hint(&mut self, address: u64, length: u64);
}

/// Why an instruction has no effect.
enum Stop<E> {
    Trap,
    Bus(E),
}

/// Makes one step. After an error nothing has changed.
pub(crate) fn step<B: Bus>(cpu: &mut Cpu, bus: &mut B) -> Result<(), B::Error> {
    if cpu.status != Status::Unfinished {
        return Ok(());
    }
    let mut next = cpu.clone();
    match execute(&mut next, bus) {
        Ok(()) => *cpu = next,
        Err(Stop::Trap) => cpu.status = Status::Panicked,
        Err(Stop::Bus(error)) => return Err(error),
    }
    cpu.x[0] = 0;
    cpu.step = cpu.step.wrapping_add(1);
    Ok(())
}

/// Executes the instruction at `pc`. May leave a value in `x0`.
fn execute<B: Bus>(cpu: &mut Cpu, bus: &mut B) -> Result<(), Stop<B::Error>> {
    let word = Word(load(bus, cpu.pc, 4)? as u32);
    let (a, b) = (cpu.x[word.rs1()], cpu.x[word.rs2()]);
    let mut next = cpu.pc.wrapping_add(4);
    match word.opcode() {
        0x37 => cpu.x[word.rd()] = word.imm_u() as u64,
        0x17 => cpu.x[word.rd()] = cpu.pc.wrapping_add(word.imm_u() as u64),
        0x6f => {
            cpu.x[word.rd()] = next;
            next = cpu.pc.wrapping_add(word.imm_j() as u64);
        }
        0x67 if word.funct3() == 0 => {
            cpu.x[word.rd()] = next;
            next = a.wrapping_add(word.imm_i() as u64) & !1;
        }
        0x63 => {
            if branches(word.funct3(), a, b).ok_or(Stop::Trap)? {
                next = cpu.pc.wrapping_add(word.imm_b() as u64);
            }
        }
        0x03 => {
            let (bytes, signed) = load_format(word.funct3()).ok_or(Stop::Trap)?;
            let value = load(bus, a.wrapping_add(word.imm_i() as u64), bytes)?;
            cpu.x[word.rd()] = if signed { extend(value, bytes) } else { value };
        }
        0x23 => {
            let bytes = [1, 2, 4, 8].get(word.funct3() as usize).ok_or(Stop::Trap)?;
            store(bus, a.wrapping_add(word.imm_s() as u64), *bytes, b)?;
        }
        0x13 | 0x1b | 0x33 | 0x3b => {
            cpu.x[word.rd()] = arithmetic(word, a, b).ok_or(Stop::Trap)?;
        }
        0x0f if word.funct3() == 0 => {}
        0x73 if word.0 == 0x73 => return ecall(cpu, bus),
        _ => return Err(Stop::Trap),
    }
    cpu.pc = next;
    Ok(())
}

/// Where `bytes` bytes at `address` stand in their leaf.
fn locate<E>(address: u64, bytes: usize) -> Result<(u32, usize), Stop<E>> {
    let address = u32::try_from(address).map_err(|_| Stop::Trap)?;
    let at = address as usize % 32;
    if at.is_multiple_of(bytes) { Ok((address, at)) } else { Err(Stop::Trap) }
}

/// The number of `bytes` bytes at `address`, not extended.
fn load<B: Bus>(bus: &mut B, address: u64, bytes: usize) -> Result<u64, Stop<B::Error>> {
    let (address, at) = locate(address, bytes)?;
    let leaf = bus.leaf(address).map_err(Stop::Bus)?;
    let number = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    Ok(leaf[at..at + bytes].iter().rev().fold(0, number))
}

fn store<B: Bus>(
    bus: &mut B,
    address: u64,
    bytes: usize,
    value: u64,
) -> Result<(), Stop<B::Error>> {
    let (address, at) = locate(address, bytes)?;
    let mut leaf = bus.leaf(address).map_err(Stop::Bus)?;
    leaf[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
    bus.set_leaf(address, leaf);
    Ok(())
}

/// Bytes of a load, and whether its sign is extended.
const fn load_format(funct3: u32) -> Option<(usize, bool)> {
    match funct3 {
        0..=3 => Some((1 << funct3, true)),
        4..=6 => Some((1 << (funct3 - 4), false)),
        _ => None,
    }
}

/// Extends the sign of a number of `bytes` bytes.
const fn extend(value: u64, bytes: usize) -> u64 {
    let unused = 64 - 8 * bytes as u32;
    ((value << unused) as i64 >> unused) as u64
}

/// Whether a branch is taken.
const fn branches(funct3: u32, a: u64, b: u64) -> Option<bool> {
    Some(match funct3 {
        0 => a == b,
        1 => a != b,
        4 => (a as i64) < b as i64,
        5 => a as i64 >= b as i64,
        6 => a < b,
        7 => a >= b,
        _ => return None,
    })
}

/// Opcodes OP, OP-32, OP-IMM and OP-IMM-32.
fn arithmetic(word: Word, a: u64, b: u64) -> Option<u64> {
    let immediate = word.imm_i() as u64;
    let shift = matches!(word.funct3(), 1 | 5);
    match word.opcode() {
        0x13 if !shift => operation(0, word.funct3(), a, immediate),
        0x13 => shift_immediate(word, a),
        0x1b if word.funct3() == 0 => operation32(0, 0, a, immediate),
        // Multiplication and division, funct7 = 1, have no immediate forms.
        0x1b if shift && word.funct7() != 1 => {
            operation32(word.funct7(), word.funct3(), a, word.shamt().into())
        }
        0x33 => operation(word.funct7(), word.funct3(), a, b),
        0x3b => operation32(word.funct7(), word.funct3(), a, b),
        _ => None,
    }
}

fn shift_immediate(word: Word, a: u64) -> Option<u64> {
    match (word.funct6(), word.funct3()) {
        (0, 1) => Some(a << word.shamt()),
        (0, 5) => Some(a >> word.shamt()),
        (0x10, 5) => Some((a as i64 >> word.shamt()) as u64),
        _ => None,
    }
}

/// Operations on 64 bits. A division has a result for every operand (specification, table 11).
const fn operation(funct7: u32, funct3: u32, a: u64, b: u64) -> Option<u64> {
    let (signed_a, signed_b) = (a as i64, b as i64);
    Some(match (funct7, funct3) {
        (0, 0) => a.wrapping_add(b),
        (0x20, 0) => a.wrapping_sub(b),
        (0, 1) => a << (b & 63),
        (0, 2) => (signed_a < signed_b) as u64,
        (0, 3) => (a < b) as u64,
        (0, 4) => a ^ b,
        (0, 5) => a >> (b & 63),
        (0x20, 5) => (signed_a >> (b & 63)) as u64,
        (0, 6) => a | b,
        (0, 7) => a & b,
        (1, 0) => a.wrapping_mul(b),
        (1, 1) => ((signed_a as i128 * signed_b as i128) >> 64) as u64,
        (1, 2) => ((signed_a as i128 * b as i128) >> 64) as u64,
        (1, 3) => ((a as u128 * b as u128) >> 64) as u64,
        (1, 4..=7) if b == 0 => {
            if funct3 < 6 {
                u64::MAX
            } else {
                a
            }
        }
        (1, 4) => signed_a.wrapping_div(signed_b) as u64,
        (1, 5) => a / b,
        (1, 6) => signed_a.wrapping_rem(signed_b) as u64,
        (1, 7) => a % b,
        _ => return None,
    })
}

/// Operations on the low 32 bits; the result's sign is extended.
const fn operation32(funct7: u32, funct3: u32, a: u64, b: u64) -> Option<u64> {
    let (a, b) = (a as u32, b as u32);
    let (signed_a, signed_b) = (a as i32, b as i32);
    let result = match (funct7, funct3) {
        (0, 0) => a.wrapping_add(b),
        (0x20, 0) => a.wrapping_sub(b),
        (0, 1) => a << (b & 31),
        (0, 5) => a >> (b & 31),
        (0x20, 5) => (signed_a >> (b & 31)) as u32,
        (1, 0) => a.wrapping_mul(b),
        (1, 4 | 5) if b == 0 => u32::MAX,
        (1, 6 | 7) if b == 0 => a,
        (1, 4) => signed_a.wrapping_div(signed_b) as u32,
        (1, 5) => a / b,
        (1, 6) => signed_a.wrapping_rem(signed_b) as u32,
        (1, 7) => a % b,
        _ => return None,
    };
    Some(result as i32 as u64)
}

/// ECALL (docs/machine.md §3).
fn ecall<B: Bus>(cpu: &mut Cpu, bus: &mut B) -> Result<(), Stop<B::Error>> {
    match cpu.x[17] {
        0 => {
            cpu.status = match cpu.x[10] {
                0 => Status::Valid,
                1 => Status::Invalid,
                _ => Status::Panicked,
            };
            return Ok(());
        }
        1 => read(cpu, bus)?,
        2 => bus.hint(cpu.x[10], cpu.x[11]),
        _ => return Err(Stop::Trap),
    }
    cpu.pc = cpu.pc.wrapping_add(4);
    Ok(())
}

fn read<B: Bus>(cpu: &mut Cpu, bus: &mut B) -> Result<(), Stop<B::Error>> {
    let mut key = B256::ZERO;
    for (bytes, x) in key.as_chunks_mut::<8>().0.iter_mut().zip(&cpu.x[10..14]) {
        *bytes = x.to_le_bytes();
    }
    let offset = cpu.x[14];
    let kind = Kind::of(&key).ok_or(Stop::Trap)?;
    if !offset.is_multiple_of(32) {
        return Err(Stop::Trap);
    }
    let preimage = bus.preimage(kind, key).map_err(Stop::Bus)?;
    let rest = usize::try_from(offset).ok().and_then(|at| preimage.get(at..)).unwrap_or_default();
    let mut answer = [0; 32];
    let length = rest.len().min(32);
    answer[..length].copy_from_slice(&rest[..length]);
    for (x, bytes) in cpu.x[10..14].iter_mut().zip(answer.as_chunks::<8>().0) {
        *x = u64::from_le_bytes(*bytes);
    }
    cpu.x[14] = preimage.len() as u64;
    Ok(())
}
