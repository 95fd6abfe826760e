//! Keccak-256 as Ethereum has it, over a permutation that can be stopped and copied.

/// Bytes absorbed before each permutation.
const RATE: usize = 136;

/// A Keccak-256 computation under way. Copying one is cheaper than hashing its prefix again.
#[derive(Clone)]
pub(crate) struct Sponge {
    state: [u64; 25],
    at: usize,
}

impl Sponge {
    pub(crate) fn new() -> Self {
        Self { state: [0; 25], at: 0 }
    }

    pub(crate) fn absorb(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = if self.at.is_multiple_of(8) && bytes.len() >= 8 {
                let (word, _) = bytes.split_first_chunk::<8>().expect("eight bytes");
                self.state[self.at / 8] ^= u64::from_le_bytes(*word);
                8
            } else {
                self.state[self.at / 8] ^= u64::from(bytes[0]) << (8 * (self.at % 8));
                1
            };
            self.at += taken;
            bytes = &bytes[taken..];
            if self.at == RATE {
                keccak::f1600(&mut self.state);
                self.at = 0;
            }
        }
    }

    pub(crate) fn digest(mut self) -> [u8; 32] {
        self.state[self.at / 8] ^= 1 << (8 * (self.at % 8));
        self.state[RATE / 8 - 1] ^= 1 << 63;
        keccak::f1600(&mut self.state);
        let mut digest = [0; 32];
        for (bytes, word) in digest.chunks_exact_mut(8).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }
}

/// Keccak-256 of the concatenated parts.
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut sponge = Sponge::new();
    parts.iter().for_each(|part| sponge.absorb(part));
    sponge.digest()
}

#[cfg(test)]
mod tests {
    use super::keccak256;

    #[test]
    fn known_digests() {
        let check =
            |input: &[u8], expect: &str| assert_eq!(hex::encode(keccak256(&[input])), expect);
        check(b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        check(b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    }

    #[test]
    fn where_the_parts_are_cut_does_not_matter() {
        let bytes: Vec<u8> = (0..600u32).map(|i| i as u8).collect();
        for cut in 0..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(keccak256(&[left, right]), keccak256(&[&bytes]));
        }
    }
}
