//! What can go wrong between two chains, and what to do then.

use alloy::{
    primitives::B256,
    transports::{RpcError, TransportErrorKind},
};

/// An error of the bridge. No funds are lost by any of them: look at the status and go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A node does not answer, or refuses. Try again.
    #[error("the node answered: {0}")]
    Rpc(#[from] RpcError<TransportErrorKind>),
    /// A call was refused by a contract.
    #[error("the contract refused: {0}")]
    Contract(#[from] alloy::contract::Error),
    /// The transaction is in a block, and failed.
    #[error("{what} was reverted: {hash}")]
    Reverted {
        /// What the transaction was for.
        what: &'static str,
        /// Its hash.
        hash: B256,
    },
    /// Not in a block yet.
    #[error("{what} is not in a block yet: {hash}; ask for its status later")]
    NotMined {
        /// What the transaction was for.
        what: &'static str,
        /// Its hash.
        hash: B256,
    },
    /// The deposit is on the parent, but not on the rollup yet.
    #[error(
        "the deposit {parent} is on the parent, but {rollup} is not on the rollup yet; the \
         contracts force the sequencer to include it in time"
    )]
    NotDeposited {
        /// Transaction on the parent.
        parent: B256,
        /// Transaction on the rollup.
        rollup: B256,
    },
    /// The transaction on the rollup did not withdraw anything.
    #[error("{0} is not a withdrawal: it has no MessagePassed event of the message passer")]
    NotAWithdrawal(B256),
    /// The receipt holds no deposit of this portal.
    #[error("{0} is not a deposit: it has no TransactionDeposited event of the portal")]
    NotADeposit(B256),
    /// Too early for this step.
    #[error("{0}")]
    TooEarly(String),
    /// A node says something that cannot be true.
    #[error("the node at the rollup contradicts the parent: {0}; use another node")]
    Contradiction(String),
}
