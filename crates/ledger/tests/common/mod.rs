//! A small chain for tests: two kinds of rules, a few senders, a contract that stores and logs.
#![allow(dead_code, reason = "each test uses its part")]

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction, TxEip1559, transaction::Recovered};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, bytes, keccak256};
pub(crate) use altana_ledger::Options;
use altana_ledger::{
    BlockAttributes, EthereumRules, Ledger, Messages, Rules, SealedBlock, genesis_header,
};
use altana_protocol::{
    ChainSpec, Transaction,
    predeploys::{HISTORY, MESSAGE_PASSER},
    transaction::TxDeposit,
};
use rand::{Rng, SeedableRng, rngs::StdRng};

pub(crate) const CHAIN_ID: u64 = 901;
pub(crate) const SENDERS: u64 = 4;
/// `sstore(calldata[32..64], calldata[0..32])`, then a log without topics.
pub(crate) const STORE: Address = address!("5704e00000000000000000000000000000000001");
const STORE_CODE: Bytes = bytes!("6000356020355560206000a000");
/// EIP-2935's contract.
const HISTORY_CODE: Bytes = bytes!(
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
);

pub(crate) fn signer(index: u64) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(index.to_be_bytes())).unwrap()
}

pub(crate) fn recipient(index: u64) -> Address {
    Address::from_word(keccak256([b"to", &index.to_be_bytes()[..]].concat()))
}

pub(crate) fn genesis() -> Genesis {
    let ether = U256::from(10).pow(U256::from(18));
    let senders = (0..SENDERS).map(|i| {
        (signer(i).address(), GenesisAccount::default().with_balance(ether * U256::from(1000)))
    });
    let code = |code: Bytes| GenesisAccount::default().with_nonce(Some(1)).with_code(Some(code));
    let contracts = [
        (STORE, code(STORE_CODE)),
        (HISTORY, code(HISTORY_CODE)),
        (MESSAGE_PASSER, code(STORE_CODE)),
    ];
    Genesis { base_fee_per_gas: Some(1000), ..Genesis::default() }
        .with_gas_limit(30_000_000)
        .extend_accounts(senders)
        .extend_accounts(contracts)
}

pub(crate) fn rollup() -> Rules {
    let mut spec = ChainSpec {
        name: "test".into(),
        chain_id: CHAIN_ID,
        parent_chain_id: 1,
        portal: Address::ZERO,
        gas_limit: 30_000_000,
        batch_gas: 1024 * 30_000_000,
        elasticity: 2,
        denominator: 8,
        min_base_fee: 1000,
        genesis_hash: B256::ZERO,
    };
    let header = genesis_header(&genesis(), &Rules::Rollup(spec.clone())).unwrap();
    spec.genesis_hash = header.hash_slow();
    Rules::Rollup(spec)
}

pub(crate) fn ethereum() -> Rules {
    Rules::Ethereum(EthereumRules::osaka(CHAIN_ID))
}

/// Options under which every few blocks are merged into the database.
pub(crate) fn eager() -> Options {
    Options { merge_blocks: 5, state_cache_bytes: 20_000, ..Options::default() }
}

pub(crate) fn in_memory(rules: Rules) -> Ledger {
    Ledger::open(None, &genesis(), rules, eager()).unwrap()
}

pub(crate) fn transaction(
    from: u64,
    nonce: u64,
    to: Address,
    value: u64,
    input: Bytes,
) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 7,
        to: TxKind::Call(to),
        value: U256::from(value),
        input,
        ..TxEip1559::default()
    };
    let signer = signer(from);
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    Recovered::new_unchecked(Transaction::Eip1559(tx.into_signed(signature)), signer.address())
}

/// A call to [`STORE`].
pub(crate) fn store_call(slot: u64, value: u64) -> Bytes {
    [B256::from(U256::from(value)), B256::from(U256::from(slot))].concat().into()
}

fn attributes(ledger: &Ledger, parent: B256, rng: &mut StdRng) -> BlockAttributes {
    let parent = ledger.block(parent).unwrap().unwrap();
    let deposit = TxDeposit {
        // As on a rollup, where a deposit's place in the queue names it: no two are alike.
        source_hash: parent.hash() ^ B256::from(rng.random::<[u8; 32]>()),
        from: recipient(rng.random_range(0..50)),
        to: TxKind::Call(recipient(rng.random_range(0..50))),
        mint: rng.random_range(0..1000),
        value: U256::from(rng.random_range(0..2000)),
        gas_limit: 30_000,
        ..TxDeposit::default()
    };
    let is_rollup = matches!(ledger.rules(), Rules::Rollup(_));
    let deposits = if is_rollup { vec![deposit] } else { vec![] };
    BlockAttributes {
        timestamp: parent.header.timestamp + 1,
        beneficiary: recipient(1),
        messages: Messages { deposits, prev_randao: Some(rng.random::<[u8; 32]>().into()) },
        ..BlockAttributes::default()
    }
}

/// Builds a block on any stored block, its content drawn from a seed: transfers, stores (of zero
/// too), and transactions that must be refused.
pub(crate) fn build(ledger: &Ledger, parent: B256, seed: u64) -> SealedBlock {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut builder = ledger.build(parent, attributes(ledger, parent, &mut rng)).unwrap();
    let state = ledger.state(parent).unwrap();
    let nonce = |i| state.account(signer(i).address()).unwrap().map_or(0, |account| account.nonce);
    let mut nonces: Vec<u64> = (0..SENDERS).map(nonce).collect();
    for _ in 0..rng.random_range(0..12) {
        let from = rng.random_range(0..SENDERS);
        let nonce = &mut nonces[from as usize];
        let (tx, is_valid) = match rng.random_range(0..6) {
            0 => (transaction(from, *nonce + 1, STORE, 0, Bytes::new()), false),
            // Valid until the sender has not that much left.
            1 => (transaction(from, *nonce, STORE, u64::MAX, store_call(9, 9)), false),
            2 | 3 => {
                let to = recipient(rng.random_range(0..50));
                (transaction(from, *nonce, to, rng.random_range(0..1000), Bytes::new()), true)
            }
            _ => {
                let call = store_call(rng.random_range(0..40), rng.random_range(0..3));
                (transaction(from, *nonce, STORE, 0, call), true)
            }
        };
        let pushed = builder.push(tx);
        if is_valid {
            pushed.unwrap();
        }
        *nonce = builder
            .transactions()
            .iter()
            .filter(|tx| tx.signer() == signer(from).address())
            .map(|tx| alloy_consensus::Transaction::nonce(tx.inner()) + 1)
            .max()
            .unwrap_or(*nonce);
    }
    builder.seal().unwrap()
}
