//! Whether a transaction can ever run, before it waits in the pool.

use alloy_consensus::Transaction as _;
use alloy_consensus::transaction::Recovered;
use altana_protocol::Transaction;
use altana_rpc::SubmitError;
use revm::context_interface::cfg::gas::calculate_initial_tx_gas;
use revm::primitives::eip7825::TX_GAS_LIMIT_CAP;
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;

use crate::pool;

/// EIP-3860: most bytes of init code.
const MAX_INIT_CODE_BYTES: usize = 49_152;

/// Checks all that does not depend on the moment, and that the sender could pay.
pub(crate) fn check(
    tx: &Recovered<Transaction>,
    sender: &AccountInfo,
    block_gas_limit: u64,
) -> Result<(), SubmitError> {
    if tx.nonce() == u64::MAX {
        return Err(SubmitError::Invalid("nonce has max value".to_owned()));
    }
    check_gas(tx, block_gas_limit)?;
    if let Some(tip) = tx.max_priority_fee_per_gas().filter(|tip| *tip > tx.max_fee_per_gas()) {
        return Err(SubmitError::TipAboveFeeCap { tip, max_fee: tx.max_fee_per_gas() });
    }
    if tx.is_create() && tx.input().len() > MAX_INIT_CODE_BYTES {
        let len = tx.input().len();
        let why =
            format!("max initcode size exceeded: code size {len}, limit {MAX_INIT_CODE_BYTES}");
        return Err(SubmitError::Invalid(why));
    }
    if tx.authorization_list().is_some_and(<[_]>::is_empty) {
        return Err(SubmitError::Invalid("EIP-7702 transaction with empty auth list".to_owned()));
    }
    if tx.nonce() < sender.nonce {
        return Err(SubmitError::NonceTooLow { tx: tx.nonce(), state: sender.nonce });
    }
    let cost = pool::cost(tx);
    if cost > sender.balance {
        let (balance, cost) = (Box::new(sender.balance), Box::new(cost));
        return Err(SubmitError::InsufficientFunds { balance, cost });
    }
    Ok(())
}

fn check_gas(tx: &Transaction, block_gas_limit: u64) -> Result<(), SubmitError> {
    let gas = tx.gas_limit();
    if gas > block_gas_limit {
        return Err(SubmitError::GasLimit { gas, limit: block_gas_limit });
    }
    if gas > TX_GAS_LIMIT_CAP {
        return Err(SubmitError::TransactionGasCap { gas, cap: TX_GAS_LIMIT_CAP });
    }
    let (accounts, slots) = tx
        .access_list()
        .map_or((0, 0), |list| (list.len() as u64, list.storage_keys_count() as u64));
    let authorizations = tx.authorization_count().unwrap_or_default();
    let (input, create) = (tx.input(), tx.is_create());
    let needed =
        calculate_initial_tx_gas(SpecId::OSAKA, input, create, accounts, slots, authorizations);
    let needed = needed.initial_total_gas.max(needed.floor_gas);
    if gas < needed {
        return Err(SubmitError::IntrinsicGas { gas, needed });
    }
    Ok(())
}
