//! Keep what batches were made of, while a claim about them may still be disputed.

use crate::{
    derive::BatchEnd,
    dispute::Archive,
    engine::Engine,
    node::{Backoff, NodeError, Shared},
};
use altana_ledger::explain;
use altana_parent::{BatchEvidence, InboxReader, Parent, ParentError};
use std::{io, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::watch};

/// How often derivation is asked for new batches.
const LOOK: Duration = Duration::from_secs(1);
/// Batches that the parent does not give, after which the others wait for the next attempt.
const FAILURES_MAX: usize = 8;

/// Where a batch's evidence comes from: this node's disk, or else the parent.
#[derive(Clone, Debug)]
pub(in crate::node) struct Evidence {
    archive: Option<Arc<Archive>>,
    reader: InboxReader,
    start: u64,
    stop: watch::Receiver<bool>,
}

impl Evidence {
    /// Without an archive all of it comes from the parent.
    pub(in crate::node) fn new(
        shared: &Shared,
        reader: InboxReader,
        archive: Option<Arc<Archive>>,
    ) -> Self {
        let (start, stop) = (shared.chain.parent_start_block, shared.stop.subscribe());
        Self { archive, reader, start, stop }
    }

    /// The connection behind it.
    pub(super) const fn parent(&self) -> &Parent {
        self.reader.parent()
    }

    /// The batch's evidence. Waits, if the parent has to be asked, on `handle`'s runtime.
    pub(super) fn read(
        &self,
        handle: &Handle,
        index: u64,
        end: BatchEnd,
    ) -> Result<BatchEvidence, ParentError> {
        if let Some(known) = self.archive.as_ref().and_then(|kept| kept.get(index, end.hash)) {
            return Ok(known);
        }
        let mut stop = self.stop.clone();
        let found = handle.block_on(async {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {
                    Err(ParentError::Temporary("the node was stopped".into()))
                }
                found = self.fetch(index, end) => found,
            }
        })?;
        if let Some(archive) = &self.archive
            && let Err(error) = archive.put(&found)
        {
            // The dispute goes on with it; who keeps batches will fail, too, and stop the node.
            tracing::error!(index, error = explain(&error), "cannot keep a batch's evidence");
        }
        Ok(found)
    }

    async fn fetch(&self, index: u64, end: BatchEnd) -> Result<BatchEvidence, ParentError> {
        self.reader.evidence(index, end.hash, end.committed_in, self.start).await
    }
}

/// Keeps the evidence of every batch that is derived and not decided. What is missing, after a crash
/// or because the role is new, is fetched as long as the parent has it.
///
/// `decided` is the last batch about which no dispute goes on, by the parent's newest block.
pub(super) async fn keep(
    shared: Arc<Shared>,
    evidence: Evidence,
    archive: Arc<Archive>,
    decided: watch::Receiver<Option<u64>>,
) -> Result<(), NodeError> {
    let mut stop = shared.stop.subscribe();
    let mut backoff = Backoff::new();
    let mut pause = Duration::ZERO;
    let mut keeper = Keeper { shared: shared.clone(), evidence, archive, passed: None };
    while shared.pause(pause).await {
        let Some(decided) = *decided.borrow() else {
            pause = LOOK;
            continue;
        };
        let step = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            step = keeper.step(decided) => step,
        };
        pause = match step {
            Ok(()) => {
                backoff.reset();
                LOOK
            }
            Err(NodeError::Parent(error)) if !matches!(error, ParentError::Fatal(_)) => {
                tracing::warn!(%error, "cannot keep what a batch was made of, will try again");
                backoff.next()
            }
            Err(error) => return Err(error),
        };
    }
    Ok(())
}

struct Keeper {
    shared: Arc<Shared>,
    evidence: Evidence,
    archive: Arc<Archive>,
    /// A batch that was decided at a block of the parent: forgotten when that block is final.
    passed: Option<(u64, u64)>,
}

impl Keeper {
    async fn step(&mut self, decided: u64) -> Result<(), NodeError> {
        self.forget(decided).await?;
        let missing = self.missing(decided).await?;
        let metrics = &self.shared.metrics;
        let (mut left, mut failures, mut result) = (missing.len() as u64, 0, Ok(()));
        metrics.evidence_missing.set(left);
        for (index, end) in missing {
            match self.evidence.fetch(index, end).await {
                Ok(found) => {
                    self.archive(move |archive| archive.put(&found)).await?;
                    left -= 1;
                    metrics.evidence_missing.set(left);
                }
                Err(error) => {
                    result = Err(error.into());
                    failures += 1;
                    if failures == FAILURES_MAX {
                        break;
                    }
                }
            }
        }
        metrics.evidence_kept.set(self.archive.count() as u64);
        result
    }

    /// Batches that are derived, not decided, and not here; the newest first, since the parent
    /// forgets the oldest first.
    async fn missing(&self, decided: u64) -> Result<Vec<(u64, BatchEnd)>, NodeError> {
        let derived = move |engine: &mut Engine| {
            let derivation = engine.derivation();
            let all = (decided + 1..=derivation.tip().index).rev();
            let ends = all.map(|index| Ok(derivation.book().read(index)?.map(|end| (index, end))));
            ends.collect::<io::Result<Vec<_>>>()
        };
        let derived = self.shared.engine(derived).await?.map_err(NodeError::Disputes)?;
        let known = derived.into_iter().flatten();
        Ok(known.filter(|(index, end)| !self.archive.has(*index, end.hash)).collect())
    }

    /// Forgets decided batches. A reorganisation of the parent can take back that they are, until
    /// what says so is final.
    async fn forget(&mut self, decided: u64) -> Result<(), NodeError> {
        match self.passed {
            Some((batch, _)) if batch > decided => self.passed = None,
            Some((batch, at)) if self.shared.heads.read().finalized.number >= at => {
                self.passed = None;
                self.archive(move |archive| archive.forget_up_to(batch)).await?;
            }
            None if self.archive.oldest().is_some_and(|oldest| oldest <= decided) => {
                let now = self.evidence.parent().heads().await?.latest.number;
                self.passed = Some((decided, now));
            }
            _ => {}
        }
        Ok(())
    }

    /// Works on the archive, on a thread that may wait.
    async fn archive(
        &self,
        work: impl FnOnce(&Archive) -> io::Result<()> + Send + 'static,
    ) -> Result<(), NodeError> {
        let archive = self.archive.clone();
        let task = tokio::task::spawn_blocking(move || work(&archive));
        let worked = task.await.map_err(|error| NodeError::Internal(error.to_string()))?;
        worked.map_err(NodeError::Evidence)
    }
}
