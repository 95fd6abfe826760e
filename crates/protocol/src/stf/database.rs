//! The state as an oracle's pre-images tell it.

use alloy_consensus::TrieAccount;
use alloy_primitives::{Address, B256, U256, map::B256Map};
use revm::{Database, bytecode::Bytecode, database::BundleState, state::AccountInfo};

use super::{MissingPreimage, Oracle};
use crate::trie::{MissingNode, NodeSource, StateChanges, StateTrie};

/// Most trie nodes that were only read and stay loaded. Reading a slot deep in a trie brings some
/// ten nodes of 700 bytes for 2,100 gas: the program's memory is for those that a block changes.
const NODES_MAX: usize = 1 << 16;

/// Most codes that stay loaded from one block of a batch to the next.
const CODES_MAX: usize = 256;

/// A state that loads what is read, and keeps what is changed.
pub(super) struct StateDb<'a, O> {
    oracle: &'a O,
    trie: StateTrie<Nodes<'a, O>>,
    /// Code that the batch itself created.
    created: B256Map<Bytecode>,
    /// Code that the oracle gave.
    codes: B256Map<Bytecode>,
}

#[derive(Debug)]
struct Nodes<'a, O>(&'a O);

impl<O: Oracle> NodeSource for Nodes<'_, O> {
    fn node(&self, hash: B256) -> Result<alloy_primitives::Bytes, MissingNode> {
        self.0.keccak(hash).map_err(|_| MissingNode(hash))
    }
}

impl<'a, O: Oracle> StateDb<'a, O> {
    pub(super) fn new(oracle: &'a O, state_root: B256) -> Self {
        Self {
            oracle,
            trie: StateTrie::new(Nodes(oracle), state_root),
            created: B256Map::default(),
            codes: B256Map::default(),
        }
    }

    /// Forgets nodes if there are too many. The oracle can be asked for them again; of those that an
    /// earlier block of the batch has made, too.
    fn forget(&mut self) {
        self.trie.prune(NODES_MAX);
    }

    pub(super) fn account(
        &mut self,
        address: Address,
    ) -> Result<Option<TrieAccount>, MissingPreimage> {
        self.forget();
        Ok(self.trie.account(address)?)
    }

    pub(super) fn commit(
        &mut self,
        changes: &StateChanges,
        bundle: &BundleState,
    ) -> Result<B256, MissingPreimage> {
        self.created.extend(bundle.contracts.iter().map(|(hash, code)| (*hash, code.clone())));
        self.forget();
        Ok(self.trie.advance(changes)?)
    }
}

impl<O: Oracle> Database for StateDb<'_, O> {
    type Error = MissingPreimage;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, MissingPreimage> {
        let account = self.account(address)?;
        Ok(account.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            // Not the default, which says that there is none.
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, MissingPreimage> {
        if let Some(code) = self.created.get(&code_hash) {
            return Ok(code.clone());
        }
        if let Some(code) = self.codes.get(&code_hash) {
            return Ok(code.clone());
        }
        let code = Bytecode::new_raw(self.oracle.keccak(code_hash)?);
        if self.codes.len() == CODES_MAX {
            self.codes = B256Map::default();
        }
        self.codes.insert(code_hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, MissingPreimage> {
        self.forget();
        Ok(self.trie.storage(address, index)?)
    }

    fn block_hash(&mut self, _: u64) -> Result<B256, MissingPreimage> {
        // `HistoryDb` answers this from storage.
        Ok(B256::ZERO)
    }
}
