//! Be Ethereum for development: an embedded parent chain under mainnet rules with blobs, time travel and reorganisations on demand; never used in production.
//!
//! ```no_run
//! # async fn run() -> Result<(), altana_devnet::Error> {
//! use altana_devnet::{Config, Devnet};
//!
//! let devnet = Devnet::start(Config::default()).await?;
//! println!("JSON-RPC and beacon API: {}", devnet.url());
//! devnet.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! One port serves JSON-RPC over HTTP and WebSocket (`altana-rpc`, and the `evm_*` and `anvil_*`
//! methods that development tools use), and the beacon node's routes under `/eth/v1`. The rules are
//! Osaka with mainnet's newest blob parameters (BPO2). A transaction follows this path:
//! `backend` (or `wallet`) → `admission` → `pool` → `miner` → `altana-ledger`.

mod accounts;
mod admission;
mod backend;
mod beacon;
mod beacon_block;
mod blobs;
mod chain;
mod clock;
mod config;
mod devnet;
mod error;
mod estimate;
mod genesis;
mod methods;
mod methods_chain;
mod methods_pool;
mod methods_state;
mod methods_time;
mod miner;
mod params;
mod pending;
mod pool;
mod reorg;
mod sidecar;
mod snapshot;
mod wallet;

pub use accounts::Accounts;
pub use config::{Config, DEFAULT_CHAIN_ID, DEFAULT_MNEMONIC, MAX_ACCOUNTS, Mining, ReorgPlan};
pub use devnet::Devnet;
pub use error::Error;
