//! Every hash and wire format, pinned. A change here is a change of the protocol.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, address, bytes, hex, keccak256};
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
    stf::{BlockInput, Witness, block_leaf, header_output_root, output_root},
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
        batch_gas: 1024 * 30_000_000,
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
fn a_config_decodes_to_its_spec() {
    let decoded = ChainSpec::decode_config(&spec().encode_config()).unwrap();
    assert_eq!(decoded, ChainSpec { name: String::new(), ..spec() });
}

#[test]
fn messages_decode_to_what_was_encoded() {
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
}

/// The OP Stack's domain 0, and the index as a word.
#[test]
fn source_hashes_are_those_of_op_wallets() {
    let label = Label { block_hash: B256::repeat_byte(0xaa), log_index: 3 };
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

fn header() -> BatchHeader {
    BatchHeader {
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
    }
}

fn block_input() -> BlockInput {
    BlockInput {
        config_hash: B256::repeat_byte(1),
        previous_leaf: B256::repeat_byte(2),
        batch_hash: B256::repeat_byte(3),
        block_index: 1_023,
    }
}

#[test]
fn commitments_to_little_data() {
    assert_eq!(calldata_commitment(&[]), keccak256([0]));
    let hashes = [B256::repeat_byte(1), B256::repeat_byte(2)];
    assert_eq!(blobs_commitment(&hashes), keccak256(hashes.as_flattened_bytes()));
}

#[test]
fn a_header_tells_its_output_root() {
    let root = output_root(B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
    let header = Header {
        state_root: B256::repeat_byte(1),
        withdrawals_root: Some(B256::repeat_byte(2)),
        ..Default::default()
    };
    assert_eq!(header_output_root(&header, B256::repeat_byte(3)), root);
}

fn receipts() -> Vec<Receipt> {
    let log = Log::new_unchecked(Address::repeat_byte(1), vec![B256::repeat_byte(2)], bytes!("03"));
    let receipt = |tx_type, deposit_nonce| Receipt {
        tx_type,
        success: true,
        cumulative_gas_used: 21_000,
        logs: vec![log.clone()],
        deposit_nonce,
    };
    vec![receipt(0x7e, Some(5)), receipt(2, None), receipt(0, None)]
}

#[test]
fn receipts_survive_their_encoding() {
    for receipt in receipts() {
        let mut bytes = Vec::new();
        receipt.encode_2718(&mut bytes);
        assert_eq!(Receipt::decode_2718(&mut bytes.as_slice()), Ok(receipt));
    }
    let mut deposit = Vec::new();
    receipts()[0].encode_2718(&mut deposit);
    assert_eq!(op_receipt(&receipts()[0]), deposit, "as op-alloy encodes it");
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

fn deposit_hash(index: u64, message: Message, label: Option<&Label>) -> B256 {
    let queued = QueuedMessage { index, acc: B256::repeat_byte(9), message };
    Transaction::deposit(queued.to_transaction(label).unwrap()).hash()
}

/// One line for each format; `formats.txt` holds them all.
fn pins() -> Vec<(&'static str, String)> {
    let user = message(KIND_DEPOSIT, deposit().encode());
    let parent = message(KIND_ATTRIBUTES, attributes().encode());
    let label = Label { block_hash: B256::repeat_byte(0xaa), log_index: 3 };
    let long: Vec<u8> = (0..10_000_u32).map(|index| index as u8).collect();
    let transactions: Vec<Bytes> =
        blocks()[1].transactions.iter().map(Transaction::encoded).collect();
    let mut witness = Witness::default();
    witness.insert(bytes!("01"));
    witness.insert(bytes!("0203"));
    let hash = |hash: B256| hex::encode(hash);
    vec![
        ("configHash", hash(spec().config_hash())),
        ("messageHash of a deposit", hash(user.hash())),
        ("messageHash of attributes", hash(parent.hash())),
        ("queueAcc of both", hash(accumulate(accumulate(B256::ZERO, &user), &parent))),
        ("deposit", hash(deposit_hash(12, user.clone(), Some(&label)))),
        ("deposit without a label", hash(deposit_hash(12, user, None))),
        ("attributes", hash(deposit_hash(12, parent, None))),
        ("batchHash", hash(header().hash())),
        ("calldata commitment", hash(calldata_commitment(&long))),
        (
            "output root",
            hash(output_root(B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3))),
        ),
        ("block leaf", hash(block_leaf(B256::repeat_byte(1), 2, 3))),
        ("block input", hash(block_input().hash())),
        ("receipts root", hash(receipts_root(&receipts()).0)),
        ("transactions root", hash(transactions_root(&transactions))),
        ("payload", hex::encode(encode_payload(CHAIN_ID, &blocks()).unwrap())),
        ("witness", hex::encode(witness.encode())),
    ]
}

#[test]
fn formats_are_pinned() {
    let lines: Vec<String> =
        pins().into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    assert_eq!(lines.concat(), include_str!("formats.txt"));
}
