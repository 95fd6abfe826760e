//! What a devnet is made of.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;

/// The mnemonic that every Ethereum development tool knows.
pub const DEFAULT_MNEMONIC: &str = "test test test test test test test test test test test junk";

/// Chain id of a devnet unless told otherwise.
pub const DEFAULT_CHAIN_ID: u64 = 31337;

/// At most this many accounts are derived and funded.
pub const MAX_ACCOUNTS: u32 = 1_000;

/// Least gas limit of a block (mainnet rule).
const MIN_GAS_LIMIT: u64 = 5_000;

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// One block for each transaction that can run, made before its submission returns.
    Instant,
    /// One block each time this much has passed, empty or not.
    Interval(Duration),
    /// Only when told so (`evm_mine`).
    Manual,
}

/// Makes the chain reorganise by itself: every `every_blocks` blocks or so, the newest up to
/// `max_depth` blocks are replaced. The same seed takes the same decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReorgPlan {
    /// Seed of the decisions.
    pub seed: u64,
    /// Mean distance between reorganisations; at least 1.
    pub every_blocks: u64,
    /// Deepest reorganisation; at least 1. Blocks below the finalized one always stay.
    pub max_depth: u64,
}

/// How to start a [`crate::Devnet`].
#[derive(Clone, Debug)]
pub struct Config {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address to listen on.
    pub host: std::net::IpAddr,
    /// Port to listen on; 0 picks a free one.
    pub port: u16,
    /// When blocks are made.
    pub mining: Mining,
    /// Where the dev accounts come from (BIP-39, path `m/44'/60'/0'/0/i`).
    pub mnemonic: String,
    /// Number of dev accounts, at most [`MAX_ACCOUNTS`].
    pub accounts: u32,
    /// Balance of each dev account, in ether.
    pub balance_ether: u64,
    /// Gas limit of a block.
    pub gas_limit: u64,
    /// Base fee of the genesis block, in wei.
    pub base_fee_wei: u64,
    /// Timestamp of the genesis block, in seconds; now if absent.
    pub genesis_timestamp: Option<u64>,
    /// Blocks between the head and the `safe` one.
    pub safe_depth: u64,
    /// Blocks between the head and the `finalized` one; not less than `safe_depth`.
    pub finalized_depth: u64,
    /// Reorganise by itself.
    pub reorgs: Option<ReorgPlan>,
    /// Where to keep the chain and its blobs; in memory if absent.
    pub dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            chain_id: DEFAULT_CHAIN_ID,
            host: std::net::Ipv4Addr::LOCALHOST.into(),
            port: 0,
            mining: Mining::Instant,
            mnemonic: DEFAULT_MNEMONIC.to_owned(),
            accounts: 10,
            balance_ether: 10_000,
            gas_limit: 60_000_000,
            base_fee_wei: 1_000_000_000,
            genesis_timestamp: None,
            safe_depth: 1,
            finalized_depth: 2,
            reorgs: None,
            dir: None,
        }
    }
}

impl Config {
    /// Says which field makes no sense, and why.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |field, reason: &str| Err(Error::Config { field, reason: reason.to_owned() });
        if self.mining == Mining::Interval(Duration::ZERO) {
            return wrong("mining", "the interval is zero");
        }
        if self.finalized_depth < self.safe_depth {
            return wrong("finalized_depth", "less than safe_depth");
        }
        if self.gas_limit < MIN_GAS_LIMIT {
            return wrong("gas_limit", "less than 5000, which no block may have");
        }
        match self.reorgs {
            Some(plan) if plan.every_blocks == 0 => wrong("reorgs", "every_blocks is zero"),
            Some(plan) if plan.max_depth == 0 => wrong("reorgs", "max_depth is zero"),
            _ => Ok(()),
        }
    }
}
