//! The fixtures' chain: real blocks under every fork from Frontier to Osaka's blob schedules.

use std::path::Path;

use alloy_consensus::{Block, transaction::Recovered};
use alloy_genesis::Genesis;
use alloy_rlp::Decodable;
use altana_ledger::{BlockBody, EthereumRules, Ledger, Options, Rules};
use altana_protocol::Transaction;

/// A ledger in memory that has executed and checked all blocks of the folder's `chain.rlp`.
pub(crate) fn import(folder: &Path) -> Ledger {
    let genesis = std::fs::read(folder.join("genesis.json")).expect("genesis.json can be read");
    let genesis: Genesis = serde_json::from_slice(&genesis).expect("genesis.json is a genesis");
    let rules = EthereumRules::from_config(&genesis.config).expect("its forks are in order");
    let ledger = Ledger::open(None, &genesis, Rules::Ethereum(rules), Options::default())
        .expect("a ledger in memory opens");
    let chain = std::fs::read(folder.join("chain.rlp")).expect("chain.rlp can be read");
    let mut rest = chain.as_slice();
    while !rest.is_empty() {
        let block = Block::<Transaction>::decode(&mut rest).expect("chain.rlp holds blocks");
        let recover = |tx: Transaction| -> Recovered<Transaction> {
            tx.into_recovered().expect("its transactions are signed")
        };
        let body = BlockBody {
            transactions: block.body.transactions.into_iter().map(recover).collect(),
            ommers: block.body.ommers,
            withdrawals: block.body.withdrawals,
            ..Default::default()
        };
        let number = block.header.number;
        ledger
            .import(&block.header, body)
            .unwrap_or_else(|error| panic!("block {number}: {error}"));
    }
    // As the fixtures' own `headfcu.json` has it.
    let head = ledger.head().hash();
    ledger.set_safe(head).expect("the head can be safe");
    ledger.set_finalized(head).expect("the head can be final");
    ledger
}
