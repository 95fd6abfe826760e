//! Move a user's funds between a parent chain and a rollup; never holds a key and keeps no state: every answer comes from the two chains.
//!
//! A deposit is one transaction on the parent. A withdrawal takes three: *withdraw* on the rollup,
//! *prove* on the parent against a claim that covers it, *finalize* once the claim is final and the
//! proof has matured. A transfer is named by its first transaction, so that nothing must be
//! remembered in between.

mod asset;
mod deposit;
mod error;
mod image;
mod status;
mod token;
mod watch;
mod withdrawal;

pub use asset::Asset;
pub use deposit::{Deposit, Forced, deposit_hash};
pub use error::Error;
pub use image::Image;
pub use status::{DepositStatus, Transfer, WithdrawalStatus};
pub use token::{Standard, Token};
pub use watch::Step;
pub use withdrawal::{Finalized, Withdrawal};

use alloy::{
    contract::{CallBuilder, CallDecoder},
    eips::BlockId,
    network::{AnyNetwork, AnyTransactionReceipt, ReceiptResponse},
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
};
use altana_contracts::{ParentContracts, predeploy};
use std::time::Duration;
use watch::Watch;

/// One of the two chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Where the funds are held.
    Parent,
    /// Where they are used.
    Rollup,
}

impl Chain {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Parent => Self::Rollup,
            Self::Rollup => Self::Parent,
        }
    }
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Parent => "parent",
            Self::Rollup => "rollup",
        })
    }
}

/// A user's view of both chains. The providers sign, or the chain's node does. A rollup has
/// transactions that Ethereum has not (deposits), hence their `AnyNetwork`.
#[derive(Clone, Debug)]
pub struct Bridge {
    parent: DynProvider<AnyNetwork>,
    rollup: DynProvider<AnyNetwork>,
    contracts: ParentContracts,
    watch: Watch,
}

/// How often a chain is asked whether something has happened.
const POLL: Duration = Duration::from_millis(100);
/// How long a transaction or a deposit may take before we give up waiting. Nothing is lost by that.
const PATIENCE: Duration = Duration::from_secs(120);
/// Gas beyond the estimate: what the Portal burns for the rollup's gas moves from block to block.
const GAS_MARGIN_PERCENT: u64 = 50;

impl Bridge {
    /// A bridge over two connected providers.
    pub fn new(
        parent: DynProvider<AnyNetwork>,
        rollup: DynProvider<AnyNetwork>,
        contracts: ParentContracts,
    ) -> Self {
        Self { parent, rollup, contracts, watch: Watch::default() }
    }

    /// Tells `watch` what the bridge is doing.
    #[must_use]
    pub fn watched(self, watch: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        Self { watch: Watch::new(watch), ..self }
    }

    const fn provider(&self, chain: Chain) -> &DynProvider<AnyNetwork> {
        match chain {
            Chain::Parent => &self.parent,
            Chain::Rollup => &self.rollup,
        }
    }

    const fn standard_bridge(&self, chain: Chain) -> Address {
        match chain {
            Chain::Parent => self.contracts.standard_bridge,
            Chain::Rollup => predeploy::STANDARD_BRIDGE,
        }
    }

    const fn erc721_bridge(&self, chain: Chain) -> Address {
        match chain {
            Chain::Parent => self.contracts.erc721_bridge,
            Chain::Rollup => predeploy::ERC721_BRIDGE,
        }
    }

    /// Fails if the account has less than `needs` wei.
    async fn afford(&self, chain: Chain, account: Address, needs: U256) -> Result<(), Error> {
        let has = self.provider(chain).get_balance(account).await?;
        if has < needs {
            return Err(Error::balance(chain, account, has, needs, 18, "ether"));
        }
        Ok(())
    }

    /// Sends a call, and waits until it is in a block.
    async fn send<P: Provider<AnyNetwork>, D: CallDecoder>(
        &self,
        chain: Chain,
        what: &'static str,
        call: CallBuilder<P, D, AnyNetwork>,
    ) -> Result<AnyTransactionReceipt, Error> {
        let estimate = call.estimate_gas().await?;
        let call = call.gas(estimate + estimate * GAS_MARGIN_PERCENT / 100);
        let hash = *call.send().await?.tx_hash();
        self.watch.tell(Step::Mining { chain, what, hash });
        self.mined(chain, hash, what).await
    }

    /// Waits for a transaction's receipt and fails if it was reverted.
    async fn mined(
        &self,
        chain: Chain,
        hash: B256,
        what: &'static str,
    ) -> Result<AnyTransactionReceipt, Error> {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(receipt) = self.provider(chain).get_transaction_receipt(hash).await? {
                if receipt.status() {
                    return Ok(receipt);
                }
                return Err(Error::Reverted { what, hash });
            }
            if tokio::time::Instant::now() > give_up {
                return Err(Error::NotMined { what, chain, hash });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The parent's clock, in seconds.
    async fn parent_time(&self) -> Result<u64, Error> {
        let block = self.parent.get_block(BlockId::latest()).await?;
        Ok(block.map_or(0, |block| block.header.timestamp))
    }
}
