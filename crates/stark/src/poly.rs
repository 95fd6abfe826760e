//! Polynomials of the protocol, at points (`docs/stark.md`, 5 and 6).

use alloc::vec::Vec;

use crate::field::{Ext, F, inverse_of_2_to};

/// 1 − a − b + 2ab.
pub(crate) fn eq1(a: Ext, b: Ext) -> Ext {
    let product = a * b;
    Ext::ONE - a - b + product + product
}

/// Π eq1(x_i, y_i).
pub(crate) fn eq(x: &[Ext], y: &[Ext]) -> Ext {
    x.iter().zip(y).fold(Ext::ONE, |product, (&a, &b)| product * eq1(a, b))
}

/// eq(x⃗, bits of `index`, least significant first).
pub(crate) fn eq_bits(x: &[Ext], index: u64) -> Ext {
    let factor = |i: usize, a: Ext| if index >> i & 1 == 1 { a } else { Ext::ONE - a };
    x.iter().enumerate().fold(Ext::ONE, |product, (i, &a)| product * factor(i, a))
}

/// x, x², x⁴, …: `count` of them.
pub(crate) fn squares(x: Ext, count: usize) -> impl Iterator<Item = Ext> {
    core::iter::successors(Some(x), |x| Some(x.square())).take(count)
}

/// eqUni_l: whether x = y, for x and y in the subgroup of order 2^l.
pub(crate) fn eq_uni(l: usize, x: Ext, y: Ext) -> Ext {
    let steps = squares(x, l).zip(squares(y, l));
    let product =
        steps.fold(Ext::ONE, |product, (x, y)| (x + y) * product + (x - Ext::ONE) * (y - Ext::ONE));
    product * inverse_of_2_to(l)
}

/// one_l: whether x = 1, for x in the subgroup of order 2^l.
pub(crate) fn one(l: usize, x: Ext) -> Ext {
    let product = squares(x, l).fold(Ext::ONE, |product, x| product * (Ext::ONE + x));
    product * inverse_of_2_to(l)
}

/// EQ and ROT of the rotation's kernel on the hypercube.
pub(crate) fn eq_and_rot(u: &[Ext], r: &[Ext]) -> (Ext, Ext) {
    u.iter().zip(r).rev().fold((Ext::ONE, Ext::ONE), |(eq, rot), (&u, &r)| {
        let (not_u, not_r) = (Ext::ONE - u, Ext::ONE - r);
        (eq * (u * r + not_u * not_r), u * not_r * eq + not_u * r * rot)
    })
}

/// Σ a_i·x^i.
pub(crate) fn horner(coefficients: &[Ext], x: Ext) -> Ext {
    coefficients.iter().rev().fold(Ext::ZERO, |sum, &coefficient| sum * x + coefficient)
}

/// The sum of Σ a_i·x^i over the subgroup of order 2^l.
pub(crate) fn domain_sum(l: usize, coefficients: &[Ext]) -> Ext {
    let sum: Ext = coefficients.iter().step_by(1 << l).copied().sum();
    sum * F::new(1 << l)
}

/// The polynomial of degree `values.len() − 1` through (i, values\[i\]), at x.
pub(crate) fn interpolate(values: &[Ext], x: Ext) -> Ext {
    let at = |i: usize| F::new(i as u64);
    let basis = |i: usize| {
        let others = (0..values.len()).filter(|&j| j != i);
        others.fold((Ext::ONE, F::ONE), |(above, below), j| {
            (above * (x - at(j).into()), below * (at(i) - at(j)))
        })
    };
    let term = |(i, &value): (usize, &Ext)| {
        let (above, below) = basis(i);
        value * above * below.inverse()
    };
    values.iter().enumerate().map(term).sum()
}

/// One round of a sumcheck: s(0) follows from the claim, and the claim becomes s(r).
pub(crate) fn sumcheck_round(claim: &mut Ext, values_from_1: &[Ext], r: Ext) {
    let mut values = Vec::with_capacity(values_from_1.len() + 1);
    values.push(*claim - values_from_1[0]);
    values.extend_from_slice(values_from_1);
    *claim = interpolate(&values, r);
}

/// The multilinear polynomial with these values on the hypercube (variable i is bit i), at x.
pub(crate) fn multilinear(mut values: Vec<Ext>, x: &[Ext]) -> Ext {
    for &x in x.iter().rev() {
        let high = values.split_off(values.len() / 2);
        for (low, high) in values.iter_mut().zip(high) {
            *low += (high - *low) * x;
        }
    }
    values[0]
}
