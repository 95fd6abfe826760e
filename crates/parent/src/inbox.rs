//! The Inbox's log: messages and batches, checked against the contract's state.

use crate::{
    Heads, Parent, ParentBlock, ParentError, ParentReader, position::Position, rpc::CallError,
};
use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, Log},
    sol,
    sol_types::SolEvent,
};
use altana_contracts::bindings::{Inbox, Portal};
use altana_protocol::{
    batch::{
        BatchHeader, Blob, DATA_BLOBS, DATA_CALLDATA, blobs_commitment, calldata_commitment,
        payload_from_blobs,
    },
    queue::{KIND_DEPOSIT, Label, Message, QueuedMessage, accumulate},
};
use std::time::Instant;

sol! {
    interface Terms {
        function forceInclusionDelay() external view returns (uint64);
        function sequencerTimeout() external view returns (uint64);
        function maxBatchAge() external view returns (uint64);
    }
}

/// A queue message with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxMessage {
    /// The message, its index and the accumulator after it.
    pub queued: QueuedMessage,
    /// For deposits: where the Portal's `TransactionDeposited` is.
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

/// Reads one rollup's Inbox.
#[derive(Clone, Debug)]
pub struct InboxReader {
    pub(crate) parent: Parent,
    pub(crate) inbox: Address,
    portal: Address,
}

impl InboxReader {
    /// Reads the Inbox and the Portal at these addresses.
    pub const fn new(parent: Parent, inbox: Address, portal: Address) -> Self {
        Self { parent, inbox, portal }
    }

    /// The connection behind it.
    pub const fn parent(&self) -> &Parent {
        &self.parent
    }

    /// What the Inbox was deployed with.
    pub async fn terms(&self) -> Result<InboxTerms, ParentError> {
        Ok(InboxTerms {
            force_inclusion_delay: self.latest(Terms::forceInclusionDelayCall {}).await?,
            sequencer_timeout: self.latest(Terms::sequencerTimeoutCall {}).await?,
            max_batch_age: self.latest(Terms::maxBatchAgeCall {}).await?,
        })
    }

    /// The log of blocks `from..=to.number` of the chain that contains `to`.
    ///
    /// It is complete and right as far as the contract's state tells: lengths and accumulators at
    /// both ends where the RPC still has these states, else accumulators alone (these stay in the
    /// state for ever). [`ParentError::Reset`] if `to` is no longer canonical.
    pub async fn log(&self, from: u64, to: &ParentBlock) -> Result<InboxLog, ParentError> {
        if from > to.number {
            return Ok(InboxLog::default());
        }
        let log = self.read(from, to).await;
        // Looked at last: a reorganisation meanwhile also explains what does not fit together.
        if matches!(log, Ok(_) | Err(ParentError::Temporary(_)))
            && !self.parent.is_canonical(to).await?
        {
            return Err(ParentError::Reset(format!("block {} ({}) is gone", to.number, to.hash)));
        }
        log
    }

    /// The payload of a batch: its calldata, or what its blobs hold. The answer for one header
    /// never changes. `None`: no payload is in the blobs, because their length prefix lies.
    pub async fn payload(&self, batch: &CommittedBatch) -> Result<Option<Bytes>, ParentError> {
        check_data(&batch.header, &batch.data)?;
        if batch.header.data_kind == DATA_CALLDATA {
            return Ok(Some(batch.data.clone()));
        }
        let blobs = self.fetch_blobs(batch, &versioned_hashes(&batch.data)).await?;
        Ok(payload_from_blobs(&blobs).map(Bytes::from))
    }

    pub(crate) async fn fetch_blobs(
        &self,
        batch: &CommittedBatch,
        hashes: &[B256],
    ) -> Result<Vec<Blob>, ParentError> {
        let Some(beacon) = &self.parent.beacon else {
            return Err(ParentError::Fatal("a batch is in blobs: give a beacon node's URL".into()));
        };
        let block = self.parent.block_by_hash(batch.block_hash).await?;
        let block = block.ok_or_else(|| {
            ParentError::Reset(format!(
                "block {} ({}) is gone",
                batch.block_number, batch.block_hash
            ))
        })?;
        beacon.blobs(&block, hashes).await
    }

    async fn read(&self, from: u64, to: &ParentBlock) -> Result<InboxLog, ParentError> {
        let before = match from.checked_sub(1) {
            Some(number) => self.position(number.into()).await?,
            None => Some(Position::default()),
        };
        let logs = self.fetch(from, to.number).await?;
        let log = parse(self.inbox, self.portal, from, to, logs)?;
        self.check_messages(before, &log).await?;
        self.check_batches(before, &log)?;
        match self.position(BlockId::from(to.hash)).await? {
            Some(after) => check_complete(before, after, &log)?,
            None => self.check_ends(&log).await?,
        }
        Ok(log)
    }

    /// Fetches logs in ranges that are halved where the RPC refuses, as many do when an answer
    /// would be too long.
    async fn fetch(&self, from: u64, to: u64) -> Result<Vec<Log>, ParentError> {
        let topics = vec![
            Inbox::MessageQueued::SIGNATURE_HASH,
            Inbox::BatchCommitted::SIGNATURE_HASH,
            Portal::TransactionDeposited::SIGNATURE_HASH,
        ];
        let filter = Filter::new().address(vec![self.inbox, self.portal]).event_signature(topics);
        let (mut logs, mut start) = (Vec::new(), from);
        let blocks_max = self.parent.rpc.options.log_blocks_max.max(1);
        let mut blocks = blocks_max;
        let mut deadline = Instant::now() + self.parent.rpc.options.deadline;
        while start <= to {
            let end = to.min(start.saturating_add(blocks - 1));
            let filter = filter.clone().from_block(start).to_block(end);
            let request = |provider: DynProvider| {
                let filter = filter.clone();
                async move { provider.get_logs(&filter).await }
            };
            match self.parent.rpc.ask("eth_getLogs", request).await {
                Ok(found) => {
                    logs.extend(found);
                    start = end + 1;
                    blocks = (2 * blocks).min(blocks_max);
                    deadline = Instant::now() + self.parent.rpc.options.deadline;
                }
                Err(CallError::Refused(_) | CallError::TooMuch(_))
                    if start < end && Instant::now() < deadline =>
                {
                    blocks = (end - start + 1).div_ceil(2);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(logs)
    }

    /// Every accumulator follows from the one before.
    async fn check_messages(
        &self,
        before: Option<Position>,
        log: &InboxLog,
    ) -> Result<(), ParentError> {
        let Some(first) = log.messages.first().map(|first| first.queued.index) else {
            return Ok(());
        };
        let (mut index, mut acc) = match before {
            Some(before) => (before.messages, before.acc),
            None => (first, self.acc(first).await?),
        };
        for InboxMessage { queued, .. } in &log.messages {
            acc = accumulate(acc, &queued.message);
            if queued.index != index || queued.acc != acc {
                return Err(lie(format!(
                    "queue message {} does not continue the queue",
                    queued.index
                )));
            }
            index += 1;
        }
        Ok(())
    }

    /// Every header follows the one before.
    fn check_batches(&self, before: Option<Position>, log: &InboxLog) -> Result<(), ParentError> {
        let mut last = before.map(|before| (before.batches, before.batch_hash));
        for CommittedBatch { header, .. } in &log.batches {
            // The genesis is batch 0, but until the Inbox is there its hash is not known.
            let follows = |(index, hash): (u64, B256)| {
                header.index == index + 1 && (header.parent == hash || hash.is_zero())
            };
            if !last.is_none_or(follows) {
                return Err(lie(format!("batch {} does not continue the list", header.index)));
            }
            last = Some((header.index, header.hash()));
        }
        Ok(())
    }

    /// Without old states: what the contract keeps for ever.
    async fn check_ends(&self, log: &InboxLog) -> Result<(), ParentError> {
        if let Some(last) = log.messages.last()
            && self.acc(last.queued.index + 1).await? != last.queued.acc
        {
            return Err(lie(format!("queue message {} is not in the queue", last.queued.index)));
        }
        if let Some(last) = log.batches.last()
            && self.batch_hash(last.header.index).await? != last.header.hash()
        {
            return Err(lie(format!("batch {} is not in the list", last.header.index)));
        }
        Ok(())
    }
}

impl ParentReader for InboxReader {
    async fn heads(&self) -> Result<Heads, ParentError> {
        self.parent.heads().await
    }

    async fn block(&self, number: u64) -> Result<Option<ParentBlock>, ParentError> {
        self.parent.block(number).await
    }

    async fn inbox_log(&self, from: u64, to: &ParentBlock) -> Result<InboxLog, ParentError> {
        self.log(from, to).await
    }

    async fn payload(&self, batch: &CommittedBatch) -> Result<Option<Bytes>, ParentError> {
        Self::payload(self, batch).await
    }
}

/// The log ends where the state does.
fn check_complete(
    before: Option<Position>,
    after: Position,
    log: &InboxLog,
) -> Result<(), ParentError> {
    let messages = log.messages.last().map(|last| (last.queued.index + 1, last.queued.acc));
    let messages = messages.or(before.map(|before| (before.messages, before.acc)));
    if messages.is_some_and(|messages| messages != (after.messages, after.acc)) {
        return Err(lie(format!("the log of {} queue messages is incomplete", after.messages)));
    }
    let batches = log.batches.last().map(|last| (last.header.index, last.header.hash()));
    let batches = batches.or(before.map(|before| (before.batches, before.batch_hash)));
    // Deployment sets the hash of batch 0 without an event.
    let genesis = after.batches == 0 && log.batches.is_empty();
    if !genesis && batches.is_some_and(|batches| batches != (after.batches, after.batch_hash)) {
        return Err(lie(format!("the log of {} batches is incomplete", after.batches)));
    }
    Ok(())
}

/// The RPC contradicts itself or the contracts. Perhaps it is only catching up.
pub(crate) fn lie(reason: String) -> ParentError {
    ParentError::Temporary(format!("the RPC is lying, pruned or broken: {reason}"))
}

/// Decodes logs, which must be in order, within the range, and each of one chain.
fn parse(
    inbox: Address,
    portal: Address,
    from: u64,
    to: &ParentBlock,
    logs: Vec<Log>,
) -> Result<InboxLog, ParentError> {
    let mut parsed = InboxLog::default();
    let mut last: Option<Place> = None;
    let mut deposit = None;
    for log in logs {
        let place = Place::of(&log).ok_or_else(|| lie("a log of no block".into()))?;
        let in_range = place.block_number >= from && place.block_number <= to.number;
        let in_chain = place.block_number != to.number || place.block_hash == to.hash;
        if !in_range || !in_chain || last.is_some_and(|last| !place.follows(&last)) {
            return Err(lie(format!("logs of block {} are out of order", place.block_number)));
        }
        last = Some(place);
        let topic = log.topic0().copied().unwrap_or_default();
        match (log.address(), topic) {
            (address, Portal::TransactionDeposited::SIGNATURE_HASH) if address == portal => {
                deposit = Some((place, deposit_payload(&log)?));
            }
            (address, Inbox::MessageQueued::SIGNATURE_HASH) if address == inbox => {
                parsed.messages.push(message(&log, place, deposit.take())?);
            }
            (address, Inbox::BatchCommitted::SIGNATURE_HASH) if address == inbox => {
                parsed.batches.push(batch(&log, place)?);
            }
            _ => return Err(lie("logs that were not asked for".into())),
        }
    }
    Ok(parsed)
}

/// Where a log is.
#[derive(Clone, Copy)]
struct Place {
    block_number: u64,
    block_hash: B256,
    transaction: B256,
    log_index: u64,
}

impl Place {
    fn of(log: &Log) -> Option<Self> {
        Some(Self {
            block_number: log.block_number?,
            block_hash: log.block_hash?,
            transaction: log.transaction_hash?,
            log_index: log.log_index?,
        })
        .filter(|_| !log.removed)
    }

    fn follows(&self, last: &Self) -> bool {
        if self.block_number == last.block_number {
            self.log_index > last.log_index && self.block_hash == last.block_hash
        } else {
            self.block_number > last.block_number
        }
    }
}

pub(crate) fn decode<E: SolEvent>(log: &Log) -> Result<E, ParentError> {
    let decoded =
        E::decode_log(&log.inner).map_err(|error| lie(format!("{}: {error}", E::SIGNATURE)))?;
    Ok(decoded.data)
}

/// What the Inbox queues for the Portal's event.
fn deposit_payload(log: &Log) -> Result<Bytes, ParentError> {
    let event: Portal::TransactionDeposited = decode(log)?;
    Ok([event.from.as_slice(), event.to.as_slice(), &event.opaqueData].concat().into())
}

fn message(
    log: &Log,
    place: Place,
    deposit: Option<(Place, Bytes)>,
) -> Result<InboxMessage, ParentError> {
    let event: Inbox::MessageQueued = decode(log)?;
    if event.parentBlock != place.block_number {
        return Err(lie(format!("queue message {} is in another block", event.index)));
    }
    let names = |(at, payload): &(Place, Bytes)| {
        event.kind == KIND_DEPOSIT
            && at.transaction == place.transaction
            && at.log_index + 1 == place.log_index
            && *payload == event.payload
    };
    let label = deposit
        .filter(names)
        .map(|(at, _)| Label { block_hash: at.block_hash, log_index: at.log_index });
    let message = Message {
        kind: event.kind,
        parent_block: event.parentBlock,
        parent_timestamp: event.parentTimestamp,
        payload: event.payload,
    };
    let queued = QueuedMessage { index: event.index, acc: event.acc, message };
    Ok(InboxMessage { queued, label, block_hash: place.block_hash })
}

/// The batch that a log announces.
pub(crate) fn batch_of(log: &Log) -> Result<CommittedBatch, ParentError> {
    batch(log, Place::of(log).ok_or_else(|| lie("a log of no block".into()))?)
}

fn batch(log: &Log, place: Place) -> Result<CommittedBatch, ParentError> {
    let event: Inbox::BatchCommitted = decode(log)?;
    let header = header(&event.header);
    if header.hash() != event.batchHash || header.index != event.index {
        return Err(lie(format!("batch {} does not have its hash", event.index)));
    }
    check_data(&header, &event.data)?;
    Ok(CommittedBatch {
        header,
        data: event.data,
        block_number: place.block_number,
        block_hash: place.block_hash,
    })
}

fn header(header: &altana_contracts::bindings::BatchHeader) -> BatchHeader {
    BatchHeader {
        index: header.index,
        parent: header.parent,
        first_timestamp: header.firstTimestamp,
        last_timestamp: header.lastTimestamp,
        queue_start: header.queueStart,
        queue_end: header.queueEnd,
        queue_acc_start: header.queueAccStart,
        queue_acc_end: header.queueAccEnd,
        data_kind: header.dataKind,
        data_length: header.dataLength,
        data_commitment: header.dataCommitment,
    }
}

/// The data is what the header commits to.
pub(crate) fn check_data(header: &BatchHeader, data: &[u8]) -> Result<(), ParentError> {
    let (length, commitment) = match header.data_kind {
        DATA_CALLDATA => (data.len(), calldata_commitment(data)),
        DATA_BLOBS if data.len().is_multiple_of(32) => {
            (data.len() / 32, blobs_commitment(&versioned_hashes(data)))
        }
        _ => return Err(lie(format!("batch {} has data of no known kind", header.index))),
    };
    if length as u64 != header.data_length || commitment != header.data_commitment {
        return Err(lie(format!("batch {} does not have its data", header.index)));
    }
    Ok(())
}

pub(crate) fn versioned_hashes(data: &[u8]) -> Vec<B256> {
    data.chunks_exact(32).map(B256::from_slice).collect()
}
