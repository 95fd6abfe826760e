//! Any committed bytes have exactly one result: `stf` never panics, asks for nothing that the
//! chain does not have, and its witness gives the same output.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run stf` in the repository's root.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/protocol/tests/rollup/chain.rs"]
mod chain;

fuzz_target!(|input: &[u8]| {
    let Some((mode, bytes)) = input.split_first() else { return };
    let mut chain = chain::Chain::new();
    let messages = usize::from(mode >> 1 & 1);
    // A native block moves the chain's clock and queue, so that payloads have room.
    chain.build_default(1_000 + u64::from(mode >> 2), messages, false);
    let payload = if mode & 1 == 0 { bytes.to_vec() } else { compressed(bytes) };
    // Checks that the run over the database and the run over the witness agree.
    chain.commit_payload(&payload, mode & 0x80 != 0).run();
});

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let Some((split, rest)) = bytes.split_first() else { return vec![] };
    let (columns, raw) = rest.split_at(rest.len() * usize::from(*split) / 256);
    let stream = miniz_oxide::deflate::compress_to_vec(columns, 1);
    let mut payload = vec![1];
    payload.extend_from_slice(&(stream.len() as u32).to_be_bytes());
    payload.extend_from_slice(&stream);
    payload.extend_from_slice(raw);
    payload
}
