//! See `targets::stf`. `cargo xtask soak fuzz` runs it.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target needs a part of it")]
#[path = "../../crates/protocol/tests/rollup/chain.rs"]
mod chain;
#[path = "../../crates/protocol/tests/rollup/targets.rs"]
mod targets;

fuzz_target!(|input: &[u8]| targets::stf(input));
