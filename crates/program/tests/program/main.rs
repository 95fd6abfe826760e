//! The program in the machine against the native state transition, over the same witnesses.

#[path = "../../../protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of more tests than these")]
mod chain;
#[path = "../../../protocol/tests/rollup/random.rs"]
mod random;

mod blocks;
#[path = "../../examples/cost/cases.rs"]
#[allow(dead_code, reason = "the example runs all of them")]
mod cases;
mod check;
mod cost;
mod gdb;
mod precompiles;
mod qemu;
mod trace;
