//! Comparing memory by words. The compiler's own function compares byte by byte, seven instructions for
//! each; most of what is compared here are hashes and addresses.
#![allow(unsafe_code, reason = "the compiler calls these by name, with bare pointers")]

use core::ffi::c_int;

const WORD: usize = size_of::<u32>();

/// As in C: which of two regions of `length` bytes comes first.
#[cfg(target_os = "zkvm")]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, length: usize) -> c_int {
    // SAFETY: the caller may read both.
    unsafe { compare(a, b, length) }
}

/// As in C: zero if two regions of `length` bytes are equal.
#[cfg(target_os = "zkvm")]
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, length: usize) -> c_int {
    // SAFETY: the caller may read both.
    unsafe { compare(a, b, length) }
}

/// # Safety
///
/// Both regions must be readable.
unsafe fn compare(a: *const u8, b: *const u8, length: usize) -> c_int {
    let mut at = 0;
    if (a as usize | b as usize).is_multiple_of(WORD) {
        // SAFETY: both are aligned, and `at + WORD` does not pass their end.
        while at + WORD <= length && unsafe { *a.add(at).cast::<u32>() == *b.add(at).cast::<u32>() }
        {
            at += WORD;
        }
    }
    while at < length {
        // SAFETY: `at` is below their length.
        let (a, b) = unsafe { (*a.add(at), *b.add(at)) };
        if a != b {
            return c_int::from(a) - c_int::from(b);
        }
        at += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(4))]
    struct Aligned([u8; 64]);

    #[test]
    fn regions_compare_as_slices_do() {
        let bytes = Aligned([7; 64]);
        for (length, first, second) in
            (0..24).flat_map(|length| (0..16).map(move |starts| (length, starts % 4, starts / 4)))
        {
            for (changed, by) in (0..=length).flat_map(|at| [(at, 0), (at, 9), (at, 255)]) {
                let mut other = Aligned([7; 64]);
                other.0[second + changed] = by;
                let (a, b) = (&bytes.0[first..][..length], &other.0[second..][..length]);
                // SAFETY: both have `length` bytes.
                let order = unsafe { compare(a.as_ptr(), b.as_ptr(), length) };
                assert_eq!(order.cmp(&0), a.cmp(b), "{a:?} {b:?}");
            }
        }
    }
}
