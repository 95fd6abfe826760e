//! The history of blocks that a claim stands for (docs/dispute.md §1).

use alloc::{vec, vec::Vec};
use alloy_primitives::{B256, keccak256};
use altana_protocol::batch::BLOCKS_MAX;

use crate::BATCHES_MAX;

/// Of the tree over a batch's blocks, and of the one over a claim's batches.
const BLOCKS_HEIGHT: u32 = BLOCKS_MAX.ilog2();
const BATCHES_HEIGHT: u32 = BATCHES_MAX.ilog2();

/// The root of the history with the block leaves of these batches. Behind a batch's last leaf, and
/// behind the last batch, leaves repeat.
pub fn history_root(batches: impl IntoIterator<Item = Vec<B256>>) -> B256 {
    let (mut roots, mut last) = (Vec::new(), B256::ZERO);
    for leaves in batches {
        last = leaves.last().copied().unwrap_or(last);
        roots.push(root(leaves, last, BLOCKS_HEIGHT));
    }
    root(roots, root(vec![], last, BLOCKS_HEIGHT), BATCHES_HEIGHT)
}

/// The root over 2^height nodes: these, and behind them one that repeats.
fn root(mut nodes: Vec<B256>, mut behind: B256, height: u32) -> B256 {
    for _ in 0..height {
        let over = |pair: &[B256]| hash_pair(pair[0], *pair.get(1).unwrap_or(&behind));
        nodes = nodes.chunks(2).map(over).collect();
        behind = hash_pair(behind, behind);
    }
    nodes.first().copied().unwrap_or(behind)
}

fn hash_pair(left: B256, right: B256) -> B256 {
    keccak256([left.0, right.0].as_flattened())
}
