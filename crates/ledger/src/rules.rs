//! The rules that a chain's blocks follow.

use crate::Error;
use alloy_consensus::constants::ETH_TO_WEI;
use alloy_eips::{eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS, eip7840::BlobParams};
use alloy_genesis::ChainConfig;
use alloy_primitives::Address;
use altana_protocol::ChainSpec;
use revm::primitives::hardfork::SpecId;

/// Whose rules a chain follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// An Altana rollup: `altana_protocol::execute`.
    Rollup(ChainSpec),
    /// Ethereum: mainnet rules with a schedule of forks.
    Ethereum(EthereumRules),
}

impl Rules {
    /// EIP-155 id of the chain.
    pub fn chain_id(&self) -> u64 {
        match self {
            Self::Rollup(spec) => spec.chain_id,
            Self::Ethereum(rules) => rules.chain_id,
        }
    }

    /// Ethereum's rules, if it is those.
    pub fn ethereum(&self) -> Option<&EthereumRules> {
        match self {
            Self::Ethereum(rules) => Some(rules),
            Self::Rollup(_) => None,
        }
    }
}

/// Ethereum mainnet rules with a schedule of forks. Proof of work is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EthereumRules {
    /// EIP-155 id.
    pub chain_id: u64,
    /// Forks by block number, up to the merge, rising.
    pub by_number: Vec<(u64, SpecId)>,
    /// Forks by timestamp, since Shanghai, rising.
    pub by_time: Vec<(u64, SpecId)>,
    /// What a block earns its miner, in wei, by block number, rising; zero since the merge.
    pub rewards: Vec<(u64, u128)>,
    /// Blob parameters by timestamp (Cancun, Prague, and EIP-7892's BPO forks), rising.
    pub blobs: Vec<(u64, BlobParams)>,
    /// Whose logs are deposit requests (EIP-6110).
    pub deposit_contract: Address,
}

impl EthereumRules {
    /// Osaka from genesis on, with the newest blob parameters of mainnet (BPO2).
    pub fn osaka(chain_id: u64) -> Self {
        Self {
            chain_id,
            by_number: vec![(0, SpecId::MERGE)],
            by_time: vec![(0, SpecId::OSAKA)],
            rewards: Vec::new(),
            blobs: vec![(0, BlobParams::bpo2())],
            deposit_contract: MAINNET_DEPOSIT_CONTRACT_ADDRESS,
        }
    }

    /// The schedule of a genesis file's `config` (geth's format, with `mergeNetsplitBlock` as the
    /// first block after the merge).
    pub fn from_config(config: &ChainConfig) -> Result<Self, Error> {
        let merge = match config.terminal_total_difficulty {
            Some(total) if total.is_zero() => Some(0),
            _ if config.terminal_total_difficulty_passed => Some(0),
            _ => config.merge_netsplit_block,
        };
        let by_number = schedule([
            (Some(0), SpecId::FRONTIER),
            (config.homestead_block, SpecId::HOMESTEAD),
            (config.eip150_block, SpecId::TANGERINE),
            (config.eip158_block, SpecId::SPURIOUS_DRAGON),
            (config.byzantium_block, SpecId::BYZANTIUM),
            (config.constantinople_block, SpecId::CONSTANTINOPLE),
            (config.petersburg_block, SpecId::PETERSBURG),
            (config.istanbul_block, SpecId::ISTANBUL),
            (config.berlin_block, SpecId::BERLIN),
            (config.london_block, SpecId::LONDON),
            (merge, SpecId::MERGE),
        ])?;
        let by_time = schedule([
            (config.shanghai_time, SpecId::SHANGHAI),
            (config.cancun_time, SpecId::CANCUN),
            (config.prague_time, SpecId::PRAGUE),
            (config.osaka_time, SpecId::OSAKA),
        ])?;
        let rewards = schedule([
            (Some(0), 5 * ETH_TO_WEI),
            (config.byzantium_block, 3 * ETH_TO_WEI),
            (config.constantinople_block, 2 * ETH_TO_WEI),
            (merge, 0),
        ])?;
        let blobs = schedule([
            (config.cancun_time, blob_params(config, "cancun", BlobParams::cancun())),
            (config.prague_time, blob_params(config, "prague", BlobParams::prague())),
            (config.osaka_time, blob_params(config, "osaka", BlobParams::osaka())),
            (config.bpo1_time, blob_params(config, "bpo1", BlobParams::bpo1())),
            (config.bpo2_time, blob_params(config, "bpo2", BlobParams::bpo2())),
            (config.bpo3_time, blob_params(config, "bpo3", BlobParams::bpo2())),
            (config.bpo4_time, blob_params(config, "bpo4", BlobParams::bpo2())),
            (config.bpo5_time, blob_params(config, "bpo5", BlobParams::bpo2())),
        ])?;
        let deposit_contract =
            config.deposit_contract_address.unwrap_or(MAINNET_DEPOSIT_CONTRACT_ADDRESS);
        Ok(Self { chain_id: config.chain_id, by_number, by_time, rewards, blobs, deposit_contract })
    }

    /// The fork that a block follows.
    pub fn spec_at(&self, number: u64, timestamp: u64) -> SpecId {
        active(&self.by_time, timestamp)
            .or_else(|| active(&self.by_number, number))
            .copied()
            .unwrap_or(SpecId::FRONTIER)
    }

    /// What a block earns its miner, in wei.
    pub fn reward_at(&self, number: u64) -> u128 {
        active(&self.rewards, number).copied().unwrap_or_default()
    }

    /// Blob parameters of a block; `None` before Cancun.
    pub fn blobs_at(&self, timestamp: u64) -> Option<BlobParams> {
        active(&self.blobs, timestamp).copied()
    }
}

fn active<T>(forks: &[(u64, T)], at: u64) -> Option<&T> {
    forks.iter().rev().find(|(from, _)| *from <= at).map(|(_, fork)| fork)
}

/// Forks that are planned, which must come in order.
fn schedule<T>(forks: impl IntoIterator<Item = (Option<u64>, T)>) -> Result<Vec<(u64, T)>, Error> {
    let planned: Vec<_> = forks.into_iter().filter_map(|(at, fork)| Some((at?, fork))).collect();
    if !planned.is_sorted_by_key(|(at, _)| *at) {
        return Err(Error::Config("genesis config: forks are out of order".into()));
    }
    Ok(planned)
}

/// The file's parameters. Only the three it can say are taken from it (EIP-7840).
fn blob_params(config: &ChainConfig, fork: &str, default: BlobParams) -> BlobParams {
    let Some(said) = config.blob_schedule.get(fork) else { return default };
    BlobParams {
        target_blob_count: said.target_blob_count,
        max_blob_count: said.max_blob_count,
        update_fraction: said.update_fraction,
        ..default
    }
}
