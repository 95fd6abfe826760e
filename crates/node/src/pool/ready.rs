//! Which transaction a block takes next.

use super::state::Entry;
use alloy_primitives::Address;
use std::{cmp::Reverse, collections::BTreeSet};

/// Place in the order: by effective tip, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    tip: u128,
    arrival: Reverse<u64>,
    pub(super) sender: Address,
}

/// At most one transaction per account, best last, at one base fee.
#[derive(Debug)]
pub(super) struct Ready {
    base_fee: u64,
    keys: BTreeSet<Key>,
}

impl Ready {
    pub(super) fn new(base_fee: u64) -> Self {
        Self { base_fee, keys: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the base fee differs from before; then everything must be offered again.
    pub(super) fn set_base_fee(&mut self, base_fee: u64) -> bool {
        let differs = self.base_fee != base_fee;
        if differs {
            self.base_fee = base_fee;
            self.keys.clear();
        }
        differs
    }

    fn key(&self, sender: Address, entry: &Entry) -> Option<Key> {
        let tip = entry.effective_tip(self.base_fee)?;
        Some(Key { tip, arrival: Reverse(entry.arrival), sender })
    }

    /// Does nothing while the entry's fee cap is below the base fee.
    pub(super) fn offer(&mut self, sender: Address, entry: &Entry) {
        self.keys.extend(self.key(sender, entry));
    }

    pub(super) fn withdraw(&mut self, sender: Address, entry: &Entry) {
        if let Some(key) = self.key(sender, entry) {
            self.keys.remove(&key);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Key> {
        self.keys.pop_last()
    }

    pub(super) fn push(&mut self, key: Key) {
        self.keys.insert(key);
    }
}
