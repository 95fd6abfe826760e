//! Field elements as bytes, and the Merkle hash over them.

use openvm_stark_backend::{
    hasher::MerkleHasher,
    p3_field::{PrimeCharacteristicRing, PrimeField64},
};

use crate::{
    Digest, F,
    sponge::{keccak256_pair, keccak256_words},
};

/// 2^20: a word of the library is x·2^32 mod p, a word of ours x·2^52 mod p.
const SHIFT: F = F::new(1 << 20);

/// The integer x·2^52 mod p, the form in which the contract calculates.
#[inline]
pub(crate) fn word(x: F) -> u32 {
    (x * SHIFT).to_unique_u64() as u32
}

/// The element whose word is congruent to `word`.
#[inline]
pub(crate) fn from_word(word: u64) -> F {
    // 2^-52, so that 2^52 times the product is the word again.
    const INVERSE: F = F::new(inverse_of_2_pow_52());
    F::from_u64(word) * INVERSE
}

const fn inverse_of_2_pow_52() -> u32 {
    const P: u64 = 0x7800_0001;
    // 2^-1 = (p + 1)/2.
    let (mut result, mut i) = (1, 0);
    while i < 52 {
        result = result * P.div_ceil(2) % P;
        i += 1;
    }
    result as u32
}

/// A sequence as one big-endian integer Σ word(v_i)·2^(32i): the last element comes first.
pub fn encode(values: &[F]) -> Vec<u8> {
    values.iter().rev().flat_map(|&x| word(x).to_be_bytes()).collect()
}

/// Keccak-256 over [`encode`]d rows and over pairs of nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeccakHasher;

impl MerkleHasher for KeccakHasher {
    type F = F;
    type Digest = Digest;

    #[inline]
    fn hash_slice(&self, values: &[F]) -> Digest {
        keccak256_words(values.iter().rev().map(|&x| word(x)))
    }

    #[inline]
    fn compress(&self, left: Digest, right: Digest) -> Digest {
        keccak256_pair(&left, &right)
    }
}

#[cfg(test)]
mod tests {
    use openvm_stark_backend::p3_field::PrimeField32;

    use super::*;
    use crate::keccak256;

    #[test]
    fn words_are_x_times_2_pow_52_and_come_back() {
        for x in [0u64, 1, 2, 31, 0x7800_0000, 0x1234_5678] {
            let element = F::from_u64(x);
            let expect = (u128::from(x) << 52) % u128::from(F::ORDER_U32);
            assert_eq!(u128::from(word(element)), expect);
            assert_eq!(from_word(u64::from(word(element))), element);
        }
    }

    #[test]
    fn a_row_is_hashed_as_it_is_encoded() {
        for width in 0..40 {
            let row: Vec<F> = (0..width).map(F::from_u64).collect();
            assert_eq!(KeccakHasher.hash_slice(&row), keccak256(&[&encode(&row)]));
        }
    }

    #[test]
    fn a_sequence_is_written_last_element_first() {
        let [a, b] = [F::ONE, F::TWO];
        assert_eq!(encode(&[a, b]), [word(b).to_be_bytes(), word(a).to_be_bytes()].concat());
    }
}
