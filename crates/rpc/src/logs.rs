//! `eth_getLogs` and what shares its filters.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, FilterSet};
use altana_ledger::{ChainEvent, LogEntry, LogFilter};

use crate::{
    Limits, RpcError,
    api::{Api, At},
    args::Args,
    view::{LogView, log},
};

/// Blocks that are searched between two looks at the clock.
const BLOCKS_AT_ONCE: usize = 128;
/// Addresses or topics that one filter may name in one place.
const FILTER_VALUES_MAX: usize = 1_000;

pub(crate) fn get_logs(api: &Api, mut args: Args<'_>) -> Result<Vec<LogView>, RpcError> {
    query(api, &args.required::<Filter>()?)
}

pub(crate) fn query(api: &Api, filter: &Filter) -> Result<Vec<LogView>, RpcError> {
    let wanted = to_ledger(filter)?;
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => of_block(api, &wanted, hash),
        FilterBlockOption::Range { from_block, to_block } => {
            of_range(api, &wanted, from_block, to_block)
        }
    }
}

fn of_block(api: &Api, wanted: &LogFilter, hash: B256) -> Result<Vec<LogView>, RpcError> {
    let block =
        api.ledger.block(hash)?.ok_or_else(|| RpcError::NotFound("unknown block".into()))?;
    Ok(wanted.select(&block).iter().map(|entry| log(entry, false)).collect())
}

fn of_range(
    api: &Api,
    wanted: &LogFilter,
    from: Option<BlockNumberOrTag>,
    to: Option<BlockNumberOrTag>,
) -> Result<Vec<LogView>, RpcError> {
    let (from, _) = bound(api, from)?;
    let (to, pending) = bound(api, to)?;
    let head = api.ledger.head().number();
    if from > to {
        return Err(RpcError::params("invalid block range params"));
    }
    if to > head + u64::from(pending.is_some()) {
        return Err(RpcError::params("block range extends beyond current head block"));
    }
    let span = to - from + 1;
    if span > api.limits.logs_blocks {
        return Err(RpcError::Limit(format!(
            "query spans {span} blocks, at most {} are allowed",
            api.limits.logs_blocks
        )));
    }
    let mut found = Found { limits: &api.limits, views: Vec::new(), bytes: 0 };
    let deadline = api.deadline();
    let last = to.min(head);
    for start in (from..=last).step_by(BLOCKS_AT_ONCE) {
        deadline.check()?;
        let end = last.min(start + BLOCKS_AT_ONCE as u64 - 1);
        found.add(api.ledger.logs(start..=end, wanted, api.limits.logs_results)?)?;
    }
    if let Some(At::Pending(pending)) = pending {
        found.add(wanted.select(&pending.block))?;
    }
    Ok(found.views)
}

/// Logs as they will be shown, within limits. The blocks that hold them are not kept.
struct Found<'a> {
    limits: &'a Limits,
    views: Vec<LogView>,
    bytes: usize,
}

impl Found<'_> {
    fn add(&mut self, entries: Vec<LogEntry>) -> Result<(), RpcError> {
        for entry in &entries {
            self.bytes = self.bytes.saturating_add(entry.log().data.data.len());
            self.views.push(log(entry, false));
        }
        let most = self.limits.logs_results;
        if self.views.len() > most {
            return Err(altana_ledger::Error::TooMany(most).into());
        }
        if self.bytes > self.limits.response_bytes as usize {
            return Err(RpcError::Limit("the logs are too long for one response".into()));
        }
        Ok(())
    }
}

/// The number behind one end of a range, and the pending block if it is that.
fn bound(api: &Api, id: Option<BlockNumberOrTag>) -> Result<(u64, Option<At>), RpcError> {
    let id = id.unwrap_or(BlockNumberOrTag::Latest);
    if let BlockNumberOrTag::Number(number) = id {
        return Ok((number, None));
    }
    let at = api.at(BlockId::Number(id))?;
    let number = at.block().number();
    Ok((number, at.is_pending().then_some(at)))
}

/// The filter in the ledger's terms.
pub(crate) fn to_ledger(filter: &Filter) -> Result<LogFilter, RpcError> {
    let mut topics = <[Vec<B256>; 4]>::default();
    for (accepted, topic) in topics.iter_mut().zip(&filter.topics) {
        *accepted = values(topic)?;
    }
    Ok(LogFilter { addresses: values(&filter.address)?, topics })
}

fn values<T: Copy + Eq + std::hash::Hash>(set: &FilterSet<T>) -> Result<Vec<T>, RpcError> {
    if set.len() > FILTER_VALUES_MAX {
        return Err(RpcError::Limit(format!(
            "exceed max addresses or topics ({FILTER_VALUES_MAX})"
        )));
    }
    Ok(set.iter().copied().collect())
}

/// Matches of blocks that left or joined the chain, in order.
pub(crate) fn of_events(filter: &Filter, events: &[ChainEvent]) -> Vec<LogView> {
    let Ok(wanted) = to_ledger(filter) else { return Vec::new() };
    let mut views = Vec::new();
    for event in events {
        let removed = event.removed.iter().map(|block| (block, true));
        let added = event.added.iter().map(|block| (block, false));
        for (block, removed) in removed.chain(added) {
            if wanted.may_match(&block.header.logs_bloom) {
                views.extend(wanted.select(block).iter().map(|entry| log(entry, removed)));
            }
        }
    }
    views
}
