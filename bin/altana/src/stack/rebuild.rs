//! Recompute a chain from its parent alone.

use super::{connect, open_ledger};
use alloy::primitives::{Address, B256, U256};
use altana_contracts::Deployment;
use altana_ledger::Ledger;
use altana_node::{
    derive::{Book, Derivation, Follower, ReadAhead, Tip},
    rescue,
};
use altana_parent::{
    BatchSender, Batches, InboxReader, Parent, ParentBlock, ParentError, Sender, Sent,
};
use altana_protocol::stf::header_output_root;
use anyhow::Result;
use serde::Serialize;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A chain as its parent tells it.
#[derive(Clone, Debug, Serialize)]
pub struct Rebuilt {
    /// Batches read.
    pub batches: u64,
    /// Number of the last block.
    pub last_block: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Its state root.
    pub state_root: B256,
    /// The output root after it.
    pub output_root: B256,
    /// Transactions executed, deposits included.
    pub transactions: u64,
    /// Seconds that reading and executing took.
    pub seconds: f64,
    #[serde(skip)]
    ledger: Option<Ledger>,
}

impl Rebuilt {
    /// An account's balance after the last block.
    pub fn balance(&self, account: Address) -> Result<U256> {
        let Some(ledger) = &self.ledger else { return Ok(U256::ZERO) };
        let info = ledger.state(self.block_hash)?.account(account)?;
        Ok(info.map(|info| info.balance).unwrap_or_default())
    }
}

/// Pause before the parent is asked again, and how often it is.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
const RETRIES_MAX: usize = 20;

/// Reads all batches and the queue, and executes them into a ledger in memory.
pub async fn rebuild(
    parent_url: &str,
    beacon_url: &str,
    deployment: &Deployment,
) -> Result<Rebuilt> {
    let begin = Instant::now();
    let parent = connect(parent_url, beacon_url, deployment).await?;
    let (derivation, ledger, _) = derive(parent, deployment).await?;
    summary(derivation.tip(), ledger, begin)
}

/// Commits what waits in the queue, as anyone may when the sequencer is dead: the transaction, and how many
/// messages it took. `None`: nothing waits.
pub async fn rescue(
    parent: Parent,
    deployment: &Deployment,
    sender: Sender,
) -> Result<Option<(Sent, u64)>> {
    let (derivation, _, head) = derive(parent, deployment).await?;
    let tip = derivation.tip();
    let commit = rescue::commit(derivation.spec(), tip, derivation.inbox(), &head)?;
    let Some(commit) = commit else { return Ok(None) };
    let messages = commit.queue_end - tip.queue_end;
    let batches = Batches { sender, inbox: deployment.contracts.inbox };
    Ok(Some((batches.commit(commit).await?, messages)))
}

/// Derives the chain up to the parent's head.
async fn derive(
    parent: Parent,
    deployment: &Deployment,
) -> Result<(Derivation, Ledger, ParentBlock)> {
    let contracts = &deployment.contracts;
    let reader = Arc::new(InboxReader::new(parent, contracts.inbox, contracts.portal));
    let ledger = open_ledger(deployment, None)?;
    let book = Book::open(None)?;
    let mut derivation = Derivation::open(deployment.spec.clone(), ledger.clone(), None, book)?;
    let follower = Follower::new(reader, deployment.parent_start_block);
    let mut reader = ReadAhead::new(follower);
    let mut retries = 0;
    loop {
        let position = reader.follower().position(&derivation);
        let read = match reader.read(&position).await {
            Ok(read) => read,
            Err(error @ ParentError::Fatal(_)) => return Err(error.into()),
            Err(error) if retries == RETRIES_MAX => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "asking the parent again");
                retries += 1;
                tokio::time::sleep(RETRY_PAUSE).await;
                continue;
            }
        };
        let (complete, head) = (read.complete, read.heads.latest);
        derivation = tokio::task::spawn_blocking(move || {
            derivation.apply(read.update, complete, &mut ()).map(|_| derivation)
        })
        .await??;
        if complete {
            return Ok((derivation, ledger, head));
        }
    }
}

fn summary(tip: &Tip, ledger: Ledger, begin: Instant) -> Result<Rebuilt> {
    let seconds = begin.elapsed().as_secs_f64();
    let mut transactions = 0;
    for number in 1..=tip.block_number {
        let block = ledger.block_by_number(number)?;
        transactions += block.map_or(0, |block| block.transactions.len() as u64);
    }
    let block = ledger.head();
    Ok(Rebuilt {
        batches: tip.index,
        last_block: block.number(),
        block_hash: block.hash(),
        state_root: block.header.state_root,
        output_root: header_output_root(&block.header, block.hash()),
        transactions,
        seconds,
        ledger: Some(ledger),
    })
}
