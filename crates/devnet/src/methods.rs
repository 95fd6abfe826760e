//! The JSON-RPC methods that only a development chain has, under the names other tools gave them.

use std::sync::Arc;

use altana_rpc::RpcError;
use jsonrpsee::RpcModule;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::chain::Chain;
use crate::miner::ChainError;
use crate::params::Args;
use crate::reorg::ReorgError;
use crate::{methods_chain, methods_pool, methods_state, methods_time, wallet};

/// What a method does: it may take as long as blocks take, so it never runs on the async runtime.
pub(crate) type Method = fn(&Chain, &mut Args) -> Result<Value, RpcError>;

/// Names (the first is the usual one) and what they do.
pub(crate) type Table = &'static [(&'static [&'static str], Method)];

const TABLES: [Table; 5] = [
    methods_time::TABLE,
    methods_chain::TABLE,
    methods_pool::TABLE,
    methods_state::TABLE,
    wallet::TABLE,
];

/// All methods.
pub(crate) fn all(chain: Arc<Chain>) -> RpcModule<Arc<Chain>> {
    let mut module = RpcModule::new(chain);
    for table in TABLES {
        for (names, method) in table {
            for name in *names {
                let registered = module.register_blocking_method(name, |params, chain, _| {
                    let answer = Args::new(&params).and_then(|mut args| method(&chain, &mut args));
                    answer.map_err(ErrorObjectOwned::from)
                });
                // Fails only for a name given twice, which the test below excludes.
                debug_assert!(registered.is_ok(), "{name}");
            }
        }
    }
    module
}

impl From<ChainError> for RpcError {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Ledger(error) => error.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<ReorgError> for RpcError {
    fn from(error: ReorgError) -> Self {
        match error {
            ReorgError::Chain(error) => error.into(),
            other => Self::InvalidParams(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_name_is_given_twice() {
        let mut seen = HashSet::new();
        for table in TABLES {
            for name in table.iter().flat_map(|(names, _)| *names) {
                assert!(seen.insert(name), "{name}");
            }
        }
    }
}
