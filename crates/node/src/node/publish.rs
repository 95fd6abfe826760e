//! The batcher's shell: decide, send, look what became of it.

use super::{Backoff, NodeError, Shared, now_ms};
use crate::{
    batcher::{self, Batch, Config, Decision, Inputs},
    derive::Tip,
    engine::Engine,
    inbox::Inbox,
};
use alloy_primitives::U256;
use altana_ledger::{Block, BlockBody, Ledger};
use altana_parent::{BatchSender, Heads, ParentError, Sent};
use altana_protocol::batch::BLOCKS_MAX;
use std::{sync::Arc, time::Duration};

/// How often the engine is asked for blocks, and derivation for a sent batch.
const LOOK_MS: u64 = 200;

pub(super) async fn run<S: BatchSender>(
    shared: Arc<Shared>,
    config: Config,
    sender: S,
) -> Result<(), NodeError> {
    let config = Arc::new(config);
    let mut backoff = Backoff::new();
    loop {
        tokio::select! {
            () = shared.sealed.notified() => {}
            _ = shared.pause(Duration::from_millis(LOOK_MS)) => {}
        }
        if *shared.stop.borrow() {
            return Ok(());
        }
        let Some(batch) = decide(&shared, &config).await? else { continue };
        let index = batch.commit.index;
        let mut stop = shared.stop.subscribe();
        let sent = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            sent = sender.commit(batch.commit.clone()) => sent,
        };
        match sent {
            Ok(sent) => {
                backoff.reset();
                report(&shared, &batch, &sent);
                if !settle(&shared, index, &sent).await? {
                    return Ok(());
                }
            }
            Err(ParentError::Fatal(error)) => return Err(ParentError::Fatal(error).into()),
            Err(error) => {
                let pause = backoff.next();
                tracing::warn!(%error, ?pause, index, "cannot commit, will try again");
                shared.metrics.batches_failed_total.add(1);
                shared.pause(pause).await;
            }
        }
    }
}

/// What a decision needs, taken out of the engine so that it runs on meanwhile.
struct Snapshot {
    tip: Tip,
    blocks: Vec<Arc<Block>>,
    inbox: Inbox,
    heads: Heads,
}

impl Snapshot {
    fn of(engine: &Engine, heads: Heads) -> Result<Self, NodeError> {
        Ok(Self {
            tip: engine.derivation().tip().clone(),
            blocks: engine.unpublished(BLOCKS_MAX)?,
            inbox: engine.derivation().inbox().clone(),
            heads,
        })
    }
}

async fn decide(shared: &Arc<Shared>, config: &Arc<Config>) -> Result<Option<Batch>, NodeError> {
    let (config, worker) = (config.clone(), shared.clone());
    let task = tokio::task::spawn_blocking(move || {
        let heads = *worker.heads.read();
        let snapshot = {
            let engine = worker.engine.lock();
            let (blocks, _) = engine.gap();
            // What is not read yet may be another batch, or messages that are overdue.
            let is_read = worker.progress.read().complete;
            if !engine.derivation().is_coherent() || !is_read || blocks == 0 {
                return Ok(None);
            }
            Snapshot::of(&engine, heads)?
        };
        let inputs = Inputs {
            tip: &snapshot.tip,
            blocks: &snapshot.blocks,
            inbox: &snapshot.inbox,
            terms: &worker.chain.terms,
            head: snapshot.heads.latest,
            blob_base_fee: snapshot.heads.blob_base_fee,
            now_s: now_ms() / 1000,
            spec: &worker.chain.spec,
        };
        match batcher::next(&config, &inputs)? {
            Decision::Wait => Ok(None),
            Decision::Commit(batch) => {
                if batch.blocks == 0 {
                    let blocks = snapshot.blocks.len();
                    tracing::warn!(blocks, "unpublished blocks give way to overdue messages");
                }
                reexecute(&worker.ledger, &snapshot.blocks[..batch.blocks])?;
                Ok(Some(*batch))
            }
            Decision::Rebuild(reason) => {
                tracing::warn!(reason, "unpublished blocks are rebuilt");
                worker.metrics.displacements_total.add(1);
                let mut engine = worker.engine.lock();
                // Unless derivation has moved on meanwhile.
                if *engine.derivation().tip() == snapshot.tip {
                    engine.rebuild_unpublished()?;
                    *worker.pending.write() = None;
                }
                Ok(None)
            }
        }
    });
    task.await.map_err(|error| NodeError::Internal(error.to_string()))?
}

/// What is published must execute to what was promised.
fn reexecute(ledger: &Ledger, blocks: &[Arc<Block>]) -> Result<(), NodeError> {
    for block in blocks {
        let body = BlockBody {
            transactions: block.transactions.clone(),
            ommers: block.ommers.clone(),
            withdrawals: block.withdrawals.clone(),
            note: block.note.clone(),
            ..BlockBody::default()
        };
        match ledger.validate(&block.header, body) {
            Ok(sealed) if sealed.block.hash() == block.hash() => {}
            Ok(_) => return Err(batcher::BatchError::Differs(block.number()).into()),
            // The chain was rewound meanwhile: what is sent now would not be taken for ours.
            Err(altana_ledger::Error::UnknownBlock(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn report(shared: &Shared, batch: &Batch, sent: &Sent) {
    let metrics = &shared.metrics;
    let gwei = sent.fee / U256::from(1_000_000_000u64);
    metrics.batch_fee_gwei_total.add(gwei.try_into().unwrap_or(u64::MAX));
    let (index, bytes) = (batch.commit.index, batch.commit.payload.len());
    if let Some(reason) = &sent.reverted {
        metrics.batches_failed_total.add(1);
        tracing::warn!(index, hash = %sent.hash, reason, "commit reverted");
        return;
    }
    metrics.batches_committed_total.add(1);
    metrics.payload_bytes_total.add(bytes as u64);
    metrics.payload_transaction_bytes_total.add(batch.transaction_bytes as u64);
    metrics.blobs_total.add(batch.cost.blobs as u64);
    let (blocks, blobs, gas) = (batch.blocks, batch.cost.blobs, sent.gas_used);
    tracing::info!(index, blocks, bytes, blobs, gas, block = sent.block_number, "committed");
}

/// Waits until derivation has seen the batch, or the place where it should be. False: the node
/// stops.
async fn settle(shared: &Arc<Shared>, index: u64, sent: &Sent) -> Result<bool, NodeError> {
    loop {
        shared.look.notify_one();
        let block = sent.block_number;
        let seen = shared.engine(move |engine| {
            let derivation = engine.derivation();
            let read = derivation.inbox().head().is_some_and(|head| head.number >= block);
            derivation.tip().index >= index || read
        });
        if seen.await? {
            return Ok(true);
        }
        if !shared.pause(Duration::from_millis(LOOK_MS / 4)).await {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::{START_MS, chain, open};
    use alloy_consensus::Header;
    use alloy_primitives::{B256, Sealable};
    use altana_ledger::BlockAttributes;

    /// Incident (Base, 2026): a block held what an invalid transaction had left in memory.
    #[test]
    fn a_block_that_executes_to_something_else_is_not_published() {
        let (spec, genesis) = chain(&[]);
        let ledger = open(&spec, &genesis);
        let attributes =
            BlockAttributes { timestamp: START_MS / 1000, ..BlockAttributes::default() };
        let builder = ledger.build(ledger.head().hash(), attributes).unwrap();
        let block = ledger.commit(builder.seal().unwrap()).unwrap();
        reexecute(&ledger, std::slice::from_ref(&block)).unwrap();
        let header = Header { state_root: B256::ZERO, ..block.header.inner().clone() };
        let false_block = Block { header: header.seal_slow(), ..(*block).clone() };
        reexecute(&ledger, &[Arc::new(false_block)]).unwrap_err();
    }
}
