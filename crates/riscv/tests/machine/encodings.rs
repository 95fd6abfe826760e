//! Every combination of opcode, funct3 and funct7 either is an instruction or traps.

use crate::{
    programs::{PC, machine},
    support::{asm::*, host::Answers},
};
use altana_riscv::Status;

/// What the specification knows, by its tables.
fn is_instruction(opcode: u32, funct3: u32, funct7: u32) -> bool {
    match opcode {
        0x37 | 0x17 | 0x6f => true,
        0x67 | 0x0f => funct3 == 0,
        0x63 => BRANCH.iter().any(|row| row.1 == funct3),
        0x03 => LOAD.iter().any(|row| row.1 == funct3),
        0x23 => STORE.iter().any(|row| row.1 == funct3),
        0x13 => match funct3 {
            1 => funct7 < 2,
            5 => matches!(funct7, 0 | 1 | 0x20 | 0x21),
            _ => true,
        },
        0x1b => matches!((funct3, funct7), (0, _) | (1 | 5, 0) | (5, 0x20)),
        0x33 | 0x3b => REGISTER.iter().any(|row| (row.1, row.2, row.3) == (opcode, funct3, funct7)),
        _ => false,
    }
}

#[test]
fn whatever_is_not_an_instruction_traps() {
    let mut machine = machine(&[], &[(6, 0x8000_0000), (7, 5)]);
    let start = machine.snapshot();
    let mut check = |opcode, funct3, funct7| {
        // rd and rs2 are zero, so that every immediate is aligned.
        let word = r(opcode, funct3, funct7, 0, 6, 0);
        let status = if is_instruction(opcode, funct3, funct7) {
            Status::Unfinished
        } else {
            Status::Panicked
        };
        for fast in [true, false] {
            machine.restore(&start);
            machine.write(PC, &word.to_le_bytes()).unwrap();
            if fast {
                machine.run(1, &mut Answers::default()).unwrap();
            } else {
                machine.step(&mut Answers::default()).unwrap();
            }
            let found = (machine.cpu().status, machine.cpu().step);
            assert_eq!(found, (status, 1), "{word:#010x}, fast: {fast}");
        }
    };
    for opcode in 0..128 {
        let funct7s = if opcode & 3 == 3 { 128 } else { 1 };
        for funct3 in 0..8 {
            (0..funct7s).for_each(|funct7| check(opcode, funct3, funct7));
        }
    }
}

#[test]
fn system_instructions_but_ecall_trap() {
    // Every bit of ECALL counts, but those of its opcode, which the test above covers.
    for bit in 7..32 {
        for registers in [&[(17, 0)], &[(17, 2)]] {
            let mut machine = machine(&[ECALL ^ 1 << bit], registers);
            machine.run(1, &mut Answers::default()).unwrap();
            assert_eq!(machine.cpu().status, Status::Panicked, "bit {bit}");
            assert_eq!(machine.cpu().x[17], registers[0].1);
        }
    }
}
