//! The precompiles of BLS12-381 (EIP-2537). revm has field elements of 48 bytes; the parent chain
//! takes and returns them in 64.

use super::{INPUT_BYTES_MAX, call};
use alloc::vec::Vec;
use revm::precompile::{
    Crypto, DefaultCrypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

const G1_ADD: u16 = 0x0b;
const G1_MSM: u16 = 0x0c;
const G2_ADD: u16 = 0x0d;
const G2_MSM: u16 = 0x0e;
const PAIRING: u16 = 0x0f;
const FP_TO_G1: u16 = 0x10;
const FP2_TO_G2: u16 = 0x11;

/// Bytes of a field element, alone and padded.
const FP_BYTES: usize = 48;
const PADDED_BYTES: usize = 64;

type Result<T> = core::result::Result<T, PrecompileHalt>;

/// Field elements of a point.
trait Point {
    fn elements(&self) -> impl Iterator<Item = &[u8; FP_BYTES]>;
}

impl Point for G1Point {
    fn elements(&self) -> impl Iterator<Item = &[u8; FP_BYTES]> {
        [&self.0, &self.1].into_iter()
    }
}

impl Point for G2Point {
    fn elements(&self) -> impl Iterator<Item = &[u8; FP_BYTES]> {
        [&self.0, &self.1, &self.2, &self.3].into_iter()
    }
}

fn push<'a>(input: &mut Vec<u8>, elements: impl Iterator<Item = &'a [u8; FP_BYTES]>) {
    for element in elements {
        input.extend_from_slice(&[0; PADDED_BYTES - FP_BYTES]);
        input.extend_from_slice(element);
    }
}

/// The point of `N` bytes that a call returns. Why it failed, nobody can see.
fn call_point<const N: usize>(address: u16, input: &[u8]) -> Result<[u8; N]> {
    let answer = call(address, &[input]).ok_or(PrecompileHalt::Bls12381G1NotOnCurve)?;
    let mut point = [0; N];
    let elements = point.as_chunks_mut::<FP_BYTES>().0.iter_mut();
    for (element, padded) in elements.zip(answer.as_chunks::<PADDED_BYTES>().0) {
        element.copy_from_slice(&padded[PADDED_BYTES - FP_BYTES..]);
    }
    Ok(point)
}

fn add<const N: usize>(address: u16, a: &impl Point, b: &impl Point) -> Result<[u8; N]> {
    let mut input = Vec::new();
    push(&mut input, a.elements());
    push(&mut input, b.elements());
    call_point(address, &input)
}

pub(super) fn g1_add(a: G1Point, b: G1Point) -> Result<[u8; 96]> {
    add(G1_ADD, &a, &b)
}

pub(super) fn g2_add(a: G2Point, b: G2Point) -> Result<[u8; 192]> {
    add(G2_ADD, &a, &b)
}

/// A sum of products is asked for in parts that are short enough; the sum of their results is the
/// whole. Each part refuses the same points as the whole would.
fn msm<const N: usize, P: Point>(
    [msm, add]: [u16; 2],
    pairs: &mut dyn Iterator<Item = Result<(P, [u8; 32])>>,
) -> Result<[u8; N]> {
    let pair_bytes = N / FP_BYTES * PADDED_BYTES + 32;
    let (mut input, mut sum) = (Vec::new(), None);
    for pair in pairs {
        if input.len() + pair_bytes > INPUT_BYTES_MAX {
            sum = Some(plus(add, sum, call_point(msm, &input)?)?);
            input.clear();
        }
        let (point, scalar) = pair?;
        push(&mut input, point.elements());
        input.extend_from_slice(&scalar);
    }
    plus(add, sum, call_point(msm, &input)?)
}

fn plus<const N: usize>(address: u16, sum: Option<[u8; N]>, part: [u8; N]) -> Result<[u8; N]> {
    let Some(sum) = sum else { return Ok(part) };
    let mut input = Vec::new();
    for point in [&sum, &part] {
        push(&mut input, point.as_chunks().0.iter());
    }
    call_point(address, &input)
}

pub(super) fn g1_msm(pairs: &mut dyn Iterator<Item = Result<G1PointScalar>>) -> Result<[u8; 96]> {
    msm([G1_MSM, G1_ADD], pairs)
}

pub(super) fn g2_msm(pairs: &mut dyn Iterator<Item = Result<G2PointScalar>>) -> Result<[u8; 192]> {
    msm([G2_MSM, G2_ADD], pairs)
}

pub(super) fn pairing_check(pairs: &[(G1Point, G2Point)]) -> Result<bool> {
    if pairs.len() * 6 * PADDED_BYTES > INPUT_BYTES_MAX {
        return DefaultCrypto.bls12_381_pairing_check(pairs);
    }
    let mut input = Vec::new();
    for (a, b) in pairs {
        push(&mut input, a.elements());
        push(&mut input, b.elements());
    }
    let answer = call(PAIRING, &[&input]).ok_or(PrecompileHalt::Bls12381G1NotOnCurve)?;
    Ok(answer.last() == Some(&1))
}

pub(super) fn fp_to_g1(fp: &[u8; FP_BYTES]) -> Result<[u8; 96]> {
    let mut input = Vec::new();
    push(&mut input, [fp].into_iter());
    call_point(FP_TO_G1, &input)
}

pub(super) fn fp2_to_g2(fp2: ([u8; FP_BYTES], [u8; FP_BYTES])) -> Result<[u8; 192]> {
    let mut input = Vec::new();
    push(&mut input, fp2.elements());
    call_point(FP2_TO_G2, &input)
}
