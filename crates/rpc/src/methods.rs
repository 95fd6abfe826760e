//! The table of all methods.

use std::time::Duration;

use alloy_primitives::{B256, Bytes, U64};
use jsonrpsee::{RpcModule, core::RegisterMethodError, types::Params};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    RpcError, api::Api, args::Args, blocks, call, debug, fees, filters, info, logs, rollup,
    simulate, state, submit, subscribe, view::ReceiptView,
};

/// A module under construction. A name that is registered twice is a bug; the first stays.
struct Table(RpcModule<Api>);

impl Table {
    /// A method that answers at once.
    fn quick<T: Serialize + Clone + 'static>(
        &mut self,
        name: &'static str,
        method: fn(&Api, Args<'_>) -> Result<T, RpcError>,
    ) -> Result<(), RegisterMethodError> {
        self.0.register_method(name, move |params, api, _| method(api, Args::parse(&params)?))?;
        Ok(())
    }

    /// A method that may take a while.
    fn heavy<T: Serialize + Clone + Send + 'static>(
        &mut self,
        name: &'static str,
        method: fn(&Api, Args<'_>) -> Result<T, RpcError>,
    ) -> Result<(), RegisterMethodError> {
        self.0.register_async_method(name, move |params, api, _| async move {
            api.blocking(move |api| method(api, Args::parse(&params)?)).await
        })?;
        Ok(())
    }
}

/// All methods over this ledger.
pub(crate) fn all(api: &Api) -> RpcModule<()> {
    let mut table = Table(RpcModule::new(api.clone()));
    let registered = eth_chain(&mut table)
        .and_then(|()| eth_work(&mut table))
        .and_then(|()| others(&mut table))
        .and_then(|()| submissions(&mut table.0))
        .and_then(|()| subscribe::register(&mut table.0));
    if let Err(error) = registered {
        // Names are constants: a test calls every method of the table.
        tracing::error!(%error, "a method is in the table twice");
    }
    table.0.remove_context()
}

fn eth_chain(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.quick("eth_chainId", info::chain_id)?;
    table.quick("eth_syncing", info::syncing)?;
    table.quick("eth_accounts", info::accounts)?;
    table.quick("eth_mining", info::mining)?;
    table.quick("eth_hashrate", info::zero)?;
    table.quick("eth_config", info::config)?;
    table.quick("eth_capabilities", info::capabilities)?;
    table.quick("eth_blockNumber", blocks::number)?;
    table.quick("eth_getBlockByNumber", blocks::by_number)?;
    table.quick("eth_getBlockByHash", blocks::by_hash)?;
    table.quick("eth_getHeaderByNumber", blocks::header_by_number)?;
    table.quick("eth_getHeaderByHash", blocks::header_by_hash)?;
    table.quick("eth_getBlockTransactionCountByNumber", blocks::transaction_count_by_number)?;
    table.quick("eth_getBlockTransactionCountByHash", blocks::transaction_count_by_hash)?;
    table.quick("eth_getUncleCountByBlockNumber", blocks::uncle_count_by_number)?;
    table.quick("eth_getUncleCountByBlockHash", blocks::uncle_count_by_hash)?;
    table.quick("eth_getTransactionByHash", blocks::transaction_by_hash)?;
    table.quick(
        "eth_getTransactionByBlockNumberAndIndex",
        blocks::transaction_by_number_and_index,
    )?;
    table.quick("eth_getTransactionByBlockHashAndIndex", blocks::transaction_by_hash_and_index)?;
    table.quick("eth_getRawTransactionByHash", blocks::raw_transaction_by_hash)?;
    table.quick("eth_getTransactionReceipt", blocks::transaction_receipt)?;
    table.heavy("eth_getBlockReceipts", blocks::block_receipts)?;
    table.quick("eth_getBalance", state::balance)?;
    table.quick("eth_getCode", state::code)?;
    table.quick("eth_getTransactionCount", state::nonce)?;
    table.quick("eth_getStorageAt", state::storage)?;
    table.heavy("eth_getStorageValues", state::storage_values)?;
    table.heavy("eth_getProof", state::proof)?;
    table.quick("eth_getAccount", state::account)?;
    table.quick("eth_gasPrice", fees::gas_price)?;
    table.quick("eth_maxPriorityFeePerGas", fees::priority_fee)?;
    table.quick("eth_baseFee", fees::base_fee)?;
    table.quick("eth_blobBaseFee", fees::blob_base_fee)?;
    table.heavy("eth_feeHistory", fees::fee_history)
}

fn eth_work(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.heavy("eth_call", call::call)?;
    table.heavy("eth_estimateGas", call::estimate_gas)?;
    table.heavy("eth_createAccessList", call::create_access_list)?;
    table.heavy("eth_simulateV1", simulate::simulate)?;
    table.heavy("eth_getLogs", logs::get_logs)?;
    table.quick("eth_newFilter", filters::new_filter)?;
    table.quick("eth_newBlockFilter", filters::new_block_filter)?;
    table.quick("eth_newPendingTransactionFilter", filters::new_pending_filter)?;
    table.quick("eth_uninstallFilter", filters::uninstall)?;
    table.heavy("eth_getFilterChanges", filters::changes)?;
    table.heavy("eth_getFilterLogs", filters::all_logs)?;
    table.quick("debug_getRawHeader", debug::raw_header)?;
    table.quick("debug_getRawBlock", debug::raw_block)?;
    table.quick("debug_getRawReceipts", debug::raw_receipts)?;
    table.quick("debug_getRawTransaction", debug::raw_transaction)?;
    table.heavy("debug_traceTransaction", debug::trace_transaction)?;
    table.heavy("debug_traceBlockByNumber", debug::trace_block_by_number)?;
    table.heavy("debug_traceBlockByHash", debug::trace_block_by_hash)?;
    table.heavy("debug_traceCall", debug::trace_call)
}

fn others(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.quick("net_version", info::net_version)?;
    table.quick("net_listening", info::net_listening)?;
    table.quick("net_peerCount", info::net_peer_count)?;
    table.quick("web3_clientVersion", info::client_version)?;
    table.quick("web3_sha3", info::sha3)?;
    table.quick("rpc_modules", info::rpc_modules)?;
    table.quick("txpool_status", info::txpool_status)?;
    table.heavy("txpool_content", info::txpool_content)?;
    table.heavy("txpool_contentFrom", info::txpool_content_from)?;
    table.heavy("txpool_inspect", info::txpool_inspect)?;
    table.quick("optimism_version", rollup::version)?;
    table.quick("optimism_rollupConfig", rollup::config)?;
    table.quick("optimism_syncStatus", rollup::sync_status)?;
    table.quick("optimism_outputAtBlock", rollup::output_at_block)
}

fn submissions(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    module.register_async_method("eth_sendRawTransaction", |params, api, _| async move {
        let (raw, _) = submission(&params)?;
        submit::submit(&api, raw).await
    })?;
    module.register_async_method("eth_sendRawTransactionSync", |params, api, _| async move {
        let (raw, timeout_ms) = submission(&params)?;
        let longest = api.limits.receipt_wait;
        let wait = timeout_ms.map_or(longest, |ms| Duration::from_millis(ms.to::<u64>()));
        submit_and_wait(&api, raw, wait.min(longest)).await
    })?;
    Ok(())
}

fn submission(params: &Params<'_>) -> Result<(Bytes, Option<U64>), RpcError> {
    let mut args = Args::parse(params)?;
    Ok((args.required()?, args.optional()?))
}

/// EIP-7966: submits, and answers with the receipt once there is one.
async fn submit_and_wait(api: &Api, raw: Bytes, wait: Duration) -> Result<ReceiptView, RpcError> {
    let mut events = api.ledger.subscribe();
    let hash: B256 = submit::submit(api, raw).await?;
    let mined = async {
        loop {
            if let Some(receipt) = blocks::receipt_of(api, hash)? {
                return Ok(receipt);
            }
            // Having missed events only means to look again.
            if let Err(RecvError::Closed) = events.recv().await {
                return Err(RpcError::Internal("server is stopping".into()));
            }
        }
    };
    match tokio::time::timeout(wait, mined).await {
        Ok(result) => result,
        // Code 4 and the hash: EIP-7966.
        Err(_) => Err(RpcError::Coded {
            code: 4,
            message: format!(
                "The transaction was added to the mempool but wasn't processed in {} ms",
                wait.as_millis()
            ),
            data: Some(serde_json::json!(hash)),
        }),
    }
}
