//! What a team decides before it launches a rollup: the content of `chain.toml`.

use alloy::primitives::{Address, U256};
use altana_proof::guest;
use altana_protocol::batch::BLOCKS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A rollup to be launched. Durations are in seconds of the parent chain's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollupConfig {
    /// A name for people.
    pub name: String,
    /// EIP-155 chain id of the rollup.
    pub chain_id: u64,
    /// What makes claims final.
    #[serde(default)]
    pub preset: Preset,
    /// Who runs it, and who may change what.
    pub roles: Roles,
    /// Block production and fees.
    pub blocks: Blocks,
    /// What the contracts on the parent chain enforce.
    pub delays: Delays,
    /// What claims and disputes have to bring.
    #[serde(default)]
    pub bonds: Bonds,
    /// Balances at genesis, in wei. For development: on a real chain ether comes from the Portal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub balances: BTreeMap<Address, U256>,
}

/// What makes a claim about the rollup's state final: the family of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Nobody contradicts it within a window, or it wins the dispute (docs/dispute.md).
    #[default]
    Optimistic,
    /// A validity proof, and nothing else (docs/zk.md).
    ZkRollup,
    /// What makes an optimistic rollup's claims final; a validity proof does so at once.
    Hybrid,
}

impl Preset {
    /// Whether claims can be disputed.
    pub const fn has_game(self) -> bool {
        matches!(self, Self::Optimistic | Self::Hybrid)
    }

    /// Whether claims can be proved.
    pub const fn has_proofs(self) -> bool {
        matches!(self, Self::ZkRollup | Self::Hybrid)
    }

    /// Most gas of a block whose claims can still be decided, by whatever a hostile block does.
    const fn provable_gas(self) -> u64 {
        match self {
            Self::ZkRollup => guest::BLOCK_GAS_MAX,
            // If it cannot be proved, it can be disputed.
            Self::Optimistic | Self::Hybrid => PROVABLE_GAS,
        }
    }

    /// As in `chain.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Optimistic => "optimistic",
            Self::ZkRollup => "zk-rollup",
            Self::Hybrid => "hybrid",
        }
    }

    /// Its module, by the contract's name.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Optimistic => "FaultProof",
            Self::ZkRollup => "ZkProof",
            Self::Hybrid => "HybridProof",
        }
    }
}

/// The accounts that run a rollup. All live on the parent chain, fees are paid to one on the rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Commits batches while it does so in time.
    pub batcher: Address,
    /// May pause withdrawals once, for a bounded time.
    pub guardian: Address,
    /// May change roles and validity, behind the timelock.
    pub owner: Address,
    /// Receives the fees collected on the rollup.
    pub fee_recipient: Address,
}

/// Block production and fees of the rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocks {
    /// Time between sealed blocks, in milliseconds.
    pub block_time_ms: u64,
    /// Time between pre-confirmations, in milliseconds.
    pub preconfirmation_ms: u64,
    /// Gas a block may use.
    pub gas_limit: u64,
    /// EIP-1559: the gas target is `gas_limit / elasticity`.
    pub elasticity: u64,
    /// EIP-1559: the base fee changes by at most one in this many a block.
    pub denominator: u64,
    /// The base fee never falls below this many wei.
    pub min_base_fee: u64,
    /// The base fee of the first block, in wei.
    pub initial_base_fee: u64,
    /// Share of the parent's base fee charged for data (OP Stack Ecotone, 6 decimals).
    pub base_fee_scalar: u32,
    /// Share of the parent's blob base fee charged for data (OP Stack Ecotone, 6 decimals).
    pub blob_base_fee_scalar: u32,
}

/// Delays that the contracts enforce, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delays {
    /// A batch must consume every message older than this.
    pub force_inclusion_s: u64,
    /// Without a batch for this long, anyone may commit one.
    pub sequencer_timeout_s: u64,
    /// A batch whose last block is older than this is refused.
    pub max_batch_age_s: u64,
    /// A claim is final this long after it was made; a disputed one needs the time of the answers on
    /// top.
    pub challenge_window_s: u64,
    /// A withdrawal is paid no sooner than this after it was proven.
    pub proof_maturity_s: u64,
    /// A change by the owner takes effect no sooner than this.
    pub timelock_s: u64,
    /// A pause ends by itself after this.
    pub max_pause_s: u64,
}

/// What is at stake in a claim and in a dispute, in gwei (docs/dispute.md §7). Half of a lost bond
/// pays whoever proved it wrong: a level's has to cover the gas of the moves on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bonds {
    /// Of a claim.
    pub claim_gwei: u64,
    /// Of a descent from a block into its strides.
    pub strides_gwei: u64,
    /// Of a descent from a stride into its instructions.
    pub steps_gwei: u64,
}

/// What is wrong with a [`RollupConfig`]: the field, and why.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text is not TOML of this shape.
    #[error("{}", .0.to_string().trim_end())]
    Syntax(#[from] toml::de::Error),
    /// A value that cannot work.
    #[error("`{field}` {why}")]
    Field {
        /// Dotted path of the field.
        field: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
}

impl RollupConfig {
    /// Defaults for development: quick windows, the test mnemonic's accounts in every role.
    ///
    /// `accounts` are the funded accounts: the last publishes, the third to last owns and guards.
    pub fn development(accounts: &[Address]) -> Self {
        let role = |from_end: usize| {
            accounts.len().checked_sub(from_end).map(|i| accounts[i]).unwrap_or_default()
        };
        Self {
            name: "altana-dev".into(),
            chain_id: 42069,
            preset: Preset::default(),
            roles: Roles {
                batcher: role(1),
                guardian: role(3),
                owner: role(3),
                fee_recipient: role(3),
            },
            blocks: Blocks::default(),
            delays: Delays::development(),
            bonds: Bonds::default(),
            balances: accounts.iter().map(|a| (*a, U256::from(10_000u64) * ETHER)).collect(),
        }
    }

    /// The same with another preset. Where there are proofs, blocks have no more gas than can be proved
    /// whatever they do; a hybrid may be given more.
    pub fn with_preset(mut self, preset: Preset) -> Self {
        self.preset = preset;
        if preset.has_proofs() {
            self.blocks.gas_limit = self.blocks.gas_limit.min(guest::BLOCK_GAS_MAX);
        }
        self
    }

    /// Reads and checks `chain.toml`.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }

    /// The text of `chain.toml`.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("plain data always serialises")
    }

    /// Refuses what cannot work, naming the field.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fail = |field, why: String| Err(ConfigError::Field { field, why });
        if self.name.is_empty() {
            return fail("name", "is empty: name the chain".into());
        }
        if self.chain_id == 0 || self.chain_id > MAX_CHAIN_ID {
            return fail("chain_id", format!("is {}: take 1 to {MAX_CHAIN_ID}", self.chain_id));
        }
        self.roles.check()?;
        self.blocks.check(self.preset)?;
        self.bonds.check()?;
        self.delays.check()
    }
}

/// Wallets compute `2 * chain_id + 36` in 53-bit arithmetic (EIP-2294).
const MAX_CHAIN_ID: u64 = (1 << 52) - 19;
const ETHER: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

impl Roles {
    fn check(&self) -> Result<(), ConfigError> {
        let roles = [
            ("roles.batcher", self.batcher),
            ("roles.guardian", self.guardian),
            ("roles.owner", self.owner),
            ("roles.fee_recipient", self.fee_recipient),
        ];
        match roles.into_iter().find(|(_, address)| address.is_zero()) {
            Some((field, _)) => Err(ConfigError::Field {
                field,
                why: "is the zero address: name an account".into(),
            }),
            None => Ok(()),
        }
    }
}

impl Default for Bonds {
    fn default() -> Self {
        // A level takes up to 23 moves of 130,000 gas; half a bond pays for them at 150 gwei.
        Self { claim_gwei: 5_000_000_000, strides_gwei: 1_000_000_000, steps_gwei: 1_000_000_000 }
    }
}

impl Bonds {
    fn check(&self) -> Result<(), ConfigError> {
        let ordered = self.claim_gwei >= self.strides_gwei && self.strides_gwei >= self.steps_gwei;
        if ordered && self.steps_gwei > 0 {
            return Ok(());
        }
        let why = "are not claim_gwei >= strides_gwei >= steps_gwei > 0: else a wrong party could \
                   make a right one bring more than itself";
        Err(ConfigError::Field { field: "bonds", why: why.into() })
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            block_time_ms: 1_000,
            preconfirmation_ms: 250,
            gas_limit: 250_000_000,
            elasticity: 10,
            denominator: 250,
            min_base_fee: 1_000,
            initial_base_fee: 1_000_000,
            base_fee_scalar: 5_227,
            blob_base_fee_scalar: 1_014_213,
        }
    }
}

/// Most gas of a block that the fault proof's machine can execute (docs/dispute.md §8). It has 2^38
/// instructions, and one gas needs at most 512 of them. Of its 3.7 GB of memory one gas takes at most 4
/// bytes, on top of 640 MB for any block (docs/machine.md §7).
const PROVABLE_GAS: u64 = 1 << 28;

impl Blocks {
    /// Most gas that the blocks of one batch use. Where any block can be proved, so can any batch; else
    /// it is what 1,024 full blocks use, and claims are disputed block by block.
    pub const fn batch_gas(&self, preset: Preset) -> u64 {
        if preset.has_proofs() && self.gas_limit <= guest::BLOCK_GAS_MAX {
            guest::BATCH_GAS_MAX
        } else {
            self.gas_limit.saturating_mul(BLOCKS_MAX as u64)
        }
    }

    fn check(&self, preset: Preset) -> Result<(), ConfigError> {
        let within = |field, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(ConfigError::Field { field, why: format!("is {value}: take {low} to {high}") })
        };
        within("blocks.block_time_ms", self.block_time_ms, 100, 60_000)?;
        within("blocks.preconfirmation_ms", self.preconfirmation_ms, 20, self.block_time_ms)?;
        let (least, most) = (20_000_000, preset.provable_gas());
        if !(least..=most).contains(&self.gas_limit) {
            let why = format!(
                "is {}: with the preset {} take {least} to {most}, or a hostile block could not be \
                 proved",
                self.gas_limit,
                preset.name()
            );
            return Err(ConfigError::Field { field: "blocks.gas_limit", why });
        }
        within("blocks.elasticity", self.elasticity, 1, 1_000)?;
        within("blocks.denominator", self.denominator, 1, 1_000_000)?;
        within("blocks.min_base_fee", self.min_base_fee, 1, 1_000_000_000_000)?;
        within("blocks.initial_base_fee", self.initial_base_fee, self.min_base_fee, u64::MAX >> 1)
    }
}

impl Delays {
    /// Seconds instead of days, so that a whole withdrawal is watched in half a minute.
    pub fn development() -> Self {
        Self {
            force_inclusion_s: 60,
            sequencer_timeout_s: 120,
            max_batch_age_s: 86_400,
            challenge_window_s: 4,
            proof_maturity_s: 2,
            timelock_s: 180,
            max_pause_s: 30,
        }
    }

    /// What a chain with users should start from.
    pub fn production() -> Self {
        Self {
            force_inclusion_s: 43_200,
            sequencer_timeout_s: 86_400,
            max_batch_age_s: 86_400,
            challenge_window_s: 604_800,
            proof_maturity_s: 604_800,
            timelock_s: 2_764_800,
            max_pause_s: 604_800,
        }
    }

    /// How long a withdrawal takes, in seconds, when the sequencer, the guardian and a wrong claim
    /// hinder it as long as they can.
    fn exit_s(&self) -> u64 {
        self.force_inclusion_s.max(self.sequencer_timeout_s)
            + self.max_pause_s
            + self.challenge_window_s
            + self.challenge_window_s / ANSWERS
            + self.proof_maturity_s
    }

    fn check(&self) -> Result<(), ConfigError> {
        let fields = [
            ("delays.force_inclusion_s", self.force_inclusion_s),
            ("delays.sequencer_timeout_s", self.sequencer_timeout_s),
            ("delays.max_batch_age_s", self.max_batch_age_s),
            ("delays.challenge_window_s", self.challenge_window_s),
            ("delays.proof_maturity_s", self.proof_maturity_s),
            ("delays.timelock_s", self.timelock_s),
            ("delays.max_pause_s", self.max_pause_s),
        ];
        for (field, value) in fields {
            if value == 0 || value > MAX_DELAY_S {
                let why = format!("is {value}: take 1 to {MAX_DELAY_S} seconds");
                return Err(ConfigError::Field { field, why });
            }
        }
        if self.timelock_s <= self.exit_s() {
            let why = format!(
                "is {}: take more than {}, what it takes to leave before a change",
                self.timelock_s,
                self.exit_s()
            );
            return Err(ConfigError::Field { field: "delays.timelock_s", why });
        }
        if self.max_batch_age_s < self.force_inclusion_s {
            return Err(ConfigError::Field {
                field: "delays.max_batch_age_s",
                why: "is shorter than delays.force_inclusion_s: a forced message could expire \
                      together with the batch that carries it"
                    .into(),
            });
        }
        Ok(())
    }
}

/// The part of a window that honest answers to all moves of a dispute are given.
const ANSWERS: u64 = 7;
/// Ninety days: longer than any delay in use, and far from overflow.
const MAX_DELAY_S: u64 = 90 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RollupConfig {
        RollupConfig::development(&[Address::with_last_byte(1); 10])
    }

    #[test]
    fn toml_round_trips() {
        assert_eq!(RollupConfig::from_toml(&config().to_toml()).unwrap(), config());
    }

    #[test]
    fn the_defaults_are_accepted() {
        for delays in [Delays::development(), Delays::production()] {
            delays.check().unwrap();
        }
    }

    #[test]
    fn a_bad_field_is_named() {
        type Spoil = fn(&mut RollupConfig);
        let cases: [(Spoil, &str); 8] = [
            (|c| c.chain_id = 0, "chain_id"),
            (|c| c.roles.owner = Address::ZERO, "roles.owner"),
            (|c| c.blocks.gas_limit = 1, "blocks.gas_limit"),
            (|c| c.preset = Preset::ZkRollup, "blocks.gas_limit"),
            (|c| c.blocks.preconfirmation_ms = 2_000, "blocks.preconfirmation_ms"),
            (|c| c.delays.challenge_window_s = 0, "delays.challenge_window_s"),
            (|c| c.bonds.steps_gwei = c.bonds.strides_gwei + 1, "bonds"),
            (|c| c.delays.max_pause_s = c.delays.timelock_s, "delays.timelock_s"),
        ];
        for (spoil, field) in cases {
            let mut config = config();
            spoil(&mut config);
            let error = RollupConfig::from_toml(&config.to_toml()).unwrap_err().to_string();
            assert!(error.contains(&format!("`{field}`")), "{error}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let text = config().to_toml() + "\n[extra]\nx = 1\n";
        assert!(RollupConfig::from_toml(&text).is_err());
    }
}
