//! Every instruction at its edges: what the specification says, row by row.

use crate::{
    programs::{PC, after, machine, step},
    support::{asm::*, host::Answers},
};
use altana_riscv::Status;

const MIN: u64 = i64::MIN as u64;
const MIN32: u64 = i32::MIN as i64 as u64;
const MAX: u64 = u64::MAX;
/// A page of data.
const DATA: u64 = 0x8000_0000;

/// `name x5, a, b` gives `expect`.
fn check(name: &str, a: u64, b: u64, expect: u64) {
    let (_, opcode, funct3, funct7) =
        *REGISTER.iter().find(|row| row.0 == name).expect("a known name");
    let machine = after(r(opcode, funct3, funct7, 5, 6, 7), &[(6, a), (7, b)]);
    let cpu = machine.cpu();
    assert_eq!(cpu.x[5], expect, "{name} {a:#x} {b:#x} gives {:#x}", cpu.x[5]);
    assert_eq!((cpu.pc, cpu.step, cpu.status), (PC + 4, 1, Status::Unfinished), "{name}");
}

#[test]
fn division_by_zero_and_overflow_have_results() {
    for (name, a, b, expect) in [
        ("div", 7, 0, MAX),
        ("div", MIN, MAX, MIN),
        ("div", -7i64 as u64, 2, -3i64 as u64),
        ("divu", 7, 0, MAX),
        ("divu", MIN, MAX, 0),
        ("rem", 7, 0, 7),
        ("rem", MIN, 0, MIN),
        ("rem", MIN, MAX, 0),
        ("rem", -7i64 as u64, 2, -1i64 as u64),
        ("rem", 7, -2i64 as u64, 1),
        ("remu", 7, 0, 7),
        ("remu", MIN, MAX, MIN),
        ("divw", 7, 0, MAX),
        ("divw", 7, 1 << 32, MAX),
        ("divw", MIN32, MAX, MIN32),
        ("divw", 0x8000_0000, 0xffff_ffff, MIN32),
        ("divw", 0x1_0000_0008, 2, 4),
        ("divuw", 7, 0, MAX),
        ("divuw", MIN32, MAX, 0),
        ("divuw", 0xffff_ffff, 1, MAX),
        ("remw", 0xffff_fff9, 0, -7i64 as u64),
        ("remw", MIN32, MAX, 0),
        ("remw", -7i64 as u64, 2, -1i64 as u64),
        ("remuw", 0xffff_fff9, 0, -7i64 as u64),
        ("remuw", 0x8000_0000, 0xffff_ffff, MIN32),
        ("remuw", 0xffff_ffff, 0x1_0000_0010, 15),
    ] {
        check(name, a, b, expect);
    }
}

#[test]
fn products_have_a_low_and_a_high_half() {
    for (name, a, b, expect) in [
        ("mul", MIN, MAX, MIN),
        ("mul", 1 << 32, 1 << 32, 0),
        ("mulh", MIN, MIN, 1 << 62),
        ("mulh", MAX, MAX, 0),
        ("mulh", MAX, 1, MAX),
        ("mulh", MIN, MAX, 0),
        ("mulhu", MAX, MAX, MAX - 1),
        ("mulhu", MIN, 2, 1),
        ("mulhsu", MAX, MAX, MAX),
        ("mulhsu", MIN, MAX, MIN),
        ("mulhsu", 1, MAX, 0),
        ("mulhsu", i64::MAX as u64, MAX, i64::MAX as u64 - 1),
        ("mulw", 0x8000_0000, 2, 0),
        ("mulw", 0x7fff_ffff, 3, 0x7fff_fffd),
        ("mulw", 0x1_0000_0001, 0x8000_0000, MIN32),
    ] {
        check(name, a, b, expect);
    }
}

#[test]
fn shifts_use_six_or_five_bits_of_the_amount() {
    for (name, a, b, expect) in [
        ("sll", 1, 63, MIN),
        ("sll", 1, 64, 1),
        ("sll", 1, MAX, MIN),
        ("srl", MIN, 63, 1),
        ("srl", MIN, 64 + 62, 2),
        ("sra", MIN, 63, MAX),
        ("sra", MIN, 64, MIN),
        ("sllw", 1, 31, MIN32),
        ("sllw", 1, 32, 1),
        ("sllw", 0x1_8000_0001, 0, MIN32 + 1),
        ("srlw", 0xffff_ffff_8000_0000, 31, 1),
        ("srlw", 0x8000_0000, 32, MIN32),
        ("sraw", 0x8000_0000, 31, MAX),
        ("sraw", 0x1_7000_0000, 28, 7),
        ("sraw", 0x8000_0000, 64, MIN32),
    ] {
        check(name, a, b, expect);
    }
    for (name, a, amount, expect) in [
        ("slli", 1, 63, MIN),
        ("srli", MIN, 63, 1),
        ("srai", MIN, 63, MAX),
        ("srai", MIN, 0, MIN),
        ("slliw", 0x1_0000_0001, 31, MIN32),
        ("srliw", 0xffff_ffff_8000_0000, 31, 1),
        ("srliw", 0x8000_0000, 0, MIN32),
        ("sraiw", 0x8000_0000, 31, MAX),
    ] {
        let row = SHIFT.iter().find(|row| row.0 == name).expect("a known name");
        let machine = after(i(row.1, row.2, 5, 6, row.3 | amount), &[(6, a)]);
        assert_eq!(machine.cpu().x[5], expect, "{name} {a:#x} {amount}");
    }
}

#[test]
fn words_are_extended_by_their_sign() {
    for (name, a, b, expect) in [
        ("addw", 0x7fff_ffff, 1, MIN32),
        ("addw", 0xffff_ffff_0000_0000, 1, 1),
        ("subw", 0, 1, MAX),
        ("subw", MIN32, 1, 0x7fff_ffff),
        ("add", MAX, 1, 0),
        ("sub", 0, 1, MAX),
        ("slt", MAX, 0, 1),
        ("slt", 0, MIN, 0),
        ("sltu", MAX, 0, 0),
        ("sltu", 0, MIN, 1),
        ("xor", MAX, MIN, i64::MAX as u64),
        ("or", 1, MIN, MIN + 1),
        ("and", MAX, MIN, MIN),
    ] {
        check(name, a, b, expect);
    }
}

#[test]
fn immediates_are_extended_by_their_sign() {
    for (name, a, imm, expect) in [
        ("addi", 0, -2048, -2048i64 as u64),
        ("addi", MAX, 1, 0),
        ("slti", MAX, 0, 1),
        ("slti", MIN, -2048, 1),
        ("sltiu", 5, -1, 1),
        ("sltiu", MAX, -1, 0),
        ("xori", 0, -1, MAX),
        ("ori", 0, -2048, -2048i64 as u64),
        ("andi", MAX, -2048, -2048i64 as u64),
        ("andi", MAX, 2047, 2047),
        ("addiw", 0x7fff_ffff, 1, MIN32),
        ("addiw", 0x1_ffff_ffff, 0, MAX),
    ] {
        let row = IMMEDIATE.iter().find(|row| row.0 == name).expect("a known name");
        let machine = after(i(row.1, row.2, 5, 6, imm), &[(6, a)]);
        assert_eq!(machine.cpu().x[5], expect, "{name} {a:#x} {imm}");
    }
    for (word, expect) in [
        (lui(5, 0x8000_0000), MIN32),
        (lui(5, 0x7fff_f000), 0x7fff_f000),
        (auipc(5, 0x8000_0000), MIN32 + PC),
        (auipc(5, 0xffff_f000), PC - 0x1000),
        (auipc(5, 0), PC),
    ] {
        assert_eq!(after(word, &[]).cpu().x[5], expect, "{word:#010x}");
    }
}

#[test]
fn loads_extend_what_they_load() {
    let data = 0xfedc_ba98_8081_82f3u64;
    for (name, offset, expect) in [
        ("lb", 0, 0xffff_ffff_ffff_fff3),
        ("lbu", 0, 0xf3),
        ("lb", 7, -2i64 as u64),
        ("lh", 0, 0xffff_ffff_ffff_82f3),
        ("lhu", 0, 0x82f3),
        ("lhu", 6, 0xfedc),
        ("lw", 0, 0xffff_ffff_8081_82f3),
        ("lwu", 0, 0x8081_82f3),
        ("lw", 4, 0xffff_ffff_fedc_ba98),
        ("ld", 0, data),
    ] {
        let (_, funct3, _) = LOAD.iter().find(|row| row.0 == name).expect("a known name");
        // Both ends of a page, and of memory.
        for at in [DATA, DATA + 4096 - 8, (1 << 32) - 8, 0] {
            let imm = 16;
            let mut machine =
                machine(&[i(0x03, *funct3, 5, 6, imm)], &[(6, (at + offset).wrapping_sub(16))]);
            machine.write(at, &data.to_le_bytes()).unwrap();
            step(&mut machine, &mut Answers::default());
            assert_eq!(machine.cpu().x[5], expect, "{name} {:#x}", at + offset);
        }
    }
}

#[test]
fn stores_change_just_their_bytes() {
    for (name, offset, expect) in [
        ("sb", 3, 0x1111_1111_ef11_1111u64),
        ("sh", 6, 0xcdef_1111_1111_1111),
        ("sw", 0, 0x1111_1111_89ab_cdef),
        ("sd", 0, 0x0123_4567_89ab_cdef),
    ] {
        let (_, funct3, _) = STORE.iter().find(|row| row.0 == name).expect("a known name");
        for at in [DATA, DATA + 4096 - 8, (1 << 32) - 8, 0] {
            let registers = [(6, (at + offset).wrapping_add(9)), (7, 0x0123_4567_89ab_cdef)];
            let mut machine = machine(&[s(*funct3, 6, 7, -9)], &registers);
            machine.write(at, &[0x11; 8]).unwrap();
            step(&mut machine, &mut Answers::default());
            assert_eq!(machine.read(at, 8).unwrap(), expect.to_le_bytes(), "{name} {at:#x}");
        }
    }
}

#[test]
fn misaligned_and_far_accesses_trap() {
    let accesses = LOAD
        .map(|(name, funct3, bytes)| (name, i(0x03, funct3, 5, 6, 0), bytes))
        .into_iter()
        .chain(STORE.map(|(name, funct3, bytes)| (name, s(funct3, 6, 7, 0), bytes)));
    for (name, word, bytes) in accesses {
        for address in (DATA..DATA + 40).chain(0xffff_ffe0..(1 << 32) + 8) {
            let machine = after(word, &[(6, address), (7, 9)]);
            let good = address % bytes == 0 && address < 1 << 32;
            let expect = if good { Status::Unfinished } else { Status::Panicked };
            assert_eq!(machine.cpu().status, expect, "{name} {address:#x}");
        }
        for address in [MAX - 7, MIN, 1 << 40, (1 << 32) + DATA, 0u64.wrapping_sub(DATA)] {
            let machine = after(word, &[(6, address), (7, 9)]);
            assert_eq!(machine.cpu().status, Status::Panicked, "{name} {address:#x}");
        }
    }
}

#[test]
fn a_trap_changes_only_status_and_step() {
    let words =
        [0, EBREAK, i(0x03, 3, 5, 6, 1), s(3, 6, 7, 1), i(0x67, 1, 5, 6, 0), b(2, 6, 7, 8), ECALL];
    for word in words {
        let registers = [(6, DATA), (7, 9), (5, 1), (17, 3)];
        let mut machine = machine(&[word], &registers);
        let before = machine.state();
        step(&mut machine, &mut Answers::default());
        let mut expect = before;
        expect.cpu.step = 1;
        expect.cpu.status = Status::Panicked;
        assert_eq!(machine.state(), expect, "{word:#010x}");
    }
}

#[test]
fn jumps_go_where_they_say_and_bad_targets_trap_later() {
    for (word, a, pc, x5) in [
        (jal(5, 8), 0, PC + 8, PC + 4),
        (jal(5, -0x1_0000), 0, 0, PC + 4),
        (jal(5, -0x1_0004), 0, MAX - 3, PC + 4),
        (jal(5, 0xf_fffe), 0, PC + 0xf_fffe, PC + 4),
        (jal(0, 0), 0, PC, 0),
        (jalr(5, 6, 0), DATA + 1, DATA, PC + 4),
        (jalr(5, 6, 3), DATA, DATA + 2, PC + 4),
        (jalr(5, 6, -1), 0, MAX - 1, PC + 4),
        (jalr(5, 6, 0), 1 << 32, 1 << 32, PC + 4),
        (jalr(5, 5, 4), 0, 4, PC + 4),
        (jalr(0, 6, 0), MAX, MAX - 1, 0),
    ] {
        let mut machine = machine(&[word], &[(6, a)]);
        step(&mut machine, &mut Answers::default());
        let cpu = machine.cpu();
        assert_eq!((cpu.pc, cpu.x[5], cpu.status), (pc, x5, Status::Unfinished), "{word:#010x}");
        if pc != PC {
            // Either a bad fetch, or there is nothing but zeros.
            step(&mut machine, &mut Answers::default());
            assert_eq!(machine.cpu().status, Status::Panicked);
            assert_eq!((machine.cpu().pc, machine.cpu().step), (pc, 2));
        }
    }
}

#[test]
fn branches_compare_with_and_without_sign() {
    for (name, a, b, taken) in [
        ("beq", 1, 1, true),
        ("beq", 1, 1 << 32 | 1, false),
        ("bne", 1, 1, false),
        ("bne", 1, 1 << 32 | 1, true),
        ("blt", MAX, 0, true),
        ("blt", 0, 0, false),
        ("blt", 0, MIN, false),
        ("bge", 0, 0, true),
        ("bge", 0, MIN, true),
        ("bge", MAX, 0, false),
        ("bltu", MAX, 0, false),
        ("bltu", 0, MIN, true),
        ("bgeu", MAX, 0, true),
        ("bgeu", 0, 0, true),
        ("bgeu", 0, MIN, false),
    ] {
        let (_, funct3) = BRANCH.iter().find(|row| row.0 == name).expect("a known name");
        for imm in [-4096, -4, 0, 2, 4, 8, 2048, 4094] {
            let machine = after(self::b(*funct3, 6, 7, imm), &[(6, a), (7, b)]);
            let expect = if taken { PC.wrapping_add(imm as u64) } else { PC + 4 };
            assert_eq!(machine.cpu().pc, expect, "{name} {a:#x} {b:#x} {imm}");
            assert_eq!(machine.cpu().status, Status::Unfinished);
        }
    }
}

#[test]
fn nothing_is_written_to_x0() {
    let words = REGISTER
        .map(|(_, opcode, funct3, funct7)| r(opcode, funct3, funct7, 0, 6, 7))
        .into_iter()
        .chain(IMMEDIATE.map(|(_, opcode, funct3)| i(opcode, funct3, 0, 6, -1)))
        .chain(SHIFT.map(|(_, opcode, funct3, above, _)| i(opcode, funct3, 0, 6, above)))
        .chain(LOAD.map(|(_, funct3, _)| i(0x03, funct3, 0, 6, 0)))
        .chain([lui(0, 0x1000), auipc(0, 0x1000), jal(0, 4), jalr(0, 8, 4)]);
    for word in words {
        // The second instruction reads x0.
        let mut machine = machine(&[word, addi(5, 0, 1)], &[(6, DATA), (7, 3), (8, PC)]);
        machine.write(DATA, &[0xff; 8]).unwrap();
        machine.run(2, &mut Answers::default()).unwrap();
        assert_eq!((machine.cpu().x[0], machine.cpu().x[5]), (0, 1), "{word:#010x}");
    }
}

#[test]
fn a_program_halts_with_its_verdict() {
    for (a0, status) in [
        (0, Status::Valid),
        (1, Status::Invalid),
        (2, Status::Panicked),
        (3, Status::Panicked),
        (1 << 32, Status::Panicked),
        (MAX, Status::Panicked),
    ] {
        let mut machine = machine(&[ECALL, addi(5, 0, 1)], &[(17, 0), (10, a0), (11, 42)]);
        step(&mut machine, &mut Answers::default());
        let halted = machine.state();
        assert_eq!((halted.cpu.status, halted.cpu.pc, halted.cpu.step), (status, PC, 1));
        assert_eq!((halted.cpu.x[10], halted.cpu.x[11]), (a0, 42));
        assert_eq!(machine.state_hash()[0], status as u8);
        // A final state stays as it is.
        assert_eq!(machine.run(1000, &mut Answers::default()), Ok(status));
        machine.step(&mut Answers::default()).unwrap();
        assert_eq!(machine.state(), halted);
        assert_eq!(machine.witness(&mut Answers::default()).unwrap(), halted.encode());
    }
}

#[test]
fn fences_do_nothing() {
    for word in [FENCE, 0x0000_000f, 0x8330_000f, 0x0100_000f, 0xffff_8f8f] {
        let mut machine = machine(&[word], &[(31, 5)]);
        let mut expect = machine.state();
        step(&mut machine, &mut Answers::default());
        (expect.cpu.pc, expect.cpu.step) = (PC + 4, 1);
        assert_eq!(machine.state(), expect, "{word:#010x}");
    }
}
