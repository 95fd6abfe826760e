//! Commit without the sequencer: when no batch has come for the sequencer timeout, anyone may.

use crate::derive::Derivation;
use altana_parent::{Commit, ParentBlock};
use altana_protocol::{
    batch::{EncodeError, PayloadBlock, encode_payload},
    queue::BATCH_MESSAGES_MAX,
};

/// The batch that carries what waits in the queue, and nothing else: one block at the parent's own
/// time. `None`: nothing waits. The Inbox refuses it while the sequencer still has time.
pub fn commit(
    chain_id: u64,
    derivation: &Derivation,
    parent_head: &ParentBlock,
) -> Result<Option<Commit>, EncodeError> {
    let tip = derivation.tip();
    let most = tip.queue_end.saturating_add(BATCH_MESSAGES_MAX);
    let end = derivation.inbox().queue_length().min(most);
    let Some(messages) = derivation.inbox().range(tip.queue_end, end) else { return Ok(None) };
    if end <= tip.queue_end {
        return Ok(None);
    }
    let timestamp = parent_head.timestamp.max(tip.last_timestamp);
    let block = PayloadBlock {
        timestamp,
        messages: (end - tip.queue_end) as u16,
        labels: messages.filter_map(|message| message.label).collect(),
        transactions: Vec::new(),
    };
    Ok(Some(Commit {
        index: tip.index + 1,
        first_timestamp: timestamp,
        last_timestamp: timestamp,
        queue_end: end,
        payload: encode_payload(chain_id, &[block])?.into(),
        blobs: false,
    }))
}
