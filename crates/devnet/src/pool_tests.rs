use super::*;
use alloy_consensus::{Signed, TxEip1559};
use alloy_primitives::{Bytes, Signature, TxKind};

/// A transaction of sender `from`: nonce, fee cap, tip.
fn tx(from: u8, nonce: u64, fee: u128, tip: u128) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: fee,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(Address::ZERO),
        input: Bytes::from(vec![from]),
        ..Default::default()
    };
    let signed = Signed::new_unhashed(tx, Signature::test_signature());
    Recovered::new_unchecked(Transaction::Eip1559(signed), Address::repeat_byte(from))
}

fn pool(txs: &[(u8, u64, u128, u128)]) -> Pool {
    let mut pool = Pool::default();
    for &(from, nonce, fee, tip) in txs {
        pool.insert(tx(from, nonce, fee, tip), vec![], 0).unwrap();
    }
    pool
}

/// What a block takes when all accounts stand at nonce 0.
fn order(pool: &Pool, base_fee: u64) -> Vec<(u8, u64)> {
    let nonces = pool.senders().map(|s| (s, 0)).collect();
    let mut best = pool.best(&nonces, base_fee, 1);
    let mut out = Vec::new();
    while let Some(candidate) = best.next() {
        out.push((candidate.waiting.tx.signer()[0], candidate.waiting.tx.nonce()));
        best.included(candidate);
    }
    out
}

#[test]
fn a_block_takes_the_best_tip_first_and_each_sender_by_nonce() {
    let pool = pool(&[(1, 1, 100, 90), (1, 0, 100, 1), (2, 0, 100, 50), (3, 0, 100, 50)]);
    assert_eq!(order(&pool, 10), [(2, 0), (3, 0), (1, 0), (1, 1)]);
}

#[test]
fn what_cannot_pay_waits_with_all_that_follow_and_so_does_what_comes_after_a_gap() {
    let pool = pool(&[(1, 0, 5, 1), (1, 1, 100, 1), (2, 0, 100, 1), (2, 2, 100, 1)]);
    assert_eq!(order(&pool, 10), [(2, 0)]);
    assert_eq!(order(&pool, 5), [(2, 0), (1, 0), (1, 1)]);
}

#[test]
fn a_replacement_pays_a_tenth_more_in_each_fee() {
    let cases = [
        ((110, 11), true),
        ((109, 11), false),
        ((110, 10), false),
        ((100, 10), false),
        ((1_000, 100), true),
    ];
    for ((fee, tip), accepted) in cases {
        let mut pool = pool(&[(1, 0, 100, 10)]);
        let result = pool.insert(tx(1, 0, fee, tip), vec![], 0);
        assert_eq!(result.is_ok(), accepted, "fee {fee} tip {tip}");
        assert_eq!(pool.len(), 1);
    }
    let mut free = pool(&[(1, 0, 100, 0)]);
    assert!(free.insert(tx(1, 0, 110, 0), vec![], 0).is_ok(), "no tip on either side");
}

#[test]
fn the_same_transaction_an_old_nonce_and_a_far_nonce_are_refused() {
    let mut pool = pool(&[(1, 7, 100, 10)]);
    assert_eq!(pool.insert(tx(1, 7, 100, 10), vec![], 0).unwrap_err(), SubmitError::AlreadyKnown);
    let low = pool.insert(tx(1, 3, 100, 10), vec![], 4).unwrap_err();
    assert_eq!(low, SubmitError::NonceTooLow { tx: 3, state: 4 });
    let far = pool.insert(tx(1, MAX_PER_ACCOUNT as u64, 100, 10), vec![], 0).unwrap_err();
    assert!(matches!(far, SubmitError::NonceTooHigh { .. }));
    let last = pool.insert(tx(1, u64::MAX, 100, 10), vec![], u64::MAX);
    assert!(last.is_ok(), "no overflow at the end of the range");
    assert_eq!(pool.pending_of(Address::repeat_byte(1), u64::MAX).len(), 1);
}

#[test]
fn pruning_takes_what_is_mined_and_leaves_the_rest() {
    let mut pool = pool(&[(1, 0, 100, 1), (1, 1, 100, 1), (1, 2, 100, 1), (2, 0, 100, 1)]);
    pool.prune(Address::repeat_byte(1), 2);
    assert_eq!(pool.len(), 2);
    assert_eq!(pool.pending_of(Address::repeat_byte(1), 2).len(), 1);
}
