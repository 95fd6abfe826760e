//! `eth_chainId`, `eth_syncing`, `net_*`, `web3_*`, `txpool_*`: what the node says of itself.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use altana_protocol::Transaction;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    RpcError,
    api::Api,
    args::Args,
    view::{self, TransactionView},
};

pub(crate) fn chain_id(api: &Api, _: Args<'_>) -> Result<U64, RpcError> {
    Ok(U64::from(api.chain_id()))
}

pub(crate) fn net_version(api: &Api, _: Args<'_>) -> Result<String, RpcError> {
    Ok(api.chain_id().to_string())
}

pub(crate) fn net_listening(_: &Api, _: Args<'_>) -> Result<bool, RpcError> {
    Ok(true)
}

pub(crate) fn net_peer_count(_: &Api, _: Args<'_>) -> Result<U64, RpcError> {
    Ok(U64::ZERO)
}

pub(crate) fn client_version(api: &Api, _: Args<'_>) -> Result<String, RpcError> {
    Ok(api.backend.client_version())
}

pub(crate) fn sha3(_: &Api, mut args: Args<'_>) -> Result<B256, RpcError> {
    Ok(keccak256(args.required::<Bytes>()?))
}

/// Keys are not held here.
pub(crate) fn accounts(_: &Api, _: Args<'_>) -> Result<Vec<Address>, RpcError> {
    Ok(Vec::new())
}

pub(crate) fn syncing(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    Ok(match api.backend.syncing() {
        None => json!(false),
        Some(progress) => json!({
            "startingBlock": U64::from(progress.starting_block),
            "currentBlock": U64::from(progress.current_block),
            "highestBlock": U64::from(progress.highest_block),
        }),
    })
}

pub(crate) fn rpc_modules(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    let mut modules = json!({
        "debug": "1.0", "eth": "1.0", "net": "1.0", "rpc": "1.0", "txpool": "1.0", "web3": "1.0",
    });
    if api.backend.rollup().is_some() {
        modules["optimism"] = json!("1.0");
    }
    Ok(modules)
}

type ByNonce<T> = BTreeMap<String, T>;

/// `txpool_content` and `txpool_inspect`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pool<T> {
    pending: BTreeMap<String, ByNonce<T>>,
    queued: BTreeMap<String, ByNonce<T>>,
}

/// `txpool_contentFrom`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PoolOfSender {
    pending: ByNonce<TransactionView>,
    queued: ByNonce<TransactionView>,
}

pub(crate) fn txpool_status(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    let status = api.backend.pool_status();
    Ok(json!({ "pending": U64::from(status.pending), "queued": U64::from(status.queued) }))
}

pub(crate) fn txpool_content(api: &Api, _: Args<'_>) -> Result<Pool<TransactionView>, RpcError> {
    Ok(pool(api, view::pooled))
}

pub(crate) fn txpool_inspect(api: &Api, _: Args<'_>) -> Result<Pool<String>, RpcError> {
    Ok(pool(api, |tx| {
        let tx = tx.inner();
        let to = tx.to().map_or("contract creation".into(), |to| to.to_string());
        let (value, gas, price) = (tx.value(), tx.gas_limit(), tx.max_fee_per_gas());
        format!("{to}: {value} wei + {gas} gas × {price} wei")
    }))
}

fn pool<T>(api: &Api, show: impl Fn(&Recovered<Transaction>) -> T) -> Pool<T> {
    let content = api.backend.pool_content();
    let side = |senders: BTreeMap<Address, Vec<Arc<Recovered<Transaction>>>>| {
        let sender = |(sender, txs): (Address, Vec<Arc<Recovered<Transaction>>>)| {
            let by_nonce = txs.iter().map(|tx| (tx.nonce().to_string(), show(tx))).collect();
            (sender.to_string(), by_nonce)
        };
        senders.into_iter().map(sender).collect()
    };
    Pool { pending: side(content.pending), queued: side(content.queued) }
}

pub(crate) fn txpool_content_from(api: &Api, mut args: Args<'_>) -> Result<PoolOfSender, RpcError> {
    let sender: Address = args.required()?;
    let content = api.backend.pool_content();
    let of_sender = |senders: BTreeMap<Address, Vec<Arc<Recovered<Transaction>>>>| {
        let txs = senders.get(&sender).into_iter().flatten();
        txs.map(|tx| (tx.nonce().to_string(), view::pooled(tx))).collect()
    };
    Ok(PoolOfSender { pending: of_sender(content.pending), queued: of_sender(content.queued) })
}

/// `eth_capabilities`: nothing is ever pruned.
pub(crate) fn capabilities(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    let head = api.ledger.head();
    let all = json!({ "disabled": false, "oldestBlock": "0x0" });
    Ok(json!({
        "head": { "number": U64::from(head.number()), "hash": head.hash() },
        "state": all, "tx": all, "logs": all, "receipts": all, "blocks": all, "stateproofs": all,
    }))
}

/// Names of precompiles in EIP-7910, by address.
const PRECOMPILES: [(u16, &str); 18] = [
    (0x01, "ECREC"),
    (0x02, "SHA256"),
    (0x03, "RIPEMD160"),
    (0x04, "ID"),
    (0x05, "MODEXP"),
    (0x06, "BN254_ADD"),
    (0x07, "BN254_MUL"),
    (0x08, "BN254_PAIRING"),
    (0x09, "BLAKE2F"),
    (0x0a, "KZG_POINT_EVALUATION"),
    (0x0b, "BLS12_G1ADD"),
    (0x0c, "BLS12_G1MSM"),
    (0x0d, "BLS12_G2ADD"),
    (0x0e, "BLS12_G2MSM"),
    (0x0f, "BLS12_PAIRING_CHECK"),
    (0x10, "BLS12_MAP_FP_TO_G1"),
    (0x11, "BLS12_MAP_FP2_TO_G2"),
    (0x100, "P256VERIFY"),
];

/// `eth_config` (EIP-7910), on chains that follow Ethereum's schedule of forks.
pub(crate) fn config(api: &Api, _: Args<'_>) -> Result<Value, RpcError> {
    let Some(rules) = api.ledger.rules().ethereum() else {
        return Err(RpcError::coded(-32601, "the method eth_config does not exist on a rollup"));
    };
    let now = api.ledger.head().header.timestamp;
    let mut forks: Vec<u64> = rules.by_time.iter().map(|(from, _)| *from).collect();
    forks.extend(rules.blobs.iter().map(|(from, _)| *from));
    forks.sort_unstable();
    forks.dedup();
    let current = forks.iter().rev().find(|from| **from <= now);
    let next = forks.iter().find(|from| **from > now);
    let last = forks.last().filter(|last| next.is_some_and(|next| *last >= next));
    let show = |from: Option<&u64>| from.map(|from| fork_config(api, rules, *from));
    Ok(json!({ "current": show(current), "next": show(next), "last": show(last) }))
}

fn fork_config(api: &Api, rules: &altana_ledger::EthereumRules, from: u64) -> Value {
    use alloy_eips::{eip2935, eip4788, eip7002, eip7251};
    use revm::primitives::hardfork::SpecId;
    let spec = rules.spec_at(u64::MAX, from);
    let known = match spec {
        spec if spec >= SpecId::OSAKA => 18,
        spec if spec >= SpecId::PRAGUE => 17,
        spec if spec >= SpecId::CANCUN => 10,
        _ => 9,
    };
    let address = |at: u16| Address::left_padding_from(&at.to_be_bytes());
    let precompiles: BTreeMap<_, _> =
        PRECOMPILES[..known].iter().map(|(at, name)| (*name, address(*at))).collect();
    let mut contracts = BTreeMap::new();
    if spec >= SpecId::CANCUN {
        contracts.insert("BEACON_ROOTS_ADDRESS", eip4788::BEACON_ROOTS_ADDRESS);
    }
    if spec >= SpecId::PRAGUE {
        contracts.extend([
            ("HISTORY_STORAGE_ADDRESS", eip2935::HISTORY_STORAGE_ADDRESS),
            ("DEPOSIT_CONTRACT_ADDRESS", rules.deposit_contract),
            (
                "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS",
                eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            ),
            ("WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS),
        ]);
    }
    let blobs = rules.blobs_at(from).map(|blobs| {
        json!({
            "target": blobs.target_blob_count,
            "max": blobs.max_blob_count,
            "baseFeeUpdateFraction": u64::try_from(blobs.update_fraction).unwrap_or(u64::MAX),
        })
    });
    json!({
        "activationTime": from,
        "blobSchedule": blobs,
        "chainId": U64::from(rules.chain_id),
        "forkId": fork_id(api, rules, from),
        "precompiles": precompiles,
        "systemContracts": contracts,
    })
}

/// EIP-2124's checksum over the genesis and all forks up to `time` that the rules know (not the
/// ones that only delayed the difficulty bomb).
fn fork_id(api: &Api, rules: &altana_ledger::EthereumRules, time: u64) -> String {
    let genesis = api.ledger.genesis();
    let mut crc = Crc32::default();
    crc.update(genesis.hash().as_slice());
    let mut numbers: Vec<u64> = rules.by_number.iter().map(|(from, _)| *from).collect();
    numbers.retain(|from| *from > 0);
    numbers.dedup();
    let mut times: Vec<u64> = rules.by_time.iter().map(|(from, _)| *from).collect();
    times.extend(rules.blobs.iter().map(|(from, _)| *from));
    times.retain(|from| *from > genesis.header.timestamp && *from <= time);
    times.sort_unstable();
    times.dedup();
    for fork in numbers.into_iter().chain(times) {
        crc.update(&fork.to_be_bytes());
    }
    format!("{:#010x}", crc.finish())
}

/// CRC-32 (IEEE).
struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32 {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte);
            for _ in 0..8 {
                let carry = self.0 & 1;
                self.0 = (self.0 >> 1) ^ (0xEDB8_8320 * carry);
            }
        }
    }

    fn finish(self) -> u32 {
        !self.0
    }
}

/// A quantity of nothing: methods about mining that explorers still call.
pub(crate) fn zero(_: &Api, _: Args<'_>) -> Result<U256, RpcError> {
    Ok(U256::ZERO)
}

pub(crate) fn mining(_: &Api, _: Args<'_>) -> Result<bool, RpcError> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_one_of_eip_2124() {
        // Mainnet's genesis, no forks yet: an example of the EIP.
        let genesis = alloy_primitives::b256!(
            "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"
        );
        let mut crc = Crc32::default();
        crc.update(genesis.as_slice());
        assert_eq!(crc.finish(), 0xfc64_ec04);
    }
}
