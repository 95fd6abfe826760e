//! The world of one game: who is in it, what time it is, and what must always hold.

use super::{
    Bug,
    foe::{self, Foe},
    honest::Honest,
};
use crate::{
    machine::{Chain, Machine},
    scene::{self, DELTA_S, make, truth},
};
use alloy_primitives::{Address, B256};
use altana_dispute::{Game, Heights, Judge, Move, Refusal, Status, Time, Truth, moves_max};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::{collections::HashMap, convert::Infallible};

/// Foes in most games.
const FOES_MAX: u8 = 8;

/// What anybody can send.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// The right claim on the right claim of a generation.
    Propose(usize),
    Move(Move),
    Settle(u64),
}

/// The step contract, maybe with a bug.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Referee {
    machine: Machine,
    bug: Option<Bug>,
}

impl Judge for Referee {
    fn step(&self, witness: &[u8], input: B256) -> Option<(B256, B256)> {
        let (from, to) = self.machine.step(witness, input)?;
        match self.bug {
            Some(Bug::WrongStep) => Some((from, !to)),
            _ => Some((from, to)),
        }
    }
}

pub(crate) struct World {
    pub(crate) rng: StdRng,
    pub(crate) game: Game<Referee>,
    pub(crate) now: Time,
    pub(crate) bug: Option<Bug>,
    pub(crate) generations: usize,
    /// The right claim of each generation, the genesis first.
    pub(crate) rights: Vec<u64>,
    /// What is true for the claims on them.
    pub(crate) truths: Vec<Chain>,
    /// When each right claim was made, and when it became final.
    times: Vec<(Time, Option<Time>)>,
    honest: Vec<Honest>,
    foes: Vec<Foe>,
    outage: (Time, Time),
    foes_act_at: Time,
    paid: HashMap<Address, u128>,
    /// Answers of honest parties, and how many wrong root edges can have forced.
    answers: u64,
    forced: u64,
}

impl World {
    pub(crate) fn new(seed: u64, heights: Heights, bug: Option<Bug>, foes: Option<u8>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let generations = if heights == Heights::REAL { 2 } else { rng.random_range(1..=3) };
        let referee = Referee { machine: scene::machine(&heights), bug };
        let game = scene::judged(heights, 4 * generations as u64, referee);
        let mut world = Self {
            now: 0,
            bug,
            generations,
            rights: vec![0],
            truths: vec![truth(&game, 0)],
            times: vec![(0, Some(0))],
            honest: (0..rng.random_range(1..=3)).map(Honest::new).collect(),
            foes: Vec::new(),
            outage: (0, 0),
            foes_act_at: 0,
            paid: HashMap::new(),
            answers: 0,
            forced: 0,
            rng,
            game,
        };
        let begin = world.rng.random_range(0..2 * world.window());
        let length = world.rng.random_range(0..world.window() - world.slack());
        world.outage = (begin, begin + length);
        let foes = foes.unwrap_or_else(|| world.rng.random_range(1..=FOES_MAX));
        world.foes = (0..foes).map(|number| Foe::random(number, &mut world)).collect();
        world
    }

    fn window(&self) -> Time {
        self.game.rules().window_s
    }

    /// What honest parties may lose on the way from a root to an instruction, and what the claim
    /// and its confirmation take.
    fn slack(&self) -> Time {
        (moves_max(&self.game.rules().heights, 0) + 4) * DELTA_S
    }

    pub(crate) fn is_over(&self) -> bool {
        self.times.len() > self.generations
            && self.times.iter().all(|(_, done)| done.is_some())
            && self.deposits_are_back()
    }

    pub(crate) fn step(&mut self) -> Result<(), String> {
        let next = self.honest.iter().map(|honest| honest.wakes_at).min().unwrap();
        self.now = next.min(self.foes_act_at).max(self.now);
        self.honest_act();
        if self.now >= self.foes_act_at {
            self.foes_act();
        }
        self.check()
    }

    fn honest_act(&mut self) {
        let (begin, end) = self.outage;
        let mut honest = std::mem::take(&mut self.honest);
        for party in &mut honest {
            if (begin..end).contains(&self.now) {
                party.crash(end);
            } else if party.wakes_at <= self.now {
                party.wake(self);
            }
        }
        self.honest = honest;
    }

    fn foes_act(&mut self) {
        let mut foes = std::mem::take(&mut self.foes);
        for foe in &mut foes {
            foe.act(self);
        }
        self.foes = foes;
        self.foes_act_at = self.now + foe::pause(self);
        let claims: Vec<u64> = (1..self.game.claim_count()).collect();
        if let Some(claim) = claims.choose(&mut self.rng) {
            self.call(&Call::Settle(*claim), Address::ZERO, false);
        }
    }

    /// Sends a call. One that is refused changes nothing.
    pub(crate) fn call(&mut self, call: &Call, by: Address, honest: bool) {
        match call {
            Call::Propose(generation) => {
                let (parent, mut truth) =
                    (self.rights[*generation], self.truths[*generation].clone());
                self.propose(parent, &mut truth, by, honest);
            }
            Call::Move(step) => self.make(step, by, honest),
            Call::Settle(claim) => {
                let _ = self.game.settle(*claim, self.now);
            }
        }
    }

    fn make(&mut self, step: &Move, by: Address, honest: bool) {
        let Ok(paid) = make(&mut self.game, step, by, self.now) else { return };
        *self.paid.entry(by).or_default() += paid;
        if honest {
            self.answers += u64::from(step.is_answer());
        } else if let Move::Descend(opening) = step {
            self.forced += 1 + u64::from(self.game.rules().heights.of(opening.edge.level + 1));
        }
    }

    /// Makes a claim; its number is returned.
    pub(crate) fn propose<T: Truth<Error = Infallible>>(
        &mut self,
        parent: u64,
        truth: &mut T,
        by: Address,
        honest: bool,
    ) -> Option<u64> {
        let bond = self.game.bond(parent, by, self.now).ok()?;
        let claim = match scene::propose(&mut self.game, parent, truth, by, self.now) {
            Ok(claim) => claim,
            Err(Refusal::Exists) if !honest => return self.existing(parent, foe::root_of(truth)),
            Err(_) => return None,
        };
        *self.paid.entry(by).or_default() += bond;
        if self.is_right(claim) {
            self.right_claim(claim);
        } else {
            self.forced += 1 + u64::from(self.game.rules().heights.blocks);
        }
        Some(claim)
    }

    fn right_claim(&mut self, claim: u64) {
        self.rights.push(claim);
        self.times.push((self.now, None));
        if self.truths.len() < self.generations {
            self.truths.push(truth(&self.game, claim));
        }
    }

    fn existing(&self, parent: u64, node: B256) -> Option<u64> {
        (1..self.game.claim_count()).find(|claim| {
            self.game.parent(*claim) == Ok(parent)
                && self.game.claim_edge(*claim).is_some_and(|edge| edge.node == node)
        })
    }

    /// Whether a claim says the truth about the blocks after a right claim.
    fn is_right(&self, claim: u64) -> bool {
        let parent = self.game.parent(claim).unwrap();
        let Some(generation) = self.rights.iter().position(|right| *right == parent) else {
            return false;
        };
        let edge = self.game.claim_edge(claim).unwrap();
        self.truths.get(generation).is_some_and(|truth| truth.history().root() == edge.node)
    }

    fn check(&mut self) -> Result<(), String> {
        // What takes a look at every edge is done now and then.
        let measured = self.rng.random_bool(0.05);
        if measured && !self.game.is_conserved() {
            return Err("a bond was lost or made".into());
        }
        for claim in 1..self.game.claim_count() {
            self.check_claim(claim, measured)?;
        }
        if self.answers > self.forced {
            return Err(format!("{} answers, {} were forced", self.answers, self.forced));
        }
        self.check_times()
    }

    fn check_claim(&mut self, claim: u64, measured: bool) -> Result<(), String> {
        let status = self.game.status(claim, self.now).unwrap();
        if let Some(generation) = self.rights.iter().position(|right| *right == claim) {
            let final_at = &mut self.times[generation].1;
            match status {
                Status::Final => *final_at = final_at.or(Some(self.now)),
                Status::Rejected => return Err(format!("right claim {claim} was rejected")),
                Status::Pending => {}
            }
            return Ok(());
        }
        let edge = self.game.claim_edge(claim).unwrap();
        let timer = || self.game.timer(&edge, self.now).unwrap();
        match status {
            Status::Final => Err(format!("wrong claim {claim} is final")),
            Status::Pending if measured && timer() >= self.window() => {
                Err(format!("wrong claim {claim} has stood for a window"))
            }
            _ => Ok(()),
        }
    }

    /// Every right claim is made and final in time, and bonds are back a window later.
    fn check_times(&self) -> Result<(), String> {
        let (begin, end) = self.outage;
        let late = end - begin + self.slack();
        let mut last_final = 0;
        for (made, done) in &self.times[1..] {
            last_final = made + self.window() + late;
            if done.unwrap_or(self.now) > last_final {
                return Err(format!("a claim of {made} s is not final at {last_final} s"));
            }
        }
        let all = self.times.len() > self.generations;
        let until = if all { last_final + self.window() + late } else { late };
        let limit = until + if all { 0 } else { end };
        if self.now > limit {
            return Err(format!("not over at {limit} s"));
        }
        Ok(())
    }

    /// Whether honest parties have all back that they paid.
    fn deposits_are_back(&self) -> bool {
        self.honest.iter().all(|party| {
            let paid = self.paid.get(&party.address).copied().unwrap_or(0);
            self.game.booked(party.address) >= paid
        })
    }

    /// What is left to be true when all is over.
    pub(crate) fn check_end(&self) -> Result<(), String> {
        if self.game.is_conserved() { Ok(()) } else { Err("a bond was lost or made".into()) }
    }
}
