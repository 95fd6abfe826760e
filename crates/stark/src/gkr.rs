//! LogUp's fractional sum by GKR (`docs/stark.md`, 5.1).

use alloc::{vec, vec::Vec};

use crate::{
    error::Rejected,
    field::Ext,
    key::Key,
    poly::{eq1, sumcheck_round},
    reader::Reader,
    trace::Trace,
    transcript::Transcript,
};

/// The input layer's claim: P(ξ) and Q(ξ).
pub(crate) struct InputClaim {
    pub(crate) alpha: Ext,
    pub(crate) beta: Ext,
    pub(crate) numerator: Ext,
    pub(crate) denominator: Ext,
    pub(crate) xi: Vec<Ext>,
}

/// p and q of the two halves of a layer.
struct Layer {
    p0: Ext,
    q0: Ext,
    p1: Ext,
    q1: Ext,
}

impl Layer {
    fn read(part: &mut Reader<'_>, transcript: &mut Transcript) -> Result<Self, Rejected> {
        let mut next = || part.observed(transcript);
        Ok(Self { p0: next()?, q0: next()?, p1: next()?, q1: next()? })
    }

    fn numerator(&self) -> Ext {
        self.p0 * self.q1 + self.p1 * self.q0
    }

    fn denominator(&self) -> Ext {
        self.q0 * self.q1
    }

    fn at(&self, mu: Ext) -> (Ext, Ext) {
        (self.p0 + mu * (self.p1 - self.p0), self.q0 + mu * (self.q1 - self.q0))
    }
}

pub(crate) fn verify(
    key: &Key,
    part: &mut Reader<'_>,
    transcript: &mut Transcript,
    trace: &mut impl Trace,
) -> Result<InputClaim, Rejected> {
    part.work(key.logup_work, transcript, trace, Rejected::LogUpWork)?;
    let (alpha, beta) = (transcript.sample(trace), transcript.sample(trace));
    trace.value("alpha", alpha);
    trace.value("beta", beta);

    let root = part.observed(transcript)?;
    let layer = Layer::read(part, transcript)?;
    if layer.numerator() != Ext::ZERO {
        return Err(Rejected::GkrRootNumerator);
    }
    if layer.denominator() != root {
        return Err(Rejected::GkrRootDenominator);
    }
    let mu = transcript.sample(trace);
    let (mut p, mut q) = layer.at(mu);
    let mut point = vec![mu];
    for round in 1..key.gkr_rounds {
        let lambda = transcript.sample(trace);
        let mut claim = p + lambda * q;
        let mut eq = Ext::ONE;
        let mut next_point = Vec::with_capacity(round + 1);
        for &rho in &point {
            let values: Vec<_> = part.observed_many(3, transcript)?;
            let r = transcript.sample(trace);
            sumcheck_round(&mut claim, &values, r);
            eq *= eq1(rho, r);
            next_point.push(r);
        }
        let layer = Layer::read(part, transcript)?;
        if (layer.numerator() + lambda * layer.denominator()) * eq != claim {
            return Err(Rejected::GkrLayer(round));
        }
        let mu = transcript.sample(trace);
        (p, q) = layer.at(mu);
        next_point.insert(0, mu);
        point = next_point;
        trace.value("gkr.lambda", lambda);
        trace.value("gkr.claim", claim);
        trace.value("gkr.eq", eq);
        trace.value("gkr.p", p);
        trace.value("gkr.q", q);
    }
    while point.len() < key.l_skip + key.n_max.max(key.n_logup) {
        point.push(transcript.sample(trace));
    }
    point.iter().for_each(|&xi| trace.value("xi", xi));
    Ok(InputClaim { alpha, beta, numerator: p, denominator: q, xi: point })
}
