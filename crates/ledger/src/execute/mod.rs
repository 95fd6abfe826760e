//! Execution of one block by the chain's rules.

pub(crate) mod ethereum;
pub(crate) mod header;

use crate::{
    Error, InvalidBlock, Override, PushError, Rules, StateView,
    state::{Trie, trie_error},
};
use alloy_consensus::{Header, transaction::Recovered};
use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::{B256, Bytes};
use altana_protocol::{
    Receipt, Transaction,
    execute::{BlockExecutor, Executed, Messages},
    predeploys::MESSAGE_PASSER,
    trie::{EMPTY_ROOT_HASH, StateChanges},
};
use ethereum::EthereumExecutor;
use revm::{database::BundleState, database_interface::WrapDatabaseRef};

/// What a block's transactions run in.
pub(crate) enum Executor {
    Rollup(Box<BlockExecutor<WrapDatabaseRef<StateView>>>),
    Ethereum(Box<EthereumExecutor>),
}

/// A block without the root of its state.
pub(crate) struct Finished {
    pub(crate) header: Header,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) ommers: Vec<Header>,
    pub(crate) withdrawals: Option<Withdrawals>,
    pub(crate) post_states: Vec<B256>,
    pub(crate) changes: BundleState,
}

/// What a block adds to the state's storage.
#[derive(Clone, Debug)]
pub(crate) struct StateUpdate {
    /// The state after the block.
    pub(crate) trie: Trie,
    pub(crate) nodes: Vec<(B256, Bytes)>,
    pub(crate) codes: Vec<(B256, Bytes)>,
}

impl Executor {
    /// Starts a rollup's block: its deposits are executed at once.
    pub(crate) fn rollup(
        rules: &Rules,
        parent: &alloy_consensus::Sealed<Header>,
        timestamp: u64,
        messages: &Messages,
        view: StateView,
    ) -> Result<Self, Error> {
        let Rules::Rollup(spec) = rules else {
            return Err(Error::Config("not a rollup".into()));
        };
        if timestamp < parent.timestamp {
            return Err(InvalidBlock::Header {
                field: "timestamp",
                got: timestamp.to_string(),
                expected: format!("at least {}", parent.timestamp),
            }
            .into());
        }
        let db = WrapDatabaseRef(view);
        let executor = BlockExecutor::new(spec, parent, parent.seal(), timestamp, messages, db)?;
        Ok(Self::Rollup(Box::new(executor)))
    }

    pub(crate) fn push(&mut self, tx: &Recovered<Transaction>) -> Result<Executed, PushError> {
        match self {
            Self::Rollup(executor) => executor.push(tx.as_recovered_ref()),
            Self::Ethereum(executor) => executor.push(tx),
        }
    }

    pub(crate) fn changes(&mut self) -> &BundleState {
        match self {
            Self::Rollup(executor) => executor.changes(),
            Self::Ethereum(executor) => executor.changes(),
        }
    }

    pub(crate) fn receipts(&self) -> &[Receipt] {
        match self {
            Self::Rollup(executor) => executor.receipts(),
            Self::Ethereum(executor) => executor.receipts(),
        }
    }

    pub(crate) fn post_states(&self) -> &[B256] {
        match self {
            Self::Rollup(_) => &[],
            Self::Ethereum(executor) => executor.post_states(),
        }
    }

    pub(crate) fn gas_left(&self) -> u64 {
        match self {
            Self::Rollup(executor) => executor.gas_left(),
            Self::Ethereum(executor) => executor.gas_left(),
        }
    }

    /// The header so far, without roots.
    pub(crate) fn header(&self, parent: B256) -> Header {
        match self {
            Self::Ethereum(executor) => executor.header(),
            Self::Rollup(executor) => {
                let env = executor.env();
                Header {
                    parent_hash: parent,
                    number: env.number.saturating_to(),
                    timestamp: env.timestamp.saturating_to(),
                    beneficiary: env.beneficiary,
                    gas_limit: env.gas_limit,
                    gas_used: executor.gas_used(),
                    base_fee_per_gas: Some(env.basefee),
                    mix_hash: env.prevrandao.unwrap_or_default(),
                    blob_gas_used: Some(0),
                    excess_blob_gas: Some(0),
                    parent_beacon_block_root: Some(B256::ZERO),
                    ..Header::default()
                }
            }
        }
    }

    /// Ends the block and computes all roots. `view` is the one the block was executed on.
    pub(crate) fn seal(
        self,
        view: &StateView,
        overrides: &[Override],
    ) -> Result<(Finished, StateUpdate), Error> {
        match self {
            Self::Ethereum(executor) => {
                let mut finished = executor.finish(overrides)?;
                let update = update(view, &finished.changes)?;
                finished.header.state_root = update.trie.root();
                Ok((finished, update))
            }
            Self::Rollup(_) if !overrides.is_empty() => {
                Err(Error::Config("nothing can be written over a rollup's state".into()))
            }
            Self::Rollup(executor) => {
                let outcome = executor.finish();
                let mut update = update(view, &outcome.changes)?;
                let passer = update.trie.account(MESSAGE_PASSER).map_err(trie_error)?;
                let passer_root = passer.map_or(EMPTY_ROOT_HASH, |account| account.storage_root);
                let header = outcome.seal(update.trie.root(), passer_root);
                let finished = Finished {
                    header,
                    receipts: outcome.receipts,
                    ommers: Vec::new(),
                    withdrawals: Some(Withdrawals::default()),
                    post_states: Vec::new(),
                    changes: outcome.changes,
                };
                Ok((finished, update))
            }
        }
    }
}

fn update(view: &StateView, changes: &BundleState) -> Result<StateUpdate, Error> {
    let mut trie = view.loaded_trie();
    let commit = trie.apply(&StateChanges::from(changes)).map_err(trie_error)?;
    let codes = changes.contracts.iter().filter(|(_, code)| !code.is_empty());
    let codes = codes.map(|(hash, code)| (*hash, code.original_bytes())).collect();
    Ok(StateUpdate { trie, nodes: commit.nodes, codes })
}
