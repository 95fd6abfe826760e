//! The steps of the vectors.

use super::INPUT;
use crate::support::{asm::*, host::Answers, random::Random};
use alloy_primitives::B256;
use altana_riscv::{Cpu, Machine, Status};

/// Where the instruction is.
const PC: u64 = 0x1_0040;
/// What a load or store may touch: one leaf, in a far page.
const DATA: u64 = 0x8000_0ce0;

pub(super) struct Case {
    pub(super) name: String,
    pub(super) machine: Machine,
    pub(super) host: Answers,
}

/// A machine about to execute `word` at `PC`, with these registers set.
pub(super) fn at(name: impl Into<String>, word: u32, registers: &[(Reg, u64)]) -> Case {
    let mut cpu = Cpu::new(PC);
    cpu.step = 0x0102_0304_0506;
    for (i, x) in cpu.x.iter_mut().enumerate().skip(1) {
        *x = 0x0101_0101_0101_0101 * i as u64;
    }
    for (register, value) in registers {
        cpu.x[*register as usize] = *value;
    }
    let mut machine = Machine::new(cpu);
    machine.write(PC, &word.to_le_bytes()).unwrap();
    let data: Vec<u8> = (0..32).map(|byte: u8| byte.wrapping_mul(0x9d) ^ 0x80).collect();
    machine.write(DATA, &data).unwrap();
    Case { name: name.into(), machine, host: known() }
}

/// A host that knows every pre-image of the cases.
pub(super) fn known() -> Answers {
    let mut host = Answers::default();
    host.local(INPUT);
    for preimage in PREIMAGES {
        host.keccak(preimage);
        host.sha256(preimage);
    }
    for (address, input, answer) in CALLS {
        host.call(address, input, answer);
    }
    host
}

const LONG: [u8; 100] = {
    let mut bytes = [0; 100];
    let mut i = 0;
    while i < 100 {
        bytes[i] = i as u8 + 1;
        i += 1;
    }
    bytes
};

/// Pre-images of hashes.
const PREIMAGES: [&[u8]; 6] =
    [b"", b"a", LONG.split_at(31).0, LONG.split_at(32).0, LONG.split_at(33).0, &LONG];

/// 3^5 mod 7, for MODEXP.
const POWER: [u8; 99] = {
    let mut input = [0; 99];
    (input[31], input[63], input[95]) = (1, 1, 1);
    (input[96], input[97], input[98]) = (3, 5, 7);
    input
};

/// Calls to precompiles: address, input, and what a read gives.
const CALLS: [(u16, &[u8], &[u8]); 2] = [(0x01, b"no signature", &[1]), (0x05, &POWER, &[1, 5])];

pub(super) fn all() -> Vec<Case> {
    let mut random = Random(1);
    let mut cases = Vec::new();
    registers(&mut cases, &mut random);
    immediates(&mut cases, &mut random);
    memory(&mut cases, &mut random);
    jumps(&mut cases, &mut random);
    traps(&mut cases);
    ecalls(&mut cases);
    reads(&mut cases);
    finals(&mut cases);
    dense(&mut cases, &mut random);
    cases
}

/// A few pairs of operands that tell an instruction from its relatives.
fn pairs(random: &mut Random) -> [(u64, u64); 4] {
    [
        (i64::MIN as u64, u64::MAX),
        (0xffff_ffff_8000_0000, 0xffff_ffff_ffff_ffff),
        (random.next(), random.operand()),
        (random.operand(), 0),
    ]
}

fn registers(cases: &mut Vec<Case>, random: &mut Random) {
    for (name, opcode, funct3, funct7) in REGISTER {
        for (a, b) in pairs(random) {
            let word = r(opcode, funct3, funct7, 5, 6, 7);
            cases.push(at(format!("{name} {a:#x} {b:#x}"), word, &[(6, a), (7, b)]));
        }
        // The same register everywhere; and x0, which stays zero.
        let a = random.operand();
        cases.push(at(format!("{name} same"), r(opcode, funct3, funct7, 9, 9, 9), &[(9, a)]));
        let to_zero = r(opcode, funct3, funct7, 0, 9, 9);
        cases.push(at(format!("{name} to x0"), to_zero, &[(9, a)]));
    }
}

fn immediates(cases: &mut Vec<Case>, random: &mut Random) {
    for (name, opcode, funct3) in IMMEDIATE {
        for imm in [-2048, -1, 2047] {
            let a = random.operand();
            let word = i(opcode, funct3, 31, 1, imm);
            cases.push(at(format!("{name} {a:#x} {imm}"), word, &[(1, a)]));
        }
    }
    for (name, opcode, funct3, above, bits) in SHIFT {
        for amount in [0, 1, (1 << bits) - 1] {
            let a = random.next() | 1 << 63 | 1 << 31;
            let word = i(opcode, funct3, 5, 6, above | amount);
            cases.push(at(format!("{name} {a:#x} {amount}"), word, &[(6, a)]));
        }
    }
    for imm in [0, 0x1000, 0x7fff_f000, 0x8000_0000, 0xffff_f000] {
        cases.push(at(format!("lui {imm:#x}"), lui(5, imm), &[]));
        cases.push(at(format!("auipc {imm:#x}"), auipc(5, imm), &[]));
    }
    cases.push(at("nop", addi(0, 0, 0), &[]));
    for word in [FENCE, 0x0000_000f, 0x8330_000f, 0xffff_8f8f] {
        cases.push(at(format!("fence {word:#x}"), word, &[]));
    }
}

fn memory(cases: &mut Vec<Case>, random: &mut Random) {
    for (name, funct3, bytes) in LOAD {
        for imm in [0, 8, 32 - bytes as i32, -(bytes as i32)] {
            let word = i(0x03, funct3, 5, 6, imm);
            cases.push(at(format!("{name} {imm:+}"), word, &[(6, DATA)]));
        }
        let zero = i(0x03, funct3, 0, 6, 0);
        cases.push(at(format!("{name} to x0"), zero, &[(6, DATA)]));
        let wraps = i(0x03, funct3, 6, 6, 16);
        cases.push(at(format!("{name} wraps"), wraps, &[(6, u64::MAX - 15)]));
        let last = i(0x03, funct3, 6, 6, 0);
        cases.push(at(format!("{name} last"), last, &[(6, (1 << 32) - bytes)]));
    }
    for (name, funct3, bytes) in STORE {
        for imm in [0, bytes as i32, 32 - bytes as i32, -(bytes as i32)] {
            let value = random.next();
            let word = s(funct3, 6, 7, imm);
            cases.push(at(format!("{name} {imm:+}"), word, &[(6, DATA), (7, value)]));
        }
        let own = s(funct3, 6, 7, 0);
        cases.push(at(format!("{name} own code"), own, &[(6, PC), (7, random.next())]));
        let last = [(6, (1 << 32) - bytes), (7, random.next())];
        cases.push(at(format!("{name} last"), own, &last));
        cases.push(at(format!("{name} zero"), s(funct3, 6, 0, 0), &[(6, DATA)]));
        cases.push(at(format!("{name} new page"), own, &[(6, 0x4000_0000), (7, random.next())]));
    }
}

fn jumps(cases: &mut Vec<Case>, random: &mut Random) {
    for (name, funct3) in BRANCH {
        let a = random.next();
        for (a, b) in [(a, a), (1, u64::MAX), (u64::MAX, 1), (i64::MIN as u64, i64::MAX as u64)] {
            let imm = random.pick(&[-4096, -4, 8, 4094, 2, 0]);
            let word = b_type(funct3, imm);
            cases.push(at(format!("{name} {a:#x} {b:#x} {imm}"), word, &[(6, a), (7, b)]));
        }
    }
    for imm in [-0x10_0000, -4, 0, 2, 8, 0xf_fffe] {
        cases.push(at(format!("jal {imm}"), jal(1, imm), &[]));
    }
    cases.push(at("jal to x0", jal(0, 8), &[]));
    for (a, imm) in [(0x2000, 0), (0x2001, 4), (0x2002, -1), (0, -1), (u64::MAX, 1), (1 << 40, 0)] {
        cases.push(at(format!("jalr {a:#x} {imm}"), jalr(1, 6, imm), &[(6, a)]));
    }
    cases.push(at("jalr same register", jalr(6, 6, 12), &[(6, 0x2000)]));
    cases.push(at("jalr to x0", jalr(0, 6, 12), &[(6, 0x2000)]));
}

const fn b_type(funct3: u32, imm: i32) -> u32 {
    b(funct3, 6, 7, imm)
}

/// Instructions that trap, whatever the registers hold.
const ILLEGAL: [(&str, u32); 46] = [
    ("all zero", 0),
    ("all ones", u32::MAX),
    ("compressed", 0x0000_4501),
    ("ebreak", EBREAK),
    ("ecall with rd", 0x0000_00f3),
    ("ecall with rs1", 0x0000_8073),
    ("uret", 0x0020_0073),
    ("mret", 0x3020_0073),
    ("wfi", 0x1050_0073),
    ("csrrw", 0xc000_1073),
    ("csrrs", 0xc000_2573),
    ("csrrwi", 0x3000_5073),
    ("system funct3 4", 0x0000_4073),
    ("fence.i", 0x0000_100f),
    ("misc-mem funct3 2", 0x0000_200f),
    ("misc-mem funct3 7", 0x0000_700f),
    ("jalr funct3 1", i(0x67, 1, 5, 6, 0)),
    ("jalr funct3 7", i(0x67, 7, 5, 6, 0)),
    ("branch funct3 2", b(2, 6, 7, 8)),
    ("branch funct3 3", b(3, 6, 7, 8)),
    ("load funct3 7", i(0x03, 7, 5, 6, 0)),
    ("store funct3 4", s(4, 6, 7, 0)),
    ("store funct3 7", s(7, 6, 7, 0)),
    ("slli high bit", i(0x13, 1, 5, 6, 0x400)),
    ("slli reserved bit", i(0x13, 1, 5, 6, 0x041)),
    ("srli reserved bit", i(0x13, 5, 5, 6, 0x041 | 0x800)),
    ("srai reserved bit", i(0x13, 5, 5, 6, 0x480)),
    ("slliw shamt 32", i(0x1b, 1, 5, 6, 32)),
    ("srliw shamt 32", i(0x1b, 5, 5, 6, 32)),
    ("sraiw shamt 32", i(0x1b, 5, 5, 6, 0x420)),
    ("slliw funct7 0x20", i(0x1b, 1, 5, 6, 0x401)),
    ("op-imm-32 funct3 2", i(0x1b, 2, 5, 6, 1)),
    ("op-imm-32 funct3 7", i(0x1b, 7, 5, 6, 1)),
    ("op funct7 2", r(0x33, 0, 2, 5, 6, 7)),
    ("op funct7 0x40", r(0x33, 0, 0x40, 5, 6, 7)),
    ("op funct7 0x20 sll", r(0x33, 1, 0x20, 5, 6, 7)),
    ("op funct7 0x20 and", r(0x33, 7, 0x20, 5, 6, 7)),
    ("op funct7 0x21 mul", r(0x33, 0, 0x21, 5, 6, 7)),
    ("op-32 slt", r(0x3b, 2, 0, 5, 6, 7)),
    ("op-32 and", r(0x3b, 7, 0, 5, 6, 7)),
    ("op-32 mulh", r(0x3b, 1, 1, 5, 6, 7)),
    ("op-32 mulhu", r(0x3b, 3, 1, 5, 6, 7)),
    ("op-32 funct7 0x20 sllw", r(0x3b, 1, 0x20, 5, 6, 7)),
    ("amoadd.w", r(0x2f, 2, 0, 5, 6, 7)),
    ("flw", i(0x07, 2, 5, 6, 0)),
    ("lui of 48 bits", 0x0000_003f),
];

fn traps(cases: &mut Vec<Case>) {
    for (name, word) in ILLEGAL {
        cases.push(at(format!("trap: {name}"), word, &[(6, DATA)]));
    }
    for pc in [PC + 1, PC + 2, 1 << 32, (1 << 32) + PC, u64::MAX - 3] {
        let mut case = at(format!("trap: fetch {pc:#x}"), FENCE, &[]);
        let mut cpu = case.machine.cpu().clone();
        cpu.pc = pc;
        case.machine = Machine::new(cpu);
        cases.push(case);
    }
    for (name, funct3, bytes) in LOAD {
        for address in bad_addresses(bytes) {
            let word = i(0x03, funct3, 5, 6, 0);
            cases.push(at(format!("trap: {name} {address:#x}"), word, &[(6, address)]));
        }
    }
    for (name, funct3, bytes) in STORE {
        for address in bad_addresses(bytes) {
            let word = s(funct3, 6, 7, 0);
            cases.push(at(format!("trap: {name} {address:#x}"), word, &[(6, address)]));
        }
    }
}

fn bad_addresses(bytes: u64) -> Vec<u64> {
    let mut addresses = vec![1 << 32, u64::MAX - (bytes - 1)];
    addresses.extend([1, bytes / 2].iter().filter(|by| *by % bytes != 0).map(|by| DATA + by));
    addresses.dedup();
    addresses
}

fn ecalls(cases: &mut Vec<Case>) {
    for a0 in [0, 1, 2, 3, u64::MAX] {
        cases.push(at(format!("halt {a0:#x}"), ECALL, &[(17, 0), (10, a0)]));
    }
    for (a0, a1) in [(DATA, 32), (u64::MAX, u64::MAX), (0, 0)] {
        let registers = [(17, 2), (10, a0), (11, a1)];
        cases.push(at(format!("hint {a0:#x} {a1:#x}"), ECALL, &registers));
    }
    for a7 in [3, 4, 64, 93, 1 << 32, u64::MAX] {
        cases.push(at(format!("trap: ecall {a7:#x}"), ECALL, &[(17, a7), (10, 0)]));
    }
}

/// A machine about to read a pre-image.
pub(super) fn read(name: impl Into<String>, key: B256, offset: u64) -> Case {
    let word = |i: usize| u64::from_le_bytes(key[8 * i..8 * i + 8].try_into().unwrap());
    let key = [(10, word(0)), (11, word(1)), (12, word(2)), (13, word(3))];
    at(name, ECALL, &[&key[..], &[(14, offset), (17, 1)]].concat())
}

fn reads(cases: &mut Vec<Case>) {
    let mut host = known();
    let local = host.local(INPUT);
    for offset in [0, 32, 1 << 40, u64::MAX - 31] {
        cases.push(read(format!("read local {offset:#x}"), local, offset));
    }
    for preimage in PREIMAGES {
        for (name, key) in [("keccak", host.keccak(preimage)), ("sha256", host.sha256(preimage))] {
            for offset in [0, 32, 64, 96, 128] {
                if offset <= preimage.len() as u64 + 32 {
                    let name = format!("read {name} of {} at {offset}", preimage.len());
                    cases.push(read(name, key, offset));
                }
            }
            let name = format!("read {name} of {} far behind", preimage.len());
            cases.push(read(name, key, u64::MAX - 31));
        }
    }
    for (address, input, answer) in CALLS {
        let key = host.call(address, input, answer);
        cases.push(read(format!("read precompile {address:#x}"), key, 0));
        cases.push(read(format!("read precompile {address:#x} behind"), key, 32));
    }
    bad_reads(cases, &mut host);
}

/// Reads that trap before any evidence is asked for.
fn bad_reads(cases: &mut Vec<Case>, host: &mut Answers) {
    let (local, keccak) = (host.local(INPUT), host.keccak(b"a"));
    for kind in [0, 3, 7, 255] {
        let mut key = keccak;
        key[0] = kind;
        cases.push(read(format!("trap: read kind {kind}"), key, 0));
    }
    let mut other = local;
    other[31] = 1;
    cases.push(read("trap: read another local key", other, 0));
    for (name, key) in [("local", local), ("keccak", keccak), ("sha256", host.sha256(b"a"))] {
        for offset in [1, 16, u64::MAX] {
            cases.push(read(format!("trap: read {name} at {offset:#x}"), key, offset));
        }
    }
}

fn finals(cases: &mut Vec<Case>) {
    for status in [Status::Valid, Status::Invalid, Status::Panicked] {
        let mut case = at(format!("final {status:?}"), addi(1, 1, 1), &[]);
        let mut cpu = case.machine.cpu().clone();
        cpu.status = status;
        case.machine = Machine::new(cpu);
        cases.push(case);
    }
    let mut case = at("the last step of all", addi(1, 1, 1), &[]);
    let mut cpu = case.machine.cpu().clone();
    cpu.step = u64::MAX;
    case.machine = Machine::new(cpu);
    case.machine.write(PC, &addi(1, 1, 1).to_le_bytes()).unwrap();
    cases.push(case);
}

/// Memory without zeros nearby: every sibling below a page's height is given, and some above.
fn dense(cases: &mut Vec<Case>, random: &mut Random) {
    for (name, word) in [("ld", i(0x03, 3, 5, 6, 8)), ("sd", s(3, 6, 7, 8))] {
        let mut case = at(format!("{name} in dense memory"), word, &[(6, DATA)]);
        for page in [PC & !0xfff, DATA & !0xfff] {
            let bytes: Vec<u8> = (0..4096).map(|_| random.next() as u8).collect();
            case.machine.write(page, &bytes).unwrap();
            for level in 12..31 {
                case.machine.write(page ^ 1 << level, &[level]).unwrap();
            }
        }
        case.machine.write(PC, &word.to_le_bytes()).unwrap();
        cases.push(case);
    }
}
