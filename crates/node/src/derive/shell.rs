//! Read the parent and feed derivation: the only part of it that waits.

use super::{Derivation, Tip};
use crate::inbox::Update;
use alloy_primitives::B256;
use altana_parent::{Heads, ParentBlock, ParentError, ParentReader};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::{io::Write, path::Path, sync::Arc};
use tokio::task::JoinSet;

/// Parent blocks whose log is asked for at once.
const RANGE_BLOCKS: u64 = 500;
/// Payload bytes that one update may hold before the rest is left for the next: little enough that
/// the next is read while this one executes.
const UPDATE_PAYLOAD_BYTES: usize = 2 << 20;
/// Payloads that are fetched at once.
const PAYLOADS_AHEAD: usize = 3;
const NAME: &str = "derive.json";

/// Reads a parent chain, one bounded step at a time. Its state is derivation's.
#[derive(Debug)]
pub struct Follower<P> {
    parent: Arc<P>,
    start: u64,
}

/// One step's result: an update to apply, and whether it reaches the parent's head.
#[derive(Debug)]
pub struct Read {
    /// What is new.
    pub update: Update,
    /// Whether nothing was left for a next step.
    pub complete: bool,
    /// The parent's heads when the step began.
    pub heads: Heads,
}

impl<P: ParentReader> Follower<P> {
    /// Reads `parent`, beginning after block `start`: the Inbox's first event is younger.
    pub fn new(parent: Arc<P>, start: u64) -> Self {
        Self { parent, start }
    }

    /// What a reader has to know of derivation's state to take the next step.
    pub fn position(&self, derivation: &Derivation) -> Position {
        Position {
            known: derivation.inbox().positions().copied().collect(),
            restart: derivation.restart_position(self.start),
            last_batch: derivation.finalized_tip().index,
        }
    }

    /// Reads on from a position. Repeats nothing, changes nothing.
    pub async fn read(&self, position: &Position) -> Result<Read, ParentError> {
        let heads = self.parent.heads().await?;
        let ancestor = self.ancestor(position).await?;
        let latest = heads.latest.number.max(ancestor);
        let mut to = match latest.min(ancestor.saturating_add(RANGE_BLOCKS)) {
            number if number == heads.latest.number => heads.latest,
            number => self.block(number).await?,
        };
        let finalized = heads.finalized.number;
        let mut update = Update { ancestor, head: to, finalized, ..Update::default() };
        if to.number > ancestor {
            let log = self.parent.inbox_log(ancestor + 1, &to).await?;
            update.messages = log.messages;
            let (mut bytes, mut last) = (0, 0);
            // The block of the newest final batch may be read again, for the messages in it; that
            // batch's blobs may be gone.
            let news = log.batches.into_iter().filter(|it| it.header.index > position.last_batch);
            let payloads = stream::iter(news).map(async |batch| {
                let payload = self.parent.payload(&batch).await;
                (batch, payload)
            });
            let mut payloads = std::pin::pin!(payloads.buffered(PAYLOADS_AHEAD));
            while let Some((batch, payload)) = payloads.next().await {
                // A block is read whole or not at all.
                if bytes > UPDATE_PAYLOAD_BYTES && batch.block_number > last {
                    let end = to;
                    to = self.block(batch.block_number - 1).await?;
                    // Both are of the chain that the log was read from, or it is read again.
                    if self.block(end.number).await?.hash != end.hash {
                        let reason = format!("block {} ({}) is gone", end.number, end.hash);
                        return Err(ParentError::Reset(reason));
                    }
                    update.messages.retain(|m| m.queued.message.parent_block <= to.number);
                    break;
                }
                let payload = payload?;
                bytes += payload.as_ref().map_or(0, |payload| payload.len());
                last = batch.block_number;
                update.batches.push((batch, payload));
            }
            update.head = to;
        }
        Ok(Read { complete: to.number == heads.latest.number, update, heads })
    }

    /// The newest known block that the parent still has.
    async fn ancestor(&self, position: &Position) -> Result<u64, ParentError> {
        for known in position.known.iter().filter(|known| known.number > position.restart) {
            if self.parent.block(known.number).await?.is_some_and(|now| now.hash == known.hash) {
                return Ok(known.number);
            }
        }
        Ok(position.restart)
    }

    async fn block(&self, number: u64) -> Result<ParentBlock, ParentError> {
        let missing = || ParentError::Reset(format!("block {number} is missing"));
        self.parent.block(number).await?.ok_or_else(missing)
    }
}

/// Reads the next step while derivation takes in the last one.
#[derive(Debug)]
pub struct ReadAhead<P> {
    follower: Arc<Follower<P>>,
    ahead: Option<(Position, JoinSet<Result<Read, ParentError>>)>,
}

impl<P: ParentReader> ReadAhead<P> {
    /// Over a follower; must be used on a tokio runtime.
    pub fn new(follower: Follower<P>) -> Self {
        Self { follower: Arc::new(follower), ahead: None }
    }

    /// The follower behind it.
    pub fn follower(&self) -> Arc<Follower<P>> {
        self.follower.clone()
    }

    /// Reads on from derivation's position. What was read ahead from another one is dropped.
    pub async fn read(&mut self, at: &Position) -> Result<Read, ParentError> {
        let read = match self.ahead.take() {
            Some((from, mut task)) if from.known.first() == at.known.first() => {
                let lost = || ParentError::Temporary("reading was interrupted".into());
                task.join_next().await.and_then(Result::ok).ok_or_else(lost)??
            }
            _ => self.follower.read(at).await?,
        };
        if !read.complete {
            let (next, follower, mut task) =
                (at.after(&read), self.follower.clone(), JoinSet::new());
            let from = next.clone();
            task.spawn(async move { follower.read(&from).await });
            self.ahead = Some((next, task));
        }
        Ok(read)
    }
}

/// Where reading goes on.
#[derive(Clone, Debug)]
pub struct Position {
    /// Blocks up to which was read, newest first.
    known: Vec<ParentBlock>,
    /// Where to begin if the parent has none of them.
    restart: u64,
    /// The newest final batch: payloads up to it are not needed.
    last_batch: u64,
}

impl Position {
    /// Where reading goes on once derivation has taken in `read`.
    fn after(&self, read: &Read) -> Self {
        let still = self.known.iter().filter(|known| known.number <= read.update.ancestor);
        let known = std::iter::once(&read.update.head).chain(still).copied().collect();
        Self { known, restart: self.restart, last_batch: self.last_batch }
    }
}

/// Where a restarted node begins to read: after the newest final batch, so that blobs which the
/// parent no longer serves are not needed. Without it all of them are needed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The newest final batch.
    pub tip: Tip,
    /// The queue's accumulator at its end.
    pub acc: B256,
    /// Parent block after which reading begins.
    pub restart: u64,
}

impl Checkpoint {
    /// Reads the checkpoint of a folder. One that is damaged is none.
    pub fn load(folder: &Path) -> Option<Self> {
        let path = folder.join(NAME);
        let read = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            read => read.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)),
        };
        read.inspect_err(|error| {
            let path = path.display();
            tracing::warn!(%error, "{path} cannot be read: the parent is read from the deployment on");
        })
        .ok()
    }

    /// Replaces the checkpoint atomically.
    pub fn store(&self, folder: &Path) -> std::io::Result<()> {
        let new = folder.join(format!("{NAME}.new"));
        let mut file = std::fs::File::create(&new)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        std::fs::rename(new, folder.join(NAME))
    }
}
