//! Methods that write over the state. Each makes a block for it, so that it lasts, can be traced,
//! and can be reorganised away: the one difference to tools that change the newest block's state.

use alloy_primitives::{Address, B256, Bytes};
use altana_ledger::Override;
use altana_rpc::RpcError;
use revm::state::Bytecode;
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::methods::Table;
use crate::miner::Order;
use crate::params::{Args, Number};

pub(crate) const TABLE: Table = &[
    (&["anvil_setBalance", "hardhat_setBalance"], |chain, args| {
        let mut given = of(args)?;
        given.balance = Some(args.required::<Number>()?.0);
        write(chain, given)?;
        Ok(Value::Null)
    }),
    (&["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"], |chain, args| {
        let mut given = of(args)?;
        given.nonce = Some(args.number()?);
        write(chain, given)?;
        Ok(Value::Null)
    }),
    (&["anvil_setCode", "hardhat_setCode"], |chain, args| {
        let mut given = of(args)?;
        let code: Bytes = args.required()?;
        Bytecode::new_raw_checked(code.clone())
            .map_err(|e| RpcError::InvalidParams(format!("invalid argument 1: {e}")))?;
        given.code = Some(code);
        write(chain, given)?;
        Ok(Value::Null)
    }),
    (&["anvil_setStorageAt", "hardhat_setStorageAt"], |chain, args| {
        let mut given = of(args)?;
        let slot = args.required::<Number>()?.0;
        given.slots = vec![(slot, args.required::<B256>()?.into())];
        write(chain, given)?;
        Ok(json!(true))
    }),
];

/// Nothing yet, for the account that the first argument names.
fn of(args: &mut Args) -> Result<Override, RpcError> {
    Ok(Override { address: args.required::<Address>()?, ..Override::default() })
}

fn write(chain: &Chain, given: Override) -> Result<(), RpcError> {
    let mut miner = chain.miner.lock();
    let head = chain.ledger.head();
    let account = chain.account(given.address)?;
    if !given.slots.is_empty() && account.is_empty() {
        let address = given.address;
        let message = format!("{address} is empty (EIP-161), so it can have no storage");
        return Err(RpcError::Refused(message));
    }
    // What is set for the next block waits for the one after.
    let timestamp = Some(head.header.timestamp + 1);
    chain.mine(&mut miner, Order { timestamp, empty: true, overrides: vec![given] })?;
    if miner.automine {
        chain.mine_ready(&mut miner)?;
    }
    Ok(())
}
