//! Folders: their format, their identity, and what happens when the disk is full.

mod common;

use alloy_primitives::{Address, B256, U256, b256, bytes, keccak256};
use altana_ledger::{BlockAttributes, Error, Ledger, Options, Override};
use common::{build, ethereum, genesis, rollup, signer};

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
fn what_is_written_over_the_state_survives_kill_9_and_goes_with_its_block() {
    let dir = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let open = |dir: &std::path::Path| {
        Ledger::open(Some(dir), &genesis(), ethereum(), Options::default()).unwrap()
    };
    let ledger = open(dir.path());
    let before = ledger.commit(build(&ledger, ledger.head().hash(), 1)).unwrap();
    let (poor, store) = (signer(0).address(), common::STORE);
    let given = |address| Override { address, ..Override::default() };
    let overrides = vec![
        Override { balance: Some(U256::ZERO), nonce: Some(99), ..given(poor) },
        Override { code: Some(bytes!("5f5ff3")), ..given(poor) },
        Override { slots: vec![(U256::from(3), U256::from(4))], ..given(store) },
        Override { balance: Some(U256::from(7)), ..given(Address::repeat_byte(7)) },
    ];
    let timestamp = before.header.timestamp + 1;
    let attributes = BlockAttributes { timestamp, overrides, ..Default::default() };
    let builder = ledger.build(before.hash(), attributes.clone()).unwrap();
    let written = ledger.commit(builder.seal().unwrap()).unwrap();
    ledger.witness(written.hash()).unwrap();
    // As after kill -9: nothing has been merged, so it is executed again.
    let mut cp = std::process::Command::new("cp");
    cp.arg("-r").arg(dir.path().join(".")).arg(copy.path()).status().unwrap();
    let again = open(copy.path());
    assert_eq!(again.head(), written);
    let state = again.state(written.hash()).unwrap();
    let account = state.account(poor).unwrap().unwrap();
    assert_eq!((account.balance, account.nonce), (U256::ZERO, 99));
    assert_eq!(state.code(poor).unwrap(), bytes!("5f5ff3"));
    assert_eq!(state.slot(store, U256::from(3)).unwrap(), U256::from(4));
    assert_eq!(state.account(Address::repeat_byte(7)).unwrap().unwrap().balance, U256::from(7));
    again.rewind(before.hash()).unwrap();
    assert!(
        again.state(before.hash()).unwrap().account(Address::repeat_byte(7)).unwrap().is_none()
    );

    let rollup = common::in_memory(rollup());
    let builder = rollup.build(rollup.head().hash(), attributes).unwrap();
    assert!(matches!(builder.seal(), Err(Error::Config(_))));
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

#[test]
fn a_database_that_was_being_created_is_created_again() {
    let dir = tempfile::tempdir().unwrap();
    let unfinished = dir.path().join("state.new");
    std::fs::create_dir_all(&unfinished).unwrap();
    std::fs::write(unfinished.join("0.jnl"), []).unwrap();
    Ledger::open(Some(dir.path()), &genesis(), ethereum(), Options::default()).unwrap();
    assert!(!unfinished.exists());
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
