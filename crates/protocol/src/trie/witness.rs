//! Node sources for stateless execution: one that records what is read, one that replays it.

use super::{MissingNode, NodeSource};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use core::cell::RefCell;

/// Passes nodes on and remembers each.
///
/// Wrap a source, run over a fresh [`StateTrie`](super::StateTrie) at the old root (loaded nodes are
/// not read again, hence not recorded), and take the witness.
#[derive(Debug)]
pub struct Recorder<S> {
    source: S,
    nodes: RefCell<B256Map<Bytes>>,
}

impl<S> Recorder<S> {
    /// Records what is read from `source`.
    pub fn new(source: S) -> Self {
        Self { source, nodes: RefCell::default() }
    }

    /// Every node read so far, sorted by hash.
    pub fn into_nodes(self) -> Vec<Bytes> {
        let mut nodes: Vec<_> = self.nodes.into_inner().into_iter().collect();
        nodes.sort_unstable_by_key(|node| node.0);
        nodes.into_iter().map(|node| node.1).collect()
    }
}

impl<S: NodeSource> NodeSource for Recorder<S> {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        let node = self.source.node(hash)?;
        self.nodes.borrow_mut().insert(hash, node.clone());
        Ok(node)
    }
}

/// Nodes in memory, by the hash that was computed here.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    nodes: B256Map<Bytes>,
}

impl Witness {
    /// Adds nodes with hashes that the caller vouches for, such as those of a
    /// [`Commit`](super::Commit).
    pub fn extend_hashed(&mut self, nodes: impl IntoIterator<Item = (B256, Bytes)>) {
        self.nodes.extend(nodes);
    }
}

impl FromIterator<Bytes> for Witness {
    /// Hashes the nodes: they may come from anybody.
    fn from_iter<T: IntoIterator<Item = Bytes>>(nodes: T) -> Self {
        Self { nodes: nodes.into_iter().map(|node| (keccak256(&node), node)).collect() }
    }
}

impl NodeSource for Witness {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.nodes.get(&hash).cloned().ok_or(MissingNode(hash))
    }
}
