//! Logs.

use alloy_primitives::{Address, B256, Bytes, Log, U64};
use altana_ledger::LogEntry;
use serde::Serialize;

/// A log with its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogView {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: Bytes,
    pub(crate) block_hash: B256,
    pub(crate) block_number: U64,
    pub(crate) block_timestamp: U64,
    pub(crate) transaction_hash: B256,
    pub(crate) transaction_index: U64,
    pub(crate) log_index: U64,
    /// Whether its block has left the chain.
    pub(crate) removed: bool,
}

/// A log that a query found.
pub(crate) fn log(entry: &LogEntry, removed: bool) -> LogView {
    let block = &entry.block;
    let transaction_hash =
        block.transactions.get(entry.transaction_index).map(|tx| tx.inner().hash());
    place(
        entry.log(),
        block,
        (entry.transaction_index, transaction_hash.unwrap_or_default()),
        entry.log_index,
        removed,
    )
}

/// A log at this place of a block.
pub(crate) fn place(
    log: &Log,
    block: &altana_ledger::Block,
    (transaction_index, transaction_hash): (usize, B256),
    log_index: usize,
    removed: bool,
) -> LogView {
    LogView {
        address: log.address,
        topics: log.topics().to_vec(),
        data: log.data.data.clone(),
        block_hash: block.hash(),
        block_number: U64::from(block.number()),
        block_timestamp: U64::from(block.header.timestamp),
        transaction_hash,
        transaction_index: U64::from(transaction_index),
        log_index: U64::from(log_index),
        removed,
    }
}
