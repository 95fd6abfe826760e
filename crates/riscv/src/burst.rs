//! The fast loop: runs decoded instructions until one of them needs more than registers and open
//! memory.
//!
//! It knows nothing of traps, ECALL, or pages that are first written to. Before such an instruction
//! it stops, and the machine has [`plain::step`](crate::plain::step) make that step.

use crate::{
    code::{Code, PAGE_OPS},
    cpu::Cpu,
    decode::{Do, Op},
    memory::Memory,
};

/// Registers by the byte that names them in an [`Op`]: 32, the sink, and some that are not used, so
/// that every byte is a valid index.
type File = [u64; 256];

/// Addresses at which there may be an instruction.
const fn is_fetchable(pc: u64) -> bool {
    pc & !0xffff_fffc == 0
}

/// Makes steps until there were `until` in all, or the next is not for this loop.
pub(crate) fn burst(cpu: &mut Cpu, memory: &mut Memory, code: &mut Code, until: u64) {
    let mut file: File = [0; 256];
    file[..32].copy_from_slice(&cpu.x);
    let mut stop = Stop { pc: cpu.pc, left: until - cpu.step, undecoded: true };
    while stop.undecoded && is_fetchable(stop.pc) {
        let page = (stop.pc >> 12) as u32;
        let place = memory.place(page);
        if code.page(place).is_none() {
            memory.close(page);
            code.decode(place, memory.page(page));
        }
        stop = run_pages(&mut file, memory, code, &stop);
    }
    cpu.x.copy_from_slice(&file[..32]);
    cpu.pc = stop.pc;
    cpu.step = until - stop.left;
}

/// Where the loop stopped.
struct Stop {
    /// Address of the first instruction that was not executed.
    pc: u64,
    /// Steps that are left.
    left: u64,
    /// Because the page of `pc` is not decoded.
    undecoded: bool,
}

/// Runs from an address in a decoded page, as long as pages are decoded.
fn run_pages(x: &mut File, memory: &mut Memory, code: &Code, from: &Stop) -> Stop {
    let Stop { pc, mut left, .. } = *from;
    let Some(mut ops) = code.page(memory.place((pc >> 12) as u32)) else {
        return Stop { pc, left, undecoded: true };
    };
    let mut base = pc & !0xfff;
    let mut at = (pc >> 2) as usize % PAGE_OPS;
    // Instructions from `from` up to `at` are executed, but not yet taken from `left`; `end` is
    // where the page or the steps end.
    let (mut from, mut end);

    macro_rules! pc {
        () => {
            base + at as u64 * 4
        };
    }
    macro_rules! enter {
        ($target:expr) => {
            at = $target;
            from = at;
            end = at + left.min((PAGE_OPS - at) as u64) as usize;
        };
    }
    macro_rules! settle {
        () => {
            left -= (at - from) as u64
        };
    }
    // Stops before this instruction.
    macro_rules! stop {
        () => {{
            settle!();
            return Stop { pc: pc!(), left, undecoded: false };
        }};
    }
    // Goes on at any address, if it is in a decoded page.
    macro_rules! go {
        ($target:expr) => {{
            let target: u64 = $target;
            if !is_fetchable(target) {
                return Stop { pc: target, left, undecoded: false };
            }
            match code.page(memory.place((target >> 12) as u32)) {
                Some(page) => ops = page,
                None => return Stop { pc: target, left, undecoded: true },
            }
            base = target & !0xfff;
            enter!((target >> 2) as usize % PAGE_OPS);
        }};
    }
    // Goes on `imm` instructions from this one.
    macro_rules! jump {
        ($op:expr) => {{
            let target = at.wrapping_add($op.imm as usize);
            let far = pc!().wrapping_add(($op.imm as i64 * 4) as u64);
            at += 1;
            settle!();
            if target < PAGE_OPS {
                enter!(target);
            } else {
                go!(far)
            }
        }};
    }
    macro_rules! branch {
        ($op:expr, $taken:expr) => {
            if $taken { jump!($op) } else { at += 1 }
        };
    }
    macro_rules! set {
        ($op:expr, $value:expr) => {{
            x[$op.rd as usize] = $value;
            at += 1;
        }};
    }
    macro_rules! load {
        ($op:expr, $number:ty, $bytes:literal) => {{
            let address = x[$op.rs1 as usize].wrapping_add($op.imm as u64);
            if address & (!0xffff_ffff | ($bytes - 1)) != 0 {
                stop!();
            }
            let value = <$number>::from_le_bytes(memory.get::<$bytes>(address as u32));
            set!($op, value as u64)
        }};
    }
    macro_rules! store {
        ($op:expr, $number:ty, $bytes:literal) => {{
            let address = x[$op.rs1 as usize].wrapping_add($op.imm as u64);
            let value = x[$op.rs2 as usize] as $number;
            if address & (!0xffff_ffff | ($bytes - 1)) != 0
                || !memory.set::<$bytes>(address as u32, value.to_le_bytes())
            {
                stop!();
            }
            at += 1;
        }};
    }

    enter!(at);
    loop {
        if at == end {
            settle!();
            if left == 0 {
                return Stop { pc: pc!(), left, undecoded: false };
            }
            go!(base + 4096);
            continue;
        }
        let op: Op = ops[at % PAGE_OPS];
        let a = x[op.rs1 as usize];
        let b = x[op.rs2 as usize];
        let i = op.imm as u64;
        match op.what {
            Do::Plain => stop!(),
            Do::Nop => at += 1,
            Do::Lui => set!(op, i),
            Do::Auipc => set!(op, pc!().wrapping_add(i)),
            Do::Jal => {
                x[op.rd as usize] = pc!() + 4;
                jump!(op);
            }
            Do::Jalr => {
                at += 1;
                settle!();
                x[op.rd as usize] = pc!();
                go!(a.wrapping_add(i) & !1);
            }
            Do::Beq => branch!(op, a == b),
            Do::Bne => branch!(op, a != b),
            Do::Blt => branch!(op, (a as i64) < b as i64),
            Do::Bge => branch!(op, a as i64 >= b as i64),
            Do::Bltu => branch!(op, a < b),
            Do::Bgeu => branch!(op, a >= b),
            Do::Lb => load!(op, i8, 1),
            Do::Lh => load!(op, i16, 2),
            Do::Lw => load!(op, i32, 4),
            Do::Ld => load!(op, i64, 8),
            Do::Lbu => load!(op, u8, 1),
            Do::Lhu => load!(op, u16, 2),
            Do::Lwu => load!(op, u32, 4),
            Do::Sb => store!(op, u8, 1),
            Do::Sh => store!(op, u16, 2),
            Do::Sw => store!(op, u32, 4),
            Do::Sd => store!(op, u64, 8),
            Do::Addi => set!(op, a.wrapping_add(i)),
            Do::Slti => set!(op, u64::from((a as i64) < i as i64)),
            Do::Sltiu => set!(op, u64::from(a < i)),
            Do::Xori => set!(op, a ^ i),
            Do::Ori => set!(op, a | i),
            Do::Andi => set!(op, a & i),
            Do::Slli => set!(op, a << (i & 63)),
            Do::Srli => set!(op, a >> (i & 63)),
            Do::Srai => set!(op, (a as i64 >> (i & 63)) as u64),
            Do::Addiw => set!(op, (a as i32).wrapping_add(op.imm) as u64),
            Do::Slliw => set!(op, ((a as i32) << (i & 31)) as u64),
            Do::Srliw => set!(op, (a as u32 >> (i & 31)) as i32 as u64),
            Do::Sraiw => set!(op, (a as i32 >> (i & 31)) as u64),
            Do::Add => set!(op, a.wrapping_add(b)),
            Do::Sub => set!(op, a.wrapping_sub(b)),
            Do::Sll => set!(op, a << (b & 63)),
            Do::Slt => set!(op, u64::from((a as i64) < b as i64)),
            Do::Sltu => set!(op, u64::from(a < b)),
            Do::Xor => set!(op, a ^ b),
            Do::Srl => set!(op, a >> (b & 63)),
            Do::Sra => set!(op, (a as i64 >> (b & 63)) as u64),
            Do::Or => set!(op, a | b),
            Do::And => set!(op, a & b),
            Do::Addw => set!(op, (a as i32).wrapping_add(b as i32) as u64),
            Do::Subw => set!(op, (a as i32).wrapping_sub(b as i32) as u64),
            Do::Sllw => set!(op, ((a as i32) << (b & 31)) as u64),
            Do::Srlw => set!(op, (a as u32 >> (b & 31)) as i32 as u64),
            Do::Sraw => set!(op, (a as i32 >> (b & 31)) as u64),
            Do::Mul => set!(op, a.wrapping_mul(b)),
            Do::Mulh => set!(op, ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64),
            Do::Mulhsu => set!(op, ((i128::from(a as i64) * i128::from(b)) >> 64) as u64),
            Do::Mulhu => set!(op, ((u128::from(a) * u128::from(b)) >> 64) as u64),
            Do::Div => set!(op, div(a as i64, b as i64) as u64),
            Do::Divu => set!(op, a.checked_div(b).unwrap_or(u64::MAX)),
            Do::Rem => set!(op, rem(a as i64, b as i64) as u64),
            Do::Remu => set!(op, a.checked_rem(b).unwrap_or(a)),
            Do::Mulw => set!(op, (a as i32).wrapping_mul(b as i32) as u64),
            Do::Divw => set!(op, div(a as i32 as i64, b as i32 as i64) as i32 as u64),
            Do::Divuw => {
                set!(op, (a as u32).checked_div(b as u32).unwrap_or(u32::MAX) as i32 as u64)
            }
            Do::Remw => set!(op, rem(a as i32 as i64, b as i32 as i64) as i32 as u64),
            Do::Remuw => {
                set!(op, (a as u32).checked_rem(b as u32).unwrap_or(a as u32) as i32 as u64)
            }
        }
    }
}

/// DIV: by zero it is -1; what overflows wraps.
const fn div(a: i64, b: i64) -> i64 {
    if b == 0 { -1 } else { a.wrapping_div(b) }
}

/// REM: by zero it is the dividend; what overflows is 0.
const fn rem(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}
