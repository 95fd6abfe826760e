//! The precompiles of BN254 (EIP-196, EIP-197), with the machine's instructions.

use crate::curves::{Pairs, multiple, power, write};
use openvm_algebra_guest::{
    DivUnsafe, Field, IntMod,
    field::{ComplexConjugate, FieldExtension},
};
use openvm_ecc_guest::{
    Group,
    weierstrass::{IntrinsicCurve, WeierstrassPoint},
};
use openvm_pairing::{
    PairingCheck,
    bn254::{Bn254, Fp, Fp2, Fp12, G1Affine, G2Affine, Scalar},
};
use openvm_pairing_guest::{bn254::BN254_SEED, pairing::MultiMillerLoop};
use revm::precompile::PrecompileHalt;

pub(crate) fn add(left: &[u8], right: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
    Ok(encode(g1(left)? + g1(right)?))
}

pub(crate) fn multiply(point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
    let point = g1(point)?;
    // It may be above the order: its bits alone count.
    let scalar = Scalar::from_be_bytes_unchecked(scalar);
    Ok(encode(Bn254::msm(&[scalar], &[point])))
}

pub(crate) fn pairing(input: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
    let mut pairs = Pairs::with_capacity(input.len());
    for (left, right) in input {
        pairs.push(g1(left)?, g2(right)?);
    }
    Ok(is_one(&pairs))
}

fn fp(bytes: &[u8]) -> Result<Fp, PrecompileHalt> {
    Fp::from_be_bytes(bytes).ok_or(PrecompileHalt::Bn254FieldPointNotAMember)
}

fn g1(bytes: &[u8]) -> Result<G1Affine, PrecompileHalt> {
    let (x, y) = bytes.split_at(32);
    let (x, y) = (fp(x)?, fp(y)?);
    // SAFETY: it is on the curve, whose order is prime.
    unsafe { G1Affine::from_xy(x, y) }.ok_or(PrecompileHalt::Bn254AffineGFailedToCreate)
}

fn g2(bytes: &[u8]) -> Result<G2Affine, PrecompileHalt> {
    let read = |at: usize| fp(&bytes[at..at + 32]);
    let (x, y) = (Fp2::new(read(32)?, read(0)?), Fp2::new(read(96)?, read(64)?));
    // SAFETY: it is on the curve, and its subgroup is looked at before it is used.
    unsafe { G2Affine::from_xy(x, y) }
        .filter(is_in_subgroup)
        .ok_or(PrecompileHalt::Bn254AffineGFailedToCreate)
}

/// [x + 1]Q + ψ([x]Q) + ψ²([x]Q) = ψ³([2x]Q), with the curve's seed x (El Housni, Guillevic,
/// Piellard: <https://eprint.iacr.org/2022/352>). The polynomial of this equation and ψ's own,
/// X² - tX + p, have a resultant without a factor in common with the cofactor: no other point
/// satisfies it.
fn is_in_subgroup(point: &G2Affine) -> bool {
    let multiple = multiple(point, BN254_SEED);
    let first = psi(&multiple);
    let second = psi(&first);
    let third = psi(&second).double();
    multiple + point + first + second == third
}

/// The Frobenius of the curve, seen from its twist.
fn psi(point: &G2Affine) -> G2Affine {
    let x = point.x().clone().conjugate() * &Bn254::FROBENIUS_COEFF_FQ6_C1[1];
    let y = point.y().clone().conjugate() * &Bn254::XI_TO_Q_MINUS_1_OVER_2;
    // SAFETY: it maps the twist to itself, and (0, 0) to (0, 0).
    unsafe { G2Affine::from_xy_unchecked(x, y) }
}

fn encode(point: G1Affine) -> [u8; 64] {
    let mut bytes = [0; 64];
    let (x, y) = bytes.split_at_mut(32);
    write(point.x(), x);
    write(point.y(), y);
    bytes
}

fn is_one(pairs: &Pairs<Fp, Fp2>) -> bool {
    if pairs.left.is_empty() || hint(pairs) {
        return true;
    }
    let product = Bn254::multi_miller_loop(&pairs.left, &pairs.right);
    final_exponentiation(&product) == Fp12::ONE
}

/// Whether a hint shows that the product is one: f·u = c^λ, with u in the subfield Fp6, and λ a
/// multiple of the order (Novakovic, Eagen: <https://eprint.iacr.org/2024/640>, theorem 3). Both
/// sides' final exponentiation is one, whatever c and u are. λ = 6x + 2 + p³ - p² + p, of which the
/// Miller loop does c^-(6x + 2).
fn hint(pairs: &Pairs<Fp, Fp2>) -> bool {
    let (c, u) = Bn254::pairing_check_hint(&pairs.left, &pairs.right);
    if c == Fp12::ZERO || [1, 3, 5].iter().any(|&i| u.c[i] != Fp2::ZERO) {
        return false;
    }
    let inverse = Fp12::ONE.div_unsafe(&c);
    let powers = inverse.frobenius_map(3) * c.frobenius_map(2) * inverse.frobenius_map(1);
    let product = Bn254::multi_miller_loop_embedded_exp(&pairs.left, &pairs.right, Some(inverse));
    product * powers * u == Fp12::ONE
}

/// To (p^12 - 1)/r times 2x(6x² + 3x + 1), which has no factor in common with r (Fuentes-Castañeda,
/// Knapp, Rodríguez-Henríquez, 2011).
fn final_exponentiation(f: &Fp12) -> Fp12 {
    // To (p^6 - 1)(p^2 + 1). The inverse of such an element is its conjugate.
    let m = f.clone().conjugate().div_unsafe(f);
    let m = m.frobenius_map(2) * &m;
    let square = |element: &Fp12| element * element;
    let a2 = square(&power(&m, BN254_SEED));
    let a6 = square(&a2) * &a2;
    let b6 = power(&a6, BN254_SEED);
    let b12 = square(&b6);
    let c12 = power(&b12, BN254_SEED);
    // To 6x + 6x² + 12x³, and to 4x + 6x² + 12x³.
    let second = &(&a6 * &b6) * &c12;
    let first = &second * &a2.conjugate();
    let zeroth = &(&m * &second) * &b6;
    let third = &first * &m.conjugate();
    zeroth * first.frobenius_map(1) * second.frobenius_map(2) * third.frobenius_map(3)
}
