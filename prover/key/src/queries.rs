//! Which leaves a proof opens: its transcript, followed to every query (`docs/stark.md`, 5 and 6).

use altana_keccak_stark::{EF, F, KeccakConfig, Transcript};
use openvm_stark_backend::{
    FiatShamirTranscript,
    p3_field::PrimeCharacteristicRing,
    proof::{BatchConstraintProof, GkrLayerClaims, GkrProof, Proof, StackingProof, WhirProof},
};

use crate::Circuit;

/// The queries' indices in each round. Nothing is verified.
pub(crate) fn indices(circuit: &Circuit, proof: &Proof<KeccakConfig>) -> Vec<Vec<u32>> {
    let mut replay = Replay { circuit, transcript: Transcript::default() };
    replay.transcript.observe_commit(circuit.vk.pre_hash);
    replay.transcript.observe_commit(proof.common_main_commit);
    for (&log_height, publics) in circuit.log_heights.iter().zip(&proof.public_values) {
        replay.transcript.observe(F::ONE);
        replay.transcript.observe(F::from_usize(log_height));
        publics.iter().for_each(|&value| replay.transcript.observe(value));
    }
    replay.gkr(&proof.gkr_proof);
    replay.batch(&proof.batch_constraint_proof);
    replay.stacking(&proof.stacking_proof);
    replay.whir(&proof.whir_proof)
}

struct Replay<'a> {
    circuit: &'a Circuit,
    transcript: Transcript,
}

impl Replay<'_> {
    fn observe<'v>(&mut self, values: impl IntoIterator<Item = &'v EF>) {
        values.into_iter().for_each(|&value| self.transcript.observe_ext(value));
    }

    fn sample(&mut self) {
        let _: EF = self.transcript.sample_ext();
    }

    fn work(&mut self, bits: usize, witness: F) {
        let _ = self.transcript.check_witness(bits, witness);
    }

    fn gkr(&mut self, proof: &GkrProof<KeccakConfig>) {
        let params = &self.circuit.vk.inner.params;
        self.work(params.logup_pow_bits(), proof.logup_pow_witness);
        self.sample();
        self.sample();
        self.observe([&proof.q0_claim]);
        let layer = |layer: &GkrLayerClaims<KeccakConfig>| {
            [layer.p_xi_0, layer.q_xi_0, layer.p_xi_1, layer.q_xi_1]
        };
        let (first, later) = proof.claims_per_layer.split_at(proof.claims_per_layer.len().min(1));
        self.observe(first.iter().flat_map(layer).collect::<Vec<_>>().iter());
        self.sample();
        for (claims, sumcheck) in later.iter().zip(&proof.sumcheck_polys) {
            self.sample();
            for values in sumcheck {
                self.observe(values);
                self.sample();
            }
            self.observe(&layer(claims));
            self.sample();
        }
        // What is missing of ξ.
        let highest = self.circuit.log_heights.iter().copied().max().unwrap_or_default();
        let coordinates = highest.max(params.l_skip);
        (proof.claims_per_layer.len()..coordinates).for_each(|_| self.sample());
    }

    fn batch(&mut self, proof: &BatchConstraintProof<KeccakConfig>) {
        self.sample();
        let sums = proof.numerator_term_per_air.iter().zip(&proof.denominator_term_per_air);
        self.observe(sums.flat_map(|(numerator, denominator)| [numerator, denominator]));
        self.sample();
        self.observe(&proof.univariate_round_coeffs);
        self.sample();
        for values in &proof.sumcheck_round_polys {
            self.observe(values);
            self.sample();
        }
        for (air, parts) in self.circuit.sorted().into_iter().zip(&proof.column_openings) {
            let rotations = self.circuit.vk.inner.per_air[air].params.need_rot;
            for value in parts.iter().flatten() {
                self.observe([value]);
                if !rotations {
                    self.observe([&EF::ZERO]);
                }
            }
        }
        self.sample();
    }

    fn stacking(&mut self, proof: &StackingProof<KeccakConfig>) {
        self.observe(&proof.univariate_round_coeffs);
        self.sample();
        for values in &proof.sumcheck_round_polys {
            self.observe(values);
            self.sample();
        }
        self.observe(proof.stacking_openings.iter().flatten());
    }

    fn whir(&mut self, proof: &WhirProof<KeccakConfig>) -> Vec<Vec<u32>> {
        let params = &self.circuit.vk.inner.params;
        self.work(params.whir.mu_pow_bits, proof.mu_pow_witness);
        self.sample();
        let mut foldings = proof.whir_sumcheck_polys.iter().zip(&proof.folding_pow_witnesses);
        let last = params.num_whir_rounds().saturating_sub(1);
        let mut indices = vec![];
        for (round, config) in params.whir.rounds.iter().enumerate() {
            for (values, &witness) in foldings.by_ref().take(params.k_whir()) {
                self.observe(values);
                self.work(params.whir.folding_pow_bits, witness);
                self.sample();
            }
            if round == last {
                self.observe(&proof.final_poly);
            } else {
                let commitment = proof.codeword_commits.get(round);
                commitment.into_iter().for_each(|&c| self.transcript.observe_commit(c));
                self.sample();
                self.observe(proof.ood_values.get(round));
            }
            let witness = proof.query_phase_pow_witnesses.get(round);
            witness.into_iter().for_each(|&w| self.work(params.whir.query_phase_pow_bits, w));
            let bits = self.circuit.depth(round);
            let drawn = (0..config.num_queries).map(|_| self.transcript.sample_bits(bits) as u32);
            indices.push(drawn.collect());
            self.sample();
        }
        indices
    }
}
