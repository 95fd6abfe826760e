//! AK1: the Fiat-Shamir transcript over Keccak-256 (`docs/stark.md`).

use std::collections::VecDeque;

use openvm_stark_backend::{
    FiatShamirTranscript,
    p3_field::{BasedVectorSpace, PrimeCharacteristicRing, PrimeField32},
    p3_maybe_rayon::prelude::*,
};

use crate::{
    Digest, EF, F, KeccakConfig, encode, hasher::from_word, hasher::word, keccak256, sponge::Sponge,
};

/// The first state is the hash of this string.
pub const DOMAIN: &str = "altana.swirl.keccak.v1";

/// Query indices are at most this many bits wide.
const PIECE_BITS: usize = 32;

/// A chain of hashes: what is observed is buffered, and a challenge hashes the state with the buffer into the next
/// state.
#[derive(Clone, Debug)]
pub struct Transcript {
    state: Digest,
    buffer: Vec<u8>,
    pieces: VecDeque<u32>,
}

impl Default for Transcript {
    fn default() -> Self {
        Self { state: keccak256(&[DOMAIN.as_bytes()]), buffer: Vec::new(), pieces: VecDeque::new() }
    }
}

impl Transcript {
    /// The chain's last digest.
    pub fn state(&self) -> Digest {
        self.state
    }

    /// What was observed since.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    fn absorb(&mut self, bytes: &[u8]) {
        self.pieces.clear();
        self.buffer.extend_from_slice(bytes);
    }

    fn squeeze(&mut self) -> Digest {
        self.pieces.clear();
        self.state = keccak256(&[&self.state, &self.buffer]);
        self.buffer.clear();
        self.state
    }

    /// The state and the buffer, absorbed, ready for a witness.
    fn prefix(&self) -> Sponge {
        let mut sponge = Sponge::new();
        sponge.absorb(&self.state);
        sponge.absorb(&self.buffer);
        sponge
    }
}

/// Whether the digest's last `bits` bits are zero.
fn is_work(digest: &Digest, bits: usize) -> bool {
    let [.., a, b, c, d] = *digest;
    u32::from_be_bytes([a, b, c, d]).trailing_zeros() as usize >= bits
}

impl FiatShamirTranscript<KeccakConfig> for Transcript {
    fn observe(&mut self, value: F) {
        self.absorb(&word(value).to_be_bytes());
    }

    fn observe_commit(&mut self, digest: Digest) {
        self.absorb(&digest);
    }

    fn observe_ext(&mut self, value: EF) {
        self.absorb(&encode(value.as_basis_coefficients_slice()));
    }

    /// The protocol samples extension elements only; this is the first coefficient of one.
    fn sample(&mut self) -> F {
        let challenge: EF = self.sample_ext();
        challenge.as_basis_coefficients_slice()[0]
    }

    fn sample_ext(&mut self) -> EF {
        let digest = self.squeeze();
        let mut words = digest
            .rchunks_exact(8)
            .map(|bytes| u64::from_be_bytes(bytes.try_into().expect("8 bytes")));
        EF::from_basis_coefficients_fn(|_| from_word(words.next().expect("four words")))
    }

    fn sample_bits(&mut self, bits: usize) -> u64 {
        assert!(bits <= PIECE_BITS);
        if self.pieces.is_empty() {
            let digest = self.squeeze();
            let pieces = digest
                .rchunks_exact(4)
                .map(|bytes| u32::from_be_bytes(bytes.try_into().expect("4 bytes")));
            self.pieces.extend(pieces);
        }
        let piece = self.pieces.pop_front().expect("eight pieces");
        u64::from(piece) & ((1 << bits) - 1)
    }

    fn check_witness(&mut self, bits: usize, witness: F) -> bool {
        assert!(bits <= PIECE_BITS);
        if bits == 0 {
            return true;
        }
        self.observe(witness);
        is_work(&self.squeeze(), bits)
    }

    /// The least witness (by its integer), so that a proof can be made again byte for byte.
    fn grind(&mut self, bits: usize) -> F {
        assert!(bits < 31);
        if bits == 0 {
            return F::ZERO;
        }
        const CHUNK: u32 = 1 << 12;
        let prefix = self.prefix();
        let works = |witness: u32| {
            let mut sponge = prefix.clone();
            sponge.absorb(&word(F::from_u32(witness)).to_be_bytes());
            is_work(&sponge.digest(), bits)
        };
        let in_chunk = |chunk: u32| {
            let first = chunk * CHUNK;
            (first..first.saturating_add(CHUNK).min(F::ORDER_U32)).find(|&witness| works(witness))
        };
        // Batches of chunks in order; within a batch, all at once.
        const BATCH: u32 = 64;
        let witness = (0..F::ORDER_U32.div_ceil(CHUNK * BATCH))
            .find_map(|batch| {
                let chunks: Vec<u32> = (batch * BATCH..(batch + 1) * BATCH).collect();
                let found: Vec<Option<u32>> =
                    chunks.par_iter().map(|&chunk| in_chunk(chunk)).collect();
                found.into_iter().flatten().next()
            })
            .expect("2^31 attempts at less than 2^31 work");
        let witness = F::from_u32(witness);
        assert!(self.check_witness(bits, witness));
        witness
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_empty_the_queue_of_pieces() {
        let mut transcript = Transcript::default();
        transcript.sample_bits(5);
        let state = transcript.state();
        transcript.sample_bits(5);
        assert_eq!(transcript.state(), state);
        transcript.observe(F::ONE);
        transcript.sample_bits(5);
        assert_ne!(transcript.state(), state);
    }

    #[test]
    fn nine_pieces_take_two_hashes() {
        let mut transcript = Transcript::default();
        let first = keccak256(&[&transcript.state()]);
        let second = keccak256(&[&first]);
        let drawn: Vec<_> = (0..9).map(|_| transcript.sample_bits(32) as u32).collect();
        let piece = |digest: &Digest, j: usize| {
            u32::from_be_bytes(digest[28 - 4 * j..][..4].try_into().unwrap())
        };
        let expect: Vec<_> = (0..8).map(|j| piece(&first, j)).chain([piece(&second, 0)]).collect();
        assert_eq!(drawn, expect);
    }

    #[test]
    fn a_ground_witness_is_accepted_and_another_is_not() {
        let mut transcript = Transcript::default();
        transcript.observe(F::TWO);
        let before = transcript.clone();
        let witness = transcript.grind(9);
        assert!(before.clone().check_witness(9, witness));
        let refused = (0..100).filter(|&w| F::from_u32(w) != witness);
        assert!(
            refused.map(F::from_u32).filter(|&w| before.clone().check_witness(9, w)).count() < 5
        );
    }

    #[test]
    fn a_challenge_is_the_digest_in_four_lanes() {
        let mut transcript = Transcript::default();
        let challenge = transcript.sample_ext();
        for (k, &coefficient) in
            <EF as BasedVectorSpace<F>>::as_basis_coefficients_slice(&challenge).iter().enumerate()
        {
            let lane =
                u64::from_be_bytes(transcript.state()[24 - 8 * k..][..8].try_into().unwrap());
            assert_eq!(u64::from(word(coefficient)), lane % u64::from(F::ORDER_U32));
        }
    }
}
