//! One execution in a simulated block.

use std::collections::BTreeMap;

use alloy_consensus::Header;
use alloy_evm::{
    Evm, EvmEnv, EvmFactory,
    eth::EthEvmFactory,
    precompiles::{DynPrecompile, PrecompilesMap},
};
use alloy_op_evm::{OpEvmFactory, OpTx};
use alloy_primitives::{Address, B256, Bytes, U256};
use altana_ledger::{Error, InvalidTransaction, Rules, StateView};
use altana_protocol::execute;
use op_revm::{OpHaltReason, OpTransaction, transaction::deposit::DepositTransactionParts};
use revm::{
    DatabaseRef,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{EVMError, ExecutionResult},
    },
    database::State,
    database_interface::{WrapDatabaseRef, bal::EvmDatabaseError},
    state::{AccountInfo, Bytecode, EvmState},
};

use super::transfers::Transfers;
use crate::{RpcError, bounded::Bounded};

/// The state under a simulation.
pub(super) type Db = State<WrapDatabaseRef<Base>>;
type DbError = EvmDatabaseError<Error>;

/// The stored state, on a chain that goes on with simulated blocks.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) view: StateView,
    pub(super) hashes: BTreeMap<u64, B256>,
}

impl DatabaseRef for Base {
    type Error = Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Error> {
        self.view.basic_ref(address)
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Error> {
        self.view.code_by_hash_ref(hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Error> {
        self.view.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Error> {
        match self.hashes.get(&number) {
            Some(hash) => Ok(*hash),
            None => self.view.block_hash_ref(number),
        }
    }
}

/// Precompiles that are elsewhere than usual.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    /// From where to where.
    pub(super) moved: Vec<(Address, Address)>,
    /// Overridden, so that they are precompiles no more.
    pub(super) removed: Vec<Address>,
}

impl Moves {
    fn apply(&self, map: &mut PrecompilesMap) {
        let mut taken = Vec::new();
        for (from, to) in &self.moved {
            map.apply_precompile(from, |precompile: Option<DynPrecompile>| {
                taken.extend(precompile.map(|precompile| (*to, precompile)));
                None
            });
        }
        for address in &self.removed {
            map.apply_precompile(address, |_| None);
        }
        if !taken.is_empty() {
            // Unlike the usual addresses of precompiles, these are not warm.
            map.set_precompile_lookup(move |address: &Address| {
                let found = taken.iter().find(|(to, _)| to == address);
                found.map(|(_, precompile)| precompile.clone())
            });
        }
    }
}

/// What an execution did.
pub(super) struct Executed {
    pub(super) result: ExecutionResult<OpHaltReason>,
    pub(super) state: EvmState,
}

/// Why it did not happen.
pub(super) enum Refusal {
    Invalid(InvalidTransaction),
    Other(RpcError),
}

/// The environment of one simulated block.
pub(super) struct Environment<'a> {
    pub(super) rules: &'a Rules,
    pub(super) header: &'a Header,
    pub(super) block: BlockEnv,
    pub(super) validation: bool,
    pub(super) moves: Moves,
}

type Watched = Bounded<Transfers>;

impl Environment<'_> {
    /// Executes a call.
    pub(super) fn execute(
        &self,
        db: &mut Db,
        tx: TxEnv,
        encoded: Bytes,
        inspector: &mut Watched,
    ) -> Result<Executed, Refusal> {
        let is_free = tx.gas_price == 0;
        match self.rules {
            Rules::Ethereum(rules) => {
                let spec = rules.spec_at(self.header.number, self.header.timestamp);
                let mut config = CfgEnv::new_with_spec(spec).with_chain_id(rules.chain_id);
                self.relax(&mut config);
                let env = EvmEnv { cfg_env: config, block_env: self.block.clone() };
                let mut evm =
                    EthEvmFactory::default().create_evm_with_inspector(db, env, inspector);
                self.moves.apply(evm.precompiles_mut());
                let done =
                    evm.transact_raw(tx).map_err(|e| refusal(e, InvalidTransaction::from))?;
                let result = done.result.map_haltreason(OpHaltReason::Base);
                Ok(Executed { result, state: done.state })
            }
            Rules::Rollup(spec) => {
                let mut config = execute::evm_config(spec);
                self.relax(&mut config);
                // Rollups charge for data too, which a call without a price does not pay.
                config.disable_fee_charge = is_free && !self.validation;
                let env = EvmEnv { cfg_env: config, block_env: self.block.clone() };
                let factory = OpEvmFactory::<OpTx>::default();
                let mut evm = factory.create_evm_with_inspector(db, env, inspector);
                self.moves.apply(evm.precompiles_mut());
                let tx = OpTx(OpTransaction {
                    base: tx,
                    enveloped_tx: Some(if is_free { Bytes::new() } else { encoded }),
                    deposit: DepositTransactionParts::default(),
                });
                let done = evm.transact_raw(tx).map_err(|e| {
                    refusal(e, |error| match error.0 {
                        op_revm::OpTransactionError::Base(error) => error.into(),
                        other => InvalidTransaction::Other(other.to_string()),
                    })
                })?;
                Ok(Executed { result: done.result, state: done.state })
            }
        }
    }

    /// Calls a system contract. `None`: it is not there, or failed.
    pub(super) fn system_call(
        &self,
        db: &mut Db,
        contract: Address,
        data: Bytes,
    ) -> Result<(Option<Bytes>, EvmState), RpcError> {
        let caller = alloy_eips::eip4788::SYSTEM_ADDRESS;
        let failed = |error: &dyn std::fmt::Display| RpcError::Internal(error.to_string());
        let (output, state) = match self.rules {
            Rules::Ethereum(rules) => {
                let spec = rules.spec_at(self.header.number, self.header.timestamp);
                let config = CfgEnv::new_with_spec(spec).with_chain_id(rules.chain_id);
                let env = EvmEnv { cfg_env: config, block_env: self.block.clone() };
                let mut evm = EthEvmFactory::default().create_evm(db, env);
                let done =
                    evm.transact_system_call(caller, contract, data).map_err(|e| failed(&e))?;
                (done.result.is_success().then(|| done.result.into_output()), done.state)
            }
            Rules::Rollup(spec) => {
                let env =
                    EvmEnv { cfg_env: execute::evm_config(spec), block_env: self.block.clone() };
                let mut evm = OpEvmFactory::<OpTx>::default().create_evm(db, env);
                let done =
                    evm.transact_system_call(caller, contract, data).map_err(|e| failed(&e))?;
                (done.result.is_success().then(|| done.result.into_output()), done.state)
            }
        };
        Ok((output.flatten(), state))
    }

    /// Whether there is a precompile at this address, before any move.
    pub(super) fn is_precompile(&self, address: &Address) -> bool {
        let spec = match self.rules {
            Rules::Ethereum(rules) => rules.spec_at(self.header.number, self.header.timestamp),
            Rules::Rollup(_) => revm::primitives::hardfork::SpecId::PRAGUE,
        };
        revm::precompile::Precompiles::new(spec.into()).contains(address)
    }

    fn relax<SPEC>(&self, config: &mut CfgEnv<SPEC>) {
        config.tx_gas_limit_cap = Some(u64::MAX);
        if !self.validation {
            config.disable_base_fee = true;
            config.disable_eip3607 = true;
            config.disable_nonce_check = true;
        }
    }
}

fn refusal<T>(
    error: EVMError<DbError, T>,
    invalid: impl FnOnce(T) -> InvalidTransaction,
) -> Refusal {
    match error {
        EVMError::Transaction(error) => Refusal::Invalid(invalid(error)),
        EVMError::Database(EvmDatabaseError::Database(error)) => Refusal::Other(error.into()),
        EVMError::Database(error) => Refusal::Other(RpcError::Internal(error.to_string())),
        EVMError::Header(error) => Refusal::Other(RpcError::Internal(error.to_string())),
        EVMError::Custom(text) => Refusal::Other(RpcError::refused(text)),
        _ => Refusal::Other(RpcError::refused("the EVM refused it")),
    }
}
