//! A seeded simulator: honest parties with latency, crashes and an outage of most of the window,
//! against everything that a wrong party can think of.

mod foe;
mod honest;
mod world;

use crate::scene::SMALL;
use altana_dispute::Heights;
use std::thread;
use world::World;

/// Mistakes that can be planted, to see that the simulator finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Honest parties don't answer rivals at a level.
    Silent(u8),
    /// Honest parties never tell the contract how long their edges stood.
    NoCredit,
    /// Honest parties leave their level bonds where they are.
    BondsForgotten,
    /// Honest parties take an hour for what should take minutes.
    Slow,
    /// The step contract computes another step.
    WrongStep,
}

const SEEDS: u64 = 300;

/// Seeds of which one must find a planted bug.
const BUG_SEEDS: u64 = 60;

/// Seeds of games with the real heights.
const TALL_SEEDS: u64 = 2;
const TALL_FOES: u8 = 3;

/// Seeds of games against so many foes.
const GRIEFER_SEEDS: u64 = 2;
const GRIEFERS: u8 = 100;

fn heights(seed: u64) -> Heights {
    match seed % 4 {
        0 => SMALL,
        1 => Heights { blocks: 3, strides: 1, steps: 2 },
        2 => Heights { blocks: 2, strides: 2, steps: 4 },
        _ => Heights { blocks: 4, strides: 3, steps: 1 },
    }
}

/// Plays one game to its end; the text says what went wrong.
fn run(seed: u64, heights: Heights, bug: Option<Bug>) -> Result<(), String> {
    play(World::new(seed, heights, bug, None))
}

fn play(mut world: World) -> Result<(), String> {
    while !world.is_over() {
        world.step()?;
    }
    world.check_end()
}

/// One, or so many, as the environment says.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    match number("ALTANA_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("ALTANA_SIM_SEEDS").unwrap_or(default),
    }
}

fn replay(seed: u64, test: &str, error: &str) -> String {
    format!(
        "seed {seed}: {error}\nreplay: ALTANA_SIM_SEED={seed} cargo test --release \
         -p altana-dispute --test game sim::{test} -- --nocapture"
    )
}

#[test]
fn right_claims_win_in_time_and_honest_parties_lose_nothing() {
    let game = |seed: u64| {
        if let Err(error) = run(seed, heights(seed), None) {
            let test = "right_claims_win_in_time_and_honest_parties_lose_nothing";
            panic!("{}", replay(seed, test, &error));
        }
    };
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || seeds(SEEDS).skip(first).step_by(threads).for_each(game));
        }
    });
}

#[test]
fn so_they_do_at_the_real_heights() {
    for seed in seeds(TALL_SEEDS) {
        if let Err(error) = play(World::new(seed, Heights::REAL, None, Some(TALL_FOES))) {
            panic!("{}", replay(seed, "so_they_do_at_the_real_heights", &error));
        }
    }
}

#[test]
fn so_they_do_against_a_hundred_griefers() {
    for seed in seeds(GRIEFER_SEEDS) {
        if let Err(error) = play(World::new(seed, SMALL, None, Some(GRIEFERS))) {
            panic!("{}", replay(seed, "so_they_do_against_a_hundred_griefers", &error));
        }
    }
}

#[test]
fn the_simulator_finds_each_planted_bug() {
    let bugs = [
        Bug::Silent(0),
        Bug::Silent(1),
        Bug::Silent(2),
        Bug::NoCredit,
        Bug::BondsForgotten,
        Bug::Slow,
        Bug::WrongStep,
    ];
    for bug in bugs {
        let found = (0..BUG_SEEDS).any(|seed| run(seed, heights(seed), Some(bug)).is_err());
        assert!(found, "{bug:?} went unnoticed");
    }
}
