//! Keep an EVM chain: execute blocks, store them durably with their state, answer questions about any of them; never decide which block comes next.
//!
//! ```text
//! let ledger = Ledger::open(dir, &genesis, rules, Options::default())?;
//! let mut builder = ledger.build(ledger.head().hash(), BlockAttributes { .. })?;
//! builder.push(tx)?;                 // InvalidTransaction leaves the builder as it was
//! let block = builder.seal()?;       // roots computed, nothing stored
//! ledger.commit(block)?;             // durable on return; the new head
//! ```
