//! The wrong side: a truth with a lie in it, for tests and demonstrations.
//!
//! [`crate::walk`] plays for a liar as it plays for an honest party; what it can't do is prove the
//! instruction at which the lie begins.

use crate::{Heights, History, Truth, end_state};
use alloy_primitives::B256;

/// Where a lie begins, and what it says. Positions as in [`Truth`].
#[derive(Clone, Debug)]
pub struct Lie {
    /// What is wrong first.
    pub from: Wrong,
    /// The wrong block.
    pub block: u64,
    /// The wrong stride of that block (and of later ones that have to lie, too).
    pub stride: u64,
    /// The wrong instruction of that stride.
    pub step: u64,
}

impl Lie {
    /// Whether its positions are within histories of these heights, with room for what it says.
    pub fn fits(&self, heights: &Heights) -> bool {
        let Self { from, block, stride, step } = self;
        let (blocks, room) = match from {
            Wrong::Blocks(leaves) => (leaves.len() as u64, 1),
            Wrong::Strides => (1, 1),
            Wrong::Steps => (1, 2),
        };
        blocks > 0
            && block + blocks <= 1 << heights.blocks
            && *stride < 1 << heights.strides
            && step + room <= 1 << heights.steps
    }
}

/// Which level begins to lie.
#[derive(Clone, Debug)]
pub enum Wrong {
    /// The claim: from the wrong block on its leaves are these, the last one repeated.
    Blocks(Vec<B256>),
    /// The claim is true; the wrong block's strides end with the right leaf in a wrong state.
    Strides,
    /// Claim and strides are true; the wrong stride's instruction leads to a state that is not the
    /// machine's, and the next one back.
    Steps,
}

/// A truth in which something is wrong from one place on.
#[derive(Clone, Debug)]
pub struct Liar<T> {
    truth: T,
    lie: Lie,
    blocks: Option<History>,
    strides: Option<(u64, History)>,
    steps: Option<((u64, u64), History)>,
}

impl<T: Truth> Liar<T> {
    /// Lies about a truth.
    pub const fn new(truth: T, lie: Lie) -> Self {
        Self { truth, lie, blocks: None, strides: None, steps: None }
    }

    /// The truth underneath.
    pub const fn truth(&mut self) -> &mut T {
        &mut self.truth
    }

    /// Whether a block's strides are not the true ones.
    fn lies_about(&self, block: u64) -> bool {
        match self.lie.from {
            Wrong::Blocks(_) => block >= self.lie.block,
            Wrong::Strides => block == self.lie.block,
            Wrong::Steps => false,
        }
    }

    fn false_blocks(&mut self) -> Result<History, T::Error> {
        let truth = self.truth.blocks()?;
        let Wrong::Blocks(wrong) = &self.lie.from else { return Ok(truth.clone()) };
        let right = (0..self.lie.block).map(|block| truth.leaf(block));
        Ok(history(truth, right.chain(wrong.iter().copied()).collect()))
    }

    fn false_strides(&mut self, block: u64) -> Result<History, T::Error> {
        let end = end_state::hash(&self.end_state(block)?);
        let truth = self.truth.strides(block)?;
        let leaves = (0..self.lie.stride).map(|stride| truth.leaf(stride)).chain([end]);
        Ok(history(truth, leaves.collect()))
    }

    fn false_steps(&mut self, block: u64, stride: u64) -> Result<History, T::Error> {
        let wrong = self.lie.step;
        if self.lies_about(block) {
            // Behind the wrong stride the machine has halted in its wrong state.
            let wrong = if stride == self.lie.stride { wrong } else { 0 };
            let end = self.strides(block)?.leaf(stride);
            let truth = self.truth.steps(block, stride)?;
            let leaves = (0..wrong).map(|step| truth.leaf(step)).chain([end]);
            return Ok(history(truth, leaves.collect()));
        }
        let truth = self.truth.steps(block, stride)?;
        let leaves = (0..truth.given().max(wrong + 2)).map(|step| {
            let leaf = truth.leaf(step);
            if step == wrong { !leaf } else { leaf }
        });
        Ok(history(truth, leaves.collect()))
    }
}

/// A history as high as another.
///
/// The lie's positions must be within it.
fn history(like: &History, leaves: Vec<B256>) -> History {
    History::new(like.height(), leaves).expect("a lie about a place in the history")
}

impl<T: Truth> Truth for Liar<T> {
    type Error = T::Error;

    fn blocks(&mut self) -> Result<&History, T::Error> {
        if self.blocks.is_none() {
            self.blocks = Some(self.false_blocks()?);
        }
        Ok(self.blocks.as_ref().expect("just made"))
    }

    fn strides(&mut self, block: u64) -> Result<&History, T::Error> {
        if !self.lies_about(block) {
            return self.truth.strides(block);
        }
        if self.strides.as_ref().is_none_or(|(at, _)| *at != block) {
            self.strides = Some((block, self.false_strides(block)?));
        }
        Ok(&self.strides.as_ref().expect("just made").1)
    }

    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, T::Error> {
        let state = self.truth.end_state(block)?;
        if !self.lies_about(block) {
            return Ok(state);
        }
        let leaf = self.blocks()?.leaf(block);
        let same = end_state::leaf(&state) == Some(leaf);
        Ok(if same {
            end_state::with_other_memory(&state)
        } else {
            end_state::with_leaf(&state, leaf)
        })
    }

    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, T::Error> {
        let lies = match self.lie.from {
            Wrong::Steps => (block, stride) == (self.lie.block, self.lie.stride),
            _ => self.lies_about(block) && stride >= self.lie.stride,
        };
        if !lies {
            return self.truth.steps(block, stride);
        }
        let at = (block, stride);
        if self.steps.as_ref().is_none_or(|(made, _)| *made != at) {
            self.steps = Some((at, self.false_steps(block, stride)?));
        }
        Ok(&self.steps.as_ref().expect("just made").1)
    }

    /// The true one, which shows that the lie is one; or, where the machine has halted in its wrong
    /// state, that it stays there.
    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, T::Error> {
        let halted = (stride, step) > (self.lie.stride, self.lie.step);
        if self.lies_about(block) && halted {
            return self.end_state(block);
        }
        self.truth.witness(block, stride, step)
    }
}
