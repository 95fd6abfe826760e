//! Blobs by equivalence: the guest has a blob's elements, the parent chain its commitment. Both
//! evaluate the same polynomial, at a point which neither can choose.

use alloc::vec::Vec;
use alloy_primitives::{B256, b256, keccak256};
use altana_protocol::batch::FIELD_ELEMENTS;
use core::ops::{AddAssign, MulAssign, SubAssign};

/// An element of BLS12-381's scalar field. The zkVM has instructions for it.
pub trait Scalar:
    Clone + for<'a> AddAssign<&'a Self> + for<'a> SubAssign<&'a Self> + for<'a> MulAssign<&'a Self>
{
    /// Reads a big-endian number; `None` unless it is below the modulus.
    fn read(bytes: &[u8; 32]) -> Option<Self>;
    /// The number below the modulus, big-endian.
    fn write(&self) -> [u8; 32];
    /// Divides by what is not zero.
    fn divide(&mut self, by: &Self);
}

/// What the parent chain has to check of a blob: its polynomial has the value `y` at `z` (EIP-4844's
/// point evaluation).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Of the commitment.
    pub versioned_hash: B256,
    /// `keccak256(versioned hash ‖ elements)` with a first byte of zero.
    pub z: B256,
    /// Below the modulus.
    pub y: B256,
}

/// A blob that has no opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// An element is not below the modulus.
    #[error("a blob's element is not below the modulus")]
    Element,
    /// z is a root of unity: nobody finds such a blob.
    #[error("a blob is opened at a root of unity")]
    Root,
}

/// The guest's output: `keccak256(public input ‖ history ‖ (versioned hash ‖ z ‖ y)*)`.
pub fn output(public_input: B256, history: B256, openings: &[Opening]) -> B256 {
    let mut bytes = [public_input, history].concat();
    for Opening { versioned_hash, z, y } in openings {
        bytes.extend_from_slice([versioned_hash.0, z.0, y.0].as_flattened());
    }
    keccak256(bytes)
}

/// Of order [`FIELD_ELEMENTS`]: 7^((r − 1) / 4096).
const ROOT: B256 = b256!("564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306");
const LOG: usize = FIELD_ELEMENTS.ilog2() as usize;

/// The value at `z` of the polynomial that has these elements, then zeros, at the roots of unity in
/// bit-reversed order: (z^4096 − 1) / 4096 · Σ d_i·w_i / (z − w_i). The sum is kept as one fraction.
pub(crate) fn evaluate<S: Scalar>(z: B256, elements: &[[u8; 32]]) -> Result<B256, BlobError> {
    let z = S::read(&z).ok_or(BlobError::Element)?;
    let one = number::<S>(1);
    let mut factor = z.clone();
    (0..LOG).for_each(|_| square(&mut factor));
    factor -= &one;
    if factor.write() == [0; 32] {
        return Err(BlobError::Root);
    }
    let steps = steps::<S>();
    let mut roots: Vec<S> = Vec::with_capacity(elements.len());
    let (mut numerator, mut denominator) = (None::<S>, one.clone());
    for (index, element) in elements.iter().enumerate() {
        let mut term = S::read(element).ok_or(BlobError::Element)?;
        let root = match index.checked_ilog2() {
            None => one.clone(),
            // The bit is worth a root of unity, and what is below it was had before.
            Some(bit) => product(&roots[index - (1 << bit)], &steps[bit as usize]),
        };
        let mut distance = z.clone();
        distance -= &root;
        term *= &root;
        term *= &denominator;
        if let Some(sum) = numerator {
            term += &product(&sum, &distance);
        }
        numerator = Some(term);
        denominator *= &distance;
        roots.push(root);
    }
    let Some(mut value) = numerator else { return Ok(B256::ZERO) };
    value *= &factor;
    denominator *= &number(FIELD_ELEMENTS as u16);
    value.divide(&denominator);
    Ok(value.write().into())
}

/// What each bit of an index is worth in bit-reversed order: of order 2, 4, …, 4096.
fn steps<S: Scalar>() -> Vec<S> {
    let mut root = S::read(&ROOT).expect("a constant below the modulus");
    let mut steps = Vec::with_capacity(LOG);
    for _ in 0..LOG {
        steps.push(root.clone());
        square(&mut root);
    }
    steps.reverse();
    steps
}

fn number<S: Scalar>(number: u16) -> S {
    let mut bytes = [0; 32];
    bytes[30..].copy_from_slice(&number.to_be_bytes());
    S::read(&bytes).expect("below the modulus")
}

fn square<S: Scalar>(number: &mut S) {
    *number = product(number, number);
}

fn product<S: Scalar>(left: &S, right: &S) -> S {
    let mut product = left.clone();
    product *= right;
    product
}
