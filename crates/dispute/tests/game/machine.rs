//! A machine that can be computed at any step, and the chain that it executes.

use alloy_primitives::{B256, U256, keccak256};
use altana_dispute::{
    Heights, History, Judge, Liar, STATE_BYTES, Truth, end_state_with_leaf, input,
};
use std::convert::Infallible;

pub(crate) const CONFIG: B256 = B256::repeat_byte(0xc0);
pub(crate) const GENESIS: B256 = B256::repeat_byte(0x6e);

const STEP_AT: usize = 40;
const STATUS_AT: usize = 48;
const UNFINISHED: u8 = 3;

pub(crate) type State = Vec<u8>;

/// Adds its input to its memory at each step, and halts after 1 to `steps_max` of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) steps_max: u64,
}

impl Machine {
    pub(crate) fn start() -> State {
        let mut state = vec![0; STATE_BYTES];
        state[STATUS_AT] = UNFINISHED;
        state
    }

    pub(crate) fn steps(&self, input: B256) -> u64 {
        let hash = keccak256(input);
        1 + u64::from_be_bytes(*hash.first_chunk().unwrap()) % self.steps_max
    }

    /// The block leaf that the program comes to.
    pub(crate) fn leaf(input: B256) -> B256 {
        keccak256([input, B256::ZERO].concat())
    }

    pub(crate) fn state(&self, input: B256, step: u64) -> State {
        let last = self.steps(input);
        let mut state = Self::start();
        set(&mut state, step.min(last), U256::from_be_bytes(input.0));
        if step < last { state } else { Self::halted(state, input) }
    }

    fn halted(mut state: State, input: B256) -> State {
        state[STATUS_AT] = 0;
        end_state_with_leaf(&state, Self::leaf(input))
    }

    fn next(&self, mut state: State, input: B256) -> State {
        if state[STATUS_AT] != UNFINISHED {
            return state;
        }
        let memory = U256::from_be_slice(&state[..32]).wrapping_add(U256::from_be_bytes(input.0));
        let step = 1 + u64::from_be_bytes(state[STEP_AT..STATUS_AT].try_into().unwrap());
        state[..32].copy_from_slice(&memory.to_be_bytes::<32>());
        state[STEP_AT..STATUS_AT].copy_from_slice(&step.to_be_bytes());
        if step == self.steps(input) { Self::halted(state, input) } else { state }
    }
}

fn set(state: &mut State, step: u64, input: U256) {
    let memory = input.wrapping_mul(U256::from(step));
    state[..32].copy_from_slice(&memory.to_be_bytes::<32>());
    state[STEP_AT..STATUS_AT].copy_from_slice(&step.to_be_bytes());
}

pub(crate) fn hash(state: &[u8]) -> B256 {
    let mut hash = keccak256(state);
    hash[0] = state[STATUS_AT];
    hash
}

impl Judge for Machine {
    fn step(&self, witness: &[u8], input: B256) -> Option<(B256, B256)> {
        (witness.len() == STATE_BYTES)
            .then(|| (hash(witness), hash(&self.next(witness.to_vec(), input))))
    }
}

/// What happens in the blocks of the claims on one parent.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) heights: Heights,
    machine: Machine,
    /// The block leaf before.
    start: B256,
    batches: Vec<B256>,
    blocks: History,
    strides: Option<(u64, History)>,
    steps: Option<((u64, u64), History)>,
}

impl Chain {
    /// Executes these batches after a block leaf.
    pub(crate) fn new(heights: Heights, machine: Machine, start: B256, batches: &[B256]) -> Self {
        Self::forged(heights, machine, start, batches, &[])
    }

    /// A chain that has these leaves, which nothing leads to, instead of its own.
    pub(crate) fn forged(
        heights: Heights,
        machine: Machine,
        start: B256,
        batches: &[B256],
        forged: &[(u64, B256)],
    ) -> Self {
        let per_batch = heights.blocks_per_batch();
        let mut leaf = start;
        let leaves = (0..batches.len() as u64 * per_batch).map(|block| {
            let batch = batches[(block / per_batch) as usize];
            let forged = forged.iter().find(|(at, _)| *at == block);
            leaf = match forged {
                Some((_, forged)) => *forged,
                None => Machine::leaf(input(CONFIG, leaf, batch, block % per_batch)),
            };
            leaf
        });
        let blocks = History::new(heights.blocks, leaves.collect()).unwrap();
        let batches = batches.to_vec();
        Self { heights, machine, start, batches, blocks, strides: None, steps: None }
    }

    pub(crate) fn history(&self) -> &History {
        &self.blocks
    }

    /// Positions at which something is executed.
    pub(crate) fn executed(&self) -> u64 {
        self.batches.len() as u64 * self.heights.blocks_per_batch()
    }

    pub(crate) fn input(&self, block: u64) -> B256 {
        let before = if block == 0 { self.start } else { self.blocks.leaf(block - 1) };
        let per_batch = self.heights.blocks_per_batch();
        let batch = self.batches[(block / per_batch) as usize];
        input(CONFIG, before, batch, block % per_batch)
    }

    /// Instructions that a block takes.
    pub(crate) fn length(&self, block: u64) -> u64 {
        self.machine.steps(self.input(block))
    }

    fn at(&self, block: u64, step: u64) -> B256 {
        hash(&self.machine.state(self.input(block), step))
    }
}

impl Truth for Chain {
    type Error = Infallible;

    fn blocks(&mut self) -> Result<&History, Infallible> {
        Ok(&self.blocks)
    }

    fn strides(&mut self, block: u64) -> Result<&History, Infallible> {
        if self.strides.as_ref().is_none_or(|(at, _)| *at != block) {
            let stride = 1 << self.heights.steps;
            let strides = self.length(block).div_ceil(stride);
            let leaves = (1..=strides).map(|end| self.at(block, end * stride)).collect();
            self.strides = Some((block, History::new(self.heights.strides, leaves).unwrap()));
        }
        Ok(&self.strides.as_ref().unwrap().1)
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, Infallible> {
        Ok(self.machine.state(self.input(block), u64::MAX))
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, Infallible> {
        let at = (block, stride);
        if self.steps.as_ref().is_none_or(|(made, _)| *made != at) {
            let first = stride << self.heights.steps;
            let count = (self.length(block).max(first + 1) - first).min(1 << self.heights.steps);
            let leaves = (1..=count).map(|step| self.at(block, first + step)).collect();
            self.steps = Some((at, History::new(self.heights.steps, leaves).unwrap()));
        }
        Ok(&self.steps.as_ref().unwrap().1)
    }

    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, Infallible> {
        let step = (stride << self.heights.steps) + step;
        Ok(self.machine.state(self.input(block), step))
    }
}

/// A truth that does not know how some blocks were made.
#[derive(Clone, Debug)]
pub(crate) struct Forgetful {
    pub(crate) truth: Chain,
    pub(crate) lost: Vec<u64>,
}

impl Forgetful {
    fn at(&mut self, block: u64) -> Result<&mut Chain, u64> {
        if self.lost.contains(&block) { Err(block) } else { Ok(&mut self.truth) }
    }
}

/// What is shown of a truth that never fails.
fn known<R>(result: Result<R, Infallible>) -> R {
    let Ok(known) = result;
    known
}

impl Truth for Forgetful {
    /// The block.
    type Error = u64;

    fn blocks(&mut self) -> Result<&History, u64> {
        Ok(known(self.truth.blocks()))
    }

    fn strides(&mut self, block: u64) -> Result<&History, u64> {
        self.at(block).map(|truth| known(truth.strides(block)))
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, u64> {
        self.at(block).map(|truth| known(truth.end_state(block)))
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, u64> {
        self.at(block).map(|truth| known(truth.steps(block, stride)))
    }

    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, u64> {
        self.at(block).map(|truth| known(truth.witness(block, stride, step)))
    }
}

/// A liar who is right again after the wrong block: it can prove all that comes behind.
#[derive(Clone, Debug)]
pub(crate) struct Forger {
    pub(crate) liar: Liar<Chain>,
    pub(crate) after: Chain,
    pub(crate) block: u64,
}

impl Forger {
    fn at(&mut self, block: u64) -> &mut dyn Truth<Error = Infallible> {
        if block > self.block { &mut self.after } else { &mut self.liar }
    }
}

/// Anything that a party can take for the truth.
#[derive(Clone, Debug)]
pub(crate) enum Belief {
    Truth(Box<Chain>),
    Lie(Box<Liar<Chain>>),
    Forgery(Box<Forger>),
}

impl Belief {
    /// Who knows what happened in a block.
    fn at(&mut self, block: u64) -> &mut dyn Truth<Error = Infallible> {
        match self {
            Self::Truth(truth) => &mut **truth,
            Self::Lie(liar) => &mut **liar,
            Self::Forgery(forger) => forger.at(block),
        }
    }
}

impl Truth for Belief {
    type Error = Infallible;

    fn blocks(&mut self) -> Result<&History, Infallible> {
        self.at(0).blocks()
    }

    fn strides(&mut self, block: u64) -> Result<&History, Infallible> {
        self.at(block).strides(block)
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, Infallible> {
        self.at(block).end_state(block)
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, Infallible> {
        self.at(block).steps(block, stride)
    }

    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, Infallible> {
        self.at(block).witness(block, stride, step)
    }
}
