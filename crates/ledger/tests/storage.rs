//! Folders: their format, their identity, and what happens when the disk is full.

mod common;

use alloy_primitives::{B256, b256, keccak256};
use altana_ledger::{Error, Ledger, Options};
use common::{build, ethereum, genesis, rollup};

/// Changes only with the format's version in `store/log.rs`.
const LOG_HASH: B256 = b256!("1e43c232a3ec61e068cde95ffd0c296f0c6e0d69a891832ba28c016fb08018dc");

#[test]
fn the_format_of_the_block_log_is_pinned() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(Some(dir.path()), &genesis(), rollup(), Options::default()).unwrap();
    for seed in 0..3 {
        ledger.commit(build(&ledger, ledger.head().hash(), seed)).unwrap();
    }
    ledger.set_safe(ledger.block_by_number(1).unwrap().unwrap().hash()).unwrap();
    ledger.rewind(ledger.block_by_number(2).unwrap().unwrap().hash()).unwrap();
    let log = std::fs::read(dir.path().join("blocks.log")).unwrap();
    assert_eq!(keccak256(log), LOG_HASH);
}

#[test]
fn a_folder_is_of_one_chain_and_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let open = |genesis, rules| Ledger::open(Some(dir.path()), &genesis, rules, Options::default());
    let ledger = open(genesis(), ethereum()).unwrap();
    let second = open(genesis(), ethereum());
    assert!(
        matches!(&second, Err(Error::Config(text)) if text.contains("open in another")),
        "{second:?}"
    );
    ledger.commit(build(&ledger, ledger.head().hash(), 1)).unwrap();
    let head = ledger.head().hash();
    drop(ledger);
    let other = open(genesis().with_timestamp(5), ethereum());
    assert!(matches!(&other, Err(Error::Config(text)) if text.contains("genesis")), "{other:?}");
    assert_eq!(open(genesis(), ethereum()).unwrap().head().hash(), head);
}

/// Commits until storage fails, then checks that the ledger is read-only but whole.
fn fill(ledger: &Ledger) -> B256 {
    let mut committed = Vec::new();
    let error = loop {
        let sealed = build(ledger, ledger.head().hash(), committed.len() as u64);
        match ledger.commit(sealed) {
            Ok(block) => committed.push(block.hash()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Fatal(_)), "{error}");
    let sealed = build(ledger, ledger.head().hash(), 0);
    assert!(matches!(ledger.commit(sealed), Err(Error::Fatal(_))));
    assert!(matches!(ledger.rewind(ledger.genesis().hash()), Err(Error::Fatal(_))));
    let head = ledger.head().hash();
    assert_eq!(head, *committed.last().unwrap());
    for hash in committed {
        assert!(ledger.block(hash).unwrap().is_some());
        ledger.witness(hash).unwrap();
    }
    head
}

#[test]
fn a_full_ledger_refuses_writes_and_keeps_what_it_has() {
    let small = || Options { storage_bytes_max: Some(60_000), ..common::eager() };
    fill(&Ledger::open(None, &genesis(), rollup(), small()).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(Some(dir.path()), &genesis(), rollup(), small()).unwrap();
    let head = fill(&ledger);
    drop(ledger);
    // With room again it goes on.
    let ledger = Ledger::open(Some(dir.path()), &genesis(), rollup(), Options::default()).unwrap();
    assert_eq!(ledger.head().hash(), head);
    ledger.commit(build(&ledger, head, 0)).unwrap();
}

#[test]
fn a_damaged_block_is_noticed_when_it_is_executed_again() {
    let dir = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let open =
        |dir: &std::path::Path| Ledger::open(Some(dir), &genesis(), rollup(), Options::default());
    let ledger = open(dir.path()).unwrap();
    ledger.commit(build(&ledger, ledger.head().hash(), 3)).unwrap();
    ledger.commit(build(&ledger, ledger.head().hash(), 4)).unwrap();
    // As after kill -9: nothing has been merged.
    std::process::Command::new("cp")
        .arg("-r")
        .arg(dir.path().join("."))
        .arg(copy.path())
        .status()
        .unwrap();
    let path = copy.path().join("blocks.log");
    let mut log = std::fs::read(&path).unwrap();
    // The state root of block 1, with the checksum made to fit.
    let head = 8;
    let len =
        |log: &[u8], at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap()) as usize;
    let first = head + 8 + len(&log, head);
    let root = ledger.block_by_number(1).unwrap().unwrap().header.state_root;
    let at = log.windows(32).position(|window| window == root.as_slice()).unwrap();
    assert!(at > first);
    log[at] ^= 1;
    let body = first + 8..first + 8 + len(&log, first);
    let checksum = keccak256(&log[body]);
    log[first + 4..first + 8].copy_from_slice(&checksum[..4]);
    std::fs::write(&path, log).unwrap();
    let damaged = open(copy.path());
    assert!(
        matches!(&damaged, Err(Error::Corrupt(text)) if text.contains("block 1")),
        "{damaged:?}"
    );
}
