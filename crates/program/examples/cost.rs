//! How many instructions of the machine a unit of gas can need: hostile blocks, one kind each.
//!
//!     cargo run --release -p altana-program --example cost [WORD]
//!
//! Without a word all are run; with one, those whose name has it. A block may take 2^38
//! instructions (docs/dispute.md §1). The bound here leaves a margin at the default gas limit.

#[path = "cost/cases.rs"]
mod cases;
#[path = "../../protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of the tests")]
mod chain;
#[path = "../tests/program/precompiles.rs"]
#[allow(dead_code, reason = "the inputs of the tests")]
mod precompiles;

use cases::{BOUND, Case, cases, instructions, largest};
use chain::Chain;
use std::process::ExitCode;

/// The default gas limit of a block.
const GAS_LIMIT: u64 = 250_000_000;

fn main() -> ExitCode {
    let word = std::env::args().nth(1).unwrap_or_default();
    let nothing = instructions(&Case::nothing().block().0);
    println!("an empty block takes {nothing} instructions, {} in the largest batch;", fixed());
    println!("beyond it:\n");
    println!("{:<34} {:>12} {:>14} {:>8}", "", "gas", "instructions", "per gas");
    let mut worst = 0;
    for case in cases().into_iter().filter(|case| case.name.contains(&word)) {
        let (committed, gas) = case.block();
        let all = instructions(&committed).saturating_sub(nothing);
        let per_gas = all / gas;
        worst = worst.max(per_gas);
        println!("{:<34} {gas:>12} {all:>14} {per_gas:>8}", case.name);
    }
    let bound = BOUND * GAS_LIMIT;
    println!(
        "\nworst {worst}, bound {BOUND}: {bound} instructions at {GAS_LIMIT} gas, of {}",
        1u64 << 38
    );
    if worst > BOUND { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Instructions of an almost empty block in a batch of six blobs and 1,023 messages.
fn fixed() -> u64 {
    let (deposits, transactions) = largest();
    let mut chain = Chain::new();
    chain.spec.gas_limit = 2_000_000_000;
    for deposit in deposits {
        chain.queue_deposit(20, deposit);
    }
    chain.build(1_001, 1, vec![]);
    let messages = chain.queue.len() - 1;
    assert_eq!(chain.build(1_002, messages, transactions), []);
    let committed = chain.commit_batch(true);
    assert_eq!(committed.blobs.len(), 6);
    instructions(&committed)
}
