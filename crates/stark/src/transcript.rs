//! AK1, the Fiat-Shamir transcript (`docs/stark.md`, 2).

use alloc::vec::Vec;

use alloy_primitives::{B256, Keccak256, keccak256};

use crate::{
    field::{Ext, F},
    trace::Trace,
};

/// The first state is the hash of this string.
pub const DOMAIN: &str = "altana.swirl.keccak.v1";
/// Separates checkpoints from whatever else is hashed.
pub const CHECKPOINT_DOMAIN: &str = "altana.swirl.checkpoint.v1";

/// Observations and challenges, in order.
#[derive(Clone, Debug)]
pub struct Transcript {
    state: B256,
    buffer: Vec<u8>,
    /// The last digest, if pieces of it were drawn and no operation followed, and how many.
    pieces: Option<usize>,
}

impl Default for Transcript {
    fn default() -> Self {
        Self::at(keccak256(DOMAIN))
    }
}

impl Transcript {
    /// The transcript that has just squeezed to this state.
    pub fn at(state: B256) -> Self {
        Self { state, buffer: Vec::new(), pieces: None }
    }

    /// The state after the last squeeze.
    pub fn state(&self) -> B256 {
        self.state
    }

    /// Observes bytes that already have the transcript's form.
    pub fn observe(&mut self, bytes: &[u8]) {
        self.pieces = None;
        self.buffer.extend_from_slice(bytes);
    }

    /// Samples an element of the extension.
    pub fn sample(&mut self, trace: &mut impl Trace) -> Ext {
        self.squeeze(trace);
        let mut challenge = Ext::ZERO;
        for (coefficient, lane) in
            challenge.0.iter_mut().zip(self.state.as_chunks::<8>().0.iter().rev())
        {
            *coefficient = F::from_word(u64::from_be_bytes(*lane));
        }
        challenge
    }

    /// Whether `witness` (the four bytes of a word) is work of `bits` bits.
    #[must_use]
    pub fn check_work(&mut self, bits: u32, witness: &[u8; 4], trace: &mut impl Trace) -> bool {
        if bits == 0 {
            return true;
        }
        self.observe(witness);
        self.squeeze(trace);
        self.piece(0).trailing_zeros() >= bits
    }

    /// Samples an integer of `bits` bits, at most 32.
    pub fn sample_bits(&mut self, bits: u32, trace: &mut impl Trace) -> u32 {
        let drawn = match self.pieces {
            Some(drawn) if drawn < 8 => drawn,
            _ => {
                self.squeeze(trace);
                0
            }
        };
        self.pieces = Some(drawn + 1);
        (u64::from(self.piece(drawn)) & ((1 << bits.min(32)) - 1)) as u32
    }

    fn piece(&self, index: usize) -> u32 {
        let pieces = self.state.as_chunks::<4>().0;
        u32::from_be_bytes(pieces[7 - index])
    }

    fn squeeze(&mut self, trace: &mut impl Trace) {
        let mut hasher = Keccak256::new();
        hasher.update(self.state);
        hasher.update(&self.buffer);
        self.state = hasher.finalize();
        trace.squeezed(self.state, &self.buffer);
        self.buffer.clear();
        self.pieces = None;
    }
}
