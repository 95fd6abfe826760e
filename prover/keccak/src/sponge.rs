//! Keccak-256 as Ethereum has it, over a permutation that can be stopped and copied.

use keccak::Keccak;

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
                permute(&mut self.state);
                self.at = 0;
            }
        }
    }

    pub(crate) fn digest(mut self) -> [u8; 32] {
        self.state[self.at / 8] ^= 1 << (8 * (self.at % 8));
        self.state[RATE / 8 - 1] ^= 1 << 63;
        permute(&mut self.state);
        squeeze(&self.state)
    }
}

/// On a copy, and in one place only: the compiler then keeps it out of memory, and takes less than
/// half as long.
#[inline(never)]
fn permute(state: &mut [u64; 25]) {
    let mut copy = *state;
    Keccak::new().with_f1600(|f1600| f1600(&mut copy));
    *state = copy;
}

#[inline]
fn squeeze(state: &[u64; 25]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_le_bytes();
    }
    digest
}

/// Keccak-256 of the concatenated parts.
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut sponge = Sponge::new();
    parts.iter().for_each(|part| sponge.absorb(part));
    sponge.digest()
}

/// Keccak-256 of two digests: most of what a prover hashes.
#[inline]
pub(crate) fn keccak256_pair(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut state = [0; 25];
    let words = left.as_chunks().0.iter().chain(right.as_chunks().0);
    for (lane, word) in state.iter_mut().zip(words) {
        *lane = u64::from_le_bytes(*word);
    }
    state[8] = 1;
    state[RATE / 8 - 1] = 1 << 63;
    permute(&mut state);
    squeeze(&state)
}

/// Keccak-256 of words, each big-endian: as of their bytes, without a buffer for these.
#[inline]
pub(crate) fn keccak256_words(words: impl Iterator<Item = u32>) -> [u8; 32] {
    let mut sponge = Sponge::new();
    for word in words {
        sponge.state[sponge.at / 8] ^= u64::from(word.swap_bytes()) << (8 * (sponge.at % 8));
        sponge.at += 4;
        if sponge.at == RATE {
            permute(&mut sponge.state);
            sponge.at = 0;
        }
    }
    sponge.digest()
}

#[cfg(test)]
mod tests {
    use super::{keccak256, keccak256_pair, keccak256_words};

    #[test]
    fn a_pair_and_words_are_hashed_as_their_bytes() {
        let (left, right) = ([1; 32], std::array::from_fn(|i| i as u8));
        assert_eq!(keccak256_pair(&left, &right), keccak256(&[&left, &right]));
        let words: Vec<u32> = (0..80).map(|i| 0x0102_0304 * i).collect();
        for length in 0..words.len() {
            let words = &words[..length];
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            assert_eq!(keccak256_words(words.iter().copied()), keccak256(&[&bytes]));
        }
    }

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
