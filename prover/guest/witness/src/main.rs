//! Writes jobs: batches from the protocol's test kit.
//!
//!     altana-zk-witness FOLDER [hogs | measured]
//!
//! Each case is a job's folder by its name. Its `output` is what native execution gives, and what the
//! fault proof's machine gives, block by block; `altana-prover check` compares the zkVM's guest.
//! With `hogs` these are batches that take as much memory as any can; with `measured`, the blocks of
//! docs/zk.md's figures, for `altana-prover execute`.

#[path = "../../../../crates/program/examples/cost/cases.rs"]
#[allow(dead_code, reason = "what takes time is not what takes memory")]
mod cases;
#[path = "../../../../crates/protocol/tests/rollup/chain.rs"]
#[allow(dead_code, reason = "the kit of more than this")]
mod chain;
#[path = "../../../../crates/program/tests/program/check.rs"]
mod check;
#[path = "../../../../crates/program/examples/cost/memory.rs"]
#[allow(dead_code, reason = "the bounds of the fault proof's machine")]
mod hogs;
mod measured;
mod points;
#[path = "../../../../crates/program/tests/program/precompiles.rs"]
#[allow(dead_code, reason = "the inputs of the fault proof's tests")]
mod precompiles;
#[path = "../../../../crates/protocol/tests/rollup/random.rs"]
mod random;

use std::{collections::BTreeMap, path::Path};

use alloy_consensus::{SignableTransaction, Signed, TxEip7702, crypto::secp256k1::sign_message};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, U256, keccak256};
use altana_proof::{BlobData, Job, Run, Statement, history_root, prove_natively, record};
use altana_protocol::{
    Transaction,
    batch::PIECE_BYTES,
    stf::{Witness, public_input},
};
use chain::{CHAIN_ID, Chain, Committed, SENDERS, STORE, call, secret, sender, sign};
use precompiles::{CALLER, CALLER_CODE, calldata, inputs};
use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use random::{build, plan};

/// Of secp256k1.
const ORDER: &str = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const GENERATOR_X: &str = "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// Random batches.
const RANDOM: usize = 20;
/// Precompiles that ask for memory of larger alignment than all else.
const CURVES: [&str; 5] =
    ["ecrecover", "p256 verify", "kzg", "bn254 pairing of 1", "bn254 pairing of 85"];
/// Calls of precompiles in a batch.
const CALLS: usize = 8;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let folder = Path::new(&folder);
    match std::env::args().nth(2).as_deref() {
        None => checked(folder),
        Some("hogs") => hogs(folder),
        Some("measured") => {
            for (name, batch) in measured::jobs() {
                write(folder, &name, vec![batch]);
            }
        }
        Some(other) => panic!("{other}: hogs or measured"),
    }
}

/// Batches on which the fault proof's machine agrees.
fn checked(folder: &Path) {
    for count in [0, 1, 10, 100] {
        write_checked(folder, &format!("transfers-{count}"), vec![transfers(count, false)]);
        write_checked(folder, &format!("transfers-{count}-blob"), vec![transfers(count, true)]);
    }
    let mut runner = TestRunner::deterministic();
    for index in 0..RANDOM {
        let plans = vec(plan(), 1..4).new_tree(&mut runner).unwrap().current();
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        let batch = chain.commit_batch(index % 2 == 1);
        write_checked(folder, &format!("random-{index:02}"), vec![batch]);
    }
    for (index, inputs) in inputs().chunks(CALLS).enumerate() {
        write_checked(folder, &format!("precompiles-{index:02}"), vec![calls(inputs)]);
    }
    for (index, inputs) in points::inputs().chunks(CALLS).enumerate() {
        write_checked(folder, &format!("points-{index:02}"), vec![calls(inputs)]);
    }
    for (index, inputs) in signatures().chunks(CALLS).enumerate() {
        write_checked(folder, &format!("signatures-{index:02}"), vec![calls(inputs)]);
    }
    write_checked(folder, "authorisations", vec![authorisations()]);
    for (blobs, name) in [(false, "no-payload"), (true, "no-payload-blob")] {
        let mut chain = Chain::new();
        chain.build_default(1_007, 1, false);
        write_checked(folder, name, vec![chain.commit_payload(b"no payload", blobs)]);
    }
    write_checked(folder, "blobs", vec![noise()]);
    write_checked(folder, "batches", batches());
}

/// Batches that take much memory. The fault proof's machine has its own tests with them.
fn hogs(folder: &Path) {
    for (name, batch) in hogs::batches() {
        write(folder, &name.replace([' ', ','], "-"), vec![batch]);
    }
    let curves = cases::curves().into_iter().filter(|case| CURVES.contains(&&*case.name));
    let hogs = hogs::passing().into_iter().chain(hogs::lasting()).chain(hogs::codes());
    let hogs = hogs.chain(curves.map(hogs::Hog::from));
    for hog in hogs {
        let (batch, gas) = hog.block();
        println!("{gas} gas");
        write(folder, &hog.block.name.replace([' ', ','], "-"), vec![batch]);
    }
}

/// A block of transfers to new accounts.
fn transfers(count: usize, blobs: bool) -> Committed {
    let mut chain = Chain::new();
    let transfers = (0..count).map(|index| {
        let to = Address::with_last_byte(index as u8 + 1).create(0);
        sign(index % SENDERS, call((index / SENDERS) as u64, to))
    });
    assert_eq!(chain.build(1_001, 1, transfers.collect()), []);
    chain.commit_batch(blobs)
}

/// Two blobs and a piece of a third, full of what is no payload.
fn noise() -> Committed {
    let mut chain = Chain::new();
    chain.build_default(1_007, 1, false);
    let words =
        (0..2 * 4096 * PIECE_BYTES / 32 + 100).map(|word: usize| keccak256(word.to_be_bytes()));
    chain.commit_payload(&words.flat_map(|word| word.0).collect::<Vec<_>>(), true)
}

/// Three batches in a row, of which the second is in a blob.
fn batches() -> Vec<Committed> {
    let mut chain = Chain::new();
    let mut parent = chain.spec.config_hash();
    let batch = |blobs| {
        let nonce = chain.nonce(0);
        let timestamp = chain.head.timestamp + 1;
        let transaction = sign(0, call(nonce, sender(1)));
        assert_eq!(chain.build(timestamp, 0, vec![transaction]), []);
        let mut batch = chain.commit_batch(blobs);
        batch.input.batch.parent = parent;
        parent = batch.oracle.batch.insert_batch(&batch.input.batch);
        batch
    };
    [false, true, false].map(batch).into()
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

/// Recoveries at the edges: numbers around zero and the order, hashes above it, x without a point.
fn signatures() -> Vec<precompiles::Input> {
    let order: U256 = ORDER.parse().unwrap();
    let one = U256::from(1);
    let hash = U256::from_be_bytes(keccak256("signed").0);
    let signature = sign_message(chain::secret(3), hash.into()).unwrap();
    let (r, s) = (signature.r(), signature.s());
    let v = U256::from(27 + u8::from(signature.v()));
    let other_v = U256::from(55) - v;
    let mut words = vec![[hash, v, r, s], [hash, other_v, r, order - s], [hash, v, r, order - s]];
    for number in [U256::ZERO, one, order - one, order, order + one, U256::MAX] {
        words.extend([[hash, v, number, s], [hash, v, r, number], [number, v, r, s]]);
    }
    words.extend([U256::ZERO, one, U256::from(26), U256::from(29)].map(|v| [hash, v, r, s]));
    words.extend((2..14).map(|x| [hash, v, U256::from(x), s]));
    // The key would be the point at infinity: s·R = hash·G, with R = G and s = hash.
    let x: U256 = GENERATOR_X.parse().unwrap();
    words.extend([27, 28].map(|v| [hash, U256::from(v), x, hash % order]));
    let input = |words: [U256; 4]| words.map(|word| word.to_be_bytes::<32>()).concat();
    words.into_iter().map(|words| (1, input(words), None)).collect()
}

/// Authorisations, of which some do not count.
fn authorisations() -> Committed {
    let order: U256 = ORDER.parse().unwrap();
    let authorisation = |signer, nonce| {
        let inner = Authorization { chain_id: U256::from(CHAIN_ID), address: STORE, nonce };
        let signature = sign_message(secret(signer), inner.signature_hash()).unwrap();
        inner.into_signed(signature)
    };
    let changed = |signed: &SignedAuthorization, parity, r, s| {
        SignedAuthorization::new_unchecked(signed.inner().clone(), parity, r, s)
    };
    let (high, good) = (authorisation(4, 0), authorisation(5, 0));
    let authorization_list = vec![
        changed(&high, 1 - high.y_parity(), high.r(), order - high.s()),
        changed(&good, 7, good.r(), good.s()),
        changed(&good, 0, U256::ZERO, good.s()),
        changed(&good, 0, order, good.s()),
        authorisation(6, 9),
        good,
    ];
    let tx = TxEip7702 {
        chain_id: CHAIN_ID,
        gas_limit: 1_000_000,
        max_fee_per_gas: 100_000_000_000,
        to: sender(5),
        input: [U256::from(7).to_be_bytes::<32>(), [1; 32]].concat().into(),
        authorization_list,
        ..Default::default()
    };
    let signature = sign_message(secret(0), tx.signature_hash()).unwrap();
    let mut chain = Chain::new();
    let tx = Transaction::Eip7702(Signed::new_unhashed(tx, signature));
    assert_eq!(chain.build(1_001, 1, vec![tx]), []);
    chain.commit_batch(false)
}

/// Writes what the fault proof's machine agrees on.
fn write_checked(folder: &Path, name: &str, batches: Vec<Committed>) {
    batches.iter().for_each(check::batch);
    write(folder, name, batches);
}

fn write(folder: &Path, name: &str, batches: Vec<Committed>) {
    let (first, last) = (&batches[0].input, &batches[batches.len() - 1]);
    let mut witness = Witness::default();
    let mut blobs = BTreeMap::new();
    let (mut hashes, mut leaves) = (vec![], vec![]);
    for batch in &batches {
        let (_, own) = batch.run_with_witness();
        for page in own.preimages() {
            witness.insert(page.clone());
        }
        hashes.push(witness.insert_batch(&batch.input.batch));
        witness.insert_blobs(batch.blobs.iter().map(|(hash, blob)| (*hash, blob)));
        leaves.push(batch.expected.leaves.clone());
        blobs.extend(batch.blobs.iter().map(|(hash, blob)| (*hash, BlobData::new(*hash, blob))));
    }
    let (config_hash, previous_root) = (first.config_hash, first.previous_output_root);
    let (previous_batch, hash) = (first.batch.parent, hashes[hashes.len() - 1]);
    let public_input = public_input(
        config_hash,
        previous_root,
        previous_batch,
        hash,
        last.expected.output_root,
        last.expected.last_block,
    );
    let statement = Statement { config_hash, previous_root, previous_batch, batches: hashes };
    let (inputs, recorded) = record(&witness, &statement, blobs.values()).unwrap();
    let history = history_root(leaves);
    assert_eq!(recorded, Run { public_input, history });
    let (output, openings) =
        prove_natively(&inputs.statement, &inputs.blobs, &inputs.pages.clone().into()).unwrap();
    assert_eq!(output, altana_proof::output(public_input, history, &openings));
    println!(
        "{name}: {} pages, {} bytes, {} of blobs, output {output}",
        witness.len(),
        inputs.pages.len(),
        inputs.blobs.len(),
    );
    let folder = folder.join(name);
    // What proved another output is of no use.
    if Job::at(&folder).is_ok_and(|job| job.output() != output) {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    Job::put(&folder, output, &inputs).unwrap();
}
