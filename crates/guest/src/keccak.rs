//! keccak256 for a processor without rotations: one permutation is some 5,000 instructions, of
//! which nearly a quarter are rotations.
#![allow(unsafe_code, reason = "alloy calls it by its symbol and with pointers")]

/// Words of the state that take input.
const RATE_WORDS: usize = 17;
const RATE_BYTES: usize = RATE_WORDS * 8;

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// alloy's hook (`native-keccak`).
///
/// # Safety
///
/// `bytes` are `length` bytes, and `output` has room for 32.
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
unsafe extern "C" fn native_keccak256(bytes: *const u8, length: usize, output: *mut u8) {
    // SAFETY: the caller's promise.
    let (input, output) =
        unsafe { (core::slice::from_raw_parts(bytes, length), &mut *output.cast::<[u8; 32]>()) };
    *output = keccak256(input);
}

/// The hash of all at once.
pub(crate) fn keccak256(input: &[u8]) -> [u8; 32] {
    let mut state = [0; 25];
    let (blocks, rest) = input.as_chunks::<RATE_BYTES>();
    for block in blocks {
        absorb(&mut state, block);
        permute(&mut state);
    }
    let mut last = [0; RATE_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x01;
    last[RATE_BYTES - 1] |= 0x80;
    absorb(&mut state, &last);
    permute(&mut state);

    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_le_bytes();
    }
    hash
}

fn absorb(state: &mut [u64; 25], block: &[u8; RATE_BYTES]) {
    // SAFETY: any bytes are words, and the middle is aligned.
    if let ([], words, []) = unsafe { block.align_to::<u64>() } {
        state.iter_mut().zip(words).for_each(|(lane, word)| *lane ^= u64::from_le(*word));
        return;
    }
    let words = block.as_chunks().0.iter();
    state.iter_mut().zip(words).for_each(|(lane, word)| *lane ^= u64::from_le_bytes(*word));
}

/// Keccak-f[1600]. The rotations of ρ and the places of π are written out: each lane of `b` is one
/// of `a`, turned.
fn permute(state: &mut [u64; 25]) {
    let mut a = *state;
    for round in ROUNDS {
        let c: [u64; 5] =
            core::array::from_fn(|x| a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
        let d: [u64; 5] = core::array::from_fn(|x| c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1));
        macro_rules! lane {
            ($from:literal, $turn:literal) => {
                (a[$from] ^ d[$from % 5]).rotate_left($turn)
            };
        }
        let b = [
            lane!(0, 0),
            lane!(6, 44),
            lane!(12, 43),
            lane!(18, 21),
            lane!(24, 14),
            lane!(3, 28),
            lane!(9, 20),
            lane!(10, 3),
            lane!(16, 45),
            lane!(22, 61),
            lane!(1, 1),
            lane!(7, 6),
            lane!(13, 25),
            lane!(19, 8),
            lane!(20, 18),
            lane!(4, 27),
            lane!(5, 36),
            lane!(11, 10),
            lane!(17, 15),
            lane!(23, 56),
            lane!(2, 62),
            lane!(8, 55),
            lane!(14, 39),
            lane!(15, 41),
            lane!(21, 2),
        ];
        for row in 0..5 {
            let b = &b[5 * row..5 * row + 5];
            for x in 0..5 {
                a[5 * row + x] = b[x] ^ (!b[(x + 1) % 5] & b[(x + 2) % 5]);
            }
        }
        a[0] ^= round;
    }
    *state = a;
}

#[cfg(test)]
mod tests {
    #[test]
    fn hashes_of_any_length_and_alignment_are_alloys() {
        let bytes: Vec<u8> = (0..600).map(|index| (index * 7 + index / 256) as u8).collect();
        for start in 0..8 {
            for end in start..bytes.len() {
                let input = &bytes[start..end];
                assert_eq!(super::keccak256(input), alloy_primitives::keccak256(input).0);
            }
        }
    }
}
