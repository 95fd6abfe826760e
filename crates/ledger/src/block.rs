//! Blocks as the ledger keeps them.

use alloy_consensus::{Header, Sealed, transaction::Recovered};
use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::{Address, B256, Bytes, U256};
use altana_protocol::{Receipt, Transaction, execute::Messages};

/// Most bytes of [`Block::note`].
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// An executed block: header, transactions with their senders, receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header with its hash.
    pub header: Sealed<Header>,
    /// Transactions in order; a rollup's deposits come first.
    pub transactions: Vec<Recovered<Transaction>>,
    /// One receipt per transaction.
    pub receipts: Vec<Receipt>,
    /// Ommers, before the merge.
    pub ommers: Vec<Header>,
    /// Withdrawals, from Shanghai on (Ethereum rules; empty on a rollup).
    pub withdrawals: Option<Withdrawals>,
    /// State roots after each transaction: what receipts hold before Byzantium; empty since.
    pub post_states: Vec<B256>,
    /// Bytes that whoever built the block keeps with it, no part of the chain (at most
    /// [`NOTE_BYTES_MAX`]). The node keeps a block's queue position and labels here.
    pub note: Bytes,
    /// What was written over its state at its end (development chains).
    pub overrides: Vec<Override>,
}

/// What an account becomes at the end of a block, whatever the rules say. What is `None` or not
/// among the slots stays as it is. An account that is empty then (EIP-161) is gone, slots and all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// The account.
    pub address: Address,
    /// In wei.
    pub balance: Option<U256>,
    /// Of its next transaction.
    pub nonce: Option<u64>,
    /// Its code.
    pub code: Option<Bytes>,
    /// Slots and their values.
    pub slots: Vec<(U256, U256)>,
}

impl Block {
    /// The block's hash.
    pub fn hash(&self) -> B256 {
        self.header.seal()
    }

    /// The block's number.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// Gas used by one transaction alone.
    pub fn gas_used(&self, index: usize) -> Option<u64> {
        let cumulative = self.receipts.get(index)?.cumulative_gas_used;
        let before = match index {
            0 => 0,
            _ => self.receipts.get(index - 1)?.cumulative_gas_used,
        };
        cumulative.checked_sub(before)
    }
}

/// What another's block holds besides its header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockBody {
    /// Transactions in order, with their senders.
    pub transactions: Vec<Recovered<Transaction>>,
    /// Ommers, before the merge.
    pub ommers: Vec<Header>,
    /// Withdrawals, from Shanghai on.
    pub withdrawals: Option<Withdrawals>,
    /// See [`Block::note`].
    pub note: Bytes,
    /// See [`Block::overrides`].
    pub overrides: Vec<Override>,
}

/// What the builder of a block decides; everything else follows from the rules.
#[derive(Clone, Debug, Default)]
pub struct BlockAttributes {
    /// Seconds since 1970. Must exceed the parent's under Ethereum's rules, must not fall below
    /// it on a rollup.
    pub timestamp: u64,
    /// PREVRANDAO (Ethereum rules); `None`: the parent's. A rollup's is in `messages`.
    pub mix_hash: Option<B256>,
    /// Who earns the fees (Ethereum rules; a rollup's fee vault is fixed).
    pub beneficiary: Address,
    /// Ethereum rules; `None`: the parent's. A rollup's follows from its spec.
    pub gas_limit: Option<u64>,
    /// Ethereum rules: replaces the base fee that EIP-1559 gives (for development chains only).
    pub base_fee: Option<u64>,
    /// Ethereum rules, Cancun: the root that EIP-4788 stores. `None`: zero.
    pub parent_beacon_block_root: Option<B256>,
    /// Ethereum rules, Shanghai.
    pub withdrawals: Vec<alloy_eips::eip4895::Withdrawal>,
    /// Ethereum rules: at most 32 bytes.
    pub extra_data: Bytes,
    /// Rollup: what the queue messages that the block consumes become.
    pub messages: Messages,
    /// See [`Block::note`].
    pub note: Bytes,
    /// Ethereum rules: written over the state at the block's end (for development chains only).
    pub overrides: Vec<Override>,
}
