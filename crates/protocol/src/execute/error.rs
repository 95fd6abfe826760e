//! Why a transaction cannot be in a block, in the words that wallets match on.

use alloc::string::{String, ToString};
use alloy_primitives::U256;
use op_revm::OpTransactionError;
use revm::{
    context::result::{EVMError, InvalidTransaction as Revm},
    database_interface::bal::EvmDatabaseError,
};

/// Pushing a transaction into a block failed; the block is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The transaction cannot be here: drop it, or try it in a later block
    /// (see [`InvalidTransaction::may_become_valid`]).
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
    /// The state could not be read: drop the block, and retry once the database answers.
    #[error("state: {0}")]
    Database(E),
}

/// Why a transaction cannot be the block's next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// The sender has used this nonce before.
    #[error("nonce too low: next nonce {state}, tx nonce {tx}")]
    NonceTooLow {
        /// Of the transaction.
        tx: u64,
        /// Of the sender.
        state: u64,
    },
    /// Transactions with lower nonces are missing.
    #[error("nonce too high: next nonce {state}, tx nonce {tx}")]
    NonceTooHigh {
        /// Of the transaction.
        tx: u64,
        /// Of the sender.
        state: u64,
    },
    /// The sender's nonce cannot rise any further.
    #[error("nonce has max value")]
    NonceMax,
    /// The sender cannot pay for gas, data fee and value.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    InsufficientFunds {
        /// Of the sender, in wei.
        balance: U256,
        /// Most that the transaction may cost, in wei.
        cost: U256,
    },
    /// Gas times price plus value is beyond 256 bits.
    #[error("insufficient funds for gas * price + value: cost overflows")]
    CostOverflow,
    /// The gas limit does not even pay for the transaction's bytes.
    #[error("intrinsic gas too low: have {gas_limit}, want {needed}")]
    IntrinsicGas {
        /// Of the transaction.
        gas_limit: u64,
        /// Least that it must be.
        needed: u64,
    },
    /// EIP-7623: the gas limit is below the floor price of the call data.
    #[error("insufficient gas for floor data gas cost: have {gas_limit}, want {needed}")]
    FloorGas {
        /// Of the transaction.
        gas_limit: u64,
        /// Least that it must be.
        needed: u64,
    },
    /// The fee cap is below the block's base fee.
    #[error("max fee per gas less than block base fee")]
    FeeBelowBaseFee,
    /// The tip is above the fee cap.
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveFee,
    /// The gas limit is above that of any block.
    #[error("exceeds block gas limit")]
    ExceedsBlockGasLimit,
    /// The gas limit is above that of any transaction (EIP-7825).
    #[error("transaction gas limit too high (cap: {cap}, tx: {gas_limit})")]
    TransactionGasCap {
        /// Of the transaction.
        gas_limit: u64,
        /// Most that it may be.
        cap: u64,
    },
    /// The gas limit is above what this block has left.
    #[error("gas limit reached")]
    BlockFull,
    /// Signed for another chain.
    #[error("invalid chain id")]
    ChainId,
    /// The signature names no sender.
    #[error("invalid sender")]
    Signature,
    /// EIP-3607: the sender is a contract.
    #[error("sender not an eoa")]
    SenderNotEoa,
    /// EIP-3860: the init code is too long.
    #[error("max initcode size exceeded")]
    InitCodeSize,
    /// A kind of transaction that rollups do not have.
    #[error("transaction type not supported")]
    TypeNotSupported,
    /// EIP-7702: a set-code transaction authorises nobody, or creates.
    #[error("EIP-7702 transaction with empty auth list")]
    EmptyAuthorizations,
    /// Any other rule of the EVM.
    #[error("invalid transaction: {0}")]
    Other(String),
}

impl InvalidTransaction {
    /// Whether the same transaction may be valid in a later block.
    pub fn may_become_valid(&self) -> bool {
        matches!(
            self,
            Self::NonceTooHigh { .. }
                | Self::InsufficientFunds { .. }
                | Self::FeeBelowBaseFee
                | Self::BlockFull
        )
    }
}

impl<E> ExecuteError<E> {
    pub(super) fn from_evm(error: EVMError<EvmDatabaseError<E>, OpTransactionError>) -> Self {
        match error {
            EVMError::Database(error) => Self::Database(super::database_error(error)),
            EVMError::Transaction(OpTransactionError::Base(error)) => Self::Invalid(error.into()),
            EVMError::Transaction(other) => {
                Self::Invalid(InvalidTransaction::Other(other.to_string()))
            }
            EVMError::Header(other) => Self::Invalid(InvalidTransaction::Other(other.to_string())),
            EVMError::Custom(text) => Self::Invalid(InvalidTransaction::Other(text)),
            _ => Self::Invalid(InvalidTransaction::Other("the EVM refused it".into())),
        }
    }
}

impl From<Revm> for InvalidTransaction {
    fn from(error: Revm) -> Self {
        match error {
            Revm::NonceTooLow { tx, state } => Self::NonceTooLow { tx, state },
            Revm::NonceTooHigh { tx, state } => Self::NonceTooHigh { tx, state },
            Revm::NonceOverflowInTransaction => Self::NonceMax,
            Revm::LackOfFundForMaxFee { fee, balance } => {
                Self::InsufficientFunds { balance: *balance, cost: *fee }
            }
            Revm::OverflowPaymentInTransaction => Self::CostOverflow,
            Revm::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
                Self::IntrinsicGas { gas_limit, needed: initial_gas }
            }
            Revm::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
                Self::FloorGas { gas_limit, needed: gas_floor }
            }
            Revm::GasPriceLessThanBasefee => Self::FeeBelowBaseFee,
            Revm::PriorityFeeGreaterThanMaxFee => Self::TipAboveFee,
            Revm::CallerGasLimitMoreThanBlock => Self::ExceedsBlockGasLimit,
            Revm::TxGasLimitGreaterThanCap { gas_limit, cap } => {
                Self::TransactionGasCap { gas_limit, cap }
            }
            Revm::InvalidChainId | Revm::MissingChainId => Self::ChainId,
            Revm::RejectCallerWithCode => Self::SenderNotEoa,
            Revm::CreateInitCodeSizeLimit => Self::InitCodeSize,
            Revm::EmptyAuthorizationList => Self::EmptyAuthorizations,
            Revm::Eip4844NotSupported => Self::TypeNotSupported,
            other => Self::Other(other.to_string()),
        }
    }
}
