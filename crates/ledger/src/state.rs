//! Reading the state of any stored block.

use crate::Error;
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{
    DatabaseRef,
    state::{AccountInfo, Bytecode},
};

/// The state after one block. Cheap to clone; stays readable whatever the ledger does next.
#[derive(Clone, Debug)]
pub struct StateView {}

impl StateView {
    /// Root of the state (zero for a pending block).
    pub fn root(&self) -> B256 {
        unimplemented!()
    }
    /// Balance, nonce and code hash; `None` if there is no such account.
    pub fn account(&self, address: Address) -> Result<Option<AccountInfo>, Error> {
        self.basic_ref(address)
    }
    /// The code of an account.
    pub fn code(&self, address: Address) -> Result<Bytes, Error> {
        let _ = address;
        unimplemented!()
    }
    /// A storage slot.
    pub fn slot(&self, address: Address, slot: U256) -> Result<U256, Error> {
        self.storage_ref(address, slot)
    }
}

impl DatabaseRef for StateView {
    type Error = Error;

    fn basic_ref(&self, _address: Address) -> Result<Option<AccountInfo>, Error> {
        unimplemented!()
    }
    fn code_by_hash_ref(&self, _code_hash: B256) -> Result<Bytecode, Error> {
        unimplemented!()
    }
    fn storage_ref(&self, _address: Address, _index: U256) -> Result<U256, Error> {
        unimplemented!()
    }
    fn block_hash_ref(&self, _number: u64) -> Result<B256, Error> {
        unimplemented!()
    }
}

/// An EIP-1186 proof of an account and some of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account.
    pub address: Address,
    /// Its balance.
    pub balance: U256,
    /// Its nonce.
    pub nonce: u64,
    /// Hash of its code (of nothing, if it has none).
    pub code_hash: B256,
    /// Root of its storage (of nothing, if it has none).
    pub storage_root: B256,
    /// Trie nodes from the state root to the account.
    pub proof: Vec<Bytes>,
    /// One proof per slot that was asked for.
    pub slots: Vec<StorageProof>,
}

/// Proof of one slot against [`AccountProof::storage_root`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageProof {
    /// The slot.
    pub slot: B256,
    /// Its value.
    pub value: U256,
    /// Trie nodes from the storage root to the slot.
    pub proof: Vec<Bytes>,
}

/// All that a stateless execution of a block reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Trie nodes, each once; key them by their keccak256.
    pub nodes: Vec<Bytes>,
    /// Contract codes, each once.
    pub codes: Vec<Bytes>,
}
