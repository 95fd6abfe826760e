//! The key: all that a verifier knows of a circuit (`docs/stark.md`, 3).

use alloc::vec::Vec;
use core::cmp::Reverse;

use alloy_primitives::{B256, Keccak256, keccak256};

use crate::{
    error::{KeyError, Part, Rejected},
    field::F,
    program::{FIXED_SLOTS, Program, Slots},
    reader::canonical,
};

/// Bytes of a key in one data contract.
pub const CHUNK_BYTES: usize = 24_575;
/// Slots of a value area, at most.
pub const MAX_SLOTS: usize = 2048;

const VERSION: [u8; 4] = *b"AKS1";
const MAX_L_SKIP: usize = 8;
const MAX_FOLDED: usize = 8;
const MAX_ROUNDS: usize = 16;
const MAX_WORK_BITS: u8 = 30;
const MAX_DEGREE: usize = 8;
const TWO_ADICITY: usize = 27;
/// A row of this width would have a node's length.
const NODE_WIDTH: usize = 16;
const EXT_BYTES: u64 = 16;

/// Reads a key's bytes.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], KeyError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(KeyError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        Ok(*self.take(N)?.first_chunk().expect("N bytes were taken"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, KeyError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, KeyError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, KeyError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn word(&mut self) -> Result<F, KeyError> {
        F::from_canonical_word(self.u32()?).ok_or(KeyError::NotCanonical)
    }

    fn small(&mut self) -> Result<usize, KeyError> {
        self.u8().map(usize::from)
    }

    fn size(&mut self) -> Result<usize, KeyError> {
        self.u16().map(usize::from)
    }

    fn zeros<const N: usize>(&mut self) -> Result<(), KeyError> {
        if self.array::<N>()? == [0; N] { Ok(()) } else { Err(KeyError::Reserved) }
    }
}

/// A trace, at its place in the sorted order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceKey {
    /// The AIR's id.
    pub air: usize,
    /// log2 of the height.
    pub log_height: usize,
    /// Whether rotations are opened.
    pub rotations: bool,
    /// Number of columns.
    pub columns: usize,
    /// Number of public values.
    pub publics: usize,
    /// Where the public values begin in the preamble.
    pub publics_at: usize,
    /// Slots of the value area.
    pub slots: usize,
    /// Its constraints and interactions.
    pub program: Program,
}

impl TraceKey {
    /// Values in the proof.
    pub fn openings(&self) -> usize {
        self.columns * if self.rotations { 2 } else { 1 }
    }
}

/// A parsed key. Everything in it is consistent, and every length of a proof follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// log2 of the univariate skip domain.
    pub(crate) l_skip: usize,
    /// Variables of a stacked column behind the skip domain.
    pub(crate) n_stack: usize,
    /// −log2 of the code's rate.
    pub(crate) log_blowup: usize,
    /// Variables folded in a round of WHIR.
    pub(crate) folded: usize,
    /// log2 of the number of coefficients of the final polynomial.
    pub(crate) log_final: usize,
    /// Work before the LogUp challenges.
    pub(crate) logup_work: u32,
    /// Work before the batching challenge μ.
    pub(crate) mu_work: u32,
    /// Work before each folding challenge.
    pub(crate) folding_work: u32,
    /// Work before each round's queries.
    pub(crate) query_work: u32,
    /// The greatest degree of a constraint.
    pub(crate) degree: usize,
    /// GKR rounds.
    pub(crate) gkr_rounds: usize,
    /// The most variables of a trace behind the skip domain.
    pub(crate) n_max: usize,
    /// The same of the LogUp's input layer.
    pub(crate) n_logup: usize,
    /// Stacked columns.
    pub(crate) width: usize,
    /// Columns of all traces.
    pub(crate) columns: usize,
    /// Words of a claim.
    pub(crate) claim_words: usize,
    /// The library's hash of its verifying key.
    pub(crate) pre_hash: B256,
    /// Queries of each round.
    pub(crate) queries: Vec<usize>,
    /// The traces, sorted.
    pub(crate) traces: Vec<TraceKey>,
    /// Where the claim's words go: offset in the preamble, and count.
    pub(crate) free: Vec<(usize, usize)>,
    /// The transcript's first bytes.
    pub(crate) preamble: Vec<u8>,
    /// The hash that names the key.
    pub(crate) hash: B256,
}

impl Key {
    /// Parses a key and checks all of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut head = Bytes(bytes);
        if head.array()? != VERSION {
            return Err(KeyError::Version);
        }
        let (l_skip, n_stack, log_blowup) = (head.small()?, head.small()?, head.small()?);
        let (folded, rounds, log_final) = (head.small()?, head.small()?, head.small()?);
        let work = [head.u8()?, head.u8()?, head.u8()?, head.u8()?];
        let (degree, gkr_rounds) = (head.small()?, head.small()?);
        let (n_max, n_logup, width) = (head.small()?, head.small()?, head.size()?);
        let (trace_count, columns, claim_words) = (head.size()?, head.size()?, head.size()?);
        let (preamble_bytes, ranges) = (head.size()?, head.size()?);
        head.zeros::<2>()?;
        let pre_hash = B256::from(head.array()?);

        let height = l_skip + n_stack;
        within("l_skip", (1..=MAX_L_SKIP).contains(&l_skip))?;
        within("log_blowup", log_blowup >= 1 && height + log_blowup <= TWO_ADICITY)?;
        within("k", (1..=MAX_FOLDED).contains(&folded))?;
        within("rounds", (1..=MAX_ROUNDS).contains(&rounds) && folded * rounds <= height)?;
        within("log_final", log_final + folded * rounds == height)?;
        within("work", work.iter().all(|&bits| bits <= MAX_WORK_BITS))?;
        within("degree", (1..=MAX_DEGREE).contains(&degree))?;
        let queries = (0..MAX_ROUNDS).map(|_| head.size()).collect::<Result<Vec<_>, _>>()?;
        let (queries, none) = queries.split_at(rounds);
        within("queries", queries.iter().all(|&q| q > 0) && none.iter().all(|&q| q == 0))?;

        let mut traces = Vec::new();
        let mut program_at = 96 + 32 * trace_count + 4 * ranges + preamble_bytes;
        for trace in 0..trace_count {
            traces.push(parse_trace(&mut head, trace, bytes, &mut program_at)?);
        }
        within("length", program_at == bytes.len())?;
        let free = (0..ranges)
            .map(|_| Ok((head.size()?, head.size()?)))
            .collect::<Result<Vec<_>, KeyError>>()?;
        let preamble = head.take(preamble_bytes)?.to_vec();

        let key = Self {
            l_skip,
            n_stack,
            log_blowup,
            folded,
            log_final,
            logup_work: work[0].into(),
            mu_work: work[1].into(),
            folding_work: work[2].into(),
            query_work: work[3].into(),
            degree,
            gkr_rounds,
            n_max,
            n_logup,
            width,
            columns,
            claim_words,
            pre_hash,
            queries: queries.to_vec(),
            traces,
            free,
            preamble,
            hash: hash(bytes),
        };
        key.check_traces()?;
        key.check_shape()?;
        key.check_preamble()?;
        Ok(key)
    }

    /// Variables of a trace behind the skip domain: n, which may be negative.
    pub(crate) fn n(&self, trace: usize) -> isize {
        self.traces[trace].log_height as isize - self.l_skip as isize
    }

    /// The same, at least zero.
    pub(crate) fn n_lift(&self, trace: usize) -> usize {
        self.traces[trace].log_height.saturating_sub(self.l_skip)
    }

    /// log2 of a stacked column's height.
    pub(crate) fn log_stacked(&self) -> usize {
        self.l_skip + self.n_stack
    }

    /// Where the columns lie: stacked column and row, for each trace's columns in order.
    pub(crate) fn layout(&self) -> impl Iterator<Item = (usize, Place)> + '_ {
        let mut at = 0u64;
        let columns = self
            .traces
            .iter()
            .enumerate()
            .flat_map(|(trace, key)| core::iter::repeat_n(trace, key.columns));
        columns.map(move |trace| {
            let place = Place {
                column: (at >> self.log_stacked()) as usize,
                row: at & ((1 << self.log_stacked()) - 1),
            };
            at += 1 << (self.l_skip + self.n_lift(trace));
            (trace, place)
        })
    }

    /// The hash that names the key.
    pub fn hash(&self) -> B256 {
        self.hash
    }

    /// The traces, sorted.
    pub fn traces(&self) -> &[TraceKey] {
        &self.traces
    }

    /// Bytes of a claim.
    pub fn claim_bytes(&self) -> u64 {
        4 * self.claim_words as u64
    }

    /// Bytes of part 1.
    pub fn part1_bytes(&self) -> u64 {
        let rounds = self.gkr_rounds as u64;
        let subrounds = rounds * (rounds - 1) / 2;
        let openings: u64 = self.traces.iter().map(|trace| trace.openings() as u64).sum();
        let elements = 1
            + 4 * rounds
            + 3 * subrounds
            + 2 * self.traces.len() as u64
            + self.batch_coefficients() as u64
            + ((self.degree + 1) * self.n_max) as u64
            + openings;
        32 + 4 + EXT_BYTES * elements
    }

    /// Bytes of part 2.
    pub fn part2_bytes(&self) -> u64 {
        let rounds = self.queries.len() as u64;
        let last = rounds - 1;
        let elements = (self.stacked_coefficients() + 2 * self.n_stack + self.width) as u64;
        let folding = rounds * self.folded as u64 * (2 * EXT_BYTES + 4);
        let queries: u64 = (0..self.queries.len())
            .map(|round| self.queries[round] as u64 * self.query_bytes(round))
            .sum();
        EXT_BYTES * elements
            + 4
            + folding
            + last * (32 + EXT_BYTES)
            + (EXT_BYTES << self.log_final)
            + 4 * rounds
            + queries
    }

    /// Bytes of one query's opening.
    fn query_bytes(&self, round: usize) -> u64 {
        let row = if round == 0 { 4 * self.width as u64 } else { EXT_BYTES };
        (row << self.folded) + 32 * self.depth(round) as u64
    }

    /// The depth of the tree that a round opens.
    pub(crate) fn depth(&self, round: usize) -> usize {
        // k·rounds ≤ m, so that this is not negative: round < rounds, and the blow-up is not 0.
        self.log_stacked() + self.log_blowup - self.folded - round
    }

    pub(crate) fn batch_coefficients(&self) -> usize {
        (self.degree + 1) * ((1 << self.l_skip) - 1) + 1
    }

    pub(crate) fn stacked_coefficients(&self) -> usize {
        2 * ((1 << self.l_skip) - 1) + 1
    }

    /// The preamble with the claim's words in it.
    pub(crate) fn filled_preamble(&self, claim: &[u8]) -> Result<Vec<u8>, Rejected> {
        let (part, expected) = (Part::Claim, self.claim_bytes());
        if claim.len() as u64 != expected {
            return Err(Rejected::Length { part, expected, actual: claim.len() as u64 });
        }
        for word in claim.as_chunks().0 {
            canonical(part, word)?;
        }
        let mut preamble = self.preamble.clone();
        let mut rest = claim;
        for &(offset, count) in &self.free {
            let (words, others) = rest.split_at(4 * count);
            preamble[offset..offset + 4 * count].copy_from_slice(words);
            rest = others;
        }
        Ok(preamble)
    }

    fn check_traces(&self) -> Result<(), KeyError> {
        within("traces", !self.traces.is_empty())?;
        let order = |trace: &TraceKey| (Reverse(trace.log_height), trace.air);
        for (index, trace) in self.traces.iter().enumerate() {
            let sorted = index == 0 || order(&self.traces[index - 1]) < order(trace);
            let low = trace.log_height <= self.log_stacked();
            let columns = trace.columns > 0;
            if !(sorted && low && columns && trace.slots <= MAX_SLOTS) {
                return Err(KeyError::Trace(index));
            }
            let slots =
                Slots { publics: trace.publics, openings: trace.openings(), all: trace.slots };
            trace.program.check(index, slots)?;
        }
        Ok(())
    }

    fn check_shape(&self) -> Result<(), KeyError> {
        let interactions: u64 = (0..self.traces.len())
            .map(|t| {
                (self.traces[t].program.interactions.len() as u64) << (self.l_skip + self.n_lift(t))
            })
            .sum();
        let rounds = (u64::BITS - interactions.leading_zeros()) as usize;
        within("R", interactions > 0 && self.gkr_rounds == rounds)?;
        within("n_logup", self.n_logup + self.l_skip == rounds)?;
        let n_max = (0..self.traces.len()).map(|t| self.n_lift(t)).max();
        within("n_max", Some(self.n_max) == n_max)?;
        within("C", self.columns == self.traces.iter().map(|trace| trace.columns).sum())?;
        let width = self.layout().last().map(|(_, place)| place.column + 1);
        within("W", Some(self.width) == width && self.width != NODE_WIDTH)
    }

    /// That the preamble is `word(1) ‖ word(h) ‖ public values` for every AIR by id.
    fn check_preamble(&self) -> Result<(), KeyError> {
        let ok = |holds: bool| if holds { Ok(()) } else { Err(KeyError::Preamble) };
        let mut by_air: Vec<&TraceKey> = self.traces.iter().collect();
        by_air.sort_by_key(|trace| trace.air);
        let mut rest = Bytes(&self.preamble);
        let mut publics = Vec::new();
        for (air, trace) in by_air.iter().enumerate() {
            ok(trace.air == air)?;
            ok(rest.word()? == F::ONE && rest.word()? == F::new(trace.log_height as u64))?;
            ok(trace.publics_at == self.preamble.len() - rest.0.len())?;
            for _ in 0..trace.publics {
                publics.push(self.preamble.len() - rest.0.len());
                rest.word()?;
            }
        }
        ok(rest.0.is_empty())?;
        let free = self.free.iter().flat_map(|&(at, count)| (0..count).map(move |i| at + 4 * i));
        let free: Vec<usize> = free.take(self.preamble.len() + 1).collect();
        ok(free.len() == self.claim_words && free.is_sorted_by(|a, b| a < b))?;
        ok(free.iter().all(|at| publics.binary_search(at).is_ok()))?;
        ok(free.iter().all(|&at| self.preamble[at..at + 4] == [0; 4]))
    }
}

/// The place of a column in the stacked matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) column: usize,
    pub(crate) row: u64,
}

fn parse_trace(
    head: &mut Bytes<'_>,
    trace: usize,
    key: &[u8],
    program_at: &mut usize,
) -> Result<TraceKey, KeyError> {
    let inconsistent = KeyError::Trace(trace);
    let (air, log_height, rotations) = (head.size()?, head.small()?, head.u8()?);
    let (columns, publics, publics_at) = (head.size()?, head.size()?, head.size()?);
    let (constraints, interactions, slots) = (head.size()?, head.size()?, head.size()?);
    let (start, length) = (head.u32()? as usize, head.u32()? as usize);
    head.zeros::<8>()?;
    let end = start.checked_add(length).ok_or(inconsistent)?;
    let range = if start == *program_at { key.get(start..end) } else { None };
    let mut bytes = Bytes(range.ok_or(inconsistent)?);
    let program = Program::parse(&mut bytes, trace, constraints, interactions)?;
    if !bytes.0.is_empty() || rotations > 1 || slots < FIXED_SLOTS {
        return Err(inconsistent);
    }
    *program_at = end;
    Ok(TraceKey {
        air,
        log_height,
        rotations: rotations == 1,
        columns,
        publics,
        publics_at,
        slots,
        program,
    })
}

fn within(name: &'static str, holds: bool) -> Result<(), KeyError> {
    if holds { Ok(()) } else { Err(KeyError::Parameter(name)) }
}

/// keccak256 over the code hashes of the data contracts.
fn hash(key: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    for chunk in key.chunks(CHUNK_BYTES) {
        let mut code = Keccak256::new();
        code.update([0]);
        code.update(chunk);
        hasher.update(code.finalize());
    }
    if key.is_empty() { keccak256([]) } else { hasher.finalize() }
}
