//! Merkle proofs, as `eth_getProof` (EIP-1186) gives them: of values that are there, and of ones
//! that are not.

use super::{Account, EMPTY_ROOT_HASH, MissingNode, NodeSource, Trie, TrieError, Value, lookup};
use alloc::vec::Vec;
use alloy_consensus::TrieAccount;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use thiserror::Error;

/// Why a proof does not hold. Whoever sent it is wrong: retrying does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The next node on the way is not the next of the proof.
    #[error("the proof lacks node {0}")]
    Node(B256),
    /// A node that no trie holds.
    #[error(transparent)]
    Invalid(TrieError),
    /// Nodes after the end of the way.
    #[error("the proof has superfluous nodes")]
    Superfluous,
    /// The proof shows another value.
    #[error("the proof shows another value than claimed")]
    Value,
}

impl From<TrieError> for ProofError {
    fn from(error: TrieError) -> Self {
        match error {
            TrieError::Missing(MissingNode(hash)) => Self::Node(hash),
            invalid => Self::Invalid(invalid),
        }
    }
}

/// The value at `key` in the trie with this root, and the nodes from the root to it or to where its
/// absence shows.
pub fn prove<V: Value, S: NodeSource>(
    source: &S,
    root: B256,
    key: &B256,
) -> Result<(Option<V>, Vec<Bytes>), TrieError> {
    let mut nodes = Vec::new();
    let value = lookup::walk(&Trie::at(root).root, key, |hash| {
        let node = source.node(hash)?;
        nodes.push(node.clone());
        Ok::<_, TrieError>(node)
    })?;
    Ok((value, nodes))
}

/// The value at `key` in the trie with this root, shown by a proof.
pub fn verify<V: Value>(root: B256, key: &B256, proof: &[Bytes]) -> Result<Option<V>, ProofError> {
    let mut rest = proof.iter();
    let value = lookup::walk(&Trie::at(root).root, key, |hash| {
        rest.next().filter(|node| keccak256(node) == hash).cloned().ok_or(ProofError::Node(hash))
    })?;
    if rest.next().is_some() {
        return Err(ProofError::Superfluous);
    }
    Ok(value)
}

/// Proof of an account and of some of its slots.
#[derive(Clone, Debug)]
pub struct AccountProof {
    /// Whose.
    pub address: Address,
    /// `None` if there is no such account.
    pub account: Option<TrieAccount>,
    /// From the state root down.
    pub nodes: Vec<Bytes>,
    /// One for each slot asked for, in that order.
    pub storage: Vec<StorageProof>,
}

/// Proof of a slot.
#[derive(Clone, Debug)]
pub struct StorageProof {
    /// Which.
    pub slot: U256,
    /// Zero if it was never set.
    pub value: U256,
    /// From the account's storage root down.
    pub nodes: Vec<Bytes>,
}

impl AccountProof {
    /// Proves an account and slots in the state with this root.
    pub fn new<S: NodeSource>(
        source: &S,
        state_root: B256,
        address: Address,
        slots: &[U256],
    ) -> Result<Self, TrieError> {
        let (account, nodes) = prove::<Account, S>(source, state_root, &keccak256(address))?;
        let account = account.as_ref().map(Account::to_trie_account);
        let storage_root = storage_root(account.as_ref());
        let prove_slot = |slot: &U256| {
            let (value, nodes) = prove(source, storage_root, &slot_key(*slot))?;
            Ok(StorageProof { slot: *slot, value: value.unwrap_or_default(), nodes })
        };
        let storage = slots.iter().map(prove_slot).collect::<Result<_, TrieError>>()?;
        Ok(Self { address, account, nodes, storage })
    }

    /// Checks every value against the state root.
    pub fn verify(&self, state_root: B256) -> Result<(), ProofError> {
        let account = verify::<Account>(state_root, &keccak256(self.address), &self.nodes)?;
        if account.as_ref().map(Account::to_trie_account) != self.account {
            return Err(ProofError::Value);
        }
        let storage_root = storage_root(self.account.as_ref());
        for slot in &self.storage {
            let value = verify::<U256>(storage_root, &slot_key(slot.slot), &slot.nodes)?;
            if value.unwrap_or_default() != slot.value {
                return Err(ProofError::Value);
            }
        }
        Ok(())
    }
}

fn storage_root(account: Option<&TrieAccount>) -> B256 {
    account.map_or(EMPTY_ROOT_HASH, |account| account.storage_root)
}

fn slot_key(slot: U256) -> B256 {
    keccak256(slot.to_be_bytes::<32>())
}
