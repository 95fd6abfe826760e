//! Small machines for the tests, and the three ways to make a step, which must agree.

use crate::support::{
    asm::{self, Reg},
    host::Answers,
};
use alloy_primitives::B256;
use altana_riscv::{Cpu, Machine, verify_step};

/// Where programs start.
pub(crate) const PC: u64 = 0x1_0000;

/// The game's input.
pub(crate) const INPUT: B256 = B256::repeat_byte(0x77);

/// A machine with these instructions at [`PC`] and these registers.
pub(crate) fn machine(words: &[u32], registers: &[(Reg, u64)]) -> Machine {
    let mut cpu = Cpu::new(PC);
    for (register, value) in registers {
        cpu.x[*register as usize] = *value;
    }
    let mut machine = Machine::new(cpu);
    machine.write(PC, &asm::bytes(words)).unwrap();
    machine
}

/// Makes a step as the fast loop does, and checks that the plain interpreter and the verifier find
/// the same.
pub(crate) fn step(machine: &mut Machine, host: &mut Answers) {
    let witness = machine.witness(host).unwrap();
    let (before, after) = verify_step(&witness, INPUT, host).unwrap();
    assert_eq!(machine.state_hash(), before);
    let mut plain = machine.clone();
    plain.step(host).unwrap();
    assert_eq!(plain.state_hash(), after, "plain: {:?}", plain.cpu());
    // A store to a page that is open takes another way than the first to that page.
    let mut open = machine.clone();
    let address = open.cpu().x[1..].iter().find(|x| **x >> 31 == 1);
    if let Some(Ok(byte)) = address.map(|address| open.read(*address, 1)) {
        open.write(*address.unwrap(), &byte).unwrap();
    }
    for machine in [machine, &mut open] {
        machine.run(machine.cpu().step + 1, host).unwrap();
        assert_eq!(machine.state_hash(), after, "fast: {:?}", machine.cpu());
    }
}

/// The machine after one instruction.
pub(crate) fn after(word: u32, registers: &[(Reg, u64)]) -> Machine {
    let mut machine = machine(&[word], registers);
    step(&mut machine, &mut Answers::default());
    machine
}
