//! Hashing: nodes to RLP, from the leaves up.

use super::{
    EMPTY_ROOT_HASH, Trie,
    node::{Branch, Extension, Leaf, Node, Value},
    path,
};
use alloc::{sync::Arc, vec::Vec};
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header};

/// Nodes shorter than a hash stand in their parent.
const HASH_LEN: usize = 32;

/// Hashes nodes, and collects them if somebody will store them.
#[derive(Debug, Default)]
pub struct Sealer {
    nodes: Option<Vec<(B256, Bytes)>>,
    node: Vec<u8>,
    value: Vec<u8>,
}

/// How a parent refers to a node.
#[derive(Clone, Copy)]
pub(super) enum Reference {
    Empty,
    Hash(B256),
    Embedded { rlp: [u8; HASH_LEN - 1], len: usize },
}

impl Reference {
    const fn len(&self) -> usize {
        match self {
            Self::Empty => 1,
            Self::Hash(_) => 1 + HASH_LEN,
            Self::Embedded { len, .. } => *len,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => out.push(EMPTY_STRING_CODE),
            Self::Hash(hash) => {
                out.push(EMPTY_STRING_CODE + HASH_LEN as u8);
                out.extend_from_slice(hash.as_slice());
            }
            Self::Embedded { rlp, len } => out.extend_from_slice(&rlp[..*len]),
        }
    }
}

impl Sealer {
    pub(super) fn collecting() -> Self {
        Self { nodes: Some(Vec::new()), ..Self::default() }
    }

    /// The new nodes, children before parents.
    pub(super) fn into_nodes(self) -> Vec<(B256, Bytes)> {
        self.nodes.unwrap_or_default()
    }

    /// Refers to the node that was just written.
    fn finish(&mut self, memo: &mut Option<B256>) -> Reference {
        let len = self.node.len();
        if len < HASH_LEN {
            let mut rlp = [0; HASH_LEN - 1];
            rlp[..len].copy_from_slice(&self.node);
            return Reference::Embedded { rlp, len };
        }
        let hash = keccak256(&self.node);
        if let Some(nodes) = &mut self.nodes {
            nodes.push((hash, Bytes::copy_from_slice(&self.node)));
        }
        *memo = Some(hash);
        Reference::Hash(hash)
    }

    fn start(&mut self, payload_length: usize) {
        self.node.clear();
        Header { list: true, payload_length }.encode(&mut self.node);
    }
}

impl<V: Value> Trie<V> {
    /// Hashes what changed; the root.
    pub(super) fn seal(&mut self, sealer: &mut Sealer) -> B256 {
        match seal(&mut self.root, 0, sealer) {
            Reference::Empty => EMPTY_ROOT_HASH,
            Reference::Hash(hash) => hash,
            // Not reached with keys of 32 bytes, but the root is hashed however short it is.
            Reference::Embedded { rlp, len } => {
                let hash = keccak256(&rlp[..len]);
                if let Some(nodes) = &mut sealer.nodes {
                    nodes.push((hash, Bytes::copy_from_slice(&rlp[..len])));
                }
                hash
            }
        }
    }
}

fn seal<V: Value>(node: &mut Node<V>, depth: usize, sealer: &mut Sealer) -> Reference {
    let memo = match node {
        Node::Empty => return Reference::Empty,
        Node::Hash(hash) => return Reference::Hash(*hash),
        Node::Leaf(leaf) => leaf.memo.hash,
        Node::Extension(extension) => extension.memo.hash,
        Node::Branch(branch) => branch.memo.hash,
    };
    if let Some(hash) = memo {
        return Reference::Hash(hash);
    }
    match node {
        Node::Leaf(leaf) => seal_leaf(Arc::make_mut(leaf), depth, sealer),
        Node::Extension(extension) => seal_extension(Arc::make_mut(extension), depth, sealer),
        Node::Branch(branch) => seal_branch(Arc::make_mut(branch), depth, sealer),
        Node::Empty | Node::Hash(_) => unreachable!("returned above"),
    }
}

fn seal_leaf<V: Value>(leaf: &mut Leaf<V>, depth: usize, sealer: &mut Sealer) -> Reference {
    leaf.value.seal(sealer);
    sealer.value.clear();
    path::encode(&leaf.key, depth, path::KEY_NIBBLES, true, &mut sealer.value);
    let path_len = sealer.value.len();
    leaf.value.encode_value(&mut sealer.value);
    let scratch = core::mem::take(&mut sealer.value);
    let (path, value) = scratch.split_at(path_len);
    sealer.start(path.length() + value.length());
    path.encode(&mut sealer.node);
    value.encode(&mut sealer.node);
    sealer.value = scratch;
    sealer.finish(&mut leaf.memo.hash)
}

fn seal_extension<V: Value>(
    extension: &mut Extension<V>,
    depth: usize,
    sealer: &mut Sealer,
) -> Reference {
    let child = seal(&mut extension.child, extension.end, sealer);
    let mut path = core::mem::take(&mut sealer.value);
    path.clear();
    path::encode(&extension.key, depth, extension.end, false, &mut path);
    sealer.start(path.as_slice().length() + child.len());
    path.as_slice().encode(&mut sealer.node);
    child.encode(&mut sealer.node);
    sealer.value = path;
    sealer.finish(&mut extension.memo.hash)
}

fn seal_branch<V: Value>(branch: &mut Branch<V>, depth: usize, sealer: &mut Sealer) -> Reference {
    let children = branch.children.each_mut().map(|child| seal(child, depth + 1, sealer));
    sealer.start(1 + children.iter().map(Reference::len).sum::<usize>());
    children.iter().for_each(|child| child.encode(&mut sealer.node));
    sealer.node.push(EMPTY_STRING_CODE);
    sealer.finish(&mut branch.memo.hash)
}
