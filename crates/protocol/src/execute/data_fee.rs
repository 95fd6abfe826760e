//! What a signed transaction pays for its publication (OP Stack, Fjord), to the wei as op-revm computes
//! it. op-revm clears a table of 32 KiB for each transaction, which is a tenth of proving a transfer.

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use op_revm::L1BlockInfo;

/// Gas of a byte of calldata that is not zero.
const BYTE_GAS: u64 = 16;
/// Prices and sizes have six decimals each.
const DECIMALS: u64 = 1_000_000_000_000;
/// What a byte of FastLZ counts for, what is taken off, and the least, in millionths of a byte.
const BYTE_SIZE: u64 = 836_500;
const INTERCEPT: u64 = 42_585_600;
const SIZE_MIN: u64 = 100_000_000;
/// Entries of the table, and how far back a repetition may lie, in bytes.
const WINDOW: u32 = 1 << 13;
/// Bytes at the end in which no repetition begins, and in which none goes on.
const TAIL: u32 = 13;
const END: u32 = 4;

/// The fee, in wei, of a transaction of these EIP-2718 bytes at the prices in `info`.
pub(super) fn data_fee(info: &L1BlockInfo, encoded: &[u8]) -> U256 {
    let calldata = info
        .l1_base_fee
        .saturating_mul(U256::from(BYTE_GAS))
        .saturating_mul(info.l1_base_fee_scalar);
    let blobs = info
        .l1_blob_base_fee
        .unwrap_or_default()
        .saturating_mul(info.l1_blob_base_fee_scalar.unwrap_or_default());
    let price = calldata.saturating_add(blobs);
    if price.is_zero() {
        return U256::ZERO;
    }
    let size = u64::from(compressed_len(encoded))
        .saturating_mul(BYTE_SIZE)
        .saturating_sub(INTERCEPT)
        .max(SIZE_MIN);
    U256::from(size).saturating_mul(price) / U256::from(DECIMALS)
}

/// Bytes that FastLZ (level 1) makes of an input, by the OP Stack's definition, quirks included.
fn compressed_len(input: &[u8]) -> u32 {
    let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
    let limit = length.saturating_sub(TAIL);
    let mut seen = Seen::new(length);
    let (mut size, mut literals, mut at) = (0, 0, 2);
    while at < limit {
        let bytes = three(input, at);
        let before = seen.replace(bytes, at);
        // What would begin at the last place is not taken.
        let repeats = at + 1 < limit && at - before < WINDOW && bytes == three(input, before);
        if !repeats {
            at += 1;
            continue;
        }
        size += literal_bytes(at - literals);
        let common = common(input, before + 3, at + 3, length - END);
        size += match_bytes(common);
        for next in [at + common, at + common + 1] {
            seen.replace(three(input, next), next);
        }
        at += common + 2;
        literals = at;
    }
    size + literal_bytes(length - literals)
}

/// Where three bytes were last, by a hash of 13 bits. Lists of hashes with the same last bits, so that a
/// short input needs little memory; together they are searched in a few thousand steps at most, whatever
/// the input, since a list has no hash twice.
struct Seen {
    /// The newest entry of each list, from 1; 0 is none.
    heads: Vec<u16>,
    entries: Vec<Entry>,
}

struct Entry {
    hash: u16,
    /// The next one in its list.
    next: u16,
    place: u32,
}

impl Seen {
    fn new(length: u32) -> Self {
        let entries = length.min(WINDOW);
        let lists = (2 * entries).next_power_of_two().min(WINDOW);
        Self { heads: vec![0; lists as usize], entries: Vec::with_capacity(entries as usize) }
    }

    /// Notes that three bytes are at this place; gives where bytes of the same hash were last, or 0.
    fn replace(&mut self, bytes: u32, place: u32) -> u32 {
        let hash = ((u64::from(bytes) * 2_654_435_769) >> 19) as u16 & (WINDOW - 1) as u16;
        let list = usize::from(hash) & (self.heads.len() - 1);
        let mut number = self.heads[list];
        while number != 0 {
            let entry = &mut self.entries[usize::from(number) - 1];
            if entry.hash == hash {
                return core::mem::replace(&mut entry.place, place);
            }
            number = entry.next;
        }
        self.entries.push(Entry { hash, next: self.heads[list], place });
        self.heads[list] = self.entries.len() as u16;
        0
    }
}

/// The three bytes at a place.
fn three(input: &[u8], at: u32) -> u32 {
    let at = at as usize;
    u32::from_le_bytes([input[at], input[at + 1], input[at + 2], 0])
}

/// How many bytes from `a` on are those from `b` on, up to `end`; the first that differs counts, too.
fn common(input: &[u8], a: u32, b: u32, end: u32) -> u32 {
    let rest = &input[b as usize..end as usize];
    let pairs = input[a as usize..].iter().zip(rest);
    let same = pairs.take_while(|(a, b)| a == b).count();
    same.saturating_add(1).min(rest.len()) as u32
}

/// Bytes for so many literals: a run has at most 32, behind a byte that says how many.
fn literal_bytes(count: u32) -> u32 {
    count + count.div_ceil(32)
}

/// Bytes for a repetition of so many bytes, besides its first three: at most 262 more for three bytes.
fn match_bytes(common: u32) -> u32 {
    let more = common - 1;
    more / 262 * 3 + if more % 262 >= 6 { 3 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::EVM_SPEC;
    use proptest::{collection::vec, prelude::*};

    fn op_revm(info: &L1BlockInfo, encoded: &[u8]) -> U256 {
        info.clone().calculate_tx_l1_cost(encoded, EVM_SPEC)
    }

    /// A byte, so that the fee shows every byte of the size.
    fn prices() -> L1BlockInfo {
        L1BlockInfo {
            l1_base_fee: U256::from(1_000_000_007),
            l1_base_fee_scalar: U256::from(1_000_003),
            l1_blob_base_fee: Some(U256::from(999)),
            l1_blob_base_fee_scalar: Some(U256::from(77)),
            ..L1BlockInfo::default()
        }
    }

    /// Noise, runs, and repetitions of what was before, near and far.
    fn input() -> impl Strategy<Value = Vec<u8>> {
        let part = (0..4, any::<u8>(), 0..600_usize, 0..20_000_usize, any::<u64>());
        vec(part, 0..24).prop_map(|parts| {
            let mut bytes = vec![2];
            for (kind, byte, count, back, seed) in parts {
                let start = bytes.len().saturating_sub(back + 1);
                match kind {
                    0 => {
                        bytes.extend((0..count as u64).map(|i| {
                            (seed ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]
                        }))
                    }
                    1 => bytes.extend(core::iter::repeat_n(byte, count * 9)),
                    2 => bytes.extend((0..count).map(|i| byte.wrapping_add((i % 7) as u8))),
                    _ => {
                        let end = (start + count).min(bytes.len());
                        bytes.extend_from_within(start..end);
                    }
                }
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn the_fee_is_op_revms(input in prop_oneof![input(), vec(any::<u8>(), 1..40)]) {
            // A deposit, which pays nothing there and never comes here.
            prop_assume!(input[0] != 0x7e);
            prop_assert_eq!(data_fee(&prices(), &input), op_revm(&prices(), &input));
        }
    }

    /// Lengths at which something begins: a repetition, more lists, the end of the window.
    #[test]
    fn every_length_has_op_revms_fee() {
        let near = |around: usize| around - 2..around + 3;
        let lengths =
            (1..70).chain(near(256)).chain(near(4_096)).chain(near(8_192)).chain(near(65_536));
        for length in lengths {
            for period in [1, 2, 3, 7, 255, 8_190, 8_191, 8_192, 8_193] {
                let byte = |i: usize| (i % period).wrapping_mul(0x9e37_79b9) as u32;
                let bytes: Vec<u8> = (0..length).map(|i| byte(i).to_be_bytes()[1] / 2).collect();
                assert_eq!(
                    data_fee(&prices(), &bytes),
                    op_revm(&prices(), &bytes),
                    "{length} bytes, of which {period} repeat"
                );
            }
        }
    }

    #[test]
    fn nothing_is_paid_where_nothing_costs() {
        assert_eq!(data_fee(&L1BlockInfo::default(), &[2; 99]), U256::ZERO);
    }
}
