//! Openings against c-kzg and the parent chain's precompile.

use alloy_primitives::{B256, U256, keccak256, uint};
use altana_proof::{BlobData, BlobError, Blobs, Opening, encode_blobs, output};
use altana_protocol::batch::{BLOB_BYTES, Blob, FIELD_ELEMENTS, blobs_from_payload};
use ark_bls12_381::Fr;
use revm::precompile::kzg_point_evaluation::{kzg_to_versioned_hash, run};

const MODULUS: U256 =
    uint!(52435875175126190479447740508185965837690552500527637822603658699938581184513_U256);

/// A blob with this many random elements, then zeros.
fn blob(count: usize) -> Blob {
    let mut blob: Blob = vec![0; BLOB_BYTES].into_boxed_slice().try_into().unwrap();
    for (index, element) in blob.as_chunks_mut::<32>().0.iter_mut().take(count).enumerate() {
        let number = U256::from_be_bytes(keccak256((index as u64).to_be_bytes()).0);
        *element = (number % MODULUS).to_be_bytes();
    }
    blob
}

fn open(data: &BlobData) -> Result<Opening, BlobError> {
    let bytes = encode_blobs([data]);
    Ok(Blobs::decode(&bytes).unwrap().open::<Fr>()?[0])
}

/// The parent chain accepts the opening, and no other value.
fn check(blob: &Blob, elements: usize) {
    let settings = c_kzg::ethereum_kzg_settings(0);
    let kzg = c_kzg::Blob::from_bytes(&blob[..]).unwrap();
    let commitment = settings.blob_to_kzg_commitment(&kzg).unwrap().to_bytes().into_inner();
    let versioned_hash = B256::new(kzg_to_versioned_hash(&commitment));
    let data = BlobData::new(versioned_hash, blob);
    assert_eq!(data.elements.len(), elements);
    let Opening { z, y, .. } = open(&data).unwrap();
    assert_eq!(z[1..], keccak256([&[versioned_hash.0], &data.elements[..]].concat().concat())[1..]);
    assert_eq!(z[0], 0);
    let (proof, value) = settings.compute_kzg_proof(&kzg, &z.0.into()).unwrap();
    assert_eq!(*value, y.0);
    let proof = proof.to_bytes().into_inner();
    let call = |y: B256| {
        let input = [&versioned_hash[..], &z[..], &y[..], &commitment, &proof].concat();
        run(&input, 1_000_000).is_ok()
    };
    assert!(call(y));
    assert!(!call(keccak256(y)));
}

#[test]
fn the_parent_chain_accepts_openings_of_full_short_and_empty_blobs() {
    for count in [0, 1, 2, 3, 77, 2048, 2049, FIELD_ELEMENTS] {
        check(&blob(count), count);
    }
}

#[test]
fn the_parent_chain_accepts_openings_of_payloads() {
    for (length, elements) in [(0, 0), (1, 1), (27, 1), (28, 2), (10_000, 323)] {
        let blobs = blobs_from_payload(&vec![0xff; length]).unwrap();
        check(&blobs[0], elements);
    }
}

#[test]
fn zeros_within_a_blob_count() {
    let mut elements = blob(9);
    elements[32..96].fill(0);
    check(&elements, 9);
}

#[test]
fn an_element_is_below_the_modulus() {
    let blob = |number: U256| BlobData {
        versioned_hash: B256::ZERO,
        elements: vec![number.to_be_bytes(), [1; 32]],
    };
    assert!(open(&blob(MODULUS - U256::from(1))).is_ok());
    for number in [MODULUS, MODULUS + U256::from(1), U256::MAX] {
        assert_eq!(open(&blob(number)), Err(BlobError::Element));
    }
}

#[test]
fn a_blob_is_opened_at_a_point_of_its_own() {
    let data = BlobData { versioned_hash: B256::ZERO, elements: vec![[1; 32]; 2] };
    let opening = open(&data).unwrap();
    let named = BlobData { versioned_hash: B256::with_last_byte(1), ..data.clone() };
    assert_ne!(open(&named).unwrap().z, opening.z);
    for index in 0..2 {
        let mut changed = data.clone();
        changed.elements[index][31] ^= 1;
        assert_ne!(open(&changed).unwrap().z, opening.z);
    }
}

#[test]
fn the_output_is_a_hash_of_all() {
    let words: [B256; 5] = core::array::from_fn(|index| B256::repeat_byte(index as u8 + 1));
    let [input, history, versioned_hash, z, y] = words;
    assert_eq!(output(input, history, &[]), keccak256(words[..2].concat()));
    let opening = Opening { versioned_hash, z, y };
    assert_eq!(output(input, history, &[opening]), keccak256(words.concat()));
    let twice = [&words[..], &words[2..]].concat().concat();
    assert_eq!(output(input, history, &[opening; 2]), keccak256(twice));
}
