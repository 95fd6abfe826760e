//! How many instructions of the machine, and how much of its memory, a unit of gas can need: hostile
//! blocks, one kind each.
//!
//!     cargo run --release -p altana-program --example cost [memory] [WORD]
//!
//! Without a word all are run; with one, those whose name has it. A block may take 2^38
//! instructions (docs/dispute.md §1). The bound here leaves a margin at the default gas limit.

#[path = "cost/cases.rs"]
mod cases;
#[path = "../../protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of the tests")]
mod chain;
#[path = "cost/memory.rs"]
mod memory;
#[path = "../tests/program/precompiles.rs"]
#[allow(dead_code, reason = "the inputs of the tests")]
mod precompiles;

use cases::{BOUND, Case, cases, instructions, largest_batch};
use std::process::ExitCode;

/// The default gas limit of a block.
const GAS_LIMIT: u64 = 250_000_000;

fn main() -> ExitCode {
    let word = std::env::args().nth(1).unwrap_or_default();
    if word == "memory" {
        return memory_table(&std::env::args().nth(2).unwrap_or_default());
    }
    let nothing = instructions(&Case::nothing().block().0);
    println!(
        "an empty block takes {nothing} instructions, {} in the largest batch;",
        instructions(&largest_batch())
    );
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

/// What blocks take of the heap, in KB, and for a unit of gas.
fn memory_table(word: &str) -> ExitCode {
    let (nothing, _) = memory::run(&Case::nothing().block().0);
    println!("an empty block takes {} KB of heap;", nothing >> 10);
    println!("a batch, at most {} KB:\n", memory::BATCH >> 10);
    for (name, committed) in memory::batches() {
        println!("{name:<42} {:>12} {:>10}", "", memory::run(&committed).0 >> 10);
    }
    println!(
        "\nwhat one transaction takes and gives back, at most {}:\n",
        memory::TRANSACTION >> 10
    );
    memory::passing().into_iter().for_each(|hog| memory_row(hog, word, nothing));
    let (kept, per_gas) = (memory::KEPT >> 10, memory::BYTES_PER_GAS);
    println!("\nwhat stays, at most {kept} and {per_gas} bytes for a unit of gas:\n");
    memory::lasting().into_iter().for_each(|hog| memory_row(hog, word, nothing));
    let bound =
        memory::BATCH + memory::TRANSACTION + memory::KEPT + memory::BYTES_PER_GAS * GAS_LIMIT;
    println!("\nat most {bound} bytes at {GAS_LIMIT} gas, of {}", memory::HEAP);
    ExitCode::SUCCESS
}

fn memory_row(hog: memory::Hog, word: &str, nothing: u64) {
    if !hog.block.name.contains(word) {
        return;
    }
    let (committed, gas) = hog.block();
    let (heap, instructions) = memory::run(&committed);
    let heap = heap - nothing;
    println!(
        "{:<42} {gas:>12} {:>10} {:>8.2} {:>8} instructions a gas",
        hog.block.name,
        heap >> 10,
        heap as f64 / gas as f64,
        instructions / gas
    );
}
