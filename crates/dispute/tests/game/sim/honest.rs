//! Honest parties: they look, and a while later what they sent is mined. What they keep
//! is only what they have computed.

use super::{
    Bug,
    world::{Call, World},
};
use crate::{
    machine::Chain,
    scene::{DELTA_S, plan},
};
use alloy_primitives::Address;
use altana_dispute::{Move, Status, Time};
use rand::Rng;
use std::collections::HashMap;

/// One honest party.
#[derive(Debug)]
pub(crate) struct Honest {
    pub(crate) address: Address,
    /// It answers within δ whenever there is no outage. The others answer when they can.
    reliable: bool,
    /// When it looks, or when what it sent is mined.
    pub(crate) wakes_at: Time,
    sent: Option<Vec<Call>>,
    /// What it has computed since it started.
    truths: HashMap<usize, Chain>,
}

impl Honest {
    pub(crate) fn new(number: u8) -> Self {
        let address = Address::repeat_byte(0xa0 + number);
        Self { address, reliable: number == 0, wakes_at: 0, sent: None, truths: HashMap::new() }
    }

    /// Looks, or has its calls mined.
    pub(crate) fn wake(&mut self, world: &mut World) {
        let (latency_s, pause_s) = match self.reliable {
            _ if world.bug == Some(Bug::Slow) => (6 * DELTA_S, 6 * DELTA_S),
            true => (DELTA_S / 3, DELTA_S / 4),
            false => (3 * DELTA_S, 10 * DELTA_S),
        };
        match self.sent.take() {
            Some(calls) => {
                if self.reliable || world.rng.random_bool(0.7) {
                    calls.iter().for_each(|call| world.call(call, self.address, true));
                }
                self.wakes_at = world.now + world.rng.random_range(1..=pause_s);
            }
            None => {
                self.sent = Some(self.look(world));
                self.wakes_at = world.now + world.rng.random_range(1..=latency_s);
            }
        }
    }

    /// Forgets what it was about to do.
    pub(crate) fn crash(&mut self, until: Time) {
        self.sent = None;
        self.truths.clear();
        self.wakes_at = until;
    }

    fn look(&mut self, world: &mut World) -> Vec<Call> {
        if world.rng.random_bool(0.1) {
            self.truths.clear();
        }
        let mut calls = Vec::new();
        for generation in 0..world.truths.len() {
            match world.rights.get(generation + 1) {
                None => calls.push(Call::Propose(generation)),
                Some(claim) => self.look_at(world, generation, *claim, &mut calls),
            }
        }
        calls
    }

    fn look_at(&mut self, world: &World, generation: usize, claim: u64, calls: &mut Vec<Call>) {
        let truth =
            self.truths.entry(generation).or_insert_with(|| world.truths[generation].clone());
        let acts = plan(&world.game, claim, truth, self.address, world.now);
        calls.extend(
            acts.moves.into_iter().filter(|step| !skipped(world.bug, step)).map(Call::Move),
        );
        if world.game.status(claim, world.now) == Ok(Status::Final) {
            calls.push(Call::Settle(claim));
        }
    }
}

fn skipped(bug: Option<Bug>, step: &Move) -> bool {
    let level = match step {
        Move::Bisect { edge, .. } | Move::Prove { edge, .. } | Move::ProveRepeat { edge, .. } => {
            edge.level
        }
        Move::Descend(opening) => opening.edge.level,
        Move::Credit(_) => return bug == Some(Bug::NoCredit),
        Move::ConfirmEdge(_) | Move::SettleEdge(_) => return bug == Some(Bug::BondsForgotten),
    };
    bug == Some(Bug::Silent(level))
}
