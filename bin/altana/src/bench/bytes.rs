//! Published bytes per transaction, beside the same transactions as compressed RLP.

use super::{Figure, load};
use alloy::{
    eips::Decodable2718,
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use altana_contracts::bindings::ERC20;
use altana_protocol::{
    Transaction,
    batch::{PayloadBlock, decode_payload, encode_payload},
};
use anyhow::{Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

const CHAIN_ID: u64 = 901;
/// Five minutes of a chain that is busy but not full.
const BLOCKS: usize = 300;
const TRANSACTIONS: usize = 4_000;
const SENDERS: usize = 500;

/// Encodes four mixes.
pub fn run() -> Result<Vec<Figure>> {
    [
        ("bytes_transfer_fresh", false, 0, 92.0),
        ("bytes_transfer_4_of_5_seen", false, 4, 75.0),
        ("bytes_erc20_fresh", true, 0, 98.0),
        ("bytes_erc20_4_of_5_seen", true, 4, 80.0),
    ]
    .into_iter()
    .map(|(name, erc20, seen_of_five, goal)| {
        let blocks = blocks(erc20, seen_of_five)?;
        let payload = encode_payload(CHAIN_ID, &blocks)?;
        ensure!(decode_payload(CHAIN_ID, &payload)? == blocks, "the payload decodes to others");
        let value = payload.len() as f64 / TRANSACTIONS as f64;
        Ok(Figure::new(name, value, "bytes").at_most(goal))
    })
    .collect()
}

fn blocks(erc20: bool, seen_of_five: u32) -> Result<Vec<PayloadBlock>> {
    let mut random = StdRng::seed_from_u64(2);
    let senders = load::senders(SENDERS);
    let mut nonces: Vec<u64> = (0..SENDERS).map(|_| random.random_range(0..300)).collect();
    let mut recipients: Vec<Address> = Vec::new();
    (0..BLOCKS)
        .map(|index| {
            let count = TRANSACTIONS * (index + 1) / BLOCKS - TRANSACTIONS * index / BLOCKS;
            // As wallets do: twice the base fee of the moment.
            let max_fee = 2 * (1_000_000 + random.random_range(0..200_000u128));
            let mut transactions = Vec::with_capacity(count);
            for _ in 0..count {
                let to = match recipients.choose(&mut random) {
                    Some(seen) if random.random_range(0..5) < seen_of_five => *seen,
                    _ => {
                        let fresh = Address::from(random.random::<[u8; 20]>());
                        recipients.push(fresh);
                        fresh
                    }
                };
                let sender = random.random_range(0..SENDERS);
                let call = call(&mut random, erc20, to);
                let signer = std::slice::from_ref(&senders[sender]);
                let raw = load::sign(signer, nonces[sender], CHAIN_ID, max_fee, vec![call]);
                nonces[sender] += 1;
                transactions.push(Transaction::decode_2718_exact(&raw[0])?);
            }
            let timestamp = 1_750_000_000 + index as u64;
            Ok(PayloadBlock { timestamp, messages: 0, labels: Vec::new(), transactions })
        })
        .collect()
}

/// An amount of three significant digits, as people send: 0.00123 to 9.99.
fn call(random: &mut StdRng, erc20: bool, to: Address) -> load::Call {
    let digits = U256::from(random.random_range(1..1_000u64));
    let amount = digits * U256::from(10).pow(U256::from(random.random_range(13..17u64)));
    if !erc20 {
        return load::Call { to, value: amount, input: Bytes::new(), gas: 21_000 };
    }
    // To one who holds the token already, or not.
    let gas = *[34_515, 51_615, 65_000].choose(random).unwrap_or(&65_000);
    let input = ERC20::transferCall { to, amount }.abi_encode().into();
    load::Call { to: Address::repeat_byte(0x70), value: U256::ZERO, input, gas }
}
