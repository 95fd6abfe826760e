//! What the library accepts and refuses, we do, and for the same reason.

use std::collections::BTreeSet;

use altana_keccak_stark::{Digest, EF, F, KeccakConfig};
use altana_stark::{Key, Log, Part, Rejected};
use altana_stark_key::Encoded;
use openvm_stark_backend::{
    p3_field::PrimeCharacteristicRing,
    proof::Proof,
    verifier::{
        VerifierError, batch_constraints::BatchConstraintError,
        fractional_sumcheck_gkr::GkrVerificationError, stacked_reduction::StackedReductionError,
        whir::VerifyWhirError,
    },
};
use serde_json::Value;

use crate::fixtures::{self, Fixture};

#[test]
fn every_fixture_is_accepted_by_both() {
    for fixture in fixtures::all() {
        let key = Key::parse(&fixture.circuit.key().unwrap()).unwrap();
        fixture.library(&fixture.proof).unwrap();
        let encoded = fixture.circuit.encode(&fixture.proof).unwrap();
        assert_eq!(encoded.part1.len() as u64, key.part1_bytes(), "{}", fixture.name);
        let verified = altana_stark::verify(&key, &encoded.claim, &encoded.part1, &encoded.part2);
        assert_eq!(verified, Ok(()), "{}", fixture.name);
    }
}

/// Every number of every proof, changed by one.
#[test]
fn a_changed_number_is_refused_by_both_for_the_same_reason() {
    let mut reasons = BTreeSet::new();
    for fixture in fixtures::all() {
        let proof = serde_json::to_value(&fixture.proof).unwrap();
        let mut places = vec![];
        numbers(&proof, &mut String::new(), &mut places);
        let key = Key::parse(&fixture.circuit.key().unwrap()).unwrap();
        // All of the smallest proof, and a sample of the others.
        let step = places.len().div_ceil(2500);
        for place in places.iter().step_by(step) {
            let mut changed = proof.clone();
            let number = changed.pointer_mut(place).unwrap();
            let old = number.as_u64().unwrap();
            *number = if is_byte(place) { old ^ 1 } else { (old + 1) % u64::from(altana_stark::P) }
                .into();
            reasons.extend(check(&fixture, &key, &changed, place));
        }
    }
    // Every check is the one that refuses something; but the last, which needs a liar (`liar.rs`).
    reasons.insert("FinalClaim");
    assert_eq!(reasons, BTreeSet::from(CHECKS));
}

/// Every list of every proof, one shorter or longer.
#[test]
fn a_list_of_another_length_is_refused_by_both() {
    for fixture in fixtures::all() {
        let proof = serde_json::to_value(&fixture.proof).unwrap();
        let mut places = vec![];
        lists(&proof, &mut String::new(), &mut places);
        let key = Key::parse(&fixture.circuit.key().unwrap()).unwrap();
        let step = places.len().div_ceil(300);
        for place in places.iter().step_by(step) {
            for longer in [false, true] {
                let mut changed = proof.clone();
                let list = changed.pointer_mut(place).unwrap().as_array_mut().unwrap();
                let Some(last) = list.last().cloned() else { continue };
                if longer {
                    list.push(last)
                } else {
                    drop(list.pop())
                }
                let Ok(changed) = serde_json::from_value::<Proof<KeccakConfig>>(changed) else {
                    continue;
                };
                assert!(fixture.library(&changed).is_err(), "{}: {place}", fixture.name);
                let Ok(encoded) = fixture.circuit.encode(&changed) else { continue };
                let ours =
                    altana_stark::verify(&key, &encoded.claim, &encoded.part1, &encoded.part2);
                // In part 2, what follows is read from another place, and another check may see that first.
                let part2 = ["/stacking_proof", "/whir_proof"].iter().any(|p| place.starts_with(p));
                assert!(
                    matches!(ours, Err(Rejected::Length { .. })) || part2 && ours.is_err(),
                    "{}: {place}: {ours:?}",
                    fixture.name
                );
            }
        }
    }
}

/// All checks of `docs/stark.md`, 5 and 6.
const CHECKS: [&str; 15] = [
    "LogUpWork",
    "GkrRootNumerator",
    "GkrRootDenominator",
    "GkrLayer",
    "NumeratorSum",
    "DenominatorSum",
    "BatchDomainSum",
    "BatchClaim",
    "StackedDomainSum",
    "StackedClaim",
    "MuWork",
    "FoldingWork",
    "QueryWork",
    "MerkleRoot",
    "FinalClaim",
];

/// That both refuse it, and why.
fn check(fixture: &Fixture, key: &Key, changed: &Value, place: &str) -> Option<&'static str> {
    let changed: Proof<KeccakConfig> = serde_json::from_value(changed.clone()).unwrap();
    let library = fixture.library(&changed).unwrap_err();
    let Ok(encoded) = fixture.circuit.encode(&changed) else {
        // Heights and pinned public values are part of our key.
        assert!(place.contains("log_height") || place.starts_with("/public_values"), "{place}");
        return None;
    };
    if encoded == fixture.circuit.encode(&fixture.proof).unwrap() {
        // Rows of an index that is opened twice, or a node that follows from others.
        assert!(place.contains("merkle_proofs") || place.contains("opened"), "{place}");
        assert_eq!(reason(&library), "MerkleRoot", "{place}");
        return None;
    }
    let ours =
        altana_stark::verify(key, &encoded.claim, &encoded.part1, &encoded.part2).unwrap_err();
    assert_eq!(reason(&library), name(&ours), "{}: {place}: {library}: {ours}", fixture.name);
    Some(name(&ours))
}

pub(crate) fn reason(error: &VerifierError<EF>) -> &'static str {
    use BatchConstraintError as Batch;
    use GkrVerificationError as Gkr;
    match error {
        VerifierError::BatchConstraintError(error) => match error {
            Batch::InvalidLogupPowWitness => "LogUpWork",
            Batch::GkrVerificationFailed(Gkr::ZeroCheckFailed { .. }) => "GkrRootNumerator",
            Batch::GkrVerificationFailed(Gkr::RootConsistencyCheckFailed { .. }) => {
                "GkrRootDenominator"
            }
            Batch::GkrVerificationFailed(Gkr::LayerConsistencyCheckFailed { .. }) => "GkrLayer",
            Batch::GkrNumeratorMismatch { .. } => "NumeratorSum",
            Batch::GkrDenominatorMismatch { .. } => "DenominatorSum",
            Batch::SumClaimMismatch { .. } => "BatchDomainSum",
            Batch::InconsistentClaims => "BatchClaim",
            other => panic!("{other}"),
        },
        VerifierError::StackedReductionError(StackedReductionError::S0Mismatch { .. }) => {
            "StackedDomainSum"
        }
        VerifierError::StackedReductionError(StackedReductionError::FinalSumMismatch {
            ..
        }) => "StackedClaim",
        VerifierError::WhirError(VerifyWhirError::MuPoWInvalid) => "MuWork",
        VerifierError::WhirError(VerifyWhirError::FoldingPoWInvalid) => "FoldingWork",
        VerifierError::WhirError(VerifyWhirError::QueryPhasePoWInvalid) => "QueryWork",
        VerifierError::WhirError(VerifyWhirError::MerkleVerify) => "MerkleRoot",
        VerifierError::WhirError(VerifyWhirError::FinalPolyConstraint) => "FinalClaim",
        other => panic!("{other}"),
    }
}

pub(crate) fn name(error: &Rejected) -> &'static str {
    match error {
        Rejected::Length { .. }
        | Rejected::NotCanonical(
            Part::Claim | Part::Constraints | Part::Openings | Part::Checkpoint,
        )
        | Rejected::QueryOrder(_) => "Form",
        Rejected::LogUpWork => "LogUpWork",
        Rejected::GkrRootNumerator => "GkrRootNumerator",
        Rejected::GkrRootDenominator => "GkrRootDenominator",
        Rejected::GkrLayer(_) => "GkrLayer",
        Rejected::NumeratorSum => "NumeratorSum",
        Rejected::DenominatorSum => "DenominatorSum",
        Rejected::BatchDomainSum => "BatchDomainSum",
        Rejected::BatchClaim => "BatchClaim",
        Rejected::StackedDomainSum => "StackedDomainSum",
        Rejected::StackedClaim => "StackedClaim",
        Rejected::MuWork => "MuWork",
        Rejected::FoldingWork(_) => "FoldingWork",
        Rejected::QueryWork(_) => "QueryWork",
        Rejected::MerkleRoot(_) => "MerkleRoot",
        Rejected::FinalClaim => "FinalClaim",
    }
}

fn is_byte(place: &str) -> bool {
    ["commit", "merkle_proofs"].iter().any(|part| place.contains(part))
}

/// The places of all field elements and heights, and of one byte of each digest.
fn numbers(value: &Value, place: &mut String, places: &mut Vec<String>) {
    if let Value::Array(bytes) = value
        && is_byte(place)
        && bytes.len() == 32
        && bytes.iter().all(Value::is_number)
    {
        places.push(format!("{place}/{}", places.len() % 32));
        return;
    }
    if value.is_number() {
        places.push(place.clone());
    }
    each(value, place, |value, place| numbers(value, place, places));
}

fn lists(value: &Value, place: &mut String, places: &mut Vec<String>) {
    if value.is_array() {
        places.push(place.clone());
    }
    each(value, place, |value, place| lists(value, place, places));
}

fn each(value: &Value, place: &mut String, mut visit: impl FnMut(&Value, &mut String)) {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(values) => {
            values.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect()
        }
        Value::Object(values) => values.iter().map(|(name, value)| (name.clone(), value)).collect(),
        _ => vec![],
    };
    for (name, child) in children {
        let length = place.len();
        place.push('/');
        place.push_str(&name);
        visit(child, place);
        place.truncate(length);
    }
}

/// Work has many witnesses; another one gives other challenges, and mostly another result.
#[test]
fn both_agree_on_other_witnesses_of_work() {
    for fixture in fixtures::all() {
        let key = Key::parse(&fixture.circuit.key().unwrap()).unwrap();
        let witnesses = |proof: &mut Proof<KeccakConfig>, place: usize, witness: F| {
            let whir = &mut proof.whir_proof;
            let all = [&mut proof.gkr_proof.logup_pow_witness, &mut whir.mu_pow_witness];
            let rest =
                whir.folding_pow_witnesses.iter_mut().chain(&mut whir.query_phase_pow_witnesses);
            let Some(place) = all.into_iter().chain(rest).nth(place) else { return false };
            *place = witness;
            true
        };
        for place in 0.. {
            let mut proof = fixture.proof.clone();
            if !witnesses(&mut proof, place, F::ZERO) {
                break;
            }
            for witness in 0..40 {
                witnesses(&mut proof, place, F::from_u32(witness));
                let encoded = fixture.circuit.encode(&proof).unwrap();
                let ours =
                    altana_stark::verify(&key, &encoded.claim, &encoded.part1, &encoded.part2);
                match (fixture.library(&proof), ours) {
                    (Ok(()), Ok(())) => {}
                    // Of the queries that draw the same index now, only the first has its rows.
                    (Err(library), Ok(())) => {
                        assert_eq!(reason(&library), "MerkleRoot");
                        merge(&mut proof, &key, &encoded);
                        assert!(fixture.library(&proof).is_ok(), "{}: {place}", fixture.name);
                    }
                    (Err(library), Err(ours)) => assert_eq!(reason(&library), name(&ours)),
                    (library, ours) => {
                        panic!("{}: witness {place}: {library:?}, {ours:?}", fixture.name)
                    }
                }
            }
        }
    }
}

/// Gives queries of equal index the rows and the path of the first of them, as the encoding has it.
fn merge(proof: &mut Proof<KeccakConfig>, key: &Key, encoded: &Encoded) {
    let mut log = Log::default();
    let Encoded { claim, part1, part2 } = encoded;
    altana_stark::verify_traced(key, claim, part1, part2, &mut log).unwrap();
    let mut indices = log.numbers["whir.index"].as_slice();
    let whir = &mut proof.whir_proof;
    let mut first = |paths: &[Vec<Digest>]| -> Vec<usize> {
        let (round, later) = indices.split_at(paths.len());
        indices = later;
        round.iter().map(|index| round.iter().position(|other| other == index).unwrap()).collect()
    };
    let (rows, paths) =
        (&mut whir.initial_round_opened_rows[0], &mut whir.initial_round_merkle_proofs[0]);
    for (query, first) in first(paths).into_iter().enumerate() {
        rows[query] = rows[first].clone();
        paths[query] = paths[first].clone();
    }
    for (rows, paths) in
        whir.codeword_opened_values.iter_mut().zip(&mut whir.codeword_merkle_proofs)
    {
        for (query, first) in first(paths).into_iter().enumerate() {
            rows[query] = rows[first].clone();
            paths[query] = paths[first].clone();
        }
    }
}
