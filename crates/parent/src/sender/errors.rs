//! Why nothing was sent, in words.

use super::JournalError;
use crate::ParentError;
use alloy::{primitives::Bytes, rpc::json_rpc::ErrorPayload};

/// Why a transaction was not brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The call would revert, so nothing was sent: look at the chain, and decide anew.
    #[error("the call would revert: {0}")]
    Reverted(String),
    /// The transaction cannot be made. Fatal.
    #[error("transaction: {0}")]
    Invalid(String),
    /// The disk refuses. Fatal: without a journal nothing is sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The parent does not answer, or its pool refuses (for want of funds, say). What is in flight
    /// stays so: send the same request again, and the transaction goes on.
    #[error(transparent)]
    Parent(#[from] ParentError),
}

/// What a revert says, if the error is one.
pub fn revert_reason(error: &ErrorPayload) -> Option<String> {
    let data = error.as_revert_data();
    let is_revert = data.is_some() || error.message.to_lowercase().contains("revert");
    is_revert
        .then(|| describe(&data.unwrap_or_default()).unwrap_or_else(|| error.message.to_string()))
}

fn describe(data: &Bytes) -> Option<String> {
    (!data.is_empty()).then(|| altana_contracts::revert::reason(data))
}
