//! Errors say what the caller must do.

use alloy::primitives::{Address, U256, utils::format_ether};

/// Why the parent did not answer, or what it answered is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParentError {
    /// Down, slow, behind, or saying what does not fit together: ask again later, perhaps another
    /// RPC. Nothing was changed.
    #[error("parent chain: {0}; it will be asked again")]
    Temporary(String),
    /// The call would revert, so nothing was sent: somebody was faster, or it is not the moment. Look
    /// at the chain, and decide anew.
    #[error("the call would revert: {0}")]
    Reverted(String),
    /// The account cannot pay for it, so nothing was sent: ask again when the operator has acted.
    #[error(
        "account {account} has {} ether on the parent, and needs {} and gas: send it ether",
        format_ether(*.has),
        format_ether(*.needs)
    )]
    Unfunded {
        /// Who has to pay.
        account: Address,
        /// Its balance, in wei.
        has: U256,
        /// What it would send along, and for gas as far as that is known, in wei.
        needs: U256,
    },
    /// The chain changed while it was read: begin again with
    /// [`ParentReader::heads`](crate::ParentReader::heads).
    #[error("parent chain was reorganised: {0}")]
    Reset(String),
    /// Asking again cannot help: stop and tell the operator.
    #[error("parent chain: {0}")]
    Fatal(String),
}

impl ParentError {
    pub(crate) fn temporary(reason: impl std::fmt::Display) -> Self {
        Self::Temporary(reason.to_string())
    }
}
