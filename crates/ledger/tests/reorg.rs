//! Rewinds, forks and refused transactions change nothing about what a block's state is.

mod common;

use alloy_primitives::{Address, B256, U256};
use altana_ledger::{BlockBody, Error, Ledger, Rules};
use altana_protocol::{
    predeploys::{BASE_FEE_VAULT, FEE_VAULT, HISTORY, L1_FEE_VAULT, MESSAGE_PASSER},
    trie::{AccountChange, AccountFields, EMPTY_ROOT_HASH, StateChanges, StateTrie, Witness},
};
use common::{SENDERS, STORE, build, ethereum, in_memory, recipient, rollup, signer};
use proptest::prelude::*;

/// Every account and slot that the test chain can touch, read one by one and hashed from nothing.
fn recomputed_root(ledger: &Ledger, block: B256) -> B256 {
    let state = ledger.state(block).unwrap();
    let operator_fee_vault: Address = "420000000000000000000000000000000000001b".parse().unwrap();
    let mut addresses: Vec<Address> = (0..50).map(recipient).collect();
    addresses.extend((0..SENDERS).map(|i| signer(i).address()));
    addresses.extend([STORE, HISTORY, MESSAGE_PASSER, FEE_VAULT, BASE_FEE_VAULT, L1_FEE_VAULT]);
    addresses.push(operator_fee_vault);
    let change = |address: Address| {
        let account = state.account(address).unwrap()?;
        let slots = if address == STORE {
            0..40
        } else if address == HISTORY {
            0..300
        } else {
            0..0
        };
        let slots = slots.map(U256::from).map(|slot| (slot, state.slot(address, slot).unwrap()));
        let (nonce, balance, code_hash) = (account.nonce, account.balance, account.code_hash);
        let fields = Some(AccountFields { nonce, balance, code_hash });
        Some((address, AccountChange { fields, wiped: false, slots: slots.collect() }))
    };
    let accounts = addresses.into_iter().filter_map(change).collect();
    let mut trie = StateTrie::new(Witness::default(), EMPTY_ROOT_HASH);
    trie.apply(&StateChanges { accounts }).unwrap().root
}

#[derive(Clone, Debug)]
enum Step {
    Commit(u64),
    /// Blocks to go back.
    Rewind(u64),
    /// A block on an old one, which is not the head.
    Fork(u64, u64),
    Safe(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u64..1000).prop_map(Step::Commit),
        2 => (1u64..6).prop_map(Step::Rewind),
        1 => (1u64..4, 0u64..1000).prop_map(|(back, seed)| Step::Fork(back, seed)),
        1 => (0u64..4).prop_map(Step::Safe),
    ];
    prop::collection::vec(step, 1..40)
}

fn back(ledger: &Ledger, blocks: u64) -> B256 {
    let number = ledger.head().number().saturating_sub(blocks);
    ledger.block_by_number(number).unwrap().unwrap().hash()
}

/// Runs the steps, checks the ledger after each, and returns the chain that came out of them.
fn run(ledger: &Ledger, steps: &[Step]) -> Vec<B256> {
    let mut chain = vec![ledger.head().hash()];
    for step in steps {
        match step {
            Step::Commit(seed) => {
                let sealed = build(ledger, ledger.head().hash(), *seed);
                chain.push(ledger.commit(sealed).unwrap().hash());
            }
            Step::Rewind(blocks) => {
                ledger.rewind(back(ledger, *blocks)).unwrap();
                chain.truncate(ledger.head().number() as usize + 1);
            }
            Step::Fork(blocks, seed) => {
                let sealed = build(ledger, back(ledger, *blocks), *seed);
                let is_genesis = ledger.head().number() == 0;
                let refused = ledger.commit(sealed);
                assert!(is_genesis || matches!(refused, Err(Error::NotOnHead { .. })));
                if let Ok(block) = refused {
                    chain.push(block.hash());
                }
            }
            Step::Safe(blocks) => ledger.set_safe(back(ledger, *blocks)).unwrap(),
        }
        check(ledger, &chain);
    }
    chain
}

fn check(ledger: &Ledger, chain: &[B256]) {
    let head = ledger.head();
    assert_eq!(head.hash(), *chain.last().unwrap());
    assert!(ledger.safe().number() <= head.number());
    assert!(ledger.is_canonical(ledger.safe().hash()).unwrap());
    for (number, hash) in chain.iter().enumerate() {
        assert_eq!(ledger.block_by_number(number as u64).unwrap().unwrap().hash(), *hash);
    }
    assert!(ledger.block_by_number(chain.len() as u64).unwrap().is_none());
    for (index, tx) in head.transactions.iter().enumerate() {
        let (block, found) = ledger.transaction(tx.inner().hash()).unwrap().unwrap();
        assert_eq!((block.hash(), found), (head.hash(), index));
    }
}

fn body(block: &altana_ledger::Block) -> BlockBody {
    BlockBody {
        transactions: block.transactions.clone(),
        withdrawals: block.withdrawals.clone(),
        ..BlockBody::default()
    }
}

/// Incident (Reth, 2025): an incremental root that differed from a full one after reorganisations.
fn roots_are_those_of_the_full_state(rules: Rules, steps: &[Step]) {
    let dir = tempfile::tempdir().unwrap();
    let open =
        || Ledger::open(Some(dir.path()), &common::genesis(), rules.clone(), common::eager());
    let ledger = open().unwrap();
    let chain = run(&ledger, steps);
    for hash in &chain {
        let root = ledger.block(*hash).unwrap().unwrap().header.state_root;
        assert_eq!(recomputed_root(&ledger, *hash), root);
    }
    drop(ledger);
    let ledger = open().unwrap();
    check(&ledger, &chain);
    // Another ledger that is given the blocks agrees.
    let other = in_memory(rules.clone());
    for hash in &chain[1..] {
        let block = ledger.block(*hash).unwrap().unwrap();
        let imported = other.import(&block.header, body(&block)).unwrap();
        assert_eq!(imported.receipts, block.receipts);
    }
    assert_eq!(recomputed_root(&ledger, ledger.head().hash()), ledger.head().header.state_root);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn incremental_roots_equal_full_ones_after_reorganisations_of_a_rollup(steps in steps()) {
        roots_are_those_of_the_full_state(rollup(), &steps);
    }

    #[test]
    fn incremental_roots_equal_full_ones_after_reorganisations_of_ethereum(steps in steps()) {
        roots_are_those_of_the_full_state(ethereum(), &steps);
    }

    /// Incident (Base, 2026): what a refused transaction had loaded was seen by later ones, so that
    /// the sequencer's block differed from everybody else's.
    #[test]
    fn refused_transactions_leave_no_trace_in_the_block(seeds in prop::collection::vec(any::<u64>(), 1..8)) {
        for rules in [rollup(), ethereum()] {
            let (sequencer, verifier) = (in_memory(rules.clone()), in_memory(rules));
            for seed in &seeds {
                let block = sequencer.commit(build(&sequencer, sequencer.head().hash(), *seed)).unwrap();
                let again = verifier.import(&block.header, body(&block)).unwrap();
                prop_assert_eq!(&again.receipts, &block.receipts);
            }
        }
    }
}

#[test]
fn removed_blocks_stay_readable_and_are_announced() {
    let ledger = in_memory(rollup());
    let mut events = ledger.subscribe();
    let blocks: Vec<_> = (0..5)
        .map(|seed| ledger.commit(build(&ledger, ledger.head().hash(), seed)).unwrap())
        .collect();
    for block in &blocks {
        assert_eq!(events.try_recv().unwrap().added[0].hash(), block.hash());
    }
    ledger.set_safe(blocks[4].hash()).unwrap();
    ledger.set_finalized(blocks[1].hash()).unwrap();
    ledger.rewind(blocks[2].hash()).unwrap();
    let removed: Vec<_> = events.try_recv().unwrap().removed.iter().map(|b| b.number()).collect();
    assert_eq!(removed, [5, 4]);
    assert_eq!((ledger.safe().number(), ledger.finalized().number()), (3, 2));
    let gone = ledger.block(blocks[4].hash()).unwrap().unwrap();
    assert!(!ledger.is_canonical(gone.hash()).unwrap());
    assert_eq!(recomputed_root(&ledger, gone.hash()), gone.header.state_root);
    assert!(matches!(ledger.rewind(gone.hash()), Err(Error::UnknownBlock(_))));
    for tx in &gone.transactions {
        assert!(ledger.transaction(tx.inner().hash()).unwrap().is_none());
    }
}
