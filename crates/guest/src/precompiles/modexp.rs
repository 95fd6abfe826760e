//! Modular exponentiation (0x05): asked for where the parent chain answers, else computed here.
//!
//! revm's own code needs more than 1,000 instructions for a unit of gas where an exponent is long
//! and the modulus short. So a long exponent is asked for in parts.

use super::call;
use alloc::vec::Vec;
use alloy_primitives::U256;
use revm::precompile::{Crypto, DefaultCrypto, modexp::osaka_gas_calc};

const MODEXP: u16 = 0x05;
/// Longest number that the parent chain takes (EIP-7823), in bytes.
const NUMBER_BYTES_MAX: usize = 1024;
/// Dearest question, by EIP-7883's price.
const GAS_MAX: u64 = 4_000_000;

/// `base ^ exponent % modulus`, in at most as many bytes as the modulus has.
pub(super) fn modexp(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    if modulus.iter().all(|byte| *byte == 0) {
        return Vec::new();
    }
    if modulus.len() > NUMBER_BYTES_MAX {
        return compute(base, exponent, modulus);
    }
    if base.len() > NUMBER_BYTES_MAX {
        return in_parts(&compute(base, &[1], modulus), exponent, modulus);
    }
    in_parts(base, exponent, modulus)
}

/// `base` and `modulus` are short enough to be asked for.
fn in_parts(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    if exponent.len() <= NUMBER_BYTES_MAX && price(base, exponent, modulus) <= GAS_MAX {
        return ask(base, exponent, modulus);
    }
    let part_bytes = part_bytes(base.len().max(modulus.len()));
    // 256 ^ part_bytes
    let mut shift = alloc::vec![0; part_bytes + 1];
    shift[0] = 1;
    let (first, rest) = exponent.split_at(exponent.len() % part_bytes);
    let mut power = ask(base, first, modulus);
    for part in rest.chunks(part_bytes) {
        let high = ask(&power, &shift, modulus);
        power = compute(&product(&high, &ask(base, part, modulus)), &[1], modulus);
    }
    power
}

/// The longest part of an exponent that may be asked for with numbers of this length, if any bit
/// of it may be set, and so that a byte more may be asked for, too.
fn part_bytes(number_bytes: usize) -> usize {
    let length = number_bytes as u64;
    let fits =
        |bytes: &usize| osaka_gas_calc(length, *bytes as u64 + 1, length, &U256::MAX) <= GAS_MAX;
    // Powers of two: with numbers of 1,024 bytes it is 8, with short ones 512.
    (0..10).rev().map(|log2| 1 << log2).find(fits).unwrap_or(1)
}

fn price(base: &[u8], exponent: &[u8], modulus: &[u8]) -> u64 {
    let head = U256::from_be_slice(&exponent[..exponent.len().min(32)]);
    osaka_gas_calc(base.len() as u64, exponent.len() as u64, modulus.len() as u64, &head)
}

/// The parent chain's answer. It never fails (docs/machine.md §4).
fn ask(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let lengths = [base, exponent, modulus];
    let lengths = lengths.map(|number| U256::from(number.len()).to_be_bytes::<32>());
    call(MODEXP, &[lengths.as_flattened(), base, exponent, modulus]).unwrap_or_default()
}

fn compute(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    DefaultCrypto.modexp(base, exponent, modulus).unwrap_or_default()
}

/// The product of two big-endian numbers.
fn product(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (a, b) = (limbs(a), limbs(b));
    let mut sum = alloc::vec![0u64; a.len() + b.len()];
    for (shift, a) in a.iter().enumerate() {
        let mut carry = 0;
        let row = &mut sum[shift..=shift + b.len()];
        for (limb, b) in row.iter_mut().zip(b.iter().chain(&[0])) {
            let next = u128::from(*a) * u128::from(*b) + u128::from(*limb) + u128::from(carry);
            *limb = next as u64;
            carry = (next >> 64) as u64;
        }
    }
    sum.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
}

/// Little-endian words of a big-endian number.
fn limbs(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    bytes.rchunks(8).map(word).collect()
}
