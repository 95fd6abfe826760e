//! `eth_*` methods about fees.

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{U64, U128};
use altana_ledger::Block;
use serde::{Deserialize, Serialize};

use crate::{RpcError, api::Api, args::Args, blocks::blob_fee};

/// Blocks whose tips are sampled for a suggestion.
const SAMPLED_BLOCKS: u64 = 20;
/// Cheapest tips that a sampled block contributes.
const SAMPLED_TIPS: usize = 3;
/// Percentile of the sample that is suggested.
const SAMPLE_PERCENTILE: usize = 60;
/// Suggested where nobody tips, in wei.
const DEFAULT_TIP: u128 = 1_000_000;
/// Percentiles of one `eth_feeHistory`.
const PERCENTILES_MAX: usize = 100;

pub(crate) fn gas_price(api: &Api, _: Args<'_>) -> Result<U128, RpcError> {
    let base_fee = u128::from(api.ledger.next_fees().base_fee);
    Ok(U128::from(base_fee.saturating_add(tip(api)?)))
}

pub(crate) fn priority_fee(api: &Api, _: Args<'_>) -> Result<U128, RpcError> {
    Ok(U128::from(tip(api)?))
}

/// `eth_baseFee`: of the next block.
pub(crate) fn base_fee(api: &Api, _: Args<'_>) -> Result<U64, RpcError> {
    Ok(U64::from(api.ledger.next_fees().base_fee))
}

pub(crate) fn blob_base_fee(api: &Api, _: Args<'_>) -> Result<U128, RpcError> {
    Ok(U128::from(api.ledger.next_fees().blob_base_fee.unwrap_or(1)))
}

fn tip(api: &Api) -> Result<u128, RpcError> {
    if let Some(tip) = api.backend.priority_fee() {
        return Ok(tip);
    }
    let head = api.ledger.head().number();
    let mut sample = Vec::new();
    for number in head.saturating_sub(SAMPLED_BLOCKS - 1)..=head {
        let Some(block) = api.ledger.block_by_number(number)? else { continue };
        let mut tips = tips(&block).map(|(tip, _)| tip).filter(|tip| *tip > 0).collect::<Vec<_>>();
        tips.sort_unstable();
        sample.extend(tips.into_iter().take(SAMPLED_TIPS));
    }
    sample.sort_unstable();
    let at = sample.len().saturating_sub(1) * SAMPLE_PERCENTILE / 100;
    Ok(sample.get(at).copied().unwrap_or(DEFAULT_TIP))
}

/// What each transaction of a block paid per gas above the base fee, and its gas.
fn tips(block: &Block) -> impl Iterator<Item = (u128, u64)> {
    let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
    block.transactions.iter().enumerate().map(move |(index, tx)| {
        let tip = tx.inner().effective_tip_per_gas(base_fee).unwrap_or_default();
        (tip, block.gas_used(index).unwrap_or_default())
    })
}

/// How many blocks, as a quantity or as a plain number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Quantity(U64),
    Plain(u64),
}

/// `eth_feeHistory`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeeHistory {
    oldest_block: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<Vec<Vec<U128>>>,
    base_fee_per_gas: Vec<U128>,
    gas_used_ratio: Vec<f64>,
    base_fee_per_blob_gas: Vec<U128>,
    blob_gas_used_ratio: Vec<f64>,
}

pub(crate) fn fee_history(api: &Api, mut args: Args<'_>) -> Result<FeeHistory, RpcError> {
    let count = match args.required()? {
        Count::Quantity(count) => count.to::<u64>(),
        Count::Plain(count) => count,
    };
    let newest = args.required::<BlockNumberOrTag>()?;
    let percentiles: Option<Vec<f64>> = args.optional()?;
    check_percentiles(percentiles.as_deref().unwrap_or_default())?;
    let newest = match api.at(BlockId::Number(newest)) {
        Ok(at) => at.block().number().min(api.ledger.head().number()),
        Err(_) => return Err(RpcError::refused("request beyond head block")),
    };
    let count = count.min(api.limits.fee_history_blocks).min(newest + 1);
    if count == 0 {
        return Ok(FeeHistory::default());
    }
    let oldest = newest + 1 - count;
    let mut history = FeeHistory { oldest_block: U64::from(oldest), ..Default::default() };
    let mut rewards = Vec::new();
    for number in oldest..=newest {
        let block = api
            .ledger
            .block_by_number(number)?
            .ok_or_else(|| RpcError::NotFound("header not found".into()))?;
        history.push(api, &block);
        if let Some(percentiles) = &percentiles {
            rewards.push(reward(&block, percentiles));
        }
    }
    let (base_fee, blob_fee) = fees_after(api, newest)?;
    history.base_fee_per_gas.push(U128::from(base_fee));
    history.base_fee_per_blob_gas.push(U128::from(blob_fee));
    history.reward = percentiles.filter(|percentiles| !percentiles.is_empty()).map(|_| rewards);
    Ok(history)
}

impl FeeHistory {
    fn push(&mut self, api: &Api, block: &Block) {
        let header = &block.header;
        let ratio = |used: u64, limit: u64| match limit {
            0 => 0.0,
            _ => used as f64 / limit as f64,
        };
        self.base_fee_per_gas.push(U128::from(header.base_fee_per_gas.unwrap_or_default()));
        self.gas_used_ratio.push(ratio(header.gas_used, header.gas_limit));
        self.base_fee_per_blob_gas.push(U128::from(blob_fee(api, block).unwrap_or_default()));
        let blobs =
            api.ledger.rules().ethereum().and_then(|rules| rules.blobs_at(header.timestamp));
        let most = blobs.map_or(0, |blobs| blobs.max_blob_gas_per_block());
        self.blob_gas_used_ratio.push(ratio(header.blob_gas_used.unwrap_or_default(), most));
    }
}

/// Fees of the block after `number`.
fn fees_after(api: &Api, number: u64) -> Result<(u128, u128), RpcError> {
    if number < api.ledger.head().number()
        && let Some(next) = api.ledger.block_by_number(number + 1)?
    {
        let base_fee = next.header.base_fee_per_gas.unwrap_or_default();
        return Ok((base_fee.into(), blob_fee(api, &next).unwrap_or_default()));
    }
    let fees = api.ledger.next_fees();
    Ok((fees.base_fee.into(), fees.blob_base_fee.unwrap_or_default()))
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    if percentiles.len() > PERCENTILES_MAX {
        return Err(RpcError::Limit(format!(
            "over the query limit {PERCENTILES_MAX} of reward percentiles"
        )));
    }
    let valid = percentiles.iter().all(|p| (0.0..=100.0).contains(p));
    if !valid || !percentiles.is_sorted() {
        return Err(RpcError::params("invalid reward percentile"));
    }
    Ok(())
}

/// Tips at these percentiles of the block's gas.
fn reward(block: &Block, percentiles: &[f64]) -> Vec<U128> {
    let mut paid = tips(block).collect::<Vec<_>>();
    paid.sort_unstable();
    let total = block.header.gas_used as f64;
    let mut rewards = Vec::with_capacity(percentiles.len());
    let (mut at, mut gas) = (0, paid.first().map_or(0, |(_, gas)| *gas));
    for percentile in percentiles {
        let threshold = (total * percentile / 100.0) as u64;
        while gas < threshold && at + 1 < paid.len() {
            at += 1;
            gas += paid[at].1;
        }
        rewards.push(U128::from(paid.get(at).map_or(0, |(tip, _)| *tip)));
    }
    rewards
}
