//! What a rollup's node needs from its parent chain. [`InboxReader`](crate::InboxReader),
//! [`Batches`](crate::Batches) give it over RPC; a simulator gives it in memory.

use crate::{CommittedBatch, Heads, InboxLog, ParentBlock, ParentError, sender::Sent};
use alloy::primitives::Bytes;
use std::future::Future;

/// Reads a parent chain. Nothing that it answers is final, except what is at or below
/// [`Heads::finalized`]. Every call may be repeated. Implementations keep no state that has to
/// survive a restart.
pub trait ParentReader: Send + Sync + 'static {
    /// The parent's heads now.
    fn heads(&self) -> impl Future<Output = Result<Heads, ParentError>> + Send;

    /// The canonical block with this number, if the parent has one.
    fn block(
        &self,
        number: u64,
    ) -> impl Future<Output = Result<Option<ParentBlock>, ParentError>> + Send;

    /// The Inbox's log of blocks `from..=to.number` of the chain that contains `to`;
    /// [`ParentError::Reset`] if that is no longer the canonical one.
    fn inbox_log(
        &self,
        from: u64,
        to: &ParentBlock,
    ) -> impl Future<Output = Result<InboxLog, ParentError>> + Send;

    /// The payload of a batch: its calldata, or what its blobs hold, checked against the header's
    /// commitment (blobs through their KZG commitments). The answer for one header never changes.
    ///
    /// `None`: the blobs' length prefix lies, so that no payload is in them (the batch is then
    /// executed without one). Blobs that cannot be had at the moment are
    /// [`ParentError::Temporary`].
    fn payload(
        &self,
        batch: &CommittedBatch,
    ) -> impl Future<Output = Result<Option<Bytes>, ParentError>> + Send;
}

/// A call of `Inbox.commitBatch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Index of the batch.
    pub index: u64,
    /// No block is older.
    pub first_timestamp: u64,
    /// No block is younger.
    pub last_timestamp: u64,
    /// Messages below this index are consumed after the batch.
    pub queue_end: u64,
    /// The payload.
    pub payload: Bytes,
    /// Whether the payload travels in blobs or in calldata.
    pub blobs: bool,
}

/// Sends batches. A call resolves when its transaction is mined (with fees bumped as often as
/// needed), or when it was given up for good. Whether it stays mined is for the reader of the chain
/// to see; a reverted one was overtaken. What is sent after a restart replaces what was pending.
pub trait BatchSender: Send + Sync + 'static {
    /// `Inbox.commitBatch`.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Sent, ParentError>> + Send;
}
