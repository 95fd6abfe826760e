//! Field elements by the machine's keys, and their KZG proofs (EIP-4844).

use alloy_primitives::{B256, keccak256};
use altana_protocol::batch::{BLOB_BYTES, Blob, FIELD_ELEMENTS};
use altana_riscv::{BlobElement, Kind};
use ark_bls12_381::Fr;
use ark_ff::{BigInteger, FftField, Field, PrimeField};
use std::collections::HashMap;

/// Whole blobs, and which element a key names.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    blobs: HashMap<B256, Blob>,
    elements: HashMap<B256, (B256, u16)>,
    commitments: HashMap<B256, [u8; 48]>,
}

impl Blobs {
    pub(crate) fn insert(&mut self, versioned_hash: B256, blob: Blob) {
        self.blobs.insert(versioned_hash, blob);
        for index in 0..FIELD_ELEMENTS as u16 {
            self.elements.insert(key(versioned_hash, index), (versioned_hash, index));
        }
    }

    /// Bytes of memory that they take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.blobs.len() * BLOB_BYTES + self.elements.len() * size_of::<(B256, B256, u64)>()
    }

    pub(crate) fn element(&self, key: B256) -> Option<B256> {
        let (versioned_hash, index) = self.elements.get(&key)?;
        let elements = self.blobs.get(versioned_hash)?.as_chunks::<32>().0;
        Some(B256::new(*elements.get(usize::from(*index))?))
    }

    /// The element with its proof; `None` too if the blob is none.
    pub(crate) fn prove(&mut self, key: B256) -> Option<BlobElement> {
        let element = self.element(key)?;
        let (versioned_hash, index) = *self.elements.get(&key)?;
        let blob = c_kzg::Blob::from_bytes(self.blobs.get(&versioned_hash)?.as_slice()).ok()?;
        let settings = c_kzg::ethereum_kzg_settings(0);
        let commitment = match self.commitments.get(&versioned_hash) {
            Some(commitment) => *commitment,
            None => settings.blob_to_kzg_commitment(&blob).ok()?.to_bytes().into_inner(),
        };
        self.commitments.insert(versioned_hash, commitment);
        let (proof, _) = settings.compute_kzg_proof(&blob, &point(index).into()).ok()?;
        let proof = proof.to_bytes().into_inner();
        Some(BlobElement { versioned_hash, index, element, commitment, proof })
    }
}

fn key(versioned_hash: B256, index: u16) -> B256 {
    let mut name = [0; 64];
    name[..32].copy_from_slice(versioned_hash.as_slice());
    name[62..].copy_from_slice(&index.to_be_bytes());
    Kind::Blob.key(keccak256(name))
}

/// Where a blob's polynomial has the value of its element `index`: a 4096th root of unity to the
/// power of the index with its 12 bits reversed.
fn point(index: u16) -> [u8; 32] {
    let log2 = FIELD_ELEMENTS.trailing_zeros();
    let root = Fr::TWO_ADIC_ROOT_OF_UNITY.pow([1 << (Fr::TWO_ADICITY - log2)]);
    let reversed = index.reverse_bits() >> (u16::BITS - log2);
    let bytes = root.pow([u64::from(reversed)]).into_bigint().to_bytes_be();
    let mut point = [0; 32];
    point.copy_from_slice(&bytes);
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use altana_protocol::batch::blobs_from_payload;

    #[test]
    fn elements_are_proven_where_the_protocol_reads_them() {
        let payload: Vec<u8> =
            (0..100_000u32).map(|index| (index.wrapping_mul(index) >> 7) as u8).collect();
        let blob = blobs_from_payload(&payload).unwrap().remove(0);
        let mut blobs = Blobs::default();
        blobs.insert(B256::repeat_byte(7), blob.clone());
        let settings = c_kzg::ethereum_kzg_settings(0);
        for index in [0u16, 1, 2, 77, 2048, 4095] {
            let proven = blobs.prove(key(B256::repeat_byte(7), index)).unwrap();
            let element = &blob.as_chunks::<32>().0[usize::from(index)];
            assert_eq!((proven.index, proven.element), (index, B256::new(*element)));
            let holds = settings.verify_kzg_proof(
                &proven.commitment.into(),
                &point(index).into(),
                &proven.element.0.into(),
                &proven.proof.into(),
            );
            assert!(holds.is_ok_and(|holds| holds), "{index}");
        }
        assert_eq!(blobs.prove(key(B256::repeat_byte(8), 0)), None);
    }
}
