//! `contracts/test/dispute/vectors/game.json`: what the contract's library is tested with.
//!
//! To write the file anew:
//! `ALTANA_WRITE_VECTORS=1 cargo test --release -p altana-dispute --test game vectors`

use crate::machine::Machine;
use alloy_primitives::{B256, U256, hex, keccak256};
use altana_dispute::{Edge, Heights, History, block_leaf, end_state_with_leaf, input};
use std::{env, fs};

const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/test/dispute/vectors/game.json");

/// Largest file of vectors, in bytes.
const FILE_BYTES_MAX: usize = 128 * 1024;

#[test]
fn the_vectors_are_those_of_the_contract() {
    let histories = [(2, 3), (2, 4), (3, 1), (12, 1), (12, 1_500), (16, 700), (22, 5), (22, 9_000)];
    let histories = histories.map(|(height, leaves)| (height, history(height, leaves)));
    let spines = histories.iter().map(|(_, history)| spine(history)).collect();
    let befores = histories.iter().flat_map(|(_, history)| befores(history)).collect();
    let edges = histories.iter().flat_map(|(_, history)| edges(history)).collect();
    let file = object(&[
        ("edges", list(edges)),
        ("spines", list(spines)),
        ("befores", list(befores)),
        ("leaves", list(leaves())),
        ("endStates", list(end_states())),
    ]);
    let file = file + "\n";
    assert!(file.len() <= FILE_BYTES_MAX, "{} bytes", file.len());
    if env::var_os("ALTANA_WRITE_VECTORS").is_some() {
        fs::write(FILE, &file).unwrap();
    }
    let same = fs::read_to_string(FILE).is_ok_and(|committed| committed == file);
    assert!(same, "game.json is not what vectors.rs makes: see its first lines");
}

fn word(number: u64) -> B256 {
    keccak256(U256::from(number).to_be_bytes::<32>())
}

fn history(height: u8, leaves: u64) -> History {
    History::new(height, (0..leaves).map(word).collect()).unwrap()
}

/// The last leaf and its spine give the root.
fn spine(history: &History) -> String {
    object(&[
        ("last", quoted(history.last())),
        ("spine", words(&history.spine())),
        ("root", quoted(history.root())),
    ])
}

/// Indices with few and with many trailing zeros, among what happened and behind it.
fn indices(height: u8) -> Vec<u64> {
    let last = (1 << height) - 1;
    let mut indices = vec![1, 2, 3, 1 << (height - 1), last - last / 3, last];
    indices.sort_unstable();
    indices.dedup();
    indices
}

fn befores(history: &History) -> Vec<String> {
    let row = |index: u64| {
        object(&[
            ("index", index.to_string()),
            ("prefix", quoted(history.prefix(0, index))),
            ("proof", words(&history.before(index))),
            ("leaf", quoted(history.leaf(index - 1))),
        ])
    };
    indices(history.height()).into_iter().map(row).collect()
}

/// All edges on the path to one leaf, with the halves of those that have some.
fn edges(history: &History) -> Vec<String> {
    let height = history.height();
    let level = [12, 22, 16].iter().position(|real| *real == height).unwrap_or(0) as u8;
    let origin = if level == 0 { U256::from(7).into() } else { word(u64::from(height)) };
    let leaf = (1 << height) / 3;
    let edge = |at: u8| Edge {
        origin,
        level,
        height: at,
        index: leaf >> at,
        prefix: history.prefix(at, leaf >> at),
        node: history.node(at, leaf >> at),
    };
    [height, height - 1, height / 2, 0].map(edge).map(|edge| edge_row(history, &edge)).to_vec()
}

fn edge_row(history: &History, edge: &Edge) -> String {
    let halves = (edge.height > 0).then(|| history.children(edge.height, edge.index));
    let (left, right) = halves.unwrap_or_default();
    let ids = edge.children(left, right).map(|halves| halves.map(|half| half.id()));
    let [left_id, right_id] = ids.unwrap_or_default();
    object(&[
        ("origin", quoted(edge.origin)),
        ("level", edge.level.to_string()),
        ("height", edge.height.to_string()),
        ("index", edge.index.to_string()),
        ("prefix", quoted(edge.prefix)),
        ("node", quoted(edge.node)),
        ("place", quoted(edge.place())),
        ("id", quoted(edge.id())),
        ("left", quoted(left)),
        ("right", quoted(right)),
        ("leftId", quoted(left_id)),
        ("rightId", quoted(right_id)),
    ])
}

/// Block leaves, and the inputs of the blocks behind them.
fn leaves() -> Vec<String> {
    let row = |number: u64| {
        let (root, config, batch) = (word(1), word(2), word(3));
        let leaf = block_leaf(root, number);
        object(&[
            ("outputRoot", quoted(root)),
            ("blockNumber", number.to_string()),
            ("leaf", quoted(leaf)),
            ("configHash", quoted(config)),
            ("batchHash", quoted(batch)),
            ("blockIndex", (number % 1024).to_string()),
            ("input", quoted(input(config, leaf, batch, number % 1024))),
        ])
    };
    [0, 1, 1_023, 1 << 52].map(row).to_vec()
}

/// Machines that halted with a leaf, the refinement that they end, and the edge that it refines.
fn end_states() -> Vec<String> {
    let row = |number: u64| {
        let machine = Machine { steps_max: 1 << 20 };
        let leaf = word(number);
        let state = end_state_with_leaf(&machine.state(word(9), u64::MAX), leaf);
        let strides = History::new(22, vec![word(4), crate::machine::hash(&state)]).unwrap();
        let upper = Edge::of_claim(number, &Heights::REAL, leaf);
        let upper = Edge { height: 0, ..upper };
        object(&[
            ("state", format!("\"0x{}\"", hex::encode(&state))),
            ("leaf", quoted(leaf)),
            ("hash", quoted(strides.last())),
            ("spine", words(&strides.spine())),
            ("upperPlace", quoted(upper.place())),
            ("id", quoted(upper.refinement(&Heights::REAL, strides.root()).id())),
        ])
    };
    [5, 6].map(row).to_vec()
}

fn quoted(word: B256) -> String {
    format!("\"{word}\"")
}

fn words(words: &[B256]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(*word)).collect::<Vec<_>>().join(","))
}

fn list(rows: Vec<String>) -> String {
    format!("[\n{}\n]", rows.join(",\n"))
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}
