//! Blocks as bytes. The format is pinned by a golden hash (`tests/format.rs`).

use crate::{Block, Error, Override};
use alloy_consensus::{Header, Sealable, transaction::Recovered};
use alloy_eips::{Decodable2718, Encodable2718, eip4895::Withdrawals};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use altana_protocol::{Receipt, Transaction};

#[derive(RlpEncodable, RlpDecodable)]
struct StoredTransaction {
    sender: Address,
    encoded: Bytes,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredReceipt {
    tx_type: u8,
    success: bool,
    cumulative_gas_used: u64,
    logs: Vec<alloy_primitives::Log>,
    /// Nothing, or one nonce.
    deposit_nonce: Vec<u64>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredOverride {
    address: Address,
    /// Nothing, or one each.
    balance: Vec<U256>,
    nonce: Vec<u64>,
    code: Vec<Bytes>,
    /// Slot, value, slot, value …
    slots: Vec<U256>,
}

#[derive(RlpEncodable, RlpDecodable)]
#[rlp(trailing)]
struct StoredBlock {
    header: Header,
    transactions: Vec<StoredTransaction>,
    receipts: Vec<StoredReceipt>,
    ommers: Vec<Header>,
    /// Nothing, or one list.
    withdrawals: Vec<Withdrawals>,
    post_states: Vec<B256>,
    note: Bytes,
    /// Left out if there are none.
    overrides: Option<Vec<StoredOverride>>,
}

/// The block's bytes.
pub(crate) fn encode(block: &Block) -> Vec<u8> {
    let stored = StoredBlock {
        header: block.header.inner().clone(),
        transactions: block
            .transactions
            .iter()
            .map(|tx| StoredTransaction {
                sender: tx.signer(),
                encoded: tx.inner().encoded_2718().into(),
            })
            .collect(),
        receipts: block.receipts.iter().map(store_receipt).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.iter().cloned().collect(),
        post_states: block.post_states.clone(),
        note: block.note.clone(),
        overrides: (!block.overrides.is_empty())
            .then(|| block.overrides.iter().map(store_override).collect()),
    };
    let mut out = Vec::with_capacity(stored.length());
    stored.encode(&mut out);
    out
}

fn store_receipt(receipt: &Receipt) -> StoredReceipt {
    StoredReceipt {
        tx_type: receipt.tx_type,
        success: receipt.success,
        cumulative_gas_used: receipt.cumulative_gas_used,
        logs: receipt.logs.clone(),
        deposit_nonce: receipt.deposit_nonce.into_iter().collect(),
    }
}

fn store_override(given: &Override) -> StoredOverride {
    StoredOverride {
        address: given.address,
        balance: given.balance.into_iter().collect(),
        nonce: given.nonce.into_iter().collect(),
        code: given.code.clone().into_iter().collect(),
        slots: given.slots.iter().flat_map(|(slot, value)| [*slot, *value]).collect(),
    }
}

/// The block in these bytes.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<Block, Error> {
    let damaged = |what: &str| Error::Corrupt(format!("stored block: {what}"));
    let stored = StoredBlock::decode(&mut bytes).map_err(|e| damaged(&e.to_string()))?;
    if !bytes.is_empty() || stored.transactions.len() != stored.receipts.len() {
        return Err(damaged("lengths differ"));
    }
    let transactions = stored
        .transactions
        .into_iter()
        .map(|tx| {
            let decoded =
                Transaction::decode_2718_exact(&tx.encoded).map_err(|e| damaged(&e.to_string()))?;
            Ok(Recovered::new_unchecked(decoded, tx.sender))
        })
        .collect::<Result<_, Error>>()?;
    let receipts = stored.receipts.into_iter().map(|receipt| Receipt {
        tx_type: receipt.tx_type,
        success: receipt.success,
        cumulative_gas_used: receipt.cumulative_gas_used,
        logs: receipt.logs,
        deposit_nonce: receipt.deposit_nonce.first().copied(),
    });
    let overrides = stored.overrides.into_iter().flatten().map(|given| Override {
        address: given.address,
        balance: given.balance.first().copied(),
        nonce: given.nonce.first().copied(),
        code: given.code.into_iter().next(),
        slots: given.slots.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(),
    });
    Ok(Block {
        overrides: overrides.collect(),
        header: stored.header.seal_slow(),
        transactions,
        receipts: receipts.collect(),
        ommers: stored.ommers,
        withdrawals: stored.withdrawals.into_iter().next(),
        post_states: stored.post_states,
        note: stored.note,
    })
}
