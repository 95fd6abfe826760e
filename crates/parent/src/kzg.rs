//! Do blobs have these commitments (EIP-4844)?
//!
//! A commitment is linear in its blob. So a random linear combination of blobs has the same
//! combination of their commitments, and if it does, all but certainly each blob has its own: one
//! commitment (40 ms) is computed for all instead of one for each.

use alloy::primitives::B256;
use altana_protocol::batch::{BLOB_BYTES, Blob};
use ark_bls12_381::{Fr, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::{BigInt, BigInteger, PrimeField, Zero};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};

/// A compressed point of G1.
pub(crate) type Commitment = [u8; 48];

/// Begins to load the trusted setup, which takes more than a second.
pub(crate) fn load() {
    std::thread::spawn(settings);
}

/// Mainnet's trusted setup, without the tables that only speed up cell proofs and take 100 MB.
pub(crate) fn settings() -> &'static c_kzg::KzgSettings {
    c_kzg::ethereum_kzg_settings(0)
}

/// The commitment to a blob; `None` if an element of it is not below the modulus.
pub(crate) fn commit(blob: &[u8; BLOB_BYTES]) -> Option<Commitment> {
    let blob = c_kzg::Blob::from_bytes(blob).ok()?;
    let commitment = settings().blob_to_kzg_commitment(&blob).ok()?;
    Some(*commitment.to_bytes())
}

/// What the point-evaluation precompile takes for a blob's value at `point`: versioned hash, point,
/// value, commitment, proof (EIP-4844). `None` if the blob is none, or the point no element.
pub fn open_blob(versioned_hash: B256, blob: &Blob, point: B256) -> Option<[u8; 192]> {
    let blob = c_kzg::Blob::from_bytes(&blob[..]).ok()?;
    let commitment = settings().blob_to_kzg_commitment(&blob).ok()?.to_bytes();
    let (proof, value) = settings().compute_kzg_proof(&blob, &point.0.into()).ok()?;
    let parts: [&[u8]; 5] =
        [&versioned_hash[..], &point[..], &value[..], &commitment[..], &proof.to_bytes()[..]];
    parts.concat().try_into().ok()
}

/// Whether blob `i` has commitment `i`, for all of them.
pub(crate) fn are_committed(blobs: &[Blob], commitments: &[Commitment]) -> bool {
    if blobs.len() != commitments.len() || blobs.is_empty() {
        return false;
    }
    combine(blobs, commitments).unwrap_or(false)
}

fn combine(blobs: &[Blob], commitments: &[Commitment]) -> Option<bool> {
    let random = Fr::from_be_bytes_mod_order(&rand::random::<[u8; 32]>());
    let mut factor = Fr::from(1u64);
    let mut elements = vec![Fr::zero(); BLOB_BYTES / 32];
    let mut point = G1Projective::zero();
    for (blob, commitment) in blobs.iter().zip(commitments) {
        for (sum, bytes) in elements.iter_mut().zip(blob.as_chunks::<32>().0) {
            *sum += element(bytes)? * factor;
        }
        point += G1Affine::deserialize_compressed(&commitment[..]).ok()? * factor;
        factor *= random;
    }
    let mut combined: Blob = vec![0; BLOB_BYTES].into_boxed_slice().try_into().ok()?;
    for (bytes, sum) in combined.as_chunks_mut::<32>().0.iter_mut().zip(elements) {
        bytes.copy_from_slice(&sum.into_bigint().to_bytes_be());
    }
    let mut expected = [0; 48];
    point.into_affine().serialize_compressed(&mut expected[..]).ok()?;
    Some(commit(&combined)? == expected)
}

/// A field element, which must be below the modulus: two encodings of one element would have one
/// commitment.
fn element(bytes: &[u8; 32]) -> Option<Fr> {
    let limb =
        |i: usize| u64::from_be_bytes(bytes[24 - 8 * i..32 - 8 * i].try_into().expect("8 bytes"));
    Fr::from_bigint(BigInt::new([limb(0), limb(1), limb(2), limb(3)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(seed: u8) -> Blob {
        let mut blob: Blob = vec![0; BLOB_BYTES].into_boxed_slice().try_into().unwrap();
        for (index, element) in blob.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            element[1] = seed;
            element[30..].copy_from_slice(&(index as u16).to_be_bytes());
        }
        blob
    }

    #[test]
    fn blobs_have_their_own_commitments_and_no_others() {
        let blobs = vec![blob(1), blob(2), blob(3)];
        let commitments: Vec<_> = blobs.iter().map(|blob| commit(blob).unwrap()).collect();
        assert!(are_committed(&blobs, &commitments));
        let swapped = vec![commitments[1], commitments[0], commitments[2]];
        assert!(!are_committed(&blobs, &swapped));
        assert!(!are_committed(&blobs[..2], &commitments));
        assert!(!are_committed(&[], &[]));
        let mut other = blobs.clone();
        other[2][77] ^= 1;
        assert!(!are_committed(&other, &commitments));
        for spoilt in [[0; 48], commitments[0], {
            let mut c = commitments[1];
            c[47] ^= 1;
            c
        }] {
            let commitments = vec![commitments[0], spoilt, commitments[2]];
            assert!(!are_committed(&blobs, &commitments));
        }
    }

    /// The same polynomial in other bytes is another payload.
    #[test]
    fn an_element_is_below_the_modulus() {
        let mut blobs = vec![blob(1)];
        let commitments = vec![commit(&blobs[0]).unwrap()];
        let modulus = Fr::MODULUS.to_bytes_be();
        let (first, carry) = (&mut blobs[0][..32], &mut 0u16);
        for (byte, add) in first.iter_mut().zip(&modulus).rev() {
            *carry += u16::from(*byte) + u16::from(*add);
            *byte = *carry as u8;
            *carry >>= 8;
        }
        assert!(commit(&blobs[0]).is_none());
        assert!(!are_committed(&blobs, &commitments));
    }
}
