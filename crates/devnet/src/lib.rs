//! Be Ethereum for development: an embedded parent chain under mainnet rules with blobs, time travel and reorganisations on demand; never used in production.

mod accounts;
mod clock;
mod config;
mod error;
mod pool;
mod refusal;
mod sidecar;

pub use accounts::Accounts;
pub use config::{Config, DEFAULT_CHAIN_ID, DEFAULT_MNEMONIC, MAX_ACCOUNTS, Mining, ReorgPlan};
pub use error::Error;
