//! What can go wrong between two chains, and what to do then.

use crate::Chain;
use alloy::{
    contract::Error as ContractError,
    primitives::{Address, B256, U256, utils::format_units},
    transports::{RpcError, TransportErrorKind},
};
use altana_contracts::{artifact::NoArtifact, revert};

/// An error of the bridge. No funds are lost by any of them: look at the status and go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A node does not answer, or refuses. Try again.
    #[error("the node answered: {0}")]
    Rpc(#[from] RpcError<TransportErrorKind>),
    /// A contract said no. The name is that of its error.
    #[error("the contract refused: {0}")]
    Refused(String),
    /// A contract is not what it should be.
    #[error("the contract answered nonsense: {0}; is this the right chain?")]
    Contract(ContractError),
    /// This build lacks a contract.
    #[error(transparent)]
    NoArtifact(#[from] NoArtifact),
    /// The transaction is in a block, and failed.
    #[error("{what} was reverted: {hash}")]
    Reverted {
        /// What the transaction was for.
        what: &'static str,
        /// Its hash.
        hash: B256,
    },
    /// Ether that a withdrawal sends to a contract which does not take it is lost.
    #[error(
        "{0} is a contract on the parent: ether that it fails to take could not be sent again; \
         withdraw to an account that has no code"
    )]
    EtherToContract(Address),
    /// Not in a block yet.
    #[error("{what} is not in a block of the {chain} yet: {hash}; ask for its status later")]
    NotMined {
        /// What the transaction was for.
        what: &'static str,
        /// Where it waits.
        chain: Chain,
        /// Its hash.
        hash: B256,
    },
    /// The deposit is on the parent, but not on the rollup yet.
    #[error(
        "the deposit {parent} is on the parent, but {rollup} is not on the rollup yet; the \
         contracts force the sequencer to include it in time"
    )]
    NotDeposited {
        /// Transaction on the parent.
        parent: B256,
        /// Transaction on the rollup.
        rollup: B256,
    },
    /// The deposit is on the rollup, and its call failed.
    #[error(
        "{transaction} is in rollup block {block}, but its call failed: ether is at the sender's \
         address there, tokens wait in the messenger for another attempt"
    )]
    Failed {
        /// Transaction on the rollup.
        transaction: B256,
        /// Its block.
        block: u64,
    },
    /// Neither chain has heard of it.
    #[error("neither chain knows {0}: check the hash and the nodes' URLs")]
    Unknown(B256),
    /// The transaction on the rollup did not withdraw anything.
    #[error("{0} is not a withdrawal: it has no MessagePassed event of the message passer")]
    NotAWithdrawal(B256),
    /// The receipt holds no deposit of this portal.
    #[error("{0} is not a deposit: it has no TransactionDeposited event of the portal")]
    NotADeposit(B256),
    /// Too little to send.
    #[error("{account} has {has} {unit} on the {chain}, and {needs} are needed")]
    Balance {
        /// Which chain.
        chain: Chain,
        /// Whose account.
        account: Address,
        /// What is there.
        has: String,
        /// What should be sent.
        needs: String,
        /// Ether, or the token's symbol.
        unit: String,
    },
    /// Neither ERC-20 nor ERC-721.
    #[error("there is no token at {0} on the {1}: name it as it is called on the {1}")]
    NotAToken(Address, Chain),
    /// The collection has no such token.
    #[error("{token} has no token {id} on the {chain}")]
    NoSuchId {
        /// The collection.
        token: Address,
        /// The token.
        id: U256,
        /// Which chain.
        chain: Chain,
    },
    /// Somebody else's.
    #[error("token {id} of {token} on the {chain} belongs to {owner}, not to {account}")]
    NotTheOwner {
        /// The collection.
        token: Address,
        /// The token.
        id: U256,
        /// Which chain.
        chain: Chain,
        /// Whose it is.
        owner: Address,
        /// Who wanted to send it.
        account: Address,
    },
    /// Nothing stands for the token on the other chain.
    #[error(
        "{token} has no image on the {}: {}", chain.other(), match chain {
            Chain::Parent => "create one (`altana bridge create`), or name it (--remote)",
            Chain::Rollup => "name it (--remote)",
        }
    )]
    NoImage {
        /// The token.
        token: Address,
        /// Where it is.
        chain: Chain,
    },
    /// The two tokens do not belong together; bridging would lose the funds.
    #[error(
        "{token} on the {chain} is not the image of {remote}: it is {}",
        is.map_or_else(|| "no bridged token at all".into(), |is| format!("that of {is}"))
    )]
    WrongPair {
        /// Which should be the image.
        token: Address,
        /// Where it is.
        chain: Chain,
        /// Of which token of the other chain.
        remote: Address,
        /// Of which it is.
        is: Option<Address>,
    },
    /// No claim covers the withdrawal's block.
    #[error(
        "claims reach rollup block {claimed}, the withdrawal is in block {block}: wait for the \
         proposer, or say --wait"
    )]
    NotClaimed {
        /// The newest claimed block.
        claimed: u64,
        /// The withdrawal's block.
        block: u64,
    },
    /// The second step is missing.
    #[error("not proven yet: `altana bridge prove {0}` first")]
    NotProven(B256),
    /// Proven, but not ripe.
    #[error(
        "it can be finalized in {seconds_left} s of the parent's clock: come back, or say --wait"
    )]
    NotRipe {
        /// Seconds until it can be paid.
        seconds_left: u64,
    },
    /// Proven against a claim that is not proved.
    #[error("the claim behind it waits for its validity proof: come back, or say --wait")]
    NotProved,
    /// Nothing is left to do.
    #[error("the withdrawal is finalized already")]
    Done,
    /// This rollup node lags behind the parent's claims.
    #[error("this rollup node has not reached block {0} yet: wait, or use another")]
    Behind(u64),
    /// A node says something that cannot be true.
    #[error("the node at the rollup contradicts the parent: {0}; use another node")]
    Contradiction(String),
}

impl Error {
    pub(crate) fn balance(
        chain: Chain,
        account: Address,
        has: U256,
        needs: U256,
        decimals: u8,
        unit: &str,
    ) -> Self {
        let plain = |amount: U256| {
            let text = format_units(amount, decimals).unwrap_or_else(|_| amount.to_string());
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        };
        let (has, needs) = (plain(has), plain(needs));
        Self::Balance { chain, account, has, needs, unit: unit.to_owned() }
    }
}

impl From<ContractError> for Error {
    fn from(error: ContractError) -> Self {
        match (error.as_revert_data(), error) {
            (Some(data), _) => Self::Refused(revert::reason(&data)),
            (None, ContractError::TransportError(error)) => Self::Rpc(error),
            (None, error) => Self::Contract(error),
        }
    }
}
