//! `eth_*` methods about accounts.

use std::collections::BTreeMap;

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use altana_ledger::StateView;
use serde::Serialize;

use crate::{
    RpcError,
    api::{Api, At},
    args::Args,
};

pub(crate) fn balance(api: &Api, mut args: Args<'_>) -> Result<U256, RpcError> {
    let address = args.required()?;
    let account = api.state(args.block()?)?.account(address)?;
    Ok(account.map(|account| account.balance).unwrap_or_default())
}

pub(crate) fn code(api: &Api, mut args: Args<'_>) -> Result<Bytes, RpcError> {
    let address = args.required()?;
    Ok(api.state(args.block()?)?.code(address)?)
}

pub(crate) fn nonce(api: &Api, mut args: Args<'_>) -> Result<U64, RpcError> {
    let address: Address = args.required()?;
    let id = args.block()?;
    let account = api.state(id)?.account(address)?;
    let mut nonce = account.map(|account| account.nonce).unwrap_or_default();
    if id == BlockId::pending() {
        nonce = nonce.max(api.backend.pooled_nonce(address).unwrap_or_default());
    }
    Ok(U64::from(nonce))
}

pub(crate) fn storage(api: &Api, mut args: Args<'_>) -> Result<B256, RpcError> {
    let address = args.required()?;
    let key: String = args.required()?;
    let slot = storage_key(&key)?;
    slot_of(&api.state(args.block()?)?, address, slot)
}

fn slot_of(state: &StateView, address: Address, slot: B256) -> Result<B256, RpcError> {
    Ok(state.slot(address, slot.into())?.into())
}

/// Keys may be short; they are padded on the left.
fn storage_key(text: &str) -> Result<B256, RpcError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.len() > 64 {
        return Err(RpcError::params(format!(
            "storage key too long (want at most 32 bytes): {text:?}"
        )));
    }
    let slot =
        if digits.is_empty() { Some(U256::ZERO) } else { U256::from_str_radix(digits, 16).ok() };
    let valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match slot.filter(|_| valid) {
        Some(slot) => Ok(slot.into()),
        None => Err(RpcError::params(format!("invalid hex in storage key: {text:?}"))),
    }
}

/// `eth_getStorageValues`: slots of several accounts at once.
pub(crate) fn storage_values(
    api: &Api,
    mut args: Args<'_>,
) -> Result<BTreeMap<Address, Vec<B256>>, RpcError> {
    let wanted: BTreeMap<Address, Vec<String>> = args.required()?;
    let state = api.state(args.block()?)?;
    let keys: usize = wanted.values().map(Vec::len).sum();
    if keys == 0 {
        return Err(RpcError::params("empty request"));
    }
    check_keys(api, keys)?;
    wanted
        .into_iter()
        .map(|(address, keys)| {
            let values = keys.iter().map(|key| slot_of(&state, address, storage_key(key)?));
            Ok((address, values.collect::<Result<_, RpcError>>()?))
        })
        .collect()
}

fn check_keys(api: &Api, keys: usize) -> Result<(), RpcError> {
    let max = api.limits.storage_keys;
    if keys > max {
        return Err(RpcError::Limit(format!("too many storage keys: {keys}, at most {max}")));
    }
    Ok(())
}

/// EIP-1186.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProofView {
    address: Address,
    account_proof: Vec<Bytes>,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    storage_proof: Vec<SlotProofView>,
}

#[derive(Clone, Debug, Serialize)]
struct SlotProofView {
    key: Key,
    value: U256,
    proof: Vec<Bytes>,
}

/// Keys are given back in the form in which they came.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Key {
    Full(B256),
    Short(U256),
}

pub(crate) fn proof(api: &Api, mut args: Args<'_>) -> Result<ProofView, RpcError> {
    let address = args.required()?;
    let keys: Vec<String> = args.optional()?.unwrap_or_default();
    check_keys(api, keys.len())?;
    let slots = keys.iter().map(|key| storage_key(key)).collect::<Result<Vec<_>, _>>()?;
    // There are no proofs against a state that has no root yet.
    let block = match api.at(args.block()?)? {
        At::Stored(block) => block,
        At::Pending(_) => api.ledger.head(),
    };
    let proof = api.ledger.proof(address, &slots, block.hash())?;
    Ok(ProofView {
        address,
        account_proof: proof.proof,
        balance: proof.balance,
        code_hash: proof.code_hash,
        nonce: U64::from(proof.nonce),
        storage_hash: proof.storage_root,
        storage_proof: keys
            .iter()
            .zip(proof.slots)
            .map(|(key, slot)| SlotProofView {
                key: match key.len() {
                    66 => Key::Full(slot.slot),
                    _ => Key::Short(slot.slot.into()),
                },
                value: slot.value,
                proof: slot.proof,
            })
            .collect(),
    })
}

/// `eth_getAccount`: the account as the trie holds it.
pub(crate) fn account(
    api: &Api,
    mut args: Args<'_>,
) -> Result<impl Serialize + Clone + use<>, RpcError> {
    #[derive(Clone, Debug, Serialize)]
    #[serde(rename_all = "camelCase")]
    struct AccountView {
        code_hash: B256,
        storage_root: B256,
        balance: U256,
        nonce: U64,
    }
    let address = args.required()?;
    let block = api.at(args.block()?)?.block().hash();
    let proof = api.ledger.proof(address, &[], block)?;
    Ok(AccountView {
        code_hash: proof.code_hash,
        storage_root: proof.storage_root,
        balance: proof.balance,
        nonce: U64::from(proof.nonce),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, expect: Result<u64, &str>) {
        match (storage_key(key), expect) {
            (Ok(got), Ok(expect)) => assert_eq!(got, B256::from(U256::from(expect))),
            (Err(got), Err(expect)) => assert!(got.to_string().contains(expect), "{got}"),
            (got, expect) => panic!("{key}: {got:?}, not {expect:?}"),
        }
    }

    #[test]
    fn storage_keys_may_be_short() {
        check("0x00", Ok(0));
        check("0x1", Ok(1));
        check("0x", Ok(0));
        check("ff", Ok(255));
        check(&format!("0x{:064x}", 7), Ok(7));
        check(&format!("0x{:065x}", 7), Err("too long"));
        check("0xasdf", Err("invalid hex"));
        check("0x1_0", Err("invalid hex"));
    }
}
