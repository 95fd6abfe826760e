//! The precompile of point evaluation (EIP-4844), with the machine's instructions.

use crate::{
    bls12_381::{combine, is_in_g1, is_one},
    curves::{Pairs, write},
};
use core::ops::Neg as _;
use hex_literal::hex;
use openvm_algebra_guest::{IntMod, Sqrt};
use openvm_ecc_guest::{CyclicGroup, Group, weierstrass::WeierstrassPoint};
use openvm_pairing::bls12_381::{Fp, Fp2, G1Affine, G2Affine, Scalar};

/// The ceremony's [τ]G of the second group, and minus its generator, little-endian.
const TAU: [[u8; 48]; 4] = [
    hex!(
        "f2dec120dada8ec9ed001062de4170080bc6a47b475168a3c9eaeccc11c92639e20886b3b729447314274953eebf5c18"
    ),
    hex!(
        "729f49f324abaaafd252b40c87e514293dc55a61cea20910a8effbcb7570182689f30a2387c23b8428b1de8cddd7bf15"
    ),
    hex!(
        "992a83bbfb9b68ee83f34159106de24c79c9a996a45124e818de280e49691513a2fcd19985eed5d76d626bb9bd534301"
    ),
    hex!(
        "4f150a0df38e0423cdc97a3d6f3495948907fa9bbad15eda1f6763fc09de79ef4b1b18e0ca2f43039552320a4bc56616"
    ),
];
const MINUS_G2: [[u8; 48]; 4] = [
    hex!(
        "b8bd21c1c85680d4efbb05a82603ac0b77d1e37a640b51b4023b40fad47ae4c65110c52d27050826910a8ff0b2a24a02"
    ),
    hex!(
        "7e2b045d057dace5575d941312f14c3349507fdcbb61dab51ab62099d0d06b59654f2788a0d3ac7d609f7152602be013"
    ),
    hex!(
        "aa8247f779ab6bd8755da7753236718cf72450a53738eef9173fc766daaf79b6bc771d69efd951be887802c7c23c1b0d"
    ),
    hex!(
        "ed30a00fa0f8550f5ee26754d7f274df785c829ff53fbc4010afdd6d062339993d21891706d56e18ceb1d80a4a4dfa13"
    ),
];

const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGER: u8 = 0x20;

/// Whether p(z) = y for the polynomial of the commitment C: e(C - [y]G, -H) e(π, [τ]H - [z]H) = 1,
/// which is e(C - [y]G + [z]π, -H) e(π, [τ]H) = 1.
pub(crate) fn is_valid(
    z: &[u8; 32],
    y: &[u8; 32],
    commitment: &[u8; 48],
    proof: &[u8; 48],
) -> bool {
    let (Some(commitment), Some(proof)) = (decode(commitment), decode(proof)) else {
        return false;
    };
    if [z, y].iter().any(|number| Scalar::from_be_bytes(*number).is_none()) {
        return false;
    }
    let left = commitment + combine(y, G1Affine::NEG_GENERATOR, z, proof.clone());
    let mut pairs = Pairs::with_capacity(2);
    pairs.push(left, constant(MINUS_G2));
    pairs.push(proof, constant(TAU));
    is_one(&pairs)
}

fn constant(bytes: [[u8; 48]; 4]) -> G2Affine {
    let [x0, x1, y0, y1] = bytes.map(Fp::from_const_bytes);
    G2Affine::new(Fp2::new(x0, x1), Fp2::new(y0, y1))
}

/// A point of the first group in 48 bytes: x, and three flags.
fn decode(bytes: &[u8; 48]) -> Option<G1Affine> {
    let mut x = *bytes;
    let flags = x[0] & (COMPRESSED | INFINITY | LARGER);
    x[0] ^= flags;
    if flags & COMPRESSED == 0 {
        return None;
    }
    if flags & INFINITY != 0 {
        return (flags & LARGER == 0 && x == [0; 48]).then_some(<G1Affine as Group>::IDENTITY);
    }
    let x = Fp::from_be_bytes(&x)?;
    let y = (&x * &x * &x + <G1Affine as WeierstrassPoint>::CURVE_B).sqrt()?;
    let minus_y = (&y).neg();
    let mut numbers = [[0; 48]; 2];
    write(&y, &mut numbers[0]);
    write(&minus_y, &mut numbers[1]);
    // No point has y = 0: the curve's order is odd.
    let y = if (numbers[0] > numbers[1]) == (flags & LARGER != 0) { y } else { minus_y };
    // SAFETY: y² = x³ + 4, as the root was checked; the subgroup is looked at here.
    Some(unsafe { G1Affine::from_xy_unchecked(x, y) }).filter(is_in_g1)
}
