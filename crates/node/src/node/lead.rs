//! The sequencer's shell: a thread that steps, sleeps and tells.

use super::{NodeError, Shared, now_ms};
use crate::sequencer::{Config, Preconfirmation, Sequencer, Step};
use altana_ledger::Block;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::oneshot};

/// Longest sleep: the queue has no bell.
const SLEEP_MS_MAX: u64 = 100;

/// Starts the thread; resolves when it has ended.
pub(super) fn run(
    shared: Arc<Shared>,
    mut config: Config,
) -> Result<impl Future<Output = Result<(), NodeError>>, NodeError> {
    let (ended, end) = oneshot::channel();
    let runtime = Handle::current();
    config.messages.force_inclusion_delay = shared.chain.terms.force_inclusion_delay;
    std::thread::Builder::new()
        .name("sequencer".into())
        .spawn(move || {
            // Nobody waits any more if the node was dropped.
            let _ = ended.send(lead(&shared, config, &runtime));
        })
        .map_err(|error| NodeError::Internal(error.to_string()))?;
    Ok(async move {
        end.await.unwrap_or_else(|_| Err(NodeError::Internal("the sequencer panicked".into())))
    })
}

fn lead(shared: &Shared, config: Config, runtime: &Handle) -> Result<(), NodeError> {
    let mut sequencer = Sequencer::new(config, shared.ledger.clone());
    while !*shared.stop.borrow() {
        if let Some(error) = shared.pool.failure() {
            return Err(NodeError::Pool(error));
        }
        let step = shared.engine.lock().step(&mut sequencer, now_ms())?;
        match step {
            Step::Busy => {}
            Step::Wait { until_ms } => {
                let sleep_ms = until_ms.saturating_sub(now_ms()).min(SLEEP_MS_MAX);
                runtime.block_on(async {
                    tokio::select! {
                        () = shared.pool.arrived() => {}
                        _ = shared.pause(Duration::from_millis(sleep_ms)) => {}
                    }
                });
            }
            Step::Published(pending, preconfirmation) => {
                *shared.pending.write() = Some(pending);
                shared.metrics.slices_total.add(1);
                tell(shared, preconfirmation);
            }
            Step::Sealed(block, preconfirmation) => {
                tell(shared, preconfirmation);
                sealed(shared, &block);
            }
        }
    }
    Ok(())
}

fn tell(shared: &Shared, preconfirmation: Preconfirmation) {
    if !preconfirmation.included.is_empty() {
        // Nobody listening is fine.
        let _ = shared.preconfirmations.send(Arc::new(preconfirmation));
    }
}

fn sealed(shared: &Shared, block: &Block) {
    let transactions = block.transactions.len();
    shared.metrics.blocks_sealed_total.add(1);
    shared.metrics.transactions_sealed_total.add(transactions as u64);
    shared.metrics.gas_sealed_total.add(block.header.gas_used);
    tracing::debug!(number = block.number(), hash = %block.hash(), transactions, "sealed");
    shared.sealed.notify_one();
}
