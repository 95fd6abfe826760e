//! `contracts/test/dispute/vectors/program.json`: steps of the program itself, one of each kind,
//! for the step contract.
//!
//! To write the file anew, after the program has changed:
//! `ALTANA_WRITE_VECTORS=1 cargo test --release -p altana-program vectors`

use crate::{
    blocks::{caller_chain, calls},
    chain::*,
    kinds::{Pick, one_of_each},
    precompiles,
    random::deposit,
    trace::Believer,
};
use alloy_eips::eip4844::kzg_to_versioned_hash;
use alloy_primitives::{B256, U256, hex};
use altana_program::{BlockHost, BlockInput, ELF, Trace, Witness};
use altana_protocol::batch::Blob;
use altana_riscv::{Machine, verify_step};
use std::{env, fs};

const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/test/dispute/vectors/program.json");

/// Largest file of vectors, in bytes.
const FILE_BYTES_MAX: usize = 400 * 1024;

/// Longest input of a precompile that the block calls, in bytes: evidence is long enough.
const INPUT_BYTES_MAX: usize = 800;

/// What the block must make the program read, and how it must end.
const READS: [&str; 10] = [
    "read local",
    "read keccak256, the start",
    "read keccak256, the middle",
    "read keccak256, the end",
    "read blob element",
    "read precompile 0x01, the start",
    "read precompile 0x08, that fails",
    "read precompile 0x0a, the rest",
    "hint",
    "halt",
];

/// A block with all that its trace needs.
struct Block {
    input: BlockInput,
    witness: Witness,
    blobs: Vec<(B256, Blob)>,
}

impl Block {
    /// Calls of precompiles, a deposit and a write to storage, in a blob that has a real
    /// commitment.
    fn new() -> Self {
        let mut inputs = precompiles::inputs();
        let asked = |number| !matches!(number, 0x02..=0x04 | 0x09);
        inputs.retain(|(number, input, _)| asked(*number) && input.len() <= INPUT_BYTES_MAX);
        let mut transactions = calls(&inputs, 3_000_000);
        let mut store = call(0, STORE);
        store.input = [U256::from(7).to_be_bytes::<32>(), [1; 32]].concat().into();
        transactions.push(sign(1, store));
        let mut chain = caller_chain();
        chain.queue_deposit(20, deposit(1, 2));
        assert_eq!(chain.build(1_001, 2, transactions), []);
        let committed = with_commitments(chain.commit_batch(true));
        committed.check();
        let (input, _, witness) = committed.run_block(0);
        Self { input, witness, blobs: committed.blobs }
    }

    fn host(&self) -> BlockHost {
        BlockHost::new(&self.witness, self.blobs.clone(), &self.input)
    }
}

/// The batch with its blobs' versioned hashes by EIP-4844.
fn with_commitments(mut committed: Committed) -> Committed {
    for (hash, blob) in &mut committed.blobs {
        let blob = c_kzg::Blob::from_bytes(blob.as_slice()).unwrap();
        let commitment = c_kzg::ethereum_kzg_settings(0).blob_to_kzg_commitment(&blob).unwrap();
        *hash = kzg_to_versioned_hash(commitment.to_bytes().as_slice());
    }
    let blobs = committed.blobs.iter().map(|(hash, blob)| (*hash, blob));
    let batch = &mut committed.oracle.batch;
    committed.input.batch.data_commitment = batch.insert_blobs(blobs);
    batch.insert_batch(&committed.input.batch);
    committed
}

#[test]
fn steps_of_the_program_are_those_of_the_step_contract() {
    let block = Block::new();
    let input = block.input.hash();
    let picks = one_of_each(Machine::load(ELF).unwrap(), &mut block.host());
    for kind in READS {
        assert!(picks.contains_key(kind), "{kind}: {:?}", picks.keys());
    }
    let mut picks: Vec<_> = picks.into_iter().collect();
    picks.sort_by_key(|(_, pick)| pick.step);

    let mut machine = Machine::load(ELF).unwrap();
    let mut host = block.host();
    let mut trace = Trace::new(block.witness, block.blobs, block.input);
    let mut rows = Vec::new();
    for (name, Pick { step, cost, .. }) in picks {
        machine.run(step, &mut host).unwrap();
        let witness = machine.witness(&mut host).unwrap();
        assert_eq!(trace.witness(step).as_ref(), Ok(&witness), "{name}");
        let before = machine.state_hash();
        machine.step(&mut host).unwrap();
        let after = machine.state_hash();
        assert_eq!(verify_step(&witness, input, &Believer), Ok((before, after)), "{name}");
        rows.push(format!(
            "{{\"name\":\"{name}\",\"cost\":\"{cost}\",\"step\":{step},\"witness\":\"0x{}\",\
             \"input\":\"{input}\",\"before\":\"{before}\",\"after\":\"{after}\"}}",
            hex::encode(witness)
        ));
    }
    let file = format!("[\n{}\n]\n", rows.join(",\n"));
    assert!(file.len() <= FILE_BYTES_MAX, "{} bytes", file.len());
    if env::var_os("ALTANA_WRITE_VECTORS").is_some() {
        fs::write(FILE, &file).unwrap();
    }
    let same = fs::read_to_string(FILE).is_ok_and(|committed| committed == file);
    assert!(same, "program.json is not what vectors.rs makes: see its first lines");
}
