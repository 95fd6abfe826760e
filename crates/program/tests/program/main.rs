//! The program in the machine against the native state transition, over the same witnesses.

#[path = "../../../protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of more tests than these")]
mod chain;
#[path = "../../../protocol/tests/rollup/random.rs"]
mod random;

#[path = "../../../riscv/tests/support/asm.rs"]
#[allow(dead_code, reason = "the machine's tests encode more than these name")]
mod asm;
mod blocks;
#[path = "../../examples/cost/cases.rs"]
#[allow(dead_code, reason = "the example runs all of them")]
mod cases;
mod check;
mod cost;
mod gdb;
#[path = "../../examples/cost/memory.rs"]
mod hogs;
mod kinds;
mod memory;
mod precompiles;
mod qemu;
mod trace;
mod vectors;
