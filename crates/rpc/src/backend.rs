//! What differs between a rollup node and the embedded parent chain.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::transaction::Recovered;
use alloy_eips::eip7594::BlobTransactionSidecarVariant;
use alloy_primitives::{Address, B256, Bytes, U256};
use altana_ledger::{Block, Pending};
use altana_protocol::Transaction;
use futures::future::BoxFuture;
use tokio::sync::broadcast;

/// The other half of the server: whoever orders transactions into the ledger.
///
/// Methods other than [`Backend::submit`] must answer at once (they are called on the async
/// runtime) and from memory.
pub trait Backend: Send + Sync + 'static {
    /// Offers transactions to the pool: the ones of one JSON-RPC batch together, in order.
    ///
    /// Answers one result per transaction, in the same order. `Ok` is an acknowledgement: the
    /// transaction survives a crash for as long as it is valid. Decoding, size, chain id and
    /// signature were checked; everything else (nonce, funds, fee, pool bounds) is the pool's.
    /// Submitting the same transaction again is harmless ([`SubmitError::AlreadyKnown`]).
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>>;

    /// The block being built, for the `pending` tag; `None`: there is none, `latest` answers.
    fn pending(&self) -> Option<Arc<Pending>>;

    /// A transaction that waits in the pool.
    fn pooled(&self, hash: B256) -> Option<Arc<Recovered<Transaction>>>;

    /// The next nonce of an account after its executable transactions in the pool; `None`: it
    /// has none there.
    fn pooled_nonce(&self, address: Address) -> Option<u64>;

    /// Everything in the pool.
    fn pool_content(&self) -> PoolContent;

    /// How many transactions are in the pool.
    fn pool_status(&self) -> PoolStatus;

    /// Every transaction that enters the pool, from now on. Slow readers lose the oldest.
    fn pool_events(&self) -> broadcast::Receiver<Arc<Recovered<Transaction>>>;

    /// A priority fee that gets a transaction into one of the next blocks, in wei. `None`: the
    /// server samples recent blocks.
    fn priority_fee(&self) -> Option<u128> {
        None
    }

    /// How far behind the node is; `None`: it is not behind.
    fn syncing(&self) -> Option<SyncProgress> {
        None
    }

    /// Whether `submit` must carry on with transactions that have no replay protection
    /// (before EIP-155). Well-known deployers need them.
    fn accepts_unprotected(&self) -> bool {
        true
    }

    /// Answers of the `optimism_*` methods; `None`: no such methods (a parent chain).
    fn rollup(&self) -> Option<Arc<dyn RollupInfo>> {
        None
    }

    /// `web3_clientVersion`.
    fn client_version(&self) -> String {
        concat!("altana/", env!("CARGO_PKG_VERSION")).into()
    }
}

/// What a rollup node knows beyond its ledger.
pub trait RollupInfo: Send + Sync + 'static {
    /// `optimism_rollupConfig`, as JSON.
    fn config(&self) -> serde_json::Value;

    /// The parent block whose attributes a block carries, if known.
    fn origin(&self, block: &Block) -> Option<L1Origin>;

    /// Parent blocks for `optimism_syncStatus`: the one derived up to, and the parent's head,
    /// safe and finalized blocks.
    fn parent_heads(&self) -> [L1Origin; 4];
}

/// A block of the parent chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Origin {
    /// Hash.
    pub hash: B256,
    /// Number.
    pub number: u64,
    /// Hash of the block before it.
    pub parent_hash: B256,
    /// Seconds since 1970.
    pub timestamp: u64,
}

/// A transaction on its way into the pool.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The transaction with its recovered sender.
    pub transaction: Recovered<Transaction>,
    /// Blobs with their proofs, of a blob transaction. Nothing about them was checked.
    pub sidecar: Option<Box<BlobTransactionSidecarVariant>>,
    /// The bytes that the client sent: EIP-2718, in blob transactions with the sidecar.
    pub raw: Bytes,
}

/// What `txpool_content` shows.
#[derive(Clone, Debug, Default)]
pub struct PoolContent {
    /// Transactions that the next blocks can hold, by sender, in order of nonces.
    pub pending: BTreeMap<Address, Vec<Arc<Recovered<Transaction>>>>,
    /// Transactions that wait for an earlier one of their sender.
    pub queued: BTreeMap<Address, Vec<Arc<Recovered<Transaction>>>>,
}

/// What `txpool_status` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Transactions that the next blocks can hold.
    pub pending: usize,
    /// Transactions that wait for an earlier one of their sender.
    pub queued: usize,
}

/// What `eth_syncing` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncProgress {
    /// Number of the block at which syncing began.
    pub starting_block: u64,
    /// Number of the newest block here.
    pub current_block: u64,
    /// Number of the newest block known to exist.
    pub highest_block: u64,
}

/// Why a transaction was not accepted. The texts are what wallets match on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The pool (or a block) has it. Wait for its receipt.
    #[error("already known")]
    AlreadyKnown,
    /// The nonce is used. Sign with the next one.
    #[error("nonce too low: next nonce {state}, tx nonce {tx}")]
    NonceTooLow {
        /// The transaction's nonce.
        tx: u64,
        /// The sender's next nonce.
        state: u64,
    },
    /// Too far ahead of the sender's next nonce for the pool to keep. Send the earlier ones.
    #[error("nonce too high: next nonce {state}, tx nonce {tx}")]
    NonceTooHigh {
        /// The transaction's nonce.
        tx: u64,
        /// The sender's next nonce.
        state: u64,
    },
    /// The pool holds one with this nonce that pays about as much. Raise the fees.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// The fees are below what the pool takes. Raise them.
    #[error("transaction underpriced: {0}")]
    Underpriced(String),
    /// The sender cannot pay for it.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {}", cost.saturating_sub(**balance))]
    InsufficientFunds {
        /// What the sender has.
        balance: Box<U256>,
        /// What the transaction may cost at most.
        cost: Box<U256>,
    },
    /// Less gas than any execution of it takes.
    #[error("intrinsic gas too low: gas {gas}, minimum needed {needed}")]
    IntrinsicGas {
        /// The transaction's gas limit.
        gas: u64,
        /// What it takes at least.
        needed: u64,
    },
    /// More gas than a block has.
    #[error("exceeds block gas limit: gas {gas}, limit {limit}")]
    GasLimit {
        /// The transaction's gas limit.
        gas: u64,
        /// The block's.
        limit: u64,
    },
    /// More gas than one transaction may have (EIP-7825).
    #[error("transaction gas limit too high (cap: {cap}, tx: {gas})")]
    TransactionGasCap {
        /// The transaction's gas limit.
        gas: u64,
        /// The cap.
        cap: u64,
    },
    /// The fee cap does not cover the base fee. Raise it.
    #[error(
        "max fee per gas less than block base fee: maxFeePerGas: {max_fee}, baseFee: {base_fee}"
    )]
    FeeCapTooLow {
        /// The transaction's fee cap.
        max_fee: u128,
        /// The block's base fee.
        base_fee: u128,
    },
    /// The tip exceeds the fee cap.
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {max_fee}"
    )]
    TipAboveFeeCap {
        /// The transaction's priority fee.
        tip: u128,
        /// Its fee cap.
        max_fee: u128,
    },
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// The transaction's chain id.
        have: u64,
        /// This chain's.
        want: u64,
    },
    /// The signature belongs to nobody.
    #[error("invalid sender: {0}")]
    Signature(String),
    /// No transaction in any encoding known here.
    #[error("{0}")]
    Encoding(String),
    /// The chain does not take transactions of this type.
    #[error("transaction type not supported: {0}")]
    Type(u8),
    /// No replay protection.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// Larger than the pool takes.
    #[error("oversized data: transaction size {size}, limit {limit}")]
    Oversized {
        /// Bytes of the transaction.
        size: usize,
        /// The bound.
        limit: usize,
    },
    /// Blobs, commitments and proofs do not belong together.
    #[error("invalid blob sidecar: {0}")]
    Blobs(String),
    /// The pool is full of transactions that pay more. Try later, or pay more.
    #[error("txpool is full")]
    PoolFull,
    /// The account has as many transactions in the pool as it may.
    #[error("account limit exceeded: {0}")]
    AccountLimit(String),
    /// This node takes no transactions now (a verifier, or its storage has failed).
    #[error("transactions are not accepted: {0}")]
    Closed(String),
    /// Anything else that makes it invalid for good.
    #[error("{0}")]
    Invalid(String),
}

impl From<altana_ledger::InvalidTransaction> for SubmitError {
    fn from(error: altana_ledger::InvalidTransaction) -> Self {
        use altana_ledger::InvalidTransaction as E;
        match error {
            E::NonceTooLow { tx, state } => Self::NonceTooLow { tx, state },
            E::NonceTooHigh { tx, state } => Self::NonceTooHigh { tx, state },
            E::InsufficientFunds { balance, cost } => {
                Self::InsufficientFunds { balance: Box::new(balance), cost: Box::new(cost) }
            }
            E::IntrinsicGas { gas_limit, needed } => Self::IntrinsicGas { gas: gas_limit, needed },
            E::TransactionGasCap { gas_limit, cap } => {
                Self::TransactionGasCap { gas: gas_limit, cap }
            }
            other => Self::Invalid(other.to_string()),
        }
    }
}
