//! Why a transaction is refused, in the words that wallets match on.

use alloy_primitives::{Address, U256};

/// Why a transaction did not enter the pool. The message is what `eth_sendRawTransaction` answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("transaction could not be decoded: {0}")]
    Malformed(String),
    #[error("transaction type not supported: {0:#04x}")]
    UnsupportedType(u8),
    #[error("invalid sender: {0}")]
    Signature(String),
    #[error("invalid sidecar: {0}")]
    Blobs(String),
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId { have: u64, want: u64 },
    #[error("already known")]
    AlreadyKnown,
    #[error("nonce too low: next nonce {next}, tx nonce {tx}")]
    NonceTooLow { tx: u64, next: u64 },
    #[error("nonce too high: tx nonce {tx} is more than {window} ahead of {next}")]
    NonceTooFar { tx: u64, next: u64, window: u64 },
    #[error("nonce has max value")]
    NonceMax,
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    Funds { balance: U256, cost: U256 },
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas { have: u64, want: u64 },
    #[error("exceeds block gas limit: have {have}, limit {limit}")]
    BlockGas { have: u64, limit: u64 },
    #[error("transaction gas limit too high (cap: {cap}, tx: {have})")]
    GasCap { have: u64, cap: u64 },
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveFee,
    #[error("max initcode size exceeded: code size {have}, limit {limit}")]
    InitCode { have: usize, limit: usize },
    #[error("sender not an eoa: {0}")]
    SenderHasCode(Address),
    #[error("set code transaction must carry at least one authorization and a recipient")]
    SetCode,
    #[error("replacement transaction underpriced")]
    Underpriced,
    #[error("account has {0} transactions waiting already")]
    AccountFull(usize),
    #[error("txpool is full")]
    PoolFull,
    #[error("{0}")]
    Refused(String),
    #[error("chain: {0}")]
    Chain(String),
}
