//! Blocks of every kind.

use crate::{
    chain::*,
    check,
    precompiles::{self, CALLER, CALLER_CODE, Input, calldata},
    random::{build, deposit, plan},
};
use alloy_consensus::{SignableTransaction, Signed, TxEip7702, crypto::secp256k1::sign_message};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{B256, Bytes, U256};
use altana_protocol::{Transaction, batch::encode_payload, queue::Deposit};
use proptest::{collection::vec, prelude::*};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_blocks_give_the_native_leaf(plans in vec(plan(), 1..4), blobs: bool) {
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        check::batch(&chain.commit_batch(blobs));
    }

    /// No bytes that somebody commits make the program panic.
    #[test]
    fn mutated_payloads_give_the_native_leaf(
        plans in vec(plan(), 1..4),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        recompress: bool,
        blobs: bool,
    ) {
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        let payload = encode_payload(CHAIN_ID, &chain.blocks).unwrap();
        let payload = mutate(payload, &edits, cut, recompress);
        let committed = chain.commit_payload(&payload, blobs);
        for index in [0, 1, u64::MAX] {
            check::block(&committed, index);
        }
    }
}

/// Changes bytes of a payload, or of its columns before they are compressed.
fn mutate(
    payload: Vec<u8>,
    edits: &[(prop::sample::Index, u8)],
    cut: prop::sample::Index,
    recompress: bool,
) -> Vec<u8> {
    let edit = |mut bytes: Vec<u8>| {
        for (index, byte) in edits {
            let index = index.index(bytes.len());
            bytes[index] = *byte;
        }
        bytes
    };
    if !recompress {
        let mut bytes = edit(payload);
        if cut.index(4) == 0 {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        return bytes;
    }
    let length = u32::from_be_bytes(payload[1..5].try_into().unwrap()) as usize;
    let (stream, raw) = payload[5..].split_at(length);
    let columns = edit(miniz_oxide::inflate::decompress_to_vec(stream).unwrap());
    let stream = miniz_oxide::deflate::compress_to_vec(&columns, 1);
    [&[1][..], &(stream.len() as u32).to_be_bytes(), &stream, raw].concat()
}

/// A chain on which blocks may call precompiles as they like.
pub(crate) fn caller_chain() -> Chain {
    let mut chain = Chain::with(vec![(CALLER, CALLER_CODE.into())]);
    chain.spec.gas_limit = 1_000_000_000;
    chain
}

/// A transaction for each input of a precompile.
pub(crate) fn calls(inputs: &[Input], gas_limit: u64) -> Vec<Transaction> {
    let calls = inputs.iter().enumerate().map(|(nonce, (number, input, _))| {
        let mut tx = call(nonce as u64, CALLER);
        tx.gas_limit = gas_limit;
        tx.value = U256::ZERO;
        tx.input = calldata(*number, input);
        sign(0, tx)
    });
    calls.collect()
}

/// Blocks that call precompiles with all these inputs.
fn check_inputs(inputs: Vec<Input>, gas_limit: u64) {
    let mut chain = caller_chain();
    for calls in calls(&inputs, gas_limit).chunks(25) {
        assert_eq!(chain.build(1_001, 0, calls.to_vec()), []);
    }
    check::batch(&chain.commit_batch(false));
    let logs: Vec<_> = chain.receipts.iter().map(|receipt| receipt.logs.clone()).collect();
    for ((number, input, expected), logs) in inputs.iter().zip(logs) {
        let success = logs[0].data.topics()[0] == B256::with_last_byte(1);
        let expected = expected.unwrap_or(success);
        assert_eq!(success, expected, "{number:#x} with {} bytes", input.len());
    }
}

#[test]
fn precompiles_of_every_kind_give_the_native_leaf() {
    check_inputs(precompiles::inputs(), 3_000_000);
}

#[test]
fn long_questions_are_asked_in_parts_or_computed() {
    check_inputs(precompiles::long_inputs(), 7_000_000);
}

fn authorization(signer: usize, spoil: impl Fn(&mut Authorization)) -> SignedAuthorization {
    let mut authorization =
        Authorization { chain_id: U256::from(CHAIN_ID), address: STORE, nonce: 0 };
    spoil(&mut authorization);
    let signature = sign_message(secret(signer), authorization.signature_hash()).unwrap();
    authorization.into_signed(signature)
}

/// With the other of two signatures that recover to the same key: its `s` is high.
fn malleable(signed: &SignedAuthorization) -> SignedAuthorization {
    let order: U256 =
        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
    let parity = 1 - signed.y_parity();
    SignedAuthorization::new_unchecked(
        signed.inner().clone(),
        parity,
        signed.r(),
        order - signed.s(),
    )
}

#[test]
fn authorisations_count_by_their_signatures() {
    let good = authorization(5, |_| ());
    let authorization_list = vec![
        malleable(&authorization(4, |_| ())),
        SignedAuthorization::new_unchecked(good.inner().clone(), 7, good.r(), good.s()),
        SignedAuthorization::new_unchecked(good.inner().clone(), 0, U256::ZERO, good.s()),
        authorization(6, |authorization| authorization.chain_id = U256::from(3)),
        authorization(6, |authorization| authorization.nonce = 9),
        good,
    ];
    let tx = TxEip7702 {
        chain_id: CHAIN_ID,
        gas_limit: 1_000_000,
        max_fee_per_gas: 100_000_000_000,
        to: sender(5),
        input: [U256::from(7).to_be_bytes::<32>(), [1; 32]].concat().into(),
        authorization_list,
        ..Default::default()
    };
    let signature = sign_message(secret(0), tx.signature_hash()).unwrap();
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![Transaction::Eip7702(Signed::new_unhashed(tx, signature))]);
    assert_eq!(chain.slot(sender(5), 7), U256::from_be_bytes([1; 32]), "the good one counts");
    assert_eq!(chain.nonce(4), 0);
    check::batch(&chain.commit_batch(true));
}

#[test]
fn messages_of_an_invalid_payload_are_spread_over_blocks() {
    let mut chain = Chain::new();
    for index in 0..6 {
        chain.queue_deposit(20, Deposit { gas_limit: 12_000_000, ..deposit(index, 3) });
    }
    for messages in [3, 2, 2] {
        chain.build_default(1_007, messages, false);
    }
    check::batch(&chain.commit_payload(b"no payload", true));
}

#[test]
fn bad_transactions_are_left_out() {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![sign(0, call(0, STORE)), sign(0, call(1, STORE))]);
    let nobody = alloy_primitives::Signature::new(U256::ZERO, U256::from(1), false);
    let nobody = Transaction::Eip1559(Signed::new_unhashed(call(0, STORE), nobody));
    let transactions = &mut chain.blocks[0].transactions;
    transactions.insert(1, nobody);
    transactions.insert(1, sign(0, call(9, STORE)));
    chain.build(1_002, 0, vec![sign(1, call(0, STORE))]);
    check::batch(&chain.commit_batch(true));
}

/// The second block knows from the leaf before what the first has used.
#[test]
fn a_block_for_which_its_batch_has_no_gas_is_without_transactions() {
    let mut probe = Chain::new();
    probe.build(1_001, 0, vec![sign(0, call(0, STORE))]);
    let used = probe.head.gas_used;
    for fits in [true, false] {
        let mut chain = Chain::new();
        chain.spec.batch_gas = chain.spec.gas_limit + used - u64::from(!fits);
        chain.build(1_001, 0, vec![sign(0, call(0, STORE))]);
        let last = vec![sign(1, call(0, STORE))];
        chain.build(1_002, 0, if fits { last.clone() } else { vec![] });
        chain.blocks[1].transactions = last;
        chain.build(1_003, 0, vec![]);
        check::batch(&chain.commit_batch(true));
    }
}

#[test]
fn a_pre_image_that_is_none_makes_the_program_halt_as_invalid() {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![]);
    let (mut input, _, mut witness) = chain.commit_batch(false).run_block(0);
    input.config_hash = witness.insert(Bytes::from_static(&[1, 2, 3]));
    let mut trace = altana_program::Trace::new(witness, vec![], input);
    assert_eq!(trace.end_state().unwrap().cpu.status, altana_program::Status::Invalid);
    assert!(trace.leaf().is_err());
}
