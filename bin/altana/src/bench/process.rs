//! Throughput in process: decode, recover, execute, seal, store; beside signature recovery alone.

use super::{Figure, load};
use alloy::{
    consensus::transaction::Recovered,
    eips::Decodable2718,
    primitives::{Address, B256, Bytes, U256},
    signers::local::PrivateKeySigner,
};
use alloy_genesis::{Genesis, GenesisAccount};
use altana_ledger::{BlockAttributes, Ledger, Options, Rules, genesis_header};
use altana_protocol::{ChainSpec, Transaction};
use anyhow::{Context, Result};
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    sync::mpsc,
    time::{Duration, Instant},
};

const CHAIN_ID: u64 = 901;
const SENDERS: usize = 1_000;
/// Transfers of one block.
const PER_BLOCK: usize = 20_000;
/// Transactions that are decoded and recovered at once.
const CHUNK: usize = 2_000;

/// Half of what recovery alone allows is the goal; the split says where the rest goes.
pub fn run(transactions: usize) -> Result<Vec<Figure>> {
    let chain = Chain::new(10_000, transactions)?;
    let bound = chain.recovery_alone();
    let (rate, split) = chain.produce()?;
    let mut figures = vec![
        Figure::new("process_transfers", rate, "tx/s").against("recovery", bound).at_least(0.5),
    ];
    for (name, time) in split.parts() {
        let each = time.as_secs_f64() * 1e6 / chain.raw.len() as f64;
        figures.push(Figure::new(format!("process_{name}"), each, "us/tx"));
    }
    Ok(figures)
}

/// The rate with a million accounts, beside the rate with ten thousand.
pub fn state(transactions: usize) -> Result<Vec<Figure>> {
    let (small, _) = Chain::new(10_000, transactions)?.produce()?;
    let (large, _) = Chain::new(1_000_000, transactions)?.produce()?;
    let figure = Figure::new("state_1m_accounts", large, "tx/s");
    Ok(vec![figure.against("10k accounts", small)])
}

/// A fresh chain on disk, and signed transfers between its accounts.
struct Chain {
    ledger: Ledger,
    raw: Vec<Bytes>,
    _dir: tempfile::TempDir,
}

/// Where the time of one producer thread goes; decoding and recovery run beside it.
#[derive(Default)]
struct Split {
    recover: Duration,
    wait: Duration,
    execute: Duration,
    seal: Duration,
    commit: Duration,
}

impl Split {
    fn parts(&self) -> [(&'static str, Duration); 5] {
        [
            ("decode_recover", self.recover),
            ("wait_for_recovery", self.wait),
            ("execute", self.execute),
            ("seal_trie_roots", self.seal),
            ("commit_storage", self.commit),
        ]
    }
}

impl Chain {
    fn new(accounts: u64, transactions: usize) -> Result<Self> {
        let senders = load::senders(SENDERS);
        let genesis = genesis(&senders, accounts);
        let header = genesis_header(&genesis, &Rules::Rollup(spec(B256::ZERO)))?;
        let rules = Rules::Rollup(spec(header.hash_slow()));
        let dir = tempfile::tempdir()?;
        let ledger = Ledger::open(Some(dir.path()), &genesis, rules, Options::default())?;
        // Knuth's multiplicative hash scatters the recipients over all accounts.
        let scattered = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % accounts;
        let calls = (0..transactions)
            .map(|i| load::Call {
                to: load::recipient(scattered(i)),
                value: U256::ONE,
                input: Bytes::new(),
                gas: 21_000,
            })
            .collect();
        let raw = load::sign(&senders, 0, CHAIN_ID, 1_000_000_000, calls);
        Ok(Self { ledger, raw, _dir: dir })
    }

    /// Decodes and recovers everything, on all cores, and does nothing else.
    fn recovery_alone(&self) -> f64 {
        let begin = Instant::now();
        let recovered = self.raw.par_iter().filter_map(recover).count();
        recovered as f64 / begin.elapsed().as_secs_f64()
    }

    /// Recovers on all cores, and executes, seals and stores on one thread beside them.
    fn produce(&self) -> Result<(f64, Split)> {
        let begin = Instant::now();
        let (sender, recovered) = mpsc::sync_channel::<Vec<Recovered<Transaction>>>(4);
        let mut split = std::thread::scope(|scope| {
            let recovery = scope.spawn(move || {
                let mut spent = Duration::ZERO;
                for chunk in self.raw.chunks(CHUNK) {
                    let begin = Instant::now();
                    let chunk = chunk.par_iter().filter_map(recover).collect();
                    spent += begin.elapsed();
                    if sender.send(chunk).is_err() {
                        break;
                    }
                }
                spent
            });
            let mut split = self.execute(recovered)?;
            split.recover = recovery.join().ok().context("recovery panicked")?;
            anyhow::Ok(split)
        })?;
        self.ledger.sync()?;
        let elapsed = begin.elapsed();
        split.wait = split.wait.min(elapsed);
        Ok((self.raw.len() as f64 / elapsed.as_secs_f64(), split))
    }

    fn execute(&self, recovered: mpsc::Receiver<Vec<Recovered<Transaction>>>) -> Result<Split> {
        let mut split = Split::default();
        let mut number = 0;
        let mut open = true;
        while open {
            number += 1;
            let attributes = BlockAttributes { timestamp: number, ..BlockAttributes::default() };
            let mut builder = self.ledger.build(self.ledger.head().hash(), attributes)?;
            while builder.len() < PER_BLOCK {
                let begin = Instant::now();
                let Ok(chunk) = recovered.recv() else {
                    open = false;
                    break;
                };
                split.wait += begin.elapsed();
                let begin = Instant::now();
                for transaction in chunk {
                    builder.push(transaction)?;
                }
                split.execute += begin.elapsed();
            }
            let begin = Instant::now();
            let sealed = builder.seal()?;
            split.seal += begin.elapsed();
            let begin = Instant::now();
            self.ledger.commit(sealed)?;
            split.commit += begin.elapsed();
        }
        Ok(split)
    }
}

fn recover(raw: &Bytes) -> Option<Recovered<Transaction>> {
    Transaction::decode_2718_exact(raw).ok()?.into_recovered().ok()
}

fn genesis(senders: &[PrivateKeySigner], accounts: u64) -> Genesis {
    let rich = || GenesisAccount::default().with_balance(U256::from(10).pow(U256::from(24)));
    let mut alloc: BTreeMap<_, _> = senders.iter().map(|s| (s.address(), rich())).collect();
    alloc.extend((0..accounts).map(|i| (load::recipient(i), rich())));
    let genesis = Genesis { base_fee_per_gas: Some(1), ..Genesis::default() };
    Genesis { alloc, ..genesis.with_gas_limit(2_000_000_000) }
}

fn spec(genesis_hash: B256) -> ChainSpec {
    ChainSpec {
        name: "bench".into(),
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
