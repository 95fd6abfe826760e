//! What the node needs from its parent chain. `altana-parent` gives it over RPC, the simulator
//! gives it in memory.

use alloy_primitives::{B256, Bytes, U256};
use altana_protocol::{
    batch::BatchHeader,
    queue::{Label, QueuedMessage},
};
use std::future::Future;

/// A block of the parent chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParentBlock {
    /// Number.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Hash of the block before.
    pub parent_hash: B256,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// Wei per gas.
    pub base_fee: u128,
    /// Wei per blob gas.
    pub blob_base_fee: u128,
}

/// What the parent says about its chain now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// The newest block. May be replaced at any time.
    pub latest: ParentBlock,
    /// The newest block that the parent's consensus calls safe.
    pub safe: ParentBlock,
    /// The newest final block: final, unless the parent breaks its promise.
    pub finalized: ParentBlock,
}

/// A queue message with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxMessage {
    /// The message, its index and the accumulator after it.
    pub queued: QueuedMessage,
    /// For deposits: hash of the parent block and index of the Portal's `TransactionDeposited`
    /// log in it.
    pub label: Option<Label>,
    /// Hash of the parent block that holds its log (the number is the message's own).
    pub block_hash: B256,
}

/// A batch as its `BatchCommitted` event tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBatch {
    /// The header.
    pub header: BatchHeader,
    /// The event's `data`: the payload (calldata), or versioned hashes one after the other.
    pub data: Bytes,
    /// Number of the parent block that holds the event.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
}

/// The Inbox's log over a range of parent blocks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxLog {
    /// `MessageQueued` events, by rising index.
    pub messages: Vec<InboxMessage>,
    /// `BatchCommitted` events, by rising index.
    pub batches: Vec<CommittedBatch>,
}

/// What the Inbox was deployed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxTerms {
    /// Seconds after which a message must be in the next batch.
    pub force_inclusion_delay: u64,
    /// Seconds without a commit after which anyone may commit.
    pub sequencer_timeout: u64,
    /// Seconds that a batch's last timestamp may lie before its commit.
    pub max_batch_age: u64,
}

/// Why the parent did not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ParentError {
    /// Down, slow, behind, or answering nonsense: ask again later (with backoff).
    #[error("parent chain: {0}")]
    Retry(String),
    /// The chain changed while it was read: begin again with [`ParentReader::heads`].
    #[error("parent chain reorganised while it was read: {0}")]
    Reorganised(String),
    /// Asking again cannot help (wrong chain, no contract, key refused): stop and tell the
    /// operator.
    #[error("parent chain: {0}")]
    Fatal(String),
}

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
    /// [`ParentError::Reorganised`] if that is no longer the canonical one.
    fn inbox_log(
        &self,
        from: u64,
        to: &ParentBlock,
    ) -> impl Future<Output = Result<InboxLog, ParentError>> + Send;

    /// The payload of a batch: its calldata, or what its blobs hold, checked against the header's
    /// commitment (blobs through their KZG commitments). The answer for one header never changes.
    ///
    /// `None`: the blobs' length prefix lies, so that no payload is in them (the batch is then
    /// executed without one). Blobs that cannot be had at the moment are [`ParentError::Retry`].
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

/// A call of `Settlement.propose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Index of the claim that this one builds on.
    pub parent_claim: u64,
    /// Batch whose state is claimed.
    pub batch_index: u64,
    /// Hash of the batch's header.
    pub batch_hash: B256,
    /// Output root after the batch.
    pub output_root: B256,
    /// Number of its last block.
    pub last_block: u64,
}

/// A claim as the Settlement has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Its place in the list (0 is the genesis).
    pub index: u64,
    /// Batch whose state is claimed.
    pub batch_index: u64,
    /// Output root.
    pub output_root: B256,
    /// Number of the last block.
    pub last_block: u64,
}

/// How a transaction on the parent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: B256,
    /// Block that holds it (which may still be reorganised away).
    pub block_number: u64,
    /// Whether the call succeeded. A reverted commit or claim was overtaken: look at the chain
    /// and decide anew.
    pub success: bool,
    /// Gas used.
    pub gas_used: u64,
    /// Wei paid for gas and blob gas.
    pub fee: U256,
}

/// Sends batches. A call resolves when its transaction is mined (with fees bumped as often as
/// needed), or when it was given up for good. Whether it stays mined is for the reader of the chain
/// to see. What is sent after a restart replaces what was pending.
pub trait BatchSender: Send + Sync + 'static {
    /// `Inbox.commitBatch`.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Sent, ParentError>> + Send;
}

/// Sends claims, as [`BatchSender`] sends batches.
pub trait ClaimSender: Send + Sync + 'static {
    /// `Settlement.propose`, with the bond that its validity module asks for.
    fn propose(&self, proposal: Proposal)
    -> impl Future<Output = Result<Sent, ParentError>> + Send;

    /// The newest claims that were not rejected, at most `max`, and always the genesis claim.
    fn claims(&self, max: usize) -> impl Future<Output = Result<Vec<Claim>, ParentError>> + Send;
}
