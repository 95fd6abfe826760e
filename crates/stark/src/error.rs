//! Why a key or a proof is refused: one variant for each check of `docs/stark.md`.

use thiserror::Error;

/// A part of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The public values.
    Claim,
    /// Part 1.
    Constraints,
    /// What part 2 needs of part 1.
    Checkpoint,
    /// Part 2.
    Openings,
}

/// The proof is refused. All of these are final: the same bytes are refused for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Rejected {
    /// A part has a length other than its key gives it.
    #[error("{part:?}: {actual} bytes, not {expected}")]
    Length {
        /// Which part.
        part: Part,
        /// By the key.
        expected: u64,
        /// As given.
        actual: u64,
    },
    /// A word is not below p.
    #[error("{0:?}: a word is not below p")]
    NotCanonical(Part),
    /// The work before α and β is missing.
    #[error("the work before the LogUp challenges is missing")]
    LogUpWork,
    /// The LogUp sum is not zero.
    #[error("the sum of all interactions is not zero")]
    GkrRootNumerator,
    /// The root's denominator is not the claimed one.
    #[error("the root's denominator is not the claimed one")]
    GkrRootDenominator,
    /// A layer does not follow from the one before.
    #[error("GKR: layer {0} does not follow from the one above")]
    GkrLayer(usize),
    /// The traces' numerators do not add up.
    #[error("the traces' numerators do not add up to the input layer's")]
    NumeratorSum,
    /// The traces' denominators do not add up.
    #[error("the traces' denominators do not add up to the input layer's")]
    DenominatorSum,
    /// The batched sumcheck's first polynomial has another sum.
    #[error("the batch's univariate polynomial has another sum over the domain")]
    BatchDomainSum,
    /// Constraints and interactions at the point are not what the sumcheck says.
    #[error("constraints and interactions do not evaluate to the claimed value")]
    BatchClaim,
    /// The stacked reduction's first polynomial has another sum.
    #[error("the stacked reduction's univariate polynomial has another sum over the domain")]
    StackedDomainSum,
    /// The stacked openings are not what the sumcheck says.
    #[error("the stacked openings do not evaluate to the claimed value")]
    StackedClaim,
    /// The work before μ is missing.
    #[error("the work before the batching challenge is missing")]
    MuWork,
    /// The work before a folding challenge is missing.
    #[error("the work before folding challenge {0} is missing")]
    FoldingWork(usize),
    /// The work before a round's queries is missing.
    #[error("the work before the queries of round {0} is missing")]
    QueryWork(usize),
    /// An opened leaf is not in its tree.
    #[error("round {round}: the leaf of query {query} is not in the tree")]
    MerklePath {
        /// WHIR's round.
        round: usize,
        /// The query in its round.
        query: usize,
    },
    /// The final polynomial does not explain the claims.
    #[error("the final polynomial does not explain the claims")]
    FinalClaim,
}

/// The bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Too short, too long, or a length points outside.
    #[error("the key ends too early or too late")]
    Length,
    /// Not `AKS1`.
    #[error("unknown version")]
    Version,
    /// A reserved byte is not zero.
    #[error("a reserved byte is not zero")]
    Reserved,
    /// A parameter is out of its range, or does not follow from the others.
    #[error("parameter {0} is out of range or inconsistent")]
    Parameter(&'static str),
    /// A trace is out of order, too high, or inconsistent.
    #[error("trace {0} is inconsistent")]
    Trace(usize),
    /// The preamble is not what the traces give.
    #[error("the preamble is inconsistent")]
    Preamble,
    /// A program reads or writes outside its slots, or reads what is not there yet.
    #[error("the program of trace {0} uses a wrong slot")]
    Slot(usize),
    /// A program could overflow a lane.
    #[error("the program of trace {0} exceeds a bound")]
    Bound(usize),
    /// A word is not below p.
    #[error("a word is not below p")]
    NotCanonical,
    /// An unknown operation, an empty run, an empty message.
    #[error("the program of trace {0} is malformed")]
    Program(usize),
}
