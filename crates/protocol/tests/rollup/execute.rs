//! The rules of one block.

use alloy_consensus::{SignableTransaction, Signed, TxEip7702, crypto::secp256k1::sign_message};
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use altana_protocol::{
    Transaction,
    execute::{BlockExecutor, ExecuteError, InvalidTransaction, Messages, TX_GAS_MAX},
    predeploys::{BASE_FEE_VAULT, FEE_VAULT, L1_BLOCK, L1_FEE_VAULT},
    queue::Deposit,
};

use crate::chain::*;

fn deposit(from: Address, to: Address) -> Deposit {
    Deposit {
        from,
        to: TxKind::Call(to),
        mint: ETHER,
        value: U256::from(ETHER),
        gas_limit: 100_000,
        data: Bytes::new(),
    }
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

/// Pushes one transaction into a fresh block and says why it is refused.
fn refusal(tx: Transaction) -> String {
    Chain::new().build(1_001, 1, vec![tx]).remove(0).to_string()
}

#[test]
fn refusals_are_the_words_that_wallets_match_on() {
    let check = |edit: fn(&mut alloy_consensus::TxEip1559), expect: &str| {
        let mut tx = call(0, STORE);
        edit(&mut tx);
        let text = refusal(sign(0, tx));
        assert!(text.contains(expect), "{text:?} should contain {expect:?}");
    };
    check(|tx| tx.nonce = 3, "nonce too high");
    check(|tx| tx.value = U256::MAX, "insufficient funds for gas * price + value");
    check(|tx| tx.value = U256::from(1000 * ETHER), "insufficient funds for gas * price + value");
    check(|tx| tx.gas_limit = 20_999, "intrinsic gas too low");
    check(|tx| tx.input = vec![1; 5000].into(), "insufficient gas for floor data gas cost");
    check(
        |tx| {
            tx.max_fee_per_gas = 10;
            tx.max_priority_fee_per_gas = 0;
        },
        "max fee per gas less than block base fee",
    );
    check(|tx| tx.max_fee_per_gas = 10, "max priority fee per gas higher than max fee per gas");
    check(|tx| tx.gas_limit = 30_000_001, "exceeds block gas limit");
    check(|tx| tx.gas_limit = TX_GAS_MAX + 1, "transaction gas limit too high (cap: 16777216");
    check(|tx| tx.chain_id = 1, "invalid chain id");
    check(
        |tx| {
            tx.to = TxKind::Create;
            tx.gas_limit = 10_000_000;
            tx.input = vec![0; 49_153].into();
        },
        "max initcode size exceeded",
    );

    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![sign(0, call(0, STORE))]);
    let text = chain.build(1_002, 0, vec![sign(0, call(0, STORE))]).remove(0).to_string();
    assert!(text.contains("nonce too low"), "{text:?}");
}

#[test]
fn a_full_block_refuses_until_the_next() {
    let mut chain = Chain::new();
    let big = |index, gas_limit| {
        sign(index, {
            let mut tx = call(0, STORE);
            tx.gas_limit = gas_limit;
            tx
        })
    };
    let refused =
        chain.build(1_001, 1, vec![big(0, TX_GAS_MAX), big(1, 29_980_000), big(2, 5_000_000)]);
    assert_eq!(refused, [InvalidTransaction::BlockFull]);
    assert!(refused[0].may_become_valid());
    assert_eq!(chain.blocks[0].transactions.len(), 2);
}

/// Base, 2026: an invalid transaction left loaded accounts in the journal, and the next one paid
/// less for them than it would have alone.
#[test]
fn an_invalid_transaction_leaves_no_trace_in_the_block() {
    let spoiler = |index: usize| {
        let mut tx = call(0, STORE);
        tx.value = U256::from(1000 * ETHER);
        tx.access_list = vec![alloy_eips::eip2930::AccessListItem {
            address: STORE,
            storage_keys: vec![B256::from(word(7))],
        }]
        .into();
        sign(index, tx)
    };
    let mut input = word(7).to_vec();
    input.extend(word(9));
    let good = |nonce| {
        sign(1, {
            let mut tx = call(nonce, STORE);
            tx.input = input.clone().into();
            tx
        })
    };
    let with = {
        let mut chain = Chain::new();
        let candidates = vec![spoiler(0), good(0), spoiler(2), good(1), good(7), spoiler(3)];
        assert_eq!(chain.build(1_001, 1, candidates).len(), 4);
        chain
    };
    let without = {
        let mut chain = Chain::new();
        assert_eq!(chain.build(1_001, 1, vec![good(0), good(1)]).len(), 0);
        chain
    };
    assert_eq!(with.head, without.head);
}

#[test]
fn fees_go_to_the_vaults_and_no_ether_is_made_or_lost() {
    let mut chain = Chain::new();
    let before = chain.supply();
    chain.build(1_001, 1, vec![sign(0, call(0, Address::repeat_byte(0x99)))]);
    for vault in [FEE_VAULT, BASE_FEE_VAULT, L1_FEE_VAULT] {
        assert!(!chain.balance(vault).is_zero(), "{vault} earns");
    }
    assert_eq!(chain.supply(), before);
}

/// op-geth, 2022: SELFDESTRUCT left the ether where it was, and gave it to the beneficiary too.
#[test]
fn selfdestruct_conserves_ether() {
    let mut chain = Chain::new();
    let before = chain.supply();
    let heir = Address::repeat_byte(0x77);
    // Init code that self-destructs to `heir`; and a contract that does so when it is called.
    let mut now = vec![0x73];
    now.extend_from_slice(heir.as_slice());
    now.push(0xff);
    let create = |nonce, input: Vec<u8>| {
        sign(0, {
            let mut tx = call(nonce, heir);
            tx.to = TxKind::Create;
            tx.value = U256::from(5);
            tx.input = input.into();
            tx
        })
    };
    // Copies the 22 bytes behind itself into memory and returns them.
    assert_eq!(now.len(), 0x16);
    let mut later = hex!("6016600a5f3960165ff3").to_vec();
    later.extend_from_slice(&now);
    assert!(chain.build(1_001, 1, vec![create(0, now), create(1, later)]).is_empty());
    assert_eq!(chain.balance(heir), U256::from(5));
    let contract = sender(0).create(1);
    assert_eq!(chain.balance(contract), U256::from(5));
    assert!(chain.build(1_002, 0, vec![sign(1, call(0, contract))]).is_empty());
    // EIP-6780: an old contract keeps its code and loses its ether.
    assert_eq!(chain.balance(contract), U256::ZERO);
    assert_eq!(chain.balance(heir), U256::from(11));
    assert_eq!(chain.supply(), before);
    chain.commit_batch(false).check();
}

/// Starknet, 2026: a nested call that reverted and was caught left its writes behind.
#[test]
fn a_caught_revert_is_undone() {
    let mut chain = Chain::new();
    let tx = sign(0, {
        let mut tx = call(0, CATCHER);
        tx.value = U256::ZERO;
        tx
    });
    assert!(chain.build(1_001, 1, vec![tx]).is_empty());
    assert_eq!(chain.slot(REVERTER, 0), U256::ZERO);
    assert_eq!(chain.slot(CATCHER, 1), U256::from(1), "the call failed, its caller went on");
    chain.commit_batch(true).check();
}

#[test]
fn a_deposit_mints_and_calls() {
    let mut chain = Chain::new();
    let (from, to) = (Address::repeat_byte(0x51), Address::repeat_byte(0x52));
    chain.queue_deposit(5, deposit(from, to));
    let before = chain.supply();
    chain.build(1_001, 2, vec![]);
    assert_eq!(chain.balance(to), U256::from(ETHER));
    assert_eq!(chain.balance(from), U256::ZERO);
    assert_eq!(chain.supply(), before + U256::from(ETHER));
}

#[test]
fn a_failed_deposit_keeps_its_mint_and_its_sender_s_nonce_rises() {
    let from = Address::repeat_byte(0x51);
    let failures: [fn(&mut Deposit); 4] = [
        |deposit| deposit.to = TxKind::Call(REVERTER),
        |deposit| deposit.value = U256::from(2 * ETHER),
        |deposit| deposit.gas_limit = 20_000,
        |deposit| {
            deposit.to = TxKind::Create;
            deposit.data = hex!("fe").into();
        },
    ];
    for fail in failures {
        let mut chain = Chain::new();
        let mut deposit = deposit(from, STORE);
        fail(&mut deposit);
        chain.queue_deposit(5, deposit);
        chain.build(1_001, 2, vec![]);
        assert_eq!(chain.balance(from), U256::from(ETHER));
        let info = chain.db.cache.accounts[&from].info.clone();
        assert_eq!(info.nonce, 1);
        chain.commit_batch(false).check();
    }
}

#[test]
fn a_deposit_that_asks_for_more_gas_than_a_transaction_may_have_gets_that_much() {
    let from = Address::repeat_byte(0x51);
    let mut chain = Chain::new();
    // JUMPDEST, PUSH0, JUMP: runs until its gas is used up.
    let data = hex!("5b5f56").into();
    let to = TxKind::Create;
    chain.queue_deposit(5, Deposit { gas_limit: u64::MAX, to, data, ..deposit(from, STORE) });
    chain.build(1_001, 2, vec![sign(0, call(0, STORE))]);
    let [before, after] = [0, 1].map(|index| chain.receipts[index].cumulative_gas_used);
    assert_eq!(after - before, TX_GAS_MAX);
    assert_eq!(chain.balance(from), U256::from(ETHER), "its mint stays");
    assert_eq!(chain.head.gas_limit, 30_000_000);
    assert_eq!(chain.blocks[0].transactions.len(), 1);
    chain.commit_batch(false).check();
}

#[test]
fn attributes_reach_l1_block_before_the_block_s_transactions_pay_for_data() {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![]);
    assert_eq!(chain.slot(L1_BLOCK, 1), U256::from(20_000_000_000_u64));
    assert_eq!(chain.slot(L1_BLOCK, 7), U256::from(3_000_000_000_u64));
    assert_eq!(chain.head.mix_hash, alloy_primitives::keccak256([1, 1]));
    // The same transaction, in a block that has the attributes and in one after it.
    let fee = |blocks: &[usize]| {
        let mut chain = Chain::new();
        for (index, messages) in blocks.iter().enumerate() {
            let last = index + 1 == blocks.len();
            let txs = if last { vec![sign(0, call(0, STORE))] } else { vec![] };
            chain.build(1_001, *messages, txs);
        }
        chain.balance(L1_FEE_VAULT)
    };
    assert!(!fee(&[1]).is_zero());
    assert_eq!(fee(&[1]), fee(&[1, 0]));
}

#[test]
fn blockhash_reads_the_newest_256_blocks_from_state() {
    let mut chain = Chain::new();
    let mut hashes = vec![chain.head_hash];
    for number in 1..=300 {
        chain.build(1_000 + number, (number == 1) as usize, vec![]);
        hashes.push(chain.head_hash);
    }
    let numbers = [(300, true), (299, true), (45, true), (44, false), (301, false), (0, false)];
    let reads = numbers.iter().enumerate().map(|(nonce, (number, _))| {
        let mut tx = call(nonce as u64, BLOCKHASH);
        tx.input = word(*number).into();
        sign(0, tx)
    });
    assert!(chain.build(1_400, 0, reads.collect()).is_empty());
    for (number, known) in numbers {
        let expect = if known { hashes[number as usize] } else { B256::ZERO };
        assert_eq!(B256::from(chain.slot(BLOCKHASH, number)), expect, "block {number}");
    }
    chain.commit_batch(true).check();
}

#[test]
fn an_account_can_borrow_code_by_authorisation() {
    let mut chain = Chain::new();
    let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: STORE, nonce: 0 };
    let signature = sign_message(secret(1), authorization.signature_hash()).unwrap();
    let mut input = word(3).to_vec();
    input.extend(word(4));
    let tx = TxEip7702 {
        chain_id: CHAIN_ID,
        nonce: 0,
        gas_limit: 300_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 0,
        to: sender(1),
        value: U256::ZERO,
        access_list: Default::default(),
        authorization_list: vec![authorization.into_signed(signature)],
        input: input.into(),
    };
    let signed = |tx: TxEip7702| {
        let signature = sign_message(secret(0), tx.signature_hash()).unwrap();
        Transaction::Eip7702(Signed::new_unhashed(tx, signature))
    };
    // An authorisation costs 25,000.
    let list = vec![tx.authorization_list[0].clone(); 13];
    assert_eq!(
        refusal(signed(TxEip7702 { authorization_list: list, ..tx.clone() })),
        "intrinsic gas too low: have 300000, want 325000"
    );
    assert_eq!(chain.build(1_001, 1, vec![signed(tx)]), []);
    assert_eq!(chain.slot(sender(1), 3), U256::from(4));
    chain.commit_batch(true).check();
}

#[test]
fn the_pending_state_can_be_read_while_the_block_is_open() {
    let mut chain = Chain::new();
    let messages = Messages::new(&chain.queued(0..1), &[]);
    let (head, hash) = (chain.head.clone(), chain.head_hash);
    let mut open =
        BlockExecutor::new(&chain.spec, &head, hash, 1_001, &messages, &mut chain.db).unwrap();
    let mut seen = Vec::new();
    for nonce in 0..3 {
        let tx = recovered(sign(0, call(nonce, Address::repeat_byte(0x99))));
        let encoded = tx.encoded();
        let done = open
            .push_watched(tx.as_recovered_ref(), encoded, |state| {
                seen.push(state[&Address::repeat_byte(0x99)].info.balance);
            })
            .unwrap();
        assert!(done.success && done.gas_used == 21_000);
        let pending = &open.changes().state[&Address::repeat_byte(0x99)];
        assert_eq!(pending.info.as_ref().unwrap().balance, U256::from(nonce + 1));
    }
    assert_eq!(seen, [U256::from(1), U256::from(2), U256::from(3)]);
    let broken = recovered(sign(0, call(9, STORE)));
    let result = open.push(broken.as_recovered_ref());
    assert!(matches!(result, Err(ExecuteError::Invalid(InvalidTransaction::NonceTooHigh { .. }))));
    assert_eq!(open.receipts().len(), 4);
    assert_eq!(open.finish().changes.state[&sender(0)].info.as_ref().unwrap().nonce, 3);
}

/// A block forgets codes that it has loaded, but never one that it has created.
#[test]
fn code_that_a_block_created_is_found_after_it_has_looked_at_many_others() {
    let visited = |index: u64| {
        let code = [&[0x5b][..], &index.to_be_bytes()].concat();
        (Address::from_word(U256::from(0x1000 + index).into()), code.into())
    };
    let visitor = Address::repeat_byte(0x71);
    // EXTCODESIZE of 0x112c down to 0x1001.
    let code = hex!("61112c5b803b50600190038061100018600357 00").into();
    let contracts = (1..=300).map(visited).chain([(visitor, code)]);
    let mut chain = Chain::with(contracts.collect());

    let create = |nonce| {
        let mut tx = call(nonce, STORE);
        (tx.to, tx.value) = (TxKind::Create, U256::ZERO);
        // Returns the six bytes behind it: `STORE`'s code, which writes the second word of the
        // calldata to the slot that the first one names.
        tx.input = hex!("65 6020355f3555 5f52 6006 601a f3").into();
        tx
    };
    let visit = |nonce| {
        let mut tx = call(nonce, visitor);
        (tx.gas_limit, tx.value) = (2_000_000, U256::ZERO);
        tx
    };
    let write = |nonce, value| {
        let mut tx = call(nonce, sender(0).create(0));
        (tx.value, tx.input) = (U256::ZERO, [word(7), word(value)].concat().into());
        tx
    };
    let transactions = [create(0), visit(1), write(2, 1), visit(3), visit(4), write(5, 2)];
    let refused = chain.build(1_001, 1, transactions.map(|tx| sign(0, tx)).into());
    assert_eq!(refused, []);
    assert_eq!(chain.slot(sender(0).create(0), 7), U256::from(2));
    // And by a later block, of the same batch and of the next.
    chain.build(1_002, 0, vec![sign(0, write(6, 3))]);
    chain.commit_batch(false).check();
    chain.build(1_003, 0, vec![sign(0, write(7, 4))]);
    assert_eq!(chain.slot(sender(0).create(0), 7), U256::from(4));
    chain.commit_batch(true).check();
}
