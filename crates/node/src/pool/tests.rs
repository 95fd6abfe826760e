//! The pool against a plain model, and what it promises in particular.

use super::{
    AccountState, Journal, Limits, Pool, PoolService, PooledTransaction, Rejection, journal::record,
};
use crate::sim::world::{START_MS, chain, open, transfer, user};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, Signature, TxKind, U256};
use altana_ledger::BlockAttributes;
use altana_protocol::{Transaction, execute::TX_GAS_MAX, transaction::Recovered};
use futures::executor::block_on;
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use std::{cell::RefCell, collections::HashMap, io::Write, time::Instant};

const RICH: u64 = u64::MAX;

fn address(user: u8) -> Address {
    Address::with_last_byte(user)
}

fn transaction(user: u8, nonce: u64, cap: u128, tip: u128) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: cap,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(address(99)),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    // The sender is part of the hash, so that two users' transactions differ.
    let signature = Signature::new(U256::from(user) + U256::ONE, U256::ONE, false);
    Recovered::new_unchecked(Transaction::Eip1559(tx.into_signed(signature)), address(user))
}

fn pooled(user: u8, nonce: u64, cap: u128, tip: u128) -> PooledTransaction {
    PooledTransaction::new(transaction(user, nonce, cap, tip), 100, U256::ZERO)
}

#[derive(Default)]
struct Chain(RefCell<HashMap<Address, u64>>);

impl super::Accounts for Chain {
    fn account(&self, address: Address) -> Result<AccountState, String> {
        let nonce = self.0.borrow().get(&address).copied().unwrap_or_default();
        Ok(AccountState { nonce, balance: U256::from(RICH), has_code: false })
    }
}

fn pool(limits: Limits) -> (Pool, Chain) {
    (Pool::new(limits, 1), Chain::default())
}

fn take(pool: &mut Pool) -> Vec<(u8, u64)> {
    let taken = pool.take(1000, u64::MAX, usize::MAX);
    taken.iter().map(|tx| (tx.sender()[19], tx.nonce())).collect()
}

#[test]
fn the_best_tip_comes_first_then_the_earliest() {
    let (mut pool, chain) = pool(Limits::default());
    for (user, tip) in [(1, 5), (2, 9), (3, 5), (4, 1)] {
        pool.insert(pooled(user, 0, 100, tip), &chain).unwrap();
    }
    pool.insert(pooled(1, 1, 100, 50), &chain).unwrap();
    assert_eq!(take(&mut pool), [(2, 0), (1, 0), (1, 1), (3, 0), (4, 0)]);
}

#[test]
fn a_fee_cap_below_the_base_fee_waits() {
    let (mut pool, chain) = pool(Limits::default());
    pool.insert(pooled(1, 0, 10, 10), &chain).unwrap();
    pool.insert(pooled(2, 0, 30, 1), &chain).unwrap();
    pool.set_base_fee(20);
    assert_eq!(take(&mut pool), [(2, 0)]);
    pool.set_base_fee(5);
    assert_eq!(take(&mut pool), [(1, 0)]);
}

#[test]
fn a_gap_holds_later_transactions_back() {
    let (mut pool, chain) = pool(Limits::default());
    pool.insert(pooled(1, 0, 10, 1), &chain).unwrap();
    pool.insert(pooled(1, 2, 10, 1), &chain).unwrap();
    assert_eq!(pool.status(), (1, 1));
    assert_eq!(pool.next_nonce(&address(1)), Some(1));
    pool.insert(pooled(1, 1, 10, 1), &chain).unwrap();
    assert_eq!(pool.next_nonce(&address(1)), Some(3));
    assert_eq!(take(&mut pool), [(1, 0), (1, 1), (1, 2)]);
}

#[test]
fn a_replacement_outbids_both_fees_by_a_tenth() {
    let (mut pool, chain) = pool(Limits::default());
    pool.insert(pooled(1, 0, 100, 10), &chain).unwrap();
    for (cap, tip) in [(109, 11), (110, 10), (200, 10)] {
        let refused = pool.insert(pooled(1, 0, cap, tip), &chain);
        assert_eq!(refused, Err(Rejection::ReplacementUnderpriced), "{cap} {tip}");
    }
    let inserted = pool.insert(pooled(1, 0, 110, 11), &chain).unwrap();
    assert!(inserted.replaced.is_some());
    assert_eq!(pool.len(), 1);
}

#[test]
fn a_full_pool_keeps_what_pays_most() {
    let (mut pool, chain) = pool(Limits { transactions: 2, ..Limits::default() });
    pool.insert(pooled(1, 0, 10, 2), &chain).unwrap();
    pool.insert(pooled(2, 0, 10, 3), &chain).unwrap();
    assert_eq!(pool.insert(pooled(3, 0, 10, 2), &chain), Err(Rejection::Underpriced));
    let inserted = pool.insert(pooled(3, 0, 10, 4), &chain).unwrap();
    assert_eq!(inserted.evicted.len(), 1);
    assert_eq!(take(&mut pool), [(3, 0), (2, 0)]);
}

#[test]
fn bounds_and_funds_are_kept() {
    let (mut pool, chain) = pool(Limits { per_account: 2, ..Limits::default() });
    pool.insert(pooled(1, 0, 10, 1), &chain).unwrap();
    assert_eq!(pool.insert(pooled(1, 0, 10, 1), &chain), Err(Rejection::AlreadyKnown));
    let dear = u128::from(RICH) / 21_000;
    assert!(matches!(
        pool.insert(pooled(1, 1, dear, 1), &chain),
        Err(Rejection::InsufficientFunds(_))
    ));
    pool.insert(pooled(1, 1, 10, 1), &chain).unwrap();
    let refused = pool.insert(pooled(1, 2, 10, 1), &chain);
    assert_eq!(refused, Err(Rejection::AccountLimit { sender: address(1), limit: 2 }));
    chain.0.borrow_mut().insert(address(2), 5);
    let refused = pool.insert(pooled(2, 4, 10, 1), &chain);
    assert_eq!(refused, Err(Rejection::NonceTooLow { next: 5, nonce: 4 }));
}

#[test]
fn a_transaction_may_ask_for_as_much_gas_as_any_may_have_and_no_more() {
    let check = |gas_limit| {
        let tx = TxEip1559 { chain_id: 1, gas_limit, ..TxEip1559::default() };
        let signature = Signature::new(U256::ONE, U256::ONE, false);
        super::check::check(&Transaction::Eip1559(tx.into_signed(signature)), 1, 250_000_000)
    };
    let cap = TX_GAS_MAX;
    assert_eq!(check(cap), Ok(()));
    assert_eq!(check(cap + 1), Err(Rejection::TransactionGasCap { gas: cap + 1, cap }));
}

#[test]
fn what_was_handed_out_comes_back_after_a_reset() {
    let (mut pool, chain) = pool(Limits::default());
    for nonce in 0..3 {
        pool.insert(pooled(1, nonce, 10, 1), &chain).unwrap();
    }
    assert_eq!(take(&mut pool).len(), 3);
    assert_eq!(take(&mut pool), []);
    chain.0.borrow_mut().insert(address(1), 1);
    pool.reset(&chain).unwrap();
    assert_eq!(take(&mut pool), [(1, 1), (1, 2)]);
    // A rewind lowers the nonce, and the removed block's transaction returns.
    chain.0.borrow_mut().insert(address(1), 0);
    pool.reset(&chain).unwrap();
    assert_eq!(take(&mut pool), []);
    assert!(pool.restore(pooled(1, 0, 10, 1), &chain).unwrap());
    assert_eq!(take(&mut pool), [(1, 0), (1, 1), (1, 2)]);
}

#[derive(Clone, Debug)]
enum Action {
    Insert { user: u8, nonce: u64, cap: u128, tip: u128 },
    Take { max: usize },
    Mine,
    Reset,
    BaseFee(u64),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0..4u8, 0..8u64, 1..60u128, 1..60u128).prop_map(|(user, nonce, cap, tip)| {
            Action::Insert { user, nonce, cap, tip }
        }),
        2 => (1..6usize).prop_map(|max| Action::Take { max }),
        1 => Just(Action::Mine),
        1 => Just(Action::Reset),
        1 => (1..60u64).prop_map(Action::BaseFee),
    ]
}

proptest! {
    /// Whatever happens: bounds hold, nothing is handed out twice or out of order, and only what
    /// can pay the base fee is.
    #[test]
    fn the_pool_hands_out_each_transaction_once_in_order(
        actions in proptest::collection::vec(action(), 1..200)
    ) {
        let limits = Limits { per_account: 4, transactions: 10, ..Limits::default() };
        let (mut pool, chain) = pool(limits);
        let mut base_fee = 1;
        let mut taken: HashMap<Address, u64> = HashMap::new();
        for action in actions {
            match action {
                Action::Insert { user, nonce, cap, tip } => {
                    let _ = pool.insert(pooled(user, nonce, cap, tip), &chain);
                }
                Action::Take { max } => {
                    for tx in pool.take(max, u64::MAX, usize::MAX) {
                        let mined = chain.0.borrow().get(&tx.sender()).copied();
                        let next = taken.entry(tx.sender()).or_insert(mined.unwrap_or_default());
                        prop_assert_eq!(tx.nonce(), *next);
                        prop_assert!(tx.transaction.inner().hash() == tx.hash);
                        use alloy_consensus::Transaction as _;
                        prop_assert!(tx.transaction.max_fee_per_gas() >= u128::from(base_fee));
                        *next += 1;
                    }
                }
                Action::Mine => {
                    let senders: Vec<_> = taken.keys().copied().collect();
                    chain.0.borrow_mut().extend(taken.drain());
                    pool.block_done(senders, &chain).unwrap();
                }
                Action::Reset => {
                    taken.clear();
                    pool.reset(&chain).unwrap();
                }
                Action::BaseFee(fee) => {
                    base_fee = fee;
                    pool.set_base_fee(fee);
                }
            }
            prop_assert!(pool.len() <= 10);
            prop_assert_eq!(pool.bytes(), 100 * pool.len());
            prop_assert_eq!(pool.all().count(), pool.len());
            let (pending, queued) = pool.status();
            prop_assert_eq!(pending + queued, pool.len());
        }
    }
}

fn records(transactions: &[Recovered<Transaction>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    transactions.iter().for_each(|tx| record(tx, &mut bytes));
    bytes
}

fn hashes(transactions: &[Recovered<Transaction>]) -> Vec<alloy_primitives::B256> {
    transactions.iter().map(|tx| tx.inner().hash()).collect()
}

#[test]
fn the_pool_takes_what_execution_can_charge_data_fee_included() {
    const FEE: u64 = 2_000_000_000;
    let user = user(&mut StdRng::seed_from_u64(7));
    let (spec, genesis) = chain(std::slice::from_ref(&user));
    let ledger = open(&spec, &genesis);
    let balance = genesis.alloc[&user.signer.address()].balance;
    let most = balance - U256::from(21_000 * FEE);
    let mut verdicts = Vec::new();
    for step in 0..60 {
        let value = most - U256::from(step * 100_000_000_000_u64);
        let tx = transfer(&user.signer, 0, address(9), value, FEE.into());
        let pool = PoolService::open(ledger.clone(), Limits::default(), 1, None).unwrap();
        let taken = block_on(pool.submit(vec![tx.clone()])).remove(0);
        if let Err(refusal) = &taken {
            let text = refusal.to_string();
            assert!(text.starts_with("insufficient funds for gas * price + value"), "{text}");
        }
        let attributes = BlockAttributes { timestamp: START_MS / 1000, ..Default::default() };
        let mut block = ledger.build(ledger.head().hash(), attributes).unwrap();
        assert_eq!(taken.is_ok(), block.push(tx).is_ok(), "{value}");
        verdicts.push(taken.is_ok());
    }
    assert!(!verdicts[0] && verdicts[59], "{verdicts:?}");
}

#[test]
fn the_journal_gives_back_what_was_appended() {
    let folder = tempfile::tempdir().unwrap();
    let all = [transaction(1, 0, 5, 1), transaction(2, 0, 6, 1), transaction(1, 1, 7, 1)];
    let (mut journal, before) = Journal::open(folder.path()).unwrap();
    assert!(before.is_empty());
    journal.append(&records(&all[..2])).unwrap();
    journal.append(&records(&all[2..])).unwrap();
    let (mut journal, replayed) = Journal::open(folder.path()).unwrap();
    assert_eq!(hashes(&replayed), hashes(&all));
    assert_eq!(replayed[2].signer(), address(1));
    journal.compact(&records(&all[1..2])).unwrap();
    journal.append(&records(&all[2..])).unwrap();
    let (_, replayed) = Journal::open(folder.path()).unwrap();
    assert_eq!(hashes(&replayed), hashes(&all[1..]));
}

/// Incident (btcd and LND, 2022): a parser's limit was below what consensus accepts. Whoever may
/// commit a batch may put a transaction of any size into it; it comes here if the parent takes the
/// batch back.
#[test]
fn the_journal_gives_back_transactions_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let tx = TxEip1559 { input: vec![1; 3 << 20].into(), ..TxEip1559::default() };
    let tx = Transaction::Eip1559(tx.into_signed(Signature::new(U256::ONE, U256::ONE, false)));
    let all = [Recovered::new_unchecked(tx, address(1)), transaction(2, 0, 6, 1)];
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&records(&all)).unwrap();
    let (_, replayed) = Journal::open(folder.path()).unwrap();
    assert_eq!(hashes(&replayed), hashes(&all));
}

#[test]
fn a_torn_tail_of_the_journal_is_cut_off() {
    let all = [transaction(1, 0, 5, 1), transaction(2, 0, 6, 1)];
    let whole = records(&all);
    let first = records(&all[..1]).len();
    for length in 0..whole.len() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path()).unwrap();
        drop(journal);
        let path = folder.path().join("pool.journal");
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(&whole[..length]).unwrap();
        let (mut journal, replayed) = Journal::open(folder.path()).unwrap();
        assert_eq!(replayed.len(), usize::from(length >= first));
        journal.append(&records(&all[1..])).unwrap();
        let (_, replayed) = Journal::open(folder.path()).unwrap();
        assert_eq!(replayed.len(), 1 + usize::from(length >= first));
    }
}

#[test]
fn a_foreign_file_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pool.journal"), b"something else").unwrap();
    assert!(Journal::open(folder.path()).is_err());
}

/// Prints the pool's rate; no bound is asserted, machines differ.
#[test]
fn many_accounts_insert_and_take() {
    const COUNT: usize = 50_000;
    let (mut pool, chain) = pool(Limits { per_account: COUNT, ..Limits::default() });
    let transactions: Vec<_> = (0..COUNT)
        .map(|i| pooled((i % 250) as u8, (i / 250) as u64, 100, 1 + (i % 7) as u128))
        .collect();
    let begin = Instant::now();
    for tx in transactions {
        pool.insert(tx, &chain).unwrap();
    }
    let inserted = begin.elapsed();
    let begin = Instant::now();
    assert_eq!(take(&mut pool).len(), 1000);
    let mut left = COUNT - 1000;
    while left > 0 {
        left -= pool.take(1000, u64::MAX, usize::MAX).len();
    }
    println!("{COUNT} inserts in {inserted:?}, takes in {:?}", begin.elapsed());
}
