//! Methods about the chain as a whole: snapshots, reorganisations, what the next block is like.

use alloy_primitives::{Address, U64, U256};
use altana_rpc::RpcError;
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::methods::Table;
use crate::params::Args;
use crate::reorg::Reorg;
use crate::wallet;

pub(crate) const TABLE: Table = &[
    (&["evm_snapshot", "anvil_snapshot"], |chain, _| {
        Ok(json!(U64::from(chain.snapshot(&mut chain.miner.lock()))))
    }),
    (&["evm_revert", "anvil_revert"], |chain, args| {
        let id = args.number()?;
        Ok(json!(chain.revert(&mut chain.miner.lock(), id)?))
    }),
    (&["anvil_reorg"], reorg),
    (&["anvil_rollback"], |chain, args| {
        let depth = args.optional_number()?.unwrap_or(1);
        chain.roll_back(&mut chain.miner.lock(), depth, true)?;
        Ok(Value::Null)
    }),
    (&["evm_setBlockGasLimit", "anvil_setBlockGasLimit"], |chain, args| {
        chain.miner.lock().gas_limit = Some(args.number()?);
        Ok(json!(true))
    }),
    (&["anvil_setNextBlockBaseFeePerGas", "hardhat_setNextBlockBaseFeePerGas"], |chain, args| {
        chain.miner.lock().next_base_fee = Some(args.number()?);
        Ok(Value::Null)
    }),
    (&["anvil_setCoinbase", "hardhat_setCoinbase"], |chain, args| {
        chain.miner.lock().coinbase = args.required()?;
        Ok(Value::Null)
    }),
    (&["anvil_impersonateAccount", "hardhat_impersonateAccount"], |chain, args| {
        let address: Address = args.required()?;
        chain.miner.lock().impersonate(address)?;
        Ok(Value::Null)
    }),
    (&["anvil_stopImpersonatingAccount", "hardhat_stopImpersonatingAccount"], |chain, args| {
        let address: Address = args.required()?;
        chain.miner.lock().impersonated.remove(&address);
        Ok(Value::Null)
    }),
    (&["anvil_autoImpersonateAccount", "hardhat_autoImpersonateAccount"], |chain, args| {
        chain.miner.lock().impersonate_all = args.required()?;
        Ok(Value::Null)
    }),
    (&["anvil_nodeInfo"], node_info),
    (&["anvil_metadata", "hardhat_metadata"], metadata),
];

/// `[depth, [[transaction, block], …], {"dropTransactions": bool}]`: replaces the newest `depth`
/// blocks. `transaction` is raw (`0x…`) or what `eth_sendTransaction` takes; `block` counts from 0.
/// The replaced blocks' transactions return to the pool, unless `dropTransactions`.
fn reorg(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let depth = args.number()?;
    let pairs: Vec<(Value, u64)> = args.optional()?.unwrap_or_default();
    let options: Value = args.optional()?.unwrap_or_default();
    let forget = options.get("dropTransactions").and_then(Value::as_bool).unwrap_or_default();
    let mut miner = chain.miner.lock();
    let mut transactions = Vec::with_capacity(pairs.len());
    for (transaction, block) in pairs {
        let (transaction, sidecar) = wallet::read(chain, &miner, transaction)?;
        transactions.push((transaction, sidecar, block));
    }
    chain.reorganise(&mut miner, Reorg { depth, transactions, forget })?;
    Ok(Value::Null)
}

fn node_info(chain: &Chain, _: &mut Args) -> Result<Value, RpcError> {
    let head = chain.ledger.head();
    let fees = chain.ledger.next_fees();
    let tip = U256::from(wallet::DEFAULT_TIP_WEI);
    Ok(json!({
        "currentBlockNumber": U64::from(head.number()),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash(),
        "hardFork": "Osaka",
        "transactionOrder": "fees",
        "environment": {
            "baseFee": U256::from(fees.base_fee),
            "chainId": chain.config.chain_id,
            "gasLimit": U64::from(head.header.gas_limit),
            "gasPrice": U256::from(fees.base_fee) + tip,
        },
        "forkConfig": { "forkUrl": null, "forkBlockNumber": null, "forkRetryBackoff": null },
    }))
}

fn metadata(chain: &Chain, _: &mut Args) -> Result<Value, RpcError> {
    let head = chain.ledger.head();
    let miner = chain.miner.lock();
    let snapshots: serde_json::Map<String, Value> = miner
        .snapshots
        .list()
        .map(|(id, block)| (format!("{id:#x}"), json!([block.number(), block.hash()])))
        .collect();
    Ok(json!({
        "clientVersion": concat!("altana-devnet/v", env!("CARGO_PKG_VERSION")),
        "chainId": chain.config.chain_id,
        "instanceId": chain.ledger.genesis().hash(),
        "latestBlockNumber": head.number(),
        "latestBlockHash": head.hash(),
        "forkedNetwork": null,
        "snapshots": snapshots,
    }))
}
