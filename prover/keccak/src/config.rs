//! The protocol's configuration, and the parameters of the proofs that a contract verifies.

use std::io::{Error, Read, Result, Write};

use openvm_stark_backend::{
    StarkProtocolConfig, SystemParams, WhirProximityStrategy,
    codec::{
        DecodableConfig, EncodableConfig, decode_extension_field32, decode_prime_field32,
        encode_extension_field32, encode_prime_field32,
    },
    interaction::LogUpSecurityParameters,
};

use crate::{Digest, EF, F, KeccakHasher};

/// SWIRL over BabyBear, its degree-4 extension, and Keccak-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeccakConfig {
    params: SystemParams,
}

impl KeccakConfig {
    /// The configuration with these parameters.
    pub fn new(params: SystemParams) -> Self {
        Self { params }
    }
}

impl StarkProtocolConfig for KeccakConfig {
    type F = F;
    type EF = EF;
    type Digest = Digest;
    type Hasher = KeccakHasher;

    fn params(&self) -> &SystemParams {
        &self.params
    }

    fn hasher(&self) -> &KeccakHasher {
        &KeccakHasher
    }
}

/// Parameters of the last layer: at least 100 bits in every round of the protocol (`docs/stark.md`), queries
/// 57, 34, 24, 19, 15.
pub fn root_params() -> SystemParams {
    const L_SKIP: usize = 2;
    const N_STACK: usize = 18;
    const MAX_STACKED_COLUMNS: usize = 18;
    const LOG_BLOWUP: usize = 4;
    const FOLDED_PER_ROUND: usize = 3;
    const LOG_FINAL_POLY: usize = 5;
    const FOLDING_POW_BITS: usize = 18;
    const MU_POW_BITS: usize = 16;
    const QUERY_POW_BITS: usize = 20;
    const LOGUP_POW_BITS: usize = 20;
    const SECURITY_BITS: usize = 100;
    const MAX_CONSTRAINT_DEGREE: usize = 4;
    SystemParams::new(
        LOG_BLOWUP,
        L_SKIP,
        N_STACK,
        MAX_STACKED_COLUMNS,
        LOG_FINAL_POLY,
        FOLDING_POW_BITS,
        MU_POW_BITS,
        WhirProximityStrategy::ListDecoding { m: 1 },
        SECURITY_BITS,
        LogUpSecurityParameters {
            max_interaction_count: 0x7800_0001,
            log_max_message_length: 7,
            pow_bits: LOGUP_POW_BITS,
        },
        MAX_CONSTRAINT_DEGREE,
        QUERY_POW_BITS,
        FOLDED_PER_ROUND,
    )
}

/// The library's own encoding (little-endian canonical words), for files; not what the contract reads.
impl EncodableConfig for KeccakConfig {
    fn encode_base_field<W: Write>(value: &F, writer: &mut W) -> Result<()> {
        encode_prime_field32(value, writer)
    }

    fn encode_extension_field<W: Write>(value: &EF, writer: &mut W) -> Result<()> {
        encode_extension_field32::<F, _, _>(value, writer)
    }

    fn encode_digest<W: Write>(digest: &Digest, writer: &mut W) -> Result<()> {
        writer.write_all(digest)
    }
}

impl DecodableConfig for KeccakConfig {
    fn decode_base_field<R: Read>(reader: &mut R) -> Result<F> {
        decode_prime_field32(reader)
    }

    fn decode_extension_field<R: Read>(reader: &mut R) -> Result<EF> {
        decode_extension_field32::<F, _, _>(reader)
    }

    fn decode_digest<R: Read>(reader: &mut R) -> Result<Digest> {
        let mut digest = Digest::default();
        reader.read_exact(&mut digest).map_err(Error::other)?;
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::root_params;

    #[test]
    fn the_root_parameters_give_the_documented_queries() {
        let params = root_params();
        let queries: Vec<_> = params.whir.rounds.iter().map(|round| round.num_queries).collect();
        assert_eq!(queries, [57, 34, 24, 19, 15]);
        assert_eq!(params.log_final_poly_len(), 5);
    }
}
