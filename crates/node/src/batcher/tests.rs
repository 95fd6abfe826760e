//! The batcher's decisions.

use super::{Config, Decision, Inputs, fitting, next};
use crate::{
    derive::Tip,
    inbox::{
        Inbox,
        tests::{deposit, update},
    },
    note::Note,
    sim::world::{START_MS, chain, open},
};
use alloy_consensus::{Signed, TxLegacy, transaction::Recovered};
use alloy_primitives::{Address, B256, Sealed, Signature};
use altana_ledger::{Block, BlockAttributes};
use altana_parent::{InboxTerms, ParentBlock};
use altana_protocol::{ChainSpec, Transaction};
use std::sync::Arc;

const START: u64 = START_MS / 1000;
const TERMS: InboxTerms =
    InboxTerms { force_inclusion_delay: 600, sequencer_timeout: 1200, max_batch_age: 300 };

/// Empty blocks at these seconds after the genesis.
fn blocks(seconds: &[u64]) -> (Tip, Vec<Arc<Block>>) {
    let (spec, genesis) = chain(&[]);
    let ledger = open(&spec, &genesis);
    let tip = Tip::genesis(B256::ZERO, &ledger.genesis());
    let build = |second: &u64| {
        let attributes = BlockAttributes {
            timestamp: START + second,
            note: Note::default().encode(),
            ..BlockAttributes::default()
        };
        let builder = ledger.build(ledger.head().hash(), attributes).unwrap();
        ledger.commit(builder.seal().unwrap()).unwrap()
    };
    (tip, seconds.iter().map(build).collect())
}

/// The decision when the parent's newest block is as old as our clock says.
fn decide(seconds: &[u64], now: u64, inbox: &Inbox, change: impl FnOnce(&mut Tip)) -> Decision {
    let (mut tip, blocks) = blocks(seconds);
    change(&mut tip);
    let head = ParentBlock { timestamp: START + now, base_fee: 1, ..ParentBlock::default() };
    let inputs = Inputs {
        tip: &tip,
        blocks: &blocks,
        inbox,
        terms: &TERMS,
        head,
        blob_base_fee: Some(0),
        now_s: START + now,
        spec: &chain(&[]).0,
    };
    next(&Config::default(), &inputs).unwrap()
}

fn committed(decision: Decision) -> (usize, u64, u64) {
    match decision {
        Decision::Commit(batch) => (
            batch.blocks,
            batch.commit.first_timestamp - START,
            batch.commit.last_timestamp - START,
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_batch_waits_until_its_oldest_block_is_old_enough() {
    let inbox = Inbox::default();
    assert!(matches!(decide(&[], 100, &inbox, |_| ()), Decision::Wait));
    assert!(matches!(decide(&[10, 20], 39, &inbox, |_| ()), Decision::Wait));
    assert_eq!(committed(decide(&[10, 20], 40, &inbox, |_| ())), (2, 10, 20));
}

#[test]
fn blocks_from_the_parents_future_wait() {
    assert_eq!(committed(decide(&[10, 20, 50], 49, &Inbox::default(), |_| ())), (2, 10, 20));
}

#[test]
fn what_the_inbox_will_never_take_is_rebuilt() {
    let inbox = Inbox::default();
    // Too old by the terms, less the margin.
    assert!(matches!(decide(&[10], 251, &inbox, |_| ()), Decision::Rebuild(_)));
    assert_eq!(committed(decide(&[10], 250, &inbox, |_| ())), (1, 10, 10));
    // A younger block at the end makes the same batch acceptable.
    assert_eq!(committed(decide(&[10, 100], 251, &inbox, |_| ())), (2, 10, 100));
    // Older than the newest batch.
    let overtaken = |tip: &mut Tip| tip.last_timestamp = START + 11;
    assert!(matches!(decide(&[10], 100, &inbox, overtaken), Decision::Rebuild(_)));
}

/// No batch that leaves overdue messages behind is taken: the blocks, which do not have them, give way to
/// a batch that has nothing else.
#[test]
fn overdue_messages_that_the_blocks_leave_are_committed_alone() {
    let mut inbox = Inbox::default();
    let mut read = update(0, 5, [deposit(0, 1), deposit(1, 2)]);
    read.head.timestamp = START;
    inbox.apply(&read).unwrap();
    match decide(&[10], 100, &inbox, |_| ()) {
        Decision::Commit(batch) => {
            let commit = &batch.commit;
            assert_eq!((batch.blocks, commit.queue_end), (0, 2));
            assert_eq!((commit.first_timestamp, commit.last_timestamp), (START + 100, START + 100));
        }
        other => panic!("{other:?}"),
    }
}

/// What blocks read grows with their gas, and a proof can read only so much: in a block after these, a
/// whole block's gas must be left.
#[test]
fn a_batch_is_full_when_its_blocks_have_used_enough_gas() {
    let (tip, blocks) = blocks(&[10, 20, 30]);
    let tx = TxLegacy { chain_id: Some(1), ..TxLegacy::default() };
    let tx = Transaction::Legacy(Signed::new_unhashed(tx, Signature::test_signature()));
    let used = |block: &Arc<Block>| {
        let (mut header, hash) = block.header.clone().split();
        header.gas_used = 20_000_000;
        let transactions = vec![Recovered::new_unchecked(tx.clone(), Address::ZERO)];
        let header = Sealed::new_unchecked(header, hash);
        Arc::new(Block { header, transactions, ..(**block).clone() })
    };
    let blocks: Vec<_> = blocks.iter().map(used).collect();
    let (inbox, mut spec) = (Inbox::default(), chain(&[]).0);
    spec.gas_limit = 20_000_000;
    let head = ParentBlock::default();
    let inputs = Inputs {
        tip: &tip,
        blocks: &blocks,
        inbox: &inbox,
        terms: &TERMS,
        head,
        blob_base_fee: None,
        now_s: START,
        spec: &spec,
    };
    for (batch_gas, expect) in [(60_000_000, 3), (59_999_999, 2), (40_000_000, 2), (20_000_000, 1)]
    {
        let spec = ChainSpec { batch_gas, ..spec.clone() };
        let inputs = Inputs { spec: &spec, ..inputs };
        let fitting = fitting(&Config::default(), &inputs, &blocks).unwrap();
        assert_eq!(fitting.0, expect, "{batch_gas}");
    }
}
