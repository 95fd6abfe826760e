//! The other side.

use super::world::{Call, World};
use crate::{
    machine::{Belief, Chain, Forger},
    scene::{DELTA_S, covered, machine, plan},
};
use alloy_primitives::{Address, B256};
use altana_dispute::{Liar, Lie, Time, Truth, Wrong};
use rand::{Rng, seq::SliceRandom};

/// What a foe believes in.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// From one block on all is wrong.
    Liar,
    /// One block is wrong, and what follows is right: it can be proven.
    Forger,
    /// Agrees with the forger that has the same lie, and is wrong once more behind it. The two
    /// prepare edges that have no rival before the right claim comes.
    Twin,
    /// The claim ends well, but its history doesn't lead there.
    Interior,
    /// Refines right edges wrongly, and ends well.
    Strides,
    /// The same, one level below.
    Steps,
    /// Plays for the truth: against the other foes, and for their bonds.
    Selfplay,
}

/// When a foe acts.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Eager,
    /// Now and then.
    Lazy,
    /// Not before so long a time has passed.
    Late(Time),
}

/// One wrong party.
#[derive(Debug)]
pub(crate) struct Foe {
    address: Address,
    generation: usize,
    kind: Kind,
    mood: Mood,
    /// The lie's seed, which twins share.
    lie: u64,
    belief: Option<Belief>,
    claim: Option<u64>,
}

impl Foe {
    pub(crate) fn random(number: u8, world: &mut World) -> Self {
        let kinds = [
            Kind::Liar,
            Kind::Liar,
            Kind::Forger,
            Kind::Twin,
            Kind::Interior,
            Kind::Strides,
            Kind::Steps,
            Kind::Selfplay,
        ];
        let late = world.rng.random_range(0..2 * world.game.rules().window_s);
        let moods = [Mood::Eager, Mood::Eager, Mood::Lazy, Mood::Late(late)];
        Self {
            // Some foes are one person.
            address: Address::repeat_byte(1 + number % 5),
            generation: world.rng.random_range(0..world.generations),
            kind: kinds[world.rng.random_range(0..kinds.len())],
            mood: moods[world.rng.random_range(0..moods.len())],
            lie: world.rng.random_range(0..3),
            belief: None,
            claim: None,
        }
    }

    pub(crate) fn act(&mut self, world: &mut World) {
        let acts = match self.mood {
            Mood::Eager => true,
            Mood::Lazy => world.rng.random_bool(0.1),
            Mood::Late(from) => world.now >= from,
        };
        if !acts || self.generation >= world.truths.len() {
            return;
        }
        if self.belief.is_none() {
            self.belief = self.believe(world);
        }
        match (self.claim, self.kind) {
            (Some(claim), _) => self.play(claim, world),
            (None, Kind::Strides | Kind::Steps) if world.rights.len() <= self.generation + 1 => {}
            (None, Kind::Strides | Kind::Steps) => {
                self.claim = Some(world.rights[self.generation + 1]);
            }
            (None, _) => self.propose(world),
        }
    }

    fn propose(&mut self, world: &mut World) {
        let Some(belief) = &mut self.belief else { return };
        let parent = world.rights[self.generation];
        self.claim = world.propose(parent, belief, self.address, false);
    }

    fn play(&mut self, claim: u64, world: &mut World) {
        let Some(belief) = &mut self.belief else { return };
        let acts = plan(&world.game, claim, belief, self.address, world.now);
        let mut moves = acts.moves;
        if world.rng.random_bool(0.3) {
            moves.shuffle(&mut world.rng);
            moves.truncate(1);
        }
        let calls = moves.into_iter().map(Call::Move).chain([Call::Settle(claim)]);
        calls.for_each(|call| world.call(&call, self.address, false));
    }

    fn believe(&self, world: &mut World) -> Option<Belief> {
        let truth = world.truths[self.generation].clone();
        let heights = truth.heights;
        let positions = 1 << heights.blocks;
        // Positions behind the last batch are worth a lie, too.
        let last = (truth.executed() + 1).min(positions - 1);
        let block = self.lie * 7 % (last + 1);
        let wrong = B256::repeat_byte(0xe0 + self.lie as u8);
        let (stride, step) = self.place(&truth, block.min(truth.executed() - 1), world);
        let lie = |from, block| Lie { from, block, stride, step };
        let liar = |truth, lie: Lie| {
            lie.fits(&heights).then(|| Belief::Lie(Box::new(Liar::new(truth, lie))))
        };
        let forged = || {
            let parent = world.rights[self.generation];
            let (start, batches) = (world.game.claim_leaf(parent), covered(&world.game, parent));
            Chain::forged(heights, machine(&heights), start.unwrap(), &batches, &[(block, wrong)])
        };
        match self.kind {
            Kind::Liar => {
                let leaves =
                    (0..positions - block).map(|at| B256::with_last_byte(at as u8) | wrong);
                liar(truth, lie(Wrong::Blocks(leaves.collect()), block))
            }
            Kind::Forger if block + 1 < truth.executed() => {
                let after = forged();
                let leaves = (block..positions).map(|at| after.history().leaf(at)).collect();
                let liar = Liar::new(truth, lie(Wrong::Blocks(leaves), block));
                Some(Belief::Forgery(Box::new(Forger { liar, after, block })))
            }
            Kind::Twin if block + 1 < truth.executed() => {
                let own = B256::repeat_byte(self.address[0]);
                let last = truth.executed() - 1;
                liar(forged(), lie(Wrong::Blocks(vec![own]), last))
            }
            Kind::Interior if block + 1 < positions => {
                let right = (block + 1..positions).map(|at| truth.history().leaf(at));
                let leaves = [wrong].into_iter().chain(right).collect();
                liar(truth, lie(Wrong::Blocks(leaves), block))
            }
            Kind::Strides | Kind::Steps => {
                // Where others make the right party descend, often.
                let block = block.min(truth.executed() - 1);
                let wrong =
                    if matches!(self.kind, Kind::Strides) { Wrong::Strides } else { Wrong::Steps };
                liar(truth, lie(wrong, block))
            }
            Kind::Selfplay => Some(Belief::Truth(Box::new(truth))),
            Kind::Forger | Kind::Twin | Kind::Interior => None,
        }
    }

    /// A stride and step at which to lie: somewhere while the machine runs, or behind its end.
    fn place(&self, truth: &Chain, block: u64, world: &mut World) -> (u64, u64) {
        let heights = truth.heights;
        let stride = 1 << heights.steps;
        let strides = truth.length(block).div_ceil(stride);
        let strides = (strides + 1).min(1 << heights.strides);
        (world.rng.random_range(0..strides), world.rng.random_range(0..stride))
    }
}

/// How long until some foe does something.
pub(crate) fn pause(world: &mut World) -> Time {
    world.rng.random_range(1..=3 * DELTA_S)
}

/// What a truth says of a claim.
pub(crate) fn root_of<T: Truth<Error = std::convert::Infallible>>(truth: &mut T) -> B256 {
    let Ok(blocks) = truth.blocks();
    blocks.root()
}
