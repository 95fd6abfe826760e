//! Inputs of the precompiles of curves: points at the edges, scalars around the order, and what is
//! not to be taken.

use std::ops::Neg;

use alloy_primitives::{U256, hex};
use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveConfig, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, BitIteratorBE, Field, PrimeField, Zero};
use p256::elliptic_curve::{
    PrimeField as _,
    sec1::{FromEncodedPoint, ToEncodedPoint},
};
use revm::precompile::kzg_point_evaluation::kzg_to_versioned_hash;

use crate::precompiles::Input;

/// More than a table for each point is good for.
const MANY: usize = 33;

fn padded(element: impl PrimeField, bytes: usize) -> Vec<u8> {
    let number = element.into_bigint().to_bytes_be();
    [vec![0; bytes - number.len()], number].concat()
}

pub(crate) fn g1(point: G1Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap_or_default();
    [padded(x, 64), padded(y, 64)].concat()
}

pub(crate) fn g2(point: G2Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap_or_default();
    [x.c0, x.c1, y.c0, y.c1].map(|element| padded(element, 64)).concat()
}

pub(crate) fn bn1(point: ark_bn254::G1Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap_or_default();
    [padded(x, 32), padded(y, 32)].concat()
}

fn bn2(point: ark_bn254::G2Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap_or_default();
    [x.c1, x.c0, y.c1, y.c0].map(|element| padded(element, 32)).concat()
}

/// A multiple of the generator.
fn times<P: AffineRepr>(number: u64) -> P {
    (P::generator() * P::ScalarField::from(number)).into_affine()
}

fn infinity<P: AffineRepr>() -> P {
    P::zero()
}

fn scalars<F: PrimeField>() -> Vec<Vec<u8>> {
    let order = U256::from_be_slice(&F::MODULUS.to_bytes_be());
    let one = U256::from(1);
    [U256::ZERO, one, U256::from(2), order - one, order, order + one, U256::MAX, U256::MAX << 128]
        .map(|number| number.to_be_bytes::<32>().to_vec())
        .into()
}

/// The field's order, and above it: no coordinate.
fn above<F: PrimeField>(bytes: usize) -> [Vec<u8>; 2] {
    let order = F::MODULUS.to_bytes_be();
    let mut more = order.clone();
    *more.last_mut().unwrap() += 1;
    [order, more].map(|number| [vec![0; bytes - number.len()], number].concat())
}

/// On the curve, and not of the subgroup; once more of a small order.
fn outside_g1() -> [G1Affine; 2] {
    let x = (2u64..).map(Fq::from);
    let mut points = x.filter_map(|x| G1Affine::get_point_from_x_unchecked(x, false));
    [points.next().unwrap(), points.find_map(|point| small(point, 3)).unwrap()]
}

fn outside_g2() -> [G2Affine; 2] {
    let x = (2u64..).map(|x| Fq2::new(Fq::from(x), Fq::from(1)));
    let mut points = x.filter_map(|x| G2Affine::get_point_from_x_unchecked(x, true));
    [points.next().unwrap(), points.find_map(|point| small(point, 2_713)).unwrap()]
}

fn outside_bn() -> [ark_bn254::G2Affine; 2] {
    let (fq, fq2) = (ark_bn254::Fq::from, ark_bn254::Fq2::new);
    let x = (2u64..).map(|x| fq2(fq(x), fq(1)));
    let mut points = x.filter_map(|x| ark_bn254::G2Affine::get_point_from_x_unchecked(x, true));
    [points.next().unwrap(), points.find_map(|point| small(point, 10_069)).unwrap()]
}

/// The part of a point whose order is `factor` of the cofactor: a multiple by all the rest.
fn small<P: AffineRepr>(point: P, factor: u64) -> Option<P> {
    let number = |limbs: &[u64]| {
        num_bigint::BigUint::new(
            limbs.iter().flat_map(|limb| [*limb as u32, (limb >> 32) as u32]).collect(),
        )
    };
    let cofactor = number(<P::Config as CurveConfig>::COFACTOR);
    let rest = cofactor * number(P::ScalarField::MODULUS.as_ref()) / factor;
    // arkworks' own multiplication takes numbers modulo the order.
    let mut sum = P::Group::zero();
    for bit in BitIteratorBE::new(rest.to_u64_digits()) {
        sum.double_in_place();
        if bit {
            sum += point;
        }
    }
    (!sum.is_zero()).then(|| sum.into_affine())
}

fn bn254() -> Vec<Input> {
    type P = ark_bn254::G1Affine;
    type Q = ark_bn254::G2Affine;
    let (p, minus, none) = (times::<P>(7), times::<P>(7).neg(), infinity::<P>());
    let [q, r, nothing] = [times::<Q>(5), times::<Q>(35), infinity::<Q>()];
    let [bad, worse] = above::<ark_bn254::Fq>(32);
    let mut all = vec![];
    for (left, right) in [(p, p), (p, minus), (p, none), (none, p), (none, none), (p, times(9))] {
        all.push((0x06, [bn1(left), bn1(right)].concat(), Some(true)));
    }
    for coordinate in [bad, worse] {
        let y = padded(p.y, 32);
        all.push((0x06, [bn1(p), coordinate.clone(), y.clone()].concat(), Some(false)));
        all.push((0x07, [y.clone(), coordinate.clone(), y.clone()].concat(), Some(false)));
        all.push((0x06, [coordinate.clone(), vec![0; 96]].concat(), Some(false)));
        for at in 0..4 {
            let mut input = [bn1(p), bn2(q)].concat();
            input[64 + 32 * at..][..32].copy_from_slice(&coordinate);
            all.push((0x08, input, Some(false)));
        }
    }
    all.push((0x06, [bn1(p), bn1(minus)].concat()[..90].to_vec(), Some(false)));
    all.push((0x06, [bn1(p), bn1(minus), vec![1]].concat(), Some(true)));
    for scalar in scalars::<ark_bn254::Fr>() {
        all.push((0x07, [bn1(p), scalar.clone()].concat(), Some(true)));
        all.push((0x07, [bn1(none), scalar].concat(), Some(true)));
    }
    all.push((0x07, [vec![0; 63], vec![1], vec![9; 32]].concat(), Some(false)));
    let mut pairs = |pairs: &[(P, Q)], valid| {
        let input: Vec<_> = pairs.iter().flat_map(|(p, q)| [bn1(*p), bn2(*q)].concat()).collect();
        all.push((0x08, input, Some(valid)));
    };
    // e(35G, 5H) e(-25G, 7H) = 1
    pairs(&[(times(35), q), (times::<P>(25).neg(), times(7))], true);
    pairs(&[(times(35), q), (times::<P>(26).neg(), times(7))], true);
    pairs(&[(p, q), (minus, q), (p, r), (minus, r)], true);
    pairs(&[(p, q), (none, r), (minus, q)], true);
    pairs(&[(p, nothing), (none, q), (none, nothing)], true);
    pairs(&[(p, q), (p, q), (times::<P>(14).neg(), q)], true);
    pairs(&[(p, q.neg()), (times(49), times(5)), (times::<P>(42).neg(), q)], true);
    pairs(&[(p, nothing)], true);
    pairs(&[(p, q)], true);
    for outside in outside_bn() {
        pairs(&[(p, outside)], false);
        pairs(&[(none, outside)], false);
    }
    let off = [bn1(p), padded(q.x.c1, 32), padded(q.x.c0, 32), vec![7; 64]].concat();
    all.push((0x08, off, Some(false)));
    all
}

fn additions() -> Vec<Input> {
    let (p, q) = (times::<G1Affine>(7), times::<G2Affine>(7));
    let mut all = vec![];
    for other in [p, p.neg(), infinity(), times(11), outside_g1()[0], outside_g1()[1]] {
        all.push((0x0b, [g1(p), g1(other)].concat(), Some(true)));
        all.push((0x0b, [g1(other), g1(other)].concat(), Some(true)));
        all.push((0x0b, [g1(other), g1(other.neg())].concat(), Some(true)));
    }
    for other in [q, q.neg(), infinity(), times(11), outside_g2()[0], outside_g2()[1]] {
        all.push((0x0d, [g2(q), g2(other)].concat(), Some(true)));
        all.push((0x0d, [g2(other), g2(other)].concat(), Some(true)));
        all.push((0x0d, [g2(other), g2(other.neg())].concat(), Some(true)));
    }
    for coordinate in above::<Fq>(64) {
        for at in [0, 1] {
            let mut input = [g1(p), g1(p)].concat();
            input[64 * at..][..64].copy_from_slice(&coordinate);
            all.push((0x0b, input, Some(false)));
        }
        for at in 0..4 {
            let mut input = [g2(q), g2(q)].concat();
            input[64 * at..][..64].copy_from_slice(&coordinate);
            all.push((0x0d, input, Some(false)));
        }
        all.push((0x0b, [coordinate, vec![0; 192]].concat(), Some(false)));
    }
    all
}

fn sums() -> Vec<Input> {
    let mut all = vec![];
    let (p, q) = (times::<G1Affine>(7), times::<G2Affine>(7));
    let scalars = scalars::<Fr>();
    for scalar in &scalars {
        all.push((0x0c, [g1(p), scalar.clone()].concat(), Some(true)));
        all.push((0x0c, [g1(infinity()), scalar.clone()].concat(), Some(true)));
        all.push((0x0e, [g2(q), scalar.clone()].concat(), Some(true)));
        all.push((0x0e, [g2(infinity()), scalar.clone()].concat(), Some(true)));
    }
    for outside in outside_g1() {
        all.push((0x0c, [g1(outside), scalars[0].clone()].concat(), Some(false)));
        all.push((0x0c, [g1(outside), scalars[4].clone()].concat(), Some(false)));
    }
    for outside in outside_g2() {
        all.push((0x0e, [g2(outside), scalars[0].clone()].concat(), Some(false)));
        all.push((0x0e, [g2(outside), scalars[4].clone()].concat(), Some(false)));
    }
    // Few points and many, of which some are alike, or another's negative.
    for count in [2, 5, MANY] {
        let number = |i: usize| [3, 4, 3, 0, 5][i % 5] + (i as u64 / 10);
        let scalar = |i: usize| scalars[(i * i + 3) % scalars.len()].clone();
        let first =
            |i| if i % 3 == 2 { times::<G1Affine>(number(i)).neg() } else { times(number(i)) };
        let second =
            |i| if i % 3 == 2 { times::<G2Affine>(number(i)).neg() } else { times(number(i)) };
        let input = (0..count).flat_map(|i| [g1(first(i)), scalar(i)].concat());
        all.push((0x0c, input.collect(), Some(true)));
        let input = (0..count).flat_map(|i| [g2(second(i)), scalar(i)].concat());
        all.push((0x0e, input.collect(), Some(true)));
    }
    all
}

fn pairings() -> Vec<Input> {
    type P = G1Affine;
    type Q = G2Affine;
    let (p, none, q, nothing) = (times::<P>(7), infinity::<P>(), times::<Q>(5), infinity::<Q>());
    let mut all = vec![];
    let mut pairs = |pairs: &[(P, Q)], valid| {
        let input: Vec<_> = pairs.iter().flat_map(|(p, q)| [g1(*p), g2(*q)].concat()).collect();
        all.push((0x0f, input, Some(valid)));
    };
    pairs(&[(times(35), q), (times::<P>(25).neg(), times(7))], true);
    pairs(&[(times(35), q), (times::<P>(26).neg(), times(7))], true);
    pairs(&[(p, q), (none, times(3)), (p.neg(), q)], true);
    pairs(&[(p, q), (p, q), (times::<P>(14).neg(), q)], true);
    pairs(&[(p, nothing), (none, q), (none, nothing)], true);
    pairs(&[(p, q)], true);
    for outside in outside_g1() {
        pairs(&[(outside, q)], false);
        pairs(&[(outside, nothing)], false);
    }
    for outside in outside_g2() {
        pairs(&[(p, outside)], false);
        pairs(&[(none, outside)], false);
    }
    for coordinate in above::<Fq>(64) {
        for at in 0..6 {
            let mut input = [g1(p), g2(q)].concat();
            input[64 * at..][..64].copy_from_slice(&coordinate);
            all.push((0x0f, input, Some(false)));
        }
    }
    all
}

/// Of Ethereum's tests of KZG: `verify_kzg_proof_case_correct_proof_4_4`.
const COMMITMENT: [u8; 48] = hex!(
    "8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7"
);
const PROOF: [u8; 48] = hex!(
    "a62ad71d14c5719385c0686f1871430475bf3a00f0aa3f7b8dd99a9abc2160744faf0070725e00b60ad9a026a15b1a8c"
);
const Z: &str = "0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000";
const Y: &str = "0x1522a4a7f34e1ea350ae07c29c96c7e79655aa926122e95fe69fcbd932ca49e9";

fn word(number: Fr) -> [u8; 32] {
    padded(number, 32).try_into().unwrap()
}

fn decompress(bytes: &[u8; 48]) -> G1Affine {
    let mut x = *bytes;
    x[0] &= 0x1f;
    let x = Fq::from_be_bytes_mod_order(&x);
    G1Affine::get_point_from_x_unchecked(x, bytes[0] & 0x20 != 0).unwrap()
}

fn compress(point: G1Affine) -> [u8; 48] {
    let Some((x, y)) = point.xy() else {
        let mut bytes = [0; 48];
        bytes[0] = 0xc0;
        return bytes;
    };
    let mut bytes: [u8; 48] = padded(x, 48).try_into().unwrap();
    bytes[0] |= if y > y.neg() { 0xa0 } else { 0x80 };
    bytes
}

pub(crate) fn opening(z: [u8; 32], y: [u8; 32], commitment: [u8; 48], proof: [u8; 48]) -> Vec<u8> {
    let hash = kzg_to_versioned_hash(&commitment);
    [&hash[..], &z, &y, &commitment, &proof].concat()
}

/// One that is right, and the same with another value.
pub(crate) fn openings() -> [Vec<u8>; 2] {
    let [z, y] = [Z, Y].map(|number| number.parse::<U256>().unwrap());
    [y, y + U256::from(1)].map(|y| opening(z.to_be_bytes(), y.to_be_bytes(), COMMITMENT, PROOF))
}

fn evaluations() -> Vec<Input> {
    let [right, wrong] = openings();
    let mut all = vec![(0x0a, right, Some(true)), (0x0a, wrong, Some(false))];
    let [z, y] = [Z, Y].map(|number| Fr::from_be_bytes_mod_order(&hex::decode(number).unwrap()));
    let (commitment, proof) = (decompress(&COMMITMENT), decompress(&PROOF));
    let mut check = |z, y, commitment, proof, valid| {
        all.push((0x0a, opening(z, y, commitment, proof), Some(valid)));
    };
    // A multiple of the polynomial, a constant more, a constant alone.
    for number in [1u64, 2, 12_345] {
        let k = Fr::from(number).pow([77]);
        let (scaled, its_proof) =
            ((commitment * k).into_affine(), compress((proof * k).into_affine()));
        check(word(z), word(y * k), compress(scaled), its_proof, true);
        check(word(z), word(y), compress(scaled), its_proof, k == Fr::from(1));
        let more = (scaled + times::<G1Affine>(number)).into_affine();
        check(word(z), word(y * k + Fr::from(number)), compress(more), its_proof, true);
        check(word(y), word(y * k), compress(scaled), its_proof, false);
        check(word(k), word(Fr::from(number)), compress(times(number)), compress(infinity()), true);
        check(word(k), word(k), compress(infinity()), compress(times(number)), false);
    }
    check(word(z), word(Fr::zero()), compress(infinity()), compress(infinity()), true);
    let order = U256::from_be_slice(&Fr::MODULUS.to_bytes_be());
    let above = |number: Fr| (U256::from_be_bytes(word(number)) + order).to_be_bytes::<32>();
    check(word(z), above(y), COMMITMENT, PROOF, false);
    check(above(Fr::zero()), word(y), COMMITMENT, PROOF, false);
    check(above(Fr::zero()), word(Fr::zero()), compress(infinity()), compress(infinity()), false);
    // Flags.
    let mut bytes = vec![];
    for flags in (0u8..8).map(|flags| flags << 5) {
        let mut flagged = PROOF;
        flagged[0] = flagged[0] & 0x1f | flags;
        bytes.push((flagged, flagged == PROOF));
        let mut empty = [0; 48];
        empty[0] = flags;
        bytes.push((empty, false));
        empty[47] = 1;
        bytes.push((empty, false));
    }
    // Without a point, outside of the subgroup, above the field's order.
    let nothing = (2u64..).map(Fq::from);
    let mut nothing = nothing.filter(|x| G1Affine::get_point_from_x_unchecked(*x, true).is_none());
    let mut x: [u8; 48] = padded(nothing.next().unwrap(), 48).try_into().unwrap();
    x[0] |= 0x80;
    bytes.push((x, false));
    bytes.extend(outside_g1().map(|point| (compress(point), false)));
    for number in crate::points::above::<Fq>(48) {
        let mut x: [u8; 48] = number.try_into().unwrap();
        x[0] |= 0x80;
        bytes.push((x, false));
    }
    for (bytes, valid) in bytes {
        check(word(z), word(y), COMMITMENT, bytes, valid);
        check(word(z), word(y), bytes, PROOF, false);
    }
    all
}

/// P-256: numbers around zero and the order, keys that are none, a point whose x is above the order.
fn signatures() -> Vec<Input> {
    let order: U256 =
        "0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".parse().unwrap();
    let field: U256 =
        "0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff".parse().unwrap();
    let (one, zero) = (U256::from(1), U256::ZERO);
    let input = crate::precompiles::p256();
    let words: Vec<_> = input.chunks(32).map(U256::from_be_slice).collect();
    let [hash, r, s, x, y] = words.try_into().unwrap();
    let mut all = vec![[hash, r, s, x, y], [hash, r, order - s, x, y], [hash, r, s, x, field - y]];
    for number in [zero, one, order - one, order, order + one, U256::MAX] {
        all.extend([
            [number, r, s, x, y],
            [hash, number, s, x, y],
            [hash, r, number, x, y],
            [hash, r, s, number, y],
            [hash, r, s, x, number],
        ]);
    }
    all.extend([[hash, r, s, zero, zero], [hash, r, s, field, y], [hash, r, s, x, field]]);
    // The key whose signature (r, 1) of a hash has a point of x = r + order.
    let bytes = |number: U256| p256::FieldBytes::from(number.to_be_bytes::<32>());
    let scalar = |number: U256| p256::Scalar::from_repr(bytes(number)).unwrap();
    let found = (1u64..).map(U256::from).find_map(|r| {
        let point = p256::EncodedPoint::from_bytes([&[2][..], &bytes(r + order)].concat()).unwrap();
        let point = p256::AffinePoint::from_encoded_point(&point);
        Some((r, Option::<p256::AffinePoint>::from(point)?))
    });
    let (r, point) = found.unwrap();
    let inverse = scalar(r).invert().unwrap();
    let key = (p256::ProjectivePoint::from(point)
        - p256::ProjectivePoint::GENERATOR * scalar(U256::from(77)))
        * inverse;
    let key = key.to_affine().to_encoded_point(false);
    let [x, y] = [key.x(), key.y()].map(|number| U256::from_be_slice(number.unwrap()));
    all.extend([[U256::from(77), r, one, x, y], [U256::from(78), r, one, x, y]]);
    let input = |words: [U256; 5]| words.map(|word| word.to_be_bytes::<32>()).concat();
    all.into_iter().map(|words| (0x0100, input(words), Some(true))).collect()
}

/// Inputs for the precompiles of curves.
pub(crate) fn inputs() -> Vec<Input> {
    [bn254(), additions(), sums(), pairings(), evaluations(), signatures()].concat()
}
