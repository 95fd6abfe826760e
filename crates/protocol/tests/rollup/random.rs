//! Random blocks: what users, depositors and a sequencer may do.

use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use altana_protocol::{Transaction, queue::Deposit};
use proptest::{collection::vec, prelude::*};

use crate::chain::*;

/// What a user of the test chain does; nonces are filled in as the chain is built.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    sender: usize,
    kind: u8,
    number: u64,
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    (0..SENDERS, 0_u8..14, 0_u64..6).prop_map(|(sender, kind, number)| Action {
        sender,
        kind,
        number,
    })
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    delta: u64,
    deposits: Vec<(u8, u64)>,
    take: usize,
    actions: Vec<Action>,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let deposits = vec((0_u8..6, 0_u64..6), 0..3);
    (0_u64..3, deposits, 0_usize..5, vec(action(), 0..8))
        .prop_map(|(delta, deposits, take, actions)| Plan { delta, deposits, take, actions })
}

pub(crate) fn transaction(action: &Action, nonce: u64) -> Transaction {
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let mut tx = call(nonce, Address::with_last_byte(0x90 + action.number as u8));
    match action.kind {
        0..4 => tx.value = U256::from(action.number),
        4..6 => {
            tx.to = TxKind::Call(STORE);
            tx.input = [word(action.number), word(nonce % 3)].concat().into();
        }
        6 => tx.to = TxKind::Call(CATCHER),
        7 => tx.to = TxKind::Call(REVERTER),
        8 => {
            tx.to = TxKind::Create;
            tx.input =
                hex!("6016600a5f3960165ff373000000000000000000000000000000000000009aff").into();
        }
        9 => {
            tx.to = TxKind::Create;
            tx.input = hex!("73000000000000000000000000000000000000009bff").into();
        }
        // From here on: invalid in one way or another.
        10 => tx.nonce = nonce + 1 + action.number,
        11 => tx.value = U256::from(2000 * ETHER),
        12 => tx.gas_limit = 20_000,
        _ => tx.max_fee_per_gas = 5,
    }
    sign(action.sender, tx)
}

pub(crate) fn deposit(kind: u8, number: u64) -> Deposit {
    let mut deposit = Deposit {
        from: Address::with_last_byte(0xa0 + number as u8),
        to: TxKind::Call(STORE),
        mint: u128::from(number) * ETHER,
        value: U256::from(number),
        gas_limit: 150_000,
        data: Bytes::from([U256::from(number).to_be_bytes::<32>(), [1; 32]].concat()),
    };
    match kind {
        0 => deposit.to = TxKind::Call(REVERTER),
        1 => deposit.gas_limit = 21_000,
        2 => deposit.value = U256::MAX,
        3 => deposit.to = TxKind::Create,
        // A user who forces a transaction.
        4 => deposit.from = sender(number as usize),
        _ => {}
    }
    deposit
}

pub(crate) fn build(chain: &mut Chain, plans: &[Plan]) {
    for (index, plan) in plans.iter().enumerate() {
        for (kind, number) in &plan.deposits {
            chain.queue_deposit(10 + index as u64, deposit(*kind, *number));
        }
        chain.queue_attributes(10 + index as u64);
        let take = plan.take.min(chain.queue.len() - chain.consumed);
        let mut nonces: Vec<u64> = (0..SENDERS).map(|index| chain.nonce(index)).collect();
        let mut candidates = Vec::new();
        for action in &plan.actions {
            candidates.push(transaction(action, nonces[action.sender]));
            nonces[action.sender] += u64::from(action.kind < 10);
        }
        chain.build(chain.head.timestamp + plan.delta, take, candidates);
    }
}
