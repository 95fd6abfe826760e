//! How far a transfer is, found by its first transaction.

use crate::{Bridge, Chain, Deposit, Error, Withdrawal, deposit::DEPOSIT_TYPE};
use alloy::{
    network::ReceiptResponse, primitives::B256, providers::Provider, rpc::types::Log,
    sol_types::SolEvent,
};
use altana_contracts::{
    bindings::{CrossDomainMessenger, Inbox},
    predeploy,
};
use serde::Serialize;
use std::fmt;

/// A transfer between the chains.
#[derive(Clone, Debug)]
pub enum Transfer {
    /// From the parent to the rollup.
    Deposit(Box<Deposit>),
    /// From the rollup to the parent.
    Withdrawal(Box<Withdrawal>),
}

/// How far a deposit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum DepositStatus {
    /// On the parent, and not on the rollup.
    Waiting {
        /// Seconds of the parent's clock within which the sequencer has to take it. At zero, its
        /// batches are refused unless they do.
        #[serde(rename = "secondsLeft")]
        seconds_left: u64,
    },
    /// On the rollup.
    Arrived {
        /// In this block.
        block: u64,
    },
    /// On the rollup, where its call failed. Ether is at the sender's address there; tokens and
    /// messages wait in the messenger for another attempt.
    Failed {
        /// In this block.
        block: u64,
    },
}

/// How far a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum WithdrawalStatus {
    /// No claim covers it yet.
    WaitingForClaim {
        /// The newest claimed block; 0 if there is no claim.
        #[serde(rename = "claimedBlock")]
        claimed_block: u64,
    },
    /// Prove it now.
    ReadyToProve,
    /// Proven; the claim or the proof has to ripen.
    WaitingToFinalize {
        /// Seconds of the parent's clock until it may be paid.
        #[serde(rename = "secondsLeft")]
        seconds_left: u64,
    },
    /// Proven; the claim is final when somebody has proved it. Nobody knows when.
    WaitingForProof,
    /// Have it paid now.
    ReadyToFinalize,
    /// Relayed. (A call that failed on the parent is relayed, too.)
    Finalized,
}

impl fmt::Display for DepositStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { seconds_left } => {
                write!(f, "on the parent; the rollup has to take it within {seconds_left} s")
            }
            Self::Arrived { block } => write!(f, "arrived in rollup block {block}"),
            Self::Failed { block } => write!(
                f,
                "in rollup block {block}, but its call FAILED: ether is at the sender's address \
                 there, tokens wait in the messenger for another attempt"
            ),
        }
    }
}

impl fmt::Display for WithdrawalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForClaim { claimed_block } => {
                write!(f, "waiting for a claim: claims reach rollup block {claimed_block}")
            }
            Self::ReadyToProve => f.write_str("ready to prove"),
            Self::WaitingToFinalize { seconds_left } => {
                write!(f, "proven; it can be finalized in {seconds_left} s")
            }
            Self::WaitingForProof => {
                f.write_str("proven; the claim behind it waits for its validity proof")
            }
            Self::ReadyToFinalize => f.write_str("ready to finalize"),
            Self::Finalized => f.write_str("finalized"),
        }
    }
}

impl Bridge {
    /// Finds a transfer by its first transaction: a deposit's on the parent, a withdrawal's on the
    /// rollup.
    pub async fn find(&self, hash: B256) -> Result<Transfer, Error> {
        if let Some(receipt) = self.parent.get_transaction_receipt(hash).await? {
            if !receipt.status() {
                return Err(Error::Reverted { what: "the deposit", hash });
            }
            return self.deposit_of(receipt).map(|found| Transfer::Deposit(Box::new(found)));
        }
        if let Some(receipt) = self.rollup.get_transaction_receipt(hash).await? {
            if receipt.inner.inner.r#type == DEPOSIT_TYPE {
                return Ok(Transfer::Deposit(Box::new(Deposit { receipt, transaction: hash })));
            }
            return self.withdrawn(hash).await.map(|found| Transfer::Withdrawal(Box::new(found)));
        }
        for (chain, what) in [(Chain::Parent, "the deposit"), (Chain::Rollup, "the withdrawal")] {
            if self.provider(chain).get_transaction_by_hash(hash).await?.is_some() {
                return Err(Error::NotMined { what, chain, hash });
            }
        }
        Err(Error::Unknown(hash))
    }

    /// How far a deposit is.
    pub async fn deposit_status(&self, deposit: &Deposit) -> Result<DepositStatus, Error> {
        if let Some(receipt) = self.rollup.get_transaction_receipt(deposit.transaction).await? {
            let block = receipt.block_number.unwrap_or_default();
            let failed =
                !receipt.status() || relay_failed(receipt.inner.inner.logs(), predeploy::MESSENGER);
            return Ok(match failed {
                false => DepositStatus::Arrived { block },
                true => DepositStatus::Failed { block },
            });
        }
        let block = deposit.receipt.block_number.unwrap_or_default();
        let block = self.parent.get_block(block.into()).await?;
        let queued_at = block.map_or(0, |block| block.header.timestamp);
        let inbox = Inbox::new(self.contracts.inbox, &self.parent);
        let overdue_at = queued_at.saturating_add(inbox.forceInclusionDelay().call().await?);
        let seconds_left = overdue_at.saturating_sub(self.parent_time().await?);
        Ok(DepositStatus::Waiting { seconds_left })
    }
}

/// Whether a messenger says in these logs that the message's call failed.
pub(crate) fn relay_failed(logs: &[Log], messenger: alloy::primitives::Address) -> bool {
    logs.iter().any(|log| {
        log.address() == messenger
            && log.topic0() == Some(&CrossDomainMessenger::FailedRelayedMessage::SIGNATURE_HASH)
    })
}
