//! Writes inputs of the guest: batches from the protocol's test kit.
//!
//!     altana-zk-witness FOLDER
//!
//! Each case is a folder with `claim` and `pages`, the guest's inputs, and `output`, what it must
//! give (native execution says so).

#[path = "../../../../crates/protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of more than this")]
mod chain;
#[path = "../../../../crates/program/tests/program/precompiles.rs"]
#[allow(dead_code, reason = "the inputs of the fault proof's tests")]
mod precompiles;
#[path = "../../../../crates/protocol/tests/rollup/random.rs"]
mod random;

use std::{fs, path::Path};

use alloy_primitives::{Address, U256};
use altana_protocol::stf::{Witness, public_input};
use chain::{Chain, Committed, SENDERS, call, sign};
use precompiles::{CALLER, CALLER_CODE, calldata, inputs};
use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use random::{build, plan};

/// Random batches.
const RANDOM: usize = 20;
/// Calls of precompiles in a batch.
const CALLS: usize = 8;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let folder = Path::new(&folder);
    for count in [0, 1, 10, 100] {
        write(folder, &format!("transfers-{count}"), &transfers(count));
    }
    let mut runner = TestRunner::deterministic();
    for index in 0..RANDOM {
        let plans = vec(plan(), 1..4).new_tree(&mut runner).unwrap().current();
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        write(folder, &format!("random-{index:02}"), &chain.commit_batch(false));
    }
    for (index, inputs) in inputs().chunks(CALLS).enumerate() {
        write(folder, &format!("precompiles-{index:02}"), &calls(inputs));
    }
    let mut chain = Chain::new();
    chain.build_default(1_007, 1, false);
    write(folder, "no-payload", &chain.commit_payload(b"no payload", false));
}

/// A block of transfers to new accounts.
fn transfers(count: usize) -> Committed {
    let mut chain = Chain::new();
    let transfers = (0..count).map(|index| {
        let to = Address::with_last_byte(index as u8 + 1).create(0);
        sign(index % SENDERS, call((index / SENDERS) as u64, to))
    });
    assert_eq!(chain.build(1_001, 1, transfers.collect()), []);
    chain.commit_batch(false)
}

/// A block that calls precompiles.
fn calls(inputs: &[precompiles::Input]) -> Committed {
    let mut chain = Chain::with(vec![(CALLER, CALLER_CODE.into())]);
    chain.spec.gas_limit = 1_000_000_000;
    let calls = inputs.iter().enumerate().map(|(nonce, (number, input, _))| {
        let mut tx = call(nonce as u64, CALLER);
        tx.gas_limit = 3_000_000;
        tx.value = U256::ZERO;
        tx.input = calldata(*number, input);
        sign(0, tx)
    });
    assert_eq!(chain.build(1_001, 0, calls.collect()), []);
    chain.commit_batch(false)
}

fn write(folder: &Path, name: &str, batch: &Committed) {
    let (output, mut witness) = batch.run_with_witness();
    assert_eq!(output, batch.expected);
    let hash = witness.insert_batch(&batch.input.batch);
    let (config, root) = (batch.input.config_hash, batch.input.previous_output_root);
    let parent = batch.input.batch.parent;
    let claim = [config, root, parent, hash].concat();
    let output = public_input(config, root, parent, hash, output.output_root, output.last_block);
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
