//! From a verifying key with fixed heights to a key.

use std::{cmp::Reverse, collections::BTreeMap};

use altana_keccak_stark::{F, KeccakConfig, encode};
use openvm_stark_backend::{
    calculate_n_logup,
    keygen::types::{MultiStarkVerifyingKey, StarkVerifyingKey},
    p3_field::PrimeCharacteristicRing,
};
use thiserror::Error;

use crate::program::{Compiled, Shape, Statistics, compile};

/// The verifying key is not one that nodes and contracts can verify.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompileError {
    /// Heights or pinned public values are not as many as the key has AIRs or values.
    #[error("heights or pinned public values do not fit the verifying key")]
    Shape,
    /// There are preprocessed or cached traces, or AIRs that a proof must have.
    #[error("AIR {0} has preprocessed or cached traces, or is required")]
    Air(usize),
    /// The heights violate a condition of the verifying key.
    #[error("the heights violate the verifying key's conditions")]
    Heights,
    /// No AIR has an interaction.
    #[error("there are no interactions")]
    NoInteractions,
    /// An expression uses a variable that does not exist.
    #[error("an expression uses an unknown variable")]
    Variable,
    /// A program needs more slots than there are.
    #[error("a program needs too many slots")]
    Slots,
    /// A number does not fit its field.
    #[error("a number does not fit its field")]
    TooLarge,
    /// The key that was made is refused.
    #[error("the key is refused: {0}")]
    Refused(#[from] altana_stark::KeyError),
}

/// What each trace's program has, in sorted order, by AIR id.
pub type AllStatistics = Vec<(usize, Statistics)>;

/// A verifying key, made one statement.
#[derive(Clone)]
pub struct Circuit {
    pub(crate) vk: MultiStarkVerifyingKey<KeccakConfig>,
    pub(crate) log_heights: Vec<usize>,
    pub(crate) pinned: BTreeMap<usize, Vec<F>>,
}

impl Circuit {
    /// The circuit with these heights (log2, by AIR id), in which all public values of some AIRs are fixed.
    pub fn new(
        vk: MultiStarkVerifyingKey<KeccakConfig>,
        log_heights: Vec<usize>,
        pinned: BTreeMap<usize, Vec<F>>,
    ) -> Result<Self, CompileError> {
        let airs = &vk.inner.per_air;
        let pins_fit = pinned.iter().all(|(&air, values)| {
            airs.get(air).is_some_and(|vk| vk.params.num_public_values == values.len())
        });
        if airs.len() != log_heights.len() || !pins_fit {
            return Err(CompileError::Shape);
        }
        for (air, vk) in airs.iter().enumerate() {
            if vk.preprocessed_data.is_some() || vk.num_cached_mains() != 0 || vk.is_required {
                return Err(CompileError::Air(air));
            }
        }
        let circuit = Self { vk, log_heights, pinned };
        let max = circuit.vk.inner.params.log_stacked_height();
        if circuit.log_heights.iter().any(|&h| h > max) || !circuit.heights_allowed() {
            return Err(CompileError::Heights);
        }
        Ok(circuit)
    }

    /// The verifying key's linear conditions on heights, checked here once.
    fn heights_allowed(&self) -> bool {
        let l_skip = self.vk.inner.params.l_skip;
        self.vk.inner.trace_height_constraints.iter().all(|constraint| {
            let terms = constraint.coefficients.iter().zip(&self.log_heights);
            let sum: u128 = terms.map(|(&c, &h)| u128::from(c) << h.max(l_skip)).sum();
            sum < u128::from(constraint.threshold)
        })
    }

    /// The AIRs by height descending, then by id.
    pub(crate) fn sorted(&self) -> Vec<usize> {
        let mut airs: Vec<usize> = (0..self.log_heights.len()).collect();
        airs.sort_by_key(|&air| (Reverse(self.log_heights[air]), air));
        airs
    }

    /// The key's bytes.
    pub fn key(&self) -> Result<Vec<u8>, CompileError> {
        Ok(self.compile()?.0)
    }

    /// What each trace's program has, in sorted order, by AIR id.
    pub fn statistics(&self) -> Result<AllStatistics, CompileError> {
        Ok(self.compile()?.1)
    }

    fn compile(&self) -> Result<(Vec<u8>, AllStatistics), CompileError> {
        let sorted = self.sorted();
        let programs: Vec<Compiled> =
            sorted.iter().map(|&air| self.program(air)).collect::<Result<_, _>>()?;
        let (preamble, free, publics_at) = self.preamble();
        let mut bytes = self.head(free.len(), preamble.len(), &free)?;

        let mut program_at = bytes.len() + 32 * sorted.len() + 4 * free.len() + preamble.len();
        for (&air, program) in sorted.iter().zip(&programs) {
            let vk = &self.vk.inner.per_air[air];
            bytes.extend(u16(air)?);
            bytes.extend([self.log_heights[air] as u8, u8::from(vk.params.need_rot)]);
            bytes.extend(u16(vk.params.width.common_main)?);
            bytes.extend(u16(vk.params.num_public_values)?);
            bytes.extend(u16(publics_at[air])?);
            bytes.extend(u16(program.statistics.constraints)?);
            bytes.extend(u16(program.statistics.interactions)?);
            bytes.extend(u16(program.statistics.slots)?);
            bytes.extend(
                u32::try_from(program_at).map_err(|_| CompileError::TooLarge)?.to_be_bytes(),
            );
            bytes.extend(
                u32::try_from(program.bytes.len())
                    .map_err(|_| CompileError::TooLarge)?
                    .to_be_bytes(),
            );
            bytes.extend([0; 8]);
            program_at += program.bytes.len();
        }
        for &(offset, count) in &free {
            bytes.extend(u16(offset)?);
            bytes.extend(u16(count)?);
        }
        bytes.extend(preamble);
        programs.iter().for_each(|program| bytes.extend(&program.bytes));
        altana_stark::Key::parse(&bytes)?;
        let statistics = sorted
            .into_iter()
            .zip(programs.into_iter().map(|program| program.statistics))
            .collect();
        Ok((bytes, statistics))
    }

    fn program(&self, air: usize) -> Result<Compiled, CompileError> {
        let StarkVerifyingKey { params, symbolic_constraints, .. } = &self.vk.inner.per_air[air];
        let shape = Shape {
            publics: params.num_public_values,
            columns: params.width.common_main,
            rotations: params.need_rot,
        };
        compile(symbolic_constraints, shape)
    }

    /// The preamble, the free ranges in it, and where each AIR's public values begin.
    fn preamble(&self) -> (Vec<u8>, Vec<(usize, usize)>, Vec<usize>) {
        let (mut preamble, mut free, mut publics_at) = (vec![], vec![], vec![]);
        for (air, vk) in self.vk.inner.per_air.iter().enumerate() {
            preamble.extend(word(F::ONE));
            preamble.extend(word(F::from_usize(self.log_heights[air])));
            publics_at.push(preamble.len());
            let publics = vk.params.num_public_values;
            match self.pinned.get(&air) {
                Some(values) => values.iter().for_each(|&value| preamble.extend(word(value))),
                None if publics > 0 => {
                    free.push((preamble.len(), publics));
                    preamble.resize(preamble.len() + 4 * publics, 0);
                }
                None => {}
            }
        }
        (preamble, free, publics_at)
    }

    fn head(
        &self,
        ranges: usize,
        preamble: usize,
        free: &[(usize, usize)],
    ) -> Result<Vec<u8>, CompileError> {
        let params = &self.vk.inner.params;
        let airs = &self.vk.inner.per_air;
        let heights = || airs.iter().zip(&self.log_heights);
        let lifted = |h: usize| h.max(params.l_skip);
        let interactions: u64 =
            heights().map(|(vk, &h)| (vk.num_interactions() as u64) << lifted(h)).sum();
        if interactions == 0 {
            return Err(CompileError::NoInteractions);
        }
        let n_logup = calculate_n_logup(params.l_skip, interactions);
        let n_max = self.log_heights.iter().max().map_or(0, |&h| lifted(h)) - params.l_skip;
        let cells: u64 =
            heights().map(|(vk, &h)| (vk.params.width.common_main as u64) << lifted(h)).sum();
        let columns: usize = airs.iter().map(|vk| vk.params.width.common_main).sum();

        let mut bytes = b"AKS1".to_vec();
        for small in [
            params.l_skip,
            params.n_stack,
            params.log_blowup,
            params.k_whir(),
            params.num_whir_rounds(),
            params.log_final_poly_len(),
            params.logup_pow_bits(),
            params.whir.mu_pow_bits,
            params.whir.folding_pow_bits,
            params.whir.query_phase_pow_bits,
            params.max_constraint_degree,
            params.l_skip + n_logup,
            n_max,
            n_logup,
        ] {
            bytes.push(u8::try_from(small).map_err(|_| CompileError::TooLarge)?);
        }
        bytes.extend(u16(cells.div_ceil(1 << params.log_stacked_height()) as usize)?);
        bytes.extend(u16(airs.len())?);
        bytes.extend(u16(columns)?);
        bytes.extend(u16(free.iter().map(|&(_, count)| count).sum())?);
        bytes.extend(u16(preamble)?);
        bytes.extend(u16(ranges)?);
        bytes.extend([0; 2]);
        bytes.extend(self.vk.pre_hash);
        for round in 0..16 {
            bytes.extend(u16(params.whir.rounds.get(round).map_or(0, |round| round.num_queries))?);
        }
        Ok(bytes)
    }
}

fn u16(n: usize) -> Result<[u8; 2], CompileError> {
    u16::try_from(n).map_err(|_| CompileError::TooLarge).map(u16::to_be_bytes)
}

/// The four bytes of an element.
pub(crate) fn word(value: F) -> [u8; 4] {
    encode(&[value]).try_into().expect("an element has four bytes")
}
