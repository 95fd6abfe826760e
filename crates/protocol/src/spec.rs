//! What makes one rollup different from another, and the hash that commits to it.

use alloc::{string::String, vec::Vec};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;

use crate::execute::TX_GAS_MAX;

/// Longest name of a chain, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// What the hash of every chain spec of this kind starts with.
const CONFIG_TAG: &str = "altana.chain.1";

/// The rules of one rollup. Everything but `name` goes into [`ChainSpec::config_hash`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "camelCase", deny_unknown_fields))]
pub struct ChainSpec {
    /// For people; not part of the rules.
    pub name: String,
    /// EIP-155 id of the rollup.
    pub chain_id: u64,
    /// EIP-155 id of the chain that holds its contracts.
    pub parent_chain_id: u64,
    /// The Portal on the parent chain.
    pub portal: Address,
    /// Gas limit of a block.
    pub gas_limit: u64,
    /// Most gas that the blocks of one batch use ([`crate::derive::has_gas`]).
    pub batch_gas: u64,
    /// EIP-1559: the gas limit is this many times the gas target.
    pub elasticity: u64,
    /// EIP-1559: the base fee changes by at most one part in this many per block.
    pub denominator: u64,
    /// The base fee never falls below, in wei.
    pub min_base_fee: u64,
    /// Hash of block 0.
    pub genesis_hash: B256,
}

/// Why a [`ChainSpec`] is refused: which field, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The field has a value that no chain can run with; the text says what it must be.
    #[error("chain spec: {field} {expected}")]
    Field {
        /// The field's name in the spec file.
        field: &'static str,
        /// Completes the sentence "field …".
        expected: &'static str,
    },
}

impl ChainSpec {
    /// `configHash` of docs/protocol.md §4: the hash that the contracts and proofs know the
    /// chain by.
    pub fn config_hash(&self) -> B256 {
        keccak256(self.encode_config())
    }

    /// What [`ChainSpec::config_hash`] hashes: ten words.
    pub fn encode_config(&self) -> Vec<u8> {
        let words = (
            keccak256(CONFIG_TAG),
            U256::from(self.chain_id),
            U256::from(self.parent_chain_id),
            self.portal,
            U256::from(self.gas_limit),
            U256::from(self.batch_gas),
            U256::from(self.elasticity),
            U256::from(self.denominator),
            U256::from(self.min_base_fee),
            self.genesis_hash,
        );
        words.abi_encode()
    }

    /// The rules in [`ChainSpec::encode_config`], without a name.
    pub fn decode_config(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<32>();
        let [tag, numbers @ .., genesis_hash] = words else { return None };
        let [chain_id, parent_chain_id, portal, limits @ .., elasticity, denominator, fee] =
            numbers
        else {
            return None;
        };
        let [gas_limit, batch_gas] = limits else { return None };
        if *tag != keccak256(CONFIG_TAG) || !rest.is_empty() {
            return None;
        }
        let number = |word: &[u8; 32]| u64::try_from(U256::from_be_bytes(*word)).ok();
        Some(Self {
            name: String::new(),
            chain_id: number(chain_id)?,
            parent_chain_id: number(parent_chain_id)?,
            portal: Address::from_word(portal.into()),
            gas_limit: number(gas_limit)?,
            batch_gas: number(batch_gas)?,
            elasticity: number(elasticity)?,
            denominator: number(denominator)?,
            min_base_fee: number(fee)?,
            genesis_hash: genesis_hash.into(),
        })
    }

    /// Checks that a chain can run with these values.
    pub fn validate(&self) -> Result<(), SpecError> {
        let check = |ok: bool, field: &'static str, expected: &'static str| {
            if ok { Ok(()) } else { Err(SpecError::Field { field, expected }) }
        };
        check(self.name.len() <= NAME_BYTES_MAX, "name", "must have at most 64 bytes")?;
        check(self.chain_id != 0, "chainId", "must not be 0")?;
        check(
            self.chain_id != self.parent_chain_id,
            "chainId",
            "must differ from parentChainId, or signatures could be replayed",
        )?;
        // EIP-155 puts 2 * chainId + 36 into a signature.
        check(self.chain_id <= u64::MAX / 2 - 36, "chainId", "must be at most 2^63 - 37")?;
        check(
            (TX_GAS_MAX..=10_000_000_000).contains(&self.gas_limit),
            "gasLimit",
            "must be from 16,777,216 (what one transaction may ask for) to 10,000,000,000",
        )?;
        check(
            self.batch_gas / 2 >= self.gas_limit,
            "batchGas",
            "must be at least twice gasLimit, so that any block fits a batch",
        )?;
        check((1..=1000).contains(&self.elasticity), "elasticity", "must be from 1 to 1,000")?;
        check(
            (1..=1_000_000).contains(&self.denominator),
            "denominator",
            "must be from 1 to 1,000,000",
        )
    }
}
