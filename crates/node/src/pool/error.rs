//! Why the pool refuses a transaction.

use alloy_primitives::{Address, U256};

/// What an account lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}"
)]
pub struct Shortage {
    /// Balance at the newest block.
    pub balance: U256,
    /// The most that the account's other waiting transactions may cost.
    pub queued: U256,
    /// The most that this one may cost.
    pub cost: U256,
}

/// Why a transaction was not accepted. Every message begins with the words that wallets match on
/// (those of go-ethereum). Nothing was changed; the caller may fix the transaction and resend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The same transaction waits already.
    #[error("already known")]
    AlreadyKnown,
    /// The bytes are not a transaction, or its signature recovers no sender.
    #[error("invalid transaction: {0}")]
    Malformed(String),
    /// A blob or deposit transaction: users cannot send those to a rollup.
    #[error("transaction type not supported: {0:#04x}")]
    UnsupportedType(u8),
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    WrongChain {
        /// The transaction's.
        have: u64,
        /// This chain's.
        want: u64,
    },
    /// The account has used this nonce.
    #[error("nonce too low: next nonce {next}, tx nonce {nonce}")]
    NonceTooLow {
        /// First free nonce.
        next: u64,
        /// The transaction's.
        nonce: u64,
    },
    /// Another transaction with this nonce waits, and this one does not outbid it in both fees.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// The pool is full of better ones.
    #[error("transaction underpriced: txpool is full")]
    Underpriced,
    /// The fee cap is below what any block can ask.
    #[error(
        "max fee per gas less than block base fee: address {sender}, maxFeePerGas: {cap}, baseFee: {base_fee}"
    )]
    FeeCapTooLow {
        /// Who signed.
        sender: Address,
        /// The transaction's cap.
        cap: u128,
        /// The lowest base fee of the chain.
        base_fee: u64,
    },
    /// The tip exceeds the cap.
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
    )]
    TipAboveFeeCap {
        /// Tip.
        tip: u128,
        /// Cap.
        cap: u128,
    },
    /// The account cannot pay for what it has waiting.
    #[error("{0}")]
    InsufficientFunds(Box<Shortage>),
    /// More gas than a block has.
    #[error("exceeds block gas limit: gas {gas}, limit {limit}")]
    GasLimit {
        /// The transaction's.
        gas: u64,
        /// A block's.
        limit: u64,
    },
    /// More gas than one transaction may have (EIP-7825).
    #[error("transaction gas limit too high (cap: {cap}, tx: {gas})")]
    TransactionGasCap {
        /// The transaction's.
        gas: u64,
        /// The cap.
        cap: u64,
    },
    /// Less gas than the transaction costs before it runs.
    #[error("intrinsic gas too low: gas {have}, minimum needed {want}")]
    IntrinsicGas {
        /// Offered.
        have: u64,
        /// Needed (the larger of intrinsic gas and EIP-7623's floor).
        want: u64,
    },
    /// Larger than [`super::Limits::transaction_bytes`].
    #[error("oversized data: transaction size {size}, limit {limit}")]
    Oversized {
        /// Encoded size in bytes.
        size: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// Creation code above EIP-3860's limit.
    #[error("max initcode size exceeded: code size {size}, limit {limit}")]
    InitcodeSize {
        /// Size in bytes.
        size: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// The account has [`super::Limits::per_account`] transactions waiting.
    #[error("account limit exceeded: {limit} transactions wait from {sender}")]
    AccountLimit {
        /// Who signed.
        sender: Address,
        /// The bound.
        limit: usize,
    },
    /// The account has code that is not an EIP-7702 delegation.
    #[error("sender not an eoa: address {0}")]
    SenderNotEoa(Address),
    /// The node cannot take more at the moment (journal or publication is behind): retry later.
    #[error("txpool is full: {0}")]
    Busy(&'static str),
    /// The journal could not be written: the node stops.
    #[error("internal error: the journal could not be written: {0}")]
    Journal(String),
    /// The state could not be read: the node's operator must act.
    #[error("internal error: state unavailable: {0}")]
    State(String),
}
