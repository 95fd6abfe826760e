//! `altana_subscribe`: pre-confirmations.

use super::NodeHandle;
use crate::sequencer::Preconfirmation;
use alloy_primitives::{B256, U64};
use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionMessage,
    core::{RegisterMethodError, SubscriptionError, to_json_raw_value},
    types::ErrorObjectOwned,
};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::broadcast::{self, error::RecvError};

const TOPIC: &str = "preconfirmations";

/// What a subscriber is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    block_number: U64,
    timestamp: U64,
    slice: U64,
    receipts: Vec<Included>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Included {
    transaction_hash: B256,
    transaction_index: U64,
    #[serde(rename = "type")]
    kind: U64,
    status: U64,
    cumulative_gas_used: U64,
    logs: Vec<alloy_primitives::Log>,
}

impl From<&Preconfirmation> for Notice {
    fn from(slice: &Preconfirmation) -> Self {
        let receipts = slice.included.iter().map(|included| Included {
            transaction_hash: included.hash,
            transaction_index: U64::from(included.index),
            kind: U64::from(included.receipt.tx_type),
            status: U64::from(included.receipt.success as u64),
            cumulative_gas_used: U64::from(included.receipt.cumulative_gas_used),
            logs: included.receipt.logs.clone(),
        });
        Self {
            block_number: U64::from(slice.block_number),
            timestamp: U64::from(slice.timestamp),
            slice: U64::from(slice.slice),
            receipts: receipts.collect(),
        }
    }
}

/// Methods for the node's RPC server: `altana_subscribe("preconfirmations")` sends a notice
/// whenever the open block has taken transactions, at most every slice.
pub fn rpc_module(node: &NodeHandle) -> Result<RpcModule<()>, RegisterMethodError> {
    let slices = node.shared.preconfirmations.clone();
    let mut module = RpcModule::new(());
    module.register_subscription(
        "altana_subscribe",
        "altana_subscription",
        "altana_unsubscribe",
        move |params, pending, _, _| {
            let slices = slices.clone();
            async move {
                match params.one::<String>() {
                    Ok(topic) if topic == TOPIC => forward(pending, slices.subscribe()).await,
                    _ => {
                        let text = format!("subscribe to \"{TOPIC}\"");
                        let error = ErrorObjectOwned::owned(-32602, text, None::<()>);
                        pending.reject(error).await;
                        Ok(())
                    }
                }
            }
        },
    )?;
    Ok(module)
}

/// A subscriber that falls behind loses the oldest notices.
async fn forward(
    pending: PendingSubscriptionSink,
    mut slices: broadcast::Receiver<Arc<Preconfirmation>>,
) -> Result<(), SubscriptionError> {
    let sink = pending.accept().await?;
    loop {
        let slice = tokio::select! {
            () = sink.closed() => return Ok(()),
            slice = slices.recv() => slice,
        };
        match slice {
            Ok(slice) => {
                let notice = to_json_raw_value(&Notice::from(slice.as_ref()))?;
                sink.send(SubscriptionMessage::from(notice)).await?;
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}
