//! What can be said of a transaction without the chain's state.

use super::Rejection;
use alloy_consensus::{Transaction as _, Typed2718};
use alloy_eips::eip2930::AccessList;
use altana_protocol::{Transaction, execute::TX_GAS_MAX};

/// EIP-3860.
const INITCODE_BYTES_MAX: usize = 49_152;

/// Refuses what no block of this chain can hold.
pub(super) fn check(tx: &Transaction, chain_id: u64, gas_limit: u64) -> Result<(), Rejection> {
    if matches!(tx, Transaction::Eip4844(_) | Transaction::Deposit(_)) {
        return Err(Rejection::UnsupportedType(tx.ty()));
    }
    if let Some(have) = tx.chain_id()
        && have != chain_id
    {
        return Err(Rejection::WrongChain { have, want: chain_id });
    }
    // EIP-2681.
    if tx.nonce() == u64::MAX {
        return Err(Rejection::Malformed("nonce has max value".into()));
    }
    if tx.gas_limit() > gas_limit {
        return Err(Rejection::GasLimit { gas: tx.gas_limit(), limit: gas_limit });
    }
    if tx.gas_limit() > TX_GAS_MAX {
        return Err(Rejection::TransactionGasCap { gas: tx.gas_limit(), cap: TX_GAS_MAX });
    }
    if tx.kind().is_create() && tx.input().len() > INITCODE_BYTES_MAX {
        return Err(Rejection::InitcodeSize { size: tx.input().len(), limit: INITCODE_BYTES_MAX });
    }
    if tx.authorization_list().is_some_and(<[_]>::is_empty) {
        return Err(Rejection::Malformed("EIP-7702 transaction without authorizations".into()));
    }
    let want = minimum_gas(tx);
    if tx.gas_limit() < want {
        return Err(Rejection::IntrinsicGas { have: tx.gas_limit(), want });
    }
    Ok(())
}

/// Intrinsic gas (Prague), or EIP-7623's floor if that is more.
fn minimum_gas(tx: &Transaction) -> u64 {
    let input = tx.input();
    let zeros = input.iter().filter(|byte| **byte == 0).count() as u64;
    let tokens = zeros + 4 * (input.len() as u64 - zeros);
    let creation = match tx.kind().is_create() {
        true => 32_000 + 2 * (input.len() as u64).div_ceil(32),
        false => 0,
    };
    let access = tx.access_list().map_or(0, |AccessList(items)| {
        items.iter().map(|item| 2_400 + 1_900 * item.storage_keys.len() as u64).sum()
    });
    let authorizations = 25_000 * tx.authorization_list().map_or(0, |list| list.len() as u64);
    let intrinsic = 21_000 + 4 * tokens + creation + access + authorizations;
    intrinsic.max(21_000 + 10 * tokens)
}
