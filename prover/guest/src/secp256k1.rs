//! Recovery of signers, with the machine's field and curve instructions.
//!
//! What an instruction gives is right modulo the field's order, but a dishonest prover may have it
//! not below the order. Wherever bits are looked at, [`IntMod::assert_reduced`] comes first: a run
//! that is not reduced there cannot be proved.

use alloy_primitives::{Address, keccak256};
use core::ops::Neg as _;
use hex_literal::hex;
use openvm_algebra_guest::{DivUnsafe, IntMod, Sqrt, moduli_macros::moduli_declare};
use openvm_ecc_guest::{
    Group,
    sw_macros::sw_declare,
    weierstrass::{CachedMulTable, IntrinsicCurve, WeierstrassPoint},
};

moduli_declare! {
    Coordinate { modulus = "0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F" },
    Scalar { modulus = "0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141" },
}

sw_declare! {
    // openvm.toml knows this name.
    Secp256k1Point { mod_type = Coordinate, b = SEVEN },
}

const SEVEN: Coordinate = Coordinate::from_const_bytes({
    let mut bytes = [0; 32];
    bytes[0] = 7;
    bytes
});

/// The negated generator, little-endian.
const MINUS_G_X: [u8; 32] =
    hex!("9817f8165b81f259d928ce2ddbfc9b02070b87ce9562a055acbbdcf97e66be79");
const MINUS_G_Y: [u8; 32] =
    hex!("7727ef046f2fb863e6ab7a59b74be80257f7eef103045ba29a3b5cd98825c5b7");

/// Bits that a multiplication takes at once.
const WINDOW_BITS: usize = 4;

struct Secp256k1;

impl IntrinsicCurve for Secp256k1 {
    type Scalar = Scalar;
    type Point = Secp256k1Point;

    fn msm(scalars: &[Scalar], points: &[Secp256k1Point]) -> Secp256k1Point {
        CachedMulTable::<Self>::new_with_prime_order(points, WINDOW_BITS).windowed_mul(scalars)
    }
}

/// Who signed: as `k256`, which native execution uses, would say. `signature` is r ‖ s, and s may be
/// high.
pub(crate) fn recover(signature: &[u8; 64], parity: u8, hash: &[u8; 32]) -> Option<Address> {
    let (r_bytes, s_bytes) = signature.split_at(32);
    let r = Scalar::from_be_bytes(r_bytes)?;
    let s = Scalar::from_be_bytes(s_bytes)?;
    if parity > 1 || r == Scalar::ZERO || s == Scalar::ZERO {
        return None;
    }
    let point = lift(Coordinate::from_be_bytes(r_bytes)?, parity)?;
    // A hash above the order counts modulo the order.
    let hash = Scalar::from_be_bytes_unchecked(hash);
    let scalars = [hash.div_unsafe(&r), s.div_unsafe(&r)];
    // SAFETY: it is a point of the curve, whose group has prime order.
    let minus_g = unsafe {
        Secp256k1Point::from_xy_unchecked(
            Coordinate::from_const_bytes(MINUS_G_X),
            Coordinate::from_const_bytes(MINUS_G_Y),
        )
    };
    let key = Secp256k1::msm(&scalars, &[minus_g, point]);
    if key.is_identity() {
        return None;
    }
    let (x, y) = key.into_coords();
    x.assert_reduced();
    y.assert_reduced();
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&x.to_be_bytes());
    bytes[32..].copy_from_slice(&y.to_be_bytes());
    Some(Address::from_slice(&keccak256(bytes)[12..]))
}

/// The point with this x and this parity of y.
fn lift(x: Coordinate, parity: u8) -> Option<Secp256k1Point> {
    let mut y = (&x * &x * &x + SEVEN).sqrt()?;
    if is_odd(&y) != (parity == 1) {
        y.neg_assign();
    }
    // No point has y = 0: the order is odd.
    assert_eq!(is_odd(&y), parity == 1);
    // SAFETY: y² = x³ + 7, as the root was checked.
    Some(unsafe { Secp256k1Point::from_xy_unchecked(x, y) })
}

fn is_odd(y: &Coordinate) -> bool {
    y.assert_reduced();
    y.as_le_bytes()[0] & 1 == 1
}
