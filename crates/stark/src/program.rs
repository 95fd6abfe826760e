//! The constraints of a trace as a program (`docs/stark.md`, 3).

use alloc::{vec, vec::Vec};

use crate::{
    error::KeyError,
    field::{Ext, F, P},
    key::Bytes,
};

/// Slots before the public values: zero, one, is_first, is_last, is_transition.
pub(crate) const FIXED_SLOTS: usize = 5;
const SLOT_BYTES: usize = 32;

const ORDER: u64 = P as u64;
/// A product is below this.
pub const PRODUCT_BOUND: u64 = ORDER + (1 << 23);
/// A product's left operand is at most this, 3.9p.
pub const LEFT_MAX: u64 = ORDER * 39 / 10;
/// A product's right operand, and any value, is at most this.
pub const BOUND_MAX: u64 = 1 << 37;
/// Constraints, counts and messages are at most this.
pub const LAZY_MAX: u64 = 64 * ORDER;

/// What a run computes of its operands a and b.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// a + b.
    Add = 1,
    /// a − b, with b at most 2p.
    Sub = 2,
    /// a − b, with b at most 8p.
    Sub8 = 3,
    /// a − b, with b at most 64p.
    Sub64 = 4,
    /// a·b.
    Mul = 5,
    /// a·b with b in the base field.
    MulBase = 6,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Add, Self::Sub, Self::Sub8, Self::Sub64, Self::Mul, Self::MulBase];

    /// The result's bound, from the operands'; none if a demand is not met.
    pub fn bound(self, a: u64, b: u64) -> Option<u64> {
        let difference = |multiple: u64| (b <= multiple * ORDER).then_some(a + multiple * ORDER);
        let bound = match self {
            Self::Add => a + b,
            Self::Sub => difference(2)?,
            Self::Sub8 => difference(8)?,
            Self::Sub64 => difference(64)?,
            Self::Mul if a <= LEFT_MAX && b <= BOUND_MAX => PRODUCT_BOUND,
            Self::MulBase if a <= 4 * ORDER => PRODUCT_BOUND,
            Self::Mul | Self::MulBase => return None,
        };
        (bound <= BOUND_MAX).then_some(bound)
    }

    fn apply(self, a: Ext, b: Ext) -> Ext {
        match self {
            Self::Add => a + b,
            Self::Sub | Self::Sub8 | Self::Sub64 => a - b,
            Self::Mul => a * b,
            Self::MulBase => a * b.0[0],
        }
    }
}

/// Equal operations, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The operation.
    pub op: Op,
    /// Slots of a, b and the result.
    pub triples: Vec<[usize; 3]>,
}

/// A message to a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    /// The slot of the count.
    pub count: usize,
    /// The bus's number plus one.
    pub bus: F,
    /// The message's slots, the last element first.
    pub message: Vec<usize>,
}

/// What a trace's constraints and interactions are, in terms of its openings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Constants, in slots behind the openings.
    pub constants: Vec<F>,
    /// The operations.
    pub runs: Vec<Run>,
    /// The constraints' slots, the last constraint first.
    pub constraints: Vec<usize>,
    /// The interactions, in order.
    pub interactions: Vec<Interaction>,
}

/// How many slots there are of each kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots {
    pub(crate) publics: usize,
    pub(crate) openings: usize,
    pub(crate) all: usize,
}

/// What stands in the slots before a program runs.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    /// is_first, is_last, is_transition.
    pub selectors: [Ext; 3],
    /// The public values.
    pub publics: &'a [F],
    /// Columns and rotations, as in the proof.
    pub openings: &'a [Ext],
}

impl Program {
    pub(crate) fn parse(
        bytes: &mut Bytes<'_>,
        trace: usize,
        constraints: usize,
        interactions: usize,
    ) -> Result<Self, KeyError> {
        let malformed = KeyError::Program(trace);
        let slot = |bytes: &mut Bytes<'_>| -> Result<usize, KeyError> {
            let offset = usize::from(bytes.u16()?);
            let aligned = offset.is_multiple_of(SLOT_BYTES);
            aligned.then_some(offset / SLOT_BYTES).ok_or(KeyError::Slot(trace))
        };
        let constants = (0..bytes.u16()?).map(|_| bytes.word()).collect::<Result<_, _>>()?;
        let runs = (0..bytes.u16()?)
            .map(|_| {
                let number = bytes.u8()?;
                let op = Op::ALL.into_iter().find(|&op| op as u8 == number).ok_or(malformed)?;
                let count = bytes.u16()?;
                let triples = (0..count)
                    .map(|_| Ok([slot(bytes)?, slot(bytes)?, slot(bytes)?]))
                    .collect::<Result<Vec<_>, _>>()?;
                if triples.is_empty() { Err(malformed) } else { Ok(Run { op, triples }) }
            })
            .collect::<Result<_, _>>()?;
        let constraints = (0..constraints).map(|_| slot(bytes)).collect::<Result<_, _>>()?;
        let interactions = (0..interactions)
            .map(|_| {
                let (count, bus) = (slot(bytes)?, bytes.word()?);
                let length = bytes.u8()?;
                let message = (0..length).map(|_| slot(bytes)).collect::<Result<Vec<_>, _>>()?;
                if message.is_empty() {
                    Err(malformed)
                } else {
                    Ok(Interaction { count, bus, message })
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { constants, runs, constraints, interactions })
    }

    /// That each slot is written before it is read, and that no lane can overflow.
    pub(crate) fn check(&self, trace: usize, slots: Slots) -> Result<(), KeyError> {
        let constants = FIXED_SLOTS + slots.publics + slots.openings;
        let temporaries = constants + self.constants.len();
        if temporaries > slots.all {
            return Err(KeyError::Slot(trace));
        }
        let is_base = |slot: usize| {
            let publics = FIXED_SLOTS..FIXED_SLOTS + slots.publics;
            slot < 2 || publics.contains(&slot) || (constants..temporaries).contains(&slot)
        };
        let mut bounds = vec![Some(ORDER); temporaries];
        bounds.resize(slots.all, None);
        bounds[0] = Some(0);
        for run in &self.runs {
            for &[a, b, target] in &run.triples {
                let bound =
                    |slot: usize| bounds.get(slot).copied().flatten().ok_or(KeyError::Slot(trace));
                let (a_bound, b_bound) = (bound(a)?, bound(b)?);
                if run.op == Op::MulBase && !is_base(b)
                    || !(temporaries..slots.all).contains(&target)
                {
                    return Err(KeyError::Slot(trace));
                }
                let result = run.op.bound(a_bound, b_bound).ok_or(KeyError::Bound(trace))?;
                bounds[target] = Some(result);
            }
        }
        let messages = self.interactions.iter().flat_map(|i| i.message.iter().chain([&i.count]));
        for &slot in self.constraints.iter().chain(messages) {
            let bound = bounds.get(slot).copied().flatten().ok_or(KeyError::Slot(trace))?;
            if bound > LAZY_MAX {
                return Err(KeyError::Bound(trace));
            }
        }
        Ok(())
    }

    /// All slots after the program ran. The program was checked for these numbers of values.
    pub(crate) fn run(&self, values: &Values<'_>, slots: usize) -> Vec<Ext> {
        let mut area = vec![Ext::ZERO, Ext::ONE];
        area.extend(values.selectors);
        area.extend(values.publics.iter().map(|&value| Ext::from(value)));
        area.extend(values.openings);
        area.extend(self.constants.iter().map(|&value| Ext::from(value)));
        area.resize(slots, Ext::ZERO);
        for run in &self.runs {
            for &[a, b, target] in &run.triples {
                area[target] = run.op.apply(area[a], area[b]);
            }
        }
        area
    }
}
