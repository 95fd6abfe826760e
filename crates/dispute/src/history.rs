//! Histories: lists of 2^height leaves under a binary tree, of which only what happened is hashed
//! (docs/dispute.md §1, §4).

use crate::heights::HEIGHT_MAX;
use alloy_primitives::{B256, keccak256};
use thiserror::Error;

/// Leaves that a history has at most: 2^22.
pub const LEAVES_MAX: usize = 1 << HEIGHT_MAX;

/// No such history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// It needs a last leaf to repeat.
    #[error("a history without leaves")]
    Empty,
    /// Heights end at 22.
    #[error("a history of height {0}")]
    TooHigh(u8),
    /// More leaves than the height has room for.
    #[error("{leaves} leaves in a history of height {height}")]
    TooLong {
        /// Leaves given.
        leaves: usize,
        /// The height.
        height: u8,
    },
}

/// The hash of a node with these children.
pub fn hash_pair(left: B256, right: B256) -> B256 {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(left.as_slice());
    bytes[32..].copy_from_slice(right.as_slice());
    keccak256(bytes)
}

/// 2^height leaves and the tree over them. Behind its end it repeats its last leaf.
///
/// It takes 64 bytes for each leaf that was given, and none for those that repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// At each height, from the leaves upwards: the nodes that are over a leaf that was given.
    rows: Vec<Vec<B256>>,
    /// At each height: the node over nothing but repetitions of the last leaf.
    padding: Vec<B256>,
}

impl History {
    /// The history with these leaves, the last one repeated.
    pub fn new(height: u8, mut leaves: Vec<B256>) -> Result<Self, HistoryError> {
        if height > HEIGHT_MAX {
            return Err(HistoryError::TooHigh(height));
        }
        if leaves.len() > 1 << height {
            return Err(HistoryError::TooLong { leaves: leaves.len(), height });
        }
        let last = *leaves.last().ok_or(HistoryError::Empty)?;
        let given = leaves.iter().rposition(|leaf| *leaf != last).map_or(1, |at| at + 2);
        leaves.truncate(given);

        let (mut rows, mut padding) = (vec![leaves], vec![last]);
        for below in 0..usize::from(height) {
            let (row, pad) = (&rows[below], padding[below]);
            let over = |pair: &[B256]| hash_pair(pair[0], *pair.get(1).unwrap_or(&pad));
            let next = row.chunks(2).map(over).collect();
            rows.push(next);
            padding.push(hash_pair(pad, pad));
        }
        Ok(Self { rows, padding })
    }

    /// It has 2^height leaves.
    pub fn height(&self) -> u8 {
        self.rows.len() as u8 - 1
    }

    /// Bytes of memory that it takes, about.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row.len() * size_of::<B256>()).sum()
    }

    /// Leaves before the last one begins to repeat, it included.
    pub fn given(&self) -> u64 {
        self.rows[0].len() as u64
    }

    /// The node over all leaves.
    pub fn root(&self) -> B256 {
        self.node(self.height(), 0)
    }

    /// The `index`-th node over 2^height leaves.
    ///
    /// # Panics
    ///
    /// If the history has no such node; so do all functions that name one.
    pub fn node(&self, height: u8, index: u64) -> B256 {
        assert!(height <= self.height() && index < 1 << (self.height() - height), "no such node");
        let height = usize::from(height);
        *self.rows[height].get(index as usize).unwrap_or(&self.padding[height])
    }

    /// The state after step `index`.
    pub fn leaf(&self, index: u64) -> B256 {
        self.node(0, index)
    }

    /// The last leaf: how the history ends.
    pub fn last(&self) -> B256 {
        self.padding[0]
    }

    /// The two nodes below one that is not a leaf.
    pub fn children(&self, height: u8, index: u64) -> (B256, B256) {
        (self.node(height - 1, 2 * index), self.node(height - 1, 2 * index + 1))
    }

    /// What a node's edge says of everything before it: see [`crate::Edge::prefix`].
    pub fn prefix(&self, height: u8, index: u64) -> B256 {
        let mut prefix = B256::ZERO;
        for at in (height..self.height()).rev() {
            let node = index >> (at - height);
            if node % 2 == 1 {
                prefix = hash_pair(prefix, self.node(at, node - 1));
            }
        }
        prefix
    }

    /// The nodes left of the path from the last leaf to the root, from the leaf upwards.
    pub fn spine(&self) -> Vec<B256> {
        let top = self.height();
        (0..top).map(|height| self.node(height, (1 << (top - height)) - 2)).collect()
    }

    /// The proof of the leaf before `index` ([`leaf_before`]). The first leaf needs none.
    pub fn before(&self, index: u64) -> Vec<B256> {
        if index == 0 {
            return Vec::new();
        }
        // The leaf before is the last one below the node left of the path to `index`, where this
        // path last went right.
        let (last, top) = (index - 1, index.trailing_zeros() as u8);
        let mut proof = vec![self.leaf(last)];
        proof.extend((0..top).map(|height| self.node(height, (last >> height) - 1)));
        proof.push(self.prefix(top, last >> top));
        proof
    }
}

/// The root of a history with this last leaf, and these nodes left of the path to it.
pub fn root_from_spine(last: B256, spine: &[B256]) -> B256 {
    spine.iter().fold(last, |node, left| hash_pair(*left, node))
}

/// The proof is not one of the leaf before this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the prefix does not end in this leaf")]
pub struct NotInPrefix;

/// The leaf before a leaf with this index and prefix, by its proof; `None` if it is the first.
pub fn leaf_before(index: u64, prefix: B256, proof: &[B256]) -> Result<Option<B256>, NotInPrefix> {
    if index == 0 {
        return if proof.is_empty() { Ok(None) } else { Err(NotInPrefix) };
    }
    let [leaf, lefts @ .., before] = proof else { return Err(NotInPrefix) };
    if lefts.len() != index.trailing_zeros() as usize {
        return Err(NotInPrefix);
    }
    let node = root_from_spine(*leaf, lefts);
    if hash_pair(*before, node) == prefix { Ok(Some(*leaf)) } else { Err(NotInPrefix) }
}
