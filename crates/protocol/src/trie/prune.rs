//! Forgetting loaded nodes, so that memory stays bounded.

use super::node::{Node, Value};
use alloc::sync::Arc;
use alloy_primitives::B256;

/// Ages are sorted into this many classes, each twice as wide as the one before.
const CLASSES: usize = 32;

/// Stamp of the oldest nodes to keep, so that about `keep` nodes remain.
pub(super) fn cutoff<V: Value>(root: &Node<V>, now: u32, keep: usize) -> u32 {
    let mut classes = [0_usize; CLASSES + 1];
    count(root, &mut |epoch| {
        let age = now.wrapping_sub(epoch);
        classes[(u32::BITS - age.leading_zeros()) as usize] += 1;
    });
    let mut kept = 0;
    let full = classes.iter().position(|count| {
        kept += count;
        kept > keep
    });
    match full {
        // Class `n` holds ages from 2^(n-1) on: all of them go, even the newest if need be.
        Some(0) => now.wrapping_add(1),
        Some(class) => now.wrapping_sub((1 << (class - 1)) - 1),
        None => 0,
    }
}

/// Reports the stamp of every loaded node.
pub(super) fn count<V: Value>(node: &Node<V>, report: &mut dyn FnMut(u32)) {
    match node {
        Node::Empty | Node::Hash(_) => {}
        Node::Leaf(leaf) => {
            report(leaf.memo.epoch);
            leaf.value.count(report);
        }
        Node::Extension(extension) => {
            report(extension.memo.epoch);
            count(&extension.child, report);
        }
        Node::Branch(branch) => {
            report(branch.memo.epoch);
            branch.children.iter().for_each(|child| count(child, report));
        }
    }
}

/// Replaces hashed nodes with stamps below `cutoff` by their hashes; counts the nodes that remain.
pub(super) fn prune<V: Value>(node: &mut Node<V>, cutoff: u32) -> usize {
    let forget = |hash: Option<B256>, epoch: u32| hash.filter(|_| epoch < cutoff);
    let (hash, kept) = match node {
        Node::Empty | Node::Hash(_) => return 0,
        Node::Leaf(leaf) => match forget(leaf.memo.hash, leaf.memo.epoch) {
            Some(hash) => (Some(hash), 0),
            None => (None, 1 + Arc::make_mut(leaf).value.prune(cutoff)),
        },
        Node::Extension(extension) => match forget(extension.memo.hash, extension.memo.epoch) {
            Some(hash) => (Some(hash), 0),
            None => (None, 1 + prune(&mut Arc::make_mut(extension).child, cutoff)),
        },
        Node::Branch(branch) => match forget(branch.memo.hash, branch.memo.epoch) {
            Some(hash) => (Some(hash), 0),
            None => {
                let children = Arc::make_mut(branch).children.iter_mut();
                (None, 1 + children.map(|child| prune(child, cutoff)).sum::<usize>())
            }
        },
    };
    if let Some(hash) = hash {
        *node = Node::Hash(hash);
    }
    kept
}
