//! Prints how many bytes of a payload a transaction takes, for the mixes that docs/benchmarks.md
//! reports: `cargo run --release -p altana-protocol --example batch_size`.
//!
//! One JSON object per line. The batch is what five minutes of a busy chain give: some thousand
//! transactions of some hundred senders, with fees as wallets set them from block to block.

use std::time::Instant;

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use altana_protocol::{
    Transaction,
    batch::{PayloadBlock, decode_payload, encode_payload},
};

const CHAIN_ID: u64 = 901;
const BLOCKS: usize = 300;
const TRANSACTIONS: usize = 4000;
const SENDERS: u64 = 500;

fn main() {
    let (mut encoding, mut decoding) = (0.0, 0.0);
    for (name, erc20, seen_of_five, goal) in [
        ("payload bytes per ETH transfer, fresh recipients", false, 0, 92.0),
        ("payload bytes per ETH transfer, 4 of 5 recipients seen before", false, 4, 75.0),
        ("payload bytes per ERC-20 transfer, fresh recipients", true, 0, 98.0),
        ("payload bytes per ERC-20 transfer, 4 of 5 recipients seen before", true, 4, 80.0),
    ] {
        let blocks = blocks(erc20, seen_of_five);
        let start = Instant::now();
        let payload = encode_payload(CHAIN_ID, &blocks).expect("these blocks can be encoded");
        encoding += start.elapsed().as_secs_f64();
        let start = Instant::now();
        let decoded = decode_payload(CHAIN_ID, &payload).expect("what was encoded decodes");
        decoding += start.elapsed().as_secs_f64();
        assert!(decoded == blocks, "what was encoded decodes to the same blocks");
        let value = payload.len() as f64 / TRANSACTIONS as f64;
        let peer = rlp_deflate(&blocks) as f64 / TRANSACTIONS as f64;
        println!(
            r#"{{"name":"{name}","value":{value:.2},"unit":"bytes","peer":"RLP, then DEFLATE","peer_value":{peer:.2},"ratio":{:.2},"goal":{goal},"met":{}}}"#,
            peer / value,
            value <= goal
        );
    }
    for (name, seconds) in [("transactions encoded", encoding), ("transactions decoded", decoding)]
    {
        let rate = 4.0 * TRANSACTIONS as f64 / seconds;
        println!(r#"{{"name":"{name} on one core","value":{rate:.0},"unit":"1/s"}}"#);
    }
}

/// The bytes of the same transactions as EIP-2718 envelopes, compressed as one.
fn rlp_deflate(blocks: &[PayloadBlock]) -> usize {
    let transactions = blocks.iter().flat_map(|block| &block.transactions);
    let envelopes: Vec<u8> = transactions.flat_map(Transaction::encoded).collect();
    miniz_oxide::deflate::compress_to_vec(&envelopes, 10).len()
}

/// SplitMix64: the same batch at each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn blocks(erc20: bool, seen_of_five: u64) -> Vec<PayloadBlock> {
    let mut random = Random(2);
    let mut nonces: Vec<u64> = (0..SENDERS).map(|_| random.below(300)).collect();
    let mut recipients: Vec<Address> = Vec::new();
    let mut left = TRANSACTIONS;
    let blocks = (0..BLOCKS).map(|index| {
        let count = left / (BLOCKS - index);
        left -= count;
        // As wallets do: twice the base fee of the moment, and a tip.
        let base_fee = 1_000_000 + u128::from(random.below(200_000));
        let transactions = (0..count).map(|_| {
            let sender = random.below(SENDERS);
            let nonce = nonces[sender as usize];
            nonces[sender as usize] += 1;
            let recipient = if !recipients.is_empty() && random.below(5) < seen_of_five {
                recipients[random.below(recipients.len() as u64) as usize]
            } else {
                let fresh = Address::from_word(keccak256(random.next().to_be_bytes()));
                recipients.push(fresh);
                fresh
            };
            let tip = [1_000_000, 1_000_000, 100_000, 1][random.below(4) as usize];
            let fee = 2 * base_fee + tip;
            transfer(&mut random, erc20, sender, nonce, recipient, fee, tip)
        });
        let transactions = transactions.collect();
        PayloadBlock {
            timestamp: 1_750_000_000 + index as u64,
            messages: 0,
            labels: Vec::new(),
            transactions,
        }
    });
    blocks.collect()
}

fn transfer(
    random: &mut Random,
    erc20: bool,
    sender: u64,
    nonce: u64,
    recipient: Address,
    fee: u128,
    tip: u128,
) -> Transaction {
    // Three significant digits: 0.00123 to 9.99.
    let amount =
        U256::from(1 + random.below(999)) * U256::from(10).pow(U256::from(13 + random.below(4)));
    let (to, value, input, gas_limit) = if erc20 {
        let mut input = vec![0xa9, 0x05, 0x9c, 0xbb];
        input.extend_from_slice(recipient.into_word().as_slice());
        input.extend_from_slice(&amount.to_be_bytes::<32>());
        let token = Address::repeat_byte(0x70);
        // To one who holds the token already, or not.
        let gas_limit = [34_515, 51_615, 65_000][random.below(3) as usize];
        (token, U256::ZERO, Bytes::from(input), gas_limit)
    } else {
        (recipient, amount, Bytes::new(), 21_000)
    };
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit,
        max_fee_per_gas: fee,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(to),
        value,
        access_list: Default::default(),
        input,
    };
    let secret = B256::from(U256::from(sender + 1));
    let signature = sign_message(secret, tx.signature_hash()).expect("the key is valid");
    Transaction::Eip1559(tx.into_signed(signature))
}
