//! What a batch was made of, read again: a dispute may be about one that is weeks old.

use crate::{
    CommittedBatch, InboxReader, ParentError,
    inbox::{batch_of, check_data, decode, lie, versioned_hashes},
    rpc::CallError,
};
use alloy::{
    primitives::{B256, U256},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use altana_contracts::bindings::Inbox;
use altana_protocol::{
    batch::{Blob, DATA_BLOBS},
    queue::{Message, accumulate},
};
use std::collections::BTreeMap;

/// Message indices that are asked for at once.
const INDICES_MAX: usize = 128;

/// A batch with everything that its hash commits to.
#[derive(Clone, Debug)]
pub struct BatchEvidence {
    /// The batch.
    pub batch: CommittedBatch,
    /// The messages that it consumes, in order.
    pub messages: Vec<Message>,
    /// Its blobs by versioned hash, in order; none if it is in calldata.
    pub blobs: Vec<(B256, Blob)>,
}

impl InboxReader {
    /// The batch with this index and hash, which block `committed_in` of the parent holds; nothing
    /// of it is older than block `start`. All of it is checked against the hash.
    pub async fn evidence(
        &self,
        index: u64,
        hash: B256,
        committed_in: u64,
        start: u64,
    ) -> Result<BatchEvidence, ParentError> {
        let filter = Filter::new()
            .address(self.inbox)
            .event_signature(Inbox::BatchCommitted::SIGNATURE_HASH)
            .topic1(B256::from(U256::from(index)));
        let found = self.logs(filter.from_block(committed_in).to_block(committed_in)).await?;
        let batches = found.iter().map(batch_of).collect::<Result<Vec<_>, _>>()?;
        let batch = batches.into_iter().find(|batch| batch.header.hash() == hash);
        let batch = batch.ok_or_else(|| {
            ParentError::Reset(format!("block {committed_in} does not hold batch {index} ({hash})"))
        })?;
        let messages = self.messages(&batch, start).await?;
        let blobs = self.blobs(&batch).await?;
        Ok(BatchEvidence { batch, messages, blobs })
    }

    async fn blobs(&self, batch: &CommittedBatch) -> Result<Vec<(B256, Blob)>, ParentError> {
        check_data(&batch.header, &batch.data)?;
        if batch.header.data_kind != DATA_BLOBS {
            return Ok(Vec::new());
        }
        let hashes = versioned_hashes(&batch.data);
        let blobs = self.fetch_blobs(batch, &hashes).await?;
        Ok(hashes.into_iter().zip(blobs).collect())
    }

    /// The messages, looked for from the batch backwards: most are young when they are consumed.
    async fn messages(
        &self,
        batch: &CommittedBatch,
        start: u64,
    ) -> Result<Vec<Message>, ParentError> {
        let header = &batch.header;
        let mut missing: Vec<u64> = (header.queue_start..header.queue_end).collect();
        let mut found = BTreeMap::new();
        let mut to = batch.block_number;
        while !missing.is_empty() {
            let from = to.saturating_sub(self.parent.rpc.options.log_blocks_max.max(1)).max(start);
            for indices in missing.chunks(INDICES_MAX) {
                let indices: Vec<B256> = indices.iter().map(|i| U256::from(*i).into()).collect();
                let filter = Filter::new()
                    .address(self.inbox)
                    .event_signature(Inbox::MessageQueued::SIGNATURE_HASH)
                    .topic1(indices);
                for log in self.logs(filter.from_block(from).to_block(to)).await? {
                    let event: Inbox::MessageQueued = decode(&log)?;
                    found.insert(event.index, event);
                }
            }
            missing.retain(|index| !found.contains_key(index));
            if from <= start {
                break;
            }
            to = from - 1;
        }
        let messages: Vec<Message> = found
            .into_values()
            .map(|event| Message {
                kind: event.kind,
                parent_block: event.parentBlock,
                parent_timestamp: event.parentTimestamp,
                payload: event.payload,
            })
            .collect();
        let acc = messages.iter().fold(header.queue_acc_start, accumulate);
        if acc != header.queue_acc_end {
            let index = header.index;
            return Err(lie(format!("the queue messages of batch {index} are not all there")));
        }
        Ok(messages)
    }

    async fn logs(&self, filter: Filter) -> Result<Vec<Log>, ParentError> {
        let request = |provider: DynProvider| {
            let filter = filter.clone();
            async move { provider.get_logs(&filter).await }
        };
        self.parent.rpc.ask("eth_getLogs", request).await.map_err(|error: CallError| error.into())
    }
}
