//! From the library's proof to claim, part 1 and part 2.

use altana_keccak_stark::{Digest, EF, F, KeccakConfig, encode};
use openvm_stark_backend::{
    p3_field::BasedVectorSpace,
    proof::{BatchConstraintProof, GkrProof, Proof, StackingProof, WhirProof},
};
use thiserror::Error;

use crate::{Circuit, circuit::word};

/// A proof as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The free public values.
    pub claim: Vec<u8>,
    /// Constraints.
    pub part1: Vec<u8>,
    /// Openings.
    pub part2: Vec<u8>,
}

/// The proof is not one of this circuit, and has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A trace is missing, has another height, or cached commitments.
    #[error("AIR {0} is not present with its height")]
    Height(usize),
    /// Pinned public values are others, or there are too many or few.
    #[error("the public values of AIR {0} are not the circuit's")]
    PublicValues(usize),
    /// There are openings of several commitments.
    #[error("there is more than one commitment")]
    Commitments,
}

impl Circuit {
    /// Encodes a proof. Lists of a wrong length give parts of a wrong length.
    pub fn encode(&self, proof: &Proof<KeccakConfig>) -> Result<Encoded, EncodeError> {
        self.check_shape(proof)?;
        let free = proof
            .public_values
            .iter()
            .enumerate()
            .filter(|(air, _)| !self.pinned.contains_key(air));
        let claim =
            free.flat_map(|(_, values)| values.iter().flat_map(|&value| word(value))).collect();
        let mut part1 = proof.common_main_commit.to_vec();
        gkr(&proof.gkr_proof, &mut part1);
        batch(&proof.batch_constraint_proof, &mut part1);
        let mut part2 = vec![];
        stacking(&proof.stacking_proof, &mut part2);
        whir(&proof.whir_proof, self.vk.inner.params.k_whir(), &mut part2);
        Ok(Encoded { claim, part1, part2 })
    }

    fn check_shape(&self, proof: &Proof<KeccakConfig>) -> Result<(), EncodeError> {
        let airs = self.log_heights.len();
        if proof.trace_vdata.len() != airs {
            return Err(EncodeError::Height(airs));
        }
        if proof.public_values.len() != airs {
            return Err(EncodeError::PublicValues(airs));
        }
        for (air, (&log_height, trace)) in
            self.log_heights.iter().zip(&proof.trace_vdata).enumerate()
        {
            let fits = trace
                .as_ref()
                .is_some_and(|t| t.log_height == log_height && t.cached_commitments.is_empty());
            if !fits {
                return Err(EncodeError::Height(air));
            }
        }
        for (air, values) in proof.public_values.iter().enumerate() {
            let expected = self.vk.inner.per_air[air].params.num_public_values;
            if values.len() != expected
                || self.pinned.get(&air).is_some_and(|pinned| pinned != values)
            {
                return Err(EncodeError::PublicValues(air));
            }
        }
        let one_part =
            proof.batch_constraint_proof.column_openings.iter().all(|parts| parts.len() == 1);
        let whir = &proof.whir_proof;
        let one_commitment = proof.stacking_proof.stacking_openings.len() == 1
            && whir.initial_round_opened_rows.len() == 1
            && whir.initial_round_merkle_proofs.len() == 1;
        if one_part && one_commitment { Ok(()) } else { Err(EncodeError::Commitments) }
    }
}

fn ext(value: &EF) -> Vec<u8> {
    encode(<EF as BasedVectorSpace<F>>::as_basis_coefficients_slice(value))
}

fn exts<'a>(values: impl IntoIterator<Item = &'a EF>, part: &mut Vec<u8>) {
    values.into_iter().for_each(|value| part.extend(ext(value)));
}

fn gkr(proof: &GkrProof<KeccakConfig>, part: &mut Vec<u8>) {
    part.extend(word(proof.logup_pow_witness));
    exts([&proof.q0_claim], part);
    // Layer j has a sumcheck before it, but for the first.
    let sumchecks = core::iter::once(None).chain(proof.sumcheck_polys.iter().map(Some));
    let layers = proof.claims_per_layer.iter().map(Some).chain(core::iter::repeat(None));
    let count = proof.claims_per_layer.len().max(proof.sumcheck_polys.len() + 1);
    for (sumcheck, layer) in sumchecks.chain(core::iter::repeat(None)).zip(layers).take(count) {
        exts(sumcheck.into_iter().flatten().flatten(), part);
        exts(layer.into_iter().flat_map(|l| [&l.p_xi_0, &l.q_xi_0, &l.p_xi_1, &l.q_xi_1]), part);
    }
}

fn batch(proof: &BatchConstraintProof<KeccakConfig>, part: &mut Vec<u8>) {
    let (numerators, denominators) =
        (&proof.numerator_term_per_air, &proof.denominator_term_per_air);
    for index in 0..numerators.len().max(denominators.len()) {
        exts(numerators.get(index), part);
        exts(denominators.get(index), part);
    }
    exts(&proof.univariate_round_coeffs, part);
    exts(proof.sumcheck_round_polys.iter().flatten(), part);
    exts(proof.column_openings.iter().flatten().flatten(), part);
}

fn stacking(proof: &StackingProof<KeccakConfig>, part: &mut Vec<u8>) {
    exts(&proof.univariate_round_coeffs, part);
    exts(proof.sumcheck_round_polys.iter().flatten(), part);
    exts(proof.stacking_openings.iter().flatten(), part);
}

fn whir(proof: &WhirProof<KeccakConfig>, folded: usize, part: &mut Vec<u8>) {
    part.extend(word(proof.mu_pow_witness));
    let rounds = proof.query_phase_pow_witnesses.len();
    let (mut sumchecks, mut folding) =
        (proof.whir_sumcheck_polys.iter(), proof.folding_pow_witnesses.iter());
    for round in 0..rounds {
        for _ in 0..folded {
            exts(sumchecks.next().into_iter().flatten(), part);
            part.extend(folding.next().into_iter().flat_map(|&witness| word(witness)));
        }
        let is_last = round + 1 == rounds;
        if is_last {
            exts(&proof.final_poly, part);
        } else {
            part.extend(proof.codeword_commits.get(round).into_iter().flatten());
            exts(proof.ood_values.get(round), part);
        }
        part.extend(
            proof
                .query_phase_pow_witnesses
                .get(round)
                .into_iter()
                .flat_map(|&witness| word(witness)),
        );
        let (rows, paths) = round_openings(proof, round);
        for query in 0..rows.len().max(paths.len()) {
            part.extend(rows.get(query).into_iter().flatten());
            part.extend(paths.get(query).into_iter().copied().flatten().flatten());
        }
    }
    // What there is too much of makes the part too long.
    exts(sumchecks.flatten(), part);
    part.extend(folding.flat_map(|&witness| word(witness)));
    part.extend(proof.codeword_commits.iter().skip(rounds.saturating_sub(1)).flatten());
    exts(proof.ood_values.iter().skip(rounds.saturating_sub(1)), part);
    let surplus = proof.codeword_merkle_proofs.iter().skip(rounds.saturating_sub(1));
    part.extend(surplus.flatten().flatten().flatten());
    let surplus = proof.codeword_opened_values.iter().skip(rounds.saturating_sub(1));
    exts(surplus.flatten().flatten(), part);
}

/// Each query's rows and its path.
fn round_openings(
    proof: &WhirProof<KeccakConfig>,
    round: usize,
) -> (Vec<Vec<u8>>, Vec<&Vec<Digest>>) {
    let Some(later) = round.checked_sub(1) else {
        let rows = proof.initial_round_opened_rows.iter().flatten();
        let paths = proof.initial_round_merkle_proofs.iter().flatten();
        return (
            rows.map(|rows| rows.iter().flat_map(|row| encode(row)).collect()).collect(),
            paths.collect(),
        );
    };
    let rows = proof.codeword_opened_values.get(later).into_iter().flatten();
    let paths = proof.codeword_merkle_proofs.get(later).into_iter().flatten();
    (rows.map(|rows| rows.iter().flat_map(ext).collect()).collect(), paths.collect())
}
