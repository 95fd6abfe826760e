//! A block that nobody can run to its end would stop the chain's claims (docs/dispute.md §8).
//!
//! `examples/cost.rs` measures many more cases than these, the dearest.

use crate::cases::{BOUND, cases, instructions};

/// With a margin, so that a new compiler is no surprise.
#[test]
fn the_dearest_gas_stays_within_the_bound() {
    let names = [
        "KECCAK256 of 32 KB, unaligned",
        "blake2f of 100,000 rounds",
        "bls12-381 pairing of 43",
        "modexp odd: 8, 1025, 8",
    ];
    let dearest = cases().into_iter().filter(|case| names.contains(&case.name.as_str()));
    let per_gas: Vec<u64> = dearest
        .map(|case| {
            let (committed, gas) = case.block();
            instructions(&committed) / gas
        })
        .collect();
    assert_eq!(per_gas.len(), names.len());
    assert!(per_gas.iter().all(|instructions| *instructions < BOUND), "{per_gas:?}");
}
