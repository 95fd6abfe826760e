//! The committed vectors: proofs that the library made and accepts (`docs/stark.md`, 7).

use std::{fs, path::PathBuf};

use alloy_primitives::{B256, hex};
use altana_stark::{
    Checkpoint, Ext, F, Key, KeyError, Log, P, Part, Rejected, Transcript, verify,
    verify_constraints, verify_openings, verify_traced,
};
use proptest::prelude::*;
use serde_json::Value;

const PROOFS: [&str; 5] = ["buses", "fibonacci", "low", "wide", "powers"];
/// The last layer's proof of a program that does nothing.
const ROOT: &str = "root";

/// A part of a proof, to be changed.
type Access = fn(&mut Proof) -> &mut Vec<u8>;
const PARTS: [(Part, Access); 3] = [
    (Part::Claim, |proof| &mut proof.claim),
    (Part::Constraints, |proof| &mut proof.part1),
    (Part::Openings, |proof| &mut proof.part2),
];

fn vector(name: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/test/zk/vectors");
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn exts(value: &Value) -> Vec<Ext> {
    let bytes = bytes(value);
    bytes.as_chunks().0.iter().map(|element| Ext::from_bytes(element).unwrap()).collect()
}

struct Proof {
    vector: Value,
    key_bytes: Vec<u8>,
    key: Key,
    claim: Vec<u8>,
    part1: Vec<u8>,
    part2: Vec<u8>,
}

impl Proof {
    fn load(name: &str) -> Self {
        let vector = vector(&format!("proof-{name}"));
        let field = |name: &str| bytes(&vector[name]);
        let key_bytes = field("key");
        let key = Key::parse(&key_bytes).unwrap();
        let (claim, part1, part2) = (field("claim"), field("part1"), field("part2"));
        Self { key_bytes, key, claim, part1, part2, vector }
    }

    /// Where each round's queries begin in part 2, and their indices.
    fn openings(&self) -> Vec<(usize, Vec<u64>)> {
        let numbers = |name: &str| self.vector[name].as_array().unwrap().iter();
        let mut indices = numbers("indices").map(|index| index.as_u64().unwrap());
        let queries = self.key_bytes[64..96].as_chunks().0.iter();
        let queries = queries.map(|&count| usize::from(u16::from_be_bytes(count)));
        numbers("openings")
            .zip(queries)
            .map(|(at, count)| {
                let at = usize::try_from(at.as_u64().unwrap()).unwrap();
                (at, indices.by_ref().take(count).collect())
            })
            .collect()
    }

    fn verify(&self) -> Result<(), Rejected> {
        verify(&self.key, &self.claim, &self.part1, &self.part2)
    }
}

#[test]
fn every_proof_is_accepted_and_computes_the_committed_values() {
    for name in PROOFS.into_iter().chain([ROOT]) {
        let proof = Proof::load(name);
        let mut log = Log::default();
        verify_traced(&proof.key, &proof.claim, &proof.part1, &proof.part2, &mut log).unwrap();
        let states = proof.vector["states"].as_array().unwrap();
        assert_eq!(
            log.states,
            states.iter().map(|s| B256::from_slice(&bytes(s))).collect::<Vec<_>>()
        );
        for (name, values) in proof.vector["values"].as_object().unwrap() {
            let ours = log.values.iter().find(|(ours, _)| ours.replace('.', "_") == *name).unwrap();
            assert_eq!(*ours.1, exts(values), "{name}");
        }
        assert_eq!(proof.key.hash()[..], bytes(&proof.vector["keyHash"]));
    }
}

#[test]
fn the_two_parts_can_be_verified_apart() {
    for name in PROOFS.into_iter().chain([ROOT]) {
        let proof = Proof::load(name);
        let checkpoint = verify_constraints(&proof.key, &proof.claim, &proof.part1).unwrap();
        let written = checkpoint.to_bytes();
        assert_eq!(written, bytes(&proof.vector["checkpoint"]));
        let id = checkpoint.id(&proof.key, &proof.claim);
        assert_eq!(id[..], bytes(&proof.vector["checkpointId"]));
        let read = Checkpoint::from_bytes(&proof.key, &written).unwrap();
        assert_eq!(verify_openings(&proof.key, &read, &proof.part2), Ok(()));
        // One bit of the checkpoint gives another id, and does not verify.
        for at in 0..written.len() {
            let mut other = written.clone();
            other[at] ^= 1;
            let Ok(other) = Checkpoint::from_bytes(&proof.key, &other) else { continue };
            assert_ne!(other.id(&proof.key, &proof.claim), id);
            assert!(verify_openings(&proof.key, &other, &proof.part2).is_err());
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_refused() {
    for name in PROOFS.into_iter().chain([ROOT]) {
        let mut proof = Proof::load(name);
        for (_, part) in PARTS {
            // All bytes of small parts.
            let bytes = if name == ROOT { 300 } else { 3000 };
            let step = part(&mut proof).len().div_ceil(bytes).max(1);
            for at in (0..part(&mut proof).len()).step_by(step) {
                part(&mut proof)[at] ^= 1 << (at % 8);
                assert!(proof.verify().is_err(), "{name}: byte {at}");
                part(&mut proof)[at] ^= 1 << (at % 8);
            }
        }
        assert_eq!(proof.verify(), Ok(()));
    }
}

/// Liars whose challenges are all right: one check refuses each.
#[test]
fn a_liar_is_refused_by_the_check_of_his_lie() {
    let vector = vector("forged");
    let key = Key::parse(&bytes(&vector["key"])).unwrap();
    let list = |name: &str| vector[name].as_array().unwrap();
    for (index, lie) in list("lie").iter().enumerate() {
        let [part1, part2] = ["part1", "part2"].map(|part| bytes(&list(part)[index]));
        let refused = verify(&key, &bytes(&vector["claim"]), &part1, &part2).unwrap_err();
        let reason = list("reason")[index].as_str().unwrap();
        assert!(format!("{refused:?}").starts_with(reason), "{lie}: {refused}");
    }
}

#[test]
fn a_part_of_another_length_is_refused() {
    for name in PROOFS {
        let mut proof = Proof::load(name);
        for (which, part) in PARTS {
            let right = part(&mut proof).clone();
            let longer = [1, 4, 16, 32, right.len()].map(|more| right.len() + more);
            let step = right.len().div_ceil(100).max(1);
            let shorter = (0..right.len()).step_by(step).chain(right.len().checked_sub(1));
            for length in shorter.chain(longer).filter(|&length| length != right.len()) {
                part(&mut proof).clone_from(&right);
                part(&mut proof).resize(length, 0);
                let refused = proof.verify();
                assert!(matches!(refused, Err(Rejected::Length { part, .. }) if part == which));
            }
            *part(&mut proof) = right;
        }
    }
}

/// A proof lists the queries of a round in one order only, and every one once.
#[test]
fn queries_in_another_order_are_refused() {
    let mut equal = 0;
    for name in PROOFS {
        let mut proof = Proof::load(name);
        for (round, (at, indices)) in proof.openings().into_iter().enumerate() {
            let right = proof.part2[at..at + indices.len()].to_vec();
            let mut wrong = vec![];
            for j in 0..right.len() {
                let mut unknown = right.clone();
                unknown[j] = right.len() as u8;
                wrong.push(unknown);
            }
            for j in 1..right.len() {
                let mut swapped = right.clone();
                swapped.swap(j - 1, j);
                let mut twice = right.clone();
                twice[j] = right[j - 1];
                wrong.extend([swapped, twice]);
                let [a, b] = [j - 1, j].map(|j| indices[usize::from(right[j])]);
                equal += usize::from(a == b);
            }
            for order in wrong {
                proof.part2[at..at + order.len()].copy_from_slice(&order);
                assert_eq!(proof.verify(), Err(Rejected::QueryOrder(round)), "{name}: {order:?}");
            }
            proof.part2[at..at + right.len()].copy_from_slice(&right);
        }
        assert_eq!(proof.verify(), Ok(()));
    }
    assert!(equal > 0);
}

/// A word w + p stands for the same element as w: it must not be another encoding of the proof.
#[test]
fn a_word_that_is_not_canonical_is_refused() {
    let mut proof = Proof::load("powers");
    for (which, part) in PARTS {
        let mut found = 0;
        let length = part(&mut proof).len();
        let openings = if which == Part::Openings { proof.openings() } else { vec![] };
        // The queries' numbers are no words: there, words begin anew.
        let starts = [0].into_iter().chain(openings.iter().map(|(at, indices)| at + indices.len()));
        let ends = openings.iter().map(|&(at, _)| at).chain([length]);
        let places: Vec<usize> = starts.zip(ends).flat_map(|(a, b)| (a..b).step_by(4)).collect();
        for &at in &places {
            let right: [u8; 4] = part(&mut proof)[at..at + 4].try_into().unwrap();
            let Some(wrong) = u32::from_be_bytes(right).checked_add(P) else { continue };
            part(&mut proof)[at..at + 4].copy_from_slice(&wrong.to_be_bytes());
            let refused = proof.verify().unwrap_err();
            // A digest has no words; what follows it is refused for another reason.
            found += usize::from(refused == Rejected::NotCanonical(which));
            part(&mut proof)[at..at + 4].copy_from_slice(&right);
        }
        let words = places.len();
        match which {
            // All but the commitment's.
            Part::Constraints => assert_eq!(found, words - 8),
            Part::Openings => assert!(found * 6 > words),
            _ => assert_eq!(found, words),
        }
    }
}

#[test]
fn a_proof_of_another_key_or_claim_is_refused() {
    let [a, b] = ["fibonacci", "low"].map(Proof::load);
    assert!(verify(&a.key, &b.claim, &b.part1, &b.part2).is_err());
    // The same shape under another verifying key.
    let mut other = a.key_bytes.clone();
    other[32] ^= 1;
    let other = Key::parse(&other).unwrap();
    assert!(verify(&other, &a.claim, &a.part1, &a.part2).is_err());
    assert_ne!(other.hash(), a.key.hash());
    // A checkpoint of another key, with more or fewer coordinates.
    for (a, b) in [(&a, &b), (&b, &a)] {
        let checkpoint = verify_constraints(&a.key, &a.claim, &a.part1).unwrap();
        let refused = verify_openings(&b.key, &checkpoint, &b.part2);
        assert!(matches!(refused, Err(Rejected::Length { part: Part::Checkpoint, .. })));
    }
}

#[test]
fn arithmetic_is_the_librarys() {
    let vector = vector("arithmetic");
    let [a, b, sum, difference, product, scaled] =
        ["a", "b", "sum", "difference", "product", "scaled"].map(|name| exts(&vector[name]));
    let words = bytes(&vector["c"]);
    let words = words.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word));
    let c: Vec<F> = words.map(|word| F::from_canonical_word(word).unwrap()).collect();
    assert!(a.len() >= 1000);
    for i in 0..a.len() {
        assert_eq!(a[i] + b[i], sum[i]);
        assert_eq!(a[i] - b[i], difference[i]);
        assert_eq!(a[i] * b[i], product[i]);
        assert_eq!(a[i] * c[i], scaled[i]);
    }
}

#[test]
fn the_transcript_is_the_librarys() {
    let vector = vector("transcript");
    let list = |name: &str| vector[name].as_array().unwrap();
    let mut transcript = Transcript::default();
    for ((kind, data), state) in list("kind").iter().zip(list("data")).zip(list("state")) {
        let data = bytes(data);
        match kind.as_u64().unwrap() {
            0 => transcript.observe(&data),
            1 => assert_eq!(transcript.sample(&mut ()).to_bytes()[..], data),
            2 => {
                let witness = data.first_chunk().unwrap();
                let accepted = transcript.check_work(data[4].into(), witness, &mut ());
                assert_eq!(accepted, data[5] == 1);
            }
            _ => {
                let value = transcript.sample_bits(data[0].into(), &mut ());
                assert_eq!(value.to_be_bytes()[..], data[1..]);
            }
        }
        assert_eq!(transcript.state()[..], bytes(state));
    }
}

/// A query's number is one byte.
#[test]
fn a_key_with_too_many_queries_is_refused() {
    for (queries, refused) in [(0u16, true), (1, false), (255, false), (256, true)] {
        let mut key = Proof::load("powers").key_bytes;
        key[64..66].copy_from_slice(&queries.to_be_bytes());
        assert_eq!(Key::parse(&key) == Err(KeyError::Parameter("queries")), refused);
    }
}

/// Key bytes are pinned by their hash; but whatever they are, nothing panics.
#[test]
fn a_changed_key_does_not_panic() {
    for name in ["buses", "low", "powers"] {
        let proof = Proof::load(name);
        for at in 0..proof.key_bytes.len() {
            for change in [1, 2, 0x80, 0xff] {
                let mut other = proof.key_bytes.clone();
                other[at] ^= change;
                let Ok(key) = Key::parse(&other) else { continue };
                let _ = verify(&key, &proof.claim, &proof.part1, &proof.part2);
                // Of its own lengths, too.
                let zeros = |length: u64| vec![0; usize::try_from(length.min(1 << 24)).unwrap()];
                let [claim, part1] = [key.claim_bytes(), key.part1_bytes()].map(zeros);
                let _ = verify_constraints(&key, &claim, &part1);
            }
        }
        for length in 0..proof.key_bytes.len() {
            assert!(Key::parse(&proof.key_bytes[..length]).is_err());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_have_a_result(
        key in prop::collection::vec(any::<u8>(), 0..400),
        part1 in prop::collection::vec(any::<u8>(), 996),
        part2 in prop::collection::vec(any::<u8>(), 2860),
        small in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let _ = Key::parse(&key);
        let proof = Proof::load("buses");
        // Words below p, so that more than the first is looked at.
        let tame = |mut bytes: Vec<u8>| {
            if small { bytes.iter_mut().step_by(4).for_each(|byte| *byte &= 0x3f) };
            bytes
        };
        let (part1, part2) = (tame(part1), tame(part2));
        prop_assert!(verify_constraints(&proof.key, &[], &part1).is_err());
        let checkpoint = verify_constraints(&proof.key, &[], &proof.part1).unwrap();
        prop_assert!(verify_openings(&proof.key, &checkpoint, &part2).is_err());
        // Whatever a round opens, up to any length.
        for (at, indices) in proof.openings() {
            for kept in [at, at + indices.len()] {
                let openings = [&proof.part2[..kept], &part2[..cut.index(part2.len())]].concat();
                prop_assert!(verify_openings(&proof.key, &checkpoint, &openings).is_err());
            }
        }
    }
}
