//! Nodes in memory.

use super::{InvalidNode, path, seal::Sealer};
use alloc::{sync::Arc, vec::Vec};
use alloy_primitives::{B256, U256};
use alloy_rlp::{Decodable, Encodable};

/// What a leaf of a trie holds.
pub trait Value: Clone {
    /// Appends the RLP of the value, which is never empty.
    fn encode_value(&self, out: &mut Vec<u8>);

    /// Decodes exactly what [`Value::encode_value`] wrote, and nothing else.
    fn decode_value(rlp: &[u8]) -> Result<Self, InvalidNode>;

    /// Hashes tries inside of the value.
    #[doc(hidden)]
    fn seal(&mut self, _: &mut Sealer) {}

    /// Drops nodes of tries inside of the value that were loaded before `epoch`; counts the rest.
    #[doc(hidden)]
    fn prune(&mut self, _epoch: u32) -> usize {
        0
    }

    /// Adds the ages of nodes of tries inside of the value.
    #[doc(hidden)]
    fn count(&self, _: &mut dyn FnMut(u32)) {}
}

/// A storage slot. Zero is never stored.
impl Value for U256 {
    fn encode_value(&self, out: &mut Vec<u8>) {
        Encodable::encode(self, out);
    }

    fn decode_value(mut rlp: &[u8]) -> Result<Self, InvalidNode> {
        let value: Self = Decodable::decode(&mut rlp).map_err(|_| InvalidNode::Value)?;
        if value.is_zero() || !rlp.is_empty() { Err(InvalidNode::Value) } else { Ok(value) }
    }
}

/// A subtree. Its place in the trie (the nibbles from the root to it) is known to whoever walks.
#[derive(Clone, Debug, Default)]
pub(super) enum Node<V> {
    #[default]
    Empty,
    /// Not loaded.
    Hash(B256),
    Leaf(Arc<Leaf<V>>),
    Extension(Arc<Extension<V>>),
    Branch(Arc<Branch<V>>),
}

/// The end of one key.
#[derive(Clone, Debug)]
pub(super) struct Leaf<V> {
    pub(super) key: B256,
    pub(super) value: V,
    pub(super) memo: Memo,
}

/// A path that several keys share, down to a branch at nibble `end`.
#[derive(Clone, Debug)]
pub(super) struct Extension<V> {
    /// Its nibbles up to `end` lead from the root to the branch; the rest means nothing.
    pub(super) key: B256,
    pub(super) end: usize,
    pub(super) child: Node<V>,
    pub(super) memo: Memo,
}

/// A fork into at least two subtrees. With keys of one length a branch has no value.
#[derive(Clone, Debug)]
pub(super) struct Branch<V> {
    pub(super) children: [Node<V>; 16],
    pub(super) memo: Memo,
}

/// What is remembered about a loaded node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memo {
    /// `None` after a change, and for nodes shorter than a hash.
    pub(super) hash: Option<B256>,
    /// When it was loaded or changed last.
    pub(super) epoch: u32,
}

impl Memo {
    pub(super) const fn dirty(epoch: u32) -> Self {
        Self { hash: None, epoch }
    }
}

impl<V: Value> Node<V> {
    pub(super) fn leaf(key: B256, value: V, epoch: u32) -> Self {
        Self::Leaf(Arc::new(Leaf { key, value, memo: Memo::dirty(epoch) }))
    }

    pub(super) fn extension(key: B256, end: usize, child: Self, epoch: u32) -> Self {
        Self::Extension(Arc::new(Extension { key, end, child, memo: Memo::dirty(epoch) }))
    }

    pub(super) fn branch(children: [Self; 16], epoch: u32) -> Self {
        Self::Branch(Arc::new(Branch { children, memo: Memo::dirty(epoch) }))
    }

    /// Moves a node that hangs at nibble `from` of `key` up to nibble `to`, where it is an only
    /// child. A node that is not loaded must be a branch.
    pub(super) fn lift(mut self, key: &B256, from: usize, to: usize, epoch: u32) -> Self {
        if from == to {
            return self;
        }
        match &mut self {
            Self::Empty => self,
            Self::Leaf(leaf) => {
                Arc::make_mut(leaf).memo = Memo::dirty(epoch);
                self
            }
            Self::Extension(extension) => {
                Arc::make_mut(extension).memo = Memo::dirty(epoch);
                self
            }
            Self::Branch(_) | Self::Hash(_) => Self::extension(*key, from, self, epoch),
        }
    }
}

/// The only child of a branch, if there is one, or how many there are.
pub(super) enum Children {
    None,
    One(usize),
    Many,
}

pub(super) fn count_children<V>(children: &[Node<V>; 16]) -> Children {
    let mut present = (0..16).filter(|&i| !matches!(children[i], Node::Empty));
    match (present.next(), present.next()) {
        (None, _) => Children::None,
        (Some(only), None) => Children::One(only),
        _ => Children::Many,
    }
}

/// Splits `items`, sorted by key, by the nibble at `depth`.
pub(super) fn groups<T>(
    items: &[(B256, T)],
    depth: usize,
) -> impl Iterator<Item = (usize, &[(B256, T)])> {
    items
        .chunk_by(move |a, b| path::nibble(&a.0, depth) == path::nibble(&b.0, depth))
        .map(move |group| (path::nibble(&group[0].0, depth), group))
}
