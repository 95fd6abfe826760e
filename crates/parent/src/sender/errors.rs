//! Why nothing was sent, in words.

use super::JournalError;
use crate::ParentError;
use alloy::{
    primitives::Bytes,
    rpc::json_rpc::ErrorPayload,
    sol,
    sol_types::{SolInterface, decode_revert_reason},
};

sol! {
    /// Errors that a rollup's contracts answer its node with.
    #[derive(Debug)]
    interface Known {
        error Unauthorized();
        error WrongIndex(uint64 expected);
        error BadTimestamps();
        error BadQueueEnd();
        error MessageOverdue(uint64 index);
        error MessageTooLarge();
        error PayloadBesideBlobs();
        error TooManyBlobs();
    }
}

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
    if data.is_empty() {
        return None;
    }
    match Known::KnownErrors::abi_decode(data) {
        Ok(error) => Some(format!("{error:?}")),
        Err(_) => decode_revert_reason(data).or_else(|| Some(data.to_string())),
    }
}
