//! What a block changes in the state.

use super::{
    NodeSource, Trie, TrieError,
    account::Account,
    edit::{Edit, Loader},
};
use alloc::vec::Vec;
use alloy_consensus::constants::KECCAK_EMPTY;
use alloy_primitives::{Address, B256, U256, keccak256, map::AddressMap};
use revm::database::BundleState;

/// An account without its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountFields {
    /// Transactions sent or contracts created.
    pub nonce: u64,
    /// In wei.
    pub balance: U256,
    /// keccak256 of the code.
    pub code_hash: B256,
}

impl Default for AccountFields {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK_EMPTY }
    }
}

impl AccountFields {
    /// Empty by EIP-161.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The new state of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// `None` if the account is no more; its storage goes with it.
    pub fields: Option<AccountFields>,
    /// Whether all storage from before is gone (self-destruction, then maybe creation).
    pub wiped: bool,
    /// New values of slots; zero clears one. Of two values of one slot the later counts.
    pub slots: Vec<(U256, U256)>,
}

/// The new state of every account that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// By address.
    pub accounts: AddressMap<AccountChange>,
}

impl StateChanges {
    /// Removes accounts that are empty by EIP-161, for changes from elsewhere than revm (which did
    /// so already if its rules say so).
    pub fn remove_empty(&mut self) {
        for change in self.accounts.values_mut() {
            change.fields = change.fields.filter(|fields| !fields.is_empty());
        }
    }

    /// Hashes addresses and slots.
    pub(super) fn edits(&self) -> Vec<(B256, AccountEdit)> {
        let edit = |(address, change): (&Address, &AccountChange)| {
            let slots = change.slots.iter();
            let slots =
                slots.map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), Slot(*value)));
            let edit =
                AccountEdit { fields: change.fields, wiped: change.wiped, slots: slots.collect() };
            (keccak256(address), edit)
        };
        let mut edits: Vec<_> = self.accounts.iter().map(edit).collect();
        edits.sort_unstable_by_key(|edit| edit.0);
        edits
    }
}

impl From<&BundleState> for StateChanges {
    fn from(bundle: &BundleState) -> Self {
        let changed = bundle.state.iter().map(|(address, account)| {
            let wiped = account.was_destroyed();
            let slots = account.storage.iter();
            let slots = slots.filter(|(_, slot)| wiped || slot.is_changed());
            let fields = account.info.as_ref().map(|info| AccountFields {
                nonce: info.nonce,
                balance: info.balance,
                // revm takes zero for "no code" too.
                code_hash: if info.code_hash.is_zero() { KECCAK_EMPTY } else { info.code_hash },
            });
            let slots = slots.map(|(slot, value)| (*slot, value.present_value)).collect();
            (*address, AccountChange { fields, wiped, slots })
        });
        Self { accounts: changed.collect() }
    }
}

/// [`AccountChange`] with hashed slots.
#[derive(Debug)]
pub(super) struct AccountEdit {
    fields: Option<AccountFields>,
    wiped: bool,
    slots: Vec<(B256, Slot)>,
}

/// New value of a slot; zero clears it.
#[derive(Clone, Copy, Debug)]
struct Slot(U256);

impl Edit<U256> for Slot {
    fn edit<S: NodeSource>(
        &self,
        _: Option<&U256>,
        _: &mut Loader<'_, S>,
    ) -> Result<Option<U256>, TrieError> {
        Ok((!self.0.is_zero()).then_some(self.0))
    }
}

impl Edit<Account> for AccountEdit {
    fn edit<S: NodeSource>(
        &self,
        old: Option<&Account>,
        loader: &mut Loader<'_, S>,
    ) -> Result<Option<Account>, TrieError> {
        let Some(fields) = self.fields else { return Ok(None) };
        let mut storage = match old {
            Some(old) if !self.wiped => old.storage.clone(),
            _ => Trie::default(),
        };
        if !self.slots.is_empty() {
            storage.edit(self.slots.clone(), loader)?;
        }
        Ok(Some(Account::new(fields, storage)))
    }
}
