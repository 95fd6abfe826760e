//! Transactions and receipts of a rollup and of its parent, in one type.

use alloc::vec::Vec;
use alloy_consensus::{
    Eip2718EncodableReceipt, Sealed, Signed, TransactionEnvelope, TxEip1559, TxEip2930, TxEip4844,
    TxEip7702, TxLegacy, Typed2718,
};
use alloy_primitives::{Address, Bloom, Log, U256};
pub use op_alloy_consensus::TxDeposit;

/// A transaction of any kind that Altana meets.
///
/// A rollup never holds [`Transaction::Eip4844`], a parent chain never holds
/// [`Transaction::Deposit`]; the rules of each chain refuse them. One type lets storage and RPC
/// serve both.
#[derive(Clone, Debug, TransactionEnvelope)]
#[envelope(tx_type_name = TxKindId, typed = UnsignedTransaction)]
pub enum Transaction {
    /// Untyped, before EIP-2718.
    #[envelope(ty = 0)]
    Legacy(Signed<TxLegacy>),
    /// EIP-2930: access lists.
    #[envelope(ty = 1)]
    Eip2930(Signed<TxEip2930>),
    /// EIP-1559: priority fees.
    #[envelope(ty = 2)]
    Eip1559(Signed<TxEip1559>),
    /// EIP-4844: blobs (parent chain only), without their sidecar.
    #[envelope(ty = 3)]
    Eip4844(Signed<TxEip4844>),
    /// EIP-7702: account code by authorisation.
    #[envelope(ty = 4)]
    Eip7702(Signed<TxEip7702>),
    /// OP Stack deposit (rollup only): unsigned, made from a queue message.
    #[envelope(ty = 126)]
    Deposit(Sealed<TxDeposit>),
}

/// The receipt of a [`Transaction`], without its bloom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction (0x7E for a deposit).
    pub tx_type: u8,
    /// Whether execution succeeded.
    pub success: bool,
    /// Gas used in the block up to and including this transaction.
    pub cumulative_gas_used: u64,
    /// Logs in order.
    pub logs: Vec<Log>,
    /// Deposits only: the sender's nonce before execution (OP Stack Regolith; the encoding also
    /// carries receipt version 1, Canyon).
    pub deposit_nonce: Option<u64>,
}
