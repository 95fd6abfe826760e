//! What is kept in memory for speed: recent blocks, and tries of recent states.

use crate::{Block, state::Trie};
use alloy_primitives::{B256, map::B256Map};
use std::{collections::VecDeque, sync::Arc};

/// States whose tries stay loaded: the head's, and those that a short reorganisation goes back to.
const TRIES_MAX: usize = 4;

/// The newest blocks that were committed or read, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct BlockCache {
    blocks: B256Map<Arc<Block>>,
    order: VecDeque<(B256, usize)>,
    bytes: usize,
    bytes_max: usize,
}

impl BlockCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { blocks: B256Map::default(), order: VecDeque::new(), bytes: 0, bytes_max }
    }

    pub(crate) fn get(&self, hash: &B256) -> Option<Arc<Block>> {
        self.blocks.get(hash).cloned()
    }

    pub(crate) fn insert(&mut self, block: &Arc<Block>) {
        let hash = block.hash();
        if self.blocks.insert(hash, Arc::clone(block)).is_some() {
            return;
        }
        let bytes = size(block);
        self.bytes += bytes;
        self.order.push_back((hash, bytes));
        // The newest stays, however long it is.
        while self.bytes > self.bytes_max && self.order.len() > 1 {
            if let Some((oldest, bytes)) = self.order.pop_front() {
                self.blocks.remove(&oldest);
                self.bytes -= bytes;
            }
        }
    }
}

/// About how much memory a block takes.
fn size(block: &Block) -> usize {
    use alloy_consensus::Transaction as _;
    let transactions = block.transactions.iter().map(|tx| 512 + tx.inner().input().len());
    let logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
    let logs = logs.map(|log| 256 + log.data.data.len());
    1024 + transactions.sum::<usize>() + 64 * block.receipts.len() + logs.sum::<usize>()
}

/// Loaded tries by their roots.
#[derive(Debug, Default)]
pub(crate) struct TrieCache {
    tries: VecDeque<Trie>,
}

impl TrieCache {
    pub(crate) fn get(&self, root: B256) -> Option<Trie> {
        self.tries.iter().find(|trie| trie.root() == root).cloned()
    }

    pub(crate) fn insert(&mut self, trie: Trie) {
        self.tries.retain(|other| other.root() != trie.root());
        self.tries.push_front(trie);
        self.tries.truncate(TRIES_MAX);
    }

    /// Keeps each trie within a number of nodes.
    pub(crate) fn prune_all(&mut self, max_nodes: usize) {
        self.tries.iter_mut().for_each(|trie| trie.prune(max_nodes));
    }
}
