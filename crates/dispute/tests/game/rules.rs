//! What the contract refuses, each for its reason, and how claims stand.

use crate::{
    machine::{Chain, Machine},
    scene::{
        CLAIM_BOND, LEVEL_BONDS, SMALL, batch_hash, game, make, plan, propose, propose_truth, root,
        truth,
    },
};
use alloy_primitives::{Address, B256};
use altana_dispute::{
    Credit, Edge, Game, Liar, Lie, Move, Opening, Proposal, Refusal, Status, Truth, Wrong,
    moves_max,
};

const A: Address = Address::repeat_byte(0xaa);
const B: Address = Address::repeat_byte(0xbb);

/// A right claim of A (claim 1) and a wrong one of B (claim 2) on the genesis, at 0 s.
struct Table {
    game: Game<Machine>,
    right: Chain,
    wrong: Liar<Chain>,
    window: u64,
}

impl Table {
    fn new() -> Self {
        let mut game = game(SMALL, 9);
        let mut right = truth(&game, 0);
        let from = Wrong::Blocks(vec![B256::repeat_byte(0xbb)]);
        let lie = Lie { from, block: 0, stride: 0, step: 0 };
        let mut wrong = Liar::new(right.clone(), lie);
        propose(&mut game, 0, &mut right, A, 0).unwrap();
        propose(&mut game, 0, &mut wrong, B, 0).unwrap();
        let window = game.rules().window_s;
        Self { game, right, wrong, window }
    }

    /// Both sides answer `turns` times.
    fn play(mut self, turns: u64) -> Self {
        for _ in 0..turns {
            for step in plan(&self.game, 1, &mut self.right, A, 0).moves {
                make(&mut self.game, &step, A, 0).unwrap();
            }
            for step in plan(&self.game, 2, &mut self.wrong, B, 0).moves {
                let _ = make(&mut self.game, &step, B, 0);
            }
        }
        self
    }

    fn root(&mut self) -> Edge {
        root(&SMALL, 0, &mut self.right)
    }

    /// A right edge on the path to where the sides part.
    fn left(&mut self, level: u8, height: u8) -> Edge {
        let mut edge = self.root();
        for at in 0..=level {
            let history = match at {
                0 => self.right.blocks(),
                1 => self.right.strides(0),
                _ => self.right.steps(0, 0),
            };
            let Ok(history) = history.cloned();
            if at > 0 {
                edge = edge.refinement(&SMALL, history.root());
            }
            let least = if at == level { height } else { 0 };
            while edge.height > least {
                let (left, right) = history.children(edge.height, edge.index);
                edge = edge.children(left, right).unwrap()[0];
            }
        }
        edge
    }

    fn proposal(&mut self) -> Proposal {
        let Ok(blocks) = self.right.blocks();
        Proposal { parent: 0, batch: 1, leaf: blocks.last(), spine: blocks.spine() }
    }

    fn opening(&mut self) -> Opening {
        let edge = self.left(0, 0);
        let Ok(end_state) = self.right.end_state(0);
        let Ok(strides) = self.right.strides(0);
        Opening { edge, before: vec![], spine: strides.spine(), end_state }
    }
}

/// Turns after which the right side stands before an answer at this level and height.
fn turns_to(level: u8, height: u8) -> u64 {
    let above: u64 = (0..level).map(|above| u64::from(SMALL.of(above)) + 1).sum();
    above + u64::from(SMALL.of(level) - height)
}

#[test]
fn a_proposal_is_refused_for_its_reason() {
    let check = |change: fn(&mut Proposal), value, refusal| {
        let mut table = Table::new();
        let mut proposal = table.proposal();
        change(&mut proposal);
        assert_eq!(table.game.propose(&proposal, A, value, 1), Err(refusal));
    };
    check(|_| (), CLAIM_BOND, Refusal::Exists);
    check(|_| (), CLAIM_BOND - 1, Refusal::WrongBond(CLAIM_BOND));
    check(|p| p.parent = 3, CLAIM_BOND, Refusal::NoSuchClaim);
    check(|p| p.batch = 2, CLAIM_BOND, Refusal::WrongBatch(1));
    check(|p| p.spine.truncate(1), CLAIM_BOND, Refusal::BadSpine);
}

#[test]
fn a_claim_covers_the_batches_that_were_there_when_its_parent_was_made() {
    let mut game = game(SMALL, 3);
    let first = propose_truth(&mut game, 0, A).unwrap();
    game.commit_batch(batch_hash(4));
    assert_eq!(game.batches(first), Ok((1, 3)));
    let second = propose_truth(&mut game, first, A).unwrap();
    // Nothing behind it was there yet but batch 4, and then one batch is enough.
    assert_eq!(game.batches(second), Ok((3, 4)));
    let third = propose_truth(&mut game, second, A).unwrap();
    assert_eq!(game.batches(third), Ok((4, 5)));
    let next = Proposal { parent: third, batch: 5, leaf: B256::ZERO, spine: vec![B256::ZERO; 2] };
    assert_eq!(game.propose(&next, A, 0, 0), Err(Refusal::NoSuchBatch));
}

#[test]
fn a_bisection_is_refused_for_its_reason() {
    let mut table = Table::new();
    let root = table.root();
    let Ok((left, right)) = table.right.blocks().map(|blocks| blocks.children(2, 0));
    let game = &mut table.game;
    assert_eq!(game.bisect(&root, left, !right, 1), Err(Refusal::NotChildren));
    let unknown = Edge { node: left, ..root };
    assert_eq!(game.bisect(&unknown, left, right, 1), Err(Refusal::NoSuchEdge));
    game.bisect(&root, left, right, 1).unwrap();
    assert_eq!(game.bisect(&root, left, right, 1), Err(Refusal::Answered));
    let half = root.children(left, right).unwrap()[0];
    assert_eq!(game.bisect(&half, left, right, 1), Err(Refusal::NotRivalled));
}

#[test]
fn a_descent_is_refused_for_its_reason() {
    let check = |change: fn(&mut Opening), value, refusal| {
        let mut table = Table::new().play(turns_to(0, 0));
        let mut opening = table.opening();
        change(&mut opening);
        assert_eq!(table.game.descend(&opening, A, value, 1), Err(refusal), "{opening:?}");
    };
    let bond = LEVEL_BONDS[0];
    check(|_| (), bond + 1, Refusal::WrongBond(bond));
    check(|o| o.before.push(B256::ZERO), bond, Refusal::NotInPrefix);
    check(|o| o.spine.truncate(1), bond, Refusal::BadSpine);
    check(|o| o.end_state.clear(), bond, Refusal::BadEndState);
    check(|o| o.end_state.push(0), bond, Refusal::BadEndState);
    check(|o| o.edge.node = B256::ZERO, bond, Refusal::NoSuchEdge);

    let mut table = Table::new().play(turns_to(0, 0));
    let mut opening = table.opening();
    table.game.descend(&opening, A, bond, 1).unwrap();
    assert_eq!(table.game.descend(&opening, A, bond, 1), Err(Refusal::Exists));
    opening.edge = table.root();
    assert_eq!(table.game.descend(&opening, A, bond, 1), Err(Refusal::NotALeaf));
    let mut table = table.play(moves_max(&SMALL, 0));
    opening.edge = table.left(2, 0);
    assert_eq!(table.game.descend(&opening, A, bond, 1), Err(Refusal::WrongLevel));
}

#[test]
fn a_proof_is_refused_for_its_reason() {
    let mut table = Table::new().play(turns_to(2, 0));
    let edge = table.left(2, 0);
    let wrong = table.wrong.steps(0, 0).map(|steps| Edge { node: steps.leaf(0), ..edge }).unwrap();
    let Ok(witness) = table.right.witness(0, 0, 0);
    let Ok(other) = table.right.witness(0, 0, 1);
    let upper = table.left(1, 0);
    let root = table.root();
    let game = &mut table.game;
    assert_eq!(game.prove(&root, &[], &witness), Err(Refusal::WrongLevel));
    assert_eq!(game.prove(&upper, &[], &witness), Err(Refusal::WrongLevel));
    assert_eq!(game.prove(&edge, &[B256::ZERO], &witness), Err(Refusal::NotInPrefix));
    assert_eq!(game.prove(&edge, &[], &[]), Err(Refusal::BadWitness));
    assert_eq!(game.prove(&edge, &[], &other), Err(Refusal::BadWitness));
    assert_eq!(game.prove(&wrong, &[], &witness), Err(Refusal::WrongStep));
    game.prove(&edge, &[], &witness).unwrap();
    assert_eq!(game.prove(&edge, &[], &witness), Err(Refusal::Answered));
    assert_eq!(game.timer(&edge, 0), Ok(u64::MAX));
    let above = table.left(2, 1);
    assert_eq!(table.game.prove(&above, &[], &witness), Err(Refusal::NotALeaf));
}

#[test]
fn behind_the_last_batch_a_leaf_is_proven_and_not_refined() {
    // The genesis' claims cover one batch of one block; the lie begins behind it.
    let mut game = game(SMALL, 1);
    let mut right = truth(&game, 0);
    let from = Wrong::Blocks(vec![B256::repeat_byte(0xbb)]);
    let mut wrong = Liar::new(right.clone(), Lie { from, block: 1, stride: 0, step: 0 });
    propose(&mut game, 0, &mut right, A, 0).unwrap();
    propose(&mut game, 0, &mut wrong, B, 0).unwrap();
    for _ in 0..2 {
        for step in plan(&game, 1, &mut right, A, 0).moves {
            make(&mut game, &step, A, 0).unwrap();
        }
        for step in plan(&game, 2, &mut wrong, B, 0).moves {
            make(&mut game, &step, B, 0).unwrap();
        }
    }
    let refused: Vec<_> = plan(&game, 2, &mut wrong, B, 0).moves;
    let [Move::ProveRepeat { edge: lie, before }] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!(game.prove_repeat(lie, before), Err(Refusal::WrongStep));
    let moves = plan(&game, 1, &mut right, A, 0).moves;
    let [Move::ProveRepeat { edge, before }] = &moves[..] else { panic!("{moves:?}") };
    let opening = Opening {
        edge: *edge,
        before: before.clone(),
        spine: right.strides(0).unwrap().spine(),
        end_state: right.end_state(0).unwrap(),
    };
    assert_eq!(game.descend(&opening, A, LEVEL_BONDS[0], 0), Err(Refusal::BehindClaim));
    assert_eq!(game.prove_repeat(edge, &[]), Err(Refusal::NotInPrefix));
    game.prove_repeat(edge, before).unwrap();
    assert_eq!(game.prove_repeat(edge, before), Err(Refusal::Answered));
    assert!(plan(&game, 1, &mut right, A, game.rules().window_s).due);

    let mut table = Table::new().play(turns_to(0, 0));
    let edge = table.left(0, 0);
    assert_eq!(table.game.prove_repeat(&edge, &[]), Err(Refusal::NotBehindClaim));
}

#[test]
fn a_credit_is_refused_for_its_reason_and_then_none_counts() {
    let mut table = Table::new();
    let edge = table.root();
    let Ok((left, right)) = table.right.blocks().map(|blocks| blocks.children(2, 0));
    let game = &mut table.game;
    let credit = Credit { edge, left, right };
    assert_eq!(game.credit(&[credit], 1), Err(Refusal::NothingBelow));
    game.bisect(&edge, left, right, 1).unwrap();
    let bad = Credit { left: !left, ..credit };
    assert_eq!(game.credit(&[credit, bad], 9), Err(Refusal::NotChildren));
    assert_eq!(game.look(edge.id(), A, 9).credited_s, 0);
    game.credit(&[credit], 9).unwrap();
    assert_eq!(game.look(edge.id(), A, 9).credited_s, 8);
    let unknown = Credit { edge: Edge { origin: B256::ZERO, index: 9, ..edge }, left, right };
    assert_eq!(game.credit(&[unknown], 9), Err(Refusal::NoSuchEdge));
}

#[test]
fn only_a_refinement_of_an_edge_counts_for_it() {
    let mut table = Table::new().play(turns_to(1, 2));
    let (edge, own) = (table.left(0, 0), table.left(1, SMALL.strides));
    let other = table.wrong.strides(0).unwrap().root();
    let credit = |left| Credit { edge, left, right: B256::ZERO };
    assert_eq!(table.game.credit(&[credit(other)], 9), Err(Refusal::NothingBelow));
    table.game.credit(&[credit(own.node)], 9).unwrap();
    let no_halves = Credit { right: own.node, ..credit(own.node) };
    assert_eq!(table.game.credit(&[no_halves], 9), Err(Refusal::NothingBelow));
}

#[test]
fn a_claim_alone_wins_by_its_age_and_a_contested_one_when_it_is_credited() {
    let mut game = game(SMALL, 1);
    let mut right = truth(&game, 0);
    let window = game.rules().window_s;
    let claim = propose(&mut game, 0, &mut right, A, 0).unwrap();
    let from = Wrong::Blocks(vec![B256::repeat_byte(0xbb)]);
    let mut wrong = Liar::new(right.clone(), Lie { from, block: 0, stride: 0, step: 0 });
    assert_eq!(game.status(claim, window - 1), Ok(Status::Pending));
    assert_eq!(game.status(claim, window), Ok(Status::Final));
    let late = propose(&mut game, 0, &mut wrong, B, window);
    assert_eq!(late, Err(Refusal::RoundOver(claim)));

    let rival = propose(&mut game, 0, &mut wrong, B, window - 1).unwrap();
    for (now, due) in [(window - 1, false), (window, true)] {
        assert_eq!(game.status(claim, now), Ok(Status::Pending));
        let acts = plan(&game, claim, &mut right, A, now);
        assert_eq!((acts.timer_s, acts.due), (now, due));
        acts.moves.iter().for_each(|step| {
            make(&mut game, step, A, now).unwrap();
        });
    }
    assert_eq!(game.status(claim, window), Ok(Status::Final));
    assert_eq!(game.status(rival, window), Ok(Status::Rejected));
    let late = propose(&mut game, 0, &mut wrong, B, window);
    assert_eq!(late, Err(Refusal::RoundOver(claim)));
}

/// Else a rival could wait until the parent is final.
#[test]
fn a_round_can_be_won_while_the_parent_is_pending() {
    let Table { mut game, mut right, mut wrong, window } = Table::new();
    let mut built = truth(&game, 1);
    let child = propose(&mut game, 1, &mut built, A, 0).unwrap();
    let from = Wrong::Blocks(vec![B256::repeat_byte(0xcc)]);
    let mut late = Liar::new(built, Lie { from, block: 0, stride: 0, step: 0 });
    assert_eq!(game.status(child, window), Ok(Status::Pending));
    let refused = propose(&mut game, 1, &mut late, B, window);
    assert_eq!(refused, Err(Refusal::RoundOver(child)));
    assert_eq!(game.settle(child, window), Err(Refusal::NotDecided));
    // The older rounds decide what becomes of it.
    for (winner, status) in [(1, Status::Final), (2, Status::Rejected)] {
        let mut game = game.clone();
        for now in [0, window] {
            let acts = match winner {
                1 => plan(&game, 1, &mut right, A, now),
                _ => plan(&game, 2, &mut wrong, B, now),
            };
            acts.moves.iter().for_each(|step| {
                make(&mut game, step, A, now).unwrap();
            });
        }
        assert_eq!(game.status(winner, window), Ok(Status::Final));
        assert_eq!(game.status(child, window), Ok(status));
    }
}

#[test]
fn claims_fall_with_the_claim_they_build_on() {
    let Table { mut game, mut right, window, .. } = Table::new().play(moves_max(&SMALL, 0));
    let built = truth(&game, 2);
    let on_wrong = propose(&mut game, 2, &mut built.clone(), B, 0).unwrap();
    let over_it = propose_truth(&mut game, on_wrong, A).unwrap();
    assert_eq!(game.settle(over_it, window), Err(Refusal::NotDecided));
    for step in plan(&game, 1, &mut right, A, window).moves {
        make(&mut game, &step, A, window).unwrap();
    }
    assert_eq!(game.status(1, window), Ok(Status::Final));
    for claim in [2, on_wrong, over_it] {
        assert_eq!(game.status(claim, 9 * window), Ok(Status::Rejected));
    }
    let more = propose(&mut game, over_it, &mut built.clone(), B, window);
    assert_eq!(more, Err(Refusal::BadParent));

    // B's bond moved on to the claim that built on B's own.
    assert_eq!(game.settle(2, window), Err(Refusal::NoBond));
    let level_bonds = game.booked(A);
    game.settle(on_wrong, window).unwrap();
    game.settle(over_it, window).unwrap();
    assert_eq!(game.booked(A) - level_bonds, CLAIM_BOND);
    assert!(game.is_conserved());
}

#[test]
fn a_root_edge_is_confirmed_and_settled_once() {
    let mut table = Table::new().play(moves_max(&SMALL, 0));
    let (edge, root, window) = (table.left(1, SMALL.strides), table.root(), table.window);
    let lost = table.wrong.strides(0).map(|strides| Edge { node: strides.root(), ..edge }).unwrap();
    let game = &mut table.game;
    assert_eq!(game.confirm_edge(&root, window), Err(Refusal::NotARefinement));
    assert_eq!(game.settle_edge(&root), Err(Refusal::NotARefinement));
    assert_eq!(game.confirm_edge(&edge, window), Err(Refusal::TooEarly(0)));
    assert_eq!(game.settle_edge(&edge), Err(Refusal::NotDecided));
    for step in plan(game, 1, &mut table.right, A, window).moves {
        make(game, &step, A, window).unwrap();
    }
    assert_eq!(game.confirm_edge(&lost, window), Err(Refusal::Decided));
    assert_eq!(game.confirm_edge(&edge, window), Err(Refusal::Decided));
    game.settle_edge(&edge).unwrap();
    assert_eq!(game.settle_edge(&edge), Err(Refusal::NoBond));
    game.settle_edge(&lost).unwrap();
    assert_eq!(game.withdraw(A), LEVEL_BONDS[0] + LEVEL_BONDS[0] / 2);
    assert_eq!(game.withdraw(A), 0);
    assert!(game.is_conserved());
}

#[test]
fn a_bond_moves_on_only_from_a_pending_claim_of_the_same_maker() {
    let Table { mut game, .. } = Table::new();
    assert_eq!(game.bond(1, A, 0), Ok(0));
    assert_eq!(game.bond(1, B, 0), Ok(CLAIM_BOND));
    assert_eq!(game.bond(0, A, 0), Ok(CLAIM_BOND));
    propose_truth(&mut game, 1, A).unwrap();
    assert_eq!(game.bond(1, A, 0), Ok(CLAIM_BOND));
    assert_eq!(game.settle(1, 0), Err(Refusal::NoBond));
    assert_eq!(game.settle(2, 0), Err(Refusal::NotDecided));
    assert_eq!(game.bond(9, A, 0), Err(Refusal::NoSuchClaim));
    assert!(game.is_conserved());
}
