//! Edges: nodes of histories at their places, and what they are hashed to (docs/dispute.md §4).

use crate::{Heights, history::hash_pair};
use alloy_primitives::{B256, U256, keccak256};

/// A node of a history, at its place. Two with one place and different nodes are rivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Level 0: the parent claim's index; else the place of the edge that this level refines.
    pub origin: B256,
    /// 0 blocks, 1 strides, 2 instructions.
    pub level: u8,
    /// The node covers 2^height leaves.
    pub height: u8,
    /// Which node of this height.
    pub index: u64,
    /// Everything before it: 0 at the root; of a left child, its parent's; of a right child,
    /// keccak256(prefix ++ left).
    pub prefix: B256,
    /// The node.
    pub node: B256,
}

impl Edge {
    /// The root edge of a claim on claim `parent`.
    pub fn of_claim(parent: u64, heights: &Heights, node: B256) -> Self {
        Self::root(B256::from(U256::from(parent)), 0, heights, node)
    }

    /// The root edge of the next level that refines this edge: a single block or stride.
    ///
    /// # Panics
    ///
    /// At level 2, which has no next one.
    pub fn refinement(&self, heights: &Heights, node: B256) -> Self {
        Self::root(self.place(), self.level + 1, heights, node)
    }

    /// The first edge of a level.
    pub(crate) fn root(origin: B256, level: u8, heights: &Heights, node: B256) -> Self {
        Self { origin, level, height: heights.of(level), index: 0, prefix: B256::ZERO, node }
    }

    /// Where it is, whatever its node.
    pub fn place(&self) -> B256 {
        let [level, height, index] =
            [U256::from(self.level), U256::from(self.height), U256::from(self.index)]
                .map(B256::from);
        keccak256([self.origin, level, height, index, self.prefix].concat())
    }

    /// Its name in the contract.
    pub fn id(&self) -> B256 {
        hash_pair(self.place(), self.node)
    }

    /// The edges of its two halves; `None` if these are not they, or it is a single leaf.
    pub fn children(&self, left: B256, right: B256) -> Option<[Self; 2]> {
        if self.height == 0 || hash_pair(left, right) != self.node {
            return None;
        }
        let (height, index) = (self.height - 1, 2 * self.index);
        let prefix = hash_pair(self.prefix, left);
        Some([
            Self { height, index, node: left, ..*self },
            Self { height, index: index + 1, prefix, node: right, ..*self },
        ])
    }
}

/// The leaf of a block: keccak256(abi.encode(bytes32 outputRoot, uint64 blockNumber)).
pub fn block_leaf(output_root: B256, block_number: u64) -> B256 {
    hash_pair(output_root, U256::from(block_number).into())
}

/// The input of the program that executes one block:
/// keccak256(abi.encode(bytes32 configHash, bytes32 blockLeaf, bytes32 batchHash, uint64 blockIndex)),
/// with the leaf of the block before.
pub fn input(config_hash: B256, block_leaf: B256, batch_hash: B256, block_index: u64) -> B256 {
    keccak256([config_hash, block_leaf, batch_hash, U256::from(block_index).into()].concat())
}
