//! WHIR: the stacked columns' values against their commitment (`docs/stark.md`, 6.2 and 6.3).

use alloc::vec::Vec;

use alloy_primitives::{B256, keccak256};

use crate::{
    error::Rejected,
    field::{Ext, F, generator, powers},
    key::Key,
    poly::{eq, horner, multilinear, squares, sumcheck_round},
    reader::Reader,
    stacking::Opening,
    trace::Trace,
    transcript::Transcript,
};

/// What a round adds to the final equation.
struct Round {
    gamma: Ext,
    /// The out-of-domain point; none in the last round.
    outside: Option<Ext>,
    /// The queries' points, folded.
    points: Vec<F>,
}

/// A query's leaf: its digest, and the values of its rows.
struct Leaf {
    digest: B256,
    values: Vec<Ext>,
}

pub(crate) fn verify(
    key: &Key,
    commitment: B256,
    opening: &Opening,
    part: &mut Reader<'_>,
    transcript: &mut Transcript,
    trace: &mut impl Trace,
) -> Result<(), Rejected> {
    part.work(key.mu_work, transcript, trace, Rejected::MuWork)?;
    let mu = transcript.sample(trace);
    let batch: Vec<Ext> = powers(mu).take(key.width).collect();
    let mut claim: Ext = opening.values.iter().zip(&batch).map(|(&q, &power)| q * power).sum();
    trace.value("whir.mu", mu);
    trace.value("whir.claim", claim);

    let last = key.queries.len() - 1;
    let (mut root, mut alphas, mut rounds) = (commitment, Vec::new(), Vec::new());
    let mut final_poly = Vec::new();
    for (round, &queries) in key.queries.iter().enumerate() {
        for step in 0..key.folded {
            let values: Vec<_> = part.observed_many(2, transcript)?;
            let otherwise = Rejected::FoldingWork(round * key.folded + step);
            part.work(key.folding_work, transcript, trace, otherwise)?;
            alphas.push(transcript.sample(trace));
            sumcheck_round(&mut claim, &values, alphas[alphas.len() - 1]);
            trace.value("whir.claim", claim);
        }
        let (mut next_root, mut outside) = (root, None);
        let mut y0 = Ext::ZERO;
        if round == last {
            final_poly = part.observed_many(1 << key.log_final, transcript)?;
        } else {
            next_root = part.digest()?;
            transcript.observe(&next_root[..]);
            outside = Some(transcript.sample(trace));
            y0 = part.observed(transcript)?;
            outside.iter().for_each(|&z0| trace.value("whir.z0", z0));
        }
        part.work(key.query_work, transcript, trace, Rejected::QueryWork(round))?;

        let depth = key.depth(round);
        let indices: Vec<u32> =
            (0..queries).map(|_| transcript.sample_bits(depth as u32, trace)).collect();
        let round_alphas = &alphas[round * key.folded..];
        let (mut points, mut values) = (Vec::new(), Vec::new());
        for (query, &index) in indices.iter().enumerate() {
            let leaf = read_leaf(key, round, &batch, part)?;
            if path_root(leaf.digest, index, depth, part)? != root {
                return Err(Rejected::MerklePath { round, query });
            }
            let x = generator(depth + key.folded).pow(index.into());
            let y = fold(leaf.values, round_alphas, x);
            points.push(x.pow(1 << key.folded));
            values.push(y);
            trace.number("whir.index", index.into());
            trace.value("whir.x", x.into());
            trace.value("whir.y", y);
        }
        let gamma = transcript.sample(trace);
        claim += gamma * y0;
        claim += values.iter().zip(powers(gamma).skip(2)).map(|(&y, power)| y * power).sum();
        trace.value("whir.gamma", gamma);
        trace.value("whir.claim", claim);
        rounds.push(Round { gamma, outside, points });
        root = next_root;
    }
    alphas.iter().for_each(|&alpha| trace.value("whir.alpha", alpha));
    let explained = final_claim(key, &opening.point, &alphas, &rounds, &final_poly, trace);
    if explained == claim { Ok(()) } else { Err(Rejected::FinalClaim) }
}

fn read_leaf(
    key: &Key,
    round: usize,
    batch: &[Ext],
    part: &mut Reader<'_>,
) -> Result<Leaf, Rejected> {
    let width = if round == 0 { key.width } else { 4 };
    let (mut hashes, mut values) = (Vec::new(), Vec::new());
    for _ in 0..1 << key.folded {
        let (bytes, row) = part.row(width)?;
        hashes.push(keccak256(bytes));
        values.push(if round == 0 {
            batch.iter().zip(row).map(|(&power, value)| power * value).sum()
        } else {
            let mut element = Ext::ZERO;
            element.0.iter_mut().zip(row).for_each(|(coefficient, value)| *coefficient = value);
            element
        });
    }
    while hashes.len() > 1 {
        hashes = hashes.as_chunks().0.iter().map(|&[left, right]| node(left, right)).collect();
    }
    Ok(Leaf { digest: hashes[0], values })
}

/// The root of the tree in which the digest is leaf `index`, by the path that follows.
fn path_root(
    mut digest: B256,
    index: u32,
    depth: usize,
    part: &mut Reader<'_>,
) -> Result<B256, Rejected> {
    for level in 0..depth {
        let sibling = part.digest()?;
        let is_right = index >> level & 1 == 1;
        digest = if is_right { node(sibling, digest) } else { node(digest, sibling) };
    }
    Ok(digest)
}

fn node(left: B256, right: B256) -> B256 {
    keccak256([left.0, right.0].concat())
}

/// The values on x times the subgroup of order 2^k, folded to one at x^(2^k).
fn fold(mut values: Vec<Ext>, alphas: &[Ext], x: F) -> Ext {
    let omega = generator(alphas.len());
    for (level, &alpha) in alphas.iter().enumerate() {
        let high = values.split_off(values.len() / 2);
        for (i, (low, high)) in values.iter_mut().zip(high).enumerate() {
            let t = omega.pow((i << level) as u64) * x.pow(1 << level);
            let half = (t + t).inverse();
            *low += (alpha - t.into()) * (*low - high) * half;
        }
    }
    values[0]
}

/// The value that the final polynomial gives the batched claim.
fn final_claim(
    key: &Key,
    point: &[Ext],
    alphas: &[Ext],
    rounds: &[Round],
    final_poly: &[Ext],
    trace: &mut impl Trace,
) -> Ext {
    let (folded, rest) = point.split_at(alphas.len());
    let mobius = folded.iter().zip(alphas).fold(Ext::ONE, |product, (&u, &alpha)| {
        product * ((Ext::ONE - u - u) * (Ext::ONE - alpha) + u * alpha)
    });
    let table = multilinear(final_poly.to_vec(), rest);
    trace.value("whir.final", mobius);
    trace.value("whir.final", table);
    let mut sum = mobius * table;
    for (index, round) in rounds.iter().enumerate() {
        let alphas = &alphas[key.folded * (index + 1)..];
        let explain = |z: Ext| {
            let powers: Vec<Ext> = squares(z, alphas.len()).collect();
            eq(alphas, &powers) * horner(final_poly, z.pow_2_to(alphas.len()))
        };
        let outside = round.outside.map_or(Ext::ZERO, explain);
        let points =
            core::iter::once(outside).chain(round.points.iter().map(|&z| explain(z.into())));
        sum += points.zip(powers(round.gamma).skip(1)).map(|(value, power)| value * power).sum();
        trace.value("whir.final", sum);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A polynomial of degree below 2^k folds to Σ over its coefficients, as a multilinear one.
    #[test]
    fn folding_evaluates_the_coefficients() {
        let k = 3;
        let coefficients: Vec<Ext> = (1..=8).map(|i| Ext::from(F::new(i * i + 7))).collect();
        let alphas: Vec<Ext> = (0..k).map(|i| Ext([i + 3, 5, 7, i + 1].map(F::new))).collect();
        let x = generator(10).pow(77);
        let at = |j: u64| horner(&coefficients, (x * generator(3).pow(j)).into());
        let expect =
            (0..8).map(|i: usize| {
                let product = alphas.iter().enumerate();
                product.fold(coefficients[i], |product, (bit, &alpha)| {
                    if i >> bit & 1 == 1 { product * alpha } else { product }
                })
            });
        assert_eq!(fold((0..8).map(at).collect(), &alphas, x), expect.sum());
    }
}
