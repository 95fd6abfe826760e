//! Blocks that are there to be counted: what a token's transfer, a swap, a call of a precompile, a
//! node of a trie and a byte of code take.
//!
//! A figure is the difference of two jobs that differ in one number.

use alloy_primitives::{Address, Bytes, TxKind, U256, address, hex, keccak256};
use altana_protocol::Transaction;
use ark_ec::{AffineRepr, CurveGroup};

use crate::{
    chain::{Chain, Committed, SENDERS, call, sender, sign},
    points,
    precompiles::{self, modexp},
};

const TOKEN: &str = include_str!("../../../../contracts/artifacts/DemoToken.json");
const SWAP: &str = include_str!("../../../../contracts/artifacts/DemoSwap.json");

/// Calls the precompile in its first word as often as its second word says, with the rest.
const REPEATER: Address = address!("00000000000000000000000000000000000000e2");
const REPEATER_CODE: [u8; 36] =
    hex!("6040360380 60405f37 602035 5b 80 15 6022 57 6001 90 03 5f5f835f5f355afa50 600c56 5b00");
/// Accounts, slots and codes that are there to be read.
const MANY: u64 = 4_096;
const FIRST: Address = address!("00000000000000000000000000000000000f0000");
const CODE_BYTES: usize = 24_576;
const CODES: u64 = 21;
const FIRST_CODE: Address = address!("00000000000000000000000000000000000c0000");

/// Does the same for as many numbers as the second word says, from the first on.
fn each(operation: &[u8]) -> Bytes {
    let end = 20 + operation.len() as u8;
    let head = [0x60, 0x20, 0x35, 0x5b, 0x80, 0x15, 0x60, end, 0x57, 0x60, 1, 0x90, 0x03];
    [&head[..], &[0x80, 0x5f, 0x35, 0x01], operation, &[0x60, 0x03, 0x56, 0x5b, 0x00]]
        .concat()
        .into()
}

fn words(numbers: &[U256]) -> Bytes {
    numbers.iter().flat_map(|number| number.to_be_bytes::<32>()).collect()
}

/// The transactions of one block, and of nothing else.
fn block(mut chain: Chain, transactions: Vec<Transaction>) -> Committed {
    if !chain.blocks.is_empty() {
        chain.commit_batch(false);
    }
    chain.spec.gas_limit = 1_000_000_000;
    let timestamp = chain.head.timestamp + 1;
    assert_eq!(chain.build(timestamp, 0, transactions), []);
    assert!(chain.receipts.iter().all(|receipt| receipt.success));
    chain.commit_batch(false)
}

/// A chain with a contract, and its address.
fn deployed(artifact: &str, arguments: &[U256]) -> (Chain, Address) {
    let mut chain = Chain::new();
    let (_, code) = artifact.split_once("\"bytecode\": \"0x").unwrap();
    let (code, _) = code.split_once('"').unwrap();
    let mut tx = call(0, Address::ZERO);
    (tx.to, tx.value, tx.gas_limit) = (TxKind::Create, U256::ZERO, 5_000_000);
    tx.input = [&hex::decode(code).unwrap()[..], &words(arguments)].concat().into();
    assert_eq!(chain.build(1_001, 1, vec![sign(0, tx)]), []);
    (chain, sender(0).create(0))
}

fn transaction(
    chain: &mut Chain,
    index: usize,
    made: usize,
    to: Address,
    input: Bytes,
) -> Transaction {
    let mut tx = call(chain.nonce(index) + made as u64, to);
    (tx.value, tx.input) = (U256::ZERO, input);
    sign(index, tx)
}

fn transfer(to: Address, amount: u64) -> Bytes {
    [&hex!("a9059cbb")[..], &words(&[to.into_word().into(), U256::from(amount)])].concat().into()
}

/// Transfers of a token to new holders.
fn tokens(count: usize) -> Committed {
    let empty = [0x60, 0x80].map(U256::from);
    let arguments = [empty[0], empty[0] + U256::from(32), U256::MAX >> 1, U256::ZERO, U256::ZERO];
    let (mut chain, token) = deployed(TOKEN, &arguments);
    let shares = (1..SENDERS).map(|index| {
        transaction(&mut chain, 0, index - 1, token, transfer(sender(index), 1 << 40))
    });
    let shares = shares.collect();
    assert_eq!(chain.build(1_002, 0, shares), []);
    let transfers = (0..count).map(|index| {
        let to = Address::with_last_byte(index as u8 + 1).create(0);
        transaction(&mut chain, index % SENDERS, index / SENDERS, token, transfer(to, 5))
    });
    let transfers = transfers.collect();
    block(chain, transfers)
}

fn swaps(count: usize) -> Committed {
    let (mut chain, pool) = deployed(SWAP, &[]);
    let swaps = (0..count).map(|index| {
        let words = words(&[U256::from(1_000_000 + index), U256::ZERO]);
        let input = [&hex!("d96073cf")[..], &words].concat().into();
        transaction(&mut chain, index % SENDERS, index / SENDERS, pool, input)
    });
    let swaps = swaps.collect();
    block(chain, swaps)
}

/// One call of a contract with what it is to do it with, among many others.
fn loops(chain: Chain, contract: Address, first: U256, count: u64) -> Committed {
    let mut tx = call(0, contract);
    (tx.value, tx.gas_limit) = (U256::ZERO, 16_000_000);
    tx.input = words(&[first, U256::from(count)]);
    block(chain, vec![sign(7, tx)])
}

fn accounts(count: u64) -> Committed {
    let reader = Address::repeat_byte(0xe3);
    let number = U256::from_be_slice(FIRST.as_slice());
    let mut contracts: Vec<_> = (0..MANY)
        .map(|index| {
            let address = number + U256::from(index);
            (Address::from_word(address.into()), hex!("00").into())
        })
        .collect();
    // BALANCE POP
    contracts.push((reader, each(&hex!("31 50"))));
    loops(Chain::with(contracts), reader, number, count)
}

fn slots(count: u64) -> Committed {
    let (writer, each_write) = (Address::repeat_byte(0xe4), MANY / 8);
    // Calldata without a third word reads, with one writes: SLOAD POP, or DUP1 SSTORE.
    let code = each(&hex!("604035 601c 57 54 50 6003 56 5b 80 55"));
    let mut chain = Chain::with(vec![(writer, code)]);
    chain.spec.gas_limit = 1_000_000_000;
    let writes = (0..8).map(|part| {
        let mut tx = call(part, writer);
        (tx.value, tx.gas_limit) = (U256::ZERO, 16_000_000);
        let one = U256::from(1);
        tx.input = words(&[U256::from(1 + part * each_write), U256::from(each_write), one]);
        sign(6, tx)
    });
    assert_eq!(chain.build(1_001, 0, writes.collect()), []);
    loops(chain, writer, U256::from(1), count)
}

fn codes(count: u64) -> Committed {
    let caller = Address::repeat_byte(0xe5);
    let number = U256::from_be_slice(FIRST_CODE.as_slice());
    let code = |index: u64| -> Bytes {
        let words = (0..CODE_BYTES as u64 / 32)
            .flat_map(|word| keccak256([index, word].map(u64::to_be_bytes).concat()).0);
        let mut code: Vec<_> = words.collect();
        code[0] = 0;
        code.into()
    };
    let mut contracts: Vec<_> = (0..CODES)
        .map(|index| (Address::from_word((number + U256::from(index)).into()), code(index)))
        .collect();
    // STATICCALL, without any calldata, POP POP
    contracts.push((caller, each(&hex!("5f5f5f5f 84 5a fa 50 50"))));
    loops(Chain::with(contracts), caller, number, count)
}

fn repeated(number: u64, input: &[u8], times: u64) -> Committed {
    let chain = Chain::with(vec![(REPEATER, REPEATER_CODE.into())]);
    let mut tx = call(0, REPEATER);
    (tx.value, tx.gas_limit) = (U256::ZERO, 16_700_000);
    tx.input = [&words(&[U256::from(number), U256::from(times)])[..], input].concat().into();
    block(chain, vec![sign(0, tx)])
}

/// A usual input of each precompile, and dear ones.
fn inputs() -> Vec<(&'static str, u64, Vec<u8>)> {
    let number = |bytes: usize| vec![0xf1; bytes];
    let (p, q) = (ark_bls12_381::G1Affine::generator(), ark_bls12_381::G2Affine::generator());
    let bn = ark_bn254::G1Affine::generator();
    let other = (bn + bn).into_affine();
    let fp = [&[0; 16][..], &[1; 48]].concat();
    let [right, wrong] = points::openings();
    vec![
        ("recover", 0x01, precompiles::recover()),
        ("sha256-200", 0x02, vec![3; 200]),
        ("ripemd-200", 0x03, vec![4; 200]),
        ("modexp-32", 0x05, modexp(&number(32), &number(32), &number(32))),
        ("modexp-256-e3", 0x05, modexp(&number(256), &[1, 0, 1], &number(256))),
        ("modexp-256", 0x05, modexp(&number(256), &number(32), &number(256))),
        ("bn-add", 0x06, [points::bn1(bn), points::bn1(other)].concat()),
        ("bn-mul", 0x07, [points::bn1(bn), vec![0xff; 32]].concat()),
        ("bn-pairing-1-no", 0x08, precompiles::bn_pairs(1)),
        ("bn-pairing-2", 0x08, precompiles::bn_pairs(2)),
        ("bn-pairing-4", 0x08, precompiles::bn_pairs(4)),
        ("bn-pairing-20", 0x08, precompiles::bn_pairs(20)),
        ("blake2f-12", 0x09, precompiles::blake2f(12)),
        ("kzg", 0x0a, right),
        ("kzg-no", 0x0a, wrong),
        ("g1-add", 0x0b, [points::g1(p), points::g1((p + p).into_affine())].concat()),
        ("g1-msm-1", 0x0c, precompiles::g1_msm(1)),
        ("g1-msm-128", 0x0c, precompiles::g1_msm(128)),
        ("g2-add", 0x0d, [points::g2(q), points::g2((q + q).into_affine())].concat()),
        ("g2-msm-1", 0x0e, precompiles::g2_msm(1)),
        ("g2-msm-64", 0x0e, precompiles::g2_msm(64)),
        ("bls-pairing-1-no", 0x0f, precompiles::bls_pairs(1)),
        ("bls-pairing-2", 0x0f, precompiles::bls_pairs(2)),
        ("bls-pairing-8", 0x0f, precompiles::bls_pairs(8)),
        ("map-g1", 0x10, fp.clone()),
        ("map-g2", 0x11, [fp.clone(), fp].concat()),
        ("p256", 0x0100, precompiles::p256()),
    ]
}

/// All of them, by name.
pub(crate) fn jobs() -> Vec<(String, Committed)> {
    let mut jobs = vec![];
    for count in [1, 10, 100] {
        jobs.push((format!("tokens-{count}"), tokens(count)));
        jobs.push((format!("swaps-{count}"), swaps(count)));
        jobs.push((format!("accounts-{count}"), accounts(count as u64)));
        jobs.push((format!("slots-{count}"), slots(count as u64)));
    }
    for count in [1, CODES - 1] {
        jobs.push((format!("codes-{count}"), codes(count)));
    }
    for (name, number, input) in inputs() {
        for times in [0, 1] {
            jobs.push((format!("call-{name}-{times}"), repeated(number, &input, times)));
        }
    }
    jobs
}
