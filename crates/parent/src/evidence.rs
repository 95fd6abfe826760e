//! What a batch was made of: read again from the parent, or from what a node has kept, because a
//! dispute may be about a batch that is weeks old.

use crate::{
    CommittedBatch, InboxReader, ParentError,
    inbox::{batch_of, check_data, decode, lie, versioned_hashes},
    kzg,
    rpc::CallError,
};
use alloy::{
    eips::eip4844::kzg_to_versioned_hash,
    primitives::{B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use altana_contracts::bindings::Inbox;
use altana_protocol::{
    batch::{BatchHeader, Blob, DATA_BLOBS, DATA_CALLDATA},
    queue::{Message, accumulate},
    stf::Witness,
};
use std::collections::BTreeMap;

/// Message indices that are asked for at once.
const INDICES_MAX: usize = 128;

/// A batch with everything that its hash commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchEvidence {
    /// Its header.
    pub header: BatchHeader,
    /// The payload (calldata), or versioned hashes one after the other.
    pub data: Bytes,
    /// The messages that it consumes, in order.
    pub messages: Vec<Message>,
    /// Its blobs by versioned hash, in order; none if it is in calldata.
    pub blobs: Vec<(B256, Blob)>,
}

/// Bytes that are not the evidence of the batch that was asked for: read it from the parent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the evidence of this batch: {0}")]
pub struct NoEvidence(&'static str);

/// [`BatchEvidence`] as RLP. The blobs' hashes are in the data.
#[derive(RlpEncodable, RlpDecodable)]
struct Stored {
    header: Bytes,
    data: Bytes,
    messages: Vec<StoredMessage>,
    blobs: Vec<Bytes>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredMessage {
    kind: u8,
    parent_block: u64,
    parent_timestamp: u64,
    payload: Bytes,
}

impl BatchEvidence {
    /// Adds all of it to what a state transition may ask for.
    pub fn insert_into(&self, witness: &mut Witness) {
        witness.insert_batch(&self.header);
        witness.insert_messages(self.header.queue_acc_start, &self.messages);
        if self.header.data_kind == DATA_CALLDATA {
            witness.insert_calldata(&self.data);
        }
        witness.insert_blobs(self.blobs.iter().map(|(hash, blob)| (*hash, blob)));
    }

    /// The bytes to keep.
    pub fn encode(&self) -> Vec<u8> {
        let messages = self.messages.iter().map(|message| StoredMessage {
            kind: message.kind,
            parent_block: message.parent_block,
            parent_timestamp: message.parent_timestamp,
            payload: message.payload.clone(),
        });
        let blobs = self.blobs.iter().map(|(_, blob)| Bytes::copy_from_slice(blob.as_slice()));
        let stored = Stored {
            header: self.header.encode().into(),
            data: self.data.clone(),
            messages: messages.collect(),
            blobs: blobs.collect(),
        };
        let mut bytes = Vec::with_capacity(stored.length());
        stored.encode(&mut bytes);
        bytes
    }

    /// Reads what [`BatchEvidence::encode`] gave for the batch with this hash. All of it is checked
    /// against the hash, which takes 40 ms for a blob.
    pub fn decode(mut bytes: &[u8], hash: B256) -> Result<Self, NoEvidence> {
        let stored = Stored::decode(&mut bytes).map_err(|_| NoEvidence("it cannot be decoded"))?;
        if !bytes.is_empty() {
            return Err(NoEvidence("something follows"));
        }
        let header = BatchHeader::decode(&stored.header).filter(|header| header.hash() == hash);
        let header = header.ok_or(NoEvidence("the header is another"))?;
        check_data(&header, &stored.data).map_err(|_| NoEvidence("the data are others"))?;
        let messages = stored.messages.into_iter().map(|message| Message {
            kind: message.kind,
            parent_block: message.parent_block,
            parent_timestamp: message.parent_timestamp,
            payload: message.payload,
        });
        let messages: Vec<Message> = messages.collect();
        if !are_consumed(&header, &messages) {
            return Err(NoEvidence("the messages are others"));
        }
        let hashes = match header.data_kind {
            DATA_BLOBS => versioned_hashes(&stored.data),
            _ => Vec::new(),
        };
        let blobs = stored.blobs.into_iter().map(blob).collect::<Option<Vec<_>>>();
        let blobs = blobs.filter(|blobs| blobs.iter().map(|(hash, _)| hash).eq(&hashes));
        let blobs = blobs.ok_or(NoEvidence("the blobs are others"))?;
        Ok(Self { header, data: stored.data, messages, blobs })
    }
}

/// A blob with its versioned hash; `None` if the bytes are none.
fn blob(bytes: Bytes) -> Option<(B256, Blob)> {
    let blob: Blob = bytes.to_vec().into_boxed_slice().try_into().ok()?;
    Some((kzg_to_versioned_hash(&kzg::commit(&blob)?), blob))
}

/// Whether these are the messages that a batch consumes.
fn are_consumed(header: &BatchHeader, messages: &[Message]) -> bool {
    messages.iter().fold(header.queue_acc_start, accumulate) == header.queue_acc_end
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
        Ok(BatchEvidence { header: batch.header, data: batch.data, messages, blobs })
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
        let messages = found
            .into_values()
            .map(|event| Message {
                kind: event.kind,
                parent_block: event.parentBlock,
                parent_timestamp: event.parentTimestamp,
                payload: event.payload,
            })
            .collect::<Vec<_>>();
        if !are_consumed(header, &messages) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{b256, keccak256};
    use altana_protocol::batch::{
        DATA_CALLDATA, blobs_commitment, blobs_from_payload, calldata_commitment,
    };

    fn evidence(in_blobs: bool) -> BatchEvidence {
        let payload: Bytes = vec![7; 5_000].into();
        let message = |n: u8| Message {
            kind: n,
            parent_block: u64::from(n),
            parent_timestamp: 12 * u64::from(n),
            payload: vec![n; 40].into(),
        };
        let messages = vec![message(0), message(1)];
        let mut blobs = Vec::new();
        if in_blobs {
            let bare = blobs_from_payload(&payload).unwrap();
            blobs.extend(bare.into_iter().map(|bytes| blob(bytes.to_vec().into()).unwrap()));
        }
        let hashes: Vec<B256> = blobs.iter().map(|(hash, _)| *hash).collect();
        let (data_kind, data_length, data_commitment, data) = if in_blobs {
            let data = hashes.iter().flat_map(|hash| hash.0).collect::<Vec<_>>();
            (DATA_BLOBS, hashes.len() as u64, blobs_commitment(&hashes), data.into())
        } else {
            (DATA_CALLDATA, payload.len() as u64, calldata_commitment(&payload), payload)
        };
        let header = BatchHeader {
            index: 4,
            queue_end: 2,
            queue_acc_end: messages.iter().fold(B256::ZERO, accumulate),
            data_kind,
            data_length,
            data_commitment,
            ..BatchHeader::default()
        };
        BatchEvidence { header, data, messages, blobs }
    }

    #[test]
    fn evidence_is_read_as_it_was_written_and_nothing_else_is() {
        for in_blobs in [false, true] {
            let evidence = evidence(in_blobs);
            let hash = evidence.header.hash();
            let bytes = evidence.encode();
            assert_eq!(BatchEvidence::decode(&bytes, hash).as_ref(), Ok(&evidence));
            BatchEvidence::decode(&bytes, B256::ZERO).unwrap_err();
            // Torn anywhere, or with a byte too many.
            for length in [0, 1, 3, 360, bytes.len() / 2, bytes.len() - 1] {
                BatchEvidence::decode(&bytes[..length], hash).unwrap_err();
            }
            BatchEvidence::decode(&[bytes.as_slice(), &[0]].concat(), hash).unwrap_err();
            // One bit is another anywhere.
            for at in (0..bytes.len()).step_by(bytes.len() / 20) {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1;
                BatchEvidence::decode(&bytes, hash).unwrap_err();
            }
        }
    }

    #[test]
    fn every_part_belongs_to_the_batch() {
        let spoil: [fn(&mut BatchEvidence); 5] = [
            |it| it.data = Bytes::new(),
            |it| drop(it.messages.pop()),
            |it| it.messages[1].parent_timestamp += 1,
            |it| drop(it.blobs.pop()),
            |it| it.blobs[0].1[40] ^= 1,
        ];
        for spoil in spoil {
            let mut spoilt = evidence(true);
            let hash = spoilt.header.hash();
            spoil(&mut spoilt);
            BatchEvidence::decode(&spoilt.encode(), hash).unwrap_err();
        }
    }

    /// What is on the disks of nodes.
    #[test]
    fn the_format_is_pinned() {
        let hashes = [false, true].map(|in_blobs| keccak256(evidence(in_blobs).encode()));
        let pinned = [
            b256!("0xec8ca0b625e7470a4a28caa0acd34689b75d244a55312c9d3fa629f1286ea1c8"),
            b256!("0xe05b9c1f2612a49d4ae2987637113fbab689f404032a9d23a8a27dec814443b4"),
        ];
        assert_eq!(hashes, pinned);
    }
}
