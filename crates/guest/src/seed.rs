//! Seeds for hash tables that nobody can choose keys for.
//!
//! foldhash takes its seeds from addresses, which never change in the machine: who knows them finds
//! keys (addresses, storage slots) that all fall into one place of a table, and a block that nobody
//! can run to its end. Here the seeds follow from the game's input, which commits to the batch, and
//! so to the keys: they cannot be known before the keys are chosen.
#![allow(unsafe_code, reason = "foldhash has no other way to set its seeds")]

use alloy_primitives::B256;
use core::{hash::BuildHasher, hint::black_box};
use foldhash::{SharedSeed, fast::RandomState};

/// Must be called before the first hash table is made.
pub(crate) fn set(input: B256) {
    let (words, _) = input.as_chunks();
    let seed = SharedSeed::from_u64(u64::from_le_bytes(words[0]));
    let global: *const SharedSeed = black_box(SharedSeed::global_random());
    // SAFETY: the seed lies in a cell for inner mutability, nothing else runs, and nobody holds a
    // reference to it yet. The write is volatile, so that it stays where it is.
    unsafe { global.cast_mut().write_volatile(seed) };
    // Each hasher's own seed follows from the one before and from where the stack is. Half of the
    // input makes some depths.
    for depth in &input[16..] {
        stir(*depth);
    }
}

/// Makes a hasher at a depth of the stack.
#[inline(never)]
fn stir(depth: u8) {
    match depth.checked_sub(1) {
        Some(depth) => black_box(stir as fn(u8))(depth),
        None => drop(black_box(RandomState::default().build_hasher())),
    }
    black_box(depth);
}
