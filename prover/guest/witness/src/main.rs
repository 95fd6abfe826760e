//! Writes inputs of the guest: batches of transfers, from the protocol's test kit.
//!
//!     altana-zk-witness FOLDER
//!
//! Each case is a folder with `claim` and `pages`, the guest's inputs, and `output`, what it must
//! give (native execution says so).

#[path = "../../../../crates/protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of more than this")]
mod chain;

use std::{fs, path::Path};

use alloy_primitives::Address;
use altana_protocol::stf::{Witness, public_input};
use chain::{Chain, Committed, SENDERS, call, sign};

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    for transfers in [0, 1, 10, 100] {
        write(Path::new(&folder), &format!("transfers-{transfers}"), &block(transfers));
    }
}

/// A batch of one block of transfers to new accounts.
fn block(transfers: usize) -> Committed {
    let mut chain = Chain::new();
    let transfers = (0..transfers).map(|index| {
        let to = Address::with_last_byte(index as u8 + 1).create(0);
        sign(index % SENDERS, call((index / SENDERS) as u64, to))
    });
    assert_eq!(chain.build(1_001, 1, transfers.collect()), []);
    chain.commit_batch(false)
}

fn write(folder: &Path, name: &str, batch: &Committed) {
    let (output, mut witness) = batch.run_with_witness();
    assert_eq!(output, batch.expected);
    let hash = witness.insert_batch(&batch.input.batch);
    let (config, root) = (batch.input.config_hash, batch.input.previous_output_root);
    let parent = batch.input.batch.parent;
    let claim = [config, root, parent, hash].concat();
    let output =
        public_input(config, root, parent, hash, output.output_root, output.last_block);
    let pages = pages(&witness);
    println!("{name}: {} pages, {} bytes, output {output}", witness.len(), pages.len());
    let folder = folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    for (file, bytes) in [("claim", &claim[..]), ("pages", &pages), ("output", &output[..])] {
        fs::write(folder.join(file), bytes).unwrap();
    }
}

/// Pre-images in the order of their hashes: a little-endian length, then the bytes, padded to words.
fn pages(witness: &Witness) -> Vec<u8> {
    let mut entries: Vec<_> = witness.entries().collect();
    entries.sort_unstable_by_key(|entry| entry.0);
    let mut bytes = Vec::new();
    for (_, page) in entries {
        bytes.extend_from_slice(&(page.len() as u32).to_le_bytes());
        bytes.extend_from_slice(page);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}
