//! Keep what batches were made of, while a claim about them may still be disputed.

use crate::{
    derive::BatchEnd,
    dispute::Archive,
    engine::Engine,
    node::{Backoff, NodeError, Shared},
};
use alloy_primitives::B256;
use altana_ledger::explain;
use altana_parent::{BatchEvidence, InboxReader, Parent, ParentError};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
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
    let mut keeper = Keeper {
        shared: shared.clone(),
        evidence,
        archive,
        passed: None,
        complete: None,
        turns: Turns::default(),
    };
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
    /// The last look, if nothing was missing.
    complete: Option<Look>,
    turns: Turns,
}

/// What decides which batches are missing: as long as it is the same, none gets missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    decided: u64,
    /// Index and hash of the newest batch. The hash covers all batches before it.
    newest: (u64, B256),
    /// What the archive had lost.
    lost: u64,
}

/// Whose turn it is, so that batches which cannot be had don't keep others from being fetched.
#[derive(Debug, Default)]
struct Turns {
    attempt: u64,
    /// The attempt in which a batch, by index and hash, failed last.
    failed: BTreeMap<(u64, B256), u64>,
}

impl Turns {
    /// Begins an attempt, and puts what is missing in order: first what did not fail yet, then what
    /// failed longest ago. Among equals the order stays. What is not missing any more is forgotten.
    fn begin(&mut self, missing: &mut [(u64, BatchEnd)]) {
        self.attempt += 1;
        let last = |(index, end): &(u64, BatchEnd)| {
            let batch = (*index, end.hash);
            self.failed.get(&batch).map(|attempt| (batch, *attempt))
        };
        self.failed = missing.iter().filter_map(last).collect();
        missing.sort_by_key(|(index, end)| self.failed.get(&(*index, end.hash)).copied());
    }

    fn failed(&mut self, index: u64, hash: B256) {
        self.failed.insert((index, hash), self.attempt);
    }
}

impl Keeper {
    async fn step(&mut self, decided: u64) -> Result<(), NodeError> {
        self.forget(decided).await?;
        let mut missing = self.missing(decided).await?;
        self.turns.begin(&mut missing);
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
                    self.turns.failed(index, end.hash);
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
    async fn missing(&mut self, decided: u64) -> Result<Vec<(u64, BatchEnd)>, NodeError> {
        // Asked for first: what is lost during the look makes another one.
        let (lost, complete) = (self.archive.lost(), self.complete);
        let derived = move |engine: &mut Engine| -> io::Result<(Look, Vec<_>)> {
            let derivation = engine.derivation();
            let tip = derivation.tip();
            let look = Look { decided, newest: (tip.index, tip.hash), lost };
            if complete == Some(look) {
                return Ok((look, Vec::new()));
            }
            let all = (decided + 1..=tip.index).rev();
            let ends = all.map(|index| Ok(derivation.book().read(index)?.map(|end| (index, end))));
            Ok((look, ends.collect::<io::Result<Vec<_>>>()?))
        };
        let (look, derived) = self.shared.engine(derived).await?.map_err(NodeError::Disputes)?;
        let known = derived.into_iter().flatten();
        let missing: Vec<_> =
            known.filter(|(index, end)| !self.archive.has(*index, end.hash)).collect();
        self.complete = missing.is_empty().then_some(look);
        Ok(missing)
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;

    /// Batches that are missing, the newest first.
    fn missing(indices: impl DoubleEndedIterator<Item = u64>) -> Vec<(u64, BatchEnd)> {
        let end = |index: u64| {
            let hash = B256::from(U256::from(index));
            BatchEnd { hash, last_block: index, committed_in: index }
        };
        indices.rev().map(|index| (index, end(index))).collect()
    }

    /// The batches of an attempt that ends with two failures, as all but `good` fail.
    fn attempt(
        turns: &mut Turns,
        mut missing: Vec<(u64, BatchEnd)>,
        good: impl Fn(u64) -> bool,
    ) -> Vec<u64> {
        turns.begin(&mut missing);
        let (mut tried, mut failures) = (Vec::new(), 0);
        for (index, end) in missing {
            tried.push(index);
            if !good(index) {
                turns.failed(index, end.hash);
                failures += 1;
            }
            if failures == 2 {
                break;
            }
        }
        tried
    }

    #[test]
    fn batches_that_cannot_be_had_starve_no_other() {
        let mut turns = Turns::default();
        let never = |_| false;
        // The newest first, and the next attempt begins behind those that failed.
        assert_eq!(attempt(&mut turns, missing(1..=5), never), [5, 4]);
        assert_eq!(attempt(&mut turns, missing(1..=5), |index| index == 2), [3, 2, 1]);
        // All had their turn: those that failed longest ago come first, also over and over.
        assert_eq!(attempt(&mut turns, missing([1, 3, 4, 5].into_iter()), never), [5, 4]);
        assert_eq!(attempt(&mut turns, missing([1, 3, 4, 5].into_iter()), never), [3, 1]);
        // A new batch comes before all of them.
        assert_eq!(attempt(&mut turns, missing([1, 3, 4, 5, 6].into_iter()), never), [6, 5]);
    }

    #[test]
    fn what_is_not_missing_any_more_is_forgotten() {
        let mut turns = Turns::default();
        attempt(&mut turns, missing(1..=3), |_| false);
        attempt(&mut turns, missing(1..=2), |_| true);
        assert_eq!(turns.failed.len(), 1, "batch 2 alone");
        // Another batch with the same index did not fail.
        let mut other = missing(1..=2);
        other[0].1.hash = B256::repeat_byte(0xff);
        turns.begin(&mut other);
        assert!(turns.failed.is_empty());
    }
}
