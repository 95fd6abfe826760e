//! Edges and leaves are hashed as Solidity's `abi.encode` has it.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::{SolValue, sol};
use altana_dispute::{
    Edge, Heights, History, block_leaf, end_state_leaf, end_state_with_leaf, input,
};
use proptest::prelude::*;

sol! {
    struct Place { bytes32 origin; uint8 level; uint8 height; uint64 index; bytes32 prefix; }
    struct Id { bytes32 place; bytes32 node; }
    struct BlockLeaf { bytes32 outputRoot; uint64 blockNumber; }
    struct Input { bytes32 configHash; bytes32 blockLeaf; bytes32 batchHash; uint64 blockIndex; }
}

fn word() -> impl Strategy<Value = B256> {
    any::<[u8; 32]>().prop_map(B256::from)
}

proptest! {
    #[test]
    fn places_and_ids_are_abi_encoded(
        (origin, prefix, node) in (word(), word(), word()),
        (level, height, index) in (any::<u8>(), any::<u8>(), any::<u64>()),
    ) {
        let edge = Edge { origin, level, height, index, prefix, node };
        let place = keccak256(Place { origin, level, height, index, prefix }.abi_encode());
        prop_assert_eq!(edge.place(), place);
        prop_assert_eq!(edge.id(), keccak256(Id { place, node }.abi_encode()));
    }

    #[test]
    fn leaves_and_inputs_are_abi_encoded(a in word(), b in word(), c in word(), number in any::<u64>()) {
        let leaf = BlockLeaf { outputRoot: a, blockNumber: number };
        prop_assert_eq!(block_leaf(a, number), keccak256(leaf.abi_encode()));
        let program = Input { configHash: a, blockLeaf: b, batchHash: c, blockIndex: number };
        prop_assert_eq!(input(a, b, c, number), keccak256(program.abi_encode()));
    }

    #[test]
    fn an_edge_of_a_history_has_that_histories_halves(
        leaves in proptest::collection::vec(word(), 1..=16),
        path in any::<u64>(),
    ) {
        let heights = Heights { blocks: 4, strides: 1, steps: 1 };
        let history = History::new(4, leaves).unwrap();
        let mut edge = Edge::of_claim(7, &heights, history.root());
        prop_assert_eq!(edge.origin, B256::from(U256::from(7)));
        while edge.height > 0 {
            let (left, right) = history.children(edge.height, edge.index);
            prop_assert_eq!(edge.children(right, !left), None);
            edge = edge.children(left, right).unwrap()[(path >> edge.height & 1) as usize];
            prop_assert_eq!(edge.node, history.node(edge.height, edge.index));
            prop_assert_eq!(edge.prefix, history.prefix(edge.height, edge.index));
        }
        prop_assert_eq!(edge.children(B256::ZERO, B256::ZERO), None);
    }

    #[test]
    fn an_end_state_holds_the_leaf_in_little_endian_registers(leaf in word()) {
        let state = end_state_with_leaf(&[0; 297], leaf);
        prop_assert_eq!(end_state_leaf(&state), Some(leaf));
        for register in 0..4 {
            let at = 49 + 8 * (10 + register);
            let encoded = u64::from_be_bytes(state[at..at + 8].try_into().unwrap());
            prop_assert_eq!(&encoded.to_le_bytes()[..], &leaf[8 * register..8 * register + 8]);
        }
    }
}

#[test]
fn an_end_state_of_another_status_or_length_holds_no_leaf() {
    let mut state = vec![0; 297];
    assert_eq!(end_state_leaf(&state), Some(B256::ZERO));
    state[48] = 3;
    assert_eq!(end_state_leaf(&state), None);
    assert_eq!(end_state_leaf(&[0; 296]), None);
    assert_eq!(end_state_leaf(&[]), None);
}
