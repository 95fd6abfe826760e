//! Hold transactions that wait for a block: a pure state machine, its durable journal, and the
//! service that joins them.
//!
//! [`Pool`] owns the order and the bounds, [`Journal`] makes an acknowledgement durable, and
//! [`PoolService`] answers a submission only after both have accepted it.
mod account;
mod check;
mod error;
mod journal;
mod ready;
mod service;
mod state;
#[cfg(test)]
mod tests;

pub use account::{AccountState, Accounts};
pub use error::{Rejection, Shortage};
pub use journal::{Journal, JournalError};
pub use service::PoolService;
pub use state::{Content, Inserted, Limits, Pool, PooledTransaction};
