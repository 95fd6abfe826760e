//! BabyBear and its extension of degree 4, in plain modular arithmetic.

use core::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// The field's order, 15·2^27 + 1.
pub const P: u32 = 0x7800_0001;

/// X^4 is this in the extension.
const NON_RESIDUE: F = F(11);

/// Entry b generates the subgroup of order 2^b.
const GENERATORS: [u32; 28] = [
    0x00000001, 0x78000000, 0x67055c21, 0x5ee99486, 0x0bb4c4e4, 0x2d4cc4da, 0x669d6090, 0x17b56c64,
    0x67456167, 0x688442f9, 0x145e952d, 0x4fe61226, 0x4c734715, 0x11c33e2a, 0x62c3d2b1, 0x77cad399,
    0x54c131f4, 0x4cabd6a6, 0x5cf5713f, 0x3e9430e8, 0x0ba067a3, 0x18adc27d, 0x21fd55bc, 0x4b859b3d,
    0x3bd57996, 0x4483d85a, 0x3a26eef8, 0x1a427a41,
];

/// The generator of the subgroup of order 2^`bits`; `bits` is at most 27.
pub(crate) fn generator(bits: usize) -> F {
    F(GENERATORS[bits])
}

/// An element of the base field, canonical.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct F(u32);

impl F {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1);

    /// `value` mod p.
    pub const fn new(value: u64) -> Self {
        Self((value % P as u64) as u32)
    }

    /// The canonical integer.
    pub const fn canonical(self) -> u32 {
        self.0
    }

    /// `word(x)` = x·2^52 mod p.
    pub fn word(self) -> u32 {
        (self * Self::new(1 << 52)).0
    }

    /// The element with a word congruent to `word`.
    pub fn from_word(word: u64) -> Self {
        Self::new(word) * inverse_of_2_to(52)
    }

    /// The element whose word is exactly `word`; none if `word` is not below p.
    pub fn from_canonical_word(word: u32) -> Option<Self> {
        (word < P).then(|| Self::from_word(word.into()))
    }

    /// The power.
    pub fn pow(self, mut exponent: u64) -> Self {
        let (mut result, mut base) = (Self::ONE, self);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result *= base;
            }
            base *= base;
            exponent >>= 1;
        }
        result
    }

    /// The inverse; zero of zero.
    pub fn inverse(self) -> Self {
        self.pow(u64::from(P) - 2)
    }
}

/// 2^−`bits`.
pub(crate) fn inverse_of_2_to(bits: usize) -> F {
    const HALF: F = F(P.div_ceil(2));
    HALF.pow(bits as u64)
}

impl Add for F {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(u64::from(self.0) + u64::from(other.0))
    }
}

impl Sub for F {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(u64::from(self.0) + u64::from(P) - u64::from(other.0))
    }
}

impl Neg for F {
    type Output = Self;
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Mul for F {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(u64::from(self.0) * u64::from(other.0))
    }
}

/// An element of the extension: the coefficients of 1, X, X², X³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ext(pub [F; 4]);

impl Ext {
    /// Zero.
    pub const ZERO: Self = Self([F::ZERO; 4]);
    /// One.
    pub const ONE: Self = Self([F::ONE, F::ZERO, F::ZERO, F::ZERO]);

    /// The 16 bytes of a unit: the last coefficient's word first.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (bytes, coefficient) in bytes.chunks_exact_mut(4).zip(self.0.iter().rev()) {
            bytes.copy_from_slice(&coefficient.word().to_be_bytes());
        }
        bytes
    }

    /// The element of these 16 bytes; none if a word is not below p.
    pub fn from_bytes(bytes: &[u8; 16]) -> Option<Self> {
        let mut element = Self::ZERO;
        for (coefficient, bytes) in element.0.iter_mut().rev().zip(bytes.as_chunks::<4>().0) {
            *coefficient = F::from_canonical_word(u32::from_be_bytes(*bytes))?;
        }
        Some(element)
    }

    /// Whether it is an element of the base field.
    pub fn is_base(&self) -> bool {
        self.0[1..].iter().all(|&coefficient| coefficient == F::ZERO)
    }

    /// The square.
    pub fn square(self) -> Self {
        self * self
    }

    /// x^(2^`log`).
    pub fn pow_2_to(self, log: usize) -> Self {
        (0..log).fold(self, |x, _| x.square())
    }
}

impl From<F> for Ext {
    fn from(value: F) -> Self {
        Self([value, F::ZERO, F::ZERO, F::ZERO])
    }
}

impl Add for Ext {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(core::array::from_fn(|k| self.0[k] + other.0[k]))
    }
}

impl Sub for Ext {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(core::array::from_fn(|k| self.0[k] - other.0[k]))
    }
}

impl Mul for Ext {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut product = Self::ZERO;
        for (i, &a) in self.0.iter().enumerate() {
            for (j, &b) in other.0.iter().enumerate() {
                let wraps = if i + j >= 4 { NON_RESIDUE } else { F::ONE };
                product.0[(i + j) % 4] += a * b * wraps;
            }
        }
        product
    }
}

impl Mul<F> for Ext {
    type Output = Self;
    fn mul(self, other: F) -> Self {
        Self(self.0.map(|coefficient| coefficient * other))
    }
}

macro_rules! assign {
    ($($type:ty, $by:ty;)*) => {$(
        impl MulAssign<$by> for $type {
            fn mul_assign(&mut self, other: $by) {
                *self = *self * other;
            }
        }
    )*};
}
assign!(F, F; Ext, Ext; Ext, F;);

macro_rules! assign_sums {
    ($($type:ty)*) => {$(
        impl AddAssign for $type {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }
        impl SubAssign for $type {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }
        impl core::iter::Sum for $type {
            fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
                terms.fold(Self::ZERO, |sum, term| sum + term)
            }
        }
    )*};
}
assign_sums!(F Ext);

/// 1, x, x², …
pub(crate) fn powers(x: Ext) -> impl Iterator<Item = Ext> {
    core::iter::successors(Some(Ext::ONE), move |&power| Some(power * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generator_is_the_square_of_the_next() {
        assert_eq!(generator(27), F(31).pow(15));
        for bits in 0..27 {
            assert_eq!(generator(bits), generator(bits + 1).pow(2));
        }
        assert_eq!(generator(0), F::ONE);
        assert_eq!(generator(1), -F::ONE);
    }

    #[test]
    fn words_come_back_and_are_canonical() {
        for value in [0, 1, 2, P - 1, 0x1234_5678] {
            let x = F(value);
            assert_eq!(u64::from(x.word()), ((u128::from(value) << 52) % u128::from(P)) as u64);
            assert_eq!(F::from_canonical_word(x.word()), Some(x));
        }
        assert_eq!(F::from_canonical_word(P), None);
    }

    #[test]
    fn x_to_the_fourth_is_eleven() {
        let x = Ext([F::ZERO, F::ONE, F::ZERO, F::ZERO]);
        assert_eq!(x.pow_2_to(2), Ext::from(F(11)));
    }
}
