//! The history that is proved is the one that claims stand for and the game is about.

use alloy_primitives::{B256, keccak256};
use altana_dispute::{Heights, History};
use altana_proof::{BATCHES_MAX, history_root};
use altana_protocol::batch::BLOCKS_MAX;
use proptest::{collection::vec, prelude::*};

/// Batches of so many blocks; every block has another leaf.
fn batches(blocks: &[usize]) -> Vec<Vec<B256>> {
    let leaf =
        |batch: usize, block: usize| keccak256([batch.to_be_bytes(), block.to_be_bytes()].concat());
    let batch =
        |(batch, blocks): (usize, &usize)| (0..*blocks).map(|block| leaf(batch, block)).collect();
    blocks.iter().enumerate().map(batch).collect()
}

/// Leaf by leaf, as docs/dispute.md §1 says it.
fn expect(batches: &[Vec<B256>]) -> B256 {
    let mut leaves = Vec::new();
    for step in 0..BATCHES_MAX * BLOCKS_MAX {
        let batch = batches.get(step / BLOCKS_MAX).map_or(&[][..], Vec::as_slice);
        let before = leaves.last().copied();
        leaves.extend(batch.get(step % BLOCKS_MAX).copied().or(before));
    }
    History::new(Heights::REAL.blocks, leaves).unwrap().root()
}

fn check(blocks: &[usize]) {
    let batches = batches(blocks);
    assert_eq!(history_root(batches.clone()), expect(&batches), "{blocks:?}");
}

#[test]
fn histories_of_few_and_of_all_blocks() {
    assert_eq!(1 << Heights::REAL.blocks, BATCHES_MAX * BLOCKS_MAX);
    assert_eq!(Heights::REAL.blocks_per_batch(), BLOCKS_MAX as u64);
    for blocks in [1, 2, 3, BLOCKS_MAX - 1, BLOCKS_MAX] {
        for batches in 1..=BATCHES_MAX {
            check(&vec![blocks; batches]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn histories_are_those_of_the_game(blocks in vec(1..=BLOCKS_MAX, 1..=BATCHES_MAX)) {
        check(&blocks);
    }
}
