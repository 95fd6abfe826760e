//! What every method works with: the ledger, the backend, the limits.

use std::{sync::Arc, time::Instant};

use alloy_eips::{BlockId, BlockNumberOrTag};
use altana_ledger::{Block, Ledger, Pending, Simulator, StateView};
use tokio::sync::Semaphore;

use crate::{Backend, Limits, RpcError, filters::Filters};

/// Cheap to clone; all clones are one server.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) ledger: Ledger,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) limits: Limits,
    pub(crate) filters: Filters,
    calls: Arc<Semaphore>,
}

impl std::ops::Deref for Api {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The block that a request names, with access to the state after it.
pub(crate) enum At {
    /// Stored.
    Stored(Arc<Block>),
    /// Being built.
    Pending(Arc<Pending>),
}

impl At {
    pub(crate) fn block(&self) -> &Arc<Block> {
        match self {
            Self::Stored(block) => block,
            Self::Pending(pending) => &pending.block,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }
}

impl Api {
    pub(crate) fn new(ledger: Ledger, backend: Arc<dyn Backend>, limits: Limits) -> Self {
        let calls = Arc::new(Semaphore::new(limits.calls.max(1)));
        let filters = Filters::new(limits.filters, limits.filter_idle);
        Self(Arc::new(Inner { ledger, backend, limits, filters, calls }))
    }

    pub(crate) fn chain_id(&self) -> u64 {
        self.ledger.rules().chain_id()
    }

    /// The block under this id; `None` if there is none.
    pub(crate) fn find(&self, id: BlockId) -> Result<Option<At>, RpcError> {
        let stored = match id {
            BlockId::Hash(id) => {
                let block = self.ledger.block(id.block_hash)?;
                if id.require_canonical == Some(true)
                    && block.is_some()
                    && !self.ledger.is_canonical(id.block_hash)?
                {
                    return Err(RpcError::refused("hash is not currently canonical"));
                }
                block
            }
            BlockId::Number(BlockNumberOrTag::Pending) => match self.backend.pending() {
                Some(pending) => return Ok(Some(At::Pending(pending))),
                None => Some(self.ledger.head()),
            },
            BlockId::Number(BlockNumberOrTag::Latest) => Some(self.ledger.head()),
            BlockId::Number(BlockNumberOrTag::Safe) => Some(self.ledger.safe()),
            BlockId::Number(BlockNumberOrTag::Finalized) => Some(self.ledger.finalized()),
            BlockId::Number(BlockNumberOrTag::Earliest) => Some(self.ledger.genesis()),
            BlockId::Number(BlockNumberOrTag::Number(number)) => {
                self.ledger.block_by_number(number)?
            }
        };
        Ok(stored.map(At::Stored))
    }

    /// The block under this id, which must exist.
    pub(crate) fn at(&self, id: BlockId) -> Result<At, RpcError> {
        self.find(id)?.ok_or_else(|| RpcError::NotFound("header not found".into()))
    }

    /// The state after the block under this id.
    pub(crate) fn state(&self, id: BlockId) -> Result<StateView, RpcError> {
        self.state_at(&self.at(id)?)
    }

    /// The state after this block.
    pub(crate) fn state_at(&self, at: &At) -> Result<StateView, RpcError> {
        Ok(match at {
            At::Stored(block) => self.ledger.state(block.hash())?,
            At::Pending(pending) => pending.state.clone(),
        })
    }

    /// Calls on the state after this block.
    pub(crate) fn simulator(&self, at: &At) -> Result<Simulator, RpcError> {
        Ok(match at {
            At::Stored(block) => self.ledger.simulate(block.hash())?,
            At::Pending(pending) => pending.simulate()?,
        })
    }

    /// Runs work that takes a while on a thread of its own: no more than [`Limits::calls`] at a
    /// time, and no client waits longer than twice [`Limits::call_time`].
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let patience = self.limits.call_time;
        let permit = tokio::time::timeout(patience, Arc::clone(&self.calls).acquire_owned())
            .await
            .map_err(|_| RpcError::Limit("server is busy, try again".into()))?
            .map_err(|_| RpcError::Internal("server is stopping".into()))?;
        let api = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            // Held until the work ends, even if the client was sent away.
            let _permit = permit;
            work(&api)
        });
        match tokio::time::timeout(patience, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(RpcError::Internal(format!("request failed: {error}"))),
            Err(_) => Err(RpcError::Limit(format!(
                "execution aborted (timeout = {}s)",
                patience.as_secs()
            ))),
        }
    }

    /// When work that begins now must have ended.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline(Instant::now() + self.limits.call_time)
    }
}

/// Lets work of many steps notice that its client has been sent away.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn check(self) -> Result<(), RpcError> {
        if Instant::now() > self.0 {
            return Err(RpcError::Limit("execution aborted (timeout)".into()));
        }
        Ok(())
    }
}
