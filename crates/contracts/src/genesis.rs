//! Build the genesis state of a rollup: predeploys, a few contracts that tools expect, balances.
//!
//! A predeploy is not deployed by a transaction; its constructor runs here, in an EVM of its own, and
//! the code and storage that it leaves are placed at the predeploy's address.

use crate::{
    RollupConfig,
    artifact::{self, NoArtifact},
    predeploy,
};
use alloy::{
    eips::eip2935,
    primitives::{Address, B256, Bytes, U256, address, hex},
    sol_types::SolValue,
};
use alloy_genesis::{Genesis, GenesisAccount};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    context::{TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::TxKind,
};
use std::collections::BTreeMap;

/// A constructor did not return code.
#[derive(Debug, thiserror::Error)]
#[error("the constructor of {contract} failed at genesis: {why}")]
pub struct ConstructorFailed {
    contract: &'static str,
    why: String,
}

/// A genesis cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// A contract is missing from this build.
    #[error(transparent)]
    NoArtifact(#[from] NoArtifact),
    /// A predeploy cannot be constructed with these arguments.
    #[error(transparent)]
    ConstructorFailed(#[from] ConstructorFailed),
}

/// Multicall3's address on every chain.
pub const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
/// The deterministic deployment proxy that Foundry and others use for CREATE2.
pub const CREATE2_PROXY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const CREATE2_PROXY_CODE: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// Gas for one constructor: more than any needs, less than `u64` overflow.
const CONSTRUCTOR_GAS: u64 = 1 << 30;

/// Runs `init_code` on a chain with `chain_id` and returns what it leaves: code and storage.
pub fn constructed(
    contract: &'static str,
    chain_id: u64,
    init_code: Bytes,
) -> Result<GenesisAccount, ConstructorFailed> {
    let failed = |why: String| ConstructorFailed { contract, why };
    let mut evm = Context::mainnet()
        .with_db(CacheDB::new(EmptyDB::default()))
        .modify_cfg_chained(|cfg| {
            cfg.chain_id = chain_id;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        })
        .modify_block_chained(|block| block.gas_limit = u64::MAX)
        .build_mainnet();
    let tx = TxEnv::builder()
        .chain_id(Some(chain_id))
        .kind(TxKind::Create)
        .data(init_code)
        .gas_limit(CONSTRUCTOR_GAS)
        .build()
        .map_err(|e| failed(format!("{e:?}")))?;
    let result = evm.transact_commit(tx).map_err(|e| failed(e.to_string()))?;
    let ExecutionResult::Success { output, .. } = result else {
        return Err(failed(format!("{result:?}")));
    };
    let created = output.address().copied().ok_or_else(|| failed("no contract".into()))?;
    let db = &evm.ctx.journaled_state.database;
    let account = db.cache.accounts.get(&created).ok_or_else(|| failed("no account".into()))?;
    let code = account.info.code.clone().unwrap_or_default().original_bytes();
    let storage = account
        .storage
        .iter()
        .filter(|(_, value)| !value.is_zero())
        .map(|(slot, value)| (B256::from(*slot), B256::from(*value)))
        .collect();
    Ok(GenesisAccount {
        nonce: Some(1),
        code: Some(code),
        storage: Some(storage),
        ..GenesisAccount::default()
    })
}

/// An account that holds `code` and nothing else.
pub fn with_code(code: Bytes) -> GenesisAccount {
    GenesisAccount { nonce: Some(1), code: Some(code), ..GenesisAccount::default() }
}

/// An account that holds `balance` and nothing else.
pub fn with_balance(balance: U256) -> GenesisAccount {
    GenesisAccount { balance, ..GenesisAccount::default() }
}

/// What tools expect on any chain and nobody should have to deploy: the CREATE2 proxy and the
/// block-hash history contract (EIP-2935). Multicall3 is one of ours and comes with the predeploys.
pub fn common() -> [(Address, GenesisAccount); 2] {
    [
        (CREATE2_PROXY, with_code(Bytes::from_static(&CREATE2_PROXY_CODE))),
        (eip2935::HISTORY_STORAGE_ADDRESS, with_code(eip2935::HISTORY_STORAGE_CODE.clone())),
    ]
}

/// The contracts on the parent that predeploys must know.
#[derive(Clone, Copy, Debug)]
pub struct Counterparts {
    /// L1 cross-domain messenger.
    pub messenger: Address,
    /// L1 standard bridge.
    pub standard_bridge: Address,
    /// L1 ERC-721 bridge.
    pub erc721_bridge: Address,
    /// EIP-155 id of the parent.
    pub parent_chain_id: u64,
}

/// Fees in a vault are worth withdrawing from this many wei.
const VAULT_MINIMUM: u64 = 1_000_000_000_000_000_000;

/// Block 0 of a rollup.
pub fn rollup(
    config: &RollupConfig,
    counterparts: Counterparts,
    timestamp: u64,
) -> Result<Genesis, GenesisError> {
    let mut alloc: BTreeMap<Address, GenesisAccount> = common().into();
    for (contract, address, arguments) in predeploys(config, counterparts) {
        let init_code = [artifact::init_code(contract)?.as_ref(), &arguments].concat();
        alloc.insert(address, constructed(contract, config.chain_id, init_code.into())?);
    }
    for (address, balance) in &config.balances {
        alloc.entry(*address).or_default().balance = *balance;
    }
    let mut genesis = Genesis {
        timestamp,
        gas_limit: config.blocks.gas_limit,
        coinbase: predeploy::SEQUENCER_FEE_VAULT,
        base_fee_per_gas: Some(config.blocks.initial_base_fee.into()),
        alloc,
        ..Genesis::default()
    };
    genesis.config.chain_id = config.chain_id;
    Ok(genesis)
}

/// Contract, address and encoded constructor arguments of every predeploy.
fn predeploys(
    config: &RollupConfig,
    counterparts: Counterparts,
) -> Vec<(&'static str, Address, Vec<u8>)> {
    let blocks = &config.blocks;
    let scalars = (blocks.base_fee_scalar, blocks.blob_base_fee_scalar, 0u32, 0u64);
    let vault = (config.roles.fee_recipient, U256::from(VAULT_MINIMUM)).abi_encode_params();
    let bridge = counterparts.standard_bridge.abi_encode();
    let erc721 = counterparts.erc721_bridge.abi_encode();
    let mints_erc721 =
        (predeploy::ERC721_BRIDGE, U256::from(counterparts.parent_chain_id)).abi_encode_params();
    vec![
        ("WETH", predeploy::WETH, vec![]),
        ("L2CrossDomainMessenger", predeploy::MESSENGER, counterparts.messenger.abi_encode()),
        ("GasPriceOracle", predeploy::GAS_PRICE_ORACLE, vec![]),
        ("L2StandardBridge", predeploy::STANDARD_BRIDGE, bridge),
        ("FeeVault", predeploy::SEQUENCER_FEE_VAULT, vault.clone()),
        (
            "OptimismMintableERC20Factory",
            predeploy::ERC20_FACTORY,
            predeploy::STANDARD_BRIDGE.abi_encode(),
        ),
        ("L2ERC721Bridge", predeploy::ERC721_BRIDGE, erc721),
        ("L1Block", predeploy::L1_BLOCK, scalars.abi_encode_params()),
        ("L2ToL1MessagePasser", predeploy::MESSAGE_PASSER, vec![]),
        ("OptimismMintableERC721Factory", predeploy::ERC721_FACTORY, mints_erc721),
        ("FeeVault", predeploy::BASE_FEE_VAULT, vault.clone()),
        ("FeeVault", predeploy::L1_FEE_VAULT, vault.clone()),
        ("FeeVault", predeploy::OPERATOR_FEE_VAULT, vault),
        ("Multicall3", MULTICALL3, vec![]),
    ]
}
