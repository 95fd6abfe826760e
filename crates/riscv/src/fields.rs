//! The fields of an instruction word (RISC-V unprivileged specification, 2.3).

/// An instruction.
#[derive(Clone, Copy)]
pub(crate) struct Word(pub(crate) u32);

impl Word {
    const fn bits(self, low: u32, count: u32) -> u32 {
        self.0 >> low & ((1 << count) - 1)
    }

    pub(crate) const fn opcode(self) -> u32 {
        self.bits(0, 7)
    }

    pub(crate) const fn rd(self) -> usize {
        self.bits(7, 5) as usize
    }

    pub(crate) const fn rs1(self) -> usize {
        self.bits(15, 5) as usize
    }

    pub(crate) const fn rs2(self) -> usize {
        self.bits(20, 5) as usize
    }

    pub(crate) const fn funct3(self) -> u32 {
        self.bits(12, 3)
    }

    pub(crate) const fn funct7(self) -> u32 {
        self.bits(25, 7)
    }

    /// The top six bits, above a shift amount of six.
    pub(crate) const fn funct6(self) -> u32 {
        self.bits(26, 6)
    }

    /// Shift amount of six bits.
    pub(crate) const fn shamt(self) -> u32 {
        self.bits(20, 6)
    }

    /// Immediate of loads, JALR and arithmetic.
    pub(crate) const fn imm_i(self) -> i32 {
        self.0 as i32 >> 20
    }

    /// Immediate of stores.
    pub(crate) const fn imm_s(self) -> i32 {
        (self.0 as i32 >> 25 << 5) | self.bits(7, 5) as i32
    }

    /// Immediate of branches.
    pub(crate) const fn imm_b(self) -> i32 {
        let low = self.bits(8, 4) << 1 | self.bits(25, 6) << 5 | self.bits(7, 1) << 11;
        (self.0 as i32 >> 31 << 12) | low as i32
    }

    /// Immediate of LUI and AUIPC.
    pub(crate) const fn imm_u(self) -> i32 {
        (self.0 & !0xfff) as i32
    }

    /// Immediate of JAL.
    pub(crate) const fn imm_j(self) -> i32 {
        let low = self.bits(21, 10) << 1 | self.bits(20, 1) << 11 | self.bits(12, 8) << 12;
        (self.0 as i32 >> 31 << 20) | low as i32
    }
}
