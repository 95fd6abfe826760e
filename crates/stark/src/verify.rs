//! The two parts of a verification.

use crate::{
    batch,
    checkpoint::Checkpoint,
    error::{Part, Rejected},
    gkr,
    key::Key,
    reader::Reader,
    stacking,
    trace::Trace,
    transcript::Transcript,
    whir,
};

/// Verifies that a committed trace satisfies all constraints and balances all buses if it has the
/// openings that part 1 states. `claim` holds the public values that the key leaves free, as words.
pub fn verify_constraints(key: &Key, claim: &[u8], part1: &[u8]) -> Result<Checkpoint, Rejected> {
    constraints(key, claim, part1, &mut ())
}

/// Verifies that the trace has these openings.
pub fn verify_openings(key: &Key, checkpoint: &Checkpoint, part2: &[u8]) -> Result<(), Rejected> {
    openings(key, checkpoint, part2, &mut ())
}

/// Verifies both parts.
pub fn verify(key: &Key, claim: &[u8], part1: &[u8], part2: &[u8]) -> Result<(), Rejected> {
    verify_traced(key, claim, part1, part2, &mut ())
}

/// Verifies both parts, and tells `trace` what it computes.
pub fn verify_traced(
    key: &Key,
    claim: &[u8],
    part1: &[u8],
    part2: &[u8],
    trace: &mut impl Trace,
) -> Result<(), Rejected> {
    let checkpoint = constraints(key, claim, part1, trace)?;
    openings(key, &checkpoint, part2, trace)
}

fn constraints(
    key: &Key,
    claim: &[u8],
    part1: &[u8],
    trace: &mut impl Trace,
) -> Result<Checkpoint, Rejected> {
    let preamble = key.filled_preamble(claim)?;
    let mut part = Reader::new(Part::Constraints, part1, key.part1_bytes())?;
    let mut transcript = Transcript::default();
    let commitment = part.digest()?;
    transcript.observe(&key.pre_hash[..]);
    transcript.observe(&commitment[..]);
    transcript.observe(&preamble);
    let input = gkr::verify(key, &mut part, &mut transcript, trace)?;
    batch::verify(key, &preamble, commitment, &input, &mut part, &mut transcript, trace)
}

fn openings(
    key: &Key,
    checkpoint: &Checkpoint,
    part2: &[u8],
    trace: &mut impl Trace,
) -> Result<(), Rejected> {
    // A checkpoint of another key may have another length.
    let (expected, actual) = (Checkpoint::length(key), checkpoint.to_bytes().len() as u64);
    if actual != expected {
        return Err(Rejected::Length { part: Part::Checkpoint, expected, actual });
    }
    let mut part = Reader::new(Part::Openings, part2, key.part2_bytes())?;
    let mut transcript = Transcript::at(checkpoint.state);
    let opening = stacking::verify(key, checkpoint, &mut part, &mut transcript, trace)?;
    whir::verify(key, checkpoint.commitment, &opening, &mut part, &mut transcript, trace)
}
