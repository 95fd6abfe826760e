//! Signatures of P-256 (RIP-7212), with the machine's instructions.

use core::ops::Neg as _;
use hex_literal::hex;
use openvm_algebra_guest::{DivUnsafe, IntMod, moduli_macros::moduli_declare};
use openvm_ecc_guest::{
    Group,
    sw_macros::sw_declare,
    weierstrass::{CachedMulTable, IntrinsicCurve, WeierstrassPoint},
};

moduli_declare! {
    P256Coordinate { modulus = "0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF" },
    P256Scalar { modulus = "0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551" },
}

sw_declare! {
    // openvm.toml knows this name.
    P256Point { mod_type = P256Coordinate, a = MINUS_THREE, b = B },
}

/// Little-endian, as all below.
const MINUS_THREE: P256Coordinate = P256Coordinate::from_const_bytes(hex!(
    "fcffffffffffffffffffffff00000000000000000000000001000000ffffffff"
));
const B: P256Coordinate = P256Coordinate::from_const_bytes(hex!(
    "4b60d2273e3cce3bf6b053ccb0061d65bc86987655bdebb3e7933aaad835c65a"
));
const G_X: P256Coordinate = P256Coordinate::from_const_bytes(hex!(
    "96c298d84539a1f4a033eb2d817d0377f240a463e5e6bcf847422ce1f2d1176b"
));
const G_Y: P256Coordinate = P256Coordinate::from_const_bytes(hex!(
    "f551bf376840b6cbce5e316b5733ce2b169e0f7c4aebe78e9b7f1afee242e34f"
));
/// Bits that a multiplication takes at once.
const WINDOW_BITS: usize = 4;

struct P256;

impl IntrinsicCurve for P256 {
    type Scalar = P256Scalar;
    type Point = P256Point;

    fn msm(scalars: &[P256Scalar], points: &[P256Point]) -> P256Point {
        CachedMulTable::<Self>::new_with_prime_order(points, WINDOW_BITS).windowed_mul(scalars)
    }
}

/// Whether `signature`, r ‖ s, is the key's, x ‖ y.
pub(crate) fn is_valid(hash: &[u8; 32], signature: &[u8; 64], key: &[u8; 64]) -> bool {
    verify(hash, signature, key).unwrap_or(false)
}

fn verify(hash: &[u8; 32], signature: &[u8; 64], key: &[u8; 64]) -> Option<bool> {
    let (r, s) = signature.split_at(32);
    let (r, s) = (P256Scalar::from_be_bytes(r)?, P256Scalar::from_be_bytes(s)?);
    if r == P256Scalar::ZERO || s == P256Scalar::ZERO {
        return None;
    }
    let (x, y) = key.split_at(32);
    let (x, y) = (P256Coordinate::from_be_bytes(x)?, P256Coordinate::from_be_bytes(y)?);
    // SAFETY: it is on the curve, whose order is prime.
    let key = unsafe { P256Point::from_xy_nonidentity(x, y) }?;
    // SAFETY: it is the curve's generator.
    let g = unsafe { P256Point::from_xy_unchecked(G_X, G_Y) };
    // A hash above the order counts modulo the order.
    let hash = P256Scalar::from_be_bytes_unchecked(hash);
    let point = P256::msm(&[hash.div_unsafe(&s), (&r).div_unsafe(&s)], &[g, key]);
    if point.is_identity() {
        return None;
    }
    point.x().assert_reduced();
    // It may be above the order: the product is not, and only such numbers can be compared.
    let x = P256Scalar::from_le_bytes_unchecked(point.x().as_le_bytes()) * P256Scalar::ONE;
    Some(x == r)
}
