//! Random programs: whatever way a step is made, it leads to the same state.

use crate::{
    programs::{INPUT, PC},
    support::{asm::*, host::Answers, random::Random},
};
use alloy_primitives::B256;
use altana_riscv::{BlobElement, Cpu, Kind, Machine, Status, verify_step};
use proptest::prelude::*;

/// Data, with a table of keys at its start.
const DATA: u64 = 0x8000_0000;
/// Registers that no instruction writes to: pointers to data, to code, to the end of memory, and
/// two instructions.
const TO_DATA: Reg = 27;
const TO_DATA_END: Reg = 28;
const TO_CODE: Reg = 29;
const TO_END: Reg = 30;
const PATCH: Reg = 31;
/// Registers below this one are free.
const FREE: u64 = 27;
/// Instructions of a program: two pages and a bit.
const WORDS: usize = 2200;

/// A machine with a random program, and a host that knows the keys in its data.
pub(crate) fn random_machine(seed: u64) -> (Machine, Answers) {
    let mut random = Random(seed);
    let mut cpu = Cpu::new(PC);
    cpu.x[1..].fill_with(|| random.operand());
    for (register, value) in [
        (TO_DATA, DATA),
        (TO_DATA_END, DATA + 4096),
        (TO_CODE, PC + random.below(WORDS as u64 / 8) * 8),
        (TO_END, (1 << 32) - 2048),
    ] {
        cpu.x[register as usize] = value;
    }
    let patch = [simple(&mut random), simple(&mut random)];
    cpu.x[PATCH as usize] = u64::from(patch[0]) | u64::from(patch[1]) << 32;
    let mut words = Vec::new();
    while words.len() < WORDS {
        instruction(&mut random, &mut words);
    }
    let mut machine = Machine::new(cpu);
    machine.write(PC, &bytes(&words)).unwrap();
    let (host, keys) = host();
    machine.write(DATA, keys.as_flattened()).unwrap();
    (machine, host)
}

/// A host, and the keys that it knows.
pub(crate) fn host() -> (Answers, Vec<[u8; 32]>) {
    let mut host = Answers::default();
    let element = BlobElement {
        versioned_hash: B256::repeat_byte(1),
        index: 1234,
        element: B256::repeat_byte(2),
        commitment: [3; 48],
        proof: [4; 48],
    };
    let keys = [
        host.local(INPUT),
        host.keccak(b"a pre-image of more than 32 bytes, but not of 64"),
        host.sha256(b""),
        host.blob(element),
        host.call(5, b"some input", b"\x01the result"),
        Kind::Local.key(B256::repeat_byte(9)),
    ];
    (host, keys.map(|key| key.0).to_vec())
}

/// An instruction that only computes.
fn simple(random: &mut Random) -> u32 {
    let (rd, rs1, rs2) =
        (random.below(FREE) as Reg, random.below(32) as Reg, random.below(32) as Reg);
    let imm = random.below(4096) as i32;
    match random.below(5) {
        0 | 1 => {
            let (_, opcode, funct3, funct7) = random.pick(&REGISTER);
            r(opcode, funct3, funct7, rd, rs1, rs2)
        }
        2 => {
            let (_, opcode, funct3) = random.pick(&IMMEDIATE);
            i(opcode, funct3, rd, rs1, imm)
        }
        3 => {
            let (_, opcode, funct3, above, bits) = random.pick(&SHIFT);
            i(opcode, funct3, rd, rs1, above | imm & ((1 << bits) - 1))
        }
        _ => random.pick(&[
            lui(rd, random_upper(rs2, imm)),
            auipc(rd, random_upper(rs1, imm)),
            FENCE,
        ]),
    }
}

const fn random_upper(register: Reg, imm: i32) -> u32 {
    (imm as u32) << 20 | register << 15
}

fn instruction(random: &mut Random, words: &mut Vec<u32>) {
    match random.below(100) {
        0..45 => words.push(simple(random)),
        45..60 => words.push(load(random)),
        60..75 => words.push(store(random)),
        75..92 => words.push(jump(random)),
        92..96 => read(random, words),
        96..98 => words.extend([addi(17, 0, 2), ECALL]),
        98 => {
            let (a0, a7) = (random.below(3) as i32, random.pick(&[0, 0, 3]));
            words.extend([addi(10, 0, a0), addi(17, 0, a7), ECALL]);
        }
        _ => words.push(random.next() as u32),
    }
}

/// Mostly aligned.
fn offset(random: &mut Random, bytes: u64) -> i32 {
    let offset = random.below(4096) as i32 - 2048;
    if random.below(50) == 0 { offset } else { offset & -(bytes as i32) }
}

fn load(random: &mut Random) -> u32 {
    let (_, funct3, bytes) = random.pick(&LOAD);
    let pointer = random.pick(&[TO_DATA, TO_DATA_END, TO_CODE, TO_END]);
    i(0x03, funct3, random.below(FREE) as Reg, pointer, offset(random, bytes))
}

fn store(random: &mut Random) -> u32 {
    if random.below(5) == 0 {
        // The program changes itself.
        let (funct3, bytes) = random.pick(&[(2, 4), (3, 8)]);
        return s(funct3, TO_CODE, PATCH, offset(random, bytes));
    }
    let (_, funct3, bytes) = random.pick(&STORE);
    let pointer = random.pick(&[TO_DATA_END, TO_DATA_END, TO_END]);
    let imm = offset(random, bytes);
    // The keys stay.
    let imm = if pointer == TO_DATA_END { imm.abs() & -(bytes as i32) & 2047 } else { imm };
    s(funct3, pointer, random.below(32) as Reg, imm)
}

fn jump(random: &mut Random) -> u32 {
    let instructions = random.pick(&[2, 3, 5, 17, -9, 400, 1000]);
    let imm = instructions * 4 + if random.below(60) == 0 { 2 } else { 0 };
    let rd = random.below(FREE) as Reg;
    match random.below(6) {
        0 => jal(rd, imm),
        1 => jalr(rd, TO_CODE, (imm & 1023) | random.below(2) as i32),
        _ => {
            let (_, funct3) = random.pick(&BRANCH);
            b(funct3, random.below(32) as Reg, random.below(32) as Reg, imm & 4095)
        }
    }
}

/// Loads a key from the table, and reads.
fn read(random: &mut Random, words: &mut Vec<u32>) {
    let keys = random.pick(&[5, 5, 5, 5, 6]);
    let key = random.below(keys) as i32;
    words.extend((0..4).map(|word| i(0x03, 3, 10 + word, TO_DATA, key * 32 + word as i32 * 8)));
    let offset = random.pick(&[0, 0, 0, 32, 32, 64, 1024, -32, 1]);
    words.extend([addi(14, 0, offset), addi(17, 0, 1), ECALL]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_step_is_verified(seed: u64) {
        let (mut machine, mut host) = random_machine(seed);
        for step in 0..150 {
            // Whoever jumps into the middle of a read asks for a key that nobody knows.
            let Ok(witness) = machine.witness(&mut host) else { break };
            let (before, after) = verify_step(&witness, INPUT, &host).unwrap();
            prop_assert_eq!(machine.state_hash(), before);
            machine.run(step + 1, &mut host).unwrap();
            prop_assert_eq!(machine.state_hash(), after, "step {}, {:?}", step, machine.cpu());
        }
    }

    #[test]
    fn fast_and_plain_agree_over_many_steps(seed: u64) {
        let (mut fast, mut host) = random_machine(seed);
        let mut plain = fast.clone();
        let mut random = Random(seed);
        let (mut until, mut found) = (0, Ok(Status::Unfinished));
        while until < 5000 && found == Ok(Status::Unfinished) {
            until += random.below(500);
            found = fast.run(until, &mut host);
            for _ in plain.cpu().step..fast.cpu().step {
                plain.step(&mut host).unwrap();
            }
            prop_assert_eq!(fast.cpu(), plain.cpu());
            if random.below(4) == 0 {
                prop_assert_eq!(fast.state_hash(), plain.state_hash());
            }
        }
        prop_assert_eq!(fast.state_hash(), plain.state_hash());
        prop_assert_eq!(found.is_err(), plain.step(&mut host).is_err());
    }
}

/// The programs would test little if they trapped at once.
#[test]
fn random_programs_run_long_and_end_in_every_way() {
    let (mut steps, mut ends, mut missing) = (0, [0; 4], 0);
    for seed in 0..300 {
        let (mut machine, mut host) = random_machine(seed);
        missing += u64::from(machine.run(5000, &mut host).is_err());
        steps += machine.cpu().step;
        ends[machine.cpu().status as usize] += 1;
    }
    assert!(steps > 300 * 100, "{steps} steps");
    assert!(missing < 30, "{missing} programs ask for what nobody knows");
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
}
