//! The precompiles of BLS12-381 (EIP-2537), with the machine's instructions.

use crate::curves::{Pairs, multiple, power, write};
use alloc::vec::Vec;
use hex_literal::hex;
use openvm_algebra_guest::{
    DivUnsafe, Field, IntMod,
    field::{ComplexConjugate, FieldExtension},
};
use openvm_ecc_guest::{
    Group,
    weierstrass::{CachedMulTable, IntrinsicCurve, WeierstrassPoint},
};
use openvm_pairing::{
    PairingCheck,
    bls12_381::{Bls12_381, Fp, Fp2, Fp12, G1Affine, G2Affine, Scalar},
};
use openvm_pairing_guest::{bls12_381::BLS12_381_SEED_ABS, pairing::MultiMillerLoop};
use revm::precompile::{
    PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

/// A cube root of one: (βx, y) is a multiple of (x, y) in the subgroup.
const BETA: Fp = Fp::from_const_bytes(hex!(
    "fefffeffffff012e02000a6213d817de8896f8e63ba9b3ddea770f6a07c669ba51ce76df2f67195f0000000000000000"
));
/// (1 + i)^-((p - 1)/3), of which the first half is 0.
const PSI_X: Fp = Fp::from_const_bytes(hex!(
    "adaa00000000fd8bfdff494feb2794409b5fb80f65297d89d49a75897d850daa85ded463864002ec99e67f39ea11011a"
));
/// (1 + i)^-((p - 1)/2)
const PSI_Y: Fp2 = Fp2::new(
    Fp::from_const_bytes(hex!(
        "a2de1b12047beef10afa673ecf6644305eb41ef6896439ef60cfb130d9ed3d1cd92c7ad748c4e9e28ea68001e6035213"
    )),
    Fp::from_const_bytes(hex!(
        "09cce3edfb8410c8f405ec722f9967eec5419200176ef7775e43d3c2ab5d3948fe7fd16b6de331680b40ff37040eaf06"
    )),
);
/// Bits that a multiplication takes at once.
const WINDOW_BITS: usize = 4;
/// From so many points on, buckets are cheaper than a table for each.
const BUCKETS_FROM: usize = 32;

pub(crate) fn g1_add(left: G1Point, right: G1Point) -> Result<[u8; 96], PrecompileHalt> {
    Ok(encode_g1(&(on_curve_1(&left)? + on_curve_1(&right)?)))
}

pub(crate) fn g2_add(left: G2Point, right: G2Point) -> Result<[u8; 192], PrecompileHalt> {
    Ok(encode_g2(&(on_curve_2(&left)? + on_curve_2(&right)?)))
}

pub(crate) fn g1_msm(
    pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
) -> Result<[u8; 96], PrecompileHalt> {
    let (mut scalars, mut points) = (Vec::new(), Vec::new());
    for pair in pairs {
        let (point, scalar) = pair?;
        points.push(g1(&point)?);
        scalars.push(Scalar::from_be_bytes_unchecked(&scalar));
    }
    Ok(encode_g1(&sum::<G1>(&scalars, &points)))
}

pub(crate) fn g2_msm(
    pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
) -> Result<[u8; 192], PrecompileHalt> {
    let (mut scalars, mut points) = (Vec::new(), Vec::new());
    for pair in pairs {
        let (point, scalar) = pair?;
        points.push(g2(&point)?);
        scalars.push(Scalar::from_be_bytes_unchecked(&scalar));
    }
    Ok(encode_g2(&sum::<G2>(&scalars, &points)))
}

pub(crate) fn pairing(input: &[(G1Point, G2Point)]) -> Result<bool, PrecompileHalt> {
    let mut pairs = Pairs::with_capacity(input.len());
    for (left, right) in input {
        pairs.push(g1(left)?, g2(right)?);
    }
    Ok(is_one(&pairs))
}

struct G1;
struct G2;

impl IntrinsicCurve for G1 {
    type Scalar = Scalar;
    type Point = G1Affine;

    fn msm(scalars: &[Scalar], points: &[G1Affine]) -> G1Affine {
        openvm_ecc_guest::msm(scalars, points)
    }
}

impl IntrinsicCurve for G2 {
    type Scalar = Scalar;
    type Point = G2Affine;

    fn msm(scalars: &[Scalar], points: &[G2Affine]) -> G2Affine {
        openvm_ecc_guest::msm(scalars, points)
    }
}

/// A sum of multiples of points of the subgroup. The scalars may be above the order: their bits
/// alone count.
fn sum<C>(scalars: &[Scalar], points: &[C::Point]) -> C::Point
where
    C: IntrinsicCurve<Scalar = Scalar, Point: WeierstrassPoint + Group>,
{
    if points.len() >= BUCKETS_FROM {
        return C::msm(scalars, points);
    }
    CachedMulTable::<C>::new_with_prime_order(points, WINDOW_BITS).windowed_mul(scalars)
}

/// [y]G + [z]P
pub(crate) fn combine(y: &[u8; 32], g: G1Affine, z: &[u8; 32], p: G1Affine) -> G1Affine {
    sum::<G1>(&[y, z].map(|scalar| Scalar::from_be_bytes_unchecked(scalar)), &[g, p])
}

fn fp(bytes: &[u8; 48]) -> Result<Fp, PrecompileHalt> {
    Fp::from_be_bytes(bytes).ok_or(PrecompileHalt::NonCanonicalFp)
}

fn on_curve_1((x, y): &G1Point) -> Result<G1Affine, PrecompileHalt> {
    let (x, y) = (fp(x)?, fp(y)?);
    // SAFETY: its subgroup is looked at where it counts.
    unsafe { G1Affine::from_xy(x, y) }.ok_or(PrecompileHalt::Bls12381G1NotOnCurve)
}

fn g1(point: &G1Point) -> Result<G1Affine, PrecompileHalt> {
    let point = on_curve_1(point)?;
    is_in_g1(&point).then_some(point).ok_or(PrecompileHalt::Bls12381G1NotInSubgroup)
}

fn on_curve_2((x0, x1, y0, y1): &G2Point) -> Result<G2Affine, PrecompileHalt> {
    let (x, y) = (Fp2::new(fp(x0)?, fp(x1)?), Fp2::new(fp(y0)?, fp(y1)?));
    // SAFETY: as above.
    unsafe { G2Affine::from_xy(x, y) }.ok_or(PrecompileHalt::Bls12381G2NotOnCurve)
}

fn g2(point: &G2Point) -> Result<G2Affine, PrecompileHalt> {
    let point = on_curve_2(point)?;
    is_in_g2(&point).then_some(point).ok_or(PrecompileHalt::Bls12381G2NotInSubgroup)
}

/// (βx, y) = -[x²]P, with the curve's seed x, but not for [x]P = P (Scott:
/// <https://eprint.iacr.org/2021/1130>, section 6).
pub(crate) fn is_in_g1(point: &G1Affine) -> bool {
    if point.is_identity() {
        return true;
    }
    let once = multiple(point, BLS12_381_SEED_ABS);
    if once == *point {
        return false;
    }
    let twice = multiple(&once, BLS12_381_SEED_ABS);
    *twice.x() == point.x() * &BETA && *twice.y() == -point.y()
}

/// ψ(Q) = [x]Q (the same, section 4).
fn is_in_g2(point: &G2Affine) -> bool {
    let (x, y) = (point.x().clone().conjugate(), point.y().clone().conjugate());
    let (x, y) = (Fp2::new(-(&PSI_X * &x.c1), &PSI_X * &x.c0), y * &PSI_Y);
    // The seed is negative.
    let multiple = multiple(point, BLS12_381_SEED_ABS);
    *multiple.x() == x && *multiple.y() == -y
}

fn encode_g1(point: &G1Affine) -> [u8; 96] {
    let mut bytes = [0; 96];
    for (element, bytes) in [point.x(), point.y()].into_iter().zip(bytes.chunks_exact_mut(48)) {
        write(element, bytes);
    }
    bytes
}

fn encode_g2(point: &G2Affine) -> [u8; 192] {
    let mut bytes = [0; 192];
    let (x, y) = (point.x(), point.y());
    for (element, bytes) in [&x.c0, &x.c1, &y.c0, &y.c1].into_iter().zip(bytes.chunks_exact_mut(48))
    {
        write(element, bytes);
    }
    bytes
}

/// Whether the product of pairings is one.
pub(crate) fn is_one(pairs: &Pairs<Fp, Fp2>) -> bool {
    if pairs.left.is_empty() || hint(pairs) {
        return true;
    }
    let product = Bls12_381::multi_miller_loop(&pairs.left, &pairs.right);
    final_exponentiation(&product) == Fp12::ONE
}

/// Whether a hint shows that the product is one: f·u = c^(p - x), with u in the subfield Fp6, and
/// p - x a multiple of the order (as for BN254; the exponent is gnark's). Both sides' final
/// exponentiation is one, whatever c and u are. The Miller loop does c^x; the seed is negative, so it
/// ends with a conjugation, and takes the conjugate of the inverse.
fn hint(pairs: &Pairs<Fp, Fp2>) -> bool {
    let (c, u) = Bls12_381::pairing_check_hint(&pairs.left, &pairs.right);
    if c == Fp12::ZERO || [1, 3, 5].iter().any(|&i| u.c[i] != Fp2::ZERO) {
        return false;
    }
    let power = c.frobenius_map(1);
    let inverse = Fp12::ONE.div_unsafe(&c.conjugate());
    let product =
        Bls12_381::multi_miller_loop_embedded_exp(&pairs.left, &pairs.right, Some(inverse));
    product * u == power
}

/// To 3·(p^12 - 1)/r = (p^6 - 1)(p^2 + 1)·((x - 1)²(x + p)(x² + p² - 1) + 3) (Hayashida, Hayasaka,
/// Teruya: <https://eprint.iacr.org/2020/875>).
fn final_exponentiation(f: &Fp12) -> Fp12 {
    // To (p^6 - 1)(p^2 + 1). The inverse of such an element is its conjugate.
    let m = f.clone().conjugate().div_unsafe(f);
    let m = m.frobenius_map(2) * &m;
    // The seed is negative.
    let seed = |element: &Fp12| power(element, BLS12_381_SEED_ABS).conjugate();
    let a = seed(&m) * m.clone().conjugate();
    let b = seed(&a) * a.conjugate();
    let c = seed(&b) * b.frobenius_map(1);
    let d = seed(&seed(&c)) * c.frobenius_map(2) * c.conjugate();
    d * &m * &m * &m
}
