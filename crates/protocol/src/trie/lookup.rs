//! Ways from a root to a key.

use super::{
    NodeSource, Trie, TrieError,
    decode::{Place, decode},
    edit::Loader,
    node::{Node, Value},
    path,
};
use alloc::sync::Arc;
use alloy_primitives::{B256, Bytes};

/// Where the loaded part of a way ends.
pub(super) enum Found<'a, V> {
    Value(&'a V),
    Absent,
    /// At a node that is not loaded.
    Hash {
        hash: B256,
        depth: usize,
        below_extension: bool,
    },
}

/// Follows `key` from a subtree at `depth` as far as it is loaded.
pub(super) fn find<'a, V>(mut node: &'a Node<V>, key: &B256, mut depth: usize) -> Found<'a, V> {
    let mut below_extension = false;
    loop {
        match node {
            Node::Empty => return Found::Absent,
            Node::Hash(hash) => return Found::Hash { hash: *hash, depth, below_extension },
            Node::Leaf(leaf) if leaf.key == *key => return Found::Value(&leaf.value),
            Node::Leaf(_) => return Found::Absent,
            Node::Extension(extension) => {
                if path::common(&extension.key, key) < extension.end {
                    return Found::Absent;
                }
                (node, depth, below_extension) = (&extension.child, extension.end, true);
            }
            Node::Branch(branch) => {
                node = &branch.children[path::nibble(key, depth)];
                (depth, below_extension) = (depth + 1, false);
            }
        }
    }
}

/// The value at `key`, through loaded nodes first and then through the source.
pub(super) fn read<V: Value, S: NodeSource>(
    node: &Node<V>,
    source: &S,
    key: &B256,
) -> Result<Option<V>, TrieError> {
    walk(node, key, |hash| Ok(source.node(hash)?))
}

/// The value at `key`, through loaded nodes first and then through what `fetch` brings.
pub(super) fn walk<V: Value, E: From<TrieError>>(
    root: &Node<V>,
    key: &B256,
    mut fetch: impl FnMut(B256) -> Result<Bytes, E>,
) -> Result<Option<V>, E> {
    let mut found = find(root, key, 0);
    let mut node: Node<V>;
    loop {
        match found {
            Found::Value(value) => return Ok(Some(value.clone())),
            Found::Absent => return Ok(None),
            Found::Hash { hash, depth, below_extension } => {
                let place = Place { key, depth, below_extension };
                node = decode(&fetch(hash)?, hash, place, 0)?;
                found = find(&node, key, depth);
            }
        }
    }
}

impl<V: Value> Trie<V> {
    /// The value at `key`, if its way is loaded.
    pub(super) fn loaded(&self, key: &B256) -> Option<&V> {
        match find(&self.root, key, 0) {
            Found::Value(value) => Some(value),
            Found::Absent | Found::Hash { .. } => None,
        }
    }

    /// The value at `key`, to load what is inside of it. Not for changes: hashes are kept.
    pub(super) fn loaded_mut(&mut self, key: &B256) -> Option<&mut V> {
        let (mut node, mut depth) = (&mut self.root, 0);
        loop {
            match node {
                Node::Empty | Node::Hash(_) => return None,
                Node::Leaf(leaf) if leaf.key != *key => return None,
                Node::Leaf(leaf) => return Some(&mut Arc::make_mut(leaf).value),
                Node::Extension(extension) => {
                    if path::common(&extension.key, key) < extension.end {
                        return None;
                    }
                    depth = extension.end;
                    node = &mut Arc::make_mut(extension).child;
                }
                Node::Branch(branch) => {
                    node = &mut Arc::make_mut(branch).children[path::nibble(key, depth)];
                    depth += 1;
                }
            }
        }
    }

    /// Whether [`Trie::load`] has nothing to do.
    pub(super) fn is_loaded(&self, key: &B256) -> bool {
        !matches!(find(&self.root, key, 0), Found::Hash { .. })
    }

    /// Loads the way to `key`.
    pub(super) fn load<S: NodeSource>(
        &mut self,
        key: &B256,
        loader: &mut Loader<'_, S>,
    ) -> Result<(), TrieError> {
        // Copies no shared node where nothing is to be loaded.
        if self.is_loaded(key) { Ok(()) } else { load(&mut self.root, key, loader) }
    }
}

fn load<V: Value, S: NodeSource>(
    mut node: &mut Node<V>,
    key: &B256,
    loader: &mut Loader<'_, S>,
) -> Result<(), TrieError> {
    let (mut depth, mut below_extension) = (0, false);
    loop {
        loader.resolve(node, Place { key, depth, below_extension })?;
        match node {
            Node::Empty | Node::Leaf(_) | Node::Hash(_) => return Ok(()),
            Node::Extension(extension) => {
                if path::common(&extension.key, key) < extension.end {
                    return Ok(());
                }
                (depth, below_extension) = (extension.end, true);
                node = &mut Arc::make_mut(extension).child;
            }
            Node::Branch(branch) => {
                node = &mut Arc::make_mut(branch).children[path::nibble(key, depth)];
                (depth, below_extension) = (depth + 1, false);
            }
        }
    }
}
