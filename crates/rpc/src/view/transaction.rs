//! Transactions.

use alloy_consensus::{Transaction as _, Typed2718, transaction::Recovered};
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, U64, U128, U256};
use altana_ledger::Block;
use altana_protocol::{Transaction, transaction::DEPOSIT_TYPE};
use serde::Serialize;

/// A transaction with its place, if it has one.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionView {
    block_hash: Option<B256>,
    block_number: Option<U64>,
    block_timestamp: Option<U64>,
    transaction_index: Option<U64>,
    hash: B256,
    #[serde(rename = "type")]
    ty: U64,
    from: Address,
    to: Option<Address>,
    nonce: U64,
    gas: U64,
    gas_price: U128,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_fee_per_gas: Option<U128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_priority_fee_per_gas: Option<U128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_fee_per_blob_gas: Option<U128>,
    value: U256,
    input: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_list: Option<AccessList>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_id: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_versioned_hashes: Option<Vec<B256>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_list: Option<Vec<SignedAuthorization>>,
    v: U128,
    r: U256,
    s: U256,
    #[serde(skip_serializing_if = "Option::is_none")]
    y_parity: Option<U64>,
    #[serde(flatten)]
    deposit: Option<DepositView>,
}

/// What only deposits have (OP Stack).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DepositView {
    source_hash: B256,
    mint: U256,
    is_system_tx: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit_receipt_version: Option<U64>,
}

/// Hides a pending block's hash, which names nothing.
pub(crate) struct Place<'a> {
    pub(crate) block: &'a Block,
    pub(crate) index: usize,
}

/// A transaction of a block.
pub(crate) fn mined(block: &Block, index: usize) -> Option<TransactionView> {
    let transaction = block.transactions.get(index)?;
    Some(view(transaction, Some(Place { block, index })))
}

/// A transaction that waits for a block.
pub(crate) fn pooled(transaction: &Recovered<Transaction>) -> TransactionView {
    view(transaction, None)
}

pub(crate) fn view(
    recovered: &Recovered<Transaction>,
    place: Option<Place<'_>>,
) -> TransactionView {
    let tx = recovered.inner();
    let receipt = place.as_ref().and_then(|p| p.block.receipts.get(p.index));
    let gas_price = match &place {
        Some(place) => tx.effective_gas_price(place.block.header.base_fee_per_gas),
        None => tx.max_fee_per_gas(),
    };
    let dynamic = tx.is_dynamic_fee() && tx.ty() != DEPOSIT_TYPE;
    let (v, signature, y_parity) = signature(tx);
    let deposit_nonce = receipt.and_then(|receipt| receipt.deposit_nonce);
    TransactionView {
        block_hash: place.as_ref().map(|p| p.block.hash()),
        block_number: place.as_ref().map(|p| U64::from(p.block.number())),
        block_timestamp: place.as_ref().map(|p| U64::from(p.block.header.timestamp)),
        transaction_index: place.as_ref().map(|p| U64::from(p.index)),
        hash: tx.hash(),
        ty: U64::from(tx.ty()),
        from: recovered.signer(),
        to: tx.to(),
        nonce: U64::from(deposit_nonce.unwrap_or_else(|| tx.nonce())),
        gas: U64::from(tx.gas_limit()),
        gas_price: U128::from(gas_price),
        max_fee_per_gas: dynamic.then(|| U128::from(tx.max_fee_per_gas())),
        max_priority_fee_per_gas: tx.max_priority_fee_per_gas().filter(|_| dynamic).map(U128::from),
        max_fee_per_blob_gas: tx.max_fee_per_blob_gas().map(U128::from),
        value: tx.value(),
        input: tx.input().clone(),
        access_list: tx.access_list().cloned(),
        chain_id: tx.chain_id().map(U64::from),
        blob_versioned_hashes: tx.blob_versioned_hashes().map(<[B256]>::to_vec),
        authorization_list: tx.authorization_list().map(<[SignedAuthorization]>::to_vec),
        v,
        r: signature.map(|s| s.r()).unwrap_or_default(),
        s: signature.map(|s| s.s()).unwrap_or_default(),
        y_parity,
        deposit: deposit(tx, receipt.is_some()),
    }
}

fn deposit(tx: &Transaction, executed: bool) -> Option<DepositView> {
    let Transaction::Deposit(tx) = tx else { return None };
    Some(DepositView {
        source_hash: tx.source_hash,
        mint: U256::from(tx.mint),
        is_system_tx: tx.is_system_transaction,
        deposit_receipt_version: executed.then(|| U64::from(1)),
    })
}

/// `v`, the signature, and `yParity` where the type has one.
fn signature(tx: &Transaction) -> (U128, Option<Signature>, Option<U64>) {
    let signature = match tx {
        Transaction::Legacy(tx) => {
            let parity = u128::from(tx.signature().v());
            let v = match tx.tx().chain_id {
                Some(id) => u128::from(id) * 2 + 35 + parity,
                None => 27 + parity,
            };
            return (U128::from(v), Some(*tx.signature()), None);
        }
        Transaction::Eip2930(tx) => *tx.signature(),
        Transaction::Eip1559(tx) => *tx.signature(),
        Transaction::Eip4844(tx) => *tx.signature(),
        Transaction::Eip7702(tx) => *tx.signature(),
        Transaction::Deposit(_) => return (U128::ZERO, None, None),
    };
    let parity = u64::from(signature.v());
    (U128::from(parity), Some(signature), Some(U64::from(parity)))
}
