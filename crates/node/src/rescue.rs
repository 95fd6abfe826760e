//! Commit messages and nothing else: as anyone may when no batch has come for the sequencer timeout, and
//! as the batcher does when its blocks would leave overdue messages behind.

use crate::{derive::Tip, inbox::Inbox};
use altana_parent::{Commit, InboxMessage, ParentBlock};
use altana_protocol::{
    ChainSpec,
    batch::{EncodeError, PayloadBlock, encode_payload},
    derive::fitting,
    queue::BATCH_MESSAGES_MAX,
};

/// The batch that carries what waits in the queue after the newest batch, as much as one batch may, and
/// nothing else: as few blocks as the messages fit, at the parent's own time. `None`: nothing waits. The
/// Inbox refuses it from strangers while the sequencer still has time.
pub fn commit(
    spec: &ChainSpec,
    tip: &Tip,
    inbox: &Inbox,
    parent_head: &ParentBlock,
) -> Result<Option<Commit>, EncodeError> {
    let most = tip.queue_end.saturating_add(BATCH_MESSAGES_MAX);
    let end = inbox.queue_length().min(most);
    let Some(messages) = inbox.range(tip.queue_end, end) else { return Ok(None) };
    let mut messages: Vec<&InboxMessage> = messages.collect();
    let gas = messages.iter().map(|message| message.queued.message.counted_gas());
    messages.truncate(fitting(gas, spec.batch_gas));
    if messages.is_empty() {
        return Ok(None);
    }
    let timestamp = parent_head.timestamp.max(tip.last_timestamp);
    let blocks = blocks(&messages, timestamp, spec.gas_limit);
    Ok(Some(Commit {
        index: tip.index + 1,
        first_timestamp: timestamp,
        last_timestamp: timestamp,
        queue_end: tip.queue_end + messages.len() as u64,
        payload: encode_payload(spec.chain_id, &blocks)?.into(),
        blobs: false,
    }))
}

/// At most [`BATCH_MESSAGES_MAX`] messages as blocks that hold nothing else.
fn blocks(mut messages: &[&InboxMessage], timestamp: u64, gas_limit: u64) -> Vec<PayloadBlock> {
    let mut blocks = Vec::new();
    while !messages.is_empty() {
        let gas = messages.iter().map(|message| message.queued.message.gas_limit());
        let (consumed, rest) = messages.split_at(fitting(gas, gas_limit));
        messages = rest;
        blocks.push(PayloadBlock {
            timestamp,
            messages: consumed.len() as u16,
            labels: consumed.iter().filter_map(|message| message.label).collect(),
            transactions: Vec::new(),
        });
    }
    blocks
}
