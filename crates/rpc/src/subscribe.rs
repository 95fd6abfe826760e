//! `eth_subscribe`.

use std::sync::Arc;

use alloy_rpc_types_eth::Filter;
use altana_ledger::ChainEvent;
use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink,
    core::{RegisterMethodError, SubscriptionError},
    types::{ErrorObjectOwned, Params},
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{RpcError, api::Api, args::Args, logs, view};

/// What can be subscribed to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Topic {
    NewHeads,
    Logs,
    NewPendingTransactions,
    Syncing,
}

pub(crate) fn register(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, api, _| async move { subscribe(params, pending, api).await },
    )?;
    Ok(())
}

async fn subscribe(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    api: Arc<Api>,
) -> Result<(), SubscriptionError> {
    let (topic, filter, full) = match parse(&params) {
        Ok(parsed) => parsed,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    // Before the client is told that it is subscribed: from then on it misses nothing.
    let (chain, pool) = (api.ledger.subscribe(), api.backend.pool_events());
    let sink = pending.accept().await?;
    match topic {
        Topic::NewHeads => {
            let heads = |event: ChainEvent| {
                event.added.iter().map(|block| view::header(block)).collect::<Vec<_>>()
            };
            forward(sink, chain, heads).await
        }
        Topic::Logs => forward(sink, chain, move |event| logs::of_events(&filter, &[event])).await,
        Topic::NewPendingTransactions if full => {
            forward(sink, pool, |tx| [view::pooled(&tx)]).await
        }
        Topic::NewPendingTransactions => forward(sink, pool, |tx| [tx.inner().hash()]).await,
        Topic::Syncing => {
            send(&sink, &api.backend.syncing().is_some()).await;
            sink.closed().await;
            Ok(())
        }
    }
}

fn parse(params: &Params<'_>) -> Result<(Topic, Box<Filter>, bool), RpcError> {
    let mut args = Args::parse(params)?;
    let topic = args.required()?;
    let mut filter = Box::<Filter>::default();
    let mut full = false;
    match topic {
        Topic::Logs => {
            filter = args.optional()?.unwrap_or_default();
            // Refuse what is too large now, not in silence later.
            logs::to_ledger(&filter)?;
        }
        Topic::NewPendingTransactions => full = args.optional()?.unwrap_or(false),
        Topic::NewHeads | Topic::Syncing => {}
    }
    Ok((topic, filter, full))
}

/// Sends what becomes of each event, until the client leaves or falls too far behind: then the
/// subscription ends with an error, so that it can tell a gap from silence.
async fn forward<E, I>(
    sink: SubscriptionSink,
    mut events: Receiver<E>,
    show: impl Fn(E) -> I,
) -> Result<(), SubscriptionError>
where
    E: Clone,
    I: IntoIterator<Item: Serialize>,
{
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            event = events.recv() => event,
        };
        match event {
            Ok(event) => {
                for item in show(event) {
                    if !send(&sink, &item).await {
                        return Ok(());
                    }
                }
            }
            Err(RecvError::Lagged(missed)) => {
                return Err(format!("{missed} events were missed, subscribe again").into());
            }
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

async fn send(sink: &SubscriptionSink, item: &impl Serialize) -> bool {
    let message = SubscriptionMessage::new(sink.method_name(), sink.subscription_id(), item);
    match message {
        Ok(message) => sink.send(message).await.is_ok(),
        Err(_) => false,
    }
}
