//! Calls, replays, proofs, witnesses and logs agree with what the blocks did.

mod common;

use alloy_primitives::{B256, Bytes, TxKind, U256, keccak256};
use altana_ledger::{
    BlockAttributes, Call, CallError, InvalidTransaction, Ledger, LogFilter, PushError, Rules,
};
use altana_protocol::trie;
use common::{
    STORE, build, ethereum, in_memory, recipient, rollup, signer, store_call, transaction,
};
use revm::{inspector::NoOpInspector, state::Bytecode};

fn chain(rules: Rules, blocks: u64) -> Ledger {
    let ledger = in_memory(rules);
    for seed in 0..blocks {
        ledger.commit(build(&ledger, ledger.head().hash(), seed)).unwrap();
    }
    ledger
}

#[test]
fn a_replay_gives_the_receipts_again() {
    for rules in [rollup(), ethereum()] {
        let ledger = chain(rules, 12);
        for number in 1..=12 {
            let block = ledger.block_by_number(number).unwrap().unwrap();
            for (index, tx) in block.transactions.iter().enumerate() {
                let mut simulator = ledger.replay(block.hash(), index).unwrap();
                let result = simulator.inspect_transaction(tx, &mut NoOpInspector).unwrap().result;
                assert_eq!(result.tx_gas_used(), block.gas_used(index).unwrap());
                assert_eq!(result.is_success(), block.receipts[index].success);
                assert_eq!(result.into_logs(), block.receipts[index].logs);
            }
            // All of a block's transactions in one go.
            let mut simulator = ledger.replay(block.hash(), 0).unwrap();
            for (index, tx) in block.transactions.iter().enumerate() {
                let done = simulator.inspect_transaction(tx, &mut NoOpInspector).unwrap();
                assert_eq!(done.result.tx_gas_used(), block.gas_used(index).unwrap());
                simulator.keep(done.state);
            }
        }
    }
}

#[test]
fn proofs_hold_against_the_state_root_of_any_block() {
    let ledger = chain(rollup(), 12);
    for number in 0..=12 {
        let block = ledger.block_by_number(number).unwrap().unwrap();
        let state = ledger.state(block.hash()).unwrap();
        for address in [STORE, recipient(1), recipient(99)] {
            let slots: Vec<B256> = (0..4).map(|slot| U256::from(slot).into()).collect();
            let proof = ledger.proof(address, &slots, block.hash()).unwrap();
            let root = block.header.state_root;
            let shown = trie::verify::<trie::Account>(root, &keccak256(address), &proof.proof);
            let shown = shown.unwrap().map(|account| account.to_trie_account());
            assert_eq!(shown.map_or(U256::ZERO, |account| account.balance), proof.balance);
            assert_eq!(shown.map_or(0, |account| account.nonce), proof.nonce);
            for slot in &proof.slots {
                let key = keccak256(slot.slot);
                let shown = trie::verify::<U256>(proof.storage_root, &key, &slot.proof).unwrap();
                assert_eq!(shown.unwrap_or_default(), slot.value);
                assert_eq!(state.slot(address, slot.slot.into()).unwrap(), slot.value);
            }
        }
    }
}

#[test]
fn a_witness_has_just_what_its_block_reads() {
    let ledger = chain(rollup(), 8);
    for number in 1..=8 {
        let block = ledger.block_by_number(number).unwrap().unwrap();
        let parent = ledger.block_by_number(number - 1).unwrap().unwrap();
        let witness = ledger.witness(block.hash()).unwrap();
        let root = keccak256(&witness.nodes[0]);
        assert!(witness.nodes.iter().any(|node| keccak256(node) == parent.header.state_root));
        assert!(witness.nodes.is_sorted_by_key(keccak256) && root == keccak256(&witness.nodes[0]));
        let has_store_call = block
            .transactions
            .iter()
            .any(|tx| alloy_consensus::Transaction::to(tx.inner()) == Some(STORE));
        let store_code = ledger.state(block.hash()).unwrap().code(STORE).unwrap();
        assert!(!has_store_call || witness.codes.contains(&store_code));
    }
}

#[test]
fn logs_are_found_by_address_and_missed_by_topic() {
    let ledger = chain(rollup(), 12);
    let all = ledger.logs(0..=u64::MAX, &LogFilter::default(), 10_000).unwrap();
    let expected: usize = (0..=12)
        .map(|number| ledger.block_by_number(number).unwrap().unwrap())
        .map(|block| block.receipts.iter().map(|receipt| receipt.logs.len()).sum::<usize>())
        .sum();
    assert!(expected > 5);
    assert_eq!(all.len(), expected);
    let by_store = LogFilter { addresses: vec![STORE], ..LogFilter::default() };
    assert_eq!(
        ledger.logs(3..=7, &by_store, 10_000).unwrap().len(),
        all.iter().filter(|entry| (3..=7).contains(&entry.block.number())).count()
    );
    let topics = [vec![B256::ZERO], vec![], vec![], vec![]];
    let by_topic = LogFilter { topics, ..LogFilter::default() };
    assert!(ledger.logs(0..=12, &by_topic, 10_000).unwrap().is_empty());
    assert!(ledger.logs(0..=12, &by_store, 2).is_err());
}

#[test]
fn calls_see_overrides_and_change_nothing() {
    for rules in [rollup(), ethereum()] {
        let ledger = chain(rules, 3);
        let head = ledger.head().hash();
        let mut simulator = ledger.simulate(head).unwrap();
        let caller = recipient(1000);
        let call = |to, value: u64, data: Bytes| Call {
            caller,
            kind: TxKind::Call(to),
            value: U256::from(value),
            data,
            gas_limit: 1_000_000,
            ..Call::default()
        };
        // Nobody pays for gas, but value must be there.
        simulator.call(call(STORE, 0, store_call(1, 1))).unwrap();
        let refused = simulator.call(call(STORE, 5, Bytes::new())).unwrap_err();
        let is_poor =
            matches!(refused, CallError::Invalid(InvalidTransaction::InsufficientFunds { .. }));
        assert!(is_poor, "{refused}");
        simulator.set_balance(caller, U256::from(5)).unwrap();
        simulator.call(call(STORE, 5, Bytes::new())).unwrap();
        // sload(0), returned.
        let code = Bytecode::new_raw("5f545f5260205ff3".parse::<Bytes>().unwrap());
        simulator.set_code(recipient(7), code).unwrap();
        let read = |simulator: &mut altana_ledger::Simulator| {
            let output = simulator.call(call(recipient(7), 0, Bytes::new())).unwrap().result;
            U256::from_be_slice(output.output().unwrap())
        };
        assert_eq!(read(&mut simulator), U256::ZERO);
        let slot = |value: u64| [(B256::ZERO, B256::from(U256::from(value)))];
        simulator.set_storage(recipient(7), slot(77), false).unwrap();
        assert_eq!(read(&mut simulator), U256::from(77));
        simulator.set_storage(recipient(7), slot(78), true).unwrap();
        assert_eq!(read(&mut simulator), U256::from(78));
        simulator.set_storage(recipient(7), [], true).unwrap();
        assert_eq!(read(&mut simulator), U256::ZERO);
        assert_eq!(ledger.state(head).unwrap().code(recipient(7)).unwrap(), Bytes::new());
    }
}

#[test]
fn a_pending_block_shows_what_it_will_be() {
    for rules in [rollup(), ethereum()] {
        let ledger = chain(rules, 2);
        let head = ledger.head();
        let attributes =
            BlockAttributes { timestamp: head.header.timestamp + 1, ..Default::default() };
        let mut builder = ledger.build(head.hash(), attributes).unwrap();
        let nonce = ledger.state(head.hash()).unwrap().account(signer(0).address()).unwrap();
        let nonce = nonce.unwrap().nonce;
        builder.push(transaction(0, nonce, STORE, 0, store_call(5, 55))).unwrap();
        let pending = builder.snapshot().unwrap();
        assert_eq!(pending.block.number(), head.number() + 1);
        assert_eq!(pending.block.receipts.len(), pending.block.transactions.len());
        assert_eq!(pending.state.slot(STORE, U256::from(5)).unwrap(), U256::from(55));
        let account = pending.state.account(signer(0).address()).unwrap().unwrap();
        assert_eq!(account.nonce, nonce + 1);
        pending.simulate().unwrap().call(Call::default()).unwrap();
        let again = builder.push(transaction(0, nonce, STORE, 0, store_call(5, 56)));
        let low = matches!(again, Err(PushError::Invalid(InvalidTransaction::NonceTooLow { .. })));
        assert!(low, "{again:?}");
        let block = ledger.commit(builder.seal().unwrap()).unwrap();
        assert_eq!(block.transactions, pending.block.transactions);
        assert_eq!(block.receipts, pending.block.receipts);
        assert_eq!(
            ledger.state(block.hash()).unwrap().slot(STORE, U256::from(5)).unwrap(),
            U256::from(55)
        );
        assert_eq!(ledger.next_fees().base_fee, {
            let attributes =
                BlockAttributes { timestamp: block.header.timestamp + 1, ..Default::default() };
            let next = ledger.build(block.hash(), attributes).unwrap().seal().unwrap();
            next.block.header.base_fee_per_gas.unwrap()
        });
    }
}

#[test]
fn handles_can_move_between_threads() {
    fn check_shared<T: Send + Sync>() {}
    check_shared::<Ledger>();
    check_shared::<altana_ledger::StateView>();
    check_shared::<altana_ledger::Pending>();
    check_shared::<altana_ledger::SealedBlock>();
}
