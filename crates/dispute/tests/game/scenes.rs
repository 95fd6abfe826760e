//! Single games, played move by move.

use crate::{
    machine::{Belief, Chain, Forgetful, Machine},
    scene::{
        CLAIM_BOND, DELTA_S, LEVEL_BONDS, SMALL, batch_hash, forged, game, machine, make, plan,
        propose, truth,
    },
};
use alloy_primitives::{Address, B256};
use altana_dispute::{
    Game, Heights, Liar, Lie, MOVES_MAX, Refusal, Status, Time, Truth, Wrong, moves_max,
};
use std::fmt::Debug;

const HONEST: Address = Address::repeat_byte(0xa0);
const THIEF: Address = Address::repeat_byte(0x01);

/// One claim and who plays for it.
struct Side<T> {
    by: Address,
    truth: T,
    claim: u64,
    answers: u64,
    refused: Vec<Refusal>,
}

impl<T: Truth<Error: Debug>> Side<T> {
    fn claims(game: &mut Game<Machine>, parent: u64, mut truth: T, by: Address, now: Time) -> Self {
        let claim = propose(game, parent, &mut truth, by, now).unwrap();
        Self { by, truth, claim, answers: 0, refused: Vec::new() }
    }

    /// Makes all moves that its solver finds. Whether it is due.
    fn turn(&mut self, game: &mut Game<Machine>, now: Time) -> bool {
        let acts = plan(game, self.claim, &mut self.truth, self.by, now);
        for step in &acts.moves {
            match make(game, step, self.by, now) {
                Ok(_) => self.answers += u64::from(step.is_answer()),
                Err(refusal) => self.refused.push(refusal),
            }
        }
        acts.due
    }
}

fn lie(wrong: Wrong, block: u64, stride: u64, step: u64) -> Lie {
    Lie { from: wrong, block, stride, step }
}

fn leaves(seed: u8) -> Wrong {
    Wrong::Blocks(vec![B256::repeat_byte(seed)])
}

/// Both sides answer at once until nothing is left to answer.
fn play_down<H: Truth<Error: Debug>, T: Truth<Error: Debug>>(
    game: &mut Game<Machine>,
    honest: &mut Side<H>,
    thieves: &mut [Side<T>],
    now: Time,
) {
    for _ in 0..2 * moves_max(&game.rules().heights, 0) {
        honest.turn(game, now);
        thieves.iter_mut().for_each(|thief| {
            thief.turn(game, now);
        });
    }
}

#[test]
fn a_thief_is_led_to_one_instruction_which_it_cannot_prove() {
    let mut game = game(Heights::REAL, 1);
    let right = truth(&game, 0);
    let (block, stride, step) = (500, 1, 40_000);
    let lie = lie(leaves(0xbb), block, stride, step);
    assert!(lie.fits(&Heights::REAL));
    let mut thief = Side::claims(&mut game, 0, Liar::new(right.clone(), lie), THIEF, 0);
    let mut honest = Side::claims(&mut game, 0, right, HONEST, 0);
    play_down(&mut game, &mut honest, std::slice::from_mut(&mut thief), 0);

    assert!(honest.answers <= MOVES_MAX && honest.refused.is_empty(), "{}", honest.answers);
    assert!(thief.refused.iter().all(|refusal| *refusal == Refusal::WrongStep));
    assert!(!thief.refused.is_empty());

    // Nothing is left to do but to wait.
    let window = game.rules().window_s;
    assert!(!honest.turn(&mut game, window - 1));
    assert!(honest.turn(&mut game, window));
    assert!(!thief.turn(&mut game, 100 * window));
    assert_eq!(game.status(honest.claim, window), Ok(Status::Final));
    assert_eq!(game.status(thief.claim, window), Ok(Status::Rejected));

    // It has confirmed its level bonds' edges, and settles them.
    honest.turn(&mut game, window);
    game.settle(honest.claim, window).unwrap();
    game.settle(thief.claim, window).unwrap();
    let levels: u128 = LEVEL_BONDS.iter().sum();
    assert_eq!(game.withdraw(HONEST), CLAIM_BOND + levels + CLAIM_BOND / 2);
    assert!(game.is_conserved());
}

#[test]
fn the_work_is_bounded_by_what_wrong_claims_force() {
    let most = moves_max(&SMALL, 0);
    for thieves in [1, 2, 10, 100] {
        let mut game = game(SMALL, 1);
        let right = truth(&game, 0);
        let mut wrong: Vec<_> = (0..thieves)
            .map(|thief| {
                let lie = lie(leaves(thief as u8 + 1), thief % 2, thief % 3, thief % 4);
                let liar = Liar::new(right.clone(), lie);
                Side::claims(&mut game, 0, liar, THIEF, 0)
            })
            .collect();
        let mut honest = Side::claims(&mut game, 0, right, HONEST, 0);
        play_down(&mut game, &mut honest, &mut wrong, 0);
        assert!(honest.answers <= thieves * most, "{} answers", honest.answers);
        let window = game.rules().window_s;
        assert!(honest.turn(&mut game, window));
    }
}

/// Who cannot read one block answers what is claimed about the others, and the rest when it can.
#[test]
fn a_block_that_is_lost_silences_no_other() {
    let mut game = game(Heights { blocks: 3, ..SMALL }, 1);
    let right = truth(&game, 0);
    let mut thieves: Vec<_> = (0..2)
        .map(|block| {
            let liar = Liar::new(right.clone(), lie(leaves(1 + block), block.into(), 1, 2));
            Side::claims(&mut game, 0, liar, THIEF, 0)
        })
        .collect();
    let forgetful = Forgetful { truth: right, lost: vec![1] };
    let mut honest = Side::claims(&mut game, 0, forgetful, HONEST, 0);
    play_down(&mut game, &mut honest, &mut thieves, 0);
    let acts = plan(&game, honest.claim, &mut honest.truth, HONEST, 0);
    assert_eq!((acts.moves, acts.untold), (Vec::new(), vec![1]));
    // The first thief has met its instruction, the second has not.
    let beaten = |thief: &Side<_>| thief.refused.contains(&Refusal::WrongStep);
    assert!(beaten(&thieves[0]) && !beaten(&thieves[1]));

    honest.truth.lost.clear();
    play_down(&mut game, &mut honest, &mut thieves, 1);
    assert!(thieves.iter().all(beaten) && honest.refused.is_empty());
    let window = game.rules().window_s;
    assert!(honest.turn(&mut game, 1 + window));
}

/// The machine fails on a block, or says something else than native execution. No end of it supports
/// the party that is right, and a thief who makes one up must not win by that.
#[test]
fn where_the_program_fails_nobody_wins() {
    let mut game = game(SMALL, 1);
    let native = forged(&game, 0, &[(0, B256::repeat_byte(0x11))]);
    let thief = Liar::new(native.clone(), lie(leaves(0xbb), 0, 0, 0));
    let mut thief = Side::claims(&mut game, 0, thief, THIEF, 0);
    let mut honest = Side::claims(&mut game, 0, native, HONEST, 0);
    play_down(&mut game, &mut honest, std::slice::from_mut(&mut thief), 0);
    assert!(honest.refused.is_empty(), "{:?}", honest.refused);
    let window = game.rules().window_s;
    for windows in 1..10 {
        let now = windows * window;
        assert!(!honest.turn(&mut game, now), "the honest claim is due");
        assert!(!thief.turn(&mut game, now), "the thief's claim is due");
        for claim in [honest.claim, thief.claim] {
            assert_eq!(game.status(claim, now), Ok(Status::Pending));
        }
    }
    assert!(honest.refused.is_empty(), "{:?}", honest.refused);
}

#[test]
fn a_wrong_refinement_of_a_right_edge_costs_its_maker_its_bond() {
    for (wrong, level) in [(Wrong::Strides, 0), (Wrong::Steps, 1)] {
        let mut game = game(SMALL, 1);
        let right = truth(&game, 0);
        let liar = Liar::new(right.clone(), lie(leaves(0xbb), 0, 0, 0));
        let thief = Side::claims(&mut game, 0, liar, THIEF, 0);
        let mut honest = Side::claims(&mut game, 0, right.clone(), HONEST, 0);
        // The thief's friend plays for the right claim, until it comes to its own lie.
        let liar = Liar::new(right, lie(wrong, 0, 0, 0));
        let friend =
            Side { by: THIEF, truth: liar, claim: honest.claim, answers: 0, refused: vec![] };
        let mut foes: [Side<Belief>; 2] = [thief.into(), friend.into()];
        for _ in 0..3 * moves_max(&SMALL, 0) {
            foes.iter_mut().for_each(|foe| {
                foe.turn(&mut game, 0);
            });
            honest.turn(&mut game, 0);
        }
        let window = game.rules().window_s;
        assert!(honest.turn(&mut game, window), "{level}");
        for now in [window, window + 1] {
            honest.turn(&mut game, now);
        }
        let left = plan(&game, honest.claim, &mut honest.truth, HONEST, window + 2);
        assert_eq!(left.bonds, 0, "{level}");
    }
}

impl From<Side<Liar<Chain>>> for Side<Belief> {
    fn from(side: Side<Liar<Chain>>) -> Self {
        let Side { by, truth, claim, answers, refused } = side;
        Self { by, truth: Belief::Lie(Box::new(truth)), claim, answers, refused }
    }
}

/// However many rivals come, and however late, an edge loses time to the first alone.
#[test]
fn late_rivals_delay_a_claim_once() {
    let thieves = 30;
    let mut game = game(SMALL, 1);
    let right = truth(&game, 0);
    let (window, depth) = (game.rules().window_s, moves_max(&SMALL, 0));
    let mut honest = Side::claims(&mut game, 0, right.clone(), HONEST, 0);
    let mut wrong = Vec::new();
    let mut now = window - 1;
    loop {
        if wrong.len() < thieves {
            let thief = wrong.len() as u64;
            let lie = lie(leaves(thief as u8 + 1), thief % 4, thief % 8, thief % 4);
            let liar = Liar::new(right.clone(), lie);
            wrong.push(Side::claims(&mut game, 0, liar, THIEF, now));
        }
        wrong.iter_mut().for_each(|thief| {
            thief.turn(&mut game, now);
        });
        now += DELTA_S;
        if honest.turn(&mut game, now) {
            break;
        }
    }
    assert!(now < window + depth * DELTA_S, "{now}");
    assert_eq!(game.status(honest.claim, now), Ok(Status::Final));
}

/// All rounds run at once: rivals of every claim of a chain delay it as long as those of one claim.
#[test]
fn rivals_all_along_a_chain_do_not_add_up() {
    let depth = moves_max(&SMALL, 0);
    for length in [1, 2, 5] {
        // All answers, and the credits after the proof.
        let late = final_after_the_window(length);
        assert_eq!(late, (depth + 1) * DELTA_S - 1, "{length} claims");
    }
}

/// How long after the window a chain of contested claims is final, with another claim on it that
/// nobody contested in time.
fn final_after_the_window(length: u64) -> Time {
    let mut game = game(SMALL, 4 * (length + 1));
    let window = game.rules().window_s;
    let mut chain: Vec<Side<Chain>> = Vec::new();
    for _ in 0..=length {
        let parent = chain.last().map_or(0, |last| last.claim);
        let right = truth(&game, parent);
        chain.push(Side::claims(&mut game, parent, right, HONEST, 0));
    }
    let mut newest = chain.pop().unwrap();
    // Each has all but won when its rival comes.
    let mut now = window - 1;
    let against = |side: &Side<Chain>| Liar::new(side.truth.clone(), lie(leaves(0xbb), 0, 0, 0));
    let mut thieves = Vec::new();
    for side in &chain {
        let parent = game.parent(side.claim).unwrap();
        thieves.push(Side::claims(&mut game, parent, against(side), THIEF, now));
    }
    while game.status(newest.claim, now) == Ok(Status::Pending) {
        thieves.iter_mut().for_each(|thief| {
            thief.turn(&mut game, now);
        });
        now += DELTA_S;
        // The newest has won its round, whatever it builds on: it is too late to delay it, too.
        let parent = game.parent(newest.claim).unwrap();
        let late = propose(&mut game, parent, &mut against(&newest), THIEF, now);
        assert_eq!(late, Err(Refusal::RoundOver(newest.claim)));
        assert!(newest.turn(&mut game, now));
        // The youngest first: the order does not matter.
        chain.iter_mut().rev().for_each(|side| {
            side.turn(&mut game, now);
        });
    }
    assert_eq!(game.status(newest.claim, now), Ok(Status::Final));
    now - window
}

/// What the page asks of the right side: its claim, too, must come in time. Two wrong claims that
/// agree on the lie bisect each other down to it, and its edges have no rival until the right
/// claim comes.
#[test]
fn a_right_claim_that_comes_nearly_a_window_late_loses_to_two_that_prepared() {
    let first_lie = (1, B256::repeat_byte(0xbb));
    let mut game = game(SMALL, 8);
    let genesis = truth(&game, 0);
    let parent = propose(&mut game, 0, &mut genesis.clone(), HONEST, 0).unwrap();
    let right = truth(&game, parent);
    let batches: Vec<B256> = (2..=5).map(batch_hash).collect();
    let start = game.claim_leaf(parent).unwrap();
    let forged = Chain::forged(SMALL, machine(&SMALL), start, &batches, &[first_lie]);
    let twin = Liar::new(forged.clone(), lie(leaves(0xcc), 3, 0, 0));
    let mut first = Side::claims(&mut game, parent, forged, THIEF, 0);
    let mut second = Side::claims(&mut game, parent, twin, THIEF, 0);
    for _ in 0..2 * moves_max(&SMALL, 0) {
        first.turn(&mut game, 0);
        second.turn(&mut game, 0);
    }
    let window = game.rules().window_s;

    // It will answer within δ, as it should.
    let honest = Side::claims(&mut game, parent, right, HONEST, window - 1);
    assert!(first.turn(&mut game, window));
    assert_eq!(game.status(first.claim, window), Ok(Status::Final));
    assert_eq!(game.status(honest.claim, window), Ok(Status::Rejected));
}

#[test]
fn behind_a_decided_claim_only_the_partys_own_bonds_are_defended() {
    let mut game = game(SMALL, 1);
    let right = truth(&game, 0);
    let window = game.rules().window_s;
    let liar = Liar::new(right.clone(), lie(leaves(0xbb), 0, 0, 0));
    let mut honest = Side::claims(&mut game, 0, right.clone(), HONEST, 0);
    let mut thief = Side::claims(&mut game, 0, liar, THIEF, window / 2);
    for _ in 0..SMALL.blocks {
        honest.turn(&mut game, window / 2);
        thief.turn(&mut game, window / 2);
    }
    honest.turn(&mut game, window / 2);
    assert_eq!(plan(&game, honest.claim, &mut honest.truth, HONEST, window / 2).bonds, 1);
    // The thief descends as well, too late for its claim.
    thief.turn(&mut game, window - 1);
    honest.turn(&mut game, window - 1);
    assert!(honest.turn(&mut game, window));
    assert_eq!(game.status(honest.claim, window), Ok(Status::Final));

    let acts = plan(&game, honest.claim, &mut honest.truth, HONEST, window);
    assert_eq!((acts.due, acts.bonds), (false, 1));
    thief.turn(&mut game, window);
    // A party without bonds here has nothing to do.
    let none = plan(&game, honest.claim, &mut right.clone(), Address::ZERO, window);
    assert_eq!((none.moves.len(), none.bonds), (0, 0));
    let (before, mut now) = (honest.answers, window);
    while plan(&game, honest.claim, &mut honest.truth, HONEST, now).bonds > 0 {
        thief.turn(&mut game, now);
        honest.turn(&mut game, now);
        now += DELTA_S;
        assert!(now < 3 * window);
    }
    assert!((1..moves_max(&SMALL, 1)).contains(&(honest.answers - before)));
    assert_eq!(game.booked(HONEST), LEVEL_BONDS[0] + LEVEL_BONDS[1]);
}
