//! What thieves would like the rollup's state to be: as the truth, but for one thing.

use alloy::{
    consensus::Header,
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolValue,
};
use altana_contracts::{
    bindings::{OutputRootProof, WithdrawalTransaction},
    predeploy,
};
use altana_ledger::{Block, Ledger, Preimages};
use altana_protocol::{
    predeploys::FEE_VAULT,
    stf::header_output_root,
    trie::{
        AccountChange, AccountFields, AccountProof, MissingNode, NodeSource, StateChanges,
        StateTrie,
    },
};
use anyhow::{Context, Result};
use std::collections::HashMap;

/// A way to steal.
#[derive(Clone, Debug)]
pub enum Theft {
    /// A withdrawal that nobody made.
    ForgedWithdrawal(WithdrawalTransaction),
    /// A fee a thousand times too high, at a user's cost.
    WrongFee {
        /// Who pays it.
        user: Address,
    },
    /// A transfer that goes to somebody else.
    AlteredBlock {
        /// Whom it was for.
        from: Address,
        /// Who gets it.
        to: Address,
        /// How much, in wei.
        amount: U256,
    },
    /// A payload that is no payload, executed as if it said to mint ether.
    InvalidBatch {
        /// For whom.
        to: Address,
    },
}

/// A state that never was.
#[derive(Clone, Debug)]
pub struct FalseState {
    /// Its output root.
    pub output_root: B256,
    header: Header,
    nodes: Nodes,
}

const ETHER: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

impl Theft {
    /// What to call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ForgedWithdrawal(_) => "a forged withdrawal",
            Self::WrongFee { .. } => "a wrong fee",
            Self::AlteredBlock { .. } => "an altered block",
            Self::InvalidBatch { .. } => "an invalid batch taken for a valid one",
        }
    }

    /// The state after a true block, with the theft in it.
    pub fn in_state_after(&self, ledger: &Ledger, block: &Block) -> Result<FalseState> {
        let mut nodes = Nodes { new: HashMap::new(), stored: ledger.preimages() };
        let mut trie = StateTrie::new(nodes.clone(), block.header.state_root);
        let changes = self.changes(&mut trie)?;
        let commit = trie.apply(&changes)?;
        let passer = trie.account(predeploy::MESSAGE_PASSER)?.context("no message passer")?;
        nodes.new.extend(commit.nodes);
        let header = Header {
            state_root: commit.root,
            withdrawals_root: Some(passer.storage_root),
            ..block.header.inner().clone()
        };
        let output_root = header_output_root(&header, header.hash_slow());
        Ok(FalseState { output_root, header, nodes })
    }

    fn changes(&self, trie: &mut StateTrie<Nodes>) -> Result<StateChanges> {
        let mut changes = StateChanges::default();
        let mut add = |address: Address, wei: U256, takes: bool| -> Result<()> {
            let account = trie.account(address)?.unwrap_or_default();
            let balance = if takes {
                account.balance.saturating_sub(wei)
            } else {
                account.balance.saturating_add(wei)
            };
            let fields =
                AccountFields { nonce: account.nonce, balance, code_hash: account.code_hash };
            let change = AccountChange { fields: Some(fields), ..AccountChange::default() };
            changes.accounts.insert(address, change);
            Ok(())
        };
        match self {
            Self::ForgedWithdrawal(message) => {
                add(predeploy::MESSAGE_PASSER, U256::ZERO, false)?;
                let slot = (sent_slot(message_hash(message)), U256::from(1));
                if let Some(passer) = changes.accounts.get_mut(&predeploy::MESSAGE_PASSER) {
                    passer.slots.push(slot);
                }
            }
            Self::WrongFee { user } => {
                add(*user, ETHER, true)?;
                add(FEE_VAULT, ETHER, false)?;
            }
            Self::AlteredBlock { from, to, amount } => {
                add(*from, *amount, true)?;
                add(*to, *amount, false)?;
            }
            Self::InvalidBatch { to } => add(*to, U256::from(1_000) * ETHER, false)?,
        }
        Ok(changes)
    }
}

impl FalseState {
    /// The proof of a withdrawal that is in this state, as the Portal takes it.
    pub fn prove(&self, message: &WithdrawalTransaction) -> Result<(OutputRootProof, Vec<Bytes>)> {
        let slot = sent_slot(message_hash(message));
        let root = self.header.state_root;
        let proof = AccountProof::new(&self.nodes, root, predeploy::MESSAGE_PASSER, &[slot])?;
        let output = OutputRootProof {
            version: B256::ZERO,
            stateRoot: root,
            messagePasserStorageRoot: self.header.withdrawals_root.unwrap_or_default(),
            latestBlockhash: self.header.hash_slow(),
        };
        let slot = proof.storage.into_iter().next().context("no proof of the slot")?;
        Ok((output, slot.nodes))
    }
}

/// `withdrawalHash`, as the message passer computes it.
pub fn message_hash(message: &WithdrawalTransaction) -> B256 {
    keccak256(message.abi_encode_params())
}

/// Where the message passer keeps that it sent a message: `sentMessages`, in slot 0.
fn sent_slot(hash: B256) -> U256 {
    keccak256((hash, U256::ZERO).abi_encode()).into()
}

/// The ledger's trie nodes, and those of a false state.
#[derive(Clone, Debug)]
struct Nodes {
    new: HashMap<B256, Bytes>,
    stored: Preimages,
}

impl NodeSource for Nodes {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.new.get(&hash).cloned().map_or_else(|| self.stored.node(hash), Ok)
    }
}
