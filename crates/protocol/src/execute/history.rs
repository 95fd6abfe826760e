//! BLOCKHASH from the state (docs/protocol.md §3): an executor needs no headers.

use alloy_primitives::{Address, B256, U256};
use revm::{Database, bytecode::Bytecode, state::AccountInfo};

use crate::predeploys::HISTORY;

/// A database whose block hashes come from the EIP-2935 contract's storage.
#[derive(Clone, Debug)]
pub struct HistoryDb<DB> {
    db: DB,
    parent: u64,
    parent_hash: B256,
}

/// Where the history contract keeps the hash of a block.
pub(super) fn slot(number: u64) -> U256 {
    U256::from(number % alloy_eips::eip2935::HISTORY_SERVE_WINDOW as u64)
}

impl<DB> HistoryDb<DB> {
    /// The state after block `parent`.
    pub fn new(db: DB, parent: u64, parent_hash: B256) -> Self {
        Self { db, parent, parent_hash }
    }

    /// The database inside.
    pub fn inner(&self) -> &DB {
        &self.db
    }

    /// The database inside.
    pub fn into_inner(self) -> DB {
        self.db
    }
}

impl<DB: Database> Database for HistoryDb<DB> {
    type Error = DB::Error;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        self.db.basic(address)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.db.code_by_hash(code_hash)
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Self::Error> {
        self.db.storage(address, index)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Self::Error> {
        if number == self.parent {
            return Ok(self.parent_hash);
        }
        Ok(self.db.storage(HISTORY, slot(number))?.into())
    }
}
