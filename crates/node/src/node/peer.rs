//! Follow a node that leads: its blocks before they are on the parent, and its pool.
//!
//! A peer is believed only until the parent says otherwise: its blocks are executed and checked
//! like any others, and derivation replaces those that differ from the batches.

use super::{Backoff, NodeError, Shared};
use crate::{engine::Engine, note::Note};
use alloy::rpc::client::{ClientBuilder, RpcClient};
use alloy_consensus::Header;
use alloy_eips::Decodable2718;
use alloy_primitives::{B256, Bytes, U64};
use alloy_rlp::{Decodable, Header as RlpHeader};
use altana_ledger::{BlockBody, Error as LedgerError, Ledger};
use altana_protocol::{Transaction, transaction::Recovered};
use altana_rpc::{Submission, SubmitError};
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// Blocks that are fetched in a row before the peer's head is asked for again.
const BLOCKS_PER_LOOK: u64 = 64;
/// How long one answer may take.
const ANSWER_MS: u64 = 10_000;

/// Another node's JSON-RPC.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    client: RpcClient,
}

/// Why a peer is not followed at the moment.
#[derive(Debug, thiserror::Error)]
enum PeerError {
    /// It does not answer: ask again later.
    #[error("{0}")]
    Rpc(String),
    /// Its block is invalid: wait for the parent's word.
    #[error("block {number} is refused: {error}")]
    Refused { number: u64, error: String },
    /// This node cannot go on.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl Peer {
    pub(super) fn new(url: &str) -> Result<Self, NodeError> {
        let url = url.parse().map_err(|error| NodeError::Config(format!("{url}: {error}")))?;
        Ok(Self { client: ClientBuilder::default().http(url) })
    }

    async fn head(&self) -> Result<u64, PeerError> {
        let answer = self.client.request_noparams::<U64>("eth_blockNumber");
        Ok(limited(answer).await?.to())
    }

    async fn block(&self, number: u64) -> Result<Bytes, PeerError> {
        limited(self.client.request("debug_getRawBlock", (U64::from(number),))).await
    }
}

async fn limited<R>(
    answer: impl IntoFuture<Output = Result<R, impl std::fmt::Display>>,
) -> Result<R, PeerError> {
    match tokio::time::timeout(Duration::from_millis(ANSWER_MS), answer.into_future()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(PeerError::Rpc(error.to_string())),
        Err(_) => Err(PeerError::Rpc("no answer in time".into())),
    }
}

pub(super) async fn run(shared: Arc<Shared>, peer: Peer) -> Result<(), NodeError> {
    let mut backoff = Backoff::new();
    let poll = Duration::from_millis(shared.config.poll_ms.0);
    let mut pause = poll;
    while shared.pause(pause).await {
        pause = match follow(&shared, &peer).await {
            Ok(()) => {
                backoff.reset();
                poll
            }
            Err(PeerError::Node(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "cannot follow the peer, will try again");
                backoff.next()
            }
        };
    }
    Ok(())
}

/// Takes over what the peer has beyond our head. Where it is on another branch of unpublished
/// blocks, ours are left for the parent to decide.
async fn follow(shared: &Arc<Shared>, peer: &Peer) -> Result<(), PeerError> {
    let head = peer.head().await?;
    let first = shared.ledger.head().number() + 1;
    for number in first..=head.min(first + BLOCKS_PER_LOOK) {
        let bytes = peer.block(number).await?;
        shared.engine(move |engine| import(engine, number, &bytes)).await??;
    }
    Ok(())
}

fn import(engine: &mut Engine, number: u64, bytes: &[u8]) -> Result<(), PeerError> {
    let refused = |error: String| PeerError::Refused { number, error };
    let (header, transactions) = decode(bytes).ok_or_else(|| refused("not a block".into()))?;
    let ledger = engine.ledger().clone();
    let body = BlockBody {
        note: note(&ledger, header.parent_hash, &transactions).encode(),
        transactions,
        ommers: Vec::new(),
        withdrawals: Some(Default::default()),
        ..BlockBody::default()
    };
    match ledger.import(&header, body) {
        Ok(_) => Ok(engine.peer_block()?),
        // Its branch is not ours, or derivation was faster.
        Err(error @ (LedgerError::NotOnHead { .. } | LedgerError::UnknownBlock(_))) => {
            Err(refused(error.to_string()))
        }
        Err(LedgerError::InvalidBlock(error)) => Err(refused(error.to_string())),
        Err(error) => Err(NodeError::Ledger(error).into()),
    }
}

impl From<crate::engine::EngineError> for PeerError {
    fn from(error: crate::engine::EngineError) -> Self {
        Self::Node(error.into())
    }
}

/// A peer does not tell where in the queue its block ends. Every message becomes a deposit, but
/// for those that only a bug in the contracts could make.
fn note(ledger: &Ledger, parent: B256, transactions: &[Recovered<Transaction>]) -> Note {
    let before = ledger.block(parent).ok().flatten().and_then(|parent| Note::of(&parent));
    let deposits = transactions.iter().filter(|tx| crate::derive::is_deposit(tx.inner())).count();
    Note { queue_end: before.unwrap_or_default().queue_end + deposits as u64 }
}

/// RLP of `[header, [transactions], [ommers], [withdrawals]]`.
fn decode(mut bytes: &[u8]) -> Option<(Header, Vec<Recovered<Transaction>>)> {
    let block = RlpHeader::decode_bytes(&mut bytes, true).ok()?;
    let mut block = block;
    let header = Header::decode(&mut block).ok()?;
    let mut list = RlpHeader::decode_bytes(&mut block, true).ok()?;
    let mut transactions = Vec::new();
    while !list.is_empty() {
        let tx = Transaction::network_decode(&mut list).ok()?;
        transactions.push(tx.into_recovered().ok()?);
    }
    Some((header, transactions))
}

/// Passes transactions on to the node that leads.
#[derive(Debug)]
pub(super) struct Forwarder {
    peer: Peer,
}

impl Forwarder {
    pub(super) fn new(url: &str) -> Result<Self, NodeError> {
        Ok(Self { peer: Peer::new(url)? })
    }

    /// Acknowledged once the leader has acknowledged.
    pub(super) fn submit(
        &self,
        batch: Vec<Submission>,
    ) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(batch.len());
            for submission in batch {
                let sent = self
                    .peer
                    .client
                    .request::<_, B256>("eth_sendRawTransaction", (submission.raw,));
                let result = limited(sent).await.map(|_| ());
                results.push(result.map_err(|error| SubmitError::Invalid(error.to_string())));
            }
            results
        })
    }
}
