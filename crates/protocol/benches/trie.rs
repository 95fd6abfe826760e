//! State roots: changed accounts a second, with everything loaded and with nothing loaded.
//!
//! `cargo bench -p altana-protocol --bench trie`

use alloy_primitives::{Address, U256, keccak256};
use altana_protocol::trie::{
    AccountChange, AccountFields, EMPTY_ROOT_HASH, StateChanges, StateTrie, Witness,
};
use std::time::Instant;

/// Accounts that one block changes.
const BLOCK_ACCOUNTS: u64 = 10_000;
const BLOCKS: u64 = 10;

fn address(n: u64) -> Address {
    Address::from_word(keccak256(n.to_be_bytes()))
}

fn change(accounts: impl Iterator<Item = u64>, balance: u64) -> StateChanges {
    let fields = AccountFields { nonce: 1, balance: U256::from(balance), ..Default::default() };
    let change = AccountChange { fields: Some(fields), ..Default::default() };
    StateChanges { accounts: accounts.map(|n| (address(n), change.clone())).collect() }
}

fn main() {
    for size in [10_000_u64, 1_000_000] {
        let mut source = Witness::default();
        let mut state = StateTrie::new(Witness::default(), EMPTY_ROOT_HASH);
        let start = Instant::now();
        let commit = state.apply(&change(0..size, 1)).expect("nothing to load");
        println!("{size:>9} accounts: built in {:.2?}", start.elapsed());
        source.extend_hashed(commit.nodes);

        let mut cold = StateTrie::new(source, state.root());
        for (name, state) in [("loaded", &mut state), ("from source", &mut cold)] {
            let mut seconds = 0.0;
            for block in 0..BLOCKS {
                // Strides of a prime spread the accounts.
                let accounts =
                    (0..BLOCK_ACCOUNTS).map(|n| (n + block * BLOCK_ACCOUNTS) * 7919 % size);
                let changes = change(accounts, block + 2);
                let count = changes.accounts.len();
                let before = state.clone();
                let start = Instant::now();
                state.apply(&changes).expect("every node is there");
                drop(before);
                seconds += start.elapsed().as_secs_f64() / count as f64;
            }
            println!("{size:>9} accounts, {name}: {:.0} updates/s", BLOCKS as f64 / seconds);
        }
    }
}
