//! Reads a part of a proof, whose length was checked before, in the transcript's order.

use alloy_primitives::B256;

use crate::{
    error::{Part, Rejected},
    field::{Ext, F},
    trace::Trace,
    transcript::Transcript,
};

pub(crate) struct Reader<'a> {
    part: Part,
    rest: &'a [u8],
    length: u64,
}

impl<'a> Reader<'a> {
    /// The reader of a part that must have `expected` bytes.
    pub(crate) fn new(part: Part, bytes: &'a [u8], expected: u64) -> Result<Self, Rejected> {
        let length = bytes.len() as u64;
        if length != expected {
            return Err(Rejected::Length { part, expected, actual: length });
        }
        Ok(Self { part, rest: bytes, length })
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Rejected> {
        let (part, length) = (self.part, self.length);
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Rejected::Length {
            part,
            expected: length + 1,
            actual: length,
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Rejected> {
        let bytes = self.bytes(N)?;
        Ok(bytes.first_chunk().expect("N bytes were taken"))
    }

    /// A word's bytes, canonical.
    pub(crate) fn word(&mut self) -> Result<&'a [u8; 4], Rejected> {
        let bytes = self.array()?;
        canonical(self.part, bytes)?;
        Ok(bytes)
    }

    pub(crate) fn digest(&mut self) -> Result<B256, Rejected> {
        Ok(B256::from(self.array()?))
    }

    pub(crate) fn ext(&mut self) -> Result<Ext, Rejected> {
        Ext::from_bytes(self.array()?).ok_or(Rejected::NotCanonical(self.part))
    }

    /// A row of base elements: its bytes, and its elements in order.
    pub(crate) fn row(
        &mut self,
        width: usize,
    ) -> Result<(&'a [u8], impl Iterator<Item = F> + use<'a>), Rejected> {
        let bytes = self.bytes(4 * width)?;
        let words = bytes.as_chunks::<4>().0;
        words.iter().try_for_each(|word| canonical(self.part, word).map(|_| ()))?;
        let element = |word: &[u8; 4]| F::from_word(u32::from_be_bytes(*word).into());
        Ok((bytes, words.iter().rev().map(element)))
    }

    /// An element that the transcript observes.
    pub(crate) fn observed(&mut self, transcript: &mut Transcript) -> Result<Ext, Rejected> {
        let value = self.ext()?;
        transcript.observe(&value.to_bytes());
        Ok(value)
    }

    /// Several of them.
    pub(crate) fn observed_many<C: FromIterator<Ext>>(
        &mut self,
        count: usize,
        transcript: &mut Transcript,
    ) -> Result<C, Rejected> {
        (0..count).map(|_| self.observed(transcript)).collect()
    }

    /// A witness of work: observed, and checked.
    pub(crate) fn work(
        &mut self,
        bits: u32,
        transcript: &mut Transcript,
        trace: &mut impl Trace,
        otherwise: Rejected,
    ) -> Result<(), Rejected> {
        let witness = self.word()?;
        let done = transcript.check_work(bits, witness, trace);
        if done { Ok(()) } else { Err(otherwise) }
    }
}

/// The element of a word's bytes.
pub(crate) fn canonical(part: Part, bytes: &[u8; 4]) -> Result<F, Rejected> {
    F::from_canonical_word(u32::from_be_bytes(*bytes)).ok_or(Rejected::NotCanonical(part))
}
