//! The sequencer with injected time.

use super::{Config, Inputs, Preconfirmation, Sequencer, Step};
use crate::{
    derive::Tip,
    inbox::{
        Inbox,
        tests::{deposit, update},
    },
    pool::{Limits, PoolService},
    sim::world::{START_MS, User, chain, open, signed, user},
};
use alloy_primitives::{Address, B256};
use altana_ledger::{Block, Ledger};
use futures::executor::block_on;
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use std::sync::Arc;

struct Bench {
    ledger: Ledger,
    pool: PoolService,
    sequencer: Sequencer,
    inbox: Inbox,
    tip: Tip,
    users: Vec<User>,
    now_ms: u64,
    stalled: bool,
    sealed: Vec<Arc<Block>>,
    slices: Vec<Preconfirmation>,
}

impl Bench {
    fn new(config: Config) -> Self {
        let mut random = StdRng::seed_from_u64(7);
        let users: Vec<_> = (0..3).map(|_| user(&mut random)).collect();
        let (spec, genesis) = chain(&users);
        let ledger = open(&spec, &genesis);
        let pool = PoolService::open(ledger.clone(), Limits::default(), 1, None).unwrap();
        Self {
            sequencer: Sequencer::new(config, ledger.clone()),
            tip: Tip::genesis(B256::ZERO, &ledger.genesis()),
            ledger,
            pool,
            inbox: Inbox::default(),
            users,
            now_ms: START_MS,
            stalled: false,
            sealed: Vec::new(),
            slices: Vec::new(),
        }
    }

    fn send(&mut self, user: usize, nonce: u64) {
        let tx = signed(&self.users[user].signer, nonce, Address::ZERO, 2_000_000_000);
        block_on(self.pool.submit(vec![tx]))[0].clone().unwrap();
    }

    /// Moves time on, and does everything that is due then.
    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        loop {
            let inputs = Inputs {
                now_ms: self.now_ms,
                inbox: &self.inbox,
                tip: &self.tip,
                pool: &self.pool,
                stalled: self.stalled,
            };
            match self.sequencer.step(&inputs).unwrap() {
                Step::Wait { until_ms } => {
                    assert!(until_ms > self.now_ms, "waiting for the past");
                    return;
                }
                Step::Busy => {}
                Step::Published(_, slice) => self.slices.push(slice),
                Step::Sealed(block, slice) => {
                    self.slices.push(slice);
                    self.sealed.push(block);
                }
            }
        }
    }

    fn run(&mut self, ms: u64) {
        (0..ms / 50).for_each(|_| self.pass(50));
    }
}

/// A sender's transaction meets the block that holds the one before at any moment.
#[test]
fn a_submission_beside_a_seal_is_never_stranded() {
    const NONCES: u64 = 3_000;
    let mut bench = Bench::new(Config { block_time_ms: 1, slice_ms: 1, ..Config::default() });
    let (pool, signer) = (bench.pool.clone(), bench.users[0].signer.clone());
    let here = Arc::new(());
    let alive = here.clone();
    let submitter = std::thread::spawn(move || {
        for nonce in 0..NONCES {
            let tx = signed(&signer, nonce, Address::ZERO, 2_000_000_000);
            // The pool is full, unless the test has failed.
            while block_on(pool.submit(vec![tx.clone()]))[0].is_err() {
                if Arc::strong_count(&alive) == 1 {
                    return;
                }
                std::thread::yield_now();
            }
        }
    });
    while !submitter.is_finished() {
        bench.pass(1);
        let (_, queued) = bench.pool.with(|pool| pool.status());
        assert_eq!(queued, 0, "a transaction waits for one that is in a block");
    }
    submitter.join().unwrap();
    drop(here);
    bench.run(200);
    let sealed: usize = bench.sealed.iter().map(|block| block.transactions.len()).sum();
    assert_eq!(sealed as u64, NONCES);
}

#[test]
fn an_idle_chain_moves_each_interval() {
    for (empty_block_interval_ms, blocks) in [(1000, 10), (3000, 3), (20_000, 1)] {
        let mut bench = Bench::new(Config { empty_block_interval_ms, ..Config::default() });
        // The first block is due at once, for nothing was sealed before.
        bench.run(10_000);
        let sealed = bench.sealed.len();
        assert!(sealed == blocks || sealed == blocks + 1, "{sealed} of {blocks}");
    }
}

#[test]
fn transactions_are_preconfirmed_within_a_slice() {
    let mut bench = Bench::new(Config::default());
    bench.run(1000);
    bench.send(0, 0);
    bench.run(300);
    let included: usize = bench.slices.iter().map(|slice| slice.included.len()).sum();
    assert_eq!(included, 1);
    let before = bench.sealed.len();
    bench.run(1000);
    assert_eq!(bench.sealed.len(), before + 1);
    assert_eq!(bench.sealed.last().unwrap().transactions.len(), 1);
}

#[test]
fn a_full_block_is_sealed_at_once() {
    let mut bench = Bench::new(Config { block_bytes: 300, ..Config::default() });
    bench.run(1000);
    let before = bench.sealed.len();
    (0..12).for_each(|nonce| bench.send(0, nonce));
    bench.pass(1);
    assert!(bench.sealed.len() > before + 2);
    let newest = bench.sealed.last().unwrap();
    assert!(newest.transactions.len() <= 4);
}

#[test]
fn time_follows_the_parent_and_never_falls() {
    let mut bench = Bench::new(Config::default());
    let mut read = update(0, 10, [deposit(0, 1)]);
    read.head.timestamp = START_MS / 1000 + 500;
    bench.inbox.apply(&read).unwrap();
    bench.run(3000);
    let first = &bench.sealed[0];
    assert_eq!(first.header.timestamp, START_MS / 1000 + 500);
    assert_eq!(first.transactions.len(), 1);
    // The parent's clock falls back in a reorganisation; ours stays.
    bench.inbox.apply(&update(0, 11, [deposit(0, 1)])).unwrap();
    bench.run(3000);
    assert!(bench.sealed.is_sorted_by_key(|block| block.header.timestamp));
}

#[test]
fn while_publication_is_behind_no_transaction_is_taken() {
    let mut bench = Bench::new(Config::default());
    bench.run(1000);
    bench.stalled = true;
    let before = bench.sealed.len();
    bench.send(0, 0);
    bench.run(10_000);
    assert_eq!(bench.sealed.len(), before);
    bench.stalled = false;
    bench.run(2000);
    assert!(bench.sealed.len() > before);
    assert_eq!(bench.ledger.head().number() as usize, bench.sealed.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the timing: the slices of a block tell each of its transactions once, in order.
    #[test]
    fn slices_tell_each_transaction_once(
        sends in proptest::collection::vec((0..3usize, 1..900u64), 1..40)
    ) {
        let mut bench = Bench::new(Config::default());
        let mut nonces = [0; 3];
        for (user, ms) in sends {
            bench.pass(ms);
            bench.send(user, nonces[user]);
            nonces[user] += 1;
        }
        bench.run(3000);
        let mut told = 0;
        for block in &bench.sealed {
            let slices = bench.slices.iter().filter(|slice| slice.block_number == block.number());
            let hashes: Vec<_> = slices
                .flat_map(|slice| &slice.included)
                .map(|included| included.hash)
                .collect();
            let held: Vec<_> = block.transactions.iter().map(|tx| tx.inner().hash()).collect();
            prop_assert_eq!(&hashes, &held);
            told += held.len() as u64;
        }
        prop_assert_eq!(told, nonces.iter().sum::<u64>());
        prop_assert!(bench.sealed.is_sorted_by_key(|block| block.header.timestamp));
    }
}
