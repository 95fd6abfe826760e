//! What RPC asks a rollup node beyond its ledger.

use super::{Shared, peer::Forwarder};
use crate::pool::Rejection;
use alloy_primitives::{Address, B256, U256};
use altana_ledger::{Block, Pending};
use altana_parent::ParentBlock;
use altana_protocol::{Transaction, predeploys::L1_BLOCK, transaction::Recovered};
use altana_rpc::{
    Backend, L1Origin, PoolContent, PoolStatus, RollupInfo, Submission, SubmitError, SyncProgress,
};
use futures::future::BoxFuture;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::broadcast;

/// Slots of `L1Block` (contracts/src/l2/L1Block.sol): number and timestamp, hash.
const NUMBER_SLOT: U256 = U256::ZERO;
const HASH_SLOT: U256 = U256::from_limbs([2, 0, 0, 0]);

/// A running node, as its RPC server sees it.
#[derive(Debug)]
pub struct NodeBackend {
    shared: Arc<Shared>,
    forwarder: Option<Forwarder>,
}

impl NodeBackend {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let leads = shared.config.sequencer.is_some();
        let url = shared.config.peer_url.as_deref().filter(|_| !leads);
        // A bad URL has stopped the node before.
        let forwarder = url.and_then(|url| Forwarder::new(url).ok());
        Self { shared, forwarder }
    }
}

impl Backend for NodeBackend {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        if let Some(forwarder) = &self.forwarder {
            return Box::pin(forwarder.submit(batch));
        }
        let count = batch.len();
        if self.shared.config.sequencer.is_none() {
            let closed = SubmitError::Closed("this node does not lead its chain".into());
            return Box::pin(async move { vec![Err(closed); count] });
        }
        let transactions = batch.into_iter().map(|submission| submission.transaction).collect();
        Box::pin(async move {
            let results = self.shared.pool.submit(transactions).await;
            results.into_iter().map(|result| result.map_err(Into::into)).collect()
        })
    }

    fn pending(&self) -> Option<Arc<Pending>> {
        let pending = self.shared.pending.read().clone()?;
        let follows = pending.block.header.parent_hash == self.shared.ledger.head().hash();
        follows.then_some(pending)
    }

    fn pooled(&self, hash: B256) -> Option<Arc<Recovered<Transaction>>> {
        self.shared.pool.get(&hash)
    }

    fn pooled_nonce(&self, address: Address) -> Option<u64> {
        self.shared.pool.with(|pool| pool.next_nonce(&address))
    }

    fn pool_content(&self) -> PoolContent {
        let content = self.shared.pool.content();
        let by_sender = |list: Vec<Arc<crate::pool::PooledTransaction>>| {
            let mut map: BTreeMap<Address, Vec<_>> = BTreeMap::new();
            for tx in list {
                map.entry(tx.sender()).or_default().push(tx.transaction.clone());
            }
            map
        };
        PoolContent { pending: by_sender(content.pending), queued: by_sender(content.queued) }
    }

    fn pool_status(&self) -> PoolStatus {
        let (pending, queued) = self.shared.pool.with(|pool| pool.status());
        PoolStatus { pending, queued }
    }

    fn pool_events(&self) -> broadcast::Receiver<Arc<Recovered<Transaction>>> {
        self.shared.pool.subscribe()
    }

    fn syncing(&self) -> Option<SyncProgress> {
        let head = self.shared.ledger.head().number();
        let safe = self.shared.ledger.safe().number();
        let synced = self.shared.progress.read().synced;
        // The end is not known before the parent is read; the head of the last run is a bound.
        (!synced).then_some(SyncProgress {
            starting_block: 0,
            current_block: safe,
            highest_block: head.max(safe),
        })
    }

    fn rollup(&self) -> Option<Arc<dyn RollupInfo>> {
        Some(Arc::new(Info { shared: self.shared.clone() }))
    }
}

struct Info {
    shared: Arc<Shared>,
}

impl RollupInfo for Info {
    fn config(&self) -> serde_json::Value {
        let genesis = self.shared.ledger.genesis();
        let spec = &self.shared.chain.spec;
        let block_time_ms =
            self.shared.config.sequencer.as_ref().map_or(1000, |config| config.block_time_ms);
        serde_json::json!({
            "genesis": {
                "l1": { "hash": B256::ZERO, "number": self.shared.chain.parent_start_block },
                "l2": { "hash": genesis.hash(), "number": genesis.number() },
                "l2_time": genesis.header.timestamp,
            },
            "block_time": block_time_ms.div_ceil(1000),
            "l1_chain_id": spec.parent_chain_id,
            "l2_chain_id": spec.chain_id,
            "deposit_contract_address": spec.portal,
            "altana": { "config_hash": spec.config_hash(), "spec": spec },
        })
    }

    fn origin(&self, block: &Block) -> Option<L1Origin> {
        let state = self.shared.ledger.state(block.hash()).ok()?;
        let packed = state.slot(L1_BLOCK, NUMBER_SLOT).ok()?;
        let hash = state.slot(L1_BLOCK, HASH_SLOT).ok()?;
        let [number, timestamp, ..] = packed.into_limbs();
        Some(L1Origin { hash: hash.into(), number, parent_hash: B256::ZERO, timestamp })
    }

    fn parent_heads(&self) -> [L1Origin; 4] {
        let heads = *self.shared.heads.read();
        let read = self.shared.progress.read().head.unwrap_or(heads.latest);
        [read, heads.latest, heads.safe, heads.finalized].map(origin)
    }
}

fn origin(block: ParentBlock) -> L1Origin {
    let ParentBlock { number, hash, parent_hash, timestamp, .. } = block;
    L1Origin { hash, number, parent_hash, timestamp }
}

impl From<Rejection> for SubmitError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::AlreadyKnown => Self::AlreadyKnown,
            Rejection::Malformed(reason) => Self::Invalid(reason),
            Rejection::UnsupportedType(kind) => Self::Type(kind),
            Rejection::WrongChain { have, want } => Self::ChainId { have, want },
            Rejection::NonceTooLow { next, nonce } => Self::NonceTooLow { tx: nonce, state: next },
            Rejection::ReplacementUnderpriced => Self::ReplacementUnderpriced,
            Rejection::Underpriced => Self::PoolFull,
            Rejection::FeeCapTooLow { cap, base_fee, .. } => {
                Self::FeeCapTooLow { max_fee: cap, base_fee: base_fee.into() }
            }
            Rejection::TipAboveFeeCap { tip, cap } => Self::TipAboveFeeCap { tip, max_fee: cap },
            Rejection::InsufficientFunds(shortage) => Self::InsufficientFunds {
                balance: Box::new(shortage.balance),
                cost: Box::new(shortage.cost.saturating_add(shortage.queued)),
            },
            Rejection::GasLimit { gas, limit } => Self::GasLimit { gas, limit },
            Rejection::TransactionGasCap { gas, cap } => Self::TransactionGasCap { gas, cap },
            Rejection::IntrinsicGas { have, want } => {
                Self::IntrinsicGas { gas: have, needed: want }
            }
            Rejection::Oversized { size, limit } => Self::Oversized { size, limit },
            Rejection::AccountLimit { sender, limit } => {
                Self::AccountLimit(format!("{limit} transactions wait from {sender}"))
            }
            Rejection::Busy(reason) => Self::Closed(reason.into()),
            Rejection::Journal(reason) => Self::Closed(reason),
            rejection @ (Rejection::InitcodeSize { .. }
            | Rejection::SenderNotEoa(_)
            | Rejection::State(_)) => Self::Invalid(rejection.to_string()),
        }
    }
}
