//! `contracts/test/dispute/vectors/steps.json`: what the step contract is tested with.
//!
//! The cases are made here from a fixed seed. To write the file anew:
//! `ALTANA_WRITE_VECTORS=1 cargo test --release -p altana-riscv vectors`

mod cases;
mod malformed;

use alloy_primitives::{B256, hex};
use altana_riscv::verify_step;
use cases::Case;
use std::{env, fmt::Write, fs};

const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/test/dispute/vectors/steps.json");

/// Largest file of vectors, in bytes.
const FILE_BYTES_MAX: usize = 600 * 1024;

/// The game's input in every case.
const INPUT: B256 = B256::repeat_byte(0xa7);

#[test]
fn the_vectors_are_those_of_the_step_contract() {
    let cases = cases::all();
    let mut rows: Vec<String> = cases.into_iter().map(row).collect();
    rows.extend(malformed::all().into_iter().map(malformed_row));
    let file = format!("[\n{}\n]\n", rows.join(",\n"));
    assert!(file.len() <= FILE_BYTES_MAX, "{} bytes", file.len());
    if env::var_os("ALTANA_WRITE_VECTORS").is_some() {
        fs::write(FILE, &file).unwrap();
    }
    let same = fs::read_to_string(FILE).is_ok_and(|committed| committed == file);
    assert!(same, "steps.json is not what vectors.rs makes: see its first lines");
}

/// A step that the verifier accepts, and that the machine makes just so.
fn row(mut case: Case) -> String {
    let witness = case.machine.witness(&mut case.host).unwrap();
    let (before, after) = verify_step(&witness, INPUT, &case.host).unwrap();
    assert_eq!(case.machine.state_hash(), before, "{}", case.name);
    match case.machine.cpu().step.checked_add(1) {
        Some(next) => case.machine.run(next, &mut case.host).map(drop).unwrap(),
        None => case.machine.step(&mut case.host).unwrap(),
    }
    assert_eq!(case.machine.state_hash(), after, "{}", case.name);

    let mut row = String::new();
    write!(row, "{{\"name\":\"{}\",\"witness\":\"0x{}\",", case.name, hex::encode(witness))
        .unwrap();
    write!(row, "\"input\":\"{INPUT}\",\"before\":\"{before}\",\"after\":\"{after}\"}}").unwrap();
    row
}

fn malformed_row((name, witness): (String, Vec<u8>)) -> String {
    let verdict = verify_step(&witness, INPUT, &cases::known());
    assert!(verdict.is_err(), "{name}: {verdict:?}");
    let witness = hex::encode(witness);
    format!(
        "{{\"name\":\"{name}\",\"witness\":\"0x{witness}\",\"input\":\"{INPUT}\",\"error\":true}}"
    )
}
