//! Filters that clients poll: `eth_newFilter`, `eth_newBlockFilter`,
//! `eth_newPendingTransactionFilter`.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use alloy_consensus::transaction::Recovered;
use alloy_primitives::{B128, B256, U128};
use alloy_rpc_types_eth::Filter;
use altana_ledger::ChainEvent;
use altana_protocol::Transaction;
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

use crate::{RpcError, api::Api, args::Args, logs, view::LogView};

/// The filters of all clients.
pub(crate) struct Filters {
    installed: Mutex<HashMap<U128, Installed>>,
    max: usize,
    idle: Duration,
}

struct Installed {
    kind: Kind,
    polled: Instant,
}

enum Kind {
    Blocks(Receiver<ChainEvent>),
    Logs(Box<Filter>, Receiver<ChainEvent>),
    Pool { full: bool, events: Receiver<Arc<Recovered<Transaction>>> },
}

/// What happened to what a filter is about.
enum Events {
    Blocks(Vec<ChainEvent>),
    Logs(Box<Filter>, Vec<ChainEvent>),
    Pool(bool, Vec<Arc<Recovered<Transaction>>>),
}

/// What a poll answers.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Changes {
    Hashes(Vec<B256>),
    Logs(Vec<LogView>),
    Transactions(Vec<crate::view::TransactionView>),
}

impl Filters {
    pub(crate) fn new(max: usize, idle: Duration) -> Self {
        Self { installed: Mutex::default(), max, idle }
    }

    fn install(&self, kind: Kind) -> Result<U128, RpcError> {
        let mut installed = self.installed.lock();
        let now = Instant::now();
        installed.retain(|_, filter| now.duration_since(filter.polled) < self.idle);
        if installed.len() >= self.max {
            return Err(RpcError::Limit(format!("more than {} filters are installed", self.max)));
        }
        let id = U128::from_be_bytes(B128::random().0);
        installed.insert(id, Installed { kind, polled: now });
        Ok(id)
    }

    fn remove(&self, id: U128) -> bool {
        self.installed.lock().remove(&id).is_some()
    }
}

fn not_found() -> RpcError {
    RpcError::NotFound("filter not found".into())
}

pub(crate) fn new_block_filter(api: &Api, _: Args<'_>) -> Result<U128, RpcError> {
    api.filters.install(Kind::Blocks(api.ledger.subscribe()))
}

pub(crate) fn new_filter(api: &Api, mut args: Args<'_>) -> Result<U128, RpcError> {
    let filter: Filter = args.required()?;
    // Refuse what is too large now: it is kept until it is polled no more.
    logs::to_ledger(&filter)?;
    api.filters.install(Kind::Logs(Box::new(filter), api.ledger.subscribe()))
}

pub(crate) fn new_pending_filter(api: &Api, mut args: Args<'_>) -> Result<U128, RpcError> {
    let full = args.optional()?.unwrap_or(false);
    api.filters.install(Kind::Pool { full, events: api.backend.pool_events() })
}

pub(crate) fn uninstall(api: &Api, mut args: Args<'_>) -> Result<bool, RpcError> {
    Ok(api.filters.remove(args.required()?))
}

/// What happened since the last poll.
pub(crate) fn changes(api: &Api, mut args: Args<'_>) -> Result<Changes, RpcError> {
    let id: U128 = args.required()?;
    let events = {
        let mut installed = api.filters.installed.lock();
        let filter = installed.get_mut(&id).ok_or_else(not_found)?;
        filter.polled = Instant::now();
        let events = match &mut filter.kind {
            Kind::Blocks(events) => drain(events).map(Events::Blocks),
            Kind::Logs(wanted, events) => {
                drain(events).map(|events| Events::Logs(wanted.clone(), events))
            }
            Kind::Pool { full, events } => drain(events).map(|txs| Events::Pool(*full, txs)),
        };
        events.ok_or_else(|| {
            // It has lost events. A client that is told so installs another and catches up.
            installed.remove(&id);
            not_found()
        })?
    };
    // Others do not wait for this part.
    Ok(match events {
        Events::Blocks(events) => {
            let added = events.iter().flat_map(|event| &event.added);
            Changes::Hashes(added.map(|block| block.hash()).collect())
        }
        Events::Logs(wanted, events) => Changes::Logs(logs::of_events(&wanted, &events)),
        Events::Pool(false, txs) => {
            Changes::Hashes(txs.iter().map(|tx| tx.inner().hash()).collect())
        }
        Events::Pool(true, txs) => {
            Changes::Transactions(txs.iter().map(|tx| crate::view::pooled(tx)).collect())
        }
    })
}

/// Everything that matches a log filter, as of now.
pub(crate) fn all_logs(api: &Api, mut args: Args<'_>) -> Result<Vec<LogView>, RpcError> {
    let id: U128 = args.required()?;
    let filter = {
        let mut installed = api.filters.installed.lock();
        let found = installed.get_mut(&id).ok_or_else(not_found)?;
        found.polled = Instant::now();
        match &found.kind {
            Kind::Logs(filter, _) => filter.clone(),
            _ => return Err(not_found()),
        }
    };
    logs::query(api, &filter)
}

/// All events so far; `None` if some were lost.
fn drain<T: Clone>(events: &mut Receiver<T>) -> Option<Vec<T>> {
    let mut all = Vec::new();
    loop {
        match events.try_recv() {
            Ok(event) => all.push(event),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(all),
            Err(TryRecvError::Lagged(_)) => return None,
        }
    }
}
