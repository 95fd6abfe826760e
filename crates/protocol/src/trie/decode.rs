//! Nodes from RLP. Total, and strict: what no trie would write is refused, so that a state has one
//! set of nodes.

use super::{
    TrieError,
    node::{Branch, Children, Extension, Leaf, Memo, Node, Value, count_children},
    path,
};
use alloc::sync::Arc;
use alloy_primitives::B256;
use alloy_rlp::Header;
use thiserror::Error;

/// Length of a hash, and from where on a node is referred to by its hash.
const HASH_LEN: usize = 32;

/// Items of a branch: sixteen children and a value.
const BRANCH_ITEMS: usize = 17;

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidNode {
    /// Not canonical RLP of 2 or 17 items.
    #[error("not RLP of a node")]
    Rlp,
    /// Wrong hex-prefix flags, or a path that does not fit keys of 32 bytes.
    #[error("bad path")]
    Path,
    /// Neither a hash nor a node shorter than one.
    #[error("bad reference to a child")]
    Child,
    /// A branch with a value, or with fewer than two children.
    #[error("bad branch")]
    Branch,
    /// An extension that does not lead to a branch.
    #[error("extension without a branch")]
    Extension,
    /// Not the canonical encoding of the leaf's value.
    #[error("bad value")]
    Value,
}

/// Where a node hangs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The node's nibbles up to `depth`; the rest means nothing.
    pub(super) key: &'a B256,
    pub(super) depth: usize,
    /// Below an extension only a branch may be.
    pub(super) below_extension: bool,
}

/// Decodes the node with this hash.
pub(super) fn decode<V: Value>(
    rlp: &[u8],
    hash: B256,
    place: Place<'_>,
    epoch: u32,
) -> Result<Node<V>, TrieError> {
    // A node this short would be part of its parent.
    let embeddable = rlp.len() < HASH_LEN && place.depth > 0;
    let node = if embeddable {
        Err(InvalidNode::Child)
    } else {
        decode_node(rlp, place, Some(hash), epoch)
    };
    node.map_err(|reason| TrieError::Invalid { hash, reason })
}

fn decode_node<V: Value>(
    mut rlp: &[u8],
    place: Place<'_>,
    hash: Option<B256>,
    epoch: u32,
) -> Result<Node<V>, InvalidNode> {
    let mut payload = Header::decode_bytes(&mut rlp, true).map_err(|_| InvalidNode::Rlp)?;
    if !rlp.is_empty() {
        return Err(InvalidNode::Rlp);
    }
    let mut items = [&[][..]; BRANCH_ITEMS];
    let mut count = 0;
    while !payload.is_empty() {
        *items.get_mut(count).ok_or(InvalidNode::Rlp)? = take_item(&mut payload)?;
        count += 1;
    }
    let memo = Memo { hash, epoch };
    match count {
        BRANCH_ITEMS => decode_branch(&items, place, memo),
        2 => decode_short(items[0], items[1], place, memo),
        _ => Err(InvalidNode::Rlp),
    }
}

fn decode_branch<V: Value>(
    items: &[&[u8]; BRANCH_ITEMS],
    place: Place<'_>,
    memo: Memo,
) -> Result<Node<V>, InvalidNode> {
    let Place { key, depth, .. } = place;
    if depth >= path::KEY_NIBBLES || items[16] != [alloy_rlp::EMPTY_STRING_CODE] {
        return Err(InvalidNode::Branch);
    }
    let mut children: [Node<V>; 16] = Default::default();
    for (nibble, (child, item)) in children.iter_mut().zip(items).enumerate() {
        if **item != [alloy_rlp::EMPTY_STRING_CODE] {
            let key = path::with_nibble(key, depth, nibble);
            let place = Place { key: &key, depth: depth + 1, below_extension: false };
            *child = decode_child(item, place, memo.epoch)?;
        }
    }
    match count_children(&children) {
        Children::Many => Ok(Node::Branch(Arc::new(Branch { children, memo }))),
        _ => Err(InvalidNode::Branch),
    }
}

fn decode_short<V: Value>(
    path: &[u8],
    item: &[u8],
    place: Place<'_>,
    memo: Memo,
) -> Result<Node<V>, InvalidNode> {
    if place.below_extension {
        return Err(InvalidNode::Extension);
    }
    let path = path::decode(string(path)?, place.key, place.depth)?;
    if path.leaf {
        let value = V::decode_value(string(item)?)?;
        return Ok(Node::Leaf(Arc::new(Leaf { key: path.key, value, memo })));
    }
    let place = Place { key: &path.key, depth: path.end, below_extension: true };
    let child = decode_child(item, place, memo.epoch)?;
    Ok(Node::Extension(Arc::new(Extension { key: path.key, end: path.end, child, memo })))
}

/// A hash, or a node short enough to stand in its parent.
fn decode_child<V: Value>(
    item: &[u8],
    place: Place<'_>,
    epoch: u32,
) -> Result<Node<V>, InvalidNode> {
    if item[0] < alloy_rlp::EMPTY_LIST_CODE {
        let hash = B256::try_from(string(item)?).map_err(|_| InvalidNode::Child)?;
        return Ok(Node::Hash(hash));
    }
    if item.len() >= HASH_LEN {
        return Err(InvalidNode::Child);
    }
    decode_node(item, place, None, epoch)
}

/// The next item with its header; never empty.
fn take_item<'a>(payload: &mut &'a [u8]) -> Result<&'a [u8], InvalidNode> {
    let whole = *payload;
    let header = Header::decode(payload).map_err(|_| InvalidNode::Rlp)?;
    let len = whole.len() - payload.len() + header.payload_length;
    let item = whole.get(..len).ok_or(InvalidNode::Rlp)?;
    *payload = &whole[len..];
    Ok(item)
}

fn string(mut item: &[u8]) -> Result<&[u8], InvalidNode> {
    Header::decode_bytes(&mut item, false).map_err(|_| InvalidNode::Rlp)
}
