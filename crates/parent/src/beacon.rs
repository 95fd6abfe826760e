//! Blobs from a beacon node, believed only with the commitment that they have.

use crate::{
    Options, ParentBlock, ParentError,
    kzg::{self, Commitment},
    transport,
};
use alloy::{
    eips::eip4844::kzg_to_versioned_hash,
    primitives::{B256, Bytes, FixedBytes},
    transports::http::reqwest::{Client, StatusCode, Url},
};
use altana_protocol::batch::Blob;
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tokio::sync::OnceCell;

/// A beacon node's REST interface.
#[derive(Clone, Debug)]
pub(crate) struct Beacon {
    client: Client,
    base: Url,
    options: Options,
    clock: Arc<OnceCell<Option<Clock>>>,
}

/// Tells a block's slot from its timestamp.
#[derive(Clone, Copy, Debug)]
struct Clock {
    genesis_time: u64,
    slot_seconds: u64,
}

impl Clock {
    const fn slot(&self, timestamp: u64) -> Option<u64> {
        match timestamp.checked_sub(self.genesis_time) {
            Some(elapsed) => elapsed.checked_div(self.slot_seconds),
            None => None,
        }
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Genesis {
    genesis_time: String,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(rename = "SECONDS_PER_SLOT")]
    seconds_per_slot: Option<String>,
    #[serde(rename = "SLOT_DURATION_MS")]
    slot_duration_ms: Option<String>,
}

/// An item of `/beacon/blobs`, or of the older `/beacon/blob_sidecars`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Blob(Bytes),
    Sidecar { blob: Bytes },
}

impl Item {
    fn into_blob(self) -> Option<Blob> {
        let (Self::Blob(bytes) | Self::Sidecar { blob: bytes }) = self;
        bytes.to_vec().into_boxed_slice().try_into().ok()
    }
}

/// What of a beacon block concerns blobs.
#[derive(Deserialize)]
struct BeaconBlock {
    message: BeaconMessage,
}

#[derive(Deserialize)]
struct BeaconMessage {
    body: BeaconBody,
}

#[derive(Deserialize)]
struct BeaconBody {
    #[serde(default)]
    blob_kzg_commitments: Vec<FixedBytes<48>>,
}

impl Beacon {
    pub(crate) fn new(url: &str, options: Options) -> Result<Self, ParentError> {
        let base = url.trim_end_matches('/').to_owned() + "/";
        let base = base
            .parse()
            .map_err(|error| ParentError::Fatal(format!("beacon URL {url:?}: {error}")))?;
        kzg::load();
        Ok(Self { client: Client::new(), base, options, clock: Arc::default() })
    }

    /// The blobs with these versioned hashes, in this order, from an execution block.
    pub(crate) async fn blobs(
        &self,
        block: &ParentBlock,
        hashes: &[B256],
    ) -> Result<Vec<Blob>, ParentError> {
        let distinct: BTreeSet<_> = hashes.iter().collect();
        let list = distinct.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let (mut found, mut failed) = (HashMap::new(), None);
        for id in self.block_ids(block).await? {
            // They only make checking cheaper.
            let commitments = self.commitments(&id).await.unwrap_or_default();
            for path in [
                format!("eth/v1/beacon/blobs/{id}?versioned_hashes={list}"),
                format!("eth/v1/beacon/blob_sidecars/{id}"),
            ] {
                let items = match self.get::<Answer<Vec<Item>>>(&path).await {
                    Ok(items) => items.map(|items| items.data).unwrap_or_default(),
                    Err(error) => {
                        failed = Some(error);
                        continue;
                    }
                };
                let blobs: Vec<Blob> = items.into_iter().filter_map(Item::into_blob).collect();
                let commitments =
                    hashes.iter().map(|hash| commitments.get(hash).copied()).collect();
                found.extend(identify(blobs, hashes.to_vec(), commitments).await?);
                if let Some(blobs) = hashes.iter().map(|hash| found.get(hash).cloned()).collect() {
                    return Ok(blobs);
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let reason = format!(
            "the beacon node lacks blobs of block {} ({}); one that keeps older blobs may have them",
            block.number, block.hash
        );
        Err(ParentError::Temporary(reason))
    }

    /// The commitments of a block's blobs by versioned hash; none where the node does not tell.
    async fn commitments(&self, id: &str) -> Result<HashMap<B256, Commitment>, ParentError> {
        let path = format!("eth/v1/beacon/blinded_blocks/{id}");
        let block = self.get::<Answer<BeaconBlock>>(&path).await?;
        let commitments = block.map(|block| block.data.message.body.blob_kzg_commitments);
        let commitments = commitments.unwrap_or_default().into_iter();
        Ok(commitments.map(|c| (kzg_to_versioned_hash(c.as_slice()), c.0)).collect())
    }

    /// The slot; or, for development chains without a clock, the execution block itself.
    async fn block_ids(&self, block: &ParentBlock) -> Result<Vec<String>, ParentError> {
        let clock = self.clock.get_or_try_init(|| self.fetch_clock()).await?;
        Ok(match clock.and_then(|clock| clock.slot(block.timestamp)) {
            Some(slot) => vec![slot.to_string()],
            None => vec![block.number.to_string(), block.hash.to_string()],
        })
    }

    async fn fetch_clock(&self) -> Result<Option<Clock>, ParentError> {
        let Some(spec) = self.get::<Answer<Spec>>("eth/v1/config/spec").await? else {
            return Ok(None);
        };
        let Some(genesis) = self.get::<Answer<Genesis>>("eth/v1/beacon/genesis").await? else {
            return Ok(None);
        };
        let number = |text: String| text.parse::<u64>().ok();
        let slot_seconds = spec.data.seconds_per_slot.and_then(number);
        let slot_ms = spec.data.slot_duration_ms.and_then(number);
        let slot_seconds = slot_seconds.or(slot_ms.map(|ms| ms / 1000)).filter(|n| *n > 0);
        Ok(number(genesis.data.genesis_time)
            .zip(slot_seconds)
            .map(|(genesis_time, slot_seconds)| Clock { genesis_time, slot_seconds }))
    }

    /// `None`: the node has no such thing.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ParentError> {
        let url = self.base.join(path).map_err(ParentError::temporary)?;
        let request = async {
            let response = self.client.get(url).send().await.map_err(ParentError::temporary)?;
            let status = response.status();
            Ok::<_, ParentError>((status, transport::read(response).await?))
        };
        let answer = tokio::time::timeout(self.options.deadline, request).await;
        let (status, body) = answer.map_err(ParentError::temporary)??;
        match status {
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::GONE => Ok(None),
            status if status.is_success() => {
                let parsed = serde_json::from_slice(&body);
                parsed.map(Some).map_err(|error| ParentError::temporary(format!("{path}: {error}")))
            }
            status => Err(ParentError::temporary(format!("beacon node: {path}: {status}"))),
        }
    }
}

/// Finds out which blobs have these versioned hashes. Where the commitments are known, and the blobs
/// come in the order that was asked for, one check does for all; else each is committed to.
async fn identify(
    blobs: Vec<Blob>,
    hashes: Vec<B256>,
    commitments: Option<Vec<Commitment>>,
) -> Result<Vec<(B256, Blob)>, ParentError> {
    let work = move || match commitments {
        Some(commitments) if kzg::are_committed(&blobs, &commitments) => {
            hashes.into_iter().zip(blobs).collect()
        }
        _ => blobs
            .into_iter()
            .filter_map(|blob| Some((kzg_to_versioned_hash(&kzg::commit(&blob)?), blob)))
            .collect(),
    };
    tokio::task::spawn_blocking(work).await.map_err(ParentError::temporary)
}
