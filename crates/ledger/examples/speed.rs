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
        batch_gas: 1024 * 2_000_000_000,
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

/// Time on the clock, and of this thread on a core: the second is what other programs on the
/// machine do not change.
#[derive(Clone, Copy, Default)]
struct Spent {
    wall: Duration,
    core: Duration,
}

struct Watch {
    start: Instant,
    core: Duration,
}

fn core_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

impl Watch {
    fn start() -> Self {
        Self { start: Instant::now(), core: core_time() }
    }

    fn stop(self, total: &mut Spent) {
        total.wall += self.start.elapsed();
        total.core += core_time() - self.core;
    }
}

#[derive(Default)]
struct Split {
    decode: Spent,
    recover: Spent,
    execute: Spent,
    seal: Spent,
    commit: Spent,
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
    let watch = Watch::start();
    let decoded: Vec<_> =
        raw.iter().map(|bytes| Transaction::decode_2718_exact(bytes).unwrap()).collect();
    watch.stop(&mut split.decode);
    let watch = Watch::start();
    let recovered: Vec<Recovered<Transaction>> =
        decoded.into_iter().map(|tx| tx.into_recovered().unwrap()).collect();
    watch.stop(&mut split.recover);
    let watch = Watch::start();
    let attributes = BlockAttributes { timestamp: number, ..BlockAttributes::default() };
    let mut builder = ledger.build(ledger.head().hash(), attributes).unwrap();
    for tx in recovered {
        builder.push(tx).unwrap();
    }
    watch.stop(&mut split.execute);
    let watch = Watch::start();
    let sealed = builder.seal().unwrap();
    watch.stop(&mut split.seal);
    let watch = Watch::start();
    ledger.commit(sealed).unwrap();
    watch.stop(&mut split.commit);
}

fn report(split: &Split, transfers: u64) {
    let parts = [
        ("decode", split.decode),
        ("recover", split.recover),
        ("execute", split.execute),
        ("seal (trie, roots)", split.seal),
        ("commit (storage)", split.commit),
    ];
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / transfers as f64;
    for (name, spent) in parts {
        let (wall, core) = (micros(spent.wall), micros(spent.core));
        println!("{name:20} {wall:7.2} us/transfer, {core:7.2} us on the core");
    }
    let rate = |parts: &[(&str, Spent)], time: fn(&Spent) -> Duration| {
        transfers as f64 / parts.iter().map(|part| time(&part.1).as_secs_f64()).sum::<f64>()
    };
    let both = |parts| (rate(parts, |spent| spent.wall), rate(parts, |spent| spent.core));
    let (wall, core) = both(&parts);
    println!("{wall:.0} transfers/s on one thread; {core:.0} per second on the core");
    let (wall, core) = both(&parts[2..]);
    println!(
        "without decoding and recovery: {wall:.0} transfers/s; {core:.0} per second on the core"
    );
}
