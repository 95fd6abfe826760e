//! Instructions as the fast loop wants them: operands unpacked, immediates ready.

use crate::fields::Word;

/// Where results for `x0` go: a register that nothing reads.
pub(crate) const SINK: u8 = 32;

/// What an [`Op`] does. `a` and `b` are the registers `rs1` and `rs2`, `i` is the immediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Do {
    /// Left to the plain interpreter: ECALL, and everything that traps.
    Plain,
    Nop,
    Lui,
    Auipc,
    Jal,
    Jalr,
    Beq,
    Bne,
    Blt,
    Bge,
    Bltu,
    Bgeu,
    Lb,
    Lh,
    Lw,
    Ld,
    Lbu,
    Lhu,
    Lwu,
    Sb,
    Sh,
    Sw,
    Sd,
    Addi,
    Slti,
    Sltiu,
    Xori,
    Ori,
    Andi,
    Slli,
    Srli,
    Srai,
    Addiw,
    Slliw,
    Srliw,
    Sraiw,
    Add,
    Sub,
    Sll,
    Slt,
    Sltu,
    Xor,
    Srl,
    Sra,
    Or,
    And,
    Addw,
    Subw,
    Sllw,
    Srlw,
    Sraw,
    Mul,
    Mulh,
    Mulhsu,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
    Mulw,
    Divw,
    Divuw,
    Remw,
    Remuw,
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) what: Do,
    pub(crate) rd: u8,
    pub(crate) rs1: u8,
    pub(crate) rs2: u8,
    /// Bytes; of branches and JAL instructions.
    pub(crate) imm: i32,
}

impl Op {
    pub(crate) const fn plain() -> Self {
        Self { what: Do::Plain, rd: SINK, rs1: 0, rs2: 0, imm: 0 }
    }
}

/// Decodes an instruction. What is not known here is [`Do::Plain`].
pub(crate) fn decode(word: u32) -> Op {
    let word = Word(word);
    let (what, imm) = match word.opcode() {
        0x37 => (Do::Lui, word.imm_u()),
        0x17 => (Do::Auipc, word.imm_u()),
        0x6f => jump(Do::Jal, word.imm_j()),
        0x67 if word.funct3() == 0 => (Do::Jalr, word.imm_i()),
        0x63 => jump(branch(word.funct3()), word.imm_b()),
        0x03 => (load(word.funct3()), word.imm_i()),
        0x23 => (store(word.funct3()), word.imm_s()),
        0x13 => immediate(word),
        0x1b => immediate32(word),
        0x33 => (register(word), 0),
        0x3b => (register32(word), 0),
        0x0f if word.funct3() == 0 => (Do::Nop, 0),
        _ => (Do::Plain, 0),
    };
    let rd = if word.rd() == 0 { SINK } else { word.rd() as u8 };
    Op { what, rd, rs1: word.rs1() as u8, rs2: word.rs2() as u8, imm }
}

/// A jump by so many bytes; one to a bad target is left to the plain interpreter.
const fn jump(what: Do, bytes: i32) -> (Do, i32) {
    if bytes % 4 == 0 { (what, bytes / 4) } else { (Do::Plain, 0) }
}

const fn branch(funct3: u32) -> Do {
    match funct3 {
        0 => Do::Beq,
        1 => Do::Bne,
        4 => Do::Blt,
        5 => Do::Bge,
        6 => Do::Bltu,
        7 => Do::Bgeu,
        _ => Do::Plain,
    }
}

const fn load(funct3: u32) -> Do {
    match funct3 {
        0 => Do::Lb,
        1 => Do::Lh,
        2 => Do::Lw,
        3 => Do::Ld,
        4 => Do::Lbu,
        5 => Do::Lhu,
        6 => Do::Lwu,
        _ => Do::Plain,
    }
}

const fn store(funct3: u32) -> Do {
    match funct3 {
        0 => Do::Sb,
        1 => Do::Sh,
        2 => Do::Sw,
        3 => Do::Sd,
        _ => Do::Plain,
    }
}

const fn immediate(word: Word) -> (Do, i32) {
    let shamt = word.shamt() as i32;
    match (word.funct3(), word.funct6()) {
        (0, _) => (Do::Addi, word.imm_i()),
        (2, _) => (Do::Slti, word.imm_i()),
        (3, _) => (Do::Sltiu, word.imm_i()),
        (4, _) => (Do::Xori, word.imm_i()),
        (6, _) => (Do::Ori, word.imm_i()),
        (7, _) => (Do::Andi, word.imm_i()),
        (1, 0) => (Do::Slli, shamt),
        (5, 0) => (Do::Srli, shamt),
        (5, 0x10) => (Do::Srai, shamt),
        _ => (Do::Plain, 0),
    }
}

const fn immediate32(word: Word) -> (Do, i32) {
    let shamt = word.rs2() as i32;
    match (word.funct3(), word.funct7()) {
        (0, _) => (Do::Addiw, word.imm_i()),
        (1, 0) => (Do::Slliw, shamt),
        (5, 0) => (Do::Srliw, shamt),
        (5, 0x20) => (Do::Sraiw, shamt),
        _ => (Do::Plain, 0),
    }
}

const fn register(word: Word) -> Do {
    match (word.funct7(), word.funct3()) {
        (0, 0) => Do::Add,
        (0x20, 0) => Do::Sub,
        (0, 1) => Do::Sll,
        (0, 2) => Do::Slt,
        (0, 3) => Do::Sltu,
        (0, 4) => Do::Xor,
        (0, 5) => Do::Srl,
        (0x20, 5) => Do::Sra,
        (0, 6) => Do::Or,
        (0, 7) => Do::And,
        (1, 0) => Do::Mul,
        (1, 1) => Do::Mulh,
        (1, 2) => Do::Mulhsu,
        (1, 3) => Do::Mulhu,
        (1, 4) => Do::Div,
        (1, 5) => Do::Divu,
        (1, 6) => Do::Rem,
        (1, 7) => Do::Remu,
        _ => Do::Plain,
    }
}

const fn register32(word: Word) -> Do {
    match (word.funct7(), word.funct3()) {
        (0, 0) => Do::Addw,
        (0x20, 0) => Do::Subw,
        (0, 1) => Do::Sllw,
        (0, 5) => Do::Srlw,
        (0x20, 5) => Do::Sraw,
        (1, 0) => Do::Mulw,
        (1, 4) => Do::Divw,
        (1, 5) => Do::Divuw,
        (1, 6) => Do::Remw,
        (1, 7) => Do::Remuw,
        _ => Do::Plain,
    }
}
