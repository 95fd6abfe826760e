//! How deep the game's three levels are.

/// Batches that a claim covers at most.
pub const BATCHES: u64 = 4;

/// Instructions in a stride, as a power of two.
pub const STRIDE_LOG2: u8 = 16;

/// The highest history that the game can be played with.
pub(crate) const HEIGHT_MAX: u8 = 22;

/// Heights of the histories at levels 0, 1 and 2. The contract's are [`Heights::REAL`]; tests
/// play with smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heights {
    /// Of a claim: 2^blocks blocks.
    pub blocks: u8,
    /// Of one block: 2^strides strides.
    pub strides: u8,
    /// Of one stride: 2^steps instructions.
    pub steps: u8,
}

impl Heights {
    /// Those of docs/dispute.md §1: 4 batches of 1,024 blocks, 2^38 instructions a block.
    pub const REAL: Self = Self { blocks: 12, strides: 22, steps: STRIDE_LOG2 };

    /// The height of a level's histories.
    ///
    /// # Panics
    ///
    /// If there is no such level.
    pub const fn of(&self, level: u8) -> u8 {
        match level {
            0 => self.blocks,
            1 => self.strides,
            2 => self.steps,
            _ => panic!("three levels"),
        }
    }

    /// Positions that a batch takes in a claim's history: 1,024 with the real heights.
    pub const fn blocks_per_batch(&self) -> u64 {
        (1 << self.blocks) / BATCHES
    }
}

impl Default for Heights {
    fn default() -> Self {
        Self::REAL
    }
}
