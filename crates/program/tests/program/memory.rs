//! A block that takes more than the machine's memory would stop the chain's claims, as one that takes
//! too many instructions would (docs/dispute.md §8).
//!
//! `examples/cost.rs memory` measures more blocks than these.

use crate::hogs::{BATCH, BYTES_PER_GAS, HEAP, KEPT, TRANSACTION, batches, lasting, passing, run};

/// The greatest gas limit that a chain can be launched with (`altana_contracts::RollupConfig`).
const PROVABLE_GAS: u64 = 1 << 28;

/// Half of the heap is margin: for a new allocator or compiler, and for what nobody has thought of.
#[test]
fn no_block_takes_half_of_the_heap() {
    let most = BATCH + TRANSACTION + KEPT + BYTES_PER_GAS * PROVABLE_GAS;
    assert!(most < HEAP / 2, "{most}");
}

#[test]
fn the_largest_batches_stay_within_the_bound() {
    for (name, committed) in batches() {
        let (heap, _) = run(&committed);
        assert!(heap < BATCH, "{name}: {heap}");
    }
}

#[test]
fn what_a_transaction_takes_stays_within_the_bound() {
    for hog in passing() {
        let (committed, _) = hog.block();
        let (heap, _) = run(&committed);
        assert!(heap < TRANSACTION, "{}: {heap}", hog.block.name);
    }
}

#[test]
fn what_a_block_keeps_stays_within_the_bound() {
    for hog in lasting() {
        let (committed, gas) = hog.block();
        let (heap, _) = run(&committed);
        assert!(heap < KEPT + BYTES_PER_GAS * gas, "{}: {heap} for {gas} gas", hog.block.name);
    }
}
