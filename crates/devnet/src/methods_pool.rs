//! Methods that take transactions out of the pool.

use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use crate::methods::Table;

pub(crate) const TABLE: Table = &[
    (&["anvil_dropTransaction", "hardhat_dropTransaction"], |chain, args| {
        let hash: B256 = args.required()?;
        Ok(json!(chain.pool.lock().remove(hash).map(|_| hash)))
    }),
    (&["anvil_dropAllTransactions", "hardhat_dropAllTransactions"], |chain, _| {
        chain.pool.lock().clear();
        Ok(Value::Null)
    }),
    (&["anvil_removePoolTransactions"], |chain, args| {
        let account: Address = args.required()?;
        let mut pool = chain.pool.lock();
        for waiting in pool.of(account) {
            pool.remove(waiting.hash());
        }
        Ok(Value::Null)
    }),
];
