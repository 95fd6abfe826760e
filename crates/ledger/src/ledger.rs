//! The ledger: blocks, heads, questions.

use crate::*;
use alloy_consensus::Header;
use alloy_genesis::Genesis;
use alloy_primitives::{Address, B256};
use std::{ops::RangeInclusive, path::Path, sync::Arc};
use tokio::sync::broadcast;

/// Bounds of a ledger's resources.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of trie nodes kept in memory for fast reads.
    pub node_cache_bytes: usize,
    /// Bytes of blocks kept in memory for fast reads.
    pub block_cache_bytes: usize,
    /// Removed blocks that stay readable after a rewind.
    pub removed_blocks: usize,
    /// Most bytes that the ledger may store, on disk or (without a folder) in memory; beyond, it
    /// behaves as if the disk were full. `None`: what the disk holds.
    pub storage_bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node_cache_bytes: 512 << 20,
            block_cache_bytes: 64 << 20,
            removed_blocks: 1024,
            storage_bytes_max: None,
        }
    }
}

/// What changed about the canonical chain. A reorganisation removes, then adds.
#[derive(Clone, Debug, Default)]
pub struct ChainEvent {
    /// Blocks that left the chain, newest first.
    pub removed: Vec<Arc<Block>>,
    /// Blocks that joined it, oldest first.
    pub added: Vec<Arc<Block>>,
}

/// Events a slow subscriber may fall behind before it loses some.
pub const EVENTS_MAX: usize = 1024;

/// An EVM chain with its states. Cheap to clone; all clones are one ledger.
#[derive(Clone, Debug)]
pub struct Ledger {}

#[allow(unused_variables)]
impl Ledger {
    /// Opens the chain in a folder, or begins it; without a folder it lives in memory. Blocks
    /// that were committed but not yet merged into the database when the process died are
    /// executed again, and must give the same state roots.
    pub fn open(
        dir: Option<&Path>,
        genesis: &Genesis,
        rules: Rules,
        options: Options,
    ) -> Result<Self, Error> {
        unimplemented!()
    }
    /// The rules that blocks follow.
    pub fn rules(&self) -> &Rules {
        unimplemented!()
    }
    /// The genesis block.
    pub fn genesis(&self) -> Arc<Block> {
        unimplemented!()
    }
    /// The newest block.
    pub fn head(&self) -> Arc<Block> {
        unimplemented!()
    }
    /// The newest block that [`Ledger::set_safe`] named; at first the genesis.
    pub fn safe(&self) -> Arc<Block> {
        unimplemented!()
    }
    /// The newest block that [`Ledger::set_finalized`] named; at first the genesis.
    pub fn finalized(&self) -> Arc<Block> {
        unimplemented!()
    }
    /// Marks a canonical block and its ancestors as safe.
    pub fn set_safe(&self, hash: B256) -> Result<(), Error> {
        unimplemented!()
    }
    /// Marks a canonical block and its ancestors as final.
    pub fn set_finalized(&self, hash: B256) -> Result<(), Error> {
        unimplemented!()
    }
    /// Any stored block, removed ones included.
    pub fn block(&self, hash: B256) -> Result<Option<Arc<Block>>, Error> {
        unimplemented!()
    }
    /// The canonical block with this number.
    pub fn block_by_number(&self, number: u64) -> Result<Option<Arc<Block>>, Error> {
        unimplemented!()
    }
    /// Whether this block is on the canonical chain.
    pub fn is_canonical(&self, hash: B256) -> Result<bool, Error> {
        unimplemented!()
    }
    /// A canonical transaction: its block and its place there.
    pub fn transaction(&self, hash: B256) -> Result<Option<(Arc<Block>, usize)>, Error> {
        unimplemented!()
    }
    /// Logs of canonical blocks, in order, at most `limit` ([`Error::TooMany`] beyond).
    pub fn logs(
        &self,
        range: RangeInclusive<u64>,
        filter: &LogFilter,
        limit: usize,
    ) -> Result<Vec<LogEntry>, Error> {
        unimplemented!()
    }
    /// The state after a block.
    pub fn state(&self, block: B256) -> Result<StateView, Error> {
        unimplemented!()
    }
    /// EIP-1186 proof (`eth_getProof`).
    pub fn proof(
        &self,
        address: Address,
        slots: &[B256],
        block: B256,
    ) -> Result<AccountProof, Error> {
        unimplemented!()
    }
    /// What a stateless execution of this block reads.
    pub fn witness(&self, block: B256) -> Result<Witness, Error> {
        unimplemented!()
    }
    /// Begins a block on any stored block; a rollup's deposits are executed at once.
    pub fn build(&self, parent: B256, attributes: BlockAttributes) -> Result<BlockBuilder, Error> {
        unimplemented!()
    }
    /// Stores a sealed block on the head and makes it the head. Durable on return.
    pub fn commit(&self, block: SealedBlock) -> Result<Arc<Block>, Error> {
        unimplemented!()
    }
    /// Like [`Ledger::commit`], but durable only after [`Ledger::sync`] or a later commit.
    pub fn commit_later(&self, block: SealedBlock) -> Result<Arc<Block>, Error> {
        unimplemented!()
    }
    /// Makes everything committed so far durable.
    pub fn sync(&self) -> Result<(), Error> {
        unimplemented!()
    }
    /// Executes another's block on its stored parent and checks every field. Commit the result.
    pub fn validate(&self, header: &Header, body: BlockBody) -> Result<SealedBlock, Error> {
        unimplemented!()
    }
    /// [`Ledger::validate`], then [`Ledger::commit`].
    pub fn import(&self, header: &Header, body: BlockBody) -> Result<Arc<Block>, Error> {
        unimplemented!()
    }
    /// Makes a canonical block the head again. Blocks after it are removed but stay readable for
    /// a while. Safe and finalized heads above it come down with it. Durable on return.
    pub fn rewind(&self, to: B256) -> Result<(), Error> {
        unimplemented!()
    }
    /// Calls on the state after a block, in that block's environment (`eth_call`).
    pub fn simulate(&self, block: B256) -> Result<Simulator, Error> {
        unimplemented!()
    }
    /// Replay of a block's transactions before `index`, ready for that transaction or a call.
    pub fn replay(&self, block: B256, index: usize) -> Result<Simulator, Error> {
        unimplemented!()
    }
    /// Changes of the canonical chain from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<ChainEvent> {
        unimplemented!()
    }
    /// Header of the next block as far as it is known before its transactions: base fee, blob
    /// base fee, gas limit.
    pub fn next_fees(&self) -> NextFees {
        unimplemented!()
    }
}

/// What the next block on the head will charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextFees {
    /// Wei per gas.
    pub base_fee: u64,
    /// Wei per blob gas (Ethereum rules since Cancun).
    pub blob_base_fee: Option<u128>,
}
