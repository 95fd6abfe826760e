//! What an honest party does next, from what the chain says and what is true. It keeps nothing:
//! a party that starts again walks again.

mod acts;
mod credit;
mod tree;

use crate::{Credit, Edge, Heights, History, Opening};
pub use acts::{Acts, Walk, walk};
use alloy_primitives::B256;

/// An edge as the contract sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdgeState {
    /// Somebody made it.
    pub exists: bool,
    /// It has a rival.
    pub rivalled: bool,
    /// Its halves exist.
    pub bisected: bool,
    /// It was proven: its timer is infinite.
    pub proven: bool,
    /// A root edge of level 1 or 2 that won its place.
    pub confirmed: bool,
    /// The party's own bond is in it.
    pub mine: bool,
    /// Seconds from its creation to its first rival's, or to now.
    pub unrivalled_s: u64,
    /// Its timer by what is stored, in seconds: a lower bound; the largest number if it is proven.
    pub credited_s: u64,
}

/// Where a level's history belongs: the block and stride above it, 0 if it is above them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Position of the block.
    pub block: u64,
    /// Stride of that block.
    pub stride: u64,
}

/// What happened. It is computed on demand, and each question is dearer than the one above it:
/// [`walk`] asks only for what a move needs. An implementation should keep its last answers.
///
/// Blocks are positions in the claim's history, strides in the block's, steps in the stride's. Where
/// one cannot be told, the walk goes on elsewhere.
pub trait Truth {
    /// Why it can't be known.
    type Error;

    /// The claim's history: its block leaves. It must have the heights of the dispute, as all do.
    fn blocks(&mut self) -> Result<&History, Self::Error>;

    /// A block's history: the machine after each stride.
    fn strides(&mut self, block: u64) -> Result<&History, Self::Error>;

    /// The encoding of the state in which a block's machine halts: the last leaf of `strides`.
    fn end_state(&mut self, block: u64) -> Result<Vec<u8>, Self::Error>;

    /// A stride's history: the machine after each instruction.
    fn steps(&mut self, block: u64, stride: u64) -> Result<&History, Self::Error>;

    /// The history of a level.
    fn history(&mut self, level: u8, at: At) -> Result<&History, Self::Error> {
        match level {
            0 => self.blocks(),
            1 => self.strides(at.block),
            _ => self.steps(at.block, at.stride),
        }
    }

    /// The root of a level's history. Every walk asks for it again: it is worth remembering.
    fn root_of(&mut self, level: u8, at: At) -> Result<B256, Self::Error> {
        Ok(self.history(level, at)?.root())
    }

    /// The halves of a node of a level's history. Every walk asks for them again.
    fn halves_of(
        &mut self,
        level: u8,
        at: At,
        height: u8,
        index: u64,
    ) -> Result<(B256, B256), Self::Error> {
        Ok(self.history(level, at)?.children(height, index))
    }

    /// The witness of an instruction.
    fn witness(&mut self, block: u64, stride: u64, step: u64) -> Result<Vec<u8>, Self::Error>;
}

/// A party's right claim, among others on the same parent.
#[derive(Clone, Copy, Debug)]
pub struct Dispute {
    /// How deep the levels are.
    pub heights: Heights,
    /// The challenge window, in seconds.
    pub window_s: u64,
    /// The claim's root edge.
    pub root: Edge,
    /// The first position behind the claim's last batch: from here on leaves repeat.
    pub behind: u64,
    /// How far it is.
    pub stage: Stage,
}

/// What is at stake in a dispute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The claim, and the party's bonds.
    #[default]
    Open,
    /// The claim is final or rejected: the bonds in root edges below it, which still have to win.
    Decided,
    /// The module was replaced and decides nothing more: all bonds go back.
    Retired,
}

/// A call of the contract. One may be refused because another party was faster, or because a
/// rival has just come: then the chain is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Split a rivalled edge.
    Bisect {
        /// The edge.
        edge: Edge,
        /// Its left half's node.
        left: B256,
        /// Its right half's.
        right: B256,
    },
    /// Open the next level below a rivalled edge. It brings the bond of level
    /// `opening.edge.level + 1`.
    Descend(Opening),
    /// Replay a rivalled instruction.
    Prove {
        /// The edge.
        edge: Edge,
        /// The proof of the leaf before it.
        before: Vec<B256>,
        /// The step's witness.
        witness: Vec<u8>,
    },
    /// Show that a leaf behind the claim's last batch is a repetition.
    ProveRepeat {
        /// The edge.
        edge: Edge,
        /// The proof of the leaf before it.
        before: Vec<B256>,
    },
    /// Bring timers up to date, in this order. It may be cut into several calls.
    Credit(Vec<Credit>),
    /// Declare a root edge with the party's bond the winner of its place.
    ConfirmEdge(Edge),
    /// Get back the bond of a root edge that won.
    SettleEdge(Edge),
}

impl Move {
    /// Whether it answers a rival: a bisection, descent or proof.
    pub const fn is_answer(&self) -> bool {
        !matches!(self, Self::Credit(_) | Self::ConfirmEdge(_) | Self::SettleEdge(_))
    }
}

/// Answers that one wrong claim can force: 12 bisections, a descent, 22 bisections, a descent, 16
/// bisections and a proof.
pub const MOVES_MAX: u64 = moves_max(&Heights::REAL, 0);

/// Answers that wrong root edges of a level and those below can force, one of each level: on every
/// level one for each node on the path to where it parts from the truth.
pub const fn moves_max(heights: &Heights, level: u8) -> u64 {
    let moves = heights.of(level) as u64 + 1;
    if level == 2 { moves } else { moves + moves_max(heights, level + 1) }
}
