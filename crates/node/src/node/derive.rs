//! Derivation's shell: read the parent, feed the engine, forever.

use super::{Backoff, NodeError, Shared};
use crate::{
    derive::{DeriveError, Derived, Follower, Read, ReadAhead, check_finality},
    engine::Engine,
};
use altana_parent::{ParentError, ParentReader};
use std::{sync::Arc, time::Duration};

pub(super) async fn run<P: ParentReader>(
    shared: Arc<Shared>,
    parent: Arc<P>,
    follower: Follower<P>,
) -> Result<(), NodeError> {
    let mut reader = ReadAhead::new(follower);
    let mut backoff = Backoff::new();
    let mut stop = shared.stop.subscribe();
    loop {
        let step = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            step = step(&shared, &*parent, &mut reader) => step,
        };
        let proceed = match step {
            Ok(false) => {
                backoff.reset();
                true
            }
            Ok(true) => {
                backoff.reset();
                look_or_poll(&shared).await
            }
            Err(error) if is_retry(&error) => {
                shared.progress.write().complete = false;
                shared.metrics.parent_errors_total.add(1);
                let pause = backoff.next();
                tracing::warn!(%error, ?pause, "cannot follow the parent chain, will try again");
                shared.pause(pause).await
            }
            Err(error) => return Err(error),
        };
        if !proceed {
            return Ok(());
        }
    }
}

fn is_retry(error: &NodeError) -> bool {
    match error {
        NodeError::Parent(error) => !matches!(error, ParentError::Fatal(_)),
        NodeError::Engine(error) => error.is_retry(),
        _ => false,
    }
}

async fn look_or_poll(shared: &Shared) -> bool {
    tokio::select! {
        () = shared.look.notified() => true,
        proceed = shared.pause(Duration::from_millis(shared.config.poll_ms.0)) => proceed,
    }
}

/// Reads once and takes it in; whether the parent's head is reached.
async fn step<P: ParentReader>(
    shared: &Arc<Shared>,
    parent: &P,
    reader: &mut ReadAhead<P>,
) -> Result<bool, NodeError> {
    let follower = reader.follower();
    let (position, head, finalized) = shared
        .engine(move |engine| {
            let derivation = engine.derivation();
            let finalized = derivation.finalized_tip().clone();
            (follower.position(derivation), derivation.inbox().head(), finalized)
        })
        .await?;
    let read = reader.read(&position).await?;
    if head.is_none_or(|head| head.number > read.update.ancestor) {
        check_finality(parent, &finalized).await?;
    }
    let (complete, head) = (read.complete, read.update.head);
    *shared.heads.write() = read.heads;
    shared.metrics.parent_block.set(read.heads.latest.number);
    shared.metrics.parent_read_block.set(read.update.head.number);
    let worker = shared.clone();
    let applied = move |engine: &mut Engine| {
        let applied = apply(&worker, engine, read);
        // Before anybody else sees the engine.
        let mut progress = worker.progress.write();
        progress.complete = complete && applied.is_ok();
        if applied.is_ok() {
            progress.head = Some(head);
            progress.synced |= complete;
        }
        applied
    };
    shared.engine(applied).await??;
    Ok(complete)
}

fn apply(shared: &Shared, engine: &mut Engine, read: Read) -> Result<(), NodeError> {
    let inbox = engine.derivation().inbox();
    let head = inbox.head();
    let is_news = head.is_none_or(|head| head.hash != read.update.head.hash)
        || inbox.finalized() < read.update.finalized.min(read.update.head.number)
        || !engine.synced();
    if !is_news {
        return Ok(());
    }
    if head.is_some_and(|head| head.number > read.update.ancestor) {
        shared.metrics.parent_reorganisations_total.add(1);
    }
    let before = engine.derivation().checkpoint();
    let derived = engine.apply(read)?;
    if derived.displaced {
        *shared.pending.write() = None;
    }
    count(shared, engine, &derived);
    let after = engine.derivation().checkpoint();
    if let (Some(dir), Some(checkpoint)) = (&shared.config.dir, after)
        && before.is_none_or(|before| before.tip != checkpoint.tip)
    {
        // What is before a checkpoint is not read again.
        engine.derivation().book().sync().map_err(DeriveError::Book)?;
        checkpoint.store(dir).map_err(NodeError::Checkpoint)?;
    }
    Ok(())
}

fn count(shared: &Shared, engine: &Engine, derived: &Derived) {
    let metrics = &shared.metrics;
    metrics.batches_derived_total.add(derived.batches as u64);
    metrics.blocks_confirmed_total.add(derived.confirmed);
    metrics.blocks_executed_total.add(derived.executed);
    metrics.displacements_total.add(derived.displaced.into());
    let (blocks, bytes) = engine.gap();
    metrics.unpublished_blocks.set(blocks as u64);
    metrics.unpublished_bytes.set(bytes as u64);
    metrics.stalled.set(engine.stalled().into());
    if derived.batches > 0 {
        let (batch, block) =
            (engine.derivation().tip().index, engine.derivation().tip().block_number);
        tracing::info!(batch, block, executed = derived.executed, "derived");
    }
}
