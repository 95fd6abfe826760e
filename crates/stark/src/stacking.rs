//! The reduction of all columns' openings to the stacked columns' (`docs/stark.md`, 6.1).

use alloc::{vec, vec::Vec};

use crate::{
    batch::TracePoint,
    checkpoint::Checkpoint,
    error::Rejected,
    field::{Ext, generator, powers},
    key::Key,
    poly::{domain_sum, eq_and_rot, eq_bits, eq_uni, horner, one, squares, sumcheck_round},
    reader::Reader,
    trace::Trace,
    transcript::Transcript,
};

/// The stacked columns' claimed values, and the point û where they have them.
pub(crate) struct Opening {
    pub(crate) values: Vec<Ext>,
    pub(crate) point: Vec<Ext>,
}

pub(crate) fn verify(
    key: &Key,
    checkpoint: &Checkpoint,
    part: &mut Reader<'_>,
    transcript: &mut Transcript,
    trace: &mut impl Trace,
) -> Result<Opening, Rejected> {
    let coefficients: Vec<Ext> = part.observed_many(key.stacked_coefficients(), transcript)?;
    if checkpoint.sum != domain_sum(key.l_skip, &coefficients) {
        return Err(Rejected::StackedDomainSum);
    }
    let mut u = vec![transcript.sample(trace)];
    let mut claim = horner(&coefficients, u[0]);
    trace.value("stacking.claim", claim);
    for _ in 0..key.n_stack {
        let values: Vec<_> = part.observed_many(2, transcript)?;
        u.push(transcript.sample(trace));
        sumcheck_round(&mut claim, &values, u[u.len() - 1]);
        trace.value("stacking.claim", claim);
    }
    u.iter().for_each(|&u| trace.value("stacking.u", u));
    let values: Vec<Ext> = part.observed_many(key.width, transcript)?;
    let weights = weights(key, checkpoint, &u);
    weights.iter().for_each(|&weight| trace.value("stacking.weights", weight));
    if claim != weights.iter().zip(&values).map(|(&weight, &value)| weight * value).sum() {
        return Err(Rejected::StackedClaim);
    }
    let point = squares(u[0], key.l_skip).chain(u[1..].iter().copied()).collect();
    Ok(Opening { values, point })
}

/// Each stacked column's weight in the batched openings.
fn weights(key: &Key, checkpoint: &Checkpoint, u: &[Ext]) -> Vec<Ext> {
    let lambda = checkpoint.lambda;
    let kernels: Vec<_> = (0..key.traces.len()).map(|t| kernel(key, t, checkpoint, u)).collect();
    let mut weights = vec![Ext::ZERO; key.width];
    for ((trace, place), power) in key.layout().zip(powers(lambda.square())) {
        let lift = key.n_lift(trace);
        let high = eq_bits(&u[lift + 1..], place.row >> (key.l_skip + lift));
        weights[place.column] += high * power * kernels[trace];
    }
    weights
}

/// I·(K + λ·R) of a trace; R only if its rotations are opened.
fn kernel(key: &Key, trace: usize, checkpoint: &Checkpoint, u: &[Ext]) -> Ext {
    let TracePoint { l, x0, rest } = TracePoint::new(key, trace, &checkpoint.point);
    let (eq, rot) = eq_and_rot(&u[1..=rest.len()], rest);
    let mut kernel = eq_uni(l, u[0], x0) * eq;
    if key.traces[trace].rotations {
        let next = x0 * generator(l);
        let boundary = one(l, u[0]) * one(l, next);
        kernel += checkpoint.lambda * (eq_uni(l, u[0], next) * eq + boundary * (rot - eq));
    }
    let lowered = key.l_skip - l;
    kernel * one(lowered, u[0].pow_2_to(l))
}
