//! Changes to many keys in one walk.
//!
//! Insertions and removals go down together, and a branch looks at what is left of it only when all
//! of them are done. So a sibling is loaded only where the final trie needs it, whatever the order
//! of the edits.

use super::{
    InvalidNode, NodeSource, TrieError,
    decode::{Place, decode},
    node::{Children, Leaf, Memo, Node, Value, count_children, groups},
    path,
};
use alloc::{sync::Arc, vec, vec::Vec};
use alloy_primitives::B256;
use core::mem;

/// What becomes of one key.
pub(super) trait Edit<V> {
    /// The new value, given the old one; `None` removes the key. Pure: it may be asked twice.
    fn edit<S: NodeSource>(
        &self,
        old: Option<&V>,
        loader: &mut Loader<'_, S>,
    ) -> Result<Option<V>, TrieError>;
}

impl<V: Clone> Edit<V> for Option<V> {
    fn edit<S: NodeSource>(
        &self,
        _: Option<&V>,
        _: &mut Loader<'_, S>,
    ) -> Result<Option<V>, TrieError> {
        Ok(self.clone())
    }
}

/// Loads nodes, and counts them.
pub(super) struct Loader<'a, S> {
    pub(super) source: &'a S,
    /// Stamped on nodes that are loaded or changed.
    pub(super) epoch: u32,
    /// Nodes that came into memory.
    pub(super) loaded: usize,
}

impl<'a, S: NodeSource> Loader<'a, S> {
    pub(super) const fn new(source: &'a S, epoch: u32) -> Self {
        Self { source, epoch, loaded: 0 }
    }

    /// Makes sure that `node` is loaded.
    pub(super) fn resolve<V: Value>(
        &mut self,
        node: &mut Node<V>,
        place: Place<'_>,
    ) -> Result<(), TrieError> {
        if let Node::Hash(hash) = node {
            let rlp = self.source.node(*hash)?;
            self.loaded += 1;
            *node = decode(&rlp, *hash, place, self.epoch)?;
        }
        Ok(())
    }
}

/// Applies `edits`, sorted and without duplicates, to the subtree at `depth`; whether it changed.
pub(super) fn apply<V: Value, E: Edit<V>, S: NodeSource>(
    node: &mut Node<V>,
    depth: usize,
    edits: &[(B256, E)],
    loader: &mut Loader<'_, S>,
) -> Result<bool, TrieError> {
    let Some((key, _)) = edits.first() else { return Ok(false) };
    loader.resolve(node, Place { key, depth, below_extension: false })?;
    match node {
        Node::Empty => grow(node, None, depth, edits, loader),
        Node::Leaf(leaf) => {
            if let ([(key, edit)], Some(leaf)) = (edits, Some(&mut *leaf))
                && *key == leaf.key
            {
                return replace(node, edit, loader);
            }
            let leaf = leaf.clone();
            grow(node, Some(&leaf), depth, edits, loader)
        }
        Node::Extension(_) => apply_extension(node, depth, edits, loader),
        Node::Branch(_) => apply_branch(node, depth, edits, loader),
        // `resolve` leaves none.
        Node::Hash(hash) => Err(TrieError::Invalid { hash: *hash, reason: InvalidNode::Child }),
    }
}

/// Edits the value of a leaf in its place.
fn replace<V: Value, E: Edit<V>, S: NodeSource>(
    node: &mut Node<V>,
    edit: &E,
    loader: &mut Loader<'_, S>,
) -> Result<bool, TrieError> {
    let Node::Leaf(leaf) = node else { return Ok(false) };
    match edit.edit(Some(&leaf.value), loader)? {
        Some(value) => {
            let key = leaf.key;
            let new = Leaf { key, value, memo: Memo::dirty(loader.epoch) };
            match Arc::get_mut(leaf) {
                Some(leaf) => *leaf = new,
                None => *leaf = Arc::new(new),
            }
        }
        None => *node = Node::Empty,
    }
    Ok(true)
}

/// Makes a subtree of at most one leaf and what the edits add to it.
fn grow<V: Value, E: Edit<V>, S: NodeSource>(
    node: &mut Node<V>,
    mut leaf: Option<&Arc<Leaf<V>>>,
    depth: usize,
    edits: &[(B256, E)],
    loader: &mut Loader<'_, S>,
) -> Result<bool, TrieError> {
    let mut entries = Vec::with_capacity(edits.len() + 1);
    let mut changed = false;
    for (key, edit) in edits {
        let old = match leaf {
            Some(old) if old.key < *key => {
                entries.push((old.key, old.value.clone()));
                leaf = None;
                None
            }
            Some(old) if old.key == *key => leaf.take(),
            _ => None,
        };
        let new = edit.edit(old.map(|old| &old.value), loader)?;
        changed |= old.is_some() || new.is_some();
        entries.extend(new.map(|value| (*key, value)));
    }
    if !changed {
        return Ok(false);
    }
    entries.extend(leaf.map(|old| (old.key, old.value.clone())));
    loader.loaded += entries.len();
    let count = entries.len();
    *node = build(&mut entries.into_iter(), count, depth, loader.epoch);
    Ok(true)
}

/// The subtree at `depth` of the next `count` entries, which are sorted.
fn build<V: Value>(
    entries: &mut vec::IntoIter<(B256, V)>,
    count: usize,
    depth: usize,
    epoch: u32,
) -> Node<V> {
    if count < 2 {
        return entries.next().map_or(Node::Empty, |(key, value)| Node::leaf(key, value, epoch));
    }
    let slice = &entries.as_slice()[..count];
    let key = slice[0].0;
    let fork = path::common(&key, &slice[count - 1].0);
    let mut counts = [0; 16];
    groups(slice, fork).for_each(|(nibble, group)| counts[nibble] = group.len());
    let children = counts
        .map(|count| if count == 0 { Node::Empty } else { build(entries, count, fork + 1, epoch) });
    Node::branch(children, epoch).lift(&key, fork, depth, epoch)
}

fn apply_extension<V: Value, E: Edit<V>, S: NodeSource>(
    node: &mut Node<V>,
    depth: usize,
    edits: &[(B256, E)],
    loader: &mut Loader<'_, S>,
) -> Result<bool, TrieError> {
    let Node::Extension(shared) = node else { return Ok(false) };
    let (first, last) = (&edits[0].0, &edits[edits.len() - 1].0);
    let fork = path::common(&shared.key, first).min(path::common(&shared.key, last));
    if fork < shared.end {
        return fork_extension(node, depth, fork, edits, loader);
    }
    let extension = Arc::make_mut(shared);
    let (key, end) = (extension.key, extension.end);
    loader.resolve(&mut extension.child, Place { key: &key, depth: end, below_extension: true })?;
    if !apply(&mut extension.child, end, edits, loader)? {
        return Ok(false);
    }
    let child = mem::take(&mut extension.child);
    *node = child.lift(&key, end, depth, loader.epoch);
    Ok(true)
}

/// Applies edits of which some leave the extension's path at nibble `fork`.
fn fork_extension<V: Value, E: Edit<V>, S: NodeSource>(
    node: &mut Node<V>,
    depth: usize,
    fork: usize,
    edits: &[(B256, E)],
    loader: &mut Loader<'_, S>,
) -> Result<bool, TrieError> {
    let Node::Extension(extension) = node else { return Ok(false) };
    let (key, end, epoch) = (extension.key, extension.end, loader.epoch);
    let mut children: [Node<V>; 16] = Default::default();
    // Hangs at `end` as a branch, and at `fork + 1` as what is left of the extension.
    children[path::nibble(&key, fork)] = extension.child.clone().lift(&key, end, fork + 1, epoch);
    let mut changed = false;
    for (nibble, group) in groups(edits, fork) {
        changed |= apply(&mut children[nibble], fork + 1, group, loader)?;
    }
    if !changed {
        return Ok(false);
    }
    loader.loaded += 1;
    *node = match count_children(&children) {
        Children::None => Node::Empty,
        // An only child that is not loaded is the extension's branch, whose kind is known.
        Children::One(nibble) => {
            let key = path::with_nibble(&key, fork, nibble);
            mem::take(&mut children[nibble]).lift(&key, fork + 1, depth, epoch)
        }
        Children::Many => Node::branch(children, epoch).lift(&key, fork, depth, epoch),
    };
    Ok(true)
}

fn apply_branch<V: Value, E: Edit<V>, S: NodeSource>(
    node: &mut Node<V>,
    depth: usize,
    edits: &[(B256, E)],
    loader: &mut Loader<'_, S>,
) -> Result<bool, TrieError> {
    let Node::Branch(shared) = node else { return Ok(false) };
    let branch = Arc::make_mut(shared);
    let mut changed = false;
    for (nibble, group) in groups(edits, depth) {
        changed |= apply(&mut branch.children[nibble], depth + 1, group, loader)?;
    }
    if !changed {
        return Ok(false);
    }
    branch.memo = Memo::dirty(loader.epoch);
    match count_children(&branch.children) {
        Children::Many => {}
        Children::None => *node = Node::Empty,
        Children::One(nibble) => {
            let key = path::with_nibble(&edits[0].0, depth, nibble);
            let mut child = mem::take(&mut branch.children[nibble]);
            let place = Place { key: &key, depth: depth + 1, below_extension: false };
            // Only its kind tells what the branch becomes.
            loader.resolve(&mut child, place)?;
            *node = child.lift(&key, depth + 1, depth, loader.epoch);
        }
    }
    Ok(true)
}
