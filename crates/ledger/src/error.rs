//! What can go wrong, grouped by what the caller must do.

use alloy_primitives::B256;
use altana_protocol::execute::{ExecuteError, InvalidTransaction};
use std::io::{self, ErrorKind};

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

/// A failure of the file system in words for whoever runs the node: what to do if the disk is full.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            format!("no space left, make room and start again ({error})")
        }
        _ => error.to_string(),
    }
}

/// Why a transaction was not pushed: it is invalid where it stands, or the state could not be
/// read. The builder is as it was before.
pub type PushError = ExecuteError<Error>;

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
