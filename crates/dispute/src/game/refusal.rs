//! Why the contract would not do something.

use thiserror::Error;

/// Why a call is refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no claim with this number.
    #[error("no such claim")]
    NoSuchClaim,
    /// The claim to build on was rejected.
    #[error("the parent claim is rejected")]
    BadParent,
    /// A claim on this parent has won, and no other can be made.
    #[error("claim {0} has won the round")]
    RoundOver(u64),
    /// A claim covers exactly the batches that its parent's followers cover.
    #[error("the claim must end with batch {0}")]
    WrongBatch(u64),
    /// The batch is not in the Inbox.
    #[error("no such batch")]
    NoSuchBatch,
    /// The spine has another length than its history's height.
    #[error("a spine of another length")]
    BadSpine,
    /// Another bond is due, in wei.
    #[error("the bond is {0}")]
    WrongBond(u128),
    /// Somebody was faster: the same claim or edge stands already.
    #[error("it exists already")]
    Exists,
    /// No such edge.
    #[error("no such edge")]
    NoSuchEdge,
    /// Only an edge with a rival needs an answer.
    #[error("the edge has no rival")]
    NotRivalled,
    /// Somebody was faster.
    #[error("the edge is bisected or proven already")]
    Answered,
    /// These are not the edge's halves; it is of another height than the move needs.
    #[error("not the children of the edge")]
    NotChildren,
    /// The move needs an edge over a single leaf.
    #[error("the edge covers more than one leaf")]
    NotALeaf,
    /// The move needs an edge of another level.
    #[error("the edge is of another level")]
    WrongLevel,
    /// Behind the claim's last batch nothing is executed: prove that the leaf repeats.
    #[error("the edge is behind the claim's last batch")]
    BehindClaim,
    /// Only behind the claim's last batch do leaves repeat.
    #[error("the edge is not behind the claim's last batch")]
    NotBehindClaim,
    /// The leaf before is not proven.
    #[error("the prefix does not end in this leaf")]
    NotInPrefix,
    /// The end state is not valid, or ends with another leaf than the edge's.
    #[error("not an end state with this leaf")]
    BadEndState,
    /// The witness proves no step from the state before the edge.
    #[error("the witness proves no such step")]
    BadWitness,
    /// The step ends in another state.
    #[error("the step does not end in the edge's state")]
    WrongStep,
    /// It is neither bisected nor refined by this edge.
    #[error("nothing below the edge to credit it from")]
    NothingBelow,
    /// The move needs a root edge of level 1 or 2.
    #[error("not the root edge of a refinement")]
    NotARefinement,
    /// The timer has not reached the window.
    #[error("the timer stands at {0} s")]
    TooEarly(u64),
    /// The place is decided already.
    #[error("decided already")]
    Decided,
    /// The claim or place is not decided yet.
    #[error("not decided yet")]
    NotDecided,
    /// Its bond moved on, or was settled.
    #[error("no bond is here")]
    NoBond,
}
