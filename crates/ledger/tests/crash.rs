//! `kill -9` at any point: whatever was acknowledged is there, and the state is the right one.

mod common;

use alloy_primitives::B256;
use altana_ledger::Ledger;
use common::{build, eager, genesis, in_memory, rollup};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const DIR: &str = "ALTANA_LEDGER_CRASH_DIR";
const KILLS: usize = 60;
/// At every block whose number this divides, the child first goes back by [`BACK`] once.
const TURN: u64 = 7;
const BACK: u64 = 3;

/// The head after the next operation. The chain is a function of the height alone, so that a
/// rewound part is committed again as it was.
enum Operation {
    Commit,
    Rewind(u64),
}

fn operation(steps: u64, head: u64) -> Operation {
    if steps > 0 && head > BACK && head.is_multiple_of(TURN) && steps % TURN == TURN - 1 {
        Operation::Rewind(head - BACK)
    } else {
        Operation::Commit
    }
}

#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let ledger = Ledger::open(Some(Path::new(&dir)), &genesis(), rollup(), eager()).unwrap();
    let mut out = std::io::stdout().lock();
    for steps in 0.. {
        let head = ledger.head();
        match operation(steps, head.number()) {
            Operation::Commit => {
                let sealed = build(&ledger, head.hash(), head.number());
                ledger.commit(sealed).unwrap();
            }
            Operation::Rewind(to) => {
                let to = ledger.block_by_number(to).unwrap().unwrap();
                ledger.rewind(to.hash()).unwrap();
            }
        }
        // The parent kills this process at some line, or soon after.
        writeln!(out, "acknowledged {} {}", steps + 1, ledger.head().number()).unwrap();
        out.flush().unwrap();
    }
}

/// Runs the child until it has acknowledged some operations, kills it, and returns the last
/// acknowledged number of operations and head, if there was one.
fn run_and_kill(dir: &Path, rng: &mut StdRng) -> Option<(u64, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let acknowledged = |line: String| {
        let (_, rest) = line.split_once("acknowledged ")?;
        let (steps, head) = rest.split_once(' ')?;
        Some((steps.parse::<u64>().unwrap(), head.parse::<u64>().unwrap()))
    };
    let enough = rng.random_range(0..25);
    let mut last = None;
    while last.map_or(0, |(steps, _)| steps) < enough {
        last = acknowledged(lines.next().unwrap().unwrap()).or(last);
    }
    // Somewhere within the next operations.
    for _ in 0..rng.random_range(0..2_000_000) {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts too.
    for line in lines.map_while(Result::ok) {
        last = acknowledged(line).or(last);
    }
    last
}

#[test]
fn what_was_acknowledged_survives_kill_9_with_the_same_state() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    println!("SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let reference = in_memory(rollup());
    let mut hashes: Vec<B256> = vec![reference.head().hash()];
    let dir = tempfile::tempdir().unwrap();
    let mut head = 0;
    for kill in 0..KILLS {
        let last = run_and_kill(dir.path(), &mut rng);
        let (steps, said) = last.unwrap_or((0, head));
        let ledger = Ledger::open(Some(dir.path()), &genesis(), rollup(), eager()).unwrap();
        head = ledger.head().number();
        let next = match operation(steps, said) {
            Operation::Commit => said + 1,
            Operation::Rewind(to) => to,
        };
        assert!(head == said || head == next, "kill {kill}: {said} acknowledged, found {head}");
        while hashes.len() as u64 <= head {
            let sealed = build(&reference, *hashes.last().unwrap(), hashes.len() as u64 - 1);
            hashes.push(reference.commit(sealed).unwrap().hash());
        }
        // The hash covers the state root, which the ledger has just computed again or stored.
        for number in 0..=head {
            let block = ledger.block_by_number(number).unwrap().unwrap();
            assert_eq!(block.hash(), hashes[number as usize], "kill {kill}, block {number}");
        }
        assert!(ledger.block_by_number(head + 1).unwrap().is_none());
        ledger
            .witness(ledger.head().hash())
            .map(|_| ())
            .or_else(|e| if head == 0 { Ok(()) } else { Err(e) })
            .unwrap();
    }
    println!("{KILLS} kills, head {head}");
}

#[test]
fn a_torn_record_is_cut_off_at_any_length() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Ledger::open(Some(dir.path()), &genesis(), rollup(), common::Options::default());
    let ledger = open().unwrap();
    let first = ledger.commit(build(&ledger, ledger.head().hash(), 0)).unwrap();
    let log = dir.path().join("blocks.log");
    let before = std::fs::metadata(&log).unwrap().len();
    // The process dies here: nothing has been merged but what `close` writes, which is not run.
    let state = tempfile::tempdir().unwrap();
    let copy = |to: &Path, len: Option<u64>| {
        Command::new("cp").arg("-r").arg(dir.path().join(".")).arg(to).status().unwrap();
        if let Some(len) = len {
            let file = std::fs::OpenOptions::new().write(true).open(to.join("blocks.log")).unwrap();
            file.set_len(len).unwrap();
        }
    };
    ledger.commit(build(&ledger, first.hash(), 1)).unwrap();
    let after = std::fs::metadata(&log).unwrap().len();
    for len in (before..after).step_by(97).chain([before + 1, after - 1]) {
        let torn = state.path().join(len.to_string());
        copy(&torn, Some(len));
        let again = Ledger::open(Some(&torn), &genesis(), rollup(), eager()).unwrap();
        assert_eq!(again.head().hash(), first.hash(), "cut at {len}");
        let second = again.commit(build(&again, first.hash(), 1)).unwrap();
        drop(again);
        let again = Ledger::open(Some(&torn), &genesis(), rollup(), eager()).unwrap();
        assert_eq!(again.head().hash(), second.hash());
    }
}
