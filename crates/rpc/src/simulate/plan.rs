//! Which blocks to simulate.

use alloy_primitives::U256;
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionRequest, simulate::SimBlock, state::StateOverride,
};
use altana_ledger::{Block, Rules};

use crate::{RpcError, api::Api};

const BLOCK_NUMBERS: i32 = -38020;
const BLOCK_TIMESTAMPS: i32 = -38021;
const TOO_MANY_BLOCKS: i32 = -38026;

/// Seconds between simulated blocks, where nothing else is said.
const ETHEREUM_INTERVAL_SECONDS: u64 = 12;
const ROLLUP_INTERVAL_SECONDS: u64 = 1;

/// One block to simulate.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) number: u64,
    pub(super) timestamp: u64,
    pub(super) block: BlockOverrides,
    pub(super) state: StateOverride,
    pub(super) calls: Vec<TransactionRequest>,
}

/// The wanted blocks with their numbers and times, and empty ones where numbers are left out.
pub(super) fn plan(
    api: &Api,
    base: &Block,
    wanted: Vec<SimBlock>,
) -> Result<Vec<Planned>, RpcError> {
    if wanted.is_empty() {
        return Err(RpcError::params("empty input"));
    }
    let too_many = || RpcError::coded(TOO_MANY_BLOCKS, "too many blocks");
    let most = api.limits.simulate_blocks;
    if wanted.len() as u64 > most {
        return Err(too_many());
    }
    let interval = match api.ledger.rules() {
        Rules::Ethereum(_) => ETHEREUM_INTERVAL_SECONDS,
        Rules::Rollup(_) => ROLLUP_INTERVAL_SECONDS,
    };
    let (mut number, mut timestamp) = (base.number(), base.header.timestamp);
    let mut planned = Vec::new();
    for block in wanted {
        let overrides = block.block_overrides.unwrap_or_default();
        let next = overrides.number.unwrap_or_else(|| U256::from(number + 1)).saturating_to();
        if next <= number {
            let message = format!("block numbers must be in order: {next} <= {number}");
            return Err(RpcError::coded(BLOCK_NUMBERS, message));
        }
        if next - base.number() > most {
            return Err(too_many());
        }
        for number in number + 1..next {
            timestamp += interval;
            planned.push(Planned { number, timestamp, ..Default::default() });
        }
        let time = overrides.time.unwrap_or(timestamp.saturating_add(interval));
        if time <= timestamp {
            let message = format!("block timestamps must be in order: {time} <= {timestamp}");
            return Err(RpcError::coded(BLOCK_TIMESTAMPS, message));
        }
        (number, timestamp) = (next, time);
        planned.push(Planned {
            number,
            timestamp,
            block: overrides,
            state: block.state_overrides.unwrap_or_default(),
            calls: block.calls,
        });
    }
    Ok(planned)
}
