//! The state transition against native building, and against hostile bytes.

use alloy_primitives::{B256, TxKind, U256, hex};
use altana_protocol::{
    Transaction,
    batch::{BLOCKS_MAX, BatchHeader},
    derive::{self, BatchGas, has_gas},
    execute::TX_GAS_MAX,
    queue::{BATCH_MESSAGES_MAX, Deposit, KIND_ATTRIBUTES, KIND_DEPOSIT, Message},
    stf::{BLOCK_INPUT_BYTES, BlockInput, MissingPreimage, PREIMAGE_BYTES_MAX, Witness, run},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    chain::*,
    random::{build, deposit, plan},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_built_is_what_the_batch_derives(
        batches in vec((vec(plan(), 1..5), any::<bool>()), 1..4),
    ) {
        let mut chain = Chain::new();
        for (plans, blobs) in &batches {
            build(&mut chain, plans);
            chain.commit_batch(*blobs).check();
        }
    }

    #[test]
    fn no_ether_is_made_or_lost(plans in vec(plan(), 1..6)) {
        let mut chain = Chain::new();
        let before = chain.supply();
        build(&mut chain, &plans);
        let minted: u128 = chain.queue[..chain.consumed]
            .iter()
            .filter_map(|message| message.deposit())
            .map(|deposit| deposit.mint)
            .sum();
        prop_assert_eq!(chain.supply(), before + U256::from(minted));
    }

    /// An invalid payload is its messages alone, at the last timestamp: here they fit one block.
    #[test]
    fn any_committed_bytes_have_exactly_one_result(
        bytes in vec(any::<u8>(), 0..10_000),
        messages in 1_usize..6,
        blobs: bool,
    ) {
        let mut chain = Chain::new();
        for index in 0..5 {
            chain.queue_deposit(20 + index / 2, deposit(index as u8, 3));
        }
        chain.build_default(1_007, messages, false);
        chain.commit_payload(&bytes, blobs).check();
    }

    /// Nobody can make a witness that gives another result (zkSync, SP1): a changed pre-image has
    /// another hash, so it is missing or not needed.
    #[test]
    fn a_mutated_witness_is_refused_or_agrees(
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
        plans in vec(plan(), 1..3),
    ) {
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        let committed = chain.commit_batch(false);
        let (output, witness) = committed.run_with_witness();
        let mut bytes = witness.encode();
        for (index, byte) in edits {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Ok(mutated) = Witness::decode(&bytes) {
            let result = run(&mutated, &committed.input);
            prop_assert!(
                result == Ok(output) || matches!(result, Err(MissingPreimage::Keccak(_))),
                "{:?}", result
            );
        }
    }
}

#[test]
fn every_pre_image_fits_one_transaction() {
    let mut chain = Chain::new();
    // The largest message, the largest contract, and a payload of some chunks.
    let mut big = deposit(5, 1);
    big.data = vec![7; 60_000 - 113].into();
    big.gas_limit = 5_000_000;
    chain.queue_deposit(20, big);
    let mut create = call(0, STORE);
    create.to = TxKind::Create;
    create.gas_limit = 15_000_000;
    create.value = U256::ZERO;
    // Returns 24,576 zero bytes, which are STOPs; the rest pads the init code to its limit.
    let mut code = hex!("6160005ff3").to_vec();
    code.resize(49_152, 1);
    create.input = code.into();
    assert_eq!(chain.build(1_001, 2, vec![sign(0, create)]), []);
    let contract = sender(0).create(0);
    assert_eq!(chain.build(1_002, 0, vec![sign(1, call(0, contract))]), []);
    chain.commit_batch(false).check();
    // In the next batch the code is a pre-image.
    assert_eq!(chain.build(1_003, 0, vec![sign(1, call(1, contract))]), []);
    let (_, witness) = chain.commit_batch(true).run_with_witness();
    assert!(witness.preimages().any(|preimage| preimage.len() == 24_576));
    assert!(witness.preimages().all(|preimage| preimage.len() <= PREIMAGE_BYTES_MAX));
}

#[test]
fn each_missing_pre_image_is_asked_for_by_name() {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![sign(0, call(0, STORE))]);
    let committed = chain.commit_batch(true);
    let (output, witness) = committed.run_with_witness();
    for left_out in witness.preimages() {
        let mut partial = Witness::default();
        for preimage in witness.preimages().filter(|preimage| *preimage != left_out) {
            partial.insert(preimage.clone());
        }
        let hash = alloy_primitives::keccak256(left_out);
        let result = run(&partial, &committed.input);
        let is_named = match &result {
            Err(MissingPreimage::Keccak(asked)) => *asked == hash,
            Err(MissingPreimage::Element { index, .. }) => *index == 0,
            Ok(found) => *found == output,
        };
        assert!(is_named, "{result:?}");
    }
}

#[test]
fn a_bad_transaction_is_left_out_and_nothing_else() {
    let bad: [fn(&mut alloy_consensus::TxEip1559); 4] = [
        |tx| tx.nonce = 9,
        |tx| tx.value = U256::MAX,
        |tx| tx.gas_limit = 1,
        |tx| tx.max_fee_per_gas = 0,
    ];
    for spoil in bad {
        let mut chain = Chain::new();
        chain.queue_deposit(10, deposit(5, 2));
        let first = vec![sign(0, call(0, STORE))];
        let third = vec![sign(2, call(0, STORE))];
        let mut spoilt = call(0, STORE);
        spoil(&mut spoilt);
        let spoilt = sign(3, spoilt);

        chain.build(1_001, 1, first);
        chain.build(1_002, 1, vec![sign(1, call(0, STORE)), sign(4, call(0, STORE))]);
        chain.build(1_003, 0, third);
        chain.blocks[1].transactions.insert(1, spoilt);
        chain.commit_batch(false).check();
    }
}

#[test]
fn a_transaction_with_an_unrecoverable_signature_is_left_out() {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![sign(1, call(0, STORE))]);
    let nobody = alloy_primitives::Signature::new(U256::ZERO, U256::from(1), false);
    let tx = alloy_consensus::Signed::new_unhashed(call(0, STORE), nobody);
    chain.blocks[0].transactions.insert(0, Transaction::Eip1559(tx));
    chain.commit_batch(true).check();
}

/// A chain of blocks of 30,000,000 gas.
fn chain_with_batch_gas(batch_gas: u64) -> Chain {
    let mut chain = Chain::new();
    chain.spec.batch_gas = batch_gas;
    chain
}

/// What blocks use, and messages of later blocks may use, must leave a block's gas: else a block has its
/// messages alone. One that was left out takes nothing from those after it.
#[test]
fn a_batch_without_gas_for_a_block_takes_messages_alone() {
    let transfer = |nonce: u64| sign(0, call(nonce, STORE));
    // Init code that loses all gas.
    let mut burn = call(0, STORE);
    burn.to = TxKind::Create;
    burn.input = hex!("fe").into();
    burn.gas_limit = 5_000_000;
    burn.value = U256::ZERO;
    let burn = sign(0, burn);
    let mut probe = chain_with_batch_gas(u64::MAX);
    assert_eq!(probe.build(1_001, 1, vec![burn.clone()]), []);
    let used = probe.head.gas_used;
    assert!(used > 5_000_000);
    // The last block needs what the first has used, 2,000,000 for the deposit that it takes, and a
    // block's gas.
    let need = used + 2_000_000 + 30_000_000;
    for (batch_gas, fits) in [(need, true), (need - 1, false)] {
        let mut chain = chain_with_batch_gas(batch_gas);
        chain.queue_deposit(20, Deposit { gas_limit: 2_000_000, ..deposit(5, 1) });
        chain.build(1_001, 1, vec![burn.clone()]);
        let last = if fits { vec![transfer(1)] } else { vec![] };
        chain.build(1_002, 1, last);
        chain.blocks[1].transactions = vec![transfer(1)];
        chain.commit_batch(false).check();
    }
    // The deposit of the second block leaves the first no gas, and both leave the third enough.
    let mut chain = chain_with_batch_gas(30_000_000 + 2_000_000 + 999_999);
    chain.queue_deposit(20, Deposit { gas_limit: 2_000_000, ..deposit(5, 1) });
    chain.build(1_001, 1, vec![]);
    chain.build(1_002, 1, vec![]);
    chain.build(1_003, 0, vec![transfer(0)]);
    chain.blocks[0].transactions = vec![transfer(0)];
    assert_eq!(chain.nonce(0), 1);
    chain.commit_batch(true).check();
}

proptest! {
    /// What a batcher counts is what the state transition allows.
    #[test]
    fn blocks_that_fit_a_batch_keep_their_transactions(
        blocks in vec((0_u64..40, 0_u64..30_000_000, any::<bool>()), 1..8),
        batch_gas in 60_000_000_u64..120_000_000,
    ) {
        let spec = chain_with_batch_gas(batch_gas).spec;
        // Gas of messages in whole units, which blocks use.
        let blocks: Vec<_> = blocks
            .into_iter()
            .map(|(units, used, signed)| {
                let messages = units * 1024 * 700;
                (messages, if signed { used.max(messages) } else { messages }, signed)
            })
            .collect();
        let mut gas = BatchGas::default();
        for (messages, used, signed) in &blocks {
            gas.add(&spec, *messages, *used, *signed);
        }
        let total: u64 = blocks.iter().map(|block| block.0).sum();
        let (mut before, mut rest, mut all) = (0, total, total <= batch_gas);
        for (messages, used, signed) in &blocks {
            all &= !signed || has_gas(&spec, before, rest);
            before += used;
            rest -= messages;
        }
        prop_assert_eq!(gas.fits(&spec), all);
        prop_assert_eq!(gas.is_full(&spec), total > batch_gas - spec.gas_limit);
    }
}

#[test]
fn a_payload_that_breaks_a_rule_becomes_the_default_block() {
    let broken: [fn(&mut Chain); 7] = [
        |chain| chain.blocks[0].messages -= 1,
        |chain| chain.blocks[1].messages += 1,
        |chain| chain.blocks[0].timestamp = 999,
        |chain| chain.blocks[1].timestamp = 1_008,
        |chain| chain.blocks[0].labels.truncate(1),
        |chain| chain.blocks[0].labels[1] = chain.blocks[0].labels[0],
        |chain| {
            let label = chain.blocks[0].labels[0];
            chain.blocks[1].labels.push(label);
        },
    ];
    for spoil in broken {
        let mut chain = Chain::new();
        chain.queue_deposit(20, deposit(5, 1));
        chain.queue_deposit(20, deposit(5, 2));
        chain.queue_deposit(21, deposit(5, 3));
        let mut spoilt = Chain::new();
        std::mem::swap(&mut spoilt, &mut chain);
        // The blocks of a builder, taken from one chain and committed by another.
        spoilt.build(1_001, 4, vec![sign(0, call(0, STORE))]);
        spoilt.build(1_007, 0, vec![]);
        spoil(&mut spoilt);
        let payload = altana_protocol::batch::encode_payload(CHAIN_ID, &spoilt.blocks).unwrap();
        chain.queue_deposit(20, deposit(5, 1));
        chain.queue_deposit(20, deposit(5, 2));
        chain.queue_deposit(21, deposit(5, 3));
        chain.build_default(1_007, 4, false);
        chain.commit_payload(&payload, false).check();
    }
}

/// Gas limits of deposits, and how many messages each block of an invalid payload takes of a queue
/// that begins with attributes (1,000,000 gas) on a chain of 30,000,000.
const SPREAD: [(&[u64], &[usize]); 5] = [
    (&[14_500_000, 14_500_000], &[3]),
    (&[14_500_000, 14_500_001], &[2, 1]),
    (&[10_000_000, 10_000_000, 10_000_000, TX_GAS_MAX, 1], &[3, 3]),
    (&[u64::MAX, u64::MAX, 1], &[2, 2]),
    (&[TX_GAS_MAX, TX_GAS_MAX + 1, TX_GAS_MAX], &[2, 1, 1]),
];

fn queue_of(gas_limits: &[u64]) -> Chain {
    let mut chain = Chain::new();
    for (index, gas_limit) in gas_limits.iter().enumerate() {
        let gas_limit = *gas_limit;
        chain.queue_deposit(20, Deposit { gas_limit, ..deposit(5, index as u64) });
    }
    chain
}

#[test]
fn an_invalid_payload_becomes_as_many_blocks_as_its_messages_need() {
    for (gas_limits, blocks) in SPREAD {
        let mut chain = queue_of(gas_limits);
        for messages in blocks {
            chain.build_default(1_007, *messages, false);
        }
        chain.commit_payload(b"no payload", false).check();
    }
}

#[test]
fn a_block_whose_messages_do_not_fit_makes_the_payload_invalid() {
    for (gas_limits, blocks) in SPREAD {
        let count = gas_limits.len() + 1;
        // As a careless sequencer builds them.
        let mut careless = queue_of(gas_limits);
        careless.build(1_001, count, vec![]);
        careless.build(1_007, 0, vec![sign(0, call(0, STORE))]);
        if blocks.len() == 1 {
            careless.commit_batch(true).check();
            continue;
        }
        let payload = altana_protocol::batch::encode_payload(CHAIN_ID, &careless.blocks).unwrap();
        let mut chain = queue_of(gas_limits);
        for messages in blocks {
            chain.build_default(1_007, *messages, false);
        }
        chain.commit_payload(&payload, true).check();
    }
}

#[test]
fn the_messages_of_a_batch_never_need_more_blocks_than_it_may_have() {
    let count = BATCH_MESSAGES_MAX as usize;
    let mut chain = queue_of(&vec![16_000_000; count - 1]);
    chain.spec.gas_limit = 1_000_000;
    let header = BatchHeader { queue_end: BATCH_MESSAGES_MAX, ..BatchHeader::default() };
    let blocks = derive::plan(&chain.spec, &header, &chain.queued(0..count), None);
    assert_eq!(blocks.len(), count);
    assert!(blocks.len() <= BLOCKS_MAX);
    assert!(blocks.iter().map(|block| block.queue_end).eq(1..=BATCH_MESSAGES_MAX));
    let none = derive::plan(&chain.spec, &BatchHeader::default(), &[], None);
    assert_eq!(none.len(), 1);
}

#[test]
fn an_input_is_what_its_bytes_say() {
    let input = BlockInput {
        config_hash: B256::repeat_byte(1),
        previous_leaf: B256::repeat_byte(2),
        batch_hash: B256::repeat_byte(3),
        block_index: 1_023,
    };
    let bytes = input.encode();
    assert_eq!(bytes.len(), BLOCK_INPUT_BYTES);
    assert_eq!(BlockInput::decode(&bytes), Some(input));
    assert_eq!(BlockInput::decode(&bytes[1..]), None);
    let mut too_high = bytes;
    too_high[96 + 23] = 1;
    assert_eq!(BlockInput::decode(&too_high), None);
}

#[test]
fn a_message_that_does_not_decode_is_consumed_and_skipped() {
    let mut chain = Chain::new();
    let odd = [
        (KIND_DEPOSIT, vec![1; 112]),
        (KIND_DEPOSIT, vec![2; 200]),
        (KIND_ATTRIBUTES, vec![0xff; 192]),
        (KIND_ATTRIBUTES, vec![0; 191]),
        (77, vec![]),
    ];
    for (kind, payload) in odd {
        chain.queue_message(Message {
            kind,
            parent_block: 30,
            parent_timestamp: 1_000,
            payload: payload.into(),
        });
    }
    chain.build(1_001, 6, vec![]);
    assert_eq!(chain.blocks[0].labels.len(), 2, "one for each message of kind deposit");
    let mut alone = Chain::new();
    alone.build(1_001, 1, vec![]);
    assert_eq!(chain.head, alone.head);
    chain.commit_batch(true).check();
}

#[test]
fn labels_name_deposits_and_change_nothing_else() {
    let build = |labelled: bool| {
        let mut chain = Chain::new();
        chain.queue_deposit(20, deposit(5, 1));
        chain.build_default(1_001, 2, labelled);
        chain.head
    };
    let (labelled, unlabelled) = (build(true), build(false));
    assert_ne!(labelled.transactions_root, unlabelled.transactions_root);
    assert_eq!(labelled.state_root, unlabelled.state_root);
    assert_ne!(B256::ZERO, labelled.transactions_root);
}
