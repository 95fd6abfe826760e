//! Block 0.

use crate::{
    Block, Error, Rules,
    execute::StateUpdate,
    state::{Source, Trie, trie_error},
};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, Sealable};
use alloy_eips::{eip1559::INITIAL_BASE_FEE, eip4895::Withdrawals, eip7685::EMPTY_REQUESTS_HASH};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{B256, Bytes, KECCAK256_EMPTY, keccak256};
use altana_protocol::{
    predeploys::MESSAGE_PASSER,
    trie::{AccountChange, AccountFields, NodeSource, StateChanges, StateTrie, Witness},
};
use revm::{primitives::hardfork::SpecId, state::Bytecode};

/// The header of block 0: what `genesisHash` of a chain's spec is the hash of.
pub fn genesis_header(genesis: &Genesis, rules: &Rules) -> Result<Header, Error> {
    let mut trie = StateTrie::new(Witness::default(), EMPTY_ROOT_HASH);
    trie.apply(&changes(genesis)).map_err(trie_error)?;
    header(genesis, rules, &mut trie)
}

/// Block 0 with its state.
pub(crate) fn block(
    genesis: &Genesis,
    rules: &Rules,
    source: Source,
) -> Result<(Block, StateUpdate), Error> {
    let mut trie = Trie::new(source, EMPTY_ROOT_HASH);
    let commit = trie.apply(&changes(genesis)).map_err(trie_error)?;
    let header = header(genesis, rules, &mut trie)?;
    let codes = genesis.alloc.values().filter_map(GenesisAccount::non_empty_code);
    let codes: Vec<_> = codes.map(|code| (keccak256(code), code.clone())).collect();
    for (hash, code) in &codes {
        Bytecode::new_raw_checked(code.clone())
            .map_err(|error| Error::Config(format!("genesis: code {hash}: {error}")))?;
    }
    let block = Block {
        withdrawals: header.withdrawals_root.map(|_| Withdrawals::default()),
        header: header.seal_slow(),
        transactions: Vec::new(),
        receipts: Vec::new(),
        ommers: Vec::new(),
        post_states: Vec::new(),
        note: Bytes::new(),
        overrides: Vec::new(),
    };
    Ok((block, StateUpdate { trie, nodes: commit.nodes, codes }))
}

fn changes(genesis: &Genesis) -> StateChanges {
    let account = |account: &GenesisAccount| AccountChange {
        fields: Some(AccountFields {
            nonce: account.nonce.unwrap_or_default(),
            balance: account.balance,
            code_hash: account.code_hash().unwrap_or(KECCAK256_EMPTY),
        }),
        wiped: false,
        slots: account.storage_slots().map(|(slot, value)| (slot.into(), value)).collect(),
    };
    let accounts = genesis.alloc.iter().map(|(address, a)| (*address, account(a)));
    StateChanges { accounts: accounts.collect() }
}

fn header<S: NodeSource>(
    genesis: &Genesis,
    rules: &Rules,
    trie: &mut StateTrie<S>,
) -> Result<Header, Error> {
    let number = genesis.number.unwrap_or_default();
    if number != 0 {
        return Err(Error::Config("genesis: number must be 0".into()));
    }
    let base_fee = genesis.base_fee_per_gas.map_or(Ok(INITIAL_BASE_FEE), u64::try_from);
    let base_fee =
        base_fee.map_err(|_| Error::Config("genesis: baseFeePerGas is too high".into()))?;
    let (spec, withdrawals_root) = match rules {
        Rules::Ethereum(ethereum) => (ethereum.spec_at(0, genesis.timestamp), EMPTY_ROOT_HASH),
        Rules::Rollup(_) => {
            let passer = trie.account(MESSAGE_PASSER).map_err(trie_error)?;
            (SpecId::PRAGUE, passer.map_or(EMPTY_ROOT_HASH, |account| account.storage_root))
        }
    };
    let since = |fork: SpecId| spec >= fork;
    Ok(Header {
        parent_hash: genesis.parent_hash.unwrap_or_default(),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: genesis.coinbase,
        state_root: trie.root(),
        difficulty: genesis.difficulty,
        gas_limit: genesis.gas_limit,
        timestamp: genesis.timestamp,
        extra_data: genesis.extra_data.clone(),
        mix_hash: genesis.mix_hash,
        nonce: genesis.nonce.into(),
        base_fee_per_gas: since(SpecId::LONDON).then_some(base_fee),
        withdrawals_root: since(SpecId::SHANGHAI).then_some(withdrawals_root),
        blob_gas_used: since(SpecId::CANCUN).then(|| genesis.blob_gas_used.unwrap_or_default()),
        excess_blob_gas: since(SpecId::CANCUN).then(|| genesis.excess_blob_gas.unwrap_or_default()),
        parent_beacon_block_root: since(SpecId::CANCUN).then_some(B256::ZERO),
        requests_hash: since(SpecId::PRAGUE).then_some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    })
}
