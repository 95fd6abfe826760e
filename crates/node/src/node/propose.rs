//! The proposer's shell.

use super::{Backoff, NodeError, Shared};
use crate::{
    derive::Tip,
    proposer::{self, Config},
};
use alloy_primitives::B256;
use altana_ledger::Ledger;
use altana_parent::{Claim, ClaimSender, ParentError, Proposal};
use altana_protocol::stf::header_output_root;
use std::{sync::Arc, time::Duration};

/// Claims that are looked at to find the newest true one.
const CLAIMS_MAX: usize = 64;

pub(super) async fn run<S: ClaimSender>(
    shared: Arc<Shared>,
    config: Config,
    sender: S,
) -> Result<(), NodeError> {
    let mut backoff = Backoff::new();
    let mut pause = Duration::from_millis(config.poll_ms);
    while shared.pause(pause).await {
        let mut stop = shared.stop.subscribe();
        let step = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            step = step(&shared, &config, &sender) => step,
        };
        pause = match step {
            Ok(()) => {
                backoff.reset();
                Duration::from_millis(config.poll_ms)
            }
            Err(NodeError::Parent(error)) if !matches!(error, ParentError::Fatal(_)) => {
                tracing::warn!(%error, "cannot claim, will try again");
                backoff.next()
            }
            Err(error) => return Err(error),
        };
    }
    Ok(())
}

async fn step<S: ClaimSender>(
    shared: &Arc<Shared>,
    config: &Config,
    sender: &S,
) -> Result<(), NodeError> {
    let claims = sender.claims(CLAIMS_MAX).await?;
    let head = shared.heads.read().latest.number;
    let (config, worker) = (*config, shared.clone());
    let tips: Option<Vec<Tip>> = shared
        .engine(|engine| engine.synced().then(|| engine.derivation().tips().cloned().collect()))
        .await?;
    let Some(tips) = tips else { return Ok(()) };
    let task = tokio::task::spawn_blocking(move || decide(&worker, &config, &tips, &claims, head));
    let proposal = task.await.map_err(|error| NodeError::Internal(error.to_string()))?;
    let Some(proposal) = proposal else { return Ok(()) };
    let sent = sender.propose(proposal).await?;
    let (batch, block, root) = (proposal.batch_index, proposal.last_block, proposal.output_root);
    match sent.reverted {
        None => {
            shared.metrics.claims_total.add(1);
            tracing::info!(batch, block, %root, "claimed");
        }
        Some(reason) => tracing::warn!(batch, hash = %sent.hash, reason, "claim reverted"),
    }
    Ok(())
}

fn decide(
    shared: &Shared,
    config: &Config,
    tips: &[Tip],
    claims: &[Claim],
    head: u64,
) -> Option<Proposal> {
    let root = |number| output_root(&shared.ledger, number);
    let is_false =
        |claim: &&Claim| root(claim.last_block).is_some_and(|root| root != claim.output_root);
    let false_claims = claims.iter().filter(is_false).count() as u64;
    if false_claims > shared.metrics.false_claims.get() {
        tracing::error!(false_claims, "false claims stand on the parent chain: dispute them");
    }
    shared.metrics.false_claims.set(false_claims);
    let newest = claims.iter().filter(|claim| root(claim.last_block) == Some(claim.output_root));
    let claimed = newest.map(|claim| claim.batch_index).max();
    shared.metrics.claimed_batch.set(claimed.unwrap_or_default());
    proposer::next(config, tips.iter(), claims, head, root)
}

/// The output root after a derived block; none after any other.
fn output_root(ledger: &Ledger, number: u64) -> Option<B256> {
    let block = ledger.block_by_number(number).ok()??;
    (number <= ledger.safe().number()).then(|| header_output_root(&block.header, block.hash()))
}
