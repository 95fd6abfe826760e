//! Numbers from a seed (splitmix64), with a taste for the edges.

pub(crate) struct Random(pub(crate) u64);

/// Operands at which instructions differ.
pub(crate) const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x1f,
    0x3f,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    i64::MIN as u64,
    i32::MIN as i64 as u64,
    u64::MAX,
    0x0123_4567_89ab_cdef,
];

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// An edge, a small number or any number.
    pub(crate) fn operand(&mut self) -> u64 {
        match self.below(4) {
            0 | 1 => self.pick(&EDGES),
            2 => (self.below(64) as i64 - 32) as u64,
            _ => self.next(),
        }
    }
}
