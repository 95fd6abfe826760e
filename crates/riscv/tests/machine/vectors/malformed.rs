//! Witnesses that are an error.

use super::cases::{self, at, known, read};
use crate::support::asm::*;

/// Length of an encoded state.
const STATE: usize = 297;
/// The address of a leaf in the middle of memory.
const DATA: u64 = 0x8000_0ce0;

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut host = known();
    let samples = [
        ("load", at("", i(0x03, 3, 5, 6, 0), &[(6, DATA)])),
        ("store", at("", s(3, 6, 7, 0), &[(6, DATA)])),
        ("add", at("", r(0x33, 0, 0, 5, 6, 7), &[])),
        ("read keccak", read("", host.keccak(b"a"), 0)),
        ("read sha256", read("", host.sha256(b"a"), 0)),
        ("read local", read("", host.local(super::INPUT), 0)),
    ];
    for (name, mut case) in samples {
        let witness = case.machine.witness(&mut case.host).unwrap();
        spoil(name, &witness, &mut rows);
    }
    rows.push(("empty".into(), Vec::new()));
    let mut last = cases::all().pop().unwrap();
    let mut ended = last.machine.witness(&mut last.host).unwrap();
    ended[48] = 0;
    rows.push(("a proof for a final state".into(), ended));
    rows
}

fn spoil(name: &str, witness: &[u8], rows: &mut Vec<(String, Vec<u8>)>) {
    let mut row = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bad = witness.to_vec();
        change(&mut bad);
        rows.push((format!("{name}: {what}"), bad));
    };
    row("one byte more", &|bad| bad.push(0));
    row("one byte less", &|bad| bad.truncate(witness.len() - 1));
    row("half a state", &|bad| bad.truncate(STATE / 2));
    row("only the state", &|bad| bad.truncate(STATE));
    row("only half of a leaf", &|bad| bad.truncate(STATE + 16));
    row("another root", &|bad| bad[31] ^= 1);
    row("another instruction", &|bad| bad[STATE] ^= 1);
    row("bit 27 of the mask", &|bad| bad[STATE + 32] ^= 0x08);
    row("bit 31 of the mask", &|bad| bad[STATE + 32] ^= 0x80);
    row("another mask", &|bad| bad[STATE + 35] ^= 1);
    row("another sibling", &|bad| bad[STATE + 36] ^= 1);
    row("another end", &|bad| *bad.last_mut().unwrap() ^= 1);
}
