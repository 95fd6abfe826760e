//! Measures one core executing transfers whose senders are known:
//! `cargo run --release -p altana-protocol --example execute_speed`.
//!
//! The state is a map in memory, and its root is not computed: what is left is the executor.

use std::time::Instant;

use alloy_consensus::{Header, Signed, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use altana_protocol::{
    ChainSpec, Transaction,
    execute::{BlockExecutor, Messages},
    transaction::Recovered,
};
use revm::{database::InMemoryDB, state::AccountInfo};

const ACCOUNTS: u64 = 10_000;
const BLOCKS: u64 = 20;
const BLOCK_TRANSACTIONS: u64 = 5_000;

fn main() {
    let spec = ChainSpec {
        name: "speed".into(),
        chain_id: 901,
        parent_chain_id: 1,
        portal: Address::ZERO,
        gas_limit: 1_000_000_000,
        batch_gas: 1024 * 1_000_000_000,
        elasticity: 2,
        denominator: 8,
        min_base_fee: 1_000,
        genesis_hash: B256::ZERO,
    };
    let mut db = InMemoryDB::default();
    for index in 0..ACCOUNTS {
        db.insert_account_info(address(index), AccountInfo::from_balance(U256::from(u128::MAX)));
    }
    let parent = Header { gas_limit: spec.gas_limit, ..Default::default() };
    let mut executed = 0;
    let mut seconds = 0.0;
    for block in 0..BLOCKS {
        let transactions: Vec<_> = (0..BLOCK_TRANSACTIONS).map(transaction).collect();
        let start = Instant::now();
        let messages = Messages::default();
        let mut executor =
            BlockExecutor::new(&spec, &parent, B256::ZERO, block, &messages, &mut db)
                .unwrap_or_else(|never| match never {});
        for (tx, encoded) in &transactions {
            executor
                .push_encoded(tx.as_recovered_ref(), encoded.clone())
                .expect("every transfer is valid");
            executed += 1;
        }
        let outcome = executor.finish();
        seconds += start.elapsed().as_secs_f64();
        assert_eq!(outcome.gas_used(), 21_000 * BLOCK_TRANSACTIONS);
    }
    let rate = f64::from(executed) / seconds;
    println!(
        r#"{{"name":"transfers executed on one core","value":{rate:.0},"unit":"1/s","goal":50000,"met":{}}}"#,
        rate >= 50_000.0
    );
}

fn address(index: u64) -> Address {
    Address::from_word(B256::from(U256::from(0xabcd_0000_0000_u64 + index)))
}

/// A transfer between two of the accounts; each sends at most once in a block.
fn transaction(index: u64) -> (Recovered<Transaction>, Bytes) {
    let tx = TxEip1559 {
        chain_id: 901,
        nonce: 0,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 1_000,
        to: TxKind::Call(address((index * 7919 + 13) % ACCOUNTS)),
        value: U256::from(1_000_000_000_000_u64 + index),
        access_list: Default::default(),
        input: Bytes::new(),
    };
    let signature = Signature::new(U256::MAX >> 1, U256::MAX >> 2, index.is_multiple_of(2));
    let tx = Transaction::Eip1559(Signed::new_unhashed(tx, signature));
    let encoded = tx.encoded();
    (Recovered::new_unchecked(tx, address(index)), encoded)
}
