//! A seeded simulator: the node's real state machines over a model of the parent, through
//! crashes, reorganisations, foreign batches and bad answers.

mod parent;
pub(crate) mod world;

use world::{Plan, World};

/// Mistakes that can be planted, to see that the simulator finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Transactions of blocks that leave the chain are not saved.
    ForgetDisplaced,
    /// A transaction is acknowledged before the journal has it.
    SkipJournal,
    /// Unsafe blocks are kept though the parent no longer has their messages.
    KeepContradicted,
}

std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether the running simulation has this mistake.
pub(crate) fn planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

const SEEDS: u64 = 120;
const STEPS: usize = 400;

/// Runs one world to its end; the text says what went wrong.
fn run(seed: u64, plan: Plan) -> Result<(), String> {
    let mut world = World::new(seed, plan);
    for _ in 0..STEPS {
        world.step()?;
    }
    world.settle()?;
    world.check()
}

fn replay(seed: u64, error: &str) -> String {
    format!(
        "seed {seed}: {error}\nreplay: ALTANA_SIM_SEED={seed} cargo test --release -p altana-node \
         --lib sim::nothing_is_lost -- --nocapture"
    )
}

#[test]
fn nothing_is_lost_and_a_fresh_verifier_agrees() {
    let seeds = match std::env::var("ALTANA_SIM_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..SEEDS,
    };
    for seed in seeds {
        if let Err(error) = run(seed, Plan::hostile()) {
            panic!("{}", replay(seed, &error));
        }
    }
}

#[test]
fn a_calm_world_publishes_everything() {
    run(1, Plan::calm()).unwrap();
}

#[test]
fn a_parent_that_breaks_its_finality_stops_the_node() {
    for restarted in [false, true] {
        let mut world = World::new(1, Plan::calm());
        (0..STEPS).try_for_each(|_| world.step()).unwrap();
        world.settle().unwrap();
        world.break_finality();
        if restarted {
            world.crash();
        }
        let error = world.read().unwrap_err();
        assert!(error.contains("which was final and held batch"), "{error}");
    }
}

/// Beacon nodes keep blobs for 18 days, and a quiet chain may have no younger batch.
#[test]
fn a_restarted_node_needs_no_payload_of_a_final_batch() {
    let mut world = World::new(1, Plan::calm());
    (0..STEPS).try_for_each(|_| world.step()).unwrap();
    world.settle().unwrap();
    let safe = world.safe();
    world.forget_final_payloads();
    world.crash();
    world.catch_up().unwrap();
    assert_eq!(world.safe(), safe);
    world.verifier().catch_up().expect_err("a fresh one needs them");
}

/// Incident (Starknet, 2025): sequencers saw different states of the parent.
#[test]
fn nodes_on_divergent_parents_converge_after_the_reorganisation() {
    let mut world = World::new(5, Plan::calm());
    (0..STEPS).try_for_each(|_| world.step()).unwrap();
    let mut verifier = world.verifier();
    let parent = world.fork();
    verifier.catch_up().unwrap();
    world.read().unwrap();
    assert_ne!(verifier.safe(), world.safe());
    world.set_parent(parent);
    world.settle().unwrap();
    world.check().unwrap();
    verifier.catch_up().unwrap();
    assert_eq!(verifier.safe(), world.safe());
}

/// Incident (Arbitrum, 2023): a backlog of inscriptions, faster than it was published.
#[test]
fn ten_times_the_load_is_held_back_before_the_batch_gap_passes_its_bound() {
    let mut world = World::new(6, Plan::calm());
    world.flood().unwrap();
    world.settle().unwrap();
    world.check().unwrap();
}

fn finds(bug: Bug) {
    PLANTED.set(Some(bug));
    let found = (0..SEEDS).any(|seed| run(seed, Plan::hostile()).is_err());
    PLANTED.set(None);
    assert!(found, "{bug:?} went unnoticed");
}

#[test]
fn the_simulator_finds_forgotten_transactions() {
    finds(Bug::ForgetDisplaced);
}

#[test]
fn the_simulator_finds_a_skipped_journal() {
    finds(Bug::SkipJournal);
}

#[test]
fn the_simulator_finds_blocks_that_contradict_the_queue() {
    finds(Bug::KeepContradicted);
}
