//! The program on any computer.

use alloc::vec::Vec;
use core::cell::Cell;

use alloy_primitives::{B256, Bytes};
use ark_bls12_381::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};

use altana_protocol::stf::{MissingPreimage, Oracle, Recorder};

use crate::{
    BlobData, Inputs, Opening, PAGES_BYTES_MAX, PagesError, Refused, Run, Scalar, Statement,
    decode_pages, encode_blobs, encode_pages, pages::encoded_bytes, prove, run_batches,
};

impl Scalar for Fr {
    fn read(bytes: &[u8; 32]) -> Option<Self> {
        let (limbs, _) = bytes.as_chunks();
        let mut limbs: [u64; 4] = core::array::from_fn(|limb| u64::from_be_bytes(limbs[limb]));
        limbs.reverse();
        Self::from_bigint(BigInt::new(limbs))
    }

    fn write(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&self.into_bigint().to_bytes_be());
        bytes
    }

    fn divide(&mut self, by: &Self) {
        *self /= by;
    }
}

/// Runs a statement's batches over what a node has; gives the program's inputs, and what the batches
/// lead to ([`run_batches`]). `blobs` are those of the batches.
pub fn record<'a>(
    oracle: &impl Oracle,
    statement: &Statement,
    blobs: impl IntoIterator<Item = &'a BlobData>,
) -> Result<(Inputs, Run), Refused> {
    let recorder = Recorder::new(Bounded { oracle, left: Cell::new(Some(PAGES_BYTES_MAX)) });
    let run = run_batches(&recorder, statement);
    if recorder.oracle().left.get().is_none() {
        return Err(PagesError::TooLong.into());
    }
    let run = run?;
    let inputs = Inputs {
        statement: statement.encode(),
        blobs: encode_blobs(blobs),
        pages: encode_pages(recorder.into_answers()),
    };
    Ok((inputs, run))
}

/// Lacks everything once its answers were too long: users decide what a batch reads.
struct Bounded<O> {
    oracle: O,
    /// Bytes of pages that may still come.
    left: Cell<Option<usize>>,
}

impl<O: Oracle> Oracle for Bounded<O> {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        let page = self.oracle.keccak(hash)?;
        let left = self.left.get().and_then(|left| left.checked_sub(encoded_bytes(page.len())));
        self.left.set(left);
        left.map(|_| page).ok_or(MissingPreimage::Keccak(hash))
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        self.oracle.element(versioned_hash, index)
    }
}

/// [`prove`] on any computer.
pub fn prove_natively(
    statement: &[u8],
    blobs: &[u8],
    pages: &Bytes,
) -> Result<(B256, Vec<Opening>), Refused> {
    prove::<Fr>(statement, blobs, decode_pages(pages)?.into_iter())
}
