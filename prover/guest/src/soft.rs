//! What the libraries take for instructions, done with those of the field.
//!
//! A circuit costs every proof, used or not: the verifier's own table has a row for each of its
//! terms (docs/zk.md §5). So the machine has none for these curves, and none for the quadratic
//! extension of BN254.

use crate::p256::P256Coordinate;
use core::ops::{Add, Mul, Sub};
use openvm_algebra_guest::IntMod;
use openvm_pairing::{bls12_381, bn254};

/// Two elements in a row: a point's coordinates, or the parts of a + bi with i² = -1.
type Pair<F> = [F; 2];

/// What a field's element can do by reference.
trait Element: IntMod + 'static {}

impl<F: IntMod + 'static> Element for F {}

/// The sum of two points with different x.
fn add<F: Element>([x, y]: &Pair<F>, [v, w]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Sub<&'a F, Output = F>,
{
    let slope = (w - y).div_unsafe(v - x);
    third(&slope, [x, y], v)
}

/// Twice a point, on a curve whose a is 0. No point of these curves has y = 0.
fn double<F: Element>([x, y]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Sub<&'a F, Output = F>,
{
    let square = x.square();
    let slope = (square.double() + square).div_unsafe(y.double());
    third(&slope, [x, y], x)
}

/// The same where a is -3.
fn double_minus_three<F: Element>([x, y]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Sub<&'a F, Output = F>,
{
    let square = x.square() - F::ONE;
    let slope = (square.double() + square).div_unsafe(y.double());
    third(&slope, [x, y], x)
}

fn third<F: Element>(slope: &F, [x, y]: [&F; 2], other: &F) -> Pair<F>
where
    for<'a> &'a F: Sub<&'a F, Output = F>,
{
    let sum = slope.square() - x - other;
    let y = (x - &sum) * slope - y;
    [sum, y]
}

fn multiply<F: Element>([a, b]: &Pair<F>, [c, d]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Mul<&'a F, Output = F>,
{
    [a * c - b * d, a * d + b * c]
}

/// The norm is not 0, since -1 has no root, and the divisor is not 0.
fn divide<F: Element>([a, b]: &Pair<F>, [c, d]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Mul<&'a F, Output = F>,
{
    let norm = c.square() + d.square();
    [(a * c + b * d).div_unsafe(&norm), (b * c - a * d).div_unsafe(&norm)]
}

fn plus<F: Element>([a, b]: &Pair<F>, [c, d]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Add<&'a F, Output = F>,
{
    [a + c, b + d]
}

fn minus<F: Element>([a, b]: &Pair<F>, [c, d]: &Pair<F>) -> Pair<F>
where
    for<'a> &'a F: Sub<&'a F, Output = F>,
{
    [a - c, b - d]
}

macro_rules! operations {
    ($field:ty: $($name:ident = $operation:ident),*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name(to: usize, left: usize, right: usize) {
                let [left, right] = [left, right].map(|at| at as *const Pair<$field>);
                // SAFETY: the library gives pointers to what it calls a point or an element, two
                // fields in a row; `to` may be one of the others, which are not used after this.
                unsafe { (to as *mut Pair<$field>).write($operation(&*left, &*right)) }
            }
        )*
    };
}

macro_rules! doubling {
    ($field:ty: $name:ident = $operation:ident, $setup:ident) => {
        #[unsafe(no_mangle)]
        extern "C" fn $name(to: usize, point: usize) {
            let point = point as *const Pair<$field>;
            // SAFETY: as above.
            unsafe { (to as *mut Pair<$field>).write($operation(&*point)) }
        }

        /// There is nothing to set up: the field does it for itself.
        #[unsafe(no_mangle)]
        extern "C" fn $setup(_: usize, _: usize, _: usize) {}
    };
}

operations! { bn254::Fp: sw_add_ne_extern_func_Bn254G1Affine = add }
operations! { bls12_381::Fp: sw_add_ne_extern_func_Bls12_381G1Affine = add }
doubling! {
    bn254::Fp: sw_double_extern_func_Bn254G1Affine = double, sw_setup_extern_func_Bn254G1Affine
}
doubling! {
    bls12_381::Fp: sw_double_extern_func_Bls12_381G1Affine = double,
    sw_setup_extern_func_Bls12_381G1Affine
}
operations! { P256Coordinate: sw_add_ne_extern_func_P256Point = add }
doubling! {
    P256Coordinate: sw_double_extern_func_P256Point = double_minus_three,
    sw_setup_extern_func_P256Point
}

operations! {
    bn254::Fp: complex_add_extern_func_Bn254Fp2 = plus,
    complex_sub_extern_func_Bn254Fp2 = minus,
    complex_mul_extern_func_Bn254Fp2 = multiply,
    complex_div_extern_func_Bn254Fp2 = divide
}

#[unsafe(no_mangle)]
extern "C" fn complex_setup_extern_func_Bn254Fp2() {}
