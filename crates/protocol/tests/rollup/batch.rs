//! The payload codec and the commitments.

use alloy_consensus::{Signed, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use altana_protocol::{
    Transaction,
    batch::{
        BLOBS_PAYLOAD_BYTES_MAX, BatchHeader, CHUNK_BYTES, DecodeError, EncodeError, PayloadBlock,
        blobs_from_payload, calldata_commitment, chunk_leaf, chunk_node, decode_payload,
        elements_for_payload, encode_payload, payload_from_blobs,
    },
    queue::Label,
    stf::Witness,
};
use proptest::{collection::vec, option, prelude::*};

use crate::chain::{CHAIN_ID, call, sign};

fn number() -> impl Strategy<Value = U256> {
    prop_oneof![
        Just(U256::ZERO),
        any::<u64>().prop_map(U256::from),
        (0_u64..1000, 0_u64..75)
            .prop_map(|(m, e)| U256::from(m) * U256::from(10).pow(U256::from(e))),
        any::<[u8; 32]>().prop_map(U256::from_be_bytes),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        (0_u8..5).prop_map(Address::repeat_byte),
        (0_u8..5).prop_map(Address::with_last_byte),
        any::<[u8; 20]>().prop_map(Address::from)
    ]
}

fn input() -> impl Strategy<Value = Bytes> {
    let argument = prop_oneof![
        number().prop_map(|n| n.to_be_bytes::<32>()),
        address().prop_map(|a| a.into_word().0),
    ];
    let abi = (any::<[u8; 4]>(), vec(argument, 1..4));
    prop_oneof![
        Just(Bytes::new()),
        vec(any::<u8>(), 0..80).prop_map(Bytes::from),
        abi.prop_map(|(selector, words)| [&selector[..], words.as_flattened()].concat().into()),
    ]
}

fn access_list() -> impl Strategy<Value = AccessList> {
    let item = (address(), vec(any::<[u8; 32]>().prop_map(B256::from), 0..3))
        .prop_map(|(address, storage_keys)| AccessListItem { address, storage_keys });
    prop_oneof![3 => Just(AccessList::default()), 1 => vec(item, 0..3).prop_map(AccessList)]
}

/// Any signature with a low s: the codec does not ask whether it is anybody's.
fn signature() -> impl Strategy<Value = Signature> {
    (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<bool>()).prop_map(|(r, mut s, parity)| {
        s[0] &= 0x7f;
        Signature::new(U256::from_be_bytes(r), U256::from_be_bytes(s), parity)
    })
}

fn authorization() -> impl Strategy<Value = SignedAuthorization> {
    (address(), any::<u64>(), any::<u8>(), number(), number()).prop_map(
        |(address, nonce, parity, r, s)| {
            let inner = Authorization { chain_id: U256::from(CHAIN_ID), address, nonce };
            SignedAuthorization::new_unchecked(inner, parity, r, s)
        },
    )
}

prop_compose! {
    fn transaction()(
        ty in 0..5,
        to in option::weighted(0.8, address()),
        nonce in prop_oneof![0_u64..100, any::<u64>()],
        gas_limit in prop_oneof![Just(21_000), any::<u64>()],
        fee in prop_oneof![0..5_u128, any::<u128>()],
        tip in prop_oneof![0..5_u128, any::<u128>()],
        value in number(),
        input in input(),
        access_list in access_list(),
        authorization_list in vec(authorization(), 0..3),
        signature in signature(),
    ) -> Transaction {
        let kind = to.map_or(TxKind::Create, TxKind::Call);
        match ty {
            0 | 1 => Transaction::Legacy(Signed::new_unhashed(
                TxLegacy {
                    chain_id: (ty == 0).then_some(CHAIN_ID),
                    nonce,
                    gas_price: fee,
                    gas_limit,
                    to: kind,
                    value,
                    input,
                },
                signature,
            )),
            2 => Transaction::Eip2930(Signed::new_unhashed(
                TxEip2930 {
                    chain_id: CHAIN_ID,
                    nonce,
                    gas_price: fee,
                    gas_limit,
                    to: kind,
                    value,
                    access_list,
                    input,
                },
                signature,
            )),
            3 => Transaction::Eip1559(Signed::new_unhashed(
                TxEip1559 {
                    chain_id: CHAIN_ID,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fee,
                    max_priority_fee_per_gas: tip,
                    to: kind,
                    value,
                    access_list,
                    input,
                },
                signature,
            )),
            _ => Transaction::Eip7702(Signed::new_unhashed(
                TxEip7702 {
                    chain_id: CHAIN_ID,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fee,
                    max_priority_fee_per_gas: tip,
                    to: to.unwrap_or_default(),
                    value,
                    access_list,
                    authorization_list,
                    input,
                },
                signature,
            )),
        }
    }
}

fn blocks() -> impl Strategy<Value = Vec<PayloadBlock>> {
    let label = (0_u8..3, any::<u64>())
        .prop_map(|(hash, log_index)| Label { block_hash: B256::repeat_byte(hash), log_index });
    let block = (0_u64..10_000, 0_u16..20, vec(label, 0..5), vec(transaction(), 0..8));
    (any::<u32>(), vec(block, 1..12)).prop_map(|(start, blocks)| {
        let mut timestamp = u64::from(start);
        let blocks = blocks.into_iter().map(|(delta, messages, labels, transactions)| {
            timestamp += delta;
            PayloadBlock { timestamp, messages, labels, transactions }
        });
        blocks.collect()
    })
}

fn small_payload() -> Vec<u8> {
    let mut input = vec![0xa9, 0x05, 0x9c, 0xbb];
    input.extend_from_slice(Address::repeat_byte(3).into_word().as_slice());
    input.extend_from_slice(&[0; 32]);
    let transactions = (0..20)
        .map(|nonce| {
            let mut tx = call(nonce, Address::repeat_byte(nonce as u8 % 3));
            tx.input = input.clone().into();
            sign(nonce as usize % 3, tx)
        })
        .collect();
    let label = Label { block_hash: B256::repeat_byte(9), log_index: 4 };
    let blocks = [
        PayloadBlock { timestamp: 7, messages: 2, labels: vec![label], transactions },
        PayloadBlock { timestamp: 9, messages: 0, labels: vec![], transactions: vec![] },
    ];
    encode_payload(CHAIN_ID, &blocks).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn payloads_survive_their_encoding(blocks in blocks()) {
        let payload = encode_payload(CHAIN_ID, &blocks).unwrap();
        prop_assert_eq!(decode_payload(CHAIN_ID, &payload), Ok(blocks));
    }

    #[test]
    fn any_bytes_decode_to_the_same_each_time(bytes in vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(decode_payload(CHAIN_ID, &bytes), decode_payload(CHAIN_ID, &bytes));
    }

    /// What decodes can be encoded again, and decodes to the same blocks: the codec has one
    /// meaning.
    #[test]
    fn mutated_payloads_are_refused_or_have_one_meaning(
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut payload = small_payload();
        for (index, byte) in edits {
            let index = index.index(payload.len());
            payload[index] = byte;
        }
        if let Some(cut) = cut {
            payload.truncate(cut.index(payload.len()));
        }
        if let Ok(blocks) = decode_payload(CHAIN_ID, &payload) {
            let again = encode_payload(CHAIN_ID, &blocks).unwrap();
            prop_assert_eq!(decode_payload(CHAIN_ID, &again), Ok(blocks));
        }
    }

    /// The columns behind the compression, mutated: reaches deeper than mutated payloads do.
    #[test]
    fn mutated_columns_are_refused_or_have_one_meaning(
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let payload = small_payload();
        let length = u32::from_be_bytes(payload[1..5].try_into().unwrap()) as usize;
        let (stream, raw) = payload[5..].split_at(length);
        let mut columns = miniz_oxide::inflate::decompress_to_vec(stream).unwrap();
        for (index, byte) in edits {
            let index = index.index(columns.len());
            columns[index] = byte;
        }
        let stream = miniz_oxide::deflate::compress_to_vec(&columns, 6);
        let mut payload = vec![1];
        payload.extend_from_slice(&(stream.len() as u32).to_be_bytes());
        payload.extend_from_slice(&stream);
        payload.extend_from_slice(raw);
        if let Ok(blocks) = decode_payload(CHAIN_ID, &payload) {
            let again = encode_payload(CHAIN_ID, &blocks).unwrap();
            prop_assert_eq!(decode_payload(CHAIN_ID, &again), Ok(blocks));
        }
    }

    #[test]
    fn payloads_survive_blobs(payload in vec(any::<u8>(), 0..300_000)) {
        let blobs = blobs_from_payload(&payload).unwrap();
        prop_assert_eq!(blobs.len(), elements_for_payload(payload.len()).div_ceil(4096));
        prop_assert!(blobs.iter().all(|blob| blob.iter().step_by(32).all(|byte| *byte == 0)));
        prop_assert_eq!(payload_from_blobs(&blobs), Some(payload));
    }

    #[test]
    fn a_witness_holds_calldata_under_its_commitment(length in 0_usize..50_000) {
        let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        prop_assert_eq!(Witness::default().insert_calldata(&payload), calldata_commitment(&payload));
    }

    #[test]
    fn headers_survive_their_encoding(words in any::<[u64; 6]>(), kind: u8, hash: [u8; 32]) {
        let header = BatchHeader {
            index: words[0],
            parent: hash.into(),
            first_timestamp: words[1],
            last_timestamp: words[2],
            queue_start: words[3],
            queue_end: words[4],
            queue_acc_start: keccak256(hash),
            queue_acc_end: keccak256([1]),
            data_kind: kind,
            data_length: words[5],
            data_commitment: keccak256([2]),
        };
        prop_assert_eq!(BatchHeader::decode(&header.encode()), Some(header));
    }
}

#[test]
fn blobs_hold_so_much_and_no_more() {
    let full = vec![7; BLOBS_PAYLOAD_BYTES_MAX];
    let blobs = blobs_from_payload(&full).unwrap();
    assert_eq!(blobs.len(), 6);
    assert_eq!(payload_from_blobs(&blobs), Some(full));
    assert_eq!(blobs_from_payload(&vec![7; BLOBS_PAYLOAD_BYTES_MAX + 1]), None);
    // A length beyond the blobs is no payload; what an element's first byte says is ignored.
    let mut blobs = blobs_from_payload(&[1, 2, 3]).unwrap();
    blobs[0][0] = 0x3f;
    assert_eq!(payload_from_blobs(&blobs), Some(vec![1, 2, 3]));
    blobs[0][2] = 0x10;
    assert_eq!(payload_from_blobs(&blobs), None);
    assert_eq!(payload_from_blobs(&[]), None);
}

#[test]
fn an_odd_chunk_moves_up_unchanged() {
    let payload: Vec<u8> = (0..2 * CHUNK_BYTES + 5).map(|index| index as u8).collect();
    let leaves: Vec<B256> = payload.chunks(CHUNK_BYTES).map(chunk_leaf).collect();
    let expect = chunk_node(&chunk_node(&leaves[0], &leaves[1]), &leaves[2]);
    assert_eq!(calldata_commitment(&payload), expect);
}

#[test]
fn what_no_rollup_holds_is_not_encoded() {
    let block = |transaction| PayloadBlock {
        timestamp: 1,
        messages: 0,
        labels: vec![],
        transactions: vec![transaction],
    };
    let check = |tx: Transaction, expect| {
        assert_eq!(encode_payload(CHAIN_ID, &[block(tx)]), Err(expect));
    };
    let mut foreign = call(0, Address::ZERO);
    foreign.chain_id = 1;
    check(sign(0, foreign), EncodeError::ChainId);
    check(Transaction::deposit(Default::default()), EncodeError::TransactionType);
    let high = Signature::new(U256::from(1), U256::MAX, false);
    let tx = Transaction::Eip1559(Signed::new_unhashed(call(0, Address::ZERO), high));
    check(tx, EncodeError::Signature);
    assert_eq!(encode_payload(CHAIN_ID, &[]), Err(EncodeError::Blocks));
    let mut falling =
        [block(sign(0, call(0, Address::ZERO))), block(sign(0, call(1, Address::ZERO)))];
    falling[1].timestamp = 0;
    assert_eq!(encode_payload(CHAIN_ID, &falling), Err(EncodeError::Timestamp));
}

/// A few bytes must not make the decoder take gigabytes or minutes.
#[test]
fn decompression_bombs_are_refused() {
    let bomb = |columns: &[u8]| {
        let stream = miniz_oxide::deflate::compress_to_vec(columns, 9);
        let mut payload = vec![1];
        payload.extend_from_slice(&(stream.len() as u32).to_be_bytes());
        payload.extend_from_slice(&stream);
        payload
    };
    assert_eq!(
        decode_payload(CHAIN_ID, &bomb(&vec![0; (16 << 20) + 1])),
        Err(DecodeError::Deflate)
    );
    // 65,535 blocks, then 1,024 blocks of zero-width columns.
    assert_eq!(decode_payload(CHAIN_ID, &bomb(&[0xff; 100])), Err(DecodeError::TooMany));
    let mut blocks = vec![0x04, 0];
    blocks.resize(1 << 20, 0);
    assert_eq!(decode_payload(CHAIN_ID, &bomb(&blocks)), Err(DecodeError::LeftOver));
}
