//! `eth_simulateV1`: blocks that were never built, with overrides and calls.
//!
//! [`plan`] puts the wanted blocks in order and fills gaps; [`chain`] executes them one on top of
//! the other, on a state in memory that ends with the request.

mod chain;
mod evm;
mod plan;
mod transfers;

use alloy_primitives::{Bytes, Log, U64};
use alloy_rpc_types_eth::simulate::SimulatePayload;
use altana_ledger::Block;
use op_revm::OpHaltReason;
use revm::context::result::ExecutionResult;
use serde::Serialize;

use crate::{
    RpcError,
    api::{Api, At},
    args::Args,
    call, error,
    view::{self, BlockView, LogView},
};

/// A call failed without reverting.
const VM_ERROR: i32 = -32015;

pub(crate) fn simulate(api: &Api, mut args: Args<'_>) -> Result<Vec<SimulatedBlock>, RpcError> {
    let payload: SimulatePayload = args.required()?;
    // The pending block has no hash to build on.
    let base = match api.at(args.block()?)? {
        At::Stored(block) => block,
        At::Pending(_) => api.ledger.head(),
    };
    let rules = api.ledger.rules();
    let full = payload.return_full_transactions;
    let options =
        chain::Options { validation: payload.validation, trace_transfers: payload.trace_transfers };
    let blocks = plan::plan(api, &base, payload.block_state_calls)?;
    let mut chain = chain::Chain::on(api, rules, &base, options)?;
    blocks
        .into_iter()
        .map(|block| {
            let (block, calls) = chain.execute(block)?;
            Ok(show(&block, calls, full))
        })
        .collect()
}

/// A simulated block with what its calls did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SimulatedBlock {
    #[serde(flatten)]
    block: BlockView,
    calls: Vec<CallView>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallView {
    return_data: Bytes,
    logs: Vec<LogView>,
    gas_used: U64,
    max_used_gas: U64,
    status: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureView>,
}

#[derive(Clone, Debug, Serialize)]
struct FailureView {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
}

/// What one call did.
struct Called {
    result: ExecutionResult<OpHaltReason>,
    /// Its logs by their index in the block, with those of transfers if they were asked for.
    logs: Vec<(usize, Log)>,
}

fn show(block: &Block, calls: Vec<Called>, full: bool) -> SimulatedBlock {
    let mut views = Vec::with_capacity(calls.len());
    for (index, Called { result, logs }) in calls.into_iter().enumerate() {
        let hash = block.transactions[index].inner().hash();
        let place = |(i, log): &(usize, Log)| view::place(log, block, (index, hash), *i, false);
        let shown = logs.iter().map(place).collect();
        let gas = result.gas();
        views.push(CallView {
            logs: shown,
            gas_used: U64::from(gas.tx_gas_used()),
            max_used_gas: U64::from(gas.total_gas_spent().max(gas.floor_gas())),
            status: U64::from(result.is_success()),
            error: failure(&result),
            return_data: match result {
                ExecutionResult::Success { output, .. } => output.into_data(),
                _ => Bytes::new(),
            },
        });
    }
    SimulatedBlock { block: view::block(block, full), calls: views }
}

fn failure(result: &ExecutionResult<OpHaltReason>) -> Option<FailureView> {
    match result {
        ExecutionResult::Success { .. } => None,
        ExecutionResult::Revert { output, .. } => Some(FailureView {
            code: error::REVERTED,
            message: error::revert_message(output),
            data: Some(output.clone()),
        }),
        ExecutionResult::Halt { reason, .. } => {
            Some(FailureView { code: VM_ERROR, message: call::halt(reason), data: None })
        }
    }
}
