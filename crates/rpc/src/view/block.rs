//! Blocks.

use alloy_consensus::Header;
use alloy_eips::{Encodable2718, eip4895::Withdrawals};
use alloy_primitives::{B256, U64, U256};
use alloy_rlp::Encodable;
use altana_ledger::Block;
use serde::Serialize;

use super::transaction::{TransactionView, mined};

/// A block.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockView {
    /// `None` while the block is pending.
    hash: Option<B256>,
    #[serde(flatten)]
    header: Header,
    size: U256,
    transactions: Transactions,
    uncles: Vec<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawals: Option<Withdrawals>,
}

/// A header, as `newHeads` announces it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeaderView {
    hash: B256,
    #[serde(flatten)]
    header: Header,
    size: U64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Transactions {
    Hashes(Vec<B256>),
    Full(Vec<TransactionView>),
}

/// A stored block, with hashes of its transactions or all of them.
pub(crate) fn block(block: &Block, full: bool) -> BlockView {
    let transactions = if full {
        Transactions::Full((0..block.transactions.len()).filter_map(|i| mined(block, i)).collect())
    } else {
        Transactions::Hashes(block.transactions.iter().map(|tx| tx.inner().hash()).collect())
    };
    BlockView {
        hash: Some(block.hash()),
        header: block.header.inner().clone(),
        size: U256::from(size(block)),
        transactions,
        uncles: block.ommers.iter().map(Header::hash_slow).collect(),
        withdrawals: block.withdrawals.clone(),
    }
}

/// A block that is being built: it has no hash yet.
pub(crate) fn pending_block(pending: &Block, full: bool) -> BlockView {
    BlockView { hash: None, ..block(pending, full) }
}

/// The header of a stored block.
pub(crate) fn header(block: &Block) -> HeaderView {
    HeaderView {
        hash: block.hash(),
        header: block.header.inner().clone(),
        size: U64::from(size(block)),
    }
}

/// Length of the block's RLP.
pub(crate) fn size(block: &Block) -> usize {
    let list = |payload: usize| payload + alloy_rlp::length_of_length(payload);
    let transactions = block.transactions.iter().map(|tx| tx.inner().network_len()).sum();
    let ommers = block.ommers.iter().map(Encodable::length).sum();
    let withdrawals = block.withdrawals.as_ref().map_or(0, Encodable::length);
    list(block.header.length() + list(transactions) + list(ommers) + withdrawals)
}

/// The block's RLP.
pub(crate) fn encode(block: &Block) -> Vec<u8> {
    let mut transactions = Vec::new();
    for tx in &block.transactions {
        tx.inner().network_encode(&mut transactions);
    }
    let mut body = Vec::new();
    block.header.inner().encode(&mut body);
    alloy_rlp::Header { list: true, payload_length: transactions.len() }.encode(&mut body);
    body.extend_from_slice(&transactions);
    block.ommers.encode(&mut body);
    if let Some(withdrawals) = &block.withdrawals {
        withdrawals.encode(&mut body);
    }
    let mut out = Vec::with_capacity(body.len() + 9);
    alloy_rlp::Header { list: true, payload_length: body.len() }.encode(&mut out);
    out.extend_from_slice(&body);
    out
}
