//! The genesis block: Ethereum's system contracts, the deterministic deployer, the dev accounts.

use std::collections::BTreeMap;

use alloy_eips::{eip2935, eip4788, eip7002, eip7251};
use alloy_genesis::{ChainConfig, Genesis, GenesisAccount};
use alloy_primitives::{Address, Bytes, U256, address, bytes};

use crate::accounts::Accounts;
use crate::config::Config;

/// The deterministic deployment proxy that most chains have; forge and others expect it.
const CREATE2_DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const CREATE2_DEPLOYER_CODE: Bytes = bytes!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// The genesis of a devnet that began at `timestamp`.
pub(crate) fn genesis(config: &Config, accounts: &Accounts, timestamp: u64) -> Genesis {
    let contracts = [
        (eip4788::BEACON_ROOTS_ADDRESS, eip4788::BEACON_ROOTS_CODE.clone()),
        (eip2935::HISTORY_STORAGE_ADDRESS, eip2935::HISTORY_STORAGE_CODE.clone()),
        (
            eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_CODE.clone(),
        ),
        (
            eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_CODE.clone(),
        ),
        (CREATE2_DEPLOYER, CREATE2_DEPLOYER_CODE),
    ];
    let mut alloc = BTreeMap::new();
    for (address, code) in contracts {
        // Nonce 1: a contract's (EIP-161), so that none of them is an empty account.
        let account = GenesisAccount::default().with_nonce(Some(1)).with_code(Some(code));
        alloc.insert(address, account);
    }
    for address in accounts.addresses() {
        alloc.insert(address, GenesisAccount::default().with_balance(accounts.balance()));
    }
    Genesis {
        config: chain_config(config.chain_id),
        timestamp,
        gas_limit: config.gas_limit,
        alloc,
        base_fee_per_gas: Some(config.base_fee_wei.into()),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        ..Genesis::default()
    }
}

/// Osaka and BPO2 from the first block on.
fn chain_config(chain_id: u64) -> ChainConfig {
    ChainConfig {
        chain_id,
        homestead_block: Some(0),
        eip150_block: Some(0),
        eip155_block: Some(0),
        eip158_block: Some(0),
        byzantium_block: Some(0),
        constantinople_block: Some(0),
        petersburg_block: Some(0),
        istanbul_block: Some(0),
        berlin_block: Some(0),
        london_block: Some(0),
        merge_netsplit_block: Some(0),
        terminal_total_difficulty: Some(U256::ZERO),
        terminal_total_difficulty_passed: true,
        shanghai_time: Some(0),
        cancun_time: Some(0),
        prague_time: Some(0),
        osaka_time: Some(0),
        bpo1_time: Some(0),
        bpo2_time: Some(0),
        ..ChainConfig::default()
    }
}
