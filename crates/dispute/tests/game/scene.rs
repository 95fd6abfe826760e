//! A parent chain with the game on it, and what a party's shell does with its solver.

use crate::machine::{CONFIG, Chain, GENESIS, Machine, hash};
use alloy_primitives::{Address, B256, U256, keccak256};
use altana_dispute::{
    Acts, Dispute, Edge, Game, Heights, Judge, Move, Proposal, Refusal, Rules, Stage, Status, Time,
    Truth, Walk, moves_max, root_from_spine, walk,
};
use std::{collections::HashMap, fmt::Debug};

pub(crate) const SMALL: Heights = Heights { blocks: 2, strides: 3, steps: 2 };

/// The time in which an honest party answers, in seconds.
pub(crate) const DELTA_S: u64 = 100;

pub(crate) const CLAIM_BOND: u128 = 1_000;
pub(crate) const LEVEL_BONDS: [u128; 2] = [100, 10];

pub(crate) fn rules(heights: Heights) -> Rules {
    Rules {
        heights,
        window_s: 4 * moves_max(&heights, 0) * DELTA_S,
        claim_bond: CLAIM_BOND,
        level_bonds: LEVEL_BONDS,
        program_hash: hash(&Machine::start()),
        config_hash: CONFIG,
    }
}

pub(crate) fn machine(heights: &Heights) -> Machine {
    let most = 1 << (heights.strides + heights.steps);
    Machine { steps_max: most.min(3 << heights.steps).max(1) }
}

pub(crate) fn batch_hash(number: u64) -> B256 {
    keccak256(U256::from(number).to_be_bytes::<32>())
}

/// A game in which `batches` were committed before it begins.
pub(crate) fn game(heights: Heights, batches: u64) -> Game<Machine> {
    judged(heights, batches, machine(&heights))
}

pub(crate) fn judged<J: Judge>(heights: Heights, batches: u64, judge: J) -> Game<J> {
    let mut game = Game::new(rules(heights), judge, GENESIS);
    for number in 1..=batches {
        game.commit_batch(batch_hash(number));
    }
    game
}

/// The batches that the claims on `parent` cover.
pub(crate) fn covered<J: Judge>(game: &Game<J>, parent: u64) -> Vec<B256> {
    let (last, next) = game.batches(parent).unwrap();
    (last + 1..=next).map(batch_hash).collect()
}

/// What is true for the claims on a right claim.
pub(crate) fn truth<J: Judge>(game: &Game<J>, parent: u64) -> Chain {
    forged(game, parent, &[])
}

/// The same, but for leaves to which nothing leads.
pub(crate) fn forged<J: Judge>(game: &Game<J>, parent: u64, leaves: &[(u64, B256)]) -> Chain {
    let heights = game.rules().heights;
    let start = game.claim_leaf(parent).unwrap();
    Chain::forged(heights, machine(&heights), start, &covered(game, parent), leaves)
}

/// Claims what a party takes for the truth.
pub(crate) fn propose<J: Judge, T: Truth<Error: Debug>>(
    game: &mut Game<J>,
    parent: u64,
    truth: &mut T,
    by: Address,
    now: Time,
) -> Result<u64, Refusal> {
    let blocks = truth.blocks().unwrap();
    let batch = game.batches(parent)?.1;
    let proposal = Proposal { parent, batch, leaf: blocks.last(), spine: blocks.spine() };
    let bond = game.bond(parent, by, now)?;
    game.propose(&proposal, by, bond, now)
}

/// Claims the truth, at 0 s.
pub(crate) fn propose_truth<J: Judge>(
    game: &mut Game<J>,
    parent: u64,
    by: Address,
) -> Result<u64, Refusal> {
    let mut truth = truth(game, parent);
    propose(game, parent, &mut truth, by, 0)
}

/// The root edge of the claim on `parent` that says this.
pub(crate) fn root<T: Truth<Error: Debug>>(heights: &Heights, parent: u64, truth: &mut T) -> Edge {
    let blocks = truth.blocks().unwrap();
    assert_eq!(root_from_spine(blocks.last(), &blocks.spine()), blocks.root());
    Edge::of_claim(parent, heights, blocks.root())
}

/// What a party does for a claim that it takes for the truth.
pub(crate) fn plan<J: Judge, T: Truth<Error: Debug>>(
    game: &Game<J>,
    claim: u64,
    truth: &mut T,
    by: Address,
    now: Time,
) -> Acts<T::Error> {
    let parent = game.parent(claim).unwrap();
    let dispute = Dispute {
        heights: game.rules().heights,
        window_s: game.rules().window_s,
        root: root(&game.rules().heights, parent, truth),
        behind: game.behind(parent).unwrap(),
        stage: match game.status(claim, now).unwrap() {
            Status::Pending => Stage::Open,
            _ => Stage::Decided,
        },
    };
    let mut known = HashMap::new();
    for _ in 0..=2 * moves_max(&dispute.heights, 0) {
        match walk(&dispute, &known, truth) {
            Walk::Act(acts) => return acts,
            Walk::Ask(edges) => {
                known.extend(edges.iter().map(|edge| (edge.id(), game.look(edge.id(), by, now))));
            }
        }
    }
    panic!("the walk asks more often than the game is deep");
}

/// Makes a move; what a descent brought is returned.
pub(crate) fn make<J: Judge>(
    game: &mut Game<J>,
    step: &Move,
    by: Address,
    now: Time,
) -> Result<u128, Refusal> {
    match step {
        Move::Bisect { edge, left, right } => game.bisect(edge, *left, *right, now),
        Move::Descend(opening) => {
            let bond = LEVEL_BONDS[usize::from(opening.edge.level)];
            return game.descend(opening, by, bond, now).map(|_| bond);
        }
        Move::Prove { edge, before, witness } => game.prove(edge, before, witness),
        Move::ProveRepeat { edge, before } => game.prove_repeat(edge, before),
        Move::Credit(credits) => game.credit(credits, now),
        Move::ConfirmEdge(edge) => game.confirm_edge(edge, now),
        Move::SettleEdge(edge) => game.settle_edge(edge),
    }
    .map(|()| 0)
}
