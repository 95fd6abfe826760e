//! QEMU's user mode is a second opinion: it runs the same executables, and every instruction must
//! leave the same registers.
//!
//! After each instruction the program itself stores all its registers behind one another, and at
//! the end it writes them to stdout, with its data. So nothing depends on how QEMU prints a trace.

mod support;

use altana_riscv::{Machine, Status};
use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
};
use support::{asm::*, elf::executable, host::Answers, random::Random};

/// The program of Debian's package qemu-user.
const QEMU: &str = "qemu-riscv64";

/// Where the parts of an executable are. Every address fits LUI.
const CODE: u32 = 0x40_0000;
const DATA: u32 = 0x2000_0000;
const TRACE: u32 = 0x3000_0000;
/// Length of the data area and most bytes of a trace.
const DATA_BYTES: u32 = 4096;
const TRACE_BYTES: u32 = 1 << 22;

/// Programs, and instructions of each.
const PROGRAMS: u64 = 124;
const UNITS: usize = 1000;

/// System calls of Linux.
const WRITE: i32 = 64;
const EXIT: i32 = 93;

/// Builds a program. One register, `trace`, is set aside: it points behind what was stored.
struct Program {
    random: Random,
    trace: Reg,
    words: Vec<u32>,
    /// Where each unit starts, and where branches to units are to be filled in.
    units: Vec<usize>,
    jumps: Vec<Jump>,
}

/// A jump from the word at `at` to a unit.
struct Jump {
    at: usize,
    unit: usize,
    encode: Encode,
}

/// The word of a jump over so many bytes.
type Encode = Box<dyn Fn(i32) -> u32>;

impl Program {
    fn new(seed: u64) -> Self {
        let trace = seed as Reg % 31 + 1;
        let random = Random(seed);
        Self { random, trace, words: vec![], units: vec![], jumps: vec![] }
    }

    /// Any register that a program may write to; x0 too.
    fn rd(&mut self) -> Reg {
        let rd = self.random.below(32) as Reg;
        if rd == self.trace { 0 } else { rd }
    }

    /// Any register but x0 and `trace`.
    fn pointer(&mut self) -> Reg {
        match self.rd() {
            0 => self.pointer(),
            rd => rd,
        }
    }

    fn any(&mut self) -> Reg {
        self.random.below(32) as Reg
    }

    fn build(mut self) -> Vec<u8> {
        let data: Vec<u8> =
            (0..DATA_BYTES / 8).flat_map(|_| self.random.operand().to_le_bytes()).collect();
        self.words.push(lui(self.trace, DATA));
        let others = (1..32).filter(|register| *register != self.trace);
        self.words.extend(others.map(|x| i(0x03, 3, x, self.trace, x as i32 * 8)));
        self.words.push(lui(self.trace, TRACE));
        for unit in 0..UNITS {
            self.units.push(self.words.len());
            self.unit(unit);
            self.store_registers();
        }
        self.units.push(self.words.len());
        self.finish();
        for jump in std::mem::take(&mut self.jumps) {
            let target = self.units[jump.unit.min(UNITS)];
            self.words[jump.at] = (jump.encode)((target as i32 - jump.at as i32) * 4);
        }
        let code = bytes(&self.words);
        let segments = [
            (CODE.into(), &code[..], code.len() as u64),
            (DATA.into(), &data, DATA_BYTES.into()),
            (TRACE.into(), &[], TRACE_BYTES.into()),
        ];
        executable(CODE.into(), &segments)
    }

    /// The instruction that the unit is about, and what has to come before it.
    fn unit(&mut self, unit: usize) {
        match self.random.below(20) {
            0..9 => {
                let (_, opcode, funct3, funct7) = self.random.pick(&REGISTER);
                let word = r(opcode, funct3, funct7, self.rd(), self.any(), self.any());
                self.words.push(word);
            }
            9 | 10 => {
                let (_, opcode, funct3) = self.random.pick(&IMMEDIATE);
                let imm = self.random.below(4096) as i32;
                let word = i(opcode, funct3, self.rd(), self.any(), imm);
                self.words.push(word);
            }
            11 => {
                let (_, opcode, funct3, above, bits) = self.random.pick(&SHIFT);
                let amount = self.random.below(1 << bits) as i32;
                let word = i(opcode, funct3, self.rd(), self.any(), above | amount);
                self.words.push(word);
            }
            12 => {
                let imm = self.random.next() as u32;
                let rd = self.rd();
                let word = self.random.pick(&[lui(rd, imm), auipc(rd, imm), FENCE]);
                self.words.push(word);
            }
            13 | 14 => self.load(),
            15 | 16 => self.store(),
            17 => self.fresh(),
            _ => self.jump(unit),
        }
    }

    /// A pointer into the data, and the offset of an aligned access from it.
    fn place(&mut self, bytes: u64) -> (Reg, i32) {
        let pointer = self.pointer();
        let at = self.random.below(u64::from(DATA_BYTES) / bytes) * bytes;
        let imm = self.random.below(4096) as i64 - 2048;
        // LUI and ADDI reach every address around the data.
        let base = i64::from(DATA) + at as i64 - imm;
        let low = (base << 52 >> 52) as i32;
        self.words.push(lui(pointer, (base - i64::from(low)) as u32));
        self.words.push(addi(pointer, pointer, low));
        (pointer, imm as i32)
    }

    fn load(&mut self) {
        let (_, funct3, bytes) = self.random.pick(&LOAD);
        let (pointer, imm) = self.place(bytes);
        let word = i(0x03, funct3, self.rd(), pointer, imm);
        self.words.push(word);
    }

    fn store(&mut self) {
        let (_, funct3, bytes) = self.random.pick(&STORE);
        let (pointer, imm) = self.place(bytes);
        let value = self.any();
        self.words.push(s(funct3, pointer, value, imm));
    }

    /// A number from the data, lest all registers become alike.
    fn fresh(&mut self) {
        let (pointer, imm) = self.place(8);
        self.words.push(i(0x03, 3, pointer, pointer, imm));
    }

    /// A jump forward to the start of a unit.
    fn jump(&mut self, unit: usize) {
        let (rd, a, b) = (self.rd(), self.any(), self.any());
        // Of a register and itself all is known, which is when BEQ is taken.
        let b = if self.random.below(4) == 0 { a } else { b };
        let (_, funct3) = self.random.pick(&BRANCH);
        let odd = self.random.below(2) as i32;
        // Units that the immediate reaches: each has at most 34 words.
        let (encode, reach): (Encode, u64) = match self.random.below(6) {
            0 => (Box::new(move |bytes| jal(rd, bytes)), 60),
            1 => {
                let pointer = self.pointer();
                self.words.push(auipc(pointer, 0));
                // From the AUIPC, which is one before; and bit 0 does not count.
                (Box::new(move |bytes| jalr(rd, pointer, (bytes + 4) | odd)), 14)
            }
            _ => (Box::new(move |bytes| self::b(funct3, a, b, bytes)), 29),
        };
        let reach = if self.random.below(10) == 0 { reach } else { 4 };
        let unit = unit + 1 + self.random.below(reach) as usize;
        self.jumps.push(Jump { at: self.words.len(), unit, encode });
        self.words.push(0);
    }

    fn store_registers(&mut self) {
        let trace = self.trace;
        let others = (1..32).filter(|register| *register != trace);
        self.words.extend(others.enumerate().map(|(n, x)| s(3, trace, x, n as i32 * 8)));
        self.words.push(addi(trace, trace, 240));
    }

    /// Writes what was stored, and the data, to stdout.
    fn finish(&mut self) {
        let trace = self.trace;
        // a2, the length, is the end less the start; `trace` may be one of a0, a1, a7.
        self.words.push(addi(12, trace, 0));
        self.words.push(lui(11, TRACE));
        self.words.push(r(0x33, 0, 0x20, 12, 12, 11));
        self.words.extend([addi(10, 0, 1), addi(17, 0, WRITE), ECALL]);
        self.words.extend([addi(10, 0, 1), lui(11, DATA), lui(12, DATA_BYTES), ECALL]);
        self.words.extend([addi(10, 0, 0), addi(17, 0, EXIT), ECALL]);
    }
}

/// What QEMU's program wrote to stdout.
fn qemu(path: &Path) -> Vec<u8> {
    let output = Command::new(QEMU).arg(path).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("{QEMU} is not installed: run `cargo xtask setup`"),
        _ => panic!("{QEMU}: {error}"),
    });
    assert!(output.status.success(), "{}: {output:?}", path.display());
    output.stdout
}

/// What the machine's program would write. Linux's system calls are traps here: the first is when
/// everything is in place.
fn machine(elf: &[u8]) -> Vec<u8> {
    let mut machine = Machine::load(elf).unwrap();
    let status = machine.run(u64::MAX, &mut Answers::default());
    assert_eq!(status, Ok(Status::Panicked));
    let x = &machine.cpu().x;
    assert_eq!((x[17], x[10], x[11]), (WRITE as u64, 1, TRACE.into()), "{:?}", machine.cpu());
    let mut written = machine.read(TRACE.into(), x[12] as usize).unwrap();
    written.extend(machine.read(DATA.into(), DATA_BYTES as usize).unwrap());
    written
}

/// Compares all that a program did, register by register.
fn check(seed: u64, folder: &Path) {
    let elf = Program::new(seed).build();
    let path = folder.join(format!("program-{seed}"));
    fs::write(&path, &elf).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let (found, expect) = (machine(&elf), qemu(&path));
    for (n, (found, expect)) in found.chunks(240).zip(expect.chunks(240)).enumerate() {
        let numbers = |bytes: &[u8]| -> Vec<String> {
            let numbers = bytes.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number));
            numbers.map(|number| format!("{number:#x}")).collect()
        };
        let (found, expect) = (numbers(found), numbers(expect));
        assert_eq!(found, expect, "program {seed}, state {n}: see {}", path.display());
    }
    assert_eq!(found.len(), expect.len(), "program {seed}");
    assert!(found.len() > DATA_BYTES as usize + UNITS / 3 * 240, "program {seed} skips too much");
    fs::remove_file(path).unwrap();
}

#[test]
fn every_instruction_leaves_the_registers_that_qemu_says() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || {
                (first..PROGRAMS).step_by(threads as usize).for_each(|seed| check(seed, folder));
            });
        }
    });
}
