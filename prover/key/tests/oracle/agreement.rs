//! What the library accepts and refuses, we do, and for the same reason.

use altana_keccak_stark::{EF, KeccakConfig};
use altana_stark::{Key, Part, Rejected};
use openvm_stark_backend::{
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
        assert_eq!(encoded.part2.len() as u64, key.part2_bytes(), "{}", fixture.name);
        let verified = altana_stark::verify(&key, &encoded.claim, &encoded.part1, &encoded.part2);
        assert_eq!(verified, Ok(()), "{}", fixture.name);
    }
}

/// Every number of every proof, changed by one.
#[test]
fn a_changed_number_is_refused_by_both_for_the_same_reason() {
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
            check(&fixture, &key, &changed, place);
        }
        println!(
            "{}: {} of {} numbers changed",
            fixture.name,
            places.len().div_ceil(step),
            places.len()
        );
    }
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
                assert!(
                    matches!(ours, Err(Rejected::Length { .. })),
                    "{}: {place}: {ours:?}",
                    fixture.name
                );
            }
        }
    }
}

fn check(fixture: &Fixture, key: &Key, changed: &Value, place: &str) {
    let changed: Proof<KeccakConfig> = serde_json::from_value(changed.clone()).unwrap();
    let library = fixture.library(&changed).unwrap_err();
    let Ok(encoded) = fixture.circuit.encode(&changed) else {
        // Heights and pinned public values are part of our key.
        assert!(place.contains("log_height") || place.starts_with("/public_values"), "{place}");
        return;
    };
    let ours =
        altana_stark::verify(key, &encoded.claim, &encoded.part1, &encoded.part2).unwrap_err();
    assert_eq!(reason(&library), name(&ours), "{}: {place}: {library}: {ours}", fixture.name);
}

fn reason(error: &VerifierError<EF>) -> &'static str {
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
        VerifierError::WhirError(VerifyWhirError::MerkleVerify) => "MerklePath",
        VerifierError::WhirError(VerifyWhirError::FinalPolyConstraint) => "FinalClaim",
        other => panic!("{other}"),
    }
}

fn name(error: &Rejected) -> &'static str {
    match error {
        Rejected::Length { .. }
        | Rejected::NotCanonical(
            Part::Claim | Part::Constraints | Part::Openings | Part::Checkpoint,
        ) => "Form",
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
        Rejected::MerklePath { .. } => "MerklePath",
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
