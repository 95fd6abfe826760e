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
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, hex, keccak256};
use altana_proof::{BlobData, Job, Run, Statement, history_root, prove_natively, record};
use altana_protocol::{
    Transaction,
    batch::{AUTHORIZATIONS_MAX, PIECE_BYTES},
    execute::TX_GAS_MAX,
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
use revm::primitives::eip7702::PER_EMPTY_ACCOUNT_COST;

/// Of secp256k1.
const ORDER: &str = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const GENERATOR_X: &str = "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// Random batches.
const RANDOM: usize = 20;
/// Precompiles that ask for memory of larger alignment than all else.
const CURVES: [&str; 5] =
    ["ecrecover", "p256 verify", "kzg", "bn254 pairing of 1", "bn254 pairing of 85"];
/// Nearly as many signatures as six blobs hold.
const NOBODIES: usize = 9_000;
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
    write_checked(folder, "left-out", vec![left_out()]);
    for fits in [true, false] {
        write_checked(folder, &format!("batch-gas-{fits}"), vec![full(fits)]);
    }
    write_checked(folder, "blobs", vec![noise()]);
    write_checked(folder, "batches", batches());
}

/// Batches that take much memory. The fault proof's machine has its own tests with them.
fn hogs(folder: &Path) {
    for (name, batch) in hogs::batches() {
        write(folder, &name.replace([' ', ','], "-"), vec![batch]);
    }
    write(folder, "nobodies", vec![nobodies()]);
    write(folder, "authorities", vec![authorities()]);
    let curves = cases::curves().into_iter().filter(|case| CURVES.contains(&&*case.name));
    let hogs = hogs::passing().into_iter().chain(hogs::lasting()).chain(codes());
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

/// Transactions that are invalid, each in its way, between others.
fn left_out() -> Committed {
    let mut chain = Chain::new();
    let good = (0..3).map(|nonce| sign(0, call(nonce, STORE))).collect();
    assert_eq!(chain.build(1_001, 1, good), []);
    let mut poor = call(3, STORE);
    poor.value = U256::MAX;
    let mut cheap = call(3, STORE);
    cheap.max_fee_per_gas = 0;
    let nobody = Signature::new(U256::ZERO, U256::from(1), false);
    let nobody = Transaction::Eip1559(Signed::new_unhashed(call(0, STORE), nobody));
    let bad =
        [sign(0, poor), nobody, sign(0, cheap), sign(0, call(9, STORE)), sign(1, call(9, STORE))];
    for (at, bad) in bad.into_iter().enumerate() {
        chain.blocks[0].transactions.insert(at * 3 % 4, bad);
    }
    chain.commit_batch(true)
}

/// A batch whose first block leaves its second a block's gas, or nearly.
fn full(fits: bool) -> Committed {
    let mut chain = Chain::new();
    // Init code that loses all gas.
    let mut burn = call(0, STORE);
    (burn.to, burn.value, burn.gas_limit) = (TxKind::Create, U256::ZERO, 9_000_000);
    burn.input = Bytes::from([0xfe]);
    let burn = sign(0, burn);
    let used = {
        let mut probe = Chain::new();
        assert_eq!(probe.build(1_001, 1, vec![burn.clone()]), []);
        probe.head.gas_used
    };
    chain.spec.batch_gas = used + chain.spec.gas_limit - u64::from(!fits);
    chain.build(1_001, 1, vec![burn]);
    let last = vec![sign(0, call(1, STORE))];
    chain.build(1_002, 0, if fits { last.clone() } else { vec![] });
    chain.blocks[1].transactions = last;
    chain.build(1_003, 0, vec![]);
    chain.commit_batch(false)
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

/// Blocks whose transactions each read as many codes as they can pay for: more than there is memory for,
/// all of one length, or each transaction's of another.
fn codes() -> [hogs::Hog; 2] {
    const COUNT: u64 = 6_300;
    const APART: u64 = 0x10_0000;
    [("of 24 KB", 0), ("of all lengths", 3_000)].map(|(name, shorter)| {
        let name = format!("EXTCODESIZE {name}, again");
        let mut case = cases::Case::counting(&name, &hex!("3b50"), 100, APART, TX_GAS_MAX);
        for index in 0..hogs::TIMES {
            let from = case.contracts.len();
            case = case.with_big_contracts(APART * (index + 1) + 1, COUNT);
            for (_, code) in &mut case.contracts[from..] {
                code.truncate(24_576 - shorter * index as usize);
            }
        }
        case.into()
    })
}

/// Transactions of thousands who have nothing.
fn nobodies() -> Committed {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![]);
    let nobodies = SENDERS..SENDERS + NOBODIES;
    chain.blocks[0].transactions = nobodies.map(|index| sign(index, call(0, STORE))).collect();
    chain.commit_batch(true)
}

/// Transactions with a wrong nonce, and as many authorisations as a payload can have.
fn authorities() -> Committed {
    let count = TX_GAS_MAX / PER_EMPTY_ACCOUNT_COST;
    let transaction = |_| {
        let tx = TxEip7702 {
            chain_id: CHAIN_ID,
            nonce: 9,
            gas_limit: TX_GAS_MAX,
            max_fee_per_gas: 100_000_000_000,
            to: STORE,
            authorization_list: vec![authorisation(1, 0); count as usize],
            ..Default::default()
        };
        let signature = sign_message(secret(0), tx.signature_hash()).unwrap();
        Transaction::Eip7702(Signed::new_unhashed(tx, signature))
    };
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![]);
    chain.blocks[0].transactions =
        (0..AUTHORIZATIONS_MAX as u64 / count).map(transaction).collect();
    chain.commit_batch(true)
}

fn authorisation(signer: usize, nonce: u64) -> SignedAuthorization {
    let inner = Authorization { chain_id: U256::from(CHAIN_ID), address: STORE, nonce };
    let signature = sign_message(secret(signer), inner.signature_hash()).unwrap();
    inner.into_signed(signature)
}

/// Authorisations, of which some do not count.
fn authorisations() -> Committed {
    let order: U256 = ORDER.parse().unwrap();
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
