//! Programs that write to their own code.

use crate::{
    programs::{PC, machine, step},
    support::{asm::*, host::Answers},
};
use altana_riscv::{Machine, Status};

/// Stores the instruction in x7 at x6, and makes `jumps` rounds of a loop over that place.
///
/// x5 counts what the place executes: `addi x5, x5, 1` before it is overwritten.
fn patching(place: u64, store_funct3: u32) -> Machine {
    let words = [
        jal(1, (place - PC) as i32), // executed as it was
        s(store_funct3, 6, 7, 0),    // overwritten
        jal(1, (place - PC) as i32 - 8),
        addi(10, 0, 0),
        addi(17, 0, 0),
        ECALL,
    ];
    let patch = addi(5, 5, 100);
    let registers = [(6, place), (7, u64::from(patch) | u64::from(jalr(0, 1, 0)) << 32)];
    let mut machine = machine(&words, &registers);
    machine.write(place, &bytes(&[addi(5, 5, 1), jalr(0, 1, 0)])).unwrap();
    machine
}

#[test]
fn what_was_stored_is_executed() {
    // On the page of the store, and on another.
    for place in [PC + 0x100, PC + 0x2000, PC + 0x1000, PC + 0xff8] {
        for funct3 in [2, 3] {
            let mut fast = patching(place, funct3);
            assert_eq!(fast.run(u64::MAX, &mut Answers::default()), Ok(Status::Valid));
            assert_eq!(fast.cpu().x[5], 101, "{place:#x}");

            let mut single = patching(place, funct3);
            while single.cpu().status == Status::Unfinished {
                step(&mut single, &mut Answers::default());
            }
            assert_eq!(single.state(), fast.state());
        }
    }
}

#[test]
fn the_very_next_instruction_may_be_overwritten() {
    let words = [s(2, 6, 7, 0), addi(5, 5, 1), addi(5, 5, 10), 0];
    let registers = [(6, PC + 4), (7, u64::from(addi(5, 5, 100)))];
    let mut machine = machine(&words, &registers);
    assert_eq!(machine.run(10, &mut Answers::default()), Ok(Status::Panicked));
    assert_eq!((machine.cpu().x[5], machine.cpu().step), (110, 4));
}

#[test]
fn a_loop_that_rewrites_itself_counts_right() {
    // Each round stores to its own page, and adds one to the immediate of an instruction ahead.
    let words = [
        s(2, 6, 7, 0),          // store the instruction
        i(0x13, 0, 5, 5, 0),    // overwritten: addi x5, x5, round
        r(0x33, 0, 0, 7, 7, 8), // its next form
        addi(9, 9, -1),
        b(1, 9, 0, -16),
        0,
    ];
    let registers = [(6, PC + 4), (7, u64::from(addi(5, 5, 1))), (8, 1 << 20), (9, 50)];
    let mut machine = machine(&words, &registers);
    assert_eq!(machine.run(1000, &mut Answers::default()), Ok(Status::Panicked));
    assert_eq!(machine.cpu().x[5], (1..=50).sum::<u64>());
}

#[test]
fn code_that_is_written_or_restored_from_outside_is_executed() {
    let mut machine = machine(&[addi(5, 5, 1), jal(0, -4)], &[]);
    let start = machine.snapshot();
    machine.run(10, &mut Answers::default()).unwrap();
    assert_eq!(machine.cpu().x[5], 5);
    machine.write(PC, &addi(5, 5, 100).to_le_bytes()).unwrap();
    machine.run(20, &mut Answers::default()).unwrap();
    assert_eq!(machine.cpu().x[5], 505);
    machine.restore(&start);
    machine.run(10, &mut Answers::default()).unwrap();
    assert_eq!(machine.cpu().x[5], 5);
}

#[test]
fn code_may_run_across_pages_and_to_the_end_of_memory() {
    let mut machine = machine(&[], &[]);
    let nops = vec![addi(5, 5, 1); 3 * 1024];
    machine.write(PC, &bytes(&nops)).unwrap();
    machine.run(3 * 1024, &mut Answers::default()).unwrap();
    assert_eq!((machine.cpu().x[5], machine.cpu().pc), (3 * 1024, PC + 0x3000));

    let mut machine = Machine::new(altana_riscv::Cpu::new(0xffff_fff8));
    machine.write(0xffff_fff8, &bytes(&[addi(5, 5, 1); 2])).unwrap();
    assert_eq!(machine.run(9, &mut Answers::default()), Ok(Status::Panicked));
    let cpu = machine.cpu();
    assert_eq!((cpu.x[5], cpu.pc, cpu.step), (2, 1 << 32, 3));
}

#[test]
fn a_program_may_have_more_pages_of_code_than_are_kept_decoded() {
    const PAGES: u32 = 9000;
    let mut machine = machine(&[], &[(1, PC)]);
    for page in 0..u64::from(PAGES) {
        let next = if page + 1 < PAGES.into() { jal(0, 4092) } else { jalr(0, 1, 0) };
        machine.write(PC + page * 4096, &bytes(&[addi(5, 5, 1), next])).unwrap();
    }
    machine.run(4 * u64::from(PAGES), &mut Answers::default()).unwrap();
    assert_eq!((machine.cpu().x[5], machine.cpu().pc), (2 * u64::from(PAGES), PC));
}
