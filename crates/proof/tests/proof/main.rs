//! What is proved, by the protocol's test kit and by the parent chain's own arithmetic.

#[path = "../../../protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of more tests than these")]
mod chain;
#[path = "../../../protocol/tests/rollup/random.rs"]
mod random;

mod formats;
mod history;
mod jobs;
mod openings;
mod runs;
mod vectors;
