//! Every hash and wire format, pinned. A change here is a change of the protocol.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, address, b256, bytes, keccak256};
use altana_protocol::{
    ChainSpec, Receipt, Transaction,
    batch::{
        BatchHeader, DATA_CALLDATA, PayloadBlock, blobs_commitment, calldata_commitment,
        encode_payload,
    },
    queue::{
        Attributes, Deposit, KIND_ATTRIBUTES, KIND_DEPOSIT, Label, Message, QueuedMessage,
        accumulate,
    },
    receipt::receipts_root,
    stf::{Witness, header_output_root, output_root},
    transaction::transactions_root,
};

use crate::chain::{CHAIN_ID, call, sign};

fn spec() -> ChainSpec {
    ChainSpec {
        name: "ignored".into(),
        chain_id: 901,
        parent_chain_id: 1,
        portal: address!("00112233445566778899aabbccddeeff00112233"),
        gas_limit: 30_000_000,
        elasticity: 6,
        denominator: 250,
        min_base_fee: 1_000_000,
        genesis_hash: B256::repeat_byte(0x11),
    }
}

fn deposit() -> Deposit {
    Deposit {
        from: Address::repeat_byte(0x01),
        to: TxKind::Call(Address::repeat_byte(0x02)),
        mint: 3,
        value: U256::from(4),
        gas_limit: 5,
        data: bytes!("0607"),
    }
}

fn attributes() -> Attributes {
    Attributes {
        number: 1,
        timestamp: 2,
        hash: B256::repeat_byte(3),
        base_fee: U256::from(4),
        blob_base_fee: U256::from(5),
        prev_randao: B256::repeat_byte(6),
    }
}

fn message(kind: u8, payload: Bytes) -> Message {
    Message { kind, parent_block: 7, parent_timestamp: 8, payload }
}

#[test]
fn config_hash() {
    assert_eq!(spec().config_hash(), PIN_CONFIG);
    let decoded = ChainSpec::decode_config(&spec().encode_config()).unwrap();
    assert_eq!(decoded, ChainSpec { name: String::new(), ..spec() });
}

#[test]
fn queue() {
    assert_eq!(
        deposit().encode(),
        [
            &[1; 20][..],
            &[2; 20],
            &U256::from(3).to_be_bytes::<32>(),
            &U256::from(4).to_be_bytes::<32>(),
            &5_u64.to_be_bytes(),
            &[0, 6, 7],
        ]
        .concat()
    );
    let first = message(KIND_DEPOSIT, deposit().encode());
    let second = message(KIND_ATTRIBUTES, attributes().encode());
    assert_eq!(first.deposit(), Some(deposit()));
    assert_eq!(second.attributes(), Some(attributes()));
    assert_eq!(first.hash(), PIN_MESSAGE);
    assert_eq!(accumulate(accumulate(B256::ZERO, &first), &second), PIN_ACC);
}

#[test]
fn queue_transactions() {
    let queued = |index, kind, payload| QueuedMessage {
        index,
        acc: B256::repeat_byte(9),
        message: message(kind, payload),
    };
    let hash = |queued: QueuedMessage, label: Option<&Label>| {
        Transaction::deposit(queued.to_transaction(label).unwrap()).hash()
    };
    let label = Label { block_hash: B256::repeat_byte(0xaa), log_index: 3 };
    let user = queued(12, KIND_DEPOSIT, deposit().encode());
    assert_eq!(hash(user.clone(), Some(&label)), PIN_DEPOSIT);
    assert_eq!(hash(user, None), PIN_UNLABELLED);
    assert_eq!(hash(queued(12, KIND_ATTRIBUTES, attributes().encode()), None), PIN_ATTRIBUTES);
    // The OP Stack's domains: user deposits 0, attributes 1.
    let inner = keccak256([label.block_hash, B256::from(U256::from(3))].as_flattened_bytes());
    assert_eq!(label.source_hash(), keccak256([B256::ZERO, inner].as_flattened_bytes()));
}

trait Flatten {
    fn as_flattened_bytes(&self) -> Vec<u8>;
}

impl<const N: usize> Flatten for [B256; N] {
    fn as_flattened_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|word| word.0).collect()
    }
}

#[test]
fn batch_header_and_commitments() {
    let header = BatchHeader {
        index: 1,
        parent: B256::repeat_byte(2),
        first_timestamp: 3,
        last_timestamp: 4,
        queue_start: 5,
        queue_end: 6,
        queue_acc_start: B256::repeat_byte(7),
        queue_acc_end: B256::repeat_byte(8),
        data_kind: DATA_CALLDATA,
        data_length: 9,
        data_commitment: B256::repeat_byte(10),
    };
    assert_eq!(header.hash(), PIN_BATCH);
    assert_eq!(calldata_commitment(&[]), keccak256([0]));
    let payload: Vec<u8> = (0..10_000_u32).map(|index| index as u8).collect();
    assert_eq!(calldata_commitment(&payload), PIN_CALLDATA);
    let hashes = [B256::repeat_byte(1), B256::repeat_byte(2)];
    assert_eq!(blobs_commitment(&hashes), keccak256(hashes.as_flattened_bytes()));
}

#[test]
fn output() {
    let root = output_root(B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
    assert_eq!(root, PIN_OUTPUT);
    let header = Header {
        state_root: B256::repeat_byte(1),
        withdrawals_root: Some(B256::repeat_byte(2)),
        ..Default::default()
    };
    assert_eq!(header_output_root(&header, B256::repeat_byte(3)), root);
}

#[test]
fn receipts() {
    let log = Log::new_unchecked(Address::repeat_byte(1), vec![B256::repeat_byte(2)], bytes!("03"));
    let receipt = |tx_type, deposit_nonce| Receipt {
        tx_type,
        success: true,
        cumulative_gas_used: 21_000,
        logs: vec![log.clone()],
        deposit_nonce,
    };
    let all = [receipt(0x7e, Some(5)), receipt(2, None), receipt(0, None)];
    for receipt in &all {
        let mut bytes = Vec::new();
        receipt.encode_2718(&mut bytes);
        assert_eq!(Receipt::decode_2718(&mut bytes.as_slice()).as_ref(), Ok(receipt));
    }
    let mut deposit = Vec::new();
    all[0].encode_2718(&mut deposit);
    assert_eq!(op_receipt(&all[0]), deposit, "as op-alloy encodes it");
    assert_eq!(receipts_root(&all).0, PIN_RECEIPTS);
}

fn op_receipt(receipt: &Receipt) -> Vec<u8> {
    use alloy_eips::Encodable2718;
    use op_alloy_consensus::{OpDepositReceipt, OpReceiptEnvelope};
    let inner = alloy_consensus::Receipt {
        status: receipt.success.into(),
        cumulative_gas_used: receipt.cumulative_gas_used,
        logs: receipt.logs.clone(),
    };
    let deposit = OpDepositReceipt {
        inner,
        deposit_nonce: receipt.deposit_nonce,
        deposit_receipt_version: Some(1),
    };
    OpReceiptEnvelope::Deposit(deposit.with_bloom()).encoded_2718()
}

/// Signatures are deterministic (RFC 6979), so the whole payload is.
fn blocks() -> Vec<PayloadBlock> {
    let label = Label { block_hash: B256::repeat_byte(9), log_index: 4 };
    let mut abi = call(1, Address::repeat_byte(7));
    abi.input = bytes!(
        "a9059cbb0000000000000000000000009999999999999999999999999999999999999999000000000000000000000000000000000000000000000000000000000000002a"
    );
    let mut raw = call(2, Address::repeat_byte(7));
    raw.input = bytes!("010203");
    let transactions = [call(0, Address::repeat_byte(7)), abi, raw];
    vec![
        PayloadBlock { timestamp: 1_000, messages: 2, labels: vec![label], transactions: vec![] },
        PayloadBlock {
            timestamp: 1_001,
            messages: 0,
            labels: vec![],
            transactions: transactions.into_iter().map(|tx| sign(0, tx)).collect(),
        },
    ]
}

#[test]
fn payload() {
    let payload = encode_payload(CHAIN_ID, &blocks()).unwrap();
    assert_eq!(alloy_primitives::hex::encode(&payload), PIN_PAYLOAD);
    let transactions: Vec<Bytes> =
        blocks()[1].transactions.iter().map(Transaction::encoded).collect();
    assert_eq!(transactions_root(&transactions), PIN_TRANSACTIONS);
}

#[test]
fn witness() {
    let mut witness = Witness::default();
    witness.insert(bytes!("01"));
    witness.insert(bytes!("0203"));
    assert_eq!(alloy_primitives::hex::encode(witness.encode()), PIN_WITNESS);
}

const PIN_CONFIG: B256 = B256::ZERO;
const PIN_MESSAGE: B256 = B256::ZERO;
const PIN_ACC: B256 = B256::ZERO;
const PIN_DEPOSIT: B256 = B256::ZERO;
const PIN_UNLABELLED: B256 = B256::ZERO;
const PIN_ATTRIBUTES: B256 = B256::ZERO;
const PIN_BATCH: B256 = B256::ZERO;
const PIN_CALLDATA: B256 = B256::ZERO;
const PIN_OUTPUT: B256 = B256::ZERO;
const PIN_RECEIPTS: B256 = B256::ZERO;
const PIN_TRANSACTIONS: B256 = B256::ZERO;
const PIN_PAYLOAD: &str = "";
const PIN_WITNESS: &str = "";
