//! Commit batches.

use crate::{
    ParentError, Sender,
    seam::{BatchSender, Commit},
    sender::{Request, SendError, Sent},
};
use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use altana_contracts::bindings::Inbox;
use altana_protocol::batch::{Blob, blobs_from_payload};

/// Commits batches from one account.
#[derive(Debug)]
pub struct Batches {
    /// The account.
    pub sender: Sender,
    /// The Inbox.
    pub inbox: Address,
}

impl BatchSender for Batches {
    async fn commit(&self, commit: Commit) -> Result<Sent, ParentError> {
        let too_large = || ParentError::Fatal("a payload does not fit into six blobs".into());
        let (blobs, payload) = if commit.blobs {
            (blobs_from_payload(&commit.payload).ok_or_else(too_large)?, Bytes::new())
        } else {
            (Vec::new(), commit.payload)
        };
        let call = Inbox::commitBatchCall {
            index: commit.index,
            firstTimestamp: commit.first_timestamp,
            lastTimestamp: commit.last_timestamp,
            queueEnd: commit.queue_end,
            payload,
        };
        send(&self.sender, self.inbox, U256::ZERO, call.abi_encode().into(), blobs).await
    }
}

pub(crate) async fn send(
    sender: &Sender,
    to: Address,
    value: U256,
    data: Bytes,
    blobs: Vec<Blob>,
) -> Result<Sent, ParentError> {
    sender.send(Request { to, value, data, blobs }).await.map_err(|error| match error {
        SendError::Reverted(why) => ParentError::Reverted(why),
        SendError::Parent(error) => error,
        other => ParentError::Fatal(other.to_string()),
    })
}
