//! What the curves of the EVM's precompiles have in common.
//!
//! What an instruction gives is right modulo the field's order, but a dishonest prover may have it
//! not below the order. The instruction that compares takes only numbers below it, so comparisons
//! need no care; wherever bytes are looked at, [`IntMod::assert_reduced`] comes first.

use openvm_algebra_guest::{Field, IntMod};
use openvm_ecc_guest::{AffinePoint, Group, weierstrass::WeierstrassPoint};

/// A multiple of any point of the curve, whatever its order. `number` is not 0.
pub(crate) fn multiple<P: Group>(point: &P, number: u64) -> P {
    let mut sum = point.clone();
    for bit in (0..number.ilog2()).rev() {
        sum.double_assign();
        if number >> bit & 1 == 1 {
            sum += point;
        }
    }
    sum
}

/// A power; `number` is not 0.
pub(crate) fn power<F: Field>(element: &F, number: u64) -> F {
    let mut product = element.clone();
    for bit in (0..number.ilog2()).rev() {
        product.square_assign();
        if number >> bit & 1 == 1 {
            product *= element;
        }
    }
    product
}

/// Big-endian bytes.
pub(crate) fn write<F: IntMod>(element: &F, bytes: &mut [u8]) {
    element.assert_reduced();
    bytes.copy_from_slice(element.to_be_bytes().as_ref());
}

/// The pairs of points that a pairing needs: none with the point at infinity.
pub(crate) struct Pairs<P, Q> {
    pub(crate) left: alloc::vec::Vec<AffinePoint<P>>,
    pub(crate) right: alloc::vec::Vec<AffinePoint<Q>>,
}

impl<P: Field, Q: Field> Pairs<P, Q> {
    pub(crate) fn with_capacity(pairs: usize) -> Self {
        let (left, right) =
            (alloc::vec::Vec::with_capacity(pairs), alloc::vec::Vec::with_capacity(pairs));
        Self { left, right }
    }

    pub(crate) fn push<L, R>(&mut self, left: L, right: R)
    where
        L: WeierstrassPoint<Coordinate = P> + Group,
        R: WeierstrassPoint<Coordinate = Q> + Group,
    {
        if left.is_identity() || right.is_identity() {
            return;
        }
        let ((x, y), (v, w)) = (left.into_coords(), right.into_coords());
        self.left.push(AffinePoint::new(x, y));
        self.right.push(AffinePoint::new(v, w));
    }
}
