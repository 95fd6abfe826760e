//! State roots of simulated blocks.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use altana_ledger::{Block, Ledger};
use altana_protocol::trie::{StateChanges, StateTrie, TrieError, Witness};

use crate::RpcError;

/// The root of a block's state with these changes.
///
/// It is computed over proofs of what changed. Removing a key can take a node beside it that no
/// such proof holds; then the root is unknown, and zero.
pub(super) fn state_root(
    ledger: &Ledger,
    base: &Arc<Block>,
    changes: &StateChanges,
) -> Result<B256, RpcError> {
    let mut nodes: Vec<Bytes> = Vec::new();
    for (address, change) in &changes.accounts {
        let slots: Vec<B256> = change.slots.iter().map(|(slot, _)| (*slot).into()).collect();
        let proof = ledger.proof(*address, &slots, base.hash())?;
        nodes.extend(proof.proof);
        nodes.extend(proof.slots.into_iter().flat_map(|slot| slot.proof));
    }
    let witness: Witness = nodes.into_iter().collect();
    let mut trie = StateTrie::new(&witness, base.header.state_root);
    match trie.apply(changes) {
        Ok(commit) => Ok(commit.root),
        Err(TrieError::Missing(_)) => Ok(B256::ZERO),
        Err(error) => Err(RpcError::Internal(error.to_string())),
    }
}
