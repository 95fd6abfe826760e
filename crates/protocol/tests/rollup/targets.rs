//! What `fuzz/` feeds with any bytes; here the seeds in `fuzz/seeds` are run through it.

use crate::chain::Chain;
use altana_protocol::batch::{decode_payload, encode_payload};

/// Any bytes decode to blocks or to an error, the same each time; what decodes has one meaning.
#[allow(dead_code, reason = "each fuzz target is one of these")]
pub(crate) fn payload(input: &[u8]) {
    let payload = match input {
        [0, columns @ ..] => compressed(columns),
        as_it_is => as_it_is.to_vec(),
    };
    if let Ok(blocks) = decode_payload(901, &payload) {
        let again = encode_payload(901, &blocks).expect("what decodes can be encoded");
        assert_eq!(decode_payload(901, &again), Ok(blocks));
    }
}

/// Any committed bytes have exactly one result: `stf` never panics, asks for nothing that the
/// chain does not have, and its witness gives the same output.
#[allow(dead_code, reason = "each fuzz target is one of these")]
pub(crate) fn stf(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else { return };
    let mut chain = Chain::new();
    let messages = usize::from(mode >> 1 & 1);
    // A native block moves the chain's clock and queue, so that payloads have room.
    chain.build_default(1_000 + u64::from(mode >> 2), messages, false);
    let payload = if mode & 1 == 0 { bytes.to_vec() } else { compressed(bytes) };
    // Checks that the run over the database and the run over the witness agree.
    chain.commit_payload(&payload, mode & 0x80 != 0).run();
}

/// A payload of columns that are still to be compressed, so that a fuzzer gets behind the DEFLATE
/// stream. The first byte says where the raw part begins.
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

#[test]
fn every_seed_of_the_fuzz_targets_passes() {
    for (name, target) in [("payload", payload as fn(&[u8])), ("stf", stf)] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        let seeds: Vec<_> = std::fs::read_dir(folder.join(name)).unwrap().collect();
        assert!(!seeds.is_empty(), "{name}");
        for seed in seeds {
            let path = seed.unwrap().path();
            println!("{}", path.display());
            target(&std::fs::read(path).unwrap());
        }
    }
}
