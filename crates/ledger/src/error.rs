//! What can go wrong, grouped by what the caller must do.

use alloy_primitives::B256;

/// Why the ledger refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The ledger holds no such block (any more). Ask for another.
    #[error("unknown block {0}")]
    UnknownBlock(B256),
    /// The canonical chain has no block with this number. Ask for another.
    #[error("no block has number {0}")]
    UnknownNumber(u64),
    /// The block does not follow the head. [`Ledger::rewind`](crate::Ledger::rewind) first, or build again.
    #[error("block follows {parent}, the head is {head}")]
    NotOnHead {
        /// Parent of the refused block.
        parent: B256,
        /// Hash of the head.
        head: B256,
    },
    /// The block breaks a rule of the chain. Do not offer it again.
    #[error("invalid block: {0}")]
    InvalidBlock(InvalidBlock),
    /// The genesis, the rules or the options make no sense, or belong to another chain. Fix them.
    #[error("bad configuration: {0}")]
    Config(String),
    /// The question has more answers than the caller's limit. Narrow it.
    #[error("more than {0} results")]
    TooMany(usize),
    /// Storage failed (full or broken disk). The ledger takes no more writes; what was committed
    /// stays readable. Make room and open the folder again.
    #[error("storage failed, the ledger takes no more writes: {0}")]
    Fatal(String),
    /// What was read from storage is not what was written. Restore the folder or rebuild it.
    #[error("storage is damaged: {0}")]
    Corrupt(String),
}

impl revm::database_interface::DBErrorMarker for Error {}

impl From<InvalidBlock> for Error {
    fn from(error: InvalidBlock) -> Self {
        Self::InvalidBlock(error)
    }
}

/// Which rule of the chain a block breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// The bytes are no block.
    #[error("cannot be decoded: {0}")]
    Encoding(String),
    /// A header field is not what the rules and the parent block make it.
    #[error("{field} is {got}, the rules give {expected}")]
    Header {
        /// Name of the field as in JSON-RPC.
        field: &'static str,
        /// What the block says.
        got: String,
        /// What it must say.
        expected: String,
    },
    /// A transaction cannot be executed where it stands.
    #[error("transaction {index}: {error}")]
    Transaction {
        /// Place in the block.
        index: usize,
        /// Why it was refused.
        error: InvalidTransaction,
    },
    /// A system contract failed or answered nonsense.
    #[error("system call: {0}")]
    SystemCall(String),
}

/// Why a transaction cannot be part of a block. The builder is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// The sender has used this nonce already. Drop the transaction.
    #[error("nonce too low: next nonce {state}, tx nonce {tx}")]
    NonceTooLow {
        /// The transaction's nonce.
        tx: u64,
        /// The sender's next nonce.
        state: u64,
    },
    /// An earlier transaction of the sender is missing. Keep it for later.
    #[error("nonce too high: next nonce {state}, tx nonce {tx}")]
    NonceTooHigh {
        /// The transaction's nonce.
        tx: u64,
        /// The sender's next nonce.
        state: u64,
    },
    /// The sender cannot pay value and gas. Drop it, or keep it for later.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    InsufficientFunds {
        /// What the transaction may cost at most.
        cost: Box<alloy_primitives::U256>,
        /// What the sender has.
        balance: Box<alloy_primitives::U256>,
    },
    /// The block has less gas (or blob space) left. Keep it for the next block.
    #[error("block has no room: {0}")]
    BlockFull(String),
    /// The fee cap is below the block's base fee or blob base fee. Keep it for later.
    #[error("max fee per gas less than block base fee")]
    FeeTooLow,
    /// The transaction can never be valid on this chain. Drop it.
    #[error("{0}")]
    Never(String),
    /// The state could not be read: no fault of the transaction.
    #[error("state: {0}")]
    State(String),
}
