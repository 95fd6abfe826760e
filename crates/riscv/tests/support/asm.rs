//! Encodes instructions, from tables of the specification (chapter 34) rather than from the crate.

pub(crate) type Reg = u32;

pub(crate) const fn r(opcode: u32, funct3: u32, funct7: u32, rd: Reg, rs1: Reg, rs2: Reg) -> u32 {
    funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

pub(crate) const fn i(opcode: u32, funct3: u32, rd: Reg, rs1: Reg, imm: i32) -> u32 {
    (imm as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

pub(crate) const fn s(funct3: u32, rs1: Reg, rs2: Reg, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 0x1f) << 7 | 0x23
}

pub(crate) const fn b(funct3: u32, rs1: Reg, rs2: Reg, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 12 & 1) << 31
        | (imm >> 5 & 0x3f) << 25
        | rs2 << 20
        | rs1 << 15
        | funct3 << 12
        | (imm >> 1 & 0xf) << 8
        | (imm >> 11 & 1) << 7
        | 0x63
}

/// `imm` is the upper 20 bits in place.
pub(crate) const fn lui(rd: Reg, imm: u32) -> u32 {
    imm & !0xfff | rd << 7 | 0x37
}

/// `imm` is the upper 20 bits in place.
pub(crate) const fn auipc(rd: Reg, imm: u32) -> u32 {
    imm & !0xfff | rd << 7 | 0x17
}

pub(crate) const fn jal(rd: Reg, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 20 & 1) << 31
        | (imm >> 1 & 0x3ff) << 21
        | (imm >> 11 & 1) << 20
        | (imm >> 12 & 0xff) << 12
        | rd << 7
        | 0x6f
}

pub(crate) const fn jalr(rd: Reg, rs1: Reg, imm: i32) -> u32 {
    i(0x67, 0, rd, rs1, imm)
}

pub(crate) const fn addi(rd: Reg, rs1: Reg, imm: i32) -> u32 {
    i(0x13, 0, rd, rs1, imm)
}

pub(crate) const ECALL: u32 = 0x73;
pub(crate) const EBREAK: u32 = 0x10_0073;
pub(crate) const FENCE: u32 = 0x0ff0_000f;

/// Instructions on two registers: name, opcode, funct3, funct7.
pub(crate) const REGISTER: [(&str, u32, u32, u32); 28] = [
    ("add", 0x33, 0, 0),
    ("sub", 0x33, 0, 0x20),
    ("sll", 0x33, 1, 0),
    ("slt", 0x33, 2, 0),
    ("sltu", 0x33, 3, 0),
    ("xor", 0x33, 4, 0),
    ("srl", 0x33, 5, 0),
    ("sra", 0x33, 5, 0x20),
    ("or", 0x33, 6, 0),
    ("and", 0x33, 7, 0),
    ("mul", 0x33, 0, 1),
    ("mulh", 0x33, 1, 1),
    ("mulhsu", 0x33, 2, 1),
    ("mulhu", 0x33, 3, 1),
    ("div", 0x33, 4, 1),
    ("divu", 0x33, 5, 1),
    ("rem", 0x33, 6, 1),
    ("remu", 0x33, 7, 1),
    ("addw", 0x3b, 0, 0),
    ("subw", 0x3b, 0, 0x20),
    ("sllw", 0x3b, 1, 0),
    ("srlw", 0x3b, 5, 0),
    ("sraw", 0x3b, 5, 0x20),
    ("mulw", 0x3b, 0, 1),
    ("divw", 0x3b, 4, 1),
    ("divuw", 0x3b, 5, 1),
    ("remw", 0x3b, 6, 1),
    ("remuw", 0x3b, 7, 1),
];

/// Instructions on a register and an immediate of 12 bits: name, opcode, funct3.
pub(crate) const IMMEDIATE: [(&str, u32, u32); 7] = [
    ("addi", 0x13, 0),
    ("slti", 0x13, 2),
    ("sltiu", 0x13, 3),
    ("xori", 0x13, 4),
    ("ori", 0x13, 6),
    ("andi", 0x13, 7),
    ("addiw", 0x1b, 0),
];

/// Shifts by an immediate: name, opcode, funct3, what stands above the amount, bits of the amount.
pub(crate) const SHIFT: [(&str, u32, u32, i32, u32); 6] = [
    ("slli", 0x13, 1, 0, 6),
    ("srli", 0x13, 5, 0, 6),
    ("srai", 0x13, 5, 0x400, 6),
    ("slliw", 0x1b, 1, 0, 5),
    ("srliw", 0x1b, 5, 0, 5),
    ("sraiw", 0x1b, 5, 0x400, 5),
];

/// Loads: name, funct3, bytes.
pub(crate) const LOAD: [(&str, u32, u64); 7] = [
    ("lb", 0, 1),
    ("lh", 1, 2),
    ("lw", 2, 4),
    ("ld", 3, 8),
    ("lbu", 4, 1),
    ("lhu", 5, 2),
    ("lwu", 6, 4),
];

/// Stores: name, funct3, bytes.
pub(crate) const STORE: [(&str, u32, u64); 4] =
    [("sb", 0, 1), ("sh", 1, 2), ("sw", 2, 4), ("sd", 3, 8)];

/// Branches: name, funct3.
pub(crate) const BRANCH: [(&str, u32); 6] =
    [("beq", 0), ("bne", 1), ("blt", 4), ("bge", 5), ("bltu", 6), ("bgeu", 7)];

/// The instructions as bytes of memory.
pub(crate) fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
