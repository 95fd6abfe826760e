//! The machine's calls (docs/machine.md §3), and reads of whole pre-images.
#![allow(unsafe_code, reason = "a call to the machine is an instruction")]

use alloc::vec::Vec;
use alloy_primitives::B256;
use core::arch::asm;

/// What a read moves: four registers.
type Words = [u64; 4];

/// Bytes that a read moves.
const READ_BYTES: usize = 32;

/// How the program ended.
#[derive(Clone, Copy)]
pub(crate) enum Status {
    /// With a result.
    Valid = 0,
    /// Without: a pre-image is not what its place demands.
    Invalid = 1,
    /// It panicked.
    Panicked = 2,
}

/// Ends the program with a result in `a1`…`a4`.
pub(crate) fn halt(status: Status, result: B256) -> ! {
    let result = to_words(result);
    // SAFETY: the machine makes no step after this one.
    unsafe {
        asm!(
            "ecall",
            in("a7") 0,
            in("a0") status as u64,
            in("a1") result[0],
            in("a2") result[1],
            in("a3") result[2],
            in("a4") result[3],
            options(noreturn, nostack),
        )
    }
}

/// Tells the host what will be read.
pub(crate) fn hint(bytes: &[u8]) {
    // SAFETY: the host only reads these bytes.
    unsafe {
        asm!("ecall", in("a7") 2, in("a0") bytes.as_ptr(), in("a1") bytes.len(), options(nostack));
    }
}

/// 32 bytes of a pre-image from `offset`, a multiple of 32, and the length of the whole.
#[inline(always)]
fn read(key: &Words, offset: usize) -> (Words, usize) {
    let mut words = *key;
    let mut length = offset;
    // SAFETY: it changes these registers, and no memory.
    unsafe {
        asm!(
            "ecall",
            in("a7") 1,
            inlateout("a0") words[0],
            inlateout("a1") words[1],
            inlateout("a2") words[2],
            inlateout("a3") words[3],
            inlateout("a4") length,
            options(nomem, nostack, preserves_flags),
        );
    }
    (words, length)
}

/// The first 32 bytes of a pre-image.
pub(crate) fn read_word(key: B256) -> B256 {
    from_words(read(&to_words(key), 0).0)
}

/// A whole pre-image.
pub(crate) fn read_all(key: B256) -> Vec<u8> {
    let key = to_words(key);
    let (first, length) = read(&key, 0);
    let mut bytes = Vec::with_capacity(length.next_multiple_of(READ_BYTES));
    if length <= READ_BYTES {
        bytes.extend_from_slice(&from_words(first)[..length]);
        return bytes;
    }
    let start: *mut Words = bytes.as_mut_ptr().cast();
    debug_assert!(start.is_aligned());
    for index in 0..length.div_ceil(READ_BYTES) {
        let words = if index == 0 { first } else { read(&key, index * READ_BYTES).0 };
        // SAFETY: there is room for `length` bytes, rounded up to whole reads, and our allocator
        // aligns every allocation to 8 bytes.
        unsafe { start.add(index).write(words) };
    }
    // SAFETY: these bytes are written.
    unsafe { bytes.set_len(length) };
    bytes
}

fn to_words(bytes: B256) -> Words {
    let mut words = Words::default();
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

fn from_words(words: Words) -> B256 {
    let mut bytes = B256::ZERO;
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    bytes
}
