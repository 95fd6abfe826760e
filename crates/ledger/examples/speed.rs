//! Prints how many transfers per second a rollup's ledger builds, seals and commits, and where the
//! time goes.
//!
//! `cargo run --release -p altana-ledger --example speed [accounts] [blocks] [transfers per block]`

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction, TxEip1559, transaction::Recovered};
use alloy_eips::Decodable2718;
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use altana_ledger::{BlockAttributes, Ledger, Options, Rules, genesis_header};
use altana_protocol::{ChainSpec, Transaction};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Accounts that sign; all others only receive. Each sends many transfers.
const SENDERS: usize = 1000;
const CHAIN_ID: u64 = 901;

fn spec(genesis_hash: B256) -> ChainSpec {
    ChainSpec {
        name: "speed".into(),
        chain_id: CHAIN_ID,
        parent_chain_id: 1,
        portal: Address::ZERO,
        gas_limit: 2_000_000_000,
        elasticity: 2,
        denominator: 250,
        min_base_fee: 1,
        genesis_hash,
    }
}

fn account(index: u64) -> Address {
    Address::from_word(keccak256(index.to_be_bytes()))
}

fn genesis(senders: &[PrivateKeySigner], accounts: u64) -> Genesis {
    let rich = || GenesisAccount::default().with_balance(U256::from(10).pow(U256::from(24)));
    let mut alloc: BTreeMap<_, _> = senders.iter().map(|s| (s.address(), rich())).collect();
    alloc.extend((0..accounts).map(|i| (account(i), rich())));
    let genesis = Genesis { base_fee_per_gas: Some(1), ..Genesis::default() };
    Genesis { alloc, ..genesis.with_gas_limit(2_000_000_000) }
}

fn sign(senders: &[PrivateKeySigner], nonces: &mut [u64], seed: &mut u64, accounts: u64) -> Bytes {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    let from = (*seed >> 33) as usize % senders.len();
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce: nonces[from],
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 0,
        to: TxKind::Call(account((*seed >> 13) % accounts)),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    nonces[from] += 1;
    let signature = senders[from].sign_hash_sync(&tx.signature_hash()).unwrap();
    Transaction::Eip1559(tx.into_signed(signature)).encoded()
}

#[derive(Default)]
struct Split {
    decode: Duration,
    recover: Duration,
    execute: Duration,
    seal: Duration,
    commit: Duration,
}

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let accounts: u64 = args.next().unwrap_or(10_000);
    let blocks: u64 = args.next().unwrap_or(20);
    let per_block: u64 = args.next().unwrap_or(20_000);
    let senders: Vec<_> = (0..SENDERS)
        .map(|i| {
            PrivateKeySigner::from_bytes(&keccak256([b"sender", &i.to_be_bytes()[..]].concat()))
                .unwrap()
        })
        .collect();
    let genesis = genesis(&senders, accounts);
    let header = genesis_header(&genesis, &Rules::Rollup(spec(B256::ZERO))).unwrap();
    let rules = Rules::Rollup(spec(header.hash_slow()));
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let ledger = Ledger::open(Some(dir.path()), &genesis, rules, Options::default()).unwrap();
    println!("genesis of {accounts} accounts: {:.1} s", start.elapsed().as_secs_f64());
    drop(genesis);

    let (mut nonces, mut seed, mut split) = (vec![0; SENDERS], 7, Split::default());
    for number in 1..=blocks {
        let raw: Vec<Bytes> =
            (0..per_block).map(|_| sign(&senders, &mut nonces, &mut seed, accounts)).collect();
        block(&ledger, number, &raw, &mut split);
    }
    report(&split, blocks * per_block);
    let start = Instant::now();
    drop(ledger);
    println!("close: {:.2} s", start.elapsed().as_secs_f64());
}

fn block(ledger: &Ledger, number: u64, raw: &[Bytes], split: &mut Split) {
    let time = |total: &mut Duration, start: Instant| *total += start.elapsed();
    let start = Instant::now();
    let decoded: Vec<_> =
        raw.iter().map(|bytes| Transaction::decode_2718_exact(bytes).unwrap()).collect();
    time(&mut split.decode, start);
    let start = Instant::now();
    let recovered: Vec<Recovered<Transaction>> =
        decoded.into_iter().map(|tx| tx.into_recovered().unwrap()).collect();
    time(&mut split.recover, start);
    let start = Instant::now();
    let attributes = BlockAttributes { timestamp: number, ..BlockAttributes::default() };
    let mut builder = ledger.build(ledger.head().hash(), attributes).unwrap();
    for tx in recovered {
        builder.push(tx).unwrap();
    }
    time(&mut split.execute, start);
    let start = Instant::now();
    let sealed = builder.seal().unwrap();
    time(&mut split.seal, start);
    let start = Instant::now();
    ledger.commit(sealed).unwrap();
    time(&mut split.commit, start);
}

fn report(split: &Split, transfers: u64) {
    let rate = |time: Duration| transfers as f64 / time.as_secs_f64();
    let parts = [
        ("decode", split.decode),
        ("recover", split.recover),
        ("execute", split.execute),
        ("seal (trie, roots)", split.seal),
        ("commit (storage)", split.commit),
    ];
    let total: Duration = parts.iter().map(|part| part.1).sum();
    for (name, time) in parts {
        let share = 100.0 * time.as_secs_f64() / total.as_secs_f64();
        let each = time.as_secs_f64() * 1e6 / transfers as f64;
        println!("{name:20} {each:7.2} us/transfer {share:5.1} %");
    }
    println!("{:.0} transfers/s, all on one thread", rate(total));
    println!(
        "{:.0} transfers/s without decoding and recovery",
        rate(total - split.recover - split.decode)
    );
}
