//! The machine's inputs.

use alloc::vec::Vec;
use openvm_rv32im_guest::{hint_buffer_chunked, hint_input};

/// The next input. (`openvm::io::read_vec` leaves some bytes of the heap behind each time, and there
/// are millions of pages.)
pub(crate) fn next() -> Vec<u8> {
    hint_input();
    let mut length = 0u32;
    let place = &raw mut length;
    hint_buffer_chunked(place.cast(), 1);
    // SAFETY: the machine has just written it.
    let length = unsafe { place.read_volatile() } as usize;
    // Whole words come, to an address of a word: the heap knows no others.
    let words = length.div_ceil(4);
    if words == 0 {
        return Vec::new();
    }
    let mut bytes = Vec::<u8>::with_capacity(4 * words);
    assert!(bytes.as_ptr().cast::<u32>().is_aligned());
    hint_buffer_chunked(bytes.as_mut_ptr(), words);
    // SAFETY: they were written.
    unsafe { bytes.set_len(length) };
    bytes
}
