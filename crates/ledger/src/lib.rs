//! Keep an EVM chain: execute blocks, store them durably with their state, answer questions about any of them; never decide which block comes next.
//!
//! ```no_run
//! # fn main() -> Result<(), altana_ledger::Error> {
//! use altana_ledger::{BlockAttributes, EthereumRules, Ledger, Options, Rules};
//!
//! let genesis = alloy_genesis::Genesis::default();
//! let rules = Rules::Ethereum(EthereumRules::osaka(31337));
//! let ledger = Ledger::open(None, &genesis, rules, Options::default())?;
//!
//! let parent = ledger.head();
//! let attributes = BlockAttributes { timestamp: parent.header.timestamp + 12, ..Default::default() };
//! let mut builder = ledger.build(parent.hash(), attributes)?;
//! # let transactions: Vec<alloy_consensus::transaction::Recovered<altana_protocol::Transaction>> = vec![];
//! for transaction in transactions {
//!     if let Err(why) = builder.push(transaction) {
//!         println!("left out: {why}"); // the builder is as it was before
//!     }
//! }
//! let pending = builder.snapshot()?; // for the `pending` tag: block and state so far
//! let sealed = builder.seal()?; // roots computed, nothing stored yet
//! let block = ledger.commit(sealed)?; // durable on return, the new head
//! assert_eq!(ledger.head().hash(), block.hash());
//! # Ok(())
//! # }
//! ```
mod block;
mod builder;
mod cache;
mod error;
mod execute;
mod genesis;
mod ledger;
mod logs;
mod query;
mod rules;
mod simulate;
mod state;
mod store;

pub use altana_protocol::execute::{Executed, InvalidTransaction, Messages};
pub use block::{Block, BlockAttributes, BlockBody, NOTE_BYTES_MAX, Override};
pub use builder::{BlockBuilder, Pending, SealedBlock};
pub use error::{Error, InvalidBlock, PushError, explain};
pub use genesis::genesis_header;
pub use ledger::{ChainEvent, EVENT_REMOVED_MAX, EVENTS_MAX, Ledger, MEMORY_BYTES_MAX, Options};
pub use logs::{LogEntry, LogFilter};
pub use rules::{EthereumRules, Rules};
pub use simulate::{
    Call, CallError, CallResult, EthereumContext, OpContext, SimulationDb, Simulator, Tracer,
};
pub use state::{AccountProof, NextFees, Preimages, StateView, StorageProof, Witness};
