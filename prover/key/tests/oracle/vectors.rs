//! The vectors that the Rust and Solidity verifiers are tested against (`docs/stark.md`, 7).
//!
//! The test compares; `UPDATE=1` writes.

use std::{fs, path::PathBuf};

use altana_keccak_stark::{EF, F, Transcript, encode};
use altana_stark::{Checkpoint, Key, Log};
use openvm_stark_backend::{
    FiatShamirTranscript,
    p3_field::{BasedVectorSpace, Field, PrimeCharacteristicRing},
};
use serde_json::{Map, Value, json};

use crate::fixtures::{self, Fixture};

#[test]
fn the_vectors_are_fresh() {
    check("arithmetic", arithmetic());
    check("transcript", transcript());
    for fixture in fixtures::all() {
        check(&format!("proof-{}", fixture.name), proof(&fixture));
    }
}

fn check(name: &str, vector: Value) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/test/zk/vectors");
    let path = folder.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
    assert!(text.len() < 1_000_000, "{name}: {} bytes", text.len());
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(folder).unwrap();
        fs::write(path, text).unwrap();
    } else {
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{name} differs; UPDATE=1 writes it");
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes(value: EF) -> Vec<u8> {
    encode(<EF as BasedVectorSpace<F>>::as_basis_coefficients_slice(&value))
}

/// A generator of test values that never changes.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn element(&mut self) -> F {
        F::from_u64(self.next() >> 16)
    }

    fn ext(&mut self) -> EF {
        EF::from_basis_coefficients_fn(|_| self.element())
    }
}

/// Elements a and b of E and c of F, one after the other, and the library's results.
fn arithmetic() -> Value {
    let mut numbers = Numbers(1);
    let edges = [F::ZERO, F::ONE, F::NEG_ONE, F::TWO.inverse(), F::from_u64(1 << 27)];
    let mut cases: Vec<(EF, EF, F)> = vec![];
    for a in edges {
        for b in edges {
            cases.push((
                EF::from_basis_coefficients_fn(|_| a),
                EF::from_basis_coefficients_fn(|_| b),
                b,
            ));
            cases.push((
                EF::from(a),
                EF::from_basis_coefficients_fn(|k| if k == 3 { b } else { a }),
                a,
            ));
        }
    }
    while cases.len() < 1000 {
        cases.push((numbers.ext(), numbers.ext(), numbers.element()));
    }
    let all = |result: &dyn Fn(&(EF, EF, F)) -> EF| {
        hex(cases.iter().flat_map(|case| bytes(result(case))).collect::<Vec<_>>())
    };
    json!({
        "count": cases.len(),
        "a": all(&|case| case.0),
        "b": all(&|case| case.1),
        "c": hex(cases.iter().flat_map(|case| encode(&[case.2])).collect::<Vec<_>>()),
        "sum": all(&|case| case.0 + case.1),
        "difference": all(&|case| case.0 - case.1),
        "product": all(&|case| case.0 * case.1),
        "scaled": all(&|case| case.0 * case.2),
    })
}

/// Operations: `kind` 0 observes `data`; 1 samples `data` (16 bytes); 2 checks the work of `data`: witness (4 bytes),
/// bits (1), accepted (1); 3 samples bits, `data`: bits (1), value (4). `state` is the state behind each.
fn transcript() -> Value {
    let mut numbers = Numbers(2);
    let mut transcript = Transcript::default();
    let (mut kinds, mut data, mut states) = (vec![], vec![], vec![]);
    for _ in 0..200 {
        let kind = numbers.next() % 6;
        let (kind, entry) = match kind {
            0 => {
                let value = numbers.element();
                transcript.observe(value);
                (0, encode(&[value]))
            }
            1 => {
                let value = numbers.ext();
                transcript.observe_ext(value);
                (0, bytes(value))
            }
            2 => {
                let digest: [u8; 32] = std::array::from_fn(|_| numbers.next() as u8);
                transcript.observe_commit(digest);
                (0, digest.to_vec())
            }
            3 => (1, bytes(transcript.sample_ext())),
            4 => {
                let bits = (numbers.next() % 7) as usize;
                let witness = match numbers.next() % 2 {
                    0 => transcript.clone().grind(bits),
                    _ => numbers.element(),
                };
                let accepted = transcript.check_witness(bits, witness);
                (2, [&encode(&[witness])[..], &[bits as u8, u8::from(accepted)]].concat())
            }
            _ => {
                // Often enough in a row to need a second hash.
                for _ in 0..numbers.next() % 12 {
                    let bits = 1 + (numbers.next() % 27) as usize;
                    let value = transcript.sample_bits(bits) as u32;
                    kinds.push(3);
                    data.push(hex([&[bits as u8][..], &value.to_be_bytes()].concat()));
                    states.push(hex(transcript.state()));
                }
                continue;
            }
        };
        kinds.push(kind);
        data.push(hex(entry));
        states.push(hex(transcript.state()));
    }
    json!({ "kind": kinds, "data": data, "state": states })
}

/// A proof, and everything that its verification computes.
fn proof(fixture: &Fixture) -> Value {
    let key_bytes = fixture.circuit.key().unwrap();
    let key = Key::parse(&key_bytes).unwrap();
    let encoded = fixture.circuit.encode(&fixture.proof).unwrap();
    let checkpoint =
        altana_stark::verify_constraints(&key, &encoded.claim, &encoded.part1).unwrap();
    assert_eq!(Checkpoint::from_bytes(&key, &checkpoint.to_bytes()), Ok(checkpoint.clone()));
    let mut log = Log::default();
    altana_stark::verify_traced(&key, &encoded.claim, &encoded.part1, &encoded.part2, &mut log)
        .unwrap();
    let absorbed: Vec<_> = log.absorbed.iter().map(|&length| json!(length)).collect();
    let values: Map<String, Value> = log
        .values
        .iter()
        .map(|(name, values)| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bytes()).collect();
            (name.replace('.', "_"), hex(bytes).into())
        })
        .collect();
    json!({
        "key": hex(&key_bytes),
        "keyHash": hex(key.hash()),
        "claim": hex(&encoded.claim),
        "part1": hex(&encoded.part1),
        "part2": hex(&encoded.part2),
        "checkpoint": hex(checkpoint.to_bytes()),
        "checkpointId": hex(checkpoint.id(&key, &encoded.claim)),
        "states": log.states.iter().map(hex).collect::<Vec<_>>(),
        "absorbed": absorbed,
        "values": values,
        "indices": log.numbers.get("whir.index").cloned().unwrap_or_default(),
    })
}
