//! Any bytes decode to blocks or to an error, the same each time; what decodes has one meaning.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run payload` in the repository's root.
#![no_main]

use altana_protocol::batch::{decode_payload, encode_payload};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let payload = wrap(input);
    if let Ok(blocks) = decode_payload(901, &payload) {
        let again = encode_payload(901, &blocks).expect("what decodes can be encoded");
        assert_eq!(decode_payload(901, &again), Ok(blocks));
    }
});

/// The first byte says whether the rest is a payload, or columns that are still to be compressed:
/// the latter gets behind the DEFLATE stream. The second says where the raw part begins.
fn wrap(input: &[u8]) -> Vec<u8> {
    let [0, split, rest @ ..] = input else { return input.to_vec() };
    let (columns, raw) = rest.split_at(rest.len() * usize::from(*split) / 256);
    let stream = miniz_oxide::deflate::compress_to_vec(columns, 1);
    let mut payload = vec![1];
    payload.extend_from_slice(&(stream.len() as u32).to_be_bytes());
    payload.extend_from_slice(&stream);
    payload.extend_from_slice(raw);
    payload
}
