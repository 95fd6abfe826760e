//! Histories against a full tree, and their proofs against those who check them.

use alloy_primitives::B256;
use altana_dispute::{
    History, HistoryError, LEAVES_MAX, NotInPrefix, hash_pair, leaf_before, root_from_spine,
};
use proptest::{collection::vec, prelude::*};

/// All nodes, at each height.
fn full_tree(height: u8, leaves: &[B256]) -> Vec<Vec<B256>> {
    let mut row = leaves.to_vec();
    row.resize(1 << height, *leaves.last().unwrap());
    let mut rows = vec![row];
    for _ in 0..height {
        let pairs = rows.last().unwrap().chunks(2);
        rows.push(pairs.map(|pair| hash_pair(pair[0], pair[1])).collect());
    }
    rows
}

/// Going down from the root, each step right puts what lies left into the prefix.
fn naive_prefix(rows: &[Vec<B256>], height: usize, index: usize) -> B256 {
    if height == rows.len() - 1 {
        return B256::ZERO;
    }
    let above = naive_prefix(rows, height + 1, index / 2);
    if index.is_multiple_of(2) { above } else { hash_pair(above, rows[height][index - 1]) }
}

fn histories() -> impl Strategy<Value = (u8, Vec<B256>)> {
    // Few different leaves, so that some repeat.
    let leaf = (0..3_u8).prop_map(B256::repeat_byte);
    (0..=6_u8).prop_flat_map(move |height| (Just(height), vec(leaf.clone(), 1..=1 << height)))
}

proptest! {
    #[test]
    fn a_history_is_the_full_tree_over_its_repeated_leaves((height, leaves) in histories()) {
        let history = History::new(height, leaves.clone()).unwrap();
        let rows = full_tree(height, &leaves);
        prop_assert_eq!(history.height(), height);
        prop_assert_eq!(history.root(), rows[usize::from(height)][0]);
        prop_assert_eq!(history.last(), *leaves.last().unwrap());
        for (at, row) in rows.iter().enumerate() {
            for (index, node) in row.iter().enumerate() {
                prop_assert_eq!(history.node(at as u8, index as u64), *node);
                let prefix = naive_prefix(&rows, at, index);
                prop_assert_eq!(history.prefix(at as u8, index as u64), prefix);
                if at > 0 {
                    let (left, right) = history.children(at as u8, index as u64);
                    prop_assert_eq!(hash_pair(left, right), *node);
                }
            }
        }
    }

    #[test]
    fn the_spine_and_the_last_leaf_give_the_root((height, leaves) in histories()) {
        let history = History::new(height, leaves).unwrap();
        let spine = history.spine();
        prop_assert_eq!(spine.len(), usize::from(height));
        prop_assert_eq!(root_from_spine(history.last(), &spine), history.root());
    }

    #[test]
    fn the_leaf_before_is_proven_by_the_prefix((height, leaves) in histories(), bad in any::<usize>()) {
        let history = History::new(height, leaves).unwrap();
        for index in 0..1 << height {
            let (prefix, mut proof) = (history.prefix(0, index), history.before(index));
            let before = (index > 0).then(|| history.leaf(index - 1));
            prop_assert_eq!(leaf_before(index, prefix, &proof), Ok(before));

            proof.push(B256::ZERO);
            prop_assert_eq!(leaf_before(index, prefix, &proof), Err(NotInPrefix));
            proof.pop();
            if index > 0 {
                let at = bad % proof.len();
                proof[at] = !proof[at];
                prop_assert_eq!(leaf_before(index, prefix, &proof), Err(NotInPrefix));
                proof.pop();
                prop_assert_eq!(leaf_before(index, prefix, &proof), Err(NotInPrefix));
            }
        }
    }
}

#[test]
fn a_history_of_the_greatest_height_with_few_leaves_is_cheap_and_right() {
    let leaves: Vec<B256> = (1..=5).map(B256::repeat_byte).collect();
    let history = History::new(22, leaves).unwrap();
    assert_eq!(root_from_spine(history.last(), &history.spine()), history.root());
    for index in [1, 2, 4, 5, 1 << 21, (1 << 22) - 1] {
        let before = leaf_before(index, history.prefix(0, index), &history.before(index));
        assert_eq!(before, Ok(Some(history.leaf(index - 1))), "{index}");
    }
}

#[test]
fn a_history_holds_four_million_leaves() {
    let leaf = |at: usize| B256::left_padding_from(&at.to_be_bytes());
    let history = History::new(22, (0..LEAVES_MAX).map(leaf).collect()).unwrap();
    assert_eq!(history.given(), LEAVES_MAX as u64);
    assert_eq!(root_from_spine(history.last(), &history.spine()), history.root());
}

#[test]
fn a_history_needs_a_leaf_and_has_room_for_so_many() {
    let check = |height, leaves, error| {
        assert_eq!(History::new(height, vec![B256::ZERO; leaves]), Err(error));
    };
    check(3, 0, HistoryError::Empty);
    check(3, 9, HistoryError::TooLong { leaves: 9, height: 3 });
    check(23, 1, HistoryError::TooHigh(23));
    check(255, 1, HistoryError::TooHigh(255));
}
