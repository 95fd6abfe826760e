//! The scalar field on any computer.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use ark_bls12_381::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};

use crate::{Opening, Refused, Scalar, prove};

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

/// [`prove`] on any computer.
pub fn prove_natively(
    statement: &[u8],
    pages: &Bytes,
    blobs: &[u8],
) -> Result<(B256, Vec<Opening>), Refused> {
    prove::<Fr>(statement, pages, blobs)
}
