//! Golden vectors that the contracts' tests write: Solidity and Rust hash alike.

use alloy_primitives::{B256, Bytes};
use altana_protocol::{
    ChainSpec,
    batch::{BatchHeader, calldata_commitment},
    queue::{Message, accumulate},
    stf::{output_root, public_input},
};
use serde_json::Value;

struct Row(Value);

impl Row {
    fn hash(&self, name: &str) -> B256 {
        self.0[name].as_str().unwrap().parse().unwrap()
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap()
    }
}

fn check(json: &str, mut each: impl FnMut(Row)) {
    let rows: Vec<Value> = serde_json::from_str(json).unwrap();
    assert!(!rows.is_empty());
    rows.into_iter().for_each(|row| each(Row(row)));
}

#[test]
fn config_hashes() {
    check(include_str!("../../../../contracts/test/vectors/config.json"), |row| {
        let spec = ChainSpec {
            name: String::new(),
            chain_id: row.number("chainId"),
            parent_chain_id: row.number("parentChainId"),
            portal: row.0["portal"].as_str().unwrap().parse().unwrap(),
            gas_limit: row.number("gasLimit"),
            batch_gas: row.number("batchGas"),
            elasticity: row.number("elasticity"),
            denominator: row.number("denominator"),
            min_base_fee: row.number("minBaseFee"),
            genesis_hash: row.hash("genesisHash"),
        };
        assert_eq!(spec.config_hash(), row.hash("configHash"));
    });
}

#[test]
fn message_hashes_and_accumulators() {
    let mut acc = B256::ZERO;
    check(include_str!("../../../../contracts/test/vectors/queue.json"), |row| {
        let payload: Bytes = row.0["payload"].as_str().unwrap().parse().unwrap();
        let message = Message {
            kind: row.number("kind") as u8,
            parent_block: row.number("parentBlock"),
            parent_timestamp: row.number("parentTimestamp"),
            payload,
        };
        assert_eq!(message.hash(), row.hash("messageHash"));
        acc = accumulate(acc, &message);
        assert_eq!(acc, row.hash("acc"));
    });
}

#[test]
fn batch_hashes() {
    check(include_str!("../../../../contracts/test/vectors/batch.json"), |row| {
        let header = BatchHeader {
            index: row.number("index"),
            parent: row.hash("parent"),
            first_timestamp: row.number("firstTimestamp"),
            last_timestamp: row.number("lastTimestamp"),
            queue_start: row.number("queueStart"),
            queue_end: row.number("queueEnd"),
            queue_acc_start: row.hash("queueAccStart"),
            queue_acc_end: row.hash("queueAccEnd"),
            data_kind: row.number("dataKind") as u8,
            data_length: row.number("dataLength"),
            data_commitment: row.hash("dataCommitment"),
        };
        assert_eq!(header.hash(), row.hash("batchHash"));
    });
}

#[test]
fn calldata_commitments() {
    check(include_str!("../../../../contracts/test/vectors/calldata.json"), |row| {
        let length = row.number("length") as usize;
        let payload: Vec<u8> = (0..length).map(|i| ((7 * i + length) % 251) as u8).collect();
        assert_eq!(calldata_commitment(&payload), row.hash("commitment"), "{length} bytes");
    });
}

#[test]
fn output_roots() {
    check(include_str!("../../../../contracts/test/vectors/output.json"), |row| {
        let root = output_root(
            row.hash("stateRoot"),
            row.hash("messagePasserStorageRoot"),
            row.hash("blockHash"),
        );
        assert_eq!(root, row.hash("outputRoot"));
    });
}

#[test]
fn public_inputs() {
    check(include_str!("../../../../contracts/test/vectors/public-input.json"), |row| {
        let input = public_input(
            row.hash("configHash"),
            row.hash("previousRoot"),
            row.hash("previousBatch"),
            row.hash("batch"),
            row.hash("root"),
            row.number("lastBlock"),
        );
        assert_eq!(input, row.hash("publicInput"));
    });
}
