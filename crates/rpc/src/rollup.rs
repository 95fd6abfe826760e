//! `optimism_*`: what OP Stack tools ask a rollup node.

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, keccak256};
use altana_ledger::Block;
use serde_json::{Value, json};

use crate::{L1Origin, RollupInfo, RpcError, api::Api, args::Args};

fn info(api: &Api) -> Result<Arc<dyn RollupInfo>, RpcError> {
    api.backend
        .rollup()
        .ok_or_else(|| RpcError::coded(-32601, "the method does not exist: not a rollup"))
}

pub(crate) fn version(api: &Api, _: Args<'_>) -> Result<String, RpcError> {
    info(api)?;
    Ok(api.backend.client_version())
}

pub(crate) fn config(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    Ok(info(api)?.config())
}

pub(crate) fn sync_status(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    Ok(status(api, &*info(api)?))
}

/// `optimism_outputAtBlock`: the output root of a block, with what it is made of.
pub(crate) fn output_at_block(api: &Api, mut args: Args<'_>) -> Result<Value, RpcError> {
    let info = info(api)?;
    let number: BlockNumberOrTag = args.number()?;
    let number = match number {
        BlockNumberOrTag::Pending => BlockNumberOrTag::Latest,
        other => other,
    };
    let at = api.at(BlockId::Number(number))?;
    let block = at.block();
    let header = &block.header;
    // Isthmus: the storage root of the message passer.
    let storage_root = header.withdrawals_root.unwrap_or_default();
    Ok(json!({
        "version": B256::ZERO,
        "outputRoot": output_root(header.state_root, storage_root, block.hash()),
        "blockRef": block_ref(&*info, block),
        "withdrawalStorageRoot": storage_root,
        "stateRoot": header.state_root,
        "syncStatus": status(api, &*info),
    }))
}

/// Output root, version 0.
fn output_root(state_root: B256, storage_root: B256, block_hash: B256) -> B256 {
    keccak256([B256::ZERO, state_root, storage_root, block_hash].concat())
}

fn status(api: &Api, info: &dyn RollupInfo) -> Value {
    let [current, head, safe, finalized] = info.parent_heads().map(parent_ref);
    json!({
        "current_l1": current,
        "current_l1_finalized": finalized,
        "head_l1": head,
        "safe_l1": safe,
        "finalized_l1": finalized,
        "unsafe_l2": block_ref(info, &api.ledger.head()),
        "safe_l2": block_ref(info, &api.ledger.safe()),
        "local_safe_l2": block_ref(info, &api.ledger.safe()),
        "cross_unsafe_l2": block_ref(info, &api.ledger.head()),
        "finalized_l2": block_ref(info, &api.ledger.finalized()),
        "pending_safe_l2": block_ref(info, &api.ledger.safe()),
    })
}

fn parent_ref(block: L1Origin) -> Value {
    json!({
        "hash": block.hash,
        "number": block.number,
        "parentHash": block.parent_hash,
        "timestamp": block.timestamp,
    })
}

fn block_ref(info: &dyn RollupInfo, block: &Block) -> Value {
    let origin = info.origin(block).unwrap_or_default();
    json!({
        "hash": block.hash(),
        "number": block.number(),
        "parentHash": block.header.parent_hash,
        "timestamp": block.header.timestamp,
        "l1origin": { "hash": origin.hash, "number": origin.number },
        "sequenceNumber": 0,
    })
}
