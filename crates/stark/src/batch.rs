//! The batched sumcheck over all constraints and interactions (`docs/stark.md`, 5.2 to 5.5).

use alloc::vec::Vec;

use crate::{
    checkpoint::Checkpoint,
    error::{Part, Rejected},
    field::{Ext, F, generator, inverse_of_2_to, powers},
    gkr::InputClaim,
    key::Key,
    poly::{domain_sum, eq_bits, eq_uni, eq1, horner, one, sumcheck_round},
    program::Values,
    reader::{Reader, canonical},
    trace::Trace,
    transcript::Transcript,
};

/// A trace's part of the evaluation point: l', x_0, and the coordinates behind.
pub(crate) struct TracePoint<'a> {
    pub(crate) l: usize,
    pub(crate) x0: Ext,
    pub(crate) rest: &'a [Ext],
}

impl<'a> TracePoint<'a> {
    pub(crate) fn new(key: &Key, trace: usize, r: &'a [Ext]) -> Self {
        let n = key.n(trace);
        if n < 0 {
            let lowered = n.unsigned_abs();
            Self { l: key.l_skip - lowered, x0: r[0].pow_2_to(lowered), rest: &[] }
        } else {
            Self { l: key.l_skip, x0: r[0], rest: &r[1..=n as usize] }
        }
    }

    /// is_first, is_last, is_transition.
    fn selectors(&self) -> [Ext; 3] {
        let not: Ext = self.rest.iter().fold(Ext::ONE, |product, &r| product * (Ext::ONE - r));
        let all: Ext = self.rest.iter().fold(Ext::ONE, |product, &r| product * r);
        let first = one(self.l, self.x0) * not;
        let last = one(self.l, self.x0 * generator(self.l)) * all;
        [first, last, Ext::ONE - last]
    }
}

/// The sumcheck's result: its challenges, and the value that the constraints must have there.
struct Reduced {
    lambda: Ext,
    mu: Ext,
    r: Vec<Ext>,
    claim: Ext,
}

pub(crate) fn verify(
    key: &Key,
    preamble: &[u8],
    commitment: alloy_primitives::B256,
    input: &InputClaim,
    part: &mut Reader<'_>,
    transcript: &mut Transcript,
    trace: &mut impl Trace,
) -> Result<Checkpoint, Rejected> {
    let reduced = sumcheck(key, input, part, transcript, trace)?;
    let openings = read_openings(key, part, transcript)?;
    if evaluate(key, preamble, input, &reduced, &openings, trace)? != reduced.claim {
        return Err(Rejected::BatchClaim);
    }
    let lambda = transcript.sample(trace);
    let sum = batch_openings(key, &openings, lambda);
    trace.value("stacking.lambda", lambda);
    trace.value("stacking.sum", sum);
    Ok(Checkpoint { state: transcript.state(), commitment, lambda, sum, point: reduced.r })
}

fn sumcheck(
    key: &Key,
    input: &InputClaim,
    part: &mut Reader<'_>,
    transcript: &mut Transcript,
    trace: &mut impl Trace,
) -> Result<Reduced, Rejected> {
    let lambda = transcript.sample(trace);
    let terms: Vec<Ext> = part.observed_many(2 * key.traces.len(), transcript)?;
    let sum = |from: usize| terms.iter().skip(from).step_by(2).copied().sum::<Ext>();
    if input.numerator != sum(0) {
        return Err(Rejected::NumeratorSum);
    }
    if input.denominator - sum(1) != input.alpha {
        return Err(Rejected::DenominatorSum);
    }
    let mu = transcript.sample(trace);
    let mut claim: Ext = terms.iter().zip(powers(mu)).map(|(&term, power)| term * power).sum();
    trace.value("batch.lambda", lambda);
    trace.value("batch.mu", mu);
    trace.value("batch.claim", claim);

    let coefficients: Vec<Ext> = part.observed_many(key.batch_coefficients(), transcript)?;
    let mut r = alloc::vec![transcript.sample(trace)];
    if claim != domain_sum(key.l_skip, &coefficients) {
        return Err(Rejected::BatchDomainSum);
    }
    claim = horner(&coefficients, r[0]);
    trace.value("batch.claim", claim);
    for _ in 0..key.n_max {
        let values: Vec<_> = part.observed_many(key.degree + 1, transcript)?;
        r.push(transcript.sample(trace));
        sumcheck_round(&mut claim, &values, r[r.len() - 1]);
        trace.value("batch.claim", claim);
    }
    r.iter().for_each(|&r| trace.value("batch.r", r));
    Ok(Reduced { lambda, mu, r, claim })
}

/// The openings of each trace. Rotations that are not opened are observed as zeros.
fn read_openings(
    key: &Key,
    part: &mut Reader<'_>,
    transcript: &mut Transcript,
) -> Result<Vec<Vec<Ext>>, Rejected> {
    let read_trace = |trace: &crate::key::TraceKey| {
        if trace.rotations {
            return part.observed_many(trace.openings(), transcript);
        }
        let mut read_column = || {
            let column = part.observed(transcript)?;
            transcript.observe(&Ext::ZERO.to_bytes());
            Ok(column)
        };
        (0..trace.columns).map(|_| read_column()).collect()
    };
    key.traces.iter().map(read_trace).collect()
}

/// The batched value of all interactions and constraints at the point.
fn evaluate(
    key: &Key,
    preamble: &[u8],
    input: &InputClaim,
    reduced: &Reduced,
    openings: &[Vec<Ext>],
    trace: &mut impl Trace,
) -> Result<Ext, Rejected> {
    let (eq_constraints, eq_interactions) = equalities(key, &input.xi, &reduced.r);
    eq_constraints.iter().for_each(|&value| trace.value("eq.constraints", value));
    eq_interactions.iter().for_each(|&value| trace.value("eq.interactions", value));
    let (mut fractions, mut constraints) = (Vec::new(), Vec::new());
    let mut counter = 0u64;
    for (index, trace_key) in key.traces.iter().enumerate() {
        let lift = key.n_lift(index);
        let point = TracePoint::new(key, index, &reduced.r);
        let selectors = point.selectors();
        selectors.iter().for_each(|&value| trace.value("selectors", value));
        let words = &preamble[trace_key.publics_at..][..4 * trace_key.publics];
        let publics = words.as_chunks().0.iter().map(|word| canonical(Part::Claim, word));
        let publics = publics.collect::<Result<Vec<F>, _>>()?;
        let values = Values { selectors, publics: &publics, openings: &openings[index] };
        let program = &trace_key.program;
        let area = program.run(&values, trace_key.slots);

        let slots = program.constraints.iter();
        let folded = slots.fold(Ext::ZERO, |sum, &slot| sum * reduced.lambda + area[slot]);
        trace.value("constraints", folded);
        constraints.push(eq_constraints[lift] * folded);

        let (mut numerator, mut denominator) = (Ext::ZERO, Ext::ZERO);
        for interaction in &program.interactions {
            let log_step = key.l_skip + lift;
            let xi = &input.xi[log_step..key.l_skip + key.n_logup];
            let eq = eq_bits(xi, counter >> log_step);
            counter += 1 << log_step;
            let message = interaction.message.iter();
            let hashed = message
                .fold(Ext::from(interaction.bus), |sum, &slot| sum * input.beta + area[slot]);
            trace.value("interactions.eq", eq);
            trace.value("interactions.denominator", hashed);
            numerator += eq * area[interaction.count];
            denominator += eq * hashed;
        }
        trace.value("numerators", numerator);
        trace.value("denominators", denominator);
        let norm = inverse_of_2_to(key.l_skip.saturating_sub(trace_key.log_height));
        fractions.push(numerator * norm * eq_interactions[lift]);
        fractions.push(denominator * eq_interactions[lift]);
    }
    let all = fractions.iter().chain(&constraints);
    Ok(all.zip(powers(reduced.mu)).map(|(&value, power)| value * power).sum())
}

/// eqN and eqS for every number of variables.
fn equalities(key: &Key, xi: &[Ext], r: &[Ext]) -> (Vec<Ext>, Vec<Ext>) {
    let omega = generator(key.l_skip);
    let sharp = (0..1u64 << key.l_skip)
        .map(|i| eq_uni(key.l_skip, r[0], omega.pow(i).into()) * eq_bits(&xi[..key.l_skip], i))
        .sum();
    let grow = |first: Ext| {
        let mut values = alloc::vec![first];
        for i in 1..=key.n_max {
            values.push(values[i - 1] * eq1(xi[key.l_skip + i - 1], r[i]));
        }
        // Traces with fewer variables take part with the product of the others' coordinates.
        let mut product = Ext::ONE;
        for i in (0..=key.n_max).rev() {
            values[i] *= product;
            product *= r[i];
        }
        values
    };
    (grow(eq_uni(key.l_skip, xi[0], r[0])), grow(sharp))
}

/// Σ (col_i + λ·rot_i)·λ^(2i).
fn batch_openings(key: &Key, openings: &[Vec<Ext>], lambda: Ext) -> Ext {
    let pairs = key.traces.iter().zip(openings).flat_map(|(trace, openings)| {
        let step = if trace.rotations { 2 } else { 1 };
        openings.chunks_exact(step).map(|pair| (pair[0], pair.get(1).copied().unwrap_or_default()))
    });
    let terms = pairs.zip(powers(lambda.square()));
    terms.map(|((column, rotation), power)| (column + lambda * rotation) * power).sum()
}
