//! What a dispute over one block of 100 transfers costs.
//!
//!     cargo run --release -p altana-program --example figures

#[path = "../../protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of the tests")]
mod chain;

use alloy_primitives::Address;
use altana_program::{STRIDE_LOG2, Trace};
use altana_protocol::stf::run_block;
use chain::{Chain, SENDERS, call, sign};
use std::time::{Duration, Instant};

const TRANSFERS: usize = 100;
/// Native runs that are measured.
const RUNS: u32 = 20;

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn main() {
    let mut chain = Chain::new();
    let transfers = (0..TRANSFERS).map(|index| {
        let to = Address::with_last_byte(index as u8 + 1).create(0);
        sign(index % SENDERS, call((index / SENDERS) as u64, to))
    });
    chain.build(1_001, 1, transfers.collect());
    let committed = chain.commit_batch(true);
    let (input, leaf, witness) = committed.run_block(0);
    let (_, native) = timed(|| {
        for _ in 0..RUNS {
            assert_eq!(run_block(&witness, input.hash()), Ok(leaf));
        }
    });
    let native = native / RUNS;

    let trace = || Trace::new(witness.clone(), committed.blobs.clone(), input);
    let mut first = trace();
    let (end, run) = timed(|| first.end_state().expect("the block runs"));
    let steps = end.cpu.step;
    let mut trace = trace();
    let (strides, stride_time) = timed(|| trace.strides().expect("the block runs"));
    assert_eq!(trace.leaf(), Ok(leaf));
    let middle = (steps / 2) >> STRIDE_LOG2;
    let (hashes, steps_time) = timed(|| trace.steps(middle).expect("the block runs"));
    assert_eq!(hashes.last(), strides.get(middle as usize));
    let (witness, witness_time) = timed(|| trace.witness(steps / 3).expect("the block runs"));

    println!("instructions        {steps} ({} a transfer)", steps / TRANSFERS as u64);
    println!("to the final state  {run:.0?}, {:.0} MIPS", steps as f64 / 1e6 / run.as_secs_f64());
    println!(
        "native              {native:.2?}, 1/{:.0} of it",
        run.as_secs_f64() / native.as_secs_f64()
    );
    println!("strides             {stride_time:.0?} for {}", strides.len());
    println!("steps of a stride   {steps_time:.0?} for {}", hashes.len());
    println!("witness of a step   {witness_time:.1?}, {} bytes", witness.len());
}
