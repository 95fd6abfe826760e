//! The tree inside a page. When a page changes, only the paths from its changed leaves are hashed.

use crate::{
    proof::parent,
    tree::{PAGE_BYTES, Page},
};
use alloy_primitives::B256;

/// Levels of the tree inside a page.
pub(crate) const PAGE_LEVELS: usize = 7;

/// Leaves of a page: a bit each of a `u128`.
const LEAVES: usize = PAGE_BYTES / 32;
const _: () = assert!(LEAVES == 1 << PAGE_LEVELS && LEAVES == u128::BITS as usize);

/// The inner nodes of a page. Node 1 is the root, and nodes `2 i` and `2 i + 1` are below node `i`.
#[derive(Clone, Debug)]
pub(crate) struct PageHashes([B256; LEAVES]);

impl PageHashes {
    pub(crate) fn new(bytes: &Page) -> Self {
        Self([B256::ZERO; LEAVES]).with_changes(bytes, u128::MAX)
    }

    /// The nodes after these leaves have changed.
    pub(crate) fn with_changes(&self, bytes: &Page, leaves: u128) -> Self {
        let mut next = self.clone();
        let mut changed = leaves;
        for height in 0..PAGE_LEVELS {
            // A bit for each pair of nodes of this height.
            changed = pairs(changed);
            let first = LEAVES >> (height + 1);
            for index in (0..first).filter(|index| changed >> index & 1 == 1) {
                let left = next.node(bytes, height, 2 * index);
                let right = next.node(bytes, height, 2 * index + 1);
                next.0[first + index] = parent(height, &left, &right);
            }
        }
        next
    }

    pub(crate) const fn root(&self) -> B256 {
        self.0[1]
    }

    /// The node with this index among those of a height below the root.
    pub(crate) fn node(&self, bytes: &Page, height: usize, index: usize) -> B256 {
        match height {
            0 => B256::new(bytes.as_chunks().0[index]),
            _ => self.0[(LEAVES >> height) + index],
        }
    }
}

/// Bit `i` says whether bit `2 i` or `2 i + 1` is set.
fn pairs(bits: u128) -> u128 {
    (0..LEAVES / 2)
        .fold(0, |pairs, index| pairs | u128::from(bits >> (2 * index) & 3 != 0) << index)
}

/// The leaves in which two versions of a page differ.
pub(crate) fn changed_leaves(a: &Page, b: &Page) -> u128 {
    let leaves = a.as_chunks::<32>().0.iter().zip(b.as_chunks::<32>().0);
    leaves.enumerate().fold(0, |bits, (index, (a, b))| bits | u128::from(a != b) << index)
}
