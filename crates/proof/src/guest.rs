//! The guest whose proofs are accepted, as it is committed (`prover/guest.elf`). `altana-prover key`
//! writes these files.

use std::sync::LazyLock;

use alloy_primitives::B256;
use altana_stark::Key;

use crate::{CLAIM_BYTES, claim_words};

/// The last layer's key (`docs/stark.md` §3).
pub const KEY: &[u8] = include_bytes!("../key.bin");

const COMMITS: &[u8; 64] = include_bytes!("../commits.bin");

/// The commitment to the guest, as words.
pub const EXE_COMMIT: [u8; 32] = *COMMITS.first_chunk().expect("64 bytes");
/// The commitment to its machine, and to all keys up to the last layer's, as words.
pub const VM_COMMIT: [u8; 32] = *COMMITS.last_chunk().expect("64 bytes");

/// [`KEY`], parsed once.
pub fn key() -> &'static Key {
    static PARSED: LazyLock<Key> =
        LazyLock::new(|| Key::parse(KEY).expect("the committed key is one"));
    &PARSED
}

/// The claim that this guest gave `output`.
pub fn claim(output: B256) -> [u8; CLAIM_BYTES] {
    claim_words(EXE_COMMIT, VM_COMMIT, output)
}

/// Most gas of a block that the guest can execute, whatever the block does. Of its 512 MiB of memory the
/// largest batch takes 205, a transaction 170, what a block may load again 45, and what stays to the
/// block's end 6 bytes for a unit of the gas that is left (docs/zk.md §5).
pub const BLOCK_GAS_MAX: u64 = 20_000_000;

/// Most gas of a batch that can be proved on a machine with 24 GB of memory: four of them, which one
/// claim may be about, read 3.1 GB at most (docs/zk.md §5).
pub const BATCH_GAS_MAX: u64 = 60_000_000;
