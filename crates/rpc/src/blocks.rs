//! `eth_*` methods about blocks, transactions and receipts.

use alloy_eips::BlockId;
use alloy_primitives::{B256, Bytes, U64, U256};
use altana_ledger::{Block, Rules};
use op_revm::{L1BlockInfo, OpSpecId};
use revm::database_interface::WrapDatabaseRef;
use serde::Serialize;

use crate::{
    RpcError,
    api::{Api, At},
    args::Args,
    view::{self, BlockView, DataFees, ReceiptView, TransactionView},
};

pub(crate) fn number(api: &Api, _: Args<'_>) -> Result<U64, RpcError> {
    Ok(U64::from(api.ledger.head().number()))
}

pub(crate) fn by_number(api: &Api, mut args: Args<'_>) -> Result<Option<BlockView>, RpcError> {
    let id = BlockId::Number(args.number()?);
    show(api, id, args)
}

pub(crate) fn by_hash(api: &Api, mut args: Args<'_>) -> Result<Option<BlockView>, RpcError> {
    let id = BlockId::from(args.hash()?);
    show(api, id, args)
}

fn show(api: &Api, id: BlockId, mut args: Args<'_>) -> Result<Option<BlockView>, RpcError> {
    let full = args.optional()?.unwrap_or(false);
    Ok(api.find(id)?.map(|at| match at {
        At::Stored(block) => view::block(&block, full),
        At::Pending(pending) => view::pending_block(&pending.block, full),
    }))
}

pub(crate) fn header_by_number(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<impl Serialize + Clone + use<>>, RpcError> {
    let id = BlockId::Number(args.number()?);
    Ok(api.find(id)?.map(|at| view::header(at.block())))
}

pub(crate) fn header_by_hash(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<impl Serialize + Clone + use<>>, RpcError> {
    Ok(api.ledger.block(args.hash()?)?.map(|block| view::header(&block)))
}

pub(crate) fn transaction_count_by_number(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<U64>, RpcError> {
    let id = BlockId::Number(args.number()?);
    Ok(api.find(id)?.map(|at| U64::from(at.block().transactions.len())))
}

pub(crate) fn transaction_count_by_hash(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<U64>, RpcError> {
    Ok(api.ledger.block(args.hash()?)?.map(|block| U64::from(block.transactions.len())))
}

pub(crate) fn uncle_count_by_number(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<U64>, RpcError> {
    let id = BlockId::Number(args.number()?);
    Ok(api.find(id)?.map(|at| U64::from(at.block().ommers.len())))
}

pub(crate) fn uncle_count_by_hash(api: &Api, mut args: Args<'_>) -> Result<Option<U64>, RpcError> {
    Ok(api.ledger.block(args.hash()?)?.map(|block| U64::from(block.ommers.len())))
}

pub(crate) fn transaction_by_hash(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<TransactionView>, RpcError> {
    let hash = args.hash()?;
    if let Some((block, index)) = api.ledger.transaction(hash)? {
        return Ok(view::mined(&block, index));
    }
    Ok(api.backend.pooled(hash).map(|tx| view::pooled(&tx)))
}

pub(crate) fn transaction_by_number_and_index(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<TransactionView>, RpcError> {
    let id = BlockId::Number(args.number()?);
    let index: U64 = args.required()?;
    Ok(api.find(id)?.and_then(|at| view::mined(at.block(), place(index))))
}

pub(crate) fn transaction_by_hash_and_index(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<TransactionView>, RpcError> {
    let hash = args.hash()?;
    let index: U64 = args.required()?;
    Ok(api.ledger.block(hash)?.and_then(|block| view::mined(&block, place(index))))
}

fn place(index: U64) -> usize {
    usize::try_from(index.to::<u64>()).unwrap_or(usize::MAX)
}

pub(crate) fn raw_transaction_by_hash(api: &Api, mut args: Args<'_>) -> Result<Bytes, RpcError> {
    raw_transaction(api, args.hash()?)
}

/// The bytes of a transaction; empty if it is unknown.
pub(crate) fn raw_transaction(api: &Api, hash: B256) -> Result<Bytes, RpcError> {
    if let Some((block, index)) = api.ledger.transaction(hash)? {
        return Ok(block
            .transactions
            .get(index)
            .map(|tx| tx.inner().encoded())
            .unwrap_or_default());
    }
    Ok(api.backend.pooled(hash).map(|tx| tx.inner().encoded()).unwrap_or_default())
}

pub(crate) fn transaction_receipt(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<ReceiptView>, RpcError> {
    receipt_of(api, args.hash()?)
}

/// The receipt of a canonical transaction.
pub(crate) fn receipt_of(api: &Api, hash: B256) -> Result<Option<ReceiptView>, RpcError> {
    match api.ledger.transaction(hash)? {
        Some((block, index)) => {
            let at = At::Stored(block);
            let fees = data_fees(api, &at)?;
            Ok(view::receipt(at.block(), index, blob_fee(api, at.block()), fees))
        }
        None => Ok(None),
    }
}

pub(crate) fn block_receipts(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Option<Vec<ReceiptView>>, RpcError> {
    let Some(at) = api.find(args.required()?)? else { return Ok(None) };
    let block = at.block();
    Ok(Some(view::receipts(block, blob_fee(api, block), data_fees(api, &at)?)))
}

/// Price of blob gas in a block.
pub(crate) fn blob_fee(api: &Api, block: &Block) -> Option<u128> {
    let params = api.ledger.rules().ethereum()?.blobs_at(block.header.timestamp)?;
    Some(params.calc_blob_fee(block.header.excess_blob_gas?))
}

/// Parameters of a rollup's data fee in a block.
fn data_fees(api: &Api, at: &At) -> Result<Option<DataFees>, RpcError> {
    if !matches!(api.ledger.rules(), Rules::Rollup(_)) {
        return Ok(None);
    }
    // The attributes come first in a block, so that its end state has the ones that it charged.
    let mut state = WrapDatabaseRef(api.state_at(at)?);
    let number = U256::from(at.block().number());
    Ok(Some(DataFees(L1BlockInfo::try_fetch(&mut state, number, OpSpecId::ISTHMUS)?)))
}
