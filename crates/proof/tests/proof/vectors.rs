//! A real proof, which the contracts' tests hold, too.

use alloy_primitives::{B256, hex};
use altana_proof::{CLAIM_BYTES, Proof, ProofError, claim_words, guest};
use altana_stark::Key;

const VECTOR: &str = include_str!("../../../../contracts/test/zk/vectors/proof-root.json");

fn vector(name: &str) -> Vec<u8> {
    let vector: serde_json::Value = serde_json::from_str(VECTOR).unwrap();
    hex::decode(vector[name].as_str().unwrap()).unwrap()
}

fn proof() -> Proof {
    let claim = vector("claim").try_into().unwrap();
    Proof { claim, part1: vector("part1"), part2: vector("part2") }
}

/// The trivial guest's output.
fn output() -> B256 {
    B256::new(core::array::from_fn(|index| index as u8))
}

#[test]
fn a_claim_has_the_words_of_the_contract() {
    let claim: [u8; CLAIM_BYTES] = vector("claim").try_into().unwrap();
    let (exe, vm) = (claim[..32].try_into().unwrap(), claim[32..64].try_into().unwrap());
    assert_eq!(claim_words(exe, vm, output()), claim);
}

#[test]
fn a_proof_is_of_its_claim_alone() {
    let key = Key::parse(&vector("key")).unwrap();
    let proof = proof();
    assert_eq!(proof.verify(&key, &proof.claim).map(drop), Ok(()));
    let mut other = proof.claim;
    other[CLAIM_BYTES - 1] ^= 1;
    assert_eq!(proof.verify(&key, &other), Err(ProofError::Claim));
    let changed = Proof { claim: other, ..proof.clone() };
    assert!(matches!(changed.verify(&key, &other), Err(ProofError::Rejected(_))));
    for part in [0, 1] {
        let mut changed = proof.clone();
        [&mut changed.part1, &mut changed.part2][part][40] ^= 1;
        let result = changed.verify(&key, &proof.claim);
        assert!(matches!(result, Err(ProofError::Rejected(_))), "{part}");
    }
}

#[test]
fn the_guests_key_is_a_key() {
    let key = guest::key();
    let claim = guest::claim(B256::repeat_byte(1));
    let proof = Proof { claim, part1: vec![], part2: vec![] };
    assert!(matches!(proof.verify(key, &claim), Err(ProofError::Rejected(_))));
}
