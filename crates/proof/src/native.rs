//! The program on any computer.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use ark_bls12_381::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};

use altana_protocol::stf::{Oracle, Recorder};

use crate::{
    BlobData, Inputs, Opening, Refused, Run, Scalar, Statement, decode_pages, encode_blobs,
    encode_pages, prove, run_batches,
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
    let recorder = Recorder::new(oracle);
    let run = run_batches(&recorder, statement)?;
    let inputs = Inputs {
        statement: statement.encode(),
        blobs: encode_blobs(blobs),
        pages: encode_pages(recorder.into_answers()),
    };
    Ok((inputs, run))
}

/// [`prove`] on any computer.
pub fn prove_natively(
    statement: &[u8],
    blobs: &[u8],
    pages: &Bytes,
) -> Result<(B256, Vec<Opening>), Refused> {
    prove::<Fr>(statement, blobs, decode_pages(pages)?.into_iter())
}
