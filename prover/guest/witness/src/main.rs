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

use alloy_consensus::{SignableTransaction, Signed, TxEip7702, crypto::secp256k1::sign_message};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, U256, keccak256};
use altana_protocol::{
    Transaction,
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
    for (index, inputs) in signatures().chunks(CALLS).enumerate() {
        write(folder, &format!("signatures-{index:02}"), &calls(inputs));
    }
    write(folder, "authorisations", &authorisations());
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
