//! Move a user's funds between a parent chain and a rollup; never holds a key and keeps no state: every answer comes from the two chains.
//!
//! A deposit is one transaction on the parent. A withdrawal takes three: *withdraw* on the rollup,
//! *prove* on the parent against a claim that covers it, *finalize* once the claim is final and the
//! proof has matured. A withdrawal is named by its transaction on the rollup, so that nothing must be
//! remembered in between.

mod deposit;
mod error;
mod withdrawal;

pub use deposit::{Deposited, deposit_hash};
pub use error::Error;
pub use withdrawal::{Status, Withdrawal};

use alloy::{
    network::{AnyNetwork, Network, ReceiptResponse},
    primitives::B256,
    providers::{DynProvider, Provider},
};
use altana_contracts::ParentContracts;
use std::time::Duration;

/// A user's view of both chains. The providers sign, or the chain's node does. A rollup has
/// transactions that Ethereum has not (deposits), hence its `AnyNetwork`.
#[derive(Clone, Debug)]
pub struct Bridge {
    parent: DynProvider,
    rollup: DynProvider<AnyNetwork>,
    contracts: ParentContracts,
}

/// How often a chain is asked whether something has happened.
const POLL: Duration = Duration::from_millis(100);
/// How long a transaction or a deposit may take before we give up waiting. Nothing is lost by that.
const PATIENCE: Duration = Duration::from_secs(120);

impl Bridge {
    /// A bridge over two connected providers.
    pub fn new(
        parent: DynProvider,
        rollup: DynProvider<AnyNetwork>,
        contracts: ParentContracts,
    ) -> Self {
        Self { parent, rollup, contracts }
    }

    /// Waits for a transaction's receipt and fails if it was reverted.
    async fn mined<N: Network>(
        provider: &DynProvider<N>,
        hash: B256,
        what: &'static str,
    ) -> Result<N::ReceiptResponse, Error> {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(receipt) = provider.get_transaction_receipt(hash).await? {
                if receipt.status() {
                    return Ok(receipt);
                }
                return Err(Error::Reverted { what, hash });
            }
            if tokio::time::Instant::now() > give_up {
                return Err(Error::NotMined { what, hash });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
