//! How much gas a request needs.

use alloy_primitives::Address;
use alloy_rpc_types_eth::TransactionRequest;
use altana_ledger::{Call, CallError, Simulator};
use altana_rpc::RpcError;
use revm::context::result::ExecutionResult;
use revm::primitives::eip7825::TX_GAS_LIMIT_CAP;

use crate::chain::Chain;

/// The least gas limit with which the request succeeds on the head, found by bisection to within
/// 1/64. A request that fails with the most gas is refused.
pub(crate) fn gas(
    chain: &Chain,
    from: Address,
    request: &TransactionRequest,
) -> Result<u64, RpcError> {
    let head = chain.ledger.head();
    let mut simulator = chain.ledger.simulate(head.hash())?;
    let most = head.header.gas_limit.min(TX_GAS_LIMIT_CAP);
    let call = call(chain, from, request);
    let used = match run(&mut simulator, &call, most)? {
        ExecutionResult::Success { gas, .. } => gas.total_gas_spent().max(gas.floor_gas()),
        ExecutionResult::Revert { output, .. } => return Err(RpcError::Reverted(output)),
        ExecutionResult::Halt { reason, .. } => {
            return Err(RpcError::Refused(format!("execution failed: {reason:?}")));
        }
    };
    let (mut too_little, mut enough) = (used.saturating_sub(1), most);
    // Most calls need exactly what they spend.
    if run(&mut simulator, &call, used.min(most))?.is_success() {
        return Ok(used.min(most));
    }
    while enough - too_little > 1 + too_little / 64 {
        let middle = too_little + (enough - too_little) / 2;
        match run(&mut simulator, &call, middle)?.is_success() {
            true => enough = middle,
            false => too_little = middle,
        }
    }
    Ok(enough)
}

fn run(
    simulator: &mut Simulator,
    call: &Call,
    gas_limit: u64,
) -> Result<ExecutionResult<impl std::fmt::Debug + use<>>, RpcError> {
    let result = simulator.call(Call { gas_limit, ..call.clone() });
    match result {
        Ok(result) => Ok(result.result),
        Err(CallError::Invalid(why)) => Err(RpcError::Refused(why.to_string())),
        Err(CallError::Ledger(error)) => Err(error.into()),
    }
}

fn call(chain: &Chain, from: Address, request: &TransactionRequest) -> Call {
    Call {
        caller: from,
        kind: request.to.unwrap_or_default(),
        value: request.value.unwrap_or_default(),
        data: request.input.input().cloned().unwrap_or_default(),
        nonce: request.nonce.unwrap_or_default(),
        chain_id: Some(chain.config.chain_id),
        access_list: request.access_list.clone().unwrap_or_default(),
        blob_hashes: request.blob_versioned_hashes.clone().unwrap_or_default(),
        max_fee_per_blob_gas: request.max_fee_per_blob_gas.unwrap_or_default(),
        gas_price: 0,
        ..Call::default()
    }
}
