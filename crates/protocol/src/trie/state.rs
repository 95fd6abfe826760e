//! The state of a chain: the account trie and, in its leaves, the storage tries.

use super::{
    NodeSource, Trie, TrieError, account::Account, changes::StateChanges, edit::Loader, prune,
    seal::Sealer,
};
use alloc::vec::Vec;
use alloy_consensus::TrieAccount;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

/// A hashed trie: its root, and its nodes that are new since the last one.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Root hash.
    pub root: B256,
    /// Hash and RLP of each new node, children before parents. To be stored: the trie may ask its
    /// source for them after [`StateTrie::prune`].
    pub nodes: Vec<(B256, Bytes)>,
}

/// The state after some block, loaded as far as it was used.
///
/// A clone is a cheap snapshot that shares what is loaded, so a node keeps one for each recent
/// block: a reorganisation goes on from an older clone.
#[derive(Clone, Debug)]
pub struct StateTrie<S> {
    source: S,
    accounts: Trie<Account>,
    root: B256,
    /// Number of the last [`StateTrie::apply`]; nodes are stamped with it.
    epoch: u32,
    /// Nodes in memory, or more.
    loaded: usize,
}

impl<S: NodeSource> StateTrie<S> {
    /// The state with this root, nothing of it loaded.
    pub fn new(source: S, root: B256) -> Self {
        Self { source, accounts: Trie::at(root), root, epoch: 0, loaded: 0 }
    }

    /// The state root.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// Where nodes come from.
    pub const fn source(&self) -> &S {
        &self.source
    }

    /// The account at `address`; nodes on its way are loaded and kept.
    pub fn account(&mut self, address: Address) -> Result<Option<TrieAccount>, TrieError> {
        let key = keccak256(address);
        self.load(|accounts, loader| accounts.load(&key, loader))?;
        Ok(self.accounts.loaded(&key).map(Account::to_trie_account))
    }

    /// The value of a slot, zero where there is none; nodes on its way are loaded and kept.
    pub fn storage(&mut self, address: Address, slot: U256) -> Result<U256, TrieError> {
        let (key, slot) = (keccak256(address), keccak256(slot.to_be_bytes::<32>()));
        self.load(|accounts, loader| {
            accounts.load(&key, loader)?;
            // As in `Trie::load`, a shared account is copied only to load more of it.
            let is_loaded = |account: &Account| account.storage.is_loaded(&slot);
            if accounts.loaded(&key).is_none_or(is_loaded) {
                return Ok(());
            }
            accounts.loaded_mut(&key).map_or(Ok(()), |account| account.storage.load(&slot, loader))
        })?;
        let value = self.accounts.loaded(&key).and_then(|account| account.storage.loaded(&slot));
        Ok(value.copied().unwrap_or_default())
    }

    /// Applies a block's changes and hashes the new state. After an error the state is unchanged.
    pub fn apply(&mut self, changes: &StateChanges) -> Result<Commit, TrieError> {
        let mut sealer = Sealer::collecting();
        self.change(changes, &mut sealer)?;
        Ok(Commit { root: self.root, nodes: sealer.into_nodes() })
    }

    /// [`StateTrie::apply`] for a state that nobody stores: gives the root alone.
    pub fn advance(&mut self, changes: &StateChanges) -> Result<B256, TrieError> {
        self.change(changes, &mut Sealer::default())?;
        Ok(self.root)
    }

    fn change(&mut self, changes: &StateChanges, sealer: &mut Sealer) -> Result<(), TrieError> {
        self.epoch = self.epoch.wrapping_add(1);
        self.load(|accounts, loader| accounts.edit(changes.edits(), loader))?;
        self.root = self.accounts.seal(sealer);
        Ok(())
    }

    /// Forgets nodes, the longest unchanged first, if more than `max_nodes` are in memory. Then at
    /// most three quarters of them remain, so that the walk through all is rare.
    ///
    /// The source must have every node of the commits so far.
    pub fn prune(&mut self, max_nodes: usize) {
        if self.loaded > max_nodes {
            let keep = max_nodes / 4 * 3;
            let cutoff = prune::cutoff(&self.accounts.root, self.epoch, keep);
            self.loaded = prune::prune(&mut self.accounts.root, cutoff);
        }
    }

    /// How many nodes are in memory; may count some that are not.
    pub const fn loaded_nodes(&self) -> usize {
        self.loaded
    }

    fn load<T>(
        &mut self,
        work: impl FnOnce(&mut Trie<Account>, &mut Loader<'_, S>) -> Result<T, TrieError>,
    ) -> Result<T, TrieError> {
        let mut loader = Loader::new(&self.source, self.epoch);
        let result = work(&mut self.accounts, &mut loader);
        self.loaded = self.loaded.saturating_add(loader.loaded);
        result
    }
}
