//! The rules of docs/dispute.md as the contract has them, with time as a parameter. For tests: a
//! party plays against it what it will play against the contract.

mod bonds;
mod claims;
mod moves;
mod refusal;
mod timers;

use crate::{Edge, Heights};
use alloy_primitives::{Address, B256};
pub use claims::{Proposal, Status};
pub use moves::Opening;
pub use refusal::Refusal;
use std::collections::HashMap;
pub use timers::Credit;

/// Seconds since some beginning.
pub type Time = u64;

/// What the constructor fixes.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How deep the levels are.
    pub heights: Heights,
    /// The challenge window, in seconds.
    pub window_s: u64,
    /// What a claim brings, in wei.
    pub claim_bond: u128,
    /// What a descent into level 1 or 2 brings, in wei.
    pub level_bonds: [u128; 2],
    /// The state before a program's first stride.
    pub program_hash: B256,
    /// The chain's configuration, a part of each block's input.
    pub config_hash: B256,
}

/// Judges a single instruction: the step contract.
pub trait Judge {
    /// The state hashes before and after the step that `witness` proves, of a machine with this
    /// input; `None` if it proves none.
    fn step(&self, witness: &[u8], input: B256) -> Option<(B256, B256)>;
}

/// A fault proof's whole state.
#[derive(Clone, Debug)]
pub struct Game<J> {
    rules: Rules,
    judge: J,
    /// By batch number; the genesis is batch 0.
    batches: Vec<B256>,
    claims: Vec<claims::Claim>,
    edges: HashMap<B256, Record>,
    places: HashMap<B256, Place>,
    /// By origin: what a refinement starts from.
    levels: HashMap<B256, LevelStart>,
    /// By edge, which may not exist yet: the root edges that refine it.
    refinements: HashMap<B256, Vec<B256>>,
    funds: bonds::Funds,
}

/// An edge that exists.
#[derive(Clone, Debug)]
struct Record {
    edge: Edge,
    place: B256,
    created_at: Time,
    /// Bisected: its halves.
    halves: Option<[B256; 2]>,
    /// Of a root edge of level 1 or 2: the edge that it refines.
    refines: Option<B256>,
    /// Of a claim's root edge: the claim.
    claim: Option<u64>,
    proven: bool,
    /// What was credited to it from below, in seconds.
    below_s: u64,
    /// Who brought it, if it is a root edge of level 1 or 2.
    by: Address,
    bond: Option<u128>,
}

/// A place with at least one edge.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The edge that came first: the only one whose time runs.
    first: B256,
    rivalled_at: Option<Time>,
    /// The root edge that was confirmed here.
    winner: Option<B256>,
}

/// Where the machine of a refinement starts.
#[derive(Clone, Copy, Debug)]
struct LevelStart {
    state: B256,
    input: B256,
}

impl<J: Judge> Game<J> {
    /// A game with no claim but the genesis, which ends with this block leaf.
    pub fn new(rules: Rules, judge: J, genesis_leaf: B256) -> Self {
        Self {
            rules,
            judge,
            batches: vec![B256::ZERO],
            claims: vec![claims::Claim::genesis(genesis_leaf)],
            edges: HashMap::new(),
            places: HashMap::new(),
            levels: HashMap::new(),
            refinements: HashMap::new(),
            funds: bonds::Funds::default(),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The Inbox takes another batch; its number is returned.
    pub fn commit_batch(&mut self, hash: B256) -> u64 {
        self.batches.push(hash);
        self.batches.len() as u64 - 1
    }

    fn record(&self, edge: &Edge) -> Result<&Record, Refusal> {
        self.edges.get(&edge.id()).ok_or(Refusal::NoSuchEdge)
    }

    fn place(&self, record: &Record) -> &Place {
        &self.places[&record.place]
    }

    /// The edge must exist and have a rival.
    fn rivalled(&self, edge: &Edge) -> Result<&Record, Refusal> {
        let record = self.record(edge)?;
        match self.place(record).rivalled_at {
            Some(_) => Ok(record),
            None => Err(Refusal::NotRivalled),
        }
    }

    /// Adds an edge if it doesn't exist; whether it is new.
    fn add(&mut self, edge: Edge, now: Time) -> bool {
        let (id, place) = (edge.id(), edge.place());
        if self.edges.contains_key(&id) {
            return false;
        }
        self.places
            .entry(place)
            .and_modify(|at| {
                at.rivalled_at.get_or_insert(now);
            })
            .or_insert(Place { first: id, rivalled_at: None, winner: None });
        let record = Record {
            edge,
            place,
            created_at: now,
            halves: None,
            refines: None,
            claim: None,
            proven: false,
            below_s: 0,
            by: Address::ZERO,
            bond: None,
        };
        self.edges.insert(id, record);
        true
    }

    fn record_mut(&mut self, id: &B256) -> &mut Record {
        self.edges.get_mut(id).expect("the edge was looked up")
    }
}
