//! Replays the chain of the execution-apis fixtures: every fork from Frontier to BPO2.

use alloy_consensus::{Header, transaction::Recovered};
use alloy_eips::{Decodable2718, eip4895::Withdrawals};
use alloy_genesis::Genesis;
use alloy_rlp::{Decodable, Header as RlpHeader};
use altana_ledger::{BlockBody, Error, EthereumRules, InvalidBlock, Ledger, Options, Rules};
use altana_protocol::Transaction;
use std::{fs, path::PathBuf};

fn fixtures() -> Option<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures/execution-apis/tests");
    if dir.join("chain.rlp").is_file() {
        return Some(dir);
    }
    println!("skipped: {} is absent", dir.display());
    None
}

fn genesis() -> Option<(Genesis, Rules, PathBuf)> {
    let dir = fixtures()?;
    let genesis: Genesis =
        serde_json::from_slice(&fs::read(dir.join("genesis.json")).unwrap()).unwrap();
    let rules = Rules::Ethereum(EthereumRules::from_config(&genesis.config).unwrap());
    Some((genesis, rules, dir))
}

fn blocks(dir: &std::path::Path) -> Vec<(Header, BlockBody)> {
    let bytes = fs::read(dir.join("chain.rlp")).unwrap();
    let mut rest = &bytes[..];
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        blocks.push(decode(&mut rest));
    }
    blocks
}

fn decode(rest: &mut &[u8]) -> (Header, BlockBody) {
    let mut block = RlpHeader::decode_bytes(rest, true).unwrap();
    let header = Header::decode(&mut block).unwrap();
    let mut list = RlpHeader::decode_bytes(&mut block, true).unwrap();
    let mut transactions = Vec::new();
    while !list.is_empty() {
        let tx = Transaction::network_decode(&mut list).unwrap();
        transactions.push(tx.into_recovered().unwrap());
    }
    let ommers = Vec::<Header>::decode(&mut block).unwrap();
    let withdrawals = (!block.is_empty()).then(|| Withdrawals::decode(&mut block).unwrap());
    (header, BlockBody { transactions, ommers, withdrawals, ..BlockBody::default() })
}

#[test]
fn the_fixture_chain_imports_block_by_block() {
    let Some((genesis, rules, dir)) = genesis() else { return };
    let ledger = Ledger::open(None, &genesis, rules, Options::default()).unwrap();
    let mut transactions: Vec<(Recovered<Transaction>, u64)> = Vec::new();
    let blocks = blocks(&dir);
    let last = blocks.last().unwrap().0.clone();
    for (header, body) in blocks {
        let number = header.number;
        transactions.extend(body.transactions.iter().map(|tx| (tx.clone(), number)));
        let block =
            ledger.import(&header, body).unwrap_or_else(|error| panic!("block {number}: {error}"));
        assert_eq!(block.hash(), header.hash_slow());
        assert_eq!(block.header.inner(), &header);
    }
    assert_eq!(ledger.head().header.inner(), &last);
    for (tx, number) in &transactions {
        let (block, index) = ledger.transaction(tx.inner().hash()).unwrap().unwrap();
        assert_eq!(block.number(), *number);
        assert_eq!(block.transactions[index].inner().hash(), tx.inner().hash());
    }
    println!("{} blocks, {} transactions", ledger.head().number(), transactions.len());
    for number in 1..=ledger.head().number() {
        let block = ledger.block_by_number(number).unwrap().unwrap();
        ledger.witness(block.hash()).unwrap();
    }
}

type Change = (&'static str, fn(&mut Header));

#[test]
fn a_changed_block_is_refused_with_the_field_that_is_wrong() {
    let Some((genesis, rules, dir)) = genesis() else { return };
    let ledger = Ledger::open(None, &genesis, rules, Options::default()).unwrap();
    for (header, body) in blocks(&dir) {
        let changes: [Change; 6] = [
            ("gasUsed", |header| header.gas_used += 1),
            ("stateRoot", |header| header.state_root.0[0] ^= 1),
            ("receiptsRoot", |header| header.receipts_root.0[0] ^= 1),
            ("transactionsRoot", |header| header.transactions_root.0[0] ^= 1),
            ("gasLimit", |header| header.gas_limit *= 2),
            ("baseFeePerGas", |header| {
                header.base_fee_per_gas = Some(header.base_fee_per_gas.unwrap_or_default() + 1);
            }),
        ];
        for (expected, change) in changes {
            let mut changed = header.clone();
            change(&mut changed);
            match ledger.validate(&changed, body.clone()) {
                Err(Error::InvalidBlock(InvalidBlock::Header { field, .. })) => {
                    assert_eq!(field, expected, "block {}", header.number);
                }
                other => panic!("{expected} of block {}: {other:?}", header.number),
            }
        }
        ledger.import(&header, body).unwrap();
    }
}
