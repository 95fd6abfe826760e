//! Keep Ethereum's state in sparse Merkle-Patricia tries: read, change and hash it over any source
//! of nodes.
//!
//! The stateless program runs it over the nodes of a witness, the node's ledger over its database.
//! A trie starts as a root hash; nodes are loaded from a [`NodeSource`] when a key is looked up or
//! changed, and stay loaded until [`StateTrie::prune`]. Loaded nodes are shared between clones and
//! copied when one of them changes, so a clone costs nothing and makes a snapshot of a state.
//!
//! Keys are 32 bytes (hashes of addresses and slots). A leaf therefore keeps its whole key, and
//! moves up or down the trie without being rewritten. Shapes and hashes are those of the Yellow
//! Paper, appendix D.

mod account;
mod changes;
mod decode;
mod edit;
mod lookup;
mod node;
mod path;
mod proof;
mod prune;
mod seal;
mod state;
mod witness;

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use thiserror::Error;

pub use account::Account;
pub use changes::{AccountChange, AccountFields, StateChanges};
pub use decode::InvalidNode;
pub use node::Value;
pub use proof::{AccountProof, ProofError, StorageProof, prove, verify};
pub use state::{Commit, StateTrie};
pub use witness::{Recorder, Witness};

use edit::{Edit, Loader};
use node::Node;

/// Root of a trie without keys: `keccak256(rlp(""))`.
pub use alloy_consensus::EMPTY_ROOT_HASH;

/// Where nodes come from: a database, a cache, or the pre-images of a witness.
pub trait NodeSource {
    /// The RLP of the node whose keccak256 is `hash`.
    ///
    /// The source vouches for the hash: a trie trusts that `keccak256(answer) == hash`. An answer is
    /// final. A [`MissingNode`] may be retried once the source has the node.
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode>;
}

impl<S: NodeSource + ?Sized> NodeSource for &S {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        (**self).node(hash)
    }
}

impl<S: NodeSource + ?Sized> NodeSource for alloc::sync::Arc<S> {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        (**self).node(hash)
    }
}

/// The source lacks a node: fetch the pre-image of this hash, and retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("trie node {0} is missing")]
pub struct MissingNode(pub B256);

/// Why a trie could not be read or changed. The trie is as it was before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrieError {
    /// Retry once the source has the node.
    #[error(transparent)]
    Missing(#[from] MissingNode),
    /// Fatal: the node is not one that a trie may hold. No honest state contains it.
    #[error("trie node {hash} is invalid: {reason}")]
    Invalid {
        /// Which node.
        hash: B256,
        /// What is wrong with it.
        reason: InvalidNode,
    },
}

/// A Merkle-Patricia trie with keys of 32 bytes, loaded as far as it was used.
#[derive(Clone, Debug)]
pub struct Trie<V> {
    root: Node<V>,
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: Node::Empty }
    }
}

impl<V: Value> Trie<V> {
    /// The trie with this root, nothing of it loaded.
    pub fn at(root: B256) -> Self {
        let root = if root == EMPTY_ROOT_HASH { Node::Empty } else { Node::Hash(root) };
        Self { root }
    }

    /// Whether the trie has no keys.
    pub const fn is_empty(&self) -> bool {
        matches!(self.root, Node::Empty)
    }

    /// The value at `key`; nodes on its way are loaded and kept.
    pub fn get<S: NodeSource>(&mut self, source: &S, key: &B256) -> Result<Option<&V>, TrieError> {
        self.load(key, &mut Loader::new(source, 0))?;
        Ok(self.loaded(key))
    }

    /// The value at `key`; nothing that has to be read from the source is kept.
    pub fn read<S: NodeSource>(&self, source: &S, key: &B256) -> Result<Option<V>, TrieError> {
        lookup::read(&self.root, source, key)
    }

    /// Sets `key` to `value`.
    pub fn insert<S: NodeSource>(
        &mut self,
        source: &S,
        key: B256,
        value: V,
    ) -> Result<(), TrieError> {
        self.update(source, [(key, Some(value))].into())
    }

    /// Removes `key`; one that is absent stays so.
    pub fn remove<S: NodeSource>(&mut self, source: &S, key: B256) -> Result<(), TrieError> {
        self.update(source, [(key, None)].into())
    }

    /// Sets or removes many keys at once; of two edits to one key the later counts.
    pub fn update<S: NodeSource>(
        &mut self,
        source: &S,
        edits: Vec<(B256, Option<V>)>,
    ) -> Result<(), TrieError> {
        self.edit(edits, &mut Loader::new(source, 0))
    }

    /// Hashes what changed, and returns the root and every node that is new since the last commit.
    pub fn commit(&mut self) -> Commit {
        let mut sealer = seal::Sealer::collecting();
        let root = self.seal(&mut sealer);
        Commit { root, nodes: sealer.into_nodes() }
    }

    fn edit<S: NodeSource, E: Edit<V>>(
        &mut self,
        mut edits: Vec<(B256, E)>,
        loader: &mut Loader<'_, S>,
    ) -> Result<(), TrieError> {
        if !edits.is_sorted_by(|a, b| a.0 < b.0) {
            // Stable, so that after reversal the first of equal keys is the latest edit.
            edits.reverse();
            edits.sort_by_key(|edit| edit.0);
            edits.dedup_by_key(|edit| edit.0);
        }
        // Work on a clone: after an error half-way the trie is still what it was.
        let mut root = self.root.clone();
        edit::apply(&mut root, 0, &edits, loader)?;
        self.root = root;
        Ok(())
    }
}
