//! Provers who state one wrong value, and go on with the challenges that follow from it.
//!
//! A value that is changed afterwards is refused at the next challenge that depends on it, by a Merkle root at the
//! latest. Only what a liar says from the beginning reaches the check that is about it.

use altana_keccak_stark::{Digest, EF, F, KeccakConfig, Transcript};
use altana_stark::Key;
use openvm_stark_backend::{FiatShamirTranscript, p3_field::PrimeCharacteristicRing, proof::Proof};

use crate::{
    agreement::{name, reason},
    fixtures::{self, Fixture},
};

/// Observes one more than the element of E at `lie`; does not do the work at `rest`.
#[derive(Clone, Default)]
struct Liar {
    transcript: Transcript,
    lie: Option<usize>,
    rest: Option<usize>,
    observed: usize,
    worked: usize,
}

impl FiatShamirTranscript<KeccakConfig> for Liar {
    fn observe(&mut self, value: F) {
        self.transcript.observe(value);
    }

    fn observe_commit(&mut self, digest: Digest) {
        self.transcript.observe_commit(digest);
    }

    fn observe_ext(&mut self, value: EF) {
        let lies = Some(self.observed) == self.lie;
        self.transcript.observe_ext(if lies { value + EF::ONE } else { value });
        self.observed += 1;
    }

    fn sample(&mut self) -> F {
        self.transcript.sample()
    }

    fn sample_ext(&mut self) -> EF {
        self.transcript.sample_ext()
    }

    fn sample_bits(&mut self, bits: usize) -> u64 {
        self.transcript.sample_bits(bits)
    }

    fn check_witness(&mut self, bits: usize, witness: F) -> bool {
        self.transcript.check_witness(bits, witness)
    }

    fn grind(&mut self, bits: usize) -> F {
        let rests = Some(self.worked) == self.rest;
        self.worked += 1;
        if !rests {
            return self.transcript.grind(bits);
        }
        let fails = |witness: &F| !self.transcript.clone().check_witness(bits, *witness);
        let witness = (0..1000).map(F::from_u32).find(fails).expect("work is not for nothing");
        assert!(!self.transcript.check_witness(bits, witness));
        witness
    }
}

type Access = fn(&mut Proof<KeccakConfig>) -> &mut EF;

/// A value: its name, its place among the observed ones, where it is in a proof, and what refuses a wrong one.
type Lie = (&'static str, usize, Access, &'static str);

fn lies(proof: &Proof<KeccakConfig>) -> Vec<Lie> {
    let (gkr, batch) = (&proof.gkr_proof, &proof.batch_constraint_proof);
    let terms = 1
        + 4 * gkr.claims_per_layer.len()
        + 3 * gkr.sumcheck_polys.iter().map(Vec::len).sum::<usize>();
    let univariate = terms + 2 * batch.numerator_term_per_air.len();
    let rounds = univariate + batch.univariate_round_coeffs.len();
    let openings = rounds + batch.sumcheck_round_polys.iter().map(Vec::len).sum::<usize>();
    // All AIRs of the fixture but the last two open rotations; those that do not, observe zeros.
    let opened = |parts: &Vec<Vec<EF>>| parts[0].len();
    let columns: usize = batch.column_openings.iter().map(opened).sum();
    let unrotated: usize = batch.column_openings.iter().map(opened).filter(|&n| n == 2).sum();
    let stacking = openings + columns + unrotated;
    let stacked_rounds = stacking + proof.stacking_proof.univariate_round_coeffs.len();
    let stacked = stacked_rounds + 2 * proof.stacking_proof.sumcheck_round_polys.len();
    let whir = stacked + proof.stacking_proof.stacking_openings[0].len();
    let last = whir
        + 2 * proof.whir_proof.whir_sumcheck_polys.len()
        + proof.whir_proof.ood_values.len()
        + proof.whir_proof.final_poly.len()
        - 1;
    let folded = proof.whir_proof.whir_sumcheck_polys.len()
        / proof.whir_proof.query_phase_pow_witnesses.len();
    vec![
        ("root denominator", 0, |p| &mut p.gkr_proof.q0_claim, "GkrRootDenominator"),
        ("layer 0", 1, |p| &mut p.gkr_proof.claims_per_layer[0].p_xi_0, "GkrRootNumerator"),
        ("layer 1", 8, |p| &mut p.gkr_proof.claims_per_layer[1].p_xi_0, "GkrLayer"),
        ("GKR sumcheck", 5, |p| &mut p.gkr_proof.sumcheck_polys[0][0][0], "GkrLayer"),
        (
            "numerator",
            terms,
            |p| &mut p.batch_constraint_proof.numerator_term_per_air[0],
            "NumeratorSum",
        ),
        (
            "denominator",
            terms + 1,
            |p| &mut p.batch_constraint_proof.denominator_term_per_air[0],
            "DenominatorSum",
        ),
        (
            "coefficient 0",
            univariate,
            |p| &mut p.batch_constraint_proof.univariate_round_coeffs[0],
            "BatchDomainSum",
        ),
        (
            "coefficient 1",
            univariate + 1,
            |p| &mut p.batch_constraint_proof.univariate_round_coeffs[1],
            "BatchClaim",
        ),
        (
            "batch sumcheck",
            rounds,
            |p| &mut p.batch_constraint_proof.sumcheck_round_polys[0][0],
            "BatchClaim",
        ),
        (
            "column",
            openings,
            |p| &mut p.batch_constraint_proof.column_openings[0][0][0],
            "BatchClaim",
        ),
        (
            "rotation",
            openings + 1,
            |p| &mut p.batch_constraint_proof.column_openings[0][0][1],
            "BatchClaim",
        ),
        (
            "stacked coefficient 0",
            stacking,
            |p| &mut p.stacking_proof.univariate_round_coeffs[0],
            "StackedDomainSum",
        ),
        (
            "stacked coefficient 1",
            stacking + 1,
            |p| &mut p.stacking_proof.univariate_round_coeffs[1],
            "StackedClaim",
        ),
        (
            "stacked sumcheck",
            stacked_rounds,
            |p| &mut p.stacking_proof.sumcheck_round_polys[0][0],
            "StackedClaim",
        ),
        (
            "stacked opening",
            stacked,
            |p| &mut p.stacking_proof.stacking_openings[0][0],
            "StackedClaim",
        ),
        ("WHIR sumcheck", whir, |p| &mut p.whir_proof.whir_sumcheck_polys[0][0], "FinalClaim"),
        (
            "out-of-domain value",
            whir + 2 * folded,
            |p| &mut p.whir_proof.ood_values[0],
            "FinalClaim",
        ),
        ("final polynomial", last, |p| p.whir_proof.final_poly.last_mut().unwrap(), "FinalClaim"),
    ]
}

/// Works in the order of the protocol, and the checks of them.
fn rests(proof: &Proof<KeccakConfig>) -> Vec<(&'static str, usize, &'static str)> {
    let whir = &proof.whir_proof;
    let folded = whir.folding_pow_witnesses.len() / whir.query_phase_pow_witnesses.len();
    vec![
        ("no LogUp work", 0, "LogUpWork"),
        ("no batching work", 1, "MuWork"),
        ("no folding work", 2, "FoldingWork"),
        ("no query work", 2 + folded, "QueryWork"),
    ]
}

/// A forged proof.
pub(crate) struct Forgery {
    pub(crate) lie: &'static str,
    /// The check that refuses it.
    pub(crate) reason: &'static str,
    pub(crate) proof: Proof<KeccakConfig>,
}

pub(crate) fn forgeries() -> (Fixture, Vec<Forgery>) {
    let fixture = fixtures::all().pop().unwrap();
    let state = |(lie, at, access, reason): Lie| {
        let mut proof = fixture.prove_with(Liar { lie: Some(at), ..Liar::default() });
        *access(&mut proof) += EF::ONE;
        Forgery { lie, reason, proof }
    };
    let rest = |(lie, at, reason)| {
        let proof = fixture.prove_with(Liar { rest: Some(at), ..Liar::default() });
        Forgery { lie, reason, proof }
    };
    let stated = lies(&fixture.proof).into_iter().map(state);
    let forgeries = stated.chain(rests(&fixture.proof).into_iter().map(rest)).collect();
    (fixture, forgeries)
}

#[test]
fn a_liar_is_refused_by_the_check_of_his_lie() {
    let (fixture, forgeries) = forgeries();
    let key = Key::parse(&fixture.circuit.key().unwrap()).unwrap();
    for Forgery { lie, reason: expected, proof } in forgeries {
        let encoded = fixture.circuit.encode(&proof).unwrap();
        let ours =
            altana_stark::verify(&key, &encoded.claim, &encoded.part1, &encoded.part2).unwrap_err();
        assert_eq!(name(&ours), expected, "{lie}");
        assert_eq!(reason(&fixture.library(&proof).unwrap_err()), expected, "{lie}");
    }
}
