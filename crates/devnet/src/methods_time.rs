//! Methods about blocks and time.

use std::time::Duration;

use altana_rpc::RpcError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::chain::{Chain, now};
use crate::methods::Table;
use crate::miner::Order;
use crate::params::{Args, Number};

/// Most blocks that one call makes.
const MAX_BLOCKS_PER_CALL: u64 = 100_000;

pub(crate) const TABLE: Table = &[
    (&["evm_mine"], evm_mine),
    (&["anvil_mine", "hardhat_mine"], mine),
    (&["evm_setAutomine", "anvil_setAutomine"], set_automine),
    (&["anvil_getAutomine", "hardhat_getAutomine"], |chain, _| {
        Ok(json!(chain.miner.lock().automine))
    }),
    (&["evm_setIntervalMining", "anvil_setIntervalMining"], set_interval_mining),
    (&["anvil_getIntervalMining", "hardhat_getIntervalMining"], |chain, _| {
        Ok(json!(chain.interval.borrow().map(|every| every.as_secs())))
    }),
    (&["evm_increaseTime", "anvil_increaseTime"], |chain, args| {
        let seconds = args.number()?;
        let mut miner = chain.miner.lock();
        let newest = chain.ledger.head().header.timestamp;
        Ok(json!(miner.clock.increase(now(), newest, seconds)))
    }),
    (&["evm_setTime", "anvil_setTime"], set_time),
    (&["evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp"], set_next_timestamp),
    (&["evm_setBlockTimestampInterval", "anvil_setBlockTimestampInterval"], |chain, args| {
        chain.miner.lock().clock.set_interval(Some(args.number()?));
        Ok(Value::Null)
    }),
    (&["evm_removeBlockTimestampInterval", "anvil_removeBlockTimestampInterval"], |chain, _| {
        Ok(json!(chain.miner.lock().clock.set_interval(None)))
    }),
];

/// What `evm_mine` takes: a timestamp, or this.
#[derive(Deserialize)]
#[serde(untagged)]
enum MineOptions {
    Timestamp(Number),
    Options { timestamp: Option<Number>, blocks: Option<Number> },
}

fn evm_mine(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let (timestamp, blocks) = match args.optional()? {
        None => (None, None),
        Some(MineOptions::Timestamp(timestamp)) => (Some(timestamp), None),
        Some(MineOptions::Options { timestamp, blocks }) => (timestamp, blocks),
    };
    let blocks = blocks.map_or(Ok(1), Number::u64)?;
    let mut miner = chain.miner.lock();
    if let Some(timestamp) = timestamp {
        let newest = chain.ledger.head().header.timestamp;
        miner.clock.set_next(timestamp.u64()?, newest).map_err(invalid)?;
    }
    check_count(blocks)?;
    for _ in 0..blocks {
        chain.mine(&mut miner, Order::default())?;
    }
    Ok(json!("0x0"))
}

/// `[blocks, seconds between them]`.
fn mine(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let blocks = args.optional_number()?.unwrap_or(1);
    let interval = args.optional_number()?;
    check_count(blocks)?;
    let mut miner = chain.miner.lock();
    for i in 0..blocks {
        if let Some(interval) = interval.filter(|_| i > 0) {
            let newest = chain.ledger.head().header.timestamp;
            let next = newest.saturating_add(interval.max(1));
            miner.clock.set_next(next, newest).map_err(invalid)?;
        }
        chain.mine(&mut miner, Order::default())?;
    }
    Ok(Value::Null)
}

fn check_count(blocks: u64) -> Result<(), RpcError> {
    if blocks <= MAX_BLOCKS_PER_CALL {
        return Ok(());
    }
    Err(RpcError::InvalidParams(format!("{blocks} blocks are more than {MAX_BLOCKS_PER_CALL}")))
}

fn set_automine(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let automine = args.required()?;
    chain.miner.lock().automine = automine;
    if automine {
        chain.interval.send_replace(None);
    }
    Ok(Value::Null)
}

/// Seconds between blocks; 0 stops mining by itself.
fn set_interval_mining(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let seconds = args.number()?;
    chain.miner.lock().automine = false;
    let every = (seconds > 0).then(|| Duration::from_secs(seconds));
    chain.interval.send_replace(every);
    Ok(Value::Null)
}

fn set_time(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let to = args.number()?;
    Ok(json!(chain.miner.lock().clock.set(now(), to)))
}

fn set_next_timestamp(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let timestamp = args.number()?;
    let mut miner = chain.miner.lock();
    let newest = chain.ledger.head().header.timestamp;
    miner.clock.set_next(timestamp, newest).map_err(invalid)?;
    Ok(Value::Null)
}

fn invalid(error: impl std::fmt::Display) -> RpcError {
    RpcError::InvalidParams(format!("Timestamp error: {error}"))
}
