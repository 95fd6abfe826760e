//! What the pool asks the chain about an account, and what it keeps of it.

use super::state::Entry;
use alloy_primitives::{Address, U256};
use std::collections::BTreeMap;

/// An account at the newest block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Next nonce.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// Whether it has code other than an EIP-7702 delegation, so that it cannot sign (EIP-3607).
    pub has_code: bool,
}

/// Accounts at the newest block. An error means that the state cannot be read; it is final for
/// the call at hand and leaves the pool as it was.
pub trait Accounts {
    /// The account, or its default where it does not exist.
    fn account(&self, address: Address) -> Result<AccountState, String>;
}

impl<F: Fn(Address) -> Result<AccountState, String>> Accounts for F {
    fn account(&self, address: Address) -> Result<AccountState, String> {
        self(address)
    }
}

/// An account with waiting transactions.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// As of the newest block the pool has seen.
    pub(super) nonce: u64,
    pub(super) balance: U256,
    /// Transactions below this nonce have been handed to the block under construction.
    pub(super) taken: u64,
    /// What all waiting transactions may cost together.
    pub(super) cost: U256,
    pub(super) entries: BTreeMap<u64, Entry>,
    /// Left out of the block under construction.
    pub(super) parked: bool,
}

impl Account {
    /// The transaction that a block could take next.
    pub(super) fn next(&self) -> Option<&Entry> {
        self.entries.get(&self.taken).filter(|_| !self.parked)
    }

    /// First nonce that no waiting transaction continues from the account's own.
    pub(super) fn contiguous_end(&self, from: u64) -> u64 {
        if let Some((last, _)) = self.entries.last_key_value()
            && from == self.nonce
            && last + 1 - from == self.entries.len() as u64
        {
            return last + 1;
        }
        let mut next = from;
        for nonce in self.entries.range(from..).map(|(nonce, _)| *nonce) {
            if nonce != next {
                break;
            }
            next += 1;
        }
        next
    }
}
