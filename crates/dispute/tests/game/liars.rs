//! A lie is true up to where it begins, and consistent behind it.

use crate::{
    machine::{Chain, GENESIS, Machine, hash},
    scene::{SMALL, batch_hash, machine},
};
use alloy_primitives::B256;
use altana_dispute::{Judge, Liar, Lie, Truth, Wrong, end_state_leaf};

const WRONG: B256 = B256::repeat_byte(0xbb);

fn chain() -> Chain {
    let batches: Vec<B256> = (1..=4).map(batch_hash).collect();
    Chain::new(SMALL, machine(&SMALL), GENESIS, &batches)
}

fn liar(from: Wrong, block: u64, stride: u64, step: u64) -> Liar<Chain> {
    let lie = Lie { from, block, stride, step };
    assert!(lie.fits(&SMALL));
    Liar::new(chain(), lie)
}

/// Every level ends with the leaf above it, as the contract demands.
fn is_consistent(truth: &mut impl Truth<Error = std::convert::Infallible>) {
    for block in 0..1 << SMALL.blocks {
        let Ok(leaf) = truth.blocks().map(|blocks| blocks.leaf(block));
        let Ok(end) = truth.end_state(block);
        assert_eq!(end_state_leaf(&end), Some(leaf), "block {block}");
        let Ok(last) = truth.strides(block).map(|strides| strides.last());
        assert_eq!(last, hash(&end), "block {block}");
        for stride in 0..1 << SMALL.strides {
            let Ok(end) = truth.strides(block).map(|strides| strides.leaf(stride));
            let Ok(steps) = truth.steps(block, stride).map(|steps| steps.last());
            assert_eq!(steps, end, "stride {stride} of block {block}");
        }
    }
}

#[test]
fn truth_and_lies_are_consistent_on_every_level() {
    is_consistent(&mut chain());
    for (block, stride, step) in [(0, 0, 0), (1, 2, 3), (3, 7, 1), (2, 1, 0)] {
        is_consistent(&mut liar(Wrong::Blocks(vec![WRONG]), block, stride, step));
        is_consistent(&mut liar(Wrong::Strides, block, stride, step));
        is_consistent(&mut liar(Wrong::Steps, block, stride, step.min(2)));
    }
}

#[test]
fn a_lie_is_true_before_it_begins() {
    let (block, stride, step) = (2, 1, 2);
    let mut right = chain();
    let mut wrong = liar(Wrong::Blocks(vec![WRONG]), block, stride, step);
    for at in 0..4 {
        let same = wrong.blocks().unwrap().leaf(at) == right.blocks().unwrap().leaf(at);
        assert_eq!(same, at < block, "block {at}");
    }
    assert_eq!(wrong.strides(block - 1), right.strides(block - 1));
    for at in 0..8 {
        let same = wrong.strides(block).unwrap().leaf(at) == right.strides(block).unwrap().leaf(at);
        assert_eq!(same, at < stride, "stride {at}");
    }
    for at in 0..4 {
        let same = wrong.steps(block, stride).unwrap().leaf(at)
            == right.steps(block, stride).unwrap().leaf(at);
        assert_eq!(same, at < step, "step {at}");
    }
}

/// The witness at the lie is the true one, so the judge comes to the true state; behind it the
/// machine stands still in the wrong one, which can be proven and proves nothing.
#[test]
fn only_the_first_wrong_instruction_cannot_be_proven() {
    let (block, stride, step) = (1, 0, 1);
    let mut wrong = liar(Wrong::Blocks(vec![WRONG]), block, stride, step);
    let (judge, input): (Machine, B256) = (machine(&SMALL), chain().input(block));
    let mut before = hash(&Machine::start());
    for at in 0..4 {
        let Ok(witness) = wrong.witness(block, stride, at);
        let (from, to) = judge.step(&witness, input).unwrap();
        let Ok(claimed) = wrong.steps(block, stride).map(|steps| steps.leaf(at));
        assert_eq!(from, before, "step {at}");
        assert_eq!(to == claimed, at != step, "step {at}");
        before = claimed;
    }
}

#[test]
fn a_lie_must_fit_into_the_histories() {
    let check = |from: &Wrong, (block, stride, step), fits| {
        let lie = Lie { from: from.clone(), block, stride, step };
        assert_eq!(lie.fits(&SMALL), fits, "{lie:?}");
    };
    let blocks = Wrong::Blocks(vec![WRONG; 2]);
    check(&blocks, (2, 7, 3), true);
    check(&blocks, (3, 0, 0), false);
    check(&Wrong::Blocks(vec![]), (0, 0, 0), false);
    check(&Wrong::Strides, (3, 8, 0), false);
    check(&Wrong::Strides, (3, 7, 4), false);
    check(&Wrong::Steps, (3, 7, 2), true);
    check(&Wrong::Steps, (3, 7, 3), false);
}
